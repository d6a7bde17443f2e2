"""Folders of links for people: right, portable, of different names, and nothing of anybody's is touched."""

from __future__ import annotations

import asyncio
import os
import shutil
import unicodedata
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fbbackup.app import Place, look_after
from fbbackup.catalog import marks, open_catalog
from fbbackup.catalog.album_links import linked_albums
from fbbackup.config import Albums, Config, Limits
from fbbackup.stores.directory import DirectoryStore
from fbbackup.stores.keys import is_part
from fbbackup.stores.links import portable, write_links
from fbbackup.stores.memory import MemoryStore
from tests.restored import findings, make, rebuilt

KEY = "photos/2014/07/2014-07-05_1.jpg"


@dataclass
class Album:
    title: str
    remote_id: str = "1"
    account: str = "ada"
    links: dict[str, str] = field(default_factory=lambda: {"2014-07-05_1.jpg": KEY})


def shown(root: Path) -> dict[str, dict[str, str]]:
    """Folders with their links and targets."""
    return {
        folder.name: {link.name: os.readlink(link) for link in folder.iterdir() if link.is_symlink()}
        for folder in (root / "albums").iterdir()
    }


def picture(root: Path) -> None:
    (root / KEY).parent.mkdir(parents=True)
    (root / KEY).write_bytes(b"picture")


def test_links_are_relative_and_lead_to_the_files(tmp_path: Path) -> None:
    picture(tmp_path)
    assert write_links(tmp_path, [Album("Lake")]) is None
    assert shown(tmp_path) == {"Lake": {"2014-07-05_1.jpg": f"../../{KEY}"}}
    assert (tmp_path / "albums/Lake/2014-07-05_1.jpg").read_bytes() == b"picture"
    shutil.move(tmp_path, moved := tmp_path.with_name(f"{tmp_path.name}-moved"))
    assert (moved / "albums/Lake/2014-07-05_1.jpg").read_bytes() == b"picture"


def test_only_what_differs_is_touched_and_own_files_stay(tmp_path: Path) -> None:
    write_links(tmp_path, [Album("Lake"), Album("Town", "2"), Album("Gone", "3")])
    (tmp_path / "albums/Gone/my notes.txt").write_text("mine")
    before = os.lstat(tmp_path / "albums/Lake/2014-07-05_1.jpg").st_ino
    write_links(tmp_path, [Album("Lake", links={"2014-07-05_1.jpg": KEY, "b.jpg": "photos/b.jpg"}), Album("City", "2")])
    assert shown(tmp_path) == {
        "Lake": {"2014-07-05_1.jpg": f"../../{KEY}", "b.jpg": "../../photos/b.jpg"},
        "City": {"2014-07-05_1.jpg": f"../../{KEY}"},
        "Gone": {},
    }
    assert (tmp_path / "albums/Gone/my notes.txt").read_text() == "mine"
    assert os.lstat(tmp_path / "albums/Lake/2014-07-05_1.jpg").st_ino == before


def test_a_file_of_somebody_in_the_place_of_a_link_stays(tmp_path: Path) -> None:
    (tmp_path / "albums/Lake").mkdir(parents=True)
    (tmp_path / "albums/Lake/2014-07-05_1.jpg").write_bytes(b"mine")
    assert write_links(tmp_path, [Album("Lake")]) is None
    assert (tmp_path / "albums/Lake/2014-07-05_1.jpg").read_bytes() == b"mine"


def test_a_link_in_place_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "archive"
    root.mkdir()
    (root / "albums").symlink_to(outside)
    assert "albums.links = false" in str(write_links(root, [Album("Lake")]))
    (root / "albums").unlink()
    (root / "albums").mkdir()
    (root / "albums/Lake").symlink_to(outside)
    write_links(root, [Album("Lake")])
    assert list(outside.iterdir()) == []


def test_like_titles_get_names_of_their_own(tmp_path: Path) -> None:
    albums = [Album("Lake"), Album("lake", "2"), Album("LAKE", "3"), Album("Lake", "1", "page"), Album("Läke", "4")]
    albums += [Album(unicodedata.normalize("NFD", "Läke"), "5"), Album("", "6"), Album("...", "7")]
    write_links(tmp_path, albums)
    folded = [unicodedata.normalize("NFC", name).casefold() for name in shown(tmp_path)]
    assert len(set(folded)) == len(albums)
    assert {"Lake", "lake (ada)", "LAKE (3)", "Lake (page)", "untitled"} <= shown(tmp_path).keys()


@given(st.text(st.characters(), max_size=300))
def test_every_title_becomes_a_portable_name(title: str) -> None:
    name = portable(title)
    assert is_part(name)
    assert len(name.encode()) <= 201


@pytest.mark.parametrize("title", ["CON", "aux.jpg", "..", "a/b", ".hidden", "x" * 500, "é" * 300, "\0", "a. ", "-rf"])
def test_known_bad_titles_become_portable_names(title: str) -> None:
    assert is_part(portable(title))


async def test_albums_of_an_archive_are_linked_after_a_change_and_never_walked(tmp_path: Path) -> None:
    root = await asyncio.to_thread(make, tmp_path / "archive")
    settings = Config(albums=Albums(links=True), limits=Limits(keep_free_bytes=0))
    with open_catalog(root / "catalog.sqlite") as catalog:
        place = Place(MemoryStore(), catalog, root=root)
        assert await look_after(settings, place) == []
        wanted = catalog.read_now(lambda db: sum(len(album.links) for album in linked_albums(db)))
        assert not catalog.read_now(marks.is_outdated, marks.LINKS)
        links = [path for path in (root / "albums").rglob("*") if path.is_symlink()]
        assert len(links) == wanted > 20
        assert all(path.resolve().is_file() and path.resolve().is_relative_to(root) for path in links)
        assert "Lake, renamed" in shown(root)
        shutil.rmtree(root / "albums")
        assert await look_after(settings, place) == []
        assert not (root / "albums").exists()
    with closing(DirectoryStore(root)) as store:
        assert list(store.keys("albums/")) == []
    assert findings(root) == []
    assert rebuilt(root).found.sound
