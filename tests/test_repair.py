"""Repairs: identical good bytes come back under the old key, and nothing is ever lost on the way."""

from __future__ import annotations

import random
import shutil
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from fbbackup.errors import DownloadError, SourceUnavailable
from fbbackup.models import Kind, StoredFile
from fbbackup.protocols import Staged
from fbbackup.stores.directory import DirectoryStore
from tests.damages import DAMAGES
from tests.disk import Shelf, shelf
from tests.fake_source import FakeSource, jpeg

FIRST, SECOND = "1001", "1002"


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Shelf]:
    facebook = FakeSource()
    facebook.add_album("1", "Lake", photos=4)
    with shelf(tmp_path, facebook) as made:
        await made.ada.run()
        facebook.reads.clear()
        yield made


async def is_well(home: Shelf, before: dict[str, bytes]) -> None:
    """As before the damage, with nothing left to do for a run."""
    home.facebook.reads.clear()
    assert home.files() == before
    assert home.findings() == []
    result = await home.ada.run(deep=True)
    assert (result.outcome, home.facebook.reads, list(result.notes)) == ("complete", [], [])
    assert (await home.verify()).damaged == []


@pytest.mark.parametrize("kind", DAMAGES)
async def test_each_damage_is_repaired_and_what_was_damaged_is_set_aside(home: Shelf, kind: str) -> None:
    before = home.files()
    DAMAGES[kind](random.Random(kind), home.path(FIRST), home.path(SECOND))
    damaged = {key: body for key, body in home.files().items() if before[key] != body}
    outcomes = await home.repair()
    assert all(outcome.repaired for outcome in outcomes)
    assert home.facebook.reads == ([] if kind == "swapped" else [FIRST])
    assert home.files("quarantine") == {f"quarantine/{key}": body for key, body in damaged.items()}
    await is_well(home, before)


async def test_a_file_damaged_twice_is_set_aside_twice(home: Shelf) -> None:
    before, key = home.files(), home.key(FIRST)
    for body in (b"one", b"two"):
        home.path(FIRST).write_bytes(body)
        assert [outcome.repaired for outcome in await home.repair()] == [True]
    assert home.files("quarantine") == {
        f"quarantine/{key}": b"one", f"quarantine/{key.removesuffix('.jpg')}.2.jpg": b"two"
    }  # fmt: skip
    await is_well(home, before)


async def test_a_folder_or_a_link_in_place_of_a_file_is_set_aside_too(home: Shelf) -> None:
    before, path, other = home.files(), home.path(FIRST), home.path(SECOND)
    path.unlink()
    path.mkdir()
    other.unlink()
    other.symlink_to("/etc/passwd")
    assert [outcome.repaired for outcome in await home.repair()] == [True, True]
    assert (home.root / "quarantine" / path.relative_to(home.root)).is_dir()
    assert (home.root / "quarantine" / other.relative_to(home.root)).is_symlink()
    await is_well(home, before)


async def test_other_bytes_upstream_are_kept_beside_and_it_says_so(home: Shelf) -> None:
    key, damaged = home.key(FIRST), b"not what was stored"
    home.path(FIRST).write_bytes(damaged)
    home.facebook.bodies[FIRST] = jpeg(99, (80, 60))
    (outcome,) = await home.repair()
    beside = "photos/2014/07/2014-07-05_1001-2.jpg"
    assert (outcome.repaired, outcome.kept) == (False, beside)
    assert "other bytes" in outcome.words
    assert home.files()[key] == damaged
    assert home.files()[beside] == home.facebook.bodies[FIRST]
    assert (home.key(FIRST), home.state(FIRST)) == (beside, "stored")
    assert [damage.key for damage in (await home.verify()).damaged] == [key]
    (again,) = await home.repair()
    assert (again.repaired, again.kept, len(home.files())) == (False, beside, 5)
    assert (await home.ada.run(deep=True)).outcome == "complete"


async def test_bytes_that_differ_each_time_are_not_believed(home: Shelf) -> None:
    home.path(FIRST).unlink()
    before = home.files()
    bodies = iter([jpeg(50), jpeg(51)])
    home.facebook.before_read = lambda id_: home.facebook.bodies.update({id_: next(bodies)})
    (outcome,) = await home.repair()
    assert (outcome.repaired, outcome.kept) == (False, None)
    assert "each time" in outcome.words
    assert home.files() == before
    assert list(home.ada.store.keys("staging/")) == []


async def test_what_is_no_picture_is_not_kept(home: Shelf) -> None:
    home.path(FIRST).unlink()
    before = home.files()
    home.facebook.spoiled[FIRST] = b"<html>log in</html>"
    (outcome,) = await home.repair()
    assert (outcome.repaired, outcome.kept) == (False, None)
    assert home.files() == before
    assert list(home.ada.store.keys("staging/")) == []


def gone(home: Shelf) -> None:
    home.facebook.remove(FIRST)


def out_of_reach(home: Shelf) -> None:
    async def fail(*_: object) -> object:
        raise SourceUnavailable("Facebook can't be reached")

    home.facebook.photos_by_id = fail  # type: ignore[method-assign, assignment]


def refusing(photo_id: str) -> None:
    raise DownloadError("HTTP 503", final=True)


def not_delivered(home: Shelf) -> None:
    home.facebook.before_read = refusing


