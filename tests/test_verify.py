"""Fixity: every damage is found, nothing else is, and what is found is kept in the catalog."""

from __future__ import annotations

import random
import threading
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from fbbackup.errors import ArchiveUnusable
from fbbackup.models import Problem, Reading
from fbbackup.protocols import Progress
from fbbackup.stores.directory import DirectoryStore
from fbbackup.verify import Selection, verify
from tests.damages import DAMAGES
from tests.disk import Shelf, shelf
from tests.fake_source import FakeSource

PHOTOS = 12
FIRST, SECOND = "1001", "1002"


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Shelf]:
    facebook = FakeSource()
    facebook.add_album("1", "Lake", photos=PHOTOS)
    with shelf(tmp_path, facebook) as made:
        await made.ada.run()
        facebook.reads.clear()
        yield made


async def test_a_sound_archive_is_read_whole_and_nothing_is_found(home: Shelf) -> None:
    home.ada.now += timedelta(days=1)
    found = await home.verify()
    assert (found.files, found.checked, found.damaged) == (PHOTOS, PHOTOS, [])
    assert found.bytes == sum(len(body) for body in home.files().values())
    assert home.ada.rows("SELECT DISTINCT substr(verified_at, 1, 10) FROM files") == [("2026-01-02",)]


@pytest.mark.parametrize("kind", DAMAGES)
async def test_each_damage_is_found_and_kept_in_the_catalog(home: Shelf, kind: str) -> None:
    keys = [home.key(FIRST), home.key(SECOND)][: 2 if kind == "swapped" else 1]
    DAMAGES[kind](random.Random(kind), home.path(FIRST), home.path(SECOND))
    found = await home.verify()
    assert [damage.key for damage in found.damaged] == keys
    assert [damage.problem for damage in found.damaged] == [
        Problem.MISSING if kind == "deleted" else Problem.CHANGED
    ] * len(keys)
    assert found.damaged[0].photo_ids == (FIRST,)
    assert found.checked == PHOTOS
    assert home.ada.rows("SELECT key FROM files WHERE damaged_at IS NOT NULL ORDER BY key") == [(key,) for key in keys]
    assert home.state(FIRST) == ("wanted" if kind == "deleted" else "failed")
    assert home.ada.value("SELECT count(*) FROM photos WHERE state = 'stored'") == PHOTOS - len(keys)


async def test_what_is_damaged_is_found_again_until_it_is_well(home: Shelf) -> None:
    body = home.path(FIRST).read_bytes()
    home.path(FIRST).write_bytes(body[::-1])
    await home.verify()
    for _ in range(2):
        assert len((await home.verify(sample=1)).damaged) == 1
    home.path(FIRST).write_bytes(body)
    found = await home.verify(sample=1)
    assert (found.damaged, found.healed) == ([], 1)
    assert home.state(FIRST) == "stored"
    assert home.findings() == []


async def test_what_was_recorded_is_never_taken_from_the_disk(home: Shelf) -> None:
    before = home.ada.rows("SELECT sha256, bytes FROM files ORDER BY 1")
    home.path(FIRST).write_bytes(b"something else")
    await home.verify()
    await home.ada.run(deep=True)
    await home.verify()
    assert home.ada.rows("SELECT sha256, bytes FROM files ORDER BY 1") == before


async def test_a_sample_has_the_size_that_was_asked_for_and_any_file_may_be_in_it(home: Shelf) -> None:
    home.ada.now += timedelta(days=1)
    seen = set()
    for _ in range(60):
        found = await home.verify(sample=25)
        assert found.checked == 3
        seen.update(home.ada.rows("SELECT key FROM files WHERE verified_at >= '2026-01-02'"))
    assert len(seen) == PHOTOS


async def test_the_oldest_checks_come_round(home: Shelf) -> None:
    for day in range(1, 5):
        home.ada.now += timedelta(days=1)
        found = await home.verify(oldest=25)
        assert found.checked == 3
        today = home.ada.now.strftime("%Y-%m-%d")
        assert home.ada.value("SELECT count(*) FROM files WHERE verified_at >= ?", today) == 3
        assert home.ada.value("SELECT count(*) FROM files WHERE verified_at >= '2026-01-02'") == 3 * day


