"""`purge` removes what it was told to and nothing else, and no run brings it back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from fbbackup.audit import completeness
from fbbackup.catalog import purges, reports, withheld
from fbbackup.stores.directory import DirectoryStore
from tests.disk import Shelf, shelf
from tests.fake_source import FakeSource, jpeg

FIRST, SECOND = "1001", "1002"


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Shelf]:
    facebook = FakeSource()
    facebook.add_album("1", "Lake", photos=5)
    with shelf(tmp_path, facebook) as made:
        await made.ada.run()
        facebook.reads.clear()
        yield made


def thumbnails(home: Shelf) -> int:
    return len(list((home.root / "thumbnails").rglob("*.webp")))


async def test_a_purged_photo_loses_its_file_and_thumbnail_and_keeps_its_row(home: Shelf) -> None:
    key, before = home.key(FIRST), home.files()
    done = await home.purge(FIRST)
    assert [file.key for file in done.plan.files] == [key]
    assert (done.thumbnails, thumbnails(home)) == (1, 4)
    assert home.files() == {name: body for name, body in before.items() if name != key}
    shown = home.ada.catalog.read_now(reports.photo, FIRST)
    assert shown
    assert (shown["purged"], shown["caption"], shown["files"]) == (True, "caption 1", [])
    assert shown["last_error"].startswith("purged 2026-01-01T00:00:")
    assert home.findings() == []


@pytest.mark.parametrize("change", ["nothing", "caption", "larger", "gone and back", "moved"])
async def test_no_run_fetches_a_purged_photo_again(home: Shelf, change: str) -> None:
    await home.purge(FIRST)
    facebook = home.facebook
    if change == "caption":
        facebook.edit(FIRST, caption="anew")
    elif change == "larger":
        facebook.bodies[FIRST] = jpeg(1, (640, 480))
        facebook.edit(FIRST, title="larger")
    elif change == "moved":
        facebook.library["1"].remove(FIRST)
    elif change == "gone and back":
        photo = facebook.photos[FIRST]
        facebook.remove(FIRST)
        await home.ada.run(deep=True)
        facebook.photos[FIRST] = photo
        facebook.library["1"].append(FIRST)
    for deep in (False, True):
        result = await home.ada.run(deep=deep)
        assert (result.outcome, facebook.reads) == ("complete", [])
    assert [ask for ask in facebook.asked if FIRST in ask] == ([] if change in ("nothing", "caption", "larger") else
                                                               facebook.asked)  # fmt: skip
    assert home.ada.value("SELECT last_error FROM photos WHERE id = ?", FIRST).startswith("purged ")


async def test_reports_say_purged_and_not_missing(home: Shelf) -> None:
    await home.purge(FIRST)
    totals = home.ada.catalog.read_now(reports.totals)
    assert (totals["photos"]["purged"], totals["photos"]["unavailable"], totals["photos"]["stored"]) == (1, 0, 4)
    audit = home.ada.catalog.read_now(completeness)
    (account,) = audit["accounts"]
    assert (audit["complete"], account["purged"], account["missing"]) == (True, 1, [])
    assert account["albums"][0] == account["albums"][0] | {"expected": 4, "listed": 4, "stored": 4}
    assert home.ada.catalog.read_now(withheld.count, 1) == 0


async def test_a_purged_video_stays_purged_whatever_is_wanted(home: Shelf) -> None:
    home.ada.catalog.write_now(lambda db: db.execute("UPDATE photos SET kind = 'video' WHERE id = '1001'") and None)
    await home.purge(FIRST)
    for videos in (False, True):
        await home.ada.run(videos=videos, deep=True)
    assert home.ada.value("SELECT last_error FROM photos WHERE id = ?", FIRST).startswith("purged ")
    assert home.facebook.reads == []


async def test_shared_bytes_stay_until_their_last_photo_is_purged(home: Shelf) -> None:
    twin = home.facebook.add("1", body=home.facebook.bodies[FIRST])
    await home.ada.run()
    home.facebook.reads.clear()
    key, before = home.key(FIRST), home.files()
    done = await home.purge(FIRST)
    assert ([shared.photo_ids for shared in done.plan.shared], done.plan.files) == ([(twin,)], ())
    assert (home.files(), home.key(twin), home.state(twin)) == (before, key, "stored")
    assert (await home.ada.run(deep=True)).outcome == "complete"
    await home.purge(twin)
    assert key not in home.files()
    assert home.findings() == []


async def test_both_files_of_a_photo_and_what_repairs_set_aside_go(home: Shelf) -> None:
    home.facebook.bodies[FIRST] = jpeg(1, (640, 480))
    home.facebook.edit(FIRST, title="larger")
    await home.ada.run(deep=True)
    home.path(FIRST).write_bytes(b"damaged")
    await home.repair()
    assert len(home.files("quarantine")) == 1
    done = await home.purge(FIRST)
    assert (len(done.plan.files), done.copies) == (2, 1)
    assert home.files("quarantine") == {}
    assert len(home.files("photos")) == 4


async def test_purging_again_changes_nothing(home: Shelf) -> None:
    await home.purge(FIRST)
    row = home.ada.rows("SELECT * FROM photos WHERE id = ?", FIRST)
    home.ada.tick()
    done = await home.purge(FIRST, FIRST)
    assert (done.plan.purged, done.plan.files) == ((FIRST,), ())
    assert home.ada.rows("SELECT * FROM photos WHERE id = ?", FIRST) == row


async def test_a_photo_that_was_never_stored_can_be_purged(home: Shelf) -> None:
    new = home.facebook.add("1")
    home.facebook.spoiled[new] = b"<html>"
    await home.ada.run()
    await home.purge(new)
    home.facebook.spoiled.clear()
    home.facebook.reads.clear()
    assert ((await home.ada.run(deep=True)).outcome, home.facebook.reads) == ("complete", [])


def test_unknown_photos_are_named(home: Shelf) -> None:
    plan = home.ada.catalog.read_now(purges.plan, [FIRST, "nobody"])
    assert (plan.unknown, plan.photo_ids) == (("nobody",), (FIRST,))


class Cut(BaseException):
    """The end of the process."""


class Ending(DirectoryStore):
    """Ends at the `left`-th deed, before or after it."""

    left = 0

    async def _deed(self, deed: Callable[[], Any]) -> None:
        for moment in range(2):
            self.left -= 1
            if self.left == 0:
                raise Cut
            if not moment:
                await deed()

    async def delete(self, key: str) -> None:
        await self._deed(lambda: DirectoryStore.delete(self, key))

    async def settle(self, keys: Any) -> None:
        await self._deed(lambda: DirectoryStore.settle(self, keys))


@pytest.mark.parametrize("moment", range(1, 7))
async def test_a_purge_that_is_cut_short_is_told_and_finished_by_the_same_call(home: Shelf, moment: int) -> None:
    others = {key: body for key, body in home.files().items() if key != home.key(FIRST)}
    home.ada.store.close()
    home.ada.store = Ending(home.root)
    home.ada.store.left = moment
    with pytest.raises(Cut):
        await home.purge(FIRST)
    home.ada.store.left = 0
    assert any("purge it again" in line and FIRST in line for line in home.findings())
    result = await home.ada.run(deep=True)
    assert (result.outcome, home.facebook.reads) == ("complete", [])
    await home.purge(FIRST)
    assert home.files() == others
    assert thumbnails(home) == 4
    assert home.findings() == []