def without_login(home: Shelf) -> None:
    home.login = False


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (gone, "does not exist"),
        (out_of_reach, "can't be reached"),
        (not_delivered, "HTTP 503"),
        (without_login, "no token for ada"),
    ],
)
async def test_what_can_not_be_repaired_stays_as_it_is_and_says_why(
    home: Shelf, trouble: Callable[[Shelf], None], words: str
) -> None:
    home.path(FIRST).write_bytes(b"x")
    before = home.files()
    trouble(home)
    (outcome,) = await home.repair()
    assert not outcome.repaired
    assert words in outcome.words
    assert home.files() == before
    assert home.files("quarantine") == {}


async def test_swapped_files_and_copies_need_no_login(home: Shelf) -> None:
    home.login = False
    before = home.files()
    first, second, third = (home.path(id_) for id_ in (FIRST, SECOND, "1003"))
    DAMAGES["swapped"](random.Random(1), first, second)
    third.with_name("my copy.jpg").write_bytes(third.read_bytes())
    third.write_bytes(b"edited")
    assert [outcome.repaired for outcome in await home.repair()] == [True] * 3
    third.with_name("my copy.jpg").unlink()
    await is_well(home, before)


async def test_twins_are_asked_for_one_after_the_other(home: Shelf) -> None:
    twin = home.facebook.add("1", body=home.facebook.bodies[FIRST])
    await home.ada.run()
    home.path(FIRST).write_bytes(b"x")
    home.facebook.remove(FIRST)
    (outcome,) = await home.repair()
    assert outcome.repaired
    assert outcome.damage.photo_ids == (FIRST, twin)


async def test_a_video_is_repaired_as_a_stream(home: Shelf) -> None:
    body = b"\0\0\0\x18ftypmp42" + random.Random(1).randbytes(5000)
    path = home.root / "videos" / "2014" / "07" / "2014-07-05_9.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(body)
    digest = sha256(body).hexdigest()

    def record(db: Any) -> None:
        db.execute(
            "INSERT INTO photos (id, account_id, kind, state, first_seen_at, last_seen_at, key_stem) "
            "VALUES ('9', 1, 'video', 'wanted', '2026', '2026', 'videos/2014/07/2014-07-05_9')"
        )
        db.execute(
            "INSERT INTO files (sha256, key, bytes, content_type, stored_at) VALUES (?, ?, ?, 'video/mp4', '2026')",
            (digest, "videos/2014/07/2014-07-05_9.mp4", len(body)),
        )
        db.execute("INSERT INTO photo_files VALUES ('9', ?, 1, 'graph', '2026')", (digest,))
        db.execute("UPDATE photos SET state = 'stored', sha256 = ? WHERE id = '9'", (digest,))

    home.ada.catalog.write_now(record)
    path.write_bytes(body[:-1])
    home.facebook.photos["9"] = home.facebook.photos[SECOND]
    home.facebook.bodies["9"] = home.facebook.bodies[SECOND]
    home.facebook.spoiled["9"] = body
    home.facebook.edit("9", id="9", kind=Kind.VIDEO)
    (outcome,) = await home.repair()
    assert outcome.repaired
    assert path.read_bytes() == body


class Cut(BaseException):
    """The end of the process, at the last moment before one of its deeds or right after it."""


class Ending(DirectoryStore):
    """Ends at the `left`-th deed."""

    left = 10**9

    async def _deed(self, deed: Callable[[], Any]) -> Any:
        self.left -= 1
        if self.left == 0:
            raise Cut
        done = await deed()
        self.left -= 1
        if self.left == 0:
            raise Cut
        return done

    async def keep(self, staged: Staged, key: str) -> StoredFile:
        kept: StoredFile = await self._deed(lambda: DirectoryStore.keep(self, staged, key))
        return kept

    async def settle(self, keys: Any) -> None:
        await self._deed(lambda: DirectoryStore.settle(self, keys))

    async def move(self, key: str, to: str) -> None:
        await self._deed(lambda: DirectoryStore.move(self, key, to))


@pytest.mark.parametrize("kind", ["bit flipped", "swapped", "deleted"])
async def test_a_repair_that_is_cut_short_is_finished_by_the_next_start(home: Shelf, kind: str) -> None:
    """At every deed of the repair; from the moment on that the good bytes are durable, also without Facebook."""
    before, key = home.files(), home.key(FIRST)
    moments = 0
    while True:
        moments += 1
        shutil.rmtree(home.root / "quarantine", ignore_errors=True)
        DAMAGES[kind](random.Random(moments), home.path(FIRST), home.path(SECOND))
        damaged = home.files().get(key)
        home.ada.store.close()
        home.ada.store = store = Ending(home.root)
        store.left = moments
        try:
            await home.repair()
            break
        except Cut:
            pass
        finally:
            store.left = 10**9
        store.clean_staging()
        assert not damaged or damaged in [*home.files().values(), *home.files("quarantine").values()]
        safe = any(path.startswith("quarantine/restoring/") for path in home.files("quarantine"))
        home.login = not safe
        home.facebook.before_read = refusing if safe else lambda _: None
        await home.ada.run()
        if (await home.verify()).damaged:
            assert all(outcome.repaired for outcome in await home.repair())
        home.login, home.facebook.before_read = True, lambda _: None
        await is_well(home, before)
    assert moments > 6
    await is_well(home, before)
