"""Snapshots: one a day after something changed, whole, rotated, and never the reason why a run fails."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fbbackup.app import Place, look_after
from fbbackup.catalog import Catalog, care, marks, open_catalog
from fbbackup.config import CatalogFile, Config, Limits
from fbbackup.stores.memory import MemoryStore

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)


def config(keep: int = 7, keep_free: int = 0) -> Config:
    return Config(catalog=CatalogFile(snapshots=keep), limits=Limits(keep_free_bytes=keep_free))


def names(root: Path) -> list[str]:
    return [path.name for path in care.snapshots(root / "snapshots")]


async def after_a_change(root: Path, settings: Config) -> list[str]:
    with open_catalog(root / "catalog.sqlite") as catalog:
        catalog.write_now(marks.mark, [marks.SNAPSHOT])
        return await look_after(settings, Place(MemoryStore(), catalog, root=root))


def take(catalog: Catalog, root: Path, day: int) -> None:
    assert catalog.read_now(care.take_snapshot, root / "snapshots", 3, 0, NOW + timedelta(days=day)) is None


def test_a_snapshot_holds_what_was_committed_and_the_newest_days_are_kept(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.sqlite") as catalog:
        for day in range(5):
            catalog.write_now(lambda db, day=day: db.execute("INSERT INTO people VALUES (?, 'Grace')", (day,)) and None)
            take(catalog, tmp_path, day)
            take(catalog, tmp_path, day)
    assert names(tmp_path) == [f"catalog-2026-02-{day:02}.sqlite" for day in (5, 4, 3)]
    with closing(sqlite3.connect(tmp_path / "snapshots" / "catalog-2026-02-04.sqlite")) as db:
        assert db.execute("SELECT count(*) FROM people").fetchone()[0] == 4
    assert len(list((tmp_path / "snapshots").iterdir())) == 3


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "my own copy.sqlite").write_bytes(b"mine")
    with open_catalog(tmp_path / "catalog.sqlite") as catalog:
        for day in range(5):
            take(catalog, tmp_path, day)
    assert (tmp_path / "snapshots" / "my own copy.sqlite").read_bytes() == b"mine"


async def test_one_is_taken_only_after_something_changed(tmp_path: Path) -> None:
    assert await after_a_change(tmp_path, config()) == []
    (taken,) = care.snapshots(tmp_path / "snapshots")
    taken.unlink()
    with open_catalog(tmp_path / "catalog.sqlite") as catalog:
        assert await look_after(config(), Place(MemoryStore(), catalog, root=tmp_path)) == []
    assert names(tmp_path) == []


async def test_none_is_taken_when_none_are_wanted(tmp_path: Path) -> None:
    assert await after_a_change(tmp_path, config(keep=0)) == []
    assert not (tmp_path / "snapshots").exists()


@pytest.mark.parametrize("hindrance", ["full", "a file in its place"])
async def test_what_hinders_it_is_told_and_it_is_tried_again(tmp_path: Path, hindrance: str) -> None:
    if hindrance == "full":
        (line,) = await after_a_change(tmp_path, config(keep_free=1 << 60))
    else:
        (tmp_path / "snapshots").write_bytes(b"")
        (line,) = await after_a_change(tmp_path, config())
        (tmp_path / "snapshots").unlink()
    assert line.startswith("no snapshot of the catalog was taken: ")
    with open_catalog(tmp_path / "catalog.sqlite") as catalog:
        assert await look_after(config(), Place(MemoryStore(), catalog, root=tmp_path)) == []
    assert len(names(tmp_path)) == 1


def test_the_newest_sound_snapshot_is_found(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.sqlite") as catalog:
        for day in range(2):
            catalog.write_now(lambda db, day=day: db.execute("INSERT INTO people VALUES (?, 'Grace')", (day,)) and None)
            take(catalog, tmp_path, day)
    newest, older = care.snapshots(tmp_path / "snapshots")
    newest.write_bytes(newest.read_bytes()[:9000])
    with care.newest_sound([tmp_path / "absent.sqlite", newest, older], tmp_path) as db:
        assert db is not None
        assert db.execute("SELECT count(*) FROM people").fetchone()[0] == 1
    with care.newest_sound([newest], tmp_path) as db:
        assert db is None
