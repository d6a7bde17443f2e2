"""Manifests: all that is known lies beside the pictures as text, current after each run, cheap without changes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import pytest

from fbbackup.catalog import lines, marks
from fbbackup.errors import ArchiveUnusable
from fbbackup.manifests import manifest_key, write_manifests
from fbbackup.protocols import Staged
from tests.everything import Everything, fill, opened
from tests.restored import as_the_catalog_has_them

TIMES_OF_CHECKING = {"last_seen_at", "verified_at", "asked_at"}
NEVER_CHANGES = {
    "accounts.name", "accounts.source", "accounts.added_at", "albums.account_id", "albums.remote_id",
    "albums.first_seen_at", "photos.id", "photos.account_id", "photos.first_seen_at", "photos.key_stem",
    "runs.started_at", "source_states.saved_at", 
}  # fmt: skip
NEVER_CHANGE = {"revisions", "album_audits"}


@pytest.fixture
async def everything(tmp_path: Path) -> AsyncIterator[Everything]:
    with opened(tmp_path / "archive") as made:
        await fill(made)
        yield made


def checksums_hold(root: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "-c", "--strict", "--quiet", "manifest-sha256.txt"], cwd=root, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def manifests_on_disk(root: Path) -> dict[str, tuple[int, bytes]]:
    """Inode and content of every file that is made of lines."""
    found = [*root.rglob("*.jsonl"), root / "manifest-sha256.txt"]
    return {str(path.relative_to(root)): (path.stat().st_ino, path.read_bytes()) for path in found}


async def test_manifests_say_what_the_catalog_says(everything: Everything) -> None:
    wanted = everything.catalog.read_now(as_the_catalog_has_them)
    found = {name: body for name, (_, body) in manifests_on_disk(everything.root).items() if name.endswith(".jsonl")}
    assert found == {manifest_key(what): body for what, body in wanted.items()}
    assert not set(everything.catalog.read_now(marks.outdated)) - {marks.SNAPSHOT, marks.LINKS}


async def test_one_line_a_photo_tells_all_of_it(everything: Everything) -> None:
    found = {}
    for path in everything.root.glob("*/**/manifest.jsonl"):
        for line in path.read_bytes().splitlines():
            fields = lines.opened(line)
            assert fields["key_stem"].startswith(str(path.parent.relative_to(everything.root)))
            found[fields["id"]] = fields
    assert found.keys() == {id_ for (id_,) in everything.rows("SELECT id FROM photos")}
    assert [album["title"] for album in found["1001"]["albums"]] == ["Lake, renamed"]
    assert [file["is_current"] for file in found["1003"]["files"]] != []
    assert len(found["1003"]["files"]) == 2
    assert found["1015"]["place"]["name"] == "Lake, renamed"
    assert found["1005"]["gone_evidence"]
    assert (found["1019"]["state"], found["1019"]["files"]) == ("failed", [])
    assert found["1019"]["variants"][0]["url"].startswith("https://cdn.test/1019")
    assert [revision["field"] for revision in found["1017"]["revisions"]] == ["comment c1"]
    assert found["5001"]["account"] == "page"


async def test_sha256sum_agrees_with_everything(everything: Everything) -> None:
    checksums_hold(everything.root)
    listed = {line.split("  ", 1)[1] for line in (everything.root / "manifest-sha256.txt").read_text().splitlines()}
    there = [path for top in ("photos", "videos") for path in (everything.root / top).rglob("*") if path.is_file()]
    assert listed == {str(path.relative_to(everything.root)) for path in there} | {"manifest-albums.jsonl"}


async def test_a_run_without_changes_writes_the_journal_alone(everything: Everything) -> None:
    everything.ada.source.unreadable = ()
    await everything.ada.run()
    before = manifests_on_disk(everything.root)
    result = await everything.ada.run()
    after = manifests_on_disk(everything.root)
    assert result.outcome == "complete"
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"journal/2026-01.jsonl", "journal/sources.jsonl"}


async def test_an_edit_writes_its_month_alone(everything: Everything) -> None:
    before = manifests_on_disk(everything.root)
    everything.catalog.write_now(lambda db: db.execute("UPDATE photos SET caption = 'x' WHERE id = '1016'") and None)
    assert await write_manifests(everything.catalog, everything.store) == 1
    after = manifests_on_disk(everything.root)
    changed = {name for name in after if after[name] != before[name]}
    (stem,) = everything.rows("SELECT key_stem FROM photos WHERE id = '1016'")[0]
    assert changed == {f"{stem.rpartition('/')[0]}/manifest.jsonl", "manifest-sha256.txt"}
    checksums_hold(everything.root)


@pytest.mark.parametrize("name", ["photos/2014/07/manifest.jsonl", "manifest-albums.jsonl", "manifest-sha256.txt"])
@pytest.mark.parametrize("harm", ["removed", "cut"])
async def test_a_manifest_that_was_removed_or_cut_is_written_anew(everything: Everything, name: str, harm: str) -> None:
    path = everything.root / name
    before = path.read_bytes()
    path.unlink()
    if harm == "cut" and name.endswith("jsonl"):
        path.write_bytes(before[:-100])
    await write_manifests(everything.catalog, everything.store)
    assert path.read_bytes() == before


async def test_what_was_not_written_is_written_by_the_next_run(everything: Everything) -> None:
    async def full(staged: Staged, key: str) -> Any:
        raise ArchiveUnusable("disk full")

    everything.ada.source.edit("1002", caption="edited while the disk was full")
    works, everything.store.replace = everything.store.replace, full  # type: ignore[method-assign]
    with pytest.raises(ArchiveUnusable, match="disk full"):
        await everything.ada.run(deep=True)
    everything.store.replace = works  # type: ignore[method-assign]
    assert list(everything.store.keys("staging/")) == []
    await everything.ada.run()
    assert b"edited while the disk was full" in (everything.root / "photos/2014/07/manifest.jsonl").read_bytes()
    checksums_hold(everything.root)


async def test_every_change_of_a_row_marks_the_manifest_that_holds_it(everything: Everything) -> None:
    """Whatever column changes, and whoever changes it: no trigger is missing."""
    tables = [*lines.ALBUM_TABLES, "photos", "album_photos", "files", "photo_files", "photo_people", "comments"]
    tables += ["reactions", "variants", "runs", "album_audits", "source_states", "uploads"]
    tried = 0
    for table in dict.fromkeys(tables):
        for column, kind in everything.rows(f"SELECT name, type FROM pragma_table_info('{table}') WHERE pk = 0"):
            if table in NEVER_CHANGE or column == "photo_id" or f"{table}.{column}" in NEVER_CHANGES:
                continue
            value = "hex(randomblob(4))" if kind == "TEXT" else "7777.5" if kind == "REAL" else "7777"
            if everything.catalog.read_now(_unmarked, f"UPDATE {table} SET {column} = {value}", column):
                raise AssertionError(f"a change of {table}.{column} goes unnoticed")
            tried += 1
    assert tried > 90


async def test_every_row_that_goes_marks_the_manifest_that_held_it(everything: Everything) -> None:
    for table in (
        "photos",
        "album_photos",
        "photo_files",
        "photo_people",
        "comments",
        "reactions",
        "listing_pages",
        "uploads",
    ):
        assert not everything.catalog.read_now(_unmarked, f"DELETE FROM {table}", ""), table


def _unmarked(db: Connection, change: str, column: str) -> set[str]:
    """Manifests that a change of one row alters without a mark; the change is taken back."""
    table = change.split()[1] if change.startswith("UPDATE") else change.split()[2]
    key = db.execute("SELECT group_concat(name) FROM pragma_table_info(?) WHERE pk", (table,)).fetchone()[0]
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("PRAGMA ignore_check_constraints = ON")
    db.execute("BEGIN")
    try:
        before = as_the_catalog_has_them(db)
        db.execute("DELETE FROM outdated")
        db.execute(f"{change} WHERE ({key}) IN (SELECT {key} FROM {table} LIMIT 1)")
        after = as_the_catalog_has_them(db)
        marked = {row[0] for row in db.execute("SELECT what FROM outdated")}
        # They are written together.
        marked |= {marks.SOURCES} if any(what.startswith(marks.JOURNAL) for what in marked) else set()
    finally:
        db.execute("ROLLBACK")
        db.execute("PRAGMA ignore_check_constraints = OFF")
        db.execute("PRAGMA foreign_keys = ON")
    changed = {what for what in before.keys() | after.keys() if before.get(what) != after.get(what)}
    return set() if column in TIMES_OF_CHECKING else changed - marked


async def test_a_change_of_any_letter_of_a_line_shows(everything: Everything) -> None:
    line = (everything.root / "photos/2014/07/manifest.jsonl").read_bytes().splitlines()[0]
    assert lines.opened(line)["id"]
    for place in range(0, len(line), 7):
        edited = bytearray(line)
        edited[place] ^= 1
        with pytest.raises(ValueError, match="check"):
            lines.opened(bytes(edited))


def test_numbers_and_letters_come_back_exactly() -> None:
    fields = {"a": 1 / 3, "b": 5e-324, "c": 2**62, "d": "\u2028\x00\x7f\\\"'", "e": None, "f": 47.3663412345678}
    assert lines.opened(lines.sealed(fields)) == fields


def test_lines_of_a_newer_fbbackup_are_told(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnusable, match="newer fbbackup"):
        lines.opened(lines.sealed({"schema": 999}))


@pytest.mark.parametrize(
    "name", ["plain.jpg", "back\\slash", "new\nline", "carriage\rreturn", " two  spaces", "ü", "*"]
)
def test_checksums_are_written_and_read_like_sha256sum(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"body")
    told = subprocess.run(["sha256sum", "--", name], cwd=tmp_path, capture_output=True, check=True).stdout
    digest = "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5"
    assert lines.checksum_line(digest, name) == told
    assert lines.checksum(told) == (digest, name)


@pytest.mark.parametrize("line", [b"", b"abc  name", b"g" * 64 + b"  name", b"a" * 64 + b" name", b"a" * 64 + b"  "])
def test_what_is_no_checksum_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="sha256sum"):
        lines.checksum(line)


def test_json_of_people_is_plain(tmp_path: Path) -> None:
    """Any JSON tool reads a line; the node is in it as Facebook gave it."""
    line = lines.sealed({"schema": 1, "id": "1", "raw": '{"id":"1"}'})
    assert json.loads(json.loads(line)["raw"]) == {"id": "1"}
