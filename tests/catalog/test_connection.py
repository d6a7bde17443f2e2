"""The catalog's file: durable settings, refused versions, readers that change nothing."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fbbackup.catalog import care, open_catalog, open_reader, reading, schema
from fbbackup.catalog.connection import build, built
from fbbackup.errors import ArchiveUnusable


def test_commits_are_durable_and_keys_are_checked(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.sqlite") as catalog:
        asked = ("journal_mode", "synchronous", "foreign_keys")
        found = catalog.read_now(lambda db: [db.execute(f"PRAGMA {name}").fetchone()[0] for name in asked])
        assert found == ["wal", 2, 1]


def test_every_table_is_strict_and_the_version_is_set(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.sqlite") as catalog:
        loose = catalog.read_now(
            lambda db: [
                row[0]
                for row in db.execute("SELECT name, strict FROM pragma_table_list WHERE type = 'table'")
                if not row[1] and not row[0].startswith(("sqlite_", "_sqlite", "photos_fts"))
            ]
        )
        assert loose == []
        assert catalog.read_now(lambda db: db.execute("PRAGMA user_version").fetchone()[0]) == schema.VERSION


CUT_SHORT = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN")
db.execute("CREATE TABLE photos (id TEXT)")
db.executemany("INSERT INTO photos VALUES (?)", ((str(number) * 100,) for number in range(1000)))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_catalog_cut_short_before_it_had_a_log_is_made_whole(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    subprocess.run([sys.executable, "-c", CUT_SHORT, path], check=False, timeout=60)
    assert (tmp_path / "catalog.sqlite-journal").stat().st_size > 0
    assert path.stat().st_size > 0
    with pytest.raises(ArchiveUnusable, match="never finished"):
        open_reader(path)
    with open_catalog(path) as catalog:
        assert catalog.read_now(lambda db: db.execute("SELECT count(*) FROM photos").fetchone()[0]) == 0
    open_reader(path).close()


def test_a_failing_step_changes_nothing(tmp_path: Path) -> None:
    def half(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO people VALUES ('1', 'Grace')")
        raise RuntimeError("stop")

    with open_catalog(tmp_path / "catalog.sqlite") as catalog:
        with pytest.raises(RuntimeError):
            catalog.write_now(half)
        assert catalog.read_now(lambda db: db.execute("SELECT count(*) FROM people").fetchone()[0]) == 0


def test_reader_can_not_write_and_sees_what_is_committed(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    with open_catalog(path) as catalog:
        catalog.write_now(lambda db: db.execute("INSERT INTO people VALUES ('1', 'Grace')") and None)
        reader = open_reader(path)
        assert reader.execute("SELECT name FROM people").fetchone()[0] == "Grace"
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("DELETE FROM people")
        reader.close()


def test_newer_schema_is_refused_by_both(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    open_catalog(path).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    db.close()
    before = path.read_bytes()
    with pytest.raises(ArchiveUnusable, match="newer"):
        open_catalog(path)
    with pytest.raises(ArchiveUnusable, match="newer"):
        open_reader(path)
    assert path.read_bytes() == before


def test_what_is_no_catalog_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    with pytest.raises(ArchiveUnusable, match="no catalog"):
        open_reader(path)
    path.write_bytes(os.urandom(4096))
    with pytest.raises(ArchiveUnusable, match="can't be used"):
        open_catalog(path)
    with pytest.raises(ArchiveUnusable, match="can't be used"):
        open_reader(path)


def wreck(path: Path) -> None:
    """Overwrites the first page of the photos with zeros."""
    db = sqlite3.connect(path)
    page, size = db.execute(
        "SELECT rootpage, page_size FROM sqlite_master, pragma_page_size WHERE name = 'photos'"
    ).fetchone()
    db.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))


def test_a_wrecked_catalog_is_told_of_in_words_to_readers_and_writers(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    open_catalog(path).close()
    wreck(path)
    with pytest.raises(ArchiveUnusable, match=r"malformed.*fbbackup rebuild"), reading(path) as db:
        db.execute("SELECT caption FROM photos").fetchone()
    with open_catalog(path) as catalog:
        for ask in (catalog.read_now, catalog.write_now):
            with pytest.raises(ArchiveUnusable, match="malformed"):
                ask(lambda db: db.execute("SELECT caption FROM photos").fetchone())


async def test_a_wrecked_catalog_is_told_of_in_words_to_a_run(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    open_catalog(path).close()
    wreck(path)
    with open_catalog(path) as catalog:
        for ask in (catalog.read, catalog.write):
            with pytest.raises(ArchiveUnusable, match="malformed"):
                await ask(lambda db: db.execute("SELECT caption FROM photos").fetchone())


def test_nobody_else_may_read_a_catalog_or_a_copy_of_it(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with open_catalog(tmp_path / "catalog.sqlite") as catalog:
            catalog.write_now(lambda db: db.execute("INSERT INTO people VALUES ('1', 'Grace')"))
            assert catalog.read_now(care.take_snapshot, tmp_path / "snapshots", 3, 0, datetime.now(UTC)) is None
            built(build(tmp_path / "anew.sqlite"), tmp_path / "anew.sqlite")
            modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_file()}
    finally:
        os.umask(before)
    assert len(modes) >= 5
    assert set(modes.values()) == {0o600}, modes


def test_a_catalog_in_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnusable, match="its folder is not there; make it"):
        open_catalog(tmp_path / "none" / "catalog.sqlite")
