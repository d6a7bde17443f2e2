"""Rebuilding: the catalog comes back row for row from the archive's files, and damage costs no more than it has to."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fbbackup.catalog import care, compare, lines, open_catalog, open_reader, schema
from fbbackup.catalog.lines import CHECKED_AT
from fbbackup.errors import ArchiveUnusable, CatalogDamaged
from fbbackup.manifests import write_manifests
from fbbackup.recovery import open_sound
from fbbackup.stores.directory import DirectoryStore
from tests.everything import fill, opened
from tests.restored import (
    MONTH,
    NOW,
    differences,
    edit,
    findings,
    forget_catalog,
    grounded,
    line_of,
    make,
    photos,
    pictures,
    rebuilt,
    tree,
    value,
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive with everything, closed; tests work on copies."""
    return make(tmp_path_factory.mktemp("everything") / "archive")


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "archive", symlinks=True)
    return tmp_path / "archive"


def test_the_lost_catalog_comes_back_row_for_row(root: Path) -> None:
    lost = forget_catalog(root)
    recovered = rebuilt(root)
    assert (recovered.found.sound, recovered.exit_code, recovered.set_aside) == (True, 0, None)
    assert differences(root, lost) == []
    assert findings(root) == []
    with closing(sqlite3.connect(root / "catalog.sqlite")) as new, closing(sqlite3.connect(lost)) as old:
        for table in ("photos", "revisions", "variants", "comments", "photo_people", "listing_pages"):
            count = f"SELECT count(*) FROM {table}"
            assert new.execute(count).fetchone()[0] == old.execute(count).fetchone()[0] > 0
        months = "SELECT * FROM months WHERE photos > 0"
        assert new.execute(months).fetchall() == old.execute(months).fetchall()
        manifests = "SELECT * FROM manifests"
        assert new.execute(manifests).fetchall() == old.execute(manifests).fetchall()


def test_comparing_notices_every_column(root: Path) -> None:
    """The comparison above means something: a change of any column shows."""
    copy = root.parent / "copy.sqlite"
    with closing(sqlite3.connect(root / "catalog.sqlite")) as db:
        columns = [
            (table, name, kind)
            for table in compare.tables(db)
            for name, kind in db.execute("SELECT name, type FROM pragma_table_info(?) WHERE NOT pk", (table,))
        ]
    shutil.copy(root / "catalog.sqlite", copy)
    with closing(open_reader(root / "catalog.sqlite")) as ours, closing(sqlite3.connect(copy)) as theirs:
        theirs.isolation_level = None
        theirs.execute("PRAGMA ignore_check_constraints = ON")
        for table, name, kind in columns:
            new = "hex(randomblob(8))" if kind == "TEXT" else "123456.5" if kind == "REAL" else "123456"
            theirs.execute("BEGIN")
            theirs.execute(f"UPDATE OR IGNORE {table} SET {name} = {new}")
            found = {one for one, _ in compare.differences(ours, theirs)}
            theirs.execute("ROLLBACK")
            assert found == (set() if name in CHECKED_AT else {table}), (table, name)


