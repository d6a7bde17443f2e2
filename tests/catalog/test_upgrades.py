"""Every schema that ever landed is brought up to today's, losing nothing; the dumps are what such catalogs were."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from fbbackup.catalog import marks, open_catalog, schema
from tests.catalog.stored_dumps import FOLDER, VERSIONS, dumped, load, upgraded


def test_every_schema_has_its_dump() -> None:
    wanted = list(range(1, schema.VERSION + 1))
    assert wanted == VERSIONS, "run `python -m tests.catalog.stored_dumps` and add what it writes"


EMPTY = {
    "manifests",
    "care",
    "mentions",
    "photo_fields",
    "imported_media",
    "not_understood",
    "uploads",
    "photo_aliases",
}
"""Tables that no step of an upgrade fills."""


@pytest.mark.parametrize("version", VERSIONS)
def test_every_table_of_a_dump_has_rows(version: int) -> None:
    text = (FOLDER / f"v{version}.sql").read_text(encoding="utf-8")
    tables = {line.split()[2].strip('"') for line in text.splitlines() if line.startswith("CREATE TABLE ")}
    assert not [table for table in tables - EMPTY if f"INSERT INTO {table} (" not in text]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_older_catalog_becomes_what_the_newest_is(version: int, tmp_path: Path) -> None:
    assert upgraded(version, tmp_path) == (FOLDER / f"v{schema.VERSION}.sql").read_text(encoding="utf-8")


def test_an_upgraded_catalog_has_the_schema_of_a_fresh_one(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "fresh.sqlite") as fresh:
        wanted = fresh.read_now(dumped)
    found = upgraded(1, tmp_path)
    rows = ("INSERT INTO ",)
    assert [line for line in found.splitlines() if not line.startswith(rows) and line in wanted] == [
        line for line in wanted.splitlines() if not line.startswith(rows)
    ]


@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_an_older_catalog_is_copied_first_and_kept_as_it_was(version: int, tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    load(version, path)
    open_catalog(path).close()
    kept = sqlite3.connect(tmp_path / f"catalog.sqlite.before-{schema.VERSION}")
    assert dumped(kept) == (FOLDER / f"v{version}.sql").read_text(encoding="utf-8")
    kept.close()


def test_an_upgraded_catalog_counts_and_has_its_manifests_written(tmp_path: Path) -> None:
    load(1, tmp_path / "catalog.sqlite")
    with open_catalog(tmp_path / "catalog.sqlite") as catalog:
        months = catalog.read_now(lambda db: dict(db.execute("SELECT * FROM months").fetchall()))
        due = catalog.read_now(marks.outdated)
    assert months == {"": 1, "2014-07": 20, "2015-01": 1, "2031-02": 1}
    assert due == [
        "albums", "checksums", "journal/2026-01", "photos/2014/07", "photos/2031/02", "photos/undated", "videos/2015/01"
    ]  # fmt: skip


def test_where_sqlite_guards_its_schema_a_catalog_is_upgraded_all_the_same(tmp_path: Path) -> None:
    load(8, tmp_path / "catalog.sqlite")
    db = sqlite3.connect(tmp_path / "catalog.sqlite", isolation_level=None)
    guarded = sqlite3.SQLITE_UPDATE, "sqlite_master"
    db.set_authorizer(
        lambda action, table, *_: sqlite3.SQLITE_DENY if (action, table) == guarded else sqlite3.SQLITE_OK
    )
    schema.migrate(Database(db))
    db.set_authorizer(None)
    wanted = (FOLDER / f"v{schema.VERSION}.sql").read_text(encoding="utf-8")
    assert dumped(db) == wanted.replace(schema.STATES_ONE_BY_ONE, schema.STATES_IN_A_LIST)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()


@pytest.mark.parametrize("version", [8, schema.VERSION])
def test_a_state_that_is_none_is_refused(version: int, tmp_path: Path) -> None:
    load(version, tmp_path / "catalog.sqlite")
    db = sqlite3.connect(tmp_path / "catalog.sqlite")
    for state in ("wanted", "stored", "failed", "unavailable"):
        db.execute("UPDATE photos SET state = ? WHERE id = '1001'", (state,))
    for state in ("", "Stored", "gone"):
        with pytest.raises(sqlite3.IntegrityError, match="CHECK constraint failed"):
            db.execute("UPDATE photos SET state = ? WHERE id = '1001'", (state,))
    db.close()
