"""Imports that were cut short: the same import again completes them, thumbnails included."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.exports.home import Home
from tests.exports.layouts import FOUR, Layout
from tests.exports.pack import unpacked
from tests.exports.truth import drawn


def cut_short(archive: Path) -> None:
    """As if the last run had been killed when it was nearly done."""
    with closing(sqlite3.connect(archive / "catalog.sqlite")) as db, db:
        db.execute("UPDATE runs SET finished_at = NULL, outcome = NULL")


def test_thumbnails_of_an_import_that_was_killed_are_made_by_the_next(tmp_path: Path) -> None:
    home = Home(tmp_path)
    export = unpacked(Layout(drawn(photos=6), FOUR).files, tmp_path / "facebook-ada.example")
    home.bring_in([export])
    pictures = home.value("SELECT count(*) FROM files WHERE content_type LIKE 'image/%'")
    cut_short(home.archive)
    again = home.bring_in([export])
    assert home.value("SELECT count(*) FROM files WHERE thumbnail_size = 32") == pictures
    assert again.record()["thumbnails"] == pictures
    assert home.findings() == []


def test_a_snapshot_of_the_catalog_follows_an_import(tmp_path: Path) -> None:
    home = Home(tmp_path)
    export = unpacked(Layout(drawn(photos=2), FOUR).files, tmp_path / "facebook-ada.example")
    assert home.bring_in([export]).record()["notes"] == []
    (taken,) = (home.archive / "snapshots").glob("catalog-*.sqlite")
    with closing(sqlite3.connect(taken)) as db:
        assert db.execute("SELECT count(*) FROM photos").fetchone()[0] == home.value("SELECT count(*) FROM photos")
    (home.archive / "snapshots").rename(tmp_path / "aside")
    (home.archive / "snapshots").write_text("in the way")
    (note,) = home.bring_in([unpacked(Layout(drawn(photos=4), FOUR).files, tmp_path / "facebook-ada2.example")]).notes
    assert note.startswith("no snapshot of the catalog was taken: ")
