"""A long timeline: what the first screen costs, how scrolling feels, and how light the page stays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fbbackup.simulator import Simulator
from fbbackup.simulator.library import Library
from tests.browser.chrome import Page
from tests.browser.conftest import at_home
from tests.web.many import fill
from tests.web.served import Filled, Served

PHOTOS = 100_000 if os.environ.get("FBBACKUP_SWEEP") else 12_000
WATCH = """
window.shift = 0; window.longest = 0;
new PerformanceObserver(l => l.getEntries().forEach(e => { if (!e.hadRecentInput) window.shift += e.value; }))
  .observe({type: 'layout-shift', buffered: true});
new PerformanceObserver(l => l.getEntries().forEach(e => { window.longest = Math.max(window.longest, e.duration); }))
  .observe({type: 'longtask', buffered: true});
"""


@pytest.fixture(scope="module")
def long(chrome: Callable[[], Page], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("long")
    fill(folder / "archive", PHOTOS)
    with Simulator(library=Library(photos=1, albums=1)) as sim, Filled(folder, sim).serving() as found:
        yield found


@pytest.fixture
def page(chrome: Callable[[], Page], long: Served) -> Iterator[Page]:
    yield from at_home(chrome, long)


def watch(page: Page) -> None:
    page.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)


def test_the_first_screen_is_light(page: Page, long: Served) -> None:
    for width, height in ((1440, 900), (2560, 1440), (390, 844)):
        # A page of another size asks for more when it gets this one.
        page.open("about:blank")
        page.size(width, height)
        page.call("Network.clearBrowserCache")
        page.asked.clear()
        page.finished.clear()
        page.open(f"{long.url}/")
        page.settled()
        page.run("new Promise(done => setTimeout(done, 300))")
        pictures = [one for one in page.asked if "/thumbnails/" in one["url"]]
        rest = [page.finished.get(one["id"], 0) for one in page.asked if "/thumbnails/" not in one["url"]]
        assert len(pictures) <= 60, (width, len(pictures))
        assert sum(rest) <= 150_000, (width, rest)


def scroll(page: Page, photos: int) -> list[int]:
    """Scrolls until so many photos went by; the number of nodes on the way."""
    nodes = []
    page.run("""window.seen = new Set(); new MutationObserver(() =>
        document.querySelectorAll('.tile').forEach(t => window.seen.add(t.dataset.id)))
        .observe(document.querySelector('.stream'), {childList: true, subtree: true})""")
    for _ in range(1500):
        page.scroll(900)
        if page.run("window.seen.size") >= photos:
            break
        nodes.append(page.run("document.querySelectorAll('*').length"))
    else:
        raise AssertionError(f"only {page.run('window.seen.size')} photos came by")
    return nodes


def test_scrolling_far_keeps_the_page_light_and_still(page: Page, long: Served) -> None:
    watch(page)
    page.open(f"{long.url}/")
    page.settled()
    page.run("window.shift = 0; window.longest = 0")
    nodes = scroll(page, 800)
    assert max(nodes) < 6000, max(nodes)
    assert page.run("window.shift") < 0.02
    ids = page.run("[...document.querySelectorAll('.tile')].map(t => t.dataset.id)")
    assert len(ids) == len(set(ids))
    page.run("scrollTo(0, 0)")
    page.wait("document.querySelector('.tile')?.getBoundingClientRect().top < innerHeight")
    page.settled()


def test_jumping_and_going_back_up(page: Page, long: Served) -> None:
    watch(page)
    page.open(f"{long.url}/")
    page.settled()
    box = page.run(
        "(b => [b.left + b.width / 2, b.top + b.height / 2])"
        "(document.querySelector('[data-year=\"2012\"]').parentElement.getBoundingClientRect())"
    )
    page.click(*box)
    page.wait("new URLSearchParams(location.search).get('at')?.startsWith('2012')")
    month = page.run("new URLSearchParams(location.search).get('at')")
    top = "[...document.querySelectorAll('.month')].find(m => m.getBoundingClientRect().bottom > 80)?.dataset.month"
    page.wait(f"{top} === '{month}'")
    page.run("new Promise(done => setTimeout(done, 600))")
    assert page.run(top) == month
    assert page.run("document.querySelector('.scrubber a[aria-current]').dataset.year") == "2012"
    for _ in range(60):
        page.scroll(-900)
        if page.run(f"{top} > '{month}'"):
            break
    assert page.run(top) > month
    dates: list[Any] = page.run(
        "[...document.querySelectorAll('.month')].map(m => m.dataset.month).filter((m, i, all) => m !== all[i - 1])"
    )
    assert dates == sorted(dates, reverse=True)


@pytest.mark.sweep
@pytest.mark.timeout(600)
def test_ten_thousand_photos_go_by_without_a_long_task(page: Page, long: Served) -> None:
    watch(page)
    page.open(f"{long.url}/")
    page.settled()
    page.run("window.shift = 0; window.longest = 0")
    nodes = scroll(page, 10_000)
    print(f"10,000 photos: longest task {page.run('window.longest')} ms, at most {max(nodes)} nodes, "
          f"layout shift {page.run('window.shift'):.4f}")  # fmt: skip
    assert max(nodes) < 6000
    assert page.run("window.shift") < 0.02
    assert page.run("window.longest") < 84
