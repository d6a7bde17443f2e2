"""Forms in a real browser, with and without scripts: a backup now, by a daemon of its own, and the password."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fbbackup import remote
from fbbackup.simulator import Simulator
from fbbackup.simulator.library import Library
from tests.browser.chrome import Page
from tests.web.served import Filled

PATIENCE_SECONDS = 30.0


def until(true: Callable[[], Any], what: str) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < ends, f"never happened: {what}"
        time.sleep(0.05)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Filled]:
    with Simulator(library=Library(photos=12, albums=2), budget=100_000) as sim:
        yield Filled(tmp_path, sim)


@contextmanager
def working(home: Filled) -> Iterator[None]:
    """A daemon without a gallery of its own, whose first run is over."""
    process = home.start("daemon", FBBACKUP_WEB_ENABLED="false", FBBACKUP_LIMITS_KEEP_FREE_BYTES="0")
    try:
        until(lambda: idle(home), "the daemon's first run")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def idle(home: Filled) -> bool:
    state = remote.daemon_state(home.archive, home.environ)
    return bool(state) and state["doing"] is None and len(runs(home)) > 0


def runs(home: Filled) -> list[tuple[Any, ...]]:
    if not (home.archive / "catalog.sqlite").exists():
        return []
    return home.rows("SELECT id FROM runs WHERE finished_at IS NOT NULL")


def press_button(page: Page, form: str) -> None:
    """Clicks where a form's button is, which needs no script."""
    root = page.call("DOM.getDocument", depth=0)["root"]["nodeId"]
    found = page.call("DOM.querySelector", nodeId=root, selector=f"form[action='{form}'] button")["nodeId"]
    page.call("DOM.scrollIntoViewIfNeeded", nodeId=found)
    corners = page.call("DOM.getBoxModel", nodeId=found)["model"]["content"]
    page.click((corners[0] + corners[4]) / 2, (corners[1] + corners[5]) / 2)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_run_is_asked_for_on_the_status_page(chrome: Callable[[], Page], home: Filled, scripts: bool) -> None:
    with working(home), home.serving() as served:
        page = chrome()
        page.open(served.next_link())
        page.scripts(scripts)
        page.open(f"{served.url}/status")
        home.sim.library.add_photo(None, "a new one")
        before = len(runs(home))
        press_button(page, "/backup")
        page.wait("location.search === '?asked=yes'")
        assert "was asked for a run" in page.run("document.querySelector('[role=status]').textContent")
        until(lambda: len(runs(home)) > before, "the run")
        assert page.errors == []
        page.close()


def test_the_password_opens_the_gallery_in_a_browser(chrome: Callable[[], Page], home: Filled) -> None:
    home.sync()
    assert home.command("password", given="correct horse\n")[0] == 0
    with home.serving() as served:
        page = chrome()
        page.open(served.url)
        page.wait("location.pathname === '/login' && document.activeElement.id === 'password'")
        page.write("correct horse")
        press_button(page, "/login")
        page.wait("location.pathname === '/' && document.querySelectorAll('.tile').length > 0")
        cookies = page.call("Network.getCookies")["cookies"]
        assert [(one["httpOnly"], one["sameSite"]) for one in cookies] == [(True, "Strict")]
        assert (page.errors, json.dumps(page.run("document.cookie"))) == ([], '""')
        page.close()
