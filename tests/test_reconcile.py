"""Files that people move, rename, copy, edit or delete in their archive, as the next run meets them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fbbackup.whereabouts import NAMED
from tests.disk import Shelf, shelf
from tests.fake_source import FakeSource, jpeg

FIRST, SECOND = "1001", "1002"
PHOTOS = 6


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Shelf]:
    facebook = FakeSource()
    facebook.add_album("1", "Lake", photos=PHOTOS)
    with shelf(tmp_path, facebook) as made:
        await made.ada.run()
        facebook.reads.clear()
        yield made


def move(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    path.rename(to)


@pytest.mark.parametrize(
    "to",
    ["photos/2014/07/at the lake.jpg", "photos/Mum/1.jpeg", "videos/x.jpg", "Ada & Bob/Été 2014/ü.jpg", "top.jpg"],
)
async def test_a_moved_file_is_followed_and_never_fetched_again(home: Shelf, to: str) -> None:
    old, body = home.key(FIRST), home.path(FIRST).read_bytes()
    move(home.path(FIRST), home.root / to)
    result = await home.ada.run()
    assert (result.outcome, home.facebook.reads) == ("complete", [])
    assert (home.key(FIRST), home.state(FIRST)) == (to, "stored")
    assert home.files()[to] == body
    assert old not in home.files()
    assert any(old in note and to in note for note in result.notes)
    assert list((await home.ada.run(deep=True)).notes) == []
    assert ((await home.verify()).damaged, home.findings()) == ([], [])


async def test_a_whole_tree_that_was_rearranged_is_followed(home: Shelf) -> None:
    for number, (key, _) in enumerate(home.files("photos").items()):
        move(home.root / key, home.root / "mine" / f"{number}.jpg")
    result = await home.ada.run()
    assert (result.outcome, home.facebook.reads) == ("complete", [])
    assert home.ada.value("SELECT count(*) FROM files WHERE key GLOB 'mine/*'") == PHOTOS
    assert home.holds_what_facebook_has()


async def test_verify_follows_moves_too_and_finds_no_damage(home: Shelf) -> None:
    move(home.path(FIRST), home.root / "mine.jpg")
    found = await home.verify()
    assert (found.damaged, found.moved_count, found.moved[0][1]) == ([], 1, "mine.jpg")
    assert home.state(FIRST) == "stored"


async def test_moves_among_equal_sizes_are_told_apart_by_their_bytes(home: Shelf) -> None:
    """Pictures of one size in bytes: moved, another in its place, both found."""
    first, second = home.path(FIRST), home.path(SECOND)
    move(first, home.root / "a.jpg")
    move(second, home.root / "b.jpg")
    (home.root / "c.jpg").write_bytes((home.root / "a.jpg").read_bytes()[::-1])
    await home.ada.run()
    assert (home.key(FIRST), home.key(SECOND)) == ("a.jpg", "b.jpg")
    assert home.holds_what_facebook_has()


async def test_a_copy_is_not_followed(home: Shelf) -> None:
    old = home.key(FIRST)
    (home.root / "copy.jpg").write_bytes(home.path(FIRST).read_bytes())
    await home.ada.run(deep=True)
    assert home.key(FIRST) == old
    home.path(FIRST).write_bytes(b"edited")
    await home.ada.run(deep=True)
    assert home.key(FIRST) == old


@pytest.mark.parametrize("to", ["thumbnails/1.jpg", "albums/Lake/1.jpg", "quarantine/1.jpg", ".hidden/1.jpg"])
async def test_what_is_moved_where_no_originals_live_is_fetched_again(home: Shelf, to: str) -> None:
    old = home.key(FIRST)
    move(home.path(FIRST), home.root / to)
    result = await home.ada.run()
    assert (result.outcome, home.facebook.reads, home.key(FIRST)) == ("complete", [FIRST], old)
    assert (home.root / to).exists()


async def test_a_deleted_file_is_told_and_fetched_again(home: Shelf) -> None:
    before, key = home.files(), home.key(FIRST)
    home.path(FIRST).unlink()
    result = await home.ada.run()
    assert (result.outcome, home.facebook.reads) == ("complete", [FIRST])
    assert any(key in note and "fetched again" in note for note in result.notes)
    assert home.files() == before
    assert list((await home.ada.run()).notes) == []


async def test_a_moved_file_that_is_deleted_later_comes_back_where_it_was(home: Shelf) -> None:
    move(home.path(FIRST), home.root / "Mum/lake.jpg")
    await home.ada.run()
    home.path(FIRST).unlink()
    await home.ada.run()
    assert home.key(FIRST) == "Mum/lake.jpg"
    assert home.holds_what_facebook_has()


@pytest.mark.parametrize("body", [b"", b"shorter", jpeg(7, (200, 150)) + b"longer" * 5000])
async def test_an_edited_file_is_told_and_left_alone(home: Shelf, body: bytes) -> None:
    key, recorded = home.key(FIRST), home.ada.rows("SELECT sha256, key, bytes FROM files ORDER BY 1")
    home.path(FIRST).write_bytes(body)
    for deep in (False, True):
        result = await home.ada.run(deep=deep)
        assert home.facebook.reads == []
        assert home.files()[key] == body
        assert any(key in note and "verify --repair" in note for note in result.notes)
        assert (result.exit_code, result.outcome) == (4, "incomplete")
    assert home.ada.rows("SELECT sha256, key, bytes FROM files ORDER BY 1") == recorded
    assert home.state(FIRST) == "failed"
    assert [line.partition(" (")[0] for line in home.findings()] == [f"recorded file was changed: {key}"]
    assert [damage.key for damage in (await home.verify()).damaged] == [key]


async def test_an_edited_file_that_got_another_name_makes_room_for_the_original(home: Shelf) -> None:
    before = home.files()
    home.path(FIRST).write_bytes(b"edited")
    await home.ada.run()
    move(home.path(FIRST), home.root / "photos" / "edited.jpg")
    result = await home.ada.run()
    assert (result.outcome, home.facebook.reads) == ("complete", [FIRST])
    assert home.files() == before | {"photos/edited.jpg": b"edited"}


async def test_a_file_that_came_back_is_stored_again(home: Shelf) -> None:
    body, path = home.path(FIRST).read_bytes(), home.path(FIRST)
    path.write_bytes(b"edited")
    await home.ada.run()
    path.write_bytes(body)
    result = await home.ada.run()
    assert (result.outcome, home.facebook.reads, home.state(FIRST)) == ("complete", [], "stored")
    assert home.findings() == []


async def test_a_lost_file_of_a_photo_that_is_gone_is_found_when_it_comes_back(home: Shelf) -> None:
    home.facebook.remove(FIRST)
    await home.ada.run()
    path, elsewhere = home.path(FIRST), home.root.parent / f"{home.root.name}-elsewhere"
    move(path, elsewhere)
    await home.ada.run()
    assert (home.state(FIRST), home.facebook.reads) == ("unavailable", [])
    move(elsewhere, home.root / "found.jpg")
    await home.ada.run(deep=True)
    assert (home.state(FIRST), home.key(FIRST)) == ("stored", "found.jpg")


async def test_files_without_a_record_are_named_and_left_alone(home: Shelf) -> None:
    strange = {"photos/mine.jpg": jpeg(90), "photos/2014/07/2014-07-05_1001-9.jpg": jpeg(91), "notes/a.txt": b"x"}
    for key, body in strange.items():
        (home.root / key).parent.mkdir(exist_ok=True)
        (home.root / key).write_bytes(body)
    result = await home.ada.run(deep=True)
    assert [note for note in result.notes if "without a record" in note] == [
        f"{key} is in the archive without a record and is left alone" for key in sorted(strange) if "photos" in key
    ]
    assert home.files().items() >= strange.items()
    assert sorted(line for line in home.findings()) == [
        f"file without a record: {key}" for key in sorted(strange) if "photos" in key
    ]


async def test_many_findings_are_counted_not_listed(home: Shelf) -> None:
    for number in range(3 * NAMED):
        (home.root / f"photos/{number}.jpg").write_bytes(b"x")
    result = await home.ada.run(deep=True)
    assert len([note for note in result.notes if "without a record" in note]) == NAMED + 1
    assert any(f"{2 * NAMED} more" in note for note in result.notes)


async def test_a_quick_run_of_a_sound_archive_does_not_walk_it(home: Shelf) -> None:
    (home.root / "photos/mine.jpg").write_bytes(b"x")
    assert list((await home.ada.run()).notes) == []


async def test_the_name_of_a_deleted_older_version_is_not_used_again(home: Shelf) -> None:
    old, older = home.key(FIRST), home.path(FIRST)
    home.facebook.bodies[FIRST] = jpeg(1, (640, 480))
    home.facebook.edit(FIRST, title="larger")
    await home.ada.run(deep=True)
    older.unlink()
    home.path(FIRST).unlink()
    home.facebook.bodies[FIRST] = jpeg(1, (800, 600))
    home.facebook.edit(FIRST, title="largest")
    for _ in range(2):
        result = await home.ada.run(deep=True)
    assert result.outcome == "complete"
    assert home.holds_what_facebook_has()
    assert old not in home.files()


async def test_a_twin_of_a_changed_file_makes_both_well(home: Shelf) -> None:
    home.path(FIRST).write_bytes(b"edited")
    await home.ada.run()
    twin = home.facebook.add("1", body=home.facebook.bodies[FIRST])
    result = await home.ada.run()
    assert result.outcome == "complete"
    assert home.key(FIRST) == home.key(twin)
    assert home.holds_what_facebook_has()
    assert home.files()["photos/2014/07/2014-07-05_1001.jpg"] == b"edited"
