"""A catalog that another program holds, or that may not grow: waited for, or told in one line; the next run goes on."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from fbbackup.catalog import open_catalog
from fbbackup.errors import ArchiveUnusable
from tests.fake_source import FakeSource
from tests.jobs import Bench
from tests.sweeps.crash.lane import EDITED, Lane, recover
from tests.sweeps.crash.subjects import bad, spread

Figure = Callable[[str], None]
BUSY_SECONDS = 30
"""So long fbbackup waits for a locked catalog."""


@contextmanager
def held(catalog: Path, seconds: float) -> Iterator[None]:
    """Another program writes to the catalog and takes its time."""
    with closing(sqlite3.connect(catalog, isolation_level=None, check_same_thread=False)) as db:
        db.execute("BEGIN IMMEDIATE")
        end = threading.Timer(seconds, db.execute, ["COMMIT"])
        end.start()
        try:
            yield
        finally:
            end.cancel()
            end.join()


def run_while_held(lane: Lane, seconds: float) -> tuple[int, str]:
    lane.restore(EDITED)
    with held(lane.home.archive / "catalog.sqlite", seconds):
        done = lane.command(EDITED)
    assert not bad([recover(lane, EDITED, f"held for {seconds} s", lambda: lane.run(EDITED))])
    return done.code, done.err


def test_a_catalog_that_is_held_for_a_while_is_waited_for(lane: Lane) -> None:
    assert run_while_held(lane, 5.5) == (0, "")


@pytest.mark.sweep
@pytest.mark.timeout(400)
def test_a_catalog_is_waited_for_as_long_as_is_promised(lane: Lane, figure: Figure) -> None:
    waited = [seconds for seconds in (1, 10, 20, BUSY_SECONDS - 2) if run_while_held(lane, seconds) == (0, "")]
    code, words = run_while_held(lane, BUSY_SECONDS + 15)
    assert code == ArchiveUnusable.exit_code
    assert "is locked by another program; close it and run again" in words
    assert len(words.splitlines()) == 1
    figure(
        f"a catalog that another program holds: waited for {waited} s without an error, given up after {BUSY_SECONDS} s"
    )
    assert len(waited) == 4


def rows(bench: Bench) -> dict[str, list[Any]]:
    """What two catalogs of the same photos have to agree on."""
    return {
        "photos": bench.rows("SELECT id, state, sha256, caption FROM photos ORDER BY id"),
        "members": bench.rows("SELECT album_id, photo_id, position, removed_at FROM album_photos ORDER BY 1, 2"),
        "files": bench.rows("SELECT sha256, key, bytes, thumbnail_size FROM files ORDER BY 1"),
        "found": bench.rows("SELECT rowid, caption, albums FROM photos_fts ORDER BY rowid"),
    }


def library() -> FakeSource:
    source = FakeSource(page_size=10)
    source.add_album("a", "Album", photos=150)
    source.add_album("b", "Other", photos=60)
    return source


async def undisturbed(path: Path) -> tuple[int, int, dict[str, list[Any]]]:
    """Pages of the catalog before and after a run, and what it holds then."""
    with open_catalog(path) as catalog:
        bench = Bench(library(), catalog)
        before = pages(bench)
        assert (await bench.run()).exit_code == 0
        return before, pages(bench), rows(bench)


def pages(bench: Bench) -> int:
    return int(bench.value("PRAGMA page_count"))


def told(error: BaseException) -> Iterator[str]:
    """What the errors of several tasks say."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from told(one)
    else:
        yield str(error)


async def run_with_room_for(path: Path, most: int) -> dict[str, list[Any]]:
    """A run whose catalog may have so many pages, and one after it that has room again."""
    with open_catalog(path) as catalog:
        bench = Bench(library(), catalog)
        bench.rows(f"PRAGMA max_page_count = {most}")
        with pytest.raises((ArchiveUnusable, BaseExceptionGroup)) as stopped:
            await bench.run()
        assert set(told(stopped.value)) == {
            "the disk is full: the catalog can't be written; free some space and run again"
        }
        assert bench.value("PRAGMA integrity_check") == "ok"
        stored = bench.value("SELECT count(*) FROM photos WHERE state = 'stored'")
        assert len(await bench.stored()) == stored
        bench.rows("PRAGMA max_page_count = 1073741823")
        assert (await bench.run()).exit_code == 0
        return rows(bench)


async def filled_up(folder: Path, count: int) -> int:
    """Stops at so many sizes of a catalog; returns how many there were."""
    before, after, expected = await undisturbed(folder / "undisturbed.sqlite")
    # Two runs do not end at the very same size: the last few pages are not missed by every run.
    sizes = spread(range(before, after - (after - before) // 8), count)
    for most in sizes:
        assert await run_with_room_for(folder / f"{most}.sqlite", most) == expected, f"at {most} pages"
    return len(sizes)


async def test_a_catalog_that_may_not_grow(scratch: Path) -> None:
    await filled_up(scratch, 4)


@pytest.mark.sweep
async def test_a_catalog_that_may_not_grow_at_any_size(scratch: Path, figure: Figure) -> None:
    count = await filled_up(scratch, 1000)
    figure(f"SQLite full at {count} sizes of a catalog that grows during a run: 0 lost, all completed afterwards")