async def test_after_a_rebuild_nothing_is_downloaded(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    with opened(root) as everything:
        await fill(everything)
        library, other = everything.ada.source, everything.page.source
    forget_catalog(root)
    rebuilt(root)
    library.reads.clear()
    other.reads.clear()
    other.before_page = lambda album, cursor: None
    with opened(root) as everything:
        everything.ada.source, everything.page.source = library, other
        await everything.ada.run(deep=True)
        await everything.page.run(deep=True)
    assert (library.reads, other.reads) == ([], ["5007"])  # which the run that was cut short had not reached


def test_a_damaged_catalog_is_set_aside_and_never_read(root: Path) -> None:
    lost = root.parent / "lost.sqlite"
    shutil.copy(root / "catalog.sqlite", lost)
    (root / "catalog.sqlite").write_bytes(os.urandom(100_000))
    recovered = rebuilt(root)
    assert recovered.set_aside == root / "catalog.sqlite.before-rebuild-20260201T120000Z"
    assert recovered.set_aside.stat().st_size == 100_000
    assert differences(root, lost) == []
    again = rebuilt(root)
    assert again.set_aside == root / "catalog.sqlite.before-rebuild-20260201T120000Z-2"


@pytest.mark.parametrize(
    "harm",
    [
        lambda line: line[:50] + bytes([line[50] ^ 4]) + line[51:],
        lambda line: line.replace(b"caption 2", b"caption 9"),
        lambda line: line[: len(line) // 2] + b"\n",
        lambda line: b"not JSON at all\n",
        lambda line: b"\n",
        lambda line: b'{"id":"1002"}\n',
        lambda line: b"\xff\xfe" + line,
    ],
)
def test_a_bad_line_is_named_and_costs_no_other(root: Path, harm: Callable[[bytes], bytes]) -> None:
    lost = forget_catalog(root)
    number = line_of(root / MONTH, "1002")
    edit(root / MONTH, lambda all_: [harm(line) if n == number else line for n, line in enumerate(all_)])
    recovered = rebuilt(root)
    assert recovered.exit_code == 5
    assert [line.split(" ")[0] for line in recovered.found.refused] == [f"{MONTH}:{number + 1}"]
    assert recovered.found.adopted == ["photos/2014/07/2014-07-05_1002.jpg"]
    assert photos(root / "catalog.sqlite", without="1002") == photos(lost, without="1002")
    assert value(root, "SELECT count(*) FROM albums WHERE listed_sign IS NOT NULL") == 0
    assert value(root, "SELECT state FROM photos WHERE id = '1002'") == "stored"
    assert findings(root) == []


def test_lines_that_were_cut_off_are_noticed(root: Path) -> None:
    forget_catalog(root)
    edit(root / MONTH, lambda all_: all_[:-3])
    recovered = rebuilt(root)
    assert recovered.found.refused == [f"{MONTH} is not as manifest-sha256.txt has it, lines may be missing"]
    assert len(recovered.found.adopted) >= 2
    assert value(root, "SELECT count(*) FROM files") == len(pictures(root))


def test_without_any_manifest_names_and_bytes_tell_what_they_can(root: Path) -> None:
    forget_catalog(root)
    for path in [*root.rglob("*.jsonl"), root / "manifest-sha256.txt"]:
        path.unlink()
    recovered = rebuilt(root)
    assert len(recovered.found.adopted) + len(recovered.found.unknown) == len(pictures(root))
    with closing(open_reader(root / "catalog.sqlite")) as db:
        rows = db.execute("SELECT p.*, f.key FROM photos p JOIN files f ON f.sha256 = p.sha256").fetchall()
    assert all(row["key"].startswith(row["key_stem"]) and row["state"] == "stored" for row in rows)
    assert {row["id"] for row in rows} > {"1001", "1014", "1015", "1018", "5001"}
    dates = {row["id"]: row["file_date"] for row in rows}
    assert (dates["1014"], dates["1015"]) == ("2031-02-28T00:00:00Z", None)
    assert findings(root) == [
        f"file without a record: {line.split(':')[0]}" for line in sorted(recovered.found.unknown)
    ]


@pytest.mark.parametrize("name", ["manifest-albums.jsonl", "manifest-sha256.txt", "journal/2026-01.jsonl", MONTH])
@pytest.mark.parametrize("harm", ["missing", "random", "empty"])
def test_no_manifest_is_needed_for_the_others(root: Path, name: str, harm: str) -> None:
    lost = forget_catalog(root)
    path = root / name
    path.unlink()
    if harm != "missing":
        path.write_bytes(os.urandom(5000) if harm == "random" else b"")
    recovered = rebuilt(root)
    assert recovered.exit_code == (0 if name.startswith("journal") and harm != "random" else
                                   0 if name.endswith(".txt") and harm != "random" else 5)  # fmt: skip
    stored = "SELECT id, sha256 FROM photos WHERE sha256 IS NOT NULL ORDER BY id"
    with closing(sqlite3.connect(lost)) as old, closing(sqlite3.connect(root / "catalog.sqlite")) as new:
        missing = set(old.execute(stored)) - set(new.execute(stored))
    # Photos of the same bytes share a file, whose name speaks for one of them; larger and smaller files as well.
    assert {id_ for id_, _ in missing} <= ({"1003", "1016", "5006"} if name == MONTH else set())
    assert findings(root) == [f"file without a record: {line.split(':')[0]}" for line in recovered.found.unknown]


def test_what_a_snapshot_knows_is_not_lost_with_a_line(root: Path) -> None:
    with open_catalog(root / "catalog.sqlite") as catalog:
        assert catalog.read_now(care.take_snapshot, root / "snapshots", 7, 0, NOW) is None
    lost = forget_catalog(root)
    (root / MONTH).write_bytes(b"")
    (root / "manifest-albums.jsonl").write_bytes(b"garbage\n")
    recovered = rebuilt(root)
    assert recovered.found.adopted == []
    assert recovered.exit_code == 5
    stored = {id_ for id_, photo in photos(lost).items() if photo["files"]}
    back = photos(root / "catalog.sqlite")
    assert {id_: photo for id_, photo in photos(lost).items() if id_ in stored} == back
    assert value(root, "SELECT caption FROM photos WHERE id = '1001'") == "edited"
    assert findings(root) == []


def test_a_purged_photo_does_not_come_back_from_a_snapshot(root: Path) -> None:
    with open_catalog(root / "catalog.sqlite") as catalog:
        catalog.read_now(care.take_snapshot, root / "snapshots", 7, 0, NOW)
    forget_catalog(root)
    number = line_of(root / MONTH, "1002")
    (root / "photos/2014/07/2014-07-05_1002.jpg").unlink()
    edit(root / MONTH, lambda all_: all_[:number] + all_[number + 1 :])
    rebuilt(root)
    assert value(root, "SELECT count(*) FROM photos WHERE id = '1002'") == 0


def test_missing_thumbnails_are_made_again(root: Path) -> None:
    shutil.rmtree(root / "thumbnails")
    rebuilt(root)
    assert value(root, "SELECT count(*) FROM files WHERE thumbnail_size IS NOT NULL") == 0


def test_missing_and_cut_files_are_told(root: Path) -> None:
    (root / "photos/2014/07/2014-07-05_1002.jpg").unlink()
    (root / "photos/2014/07/2014-07-05_1004.jpg").write_bytes(b"cut")
    recovered = rebuilt(root)
    size = json.loads((root / MONTH).read_bytes().splitlines()[line_of(root / MONTH, "1004")])["files"][0]["bytes"]
    assert recovered.found.missing == [
        "photos/2014/07/2014-07-05_1002.jpg is missing",
        f"photos/2014/07/2014-07-05_1004.jpg has 3 bytes instead of {size}",
    ]
    assert recovered.exit_code == 5


def test_an_interrupted_rebuild_starts_again(root: Path) -> None:
    lost = root.parent / "lost.sqlite"
    shutil.copy(root / "catalog.sqlite", lost)
    (root / "catalog.sqlite.rebuilding").write_bytes(b"half a catalog")
    (root / "catalog.sqlite.rebuilding-journal").write_bytes(b"half a journal")
    rebuilt(root)
    assert differences(root, lost) == []
    assert not list(root.glob("*.rebuilding*"))


def test_manifests_of_a_newer_fbbackup_are_refused_and_nothing_changes(root: Path) -> None:
    (root / MONTH).write_bytes(lines.sealed({"schema": schema.VERSION + 1, "id": "1"}))
    before = tree(root)
    with pytest.raises(ArchiveUnusable, match="newer"):
        rebuilt(root)
    assert tree(root) == before


# -- the catalog at the start of a command that writes ------------------------------------------------------------


def open_for_writing(root: Path, now: datetime = NOW) -> list[str]:
    with grounded(root) as ground:
        catalog, told = open_sound(ground, now)
        catalog.close()
    return told


def test_a_sound_catalog_is_opened_as_it_is(root: Path) -> None:
    assert open_for_writing(root) == []
    assert not list(root.glob("catalog.sqlite.*"))


def test_a_new_archive_gets_an_empty_catalog(tmp_path: Path) -> None:
    assert open_for_writing(tmp_path) == []
    assert value(tmp_path, "SELECT count(*) FROM photos") == 0


@pytest.mark.parametrize("harm", ["deleted", "empty", "random", "cut", "never finished"])
def test_a_catalog_that_is_lost_or_damaged_is_made_anew(root: Path, harm: str) -> None:
    path, lost = root / "catalog.sqlite", root.parent / "lost.sqlite"
    shutil.copy(path, lost)
    if harm == "deleted":
        path.unlink()
    elif harm == "never finished":
        path.unlink()
        sqlite3.connect(path).executescript("PRAGMA journal_mode = WAL; CREATE TABLE t (a);").connection.close()
    else:
        body = path.read_bytes()
        path.write_bytes({"empty": b"", "random": os.urandom(50_000), "cut": body[: len(body) // 2]}[harm])
    told = open_for_writing(root)
    assert "made anew" in told[-1]
    assert differences(root, lost) == []
    assert bool(list(root.glob("catalog.sqlite.*"))) == (harm != "deleted")


def test_an_older_copy_of_the_catalog_is_noticed(root: Path) -> None:
    path, lost = root / "catalog.sqlite", root.parent / "lost.sqlite"
    shutil.copy(path, lost)
    with closing(sqlite3.connect(path)) as db:
        db.executescript("DELETE FROM album_audits; DELETE FROM runs WHERE id = (SELECT max(id) FROM runs);")
        db.commit()
    told = open_for_writing(root)
    assert "an older copy" in told[-1]
    assert differences(root, lost) == []


def test_pages_are_checked_once_a_day_and_after_a_writer_was_killed(root: Path) -> None:
    path = root / "catalog.sqlite"
    open_for_writing(root)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        size = db.execute("PRAGMA page_size").fetchone()[0]
        page = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'comments_by_photo'").fetchone()[0]
    body = bytearray(path.read_bytes())
    body[(page - 1) * size : page * size] = bytes(size)
    path.write_bytes(body)
    assert open_for_writing(root, NOW + timedelta(hours=23)) == []
    path.with_name("catalog.sqlite-wal").write_bytes(b"a log that was left behind")
    assert "damaged" in open_for_writing(root, NOW + timedelta(hours=23))[-1]
    assert open_for_writing(root, NOW + timedelta(hours=49)) == []


def test_a_newer_catalog_is_refused_and_not_a_byte_changes(root: Path) -> None:
    path = root / "catalog.sqlite"
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA wal_autocheckpoint = 0")
    writer.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    writer.commit()
    copy = root.parent / "killed"
    shutil.copytree(root, copy)  # as a killed writer leaves it: what is newer stands in the log
    writer.close()
    before = tree(copy)
    for attempt in (open_for_writing, rebuilt_if_not_newer):
        with pytest.raises(ArchiveUnusable, match="newer"):
            attempt(copy)
        after = {name: digest for name, digest in tree(copy).items() if not name.endswith("-shm")}
        assert after == {name: digest for name, digest in before.items() if not name.endswith("-shm")}


def rebuilt_if_not_newer(root: Path) -> None:
    from fbbackup.config import Config
    from fbbackup.restoring import rebuild_catalog

    (root / ".fbbackup").write_text(json.dumps({"archive_id": "a" * 32, "format": 1, "created_at": "2026-01-01"}))
    environ = {"XDG_STATE_HOME": str(root.parent / "state"), "HOME": str(root.parent)}
    try:
        rebuild_catalog(Config(), root, environ)
    finally:
        (root / ".fbbackup").unlink()


async def test_marks_left_by_a_killed_run_survive(root: Path) -> None:
    with open_catalog(root / "catalog.sqlite") as catalog:
        catalog.write_now(lambda db: db.execute("UPDATE photos SET caption = 'unwritten' WHERE id = '1002'") and None)
    assert open_for_writing(root) == []
    store = DirectoryStore(root)
    with open_catalog(root / "catalog.sqlite") as catalog:
        assert await write_manifests(catalog, store) == 1
    store.close()
    assert b"unwritten" in (root / MONTH).read_bytes()


def test_damaged_is_told_apart_from_unusable(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(CatalogDamaged, match="fbbackup rebuild"):
        open_reader(path)
