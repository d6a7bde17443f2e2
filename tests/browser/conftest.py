"""One browser and one server a process; skipped by name where Chromium is not installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from fbbackup.simulator import Simulator
from fbbackup.simulator.library import Library
from tests.browser.chrome import Page, chromium, program
from tests.web.served import Filled, Served


@pytest.fixture(scope="session")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Page]]:
    if program() is None:
        pytest.skip("chromium is not installed; scripts/debian-packages installs it on Debian")
    with chromium(tmp_path_factory.mktemp("chromium")) as new_page:
        yield new_page


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with Simulator(library=Library(photos=150, albums=8), videos_without_source=False, budget=100_000) as sim:
        home = Filled(tmp_path_factory.mktemp("served"), sim)
        home.sync()
        yield home


@pytest.fixture(scope="session")
def served(chrome: Callable[[], Page], filled: Filled) -> Iterator[Served]:
    with filled.serving(FBBACKUP_WEB_RELOGIN_URL="http://nas.local") as found:
        yield found


@pytest.fixture
def page(chrome: Callable[[], Page], served: Served) -> Iterator[Page]:
    """A tab that came in by a link. Whatever it did, no script failed and nothing left this machine."""
    yield from at_home(chrome, served)


def at_home(chrome: Callable[[], Page], served: Served) -> Iterator[Page]:
    opened = chrome()
    opened.theme("light")
    opened.open(served.next_link())
    yield opened
    assert opened.errors == []
    assert opened.ran == []
    own = ("about:", "data:", "blob:", f"{served.url}/")
    assert [one["url"] for one in opened.asked if not one["url"].startswith(own)] == []
    opened.close()