async def test_only_files_of_one_account(home: Shelf) -> None:
    home.path(FIRST).write_bytes(b"x")
    account_id = home.ada.value("SELECT id FROM accounts")
    assert (await home.verify(account_id=account_id)).checked == PHOTOS
    assert len((await home.verify(account_id=account_id)).damaged) == 1
    other = await home.verify(account_id=account_id + 1)
    assert (other.files, other.checked, other.damaged) == (0, 0, [])


async def test_an_empty_archive_is_sound(tmp_path: Path) -> None:
    with shelf(tmp_path, FakeSource()) as home:
        for selection in ({}, {"sample": 50.0}, {"oldest": 50.0}):
            assert (await home.verify(**selection)).checked == 0


async def test_progress_counts_up_to_what_was_announced(home: Shelf) -> None:
    home.path(FIRST).write_bytes(home.path(FIRST).read_bytes()[::-1])
    shown: list[Progress] = []
    await verify(home.stock, Selection(), shown.append)
    assert (shown[-1].checked, shown[-1].to_check, shown[-1].failed) == (PHOTOS, PHOTOS, 1)


class Failing(DirectoryStore):
    """A disk that refuses some files."""

    bad: frozenset[str] = frozenset()

    def digests(self, keys: Sequence[str], stop: threading.Event | None = None) -> list[Reading | None]:
        found = super().digests(keys, stop)
        fault = Reading("", 0, "Input/output error")
        return [fault if key in self.bad else reading for key, reading in zip(keys, found, strict=True)]


def on_a_failing_disk(home: Shelf, bad: Sequence[str]) -> Shelf:
    store = Failing(home.root)
    store.bad = frozenset(bad)
    home.ada.store.close()
    home.ada.store = store
    return home


async def test_one_unreadable_file_is_one_damage(home: Shelf) -> None:
    key = home.key(FIRST)
    found = await on_a_failing_disk(home, [key]).verify()
    assert [(d.key, d.problem, d.detail) for d in found.damaged] == [(key, "unreadable", "Input/output error")]
    assert found.checked == PHOTOS
    again = await home.verify()
    assert [(d.problem, d.detail) for d in again.damaged] == [("unreadable", "Input/output error")]


async def test_a_disk_that_refuses_everything_says_nothing_about_files(tmp_path: Path) -> None:
    facebook = FakeSource()
    facebook.add_album("1", "Lake", photos=60)
    with shelf(tmp_path, facebook) as home:
        await home.ada.run()
        on_a_failing_disk(home, [key for (key,) in home.ada.rows("SELECT key FROM files")])
        with pytest.raises(ArchiveUnusable, match="Input/output error"):
            await home.verify()
        assert home.ada.value("SELECT count(*) FROM files WHERE damaged_at IS NOT NULL") == 0


async def test_a_photo_that_waits_for_a_larger_picture_goes_on_waiting(home: Shelf) -> None:
    home.ada.catalog.write_now(lambda db: db.execute("UPDATE photos SET state = 'wanted' WHERE id = '1001'") and None)
    home.path(FIRST).write_bytes(b"x")
    await home.verify()
    assert home.state(FIRST) == "wanted"


@pytest.mark.parametrize("upstream", ["there", "gone"])
async def test_a_photo_that_facebook_denies_while_its_file_is_bad_is_not_called_stored(
    home: Shelf, upstream: str
) -> None:
    home.path(FIRST).write_bytes(b"x")
    home.path(SECOND).unlink()
    await home.verify()
    if upstream == "gone":
        home.facebook.remove(FIRST)
        home.facebook.remove(SECOND)
        del home.facebook.bodies[SECOND]
    await home.ada.run(deep=True)
    assert home.state(FIRST) == ("failed" if upstream == "there" else "unavailable")
    assert home.state(SECOND) == ("stored" if upstream == "there" else "unavailable")
    assert not [line for line in home.findings() if "stored without" in line]
