"""Inserts that no trigger sees: whoever makes them marks the manifests that hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from sqlite3 import Connection

import pytest

from fbbackup.catalog import Catalog, adopted, albums, import_albums, listings, marks, memory, photos, unite
from fbbackup.mentions import AlbumFound
from fbbackup.models import Album, Kind, Page, Photo, Picture, StoredFile, Variant
from tests.restored import as_the_catalog_has_them

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Change = Callable[[Connection, int], object]


def taken(id_: str, month: int) -> Photo:
    variant = Variant(f"https://cdn.test/{id_}.jpg", 64, 48, "jpeg")
    return Photo(id_, file_date=datetime(2014, month, 5, tzinfo=UTC), variants=(variant,), raw=f'{{"id":"{id_}"}}')


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    with memory() as found:
        yield found


def one_page(db: Connection, account: int, shown: Photo) -> None:
    listings.begin_listing(db, 1, "sign", NOW)
    listings.record_page(db, account, 1, Page((shown,), None), NOW)
    listings.drop_listing(db, 1)


def adopt(db: Connection, _account: int) -> None:
    named = adopted.Named("9", Kind.PHOTO, "2014-09-05", "photos/2014/09/2014-09-05_9")
    file = StoredFile(f"{named.key_stem}.jpg", "d" * 64, 5)
    adopted.adopt(db, named, (file, Picture("image/jpeg", "jpg", 64, 48)), ("ada", "graph"), NOW)


def merge_albums(db: Connection, _account: int) -> None:
    db.execute("UPDATE albums SET title = 'Lake', remote_id = 'export:lake' WHERE id = 1")
    unite.unite(db)


CHANGES: dict[str, Change] = {
    "a new photo": lambda db, account: photos.record_photos(db, account, [taken("2", 8)], NOW),
    "a photo that joins an album": lambda db, account: one_page(db, account, taken("1", 7)),
    "a new photo of an album": lambda db, account: one_page(db, account, taken("2", 8)),
    "an album of an export": lambda db, account: import_albums.record_export_album(
        db, account, AlbumFound(Album("77", "Export"), ("1",), "album/0.json"), NOW
    ),
    "a file that is adopted": adopt,
    "a photo that joins those outside albums": lambda db, account: listings.join_uploads(
        db, account, [taken("1", 7)], NOW
    ),
    "a photo that becomes another": lambda db, _account: unite.merge_photo(db, "3", "1", unite.SAME_BYTES),
    "albums that become one": merge_albums,
}
MEMBERS = {"a photo that becomes another": [(2, "3")], "albums that become one": [(1, "1"), (1, "3"), (2, "3")]}
"""Albums and photos in them, for the changes that need any."""


@pytest.mark.parametrize("kind", CHANGES)
def test_a_manifest_that_would_read_otherwise_is_marked(catalog: Catalog, kind: str) -> None:
    account = catalog.write_now(albums.account, "ada", "graph", NOW)
    made = [Album("1", "Shore"), Album("2", "Lake"), Album("uploads", "Uploads", kind="uploads", virtual=True)]
    catalog.write_now(albums.record_albums, account, made, 0, NOW)
    catalog.write_now(lambda db: photos.record_photos(db, account, [taken("1", 7), taken("3", 6)], NOW) and None)
    catalog.write_now(lambda db: db.execute("UPDATE albums SET listed_at = '2026-01-01T00:00:00Z'") and None)
    joined = [(album, id_, 0, "2026", "2026", None) for album, id_ in MEMBERS.get(kind, ())]
    catalog.write_now(lambda db: db.executemany("INSERT INTO album_photos VALUES (?, ?, ?, ?, ?, ?)", joined) and None)

    def check(db: Connection) -> tuple[set[str], set[str]]:
        before = as_the_catalog_has_them(db)
        db.execute("DELETE FROM outdated")
        CHANGES[kind](db, account)
        after = as_the_catalog_has_them(db)
        changed = {what for what in before.keys() | after.keys() if before.get(what) != after.get(what)}
        return changed, set(marks.outdated(db))

    changed, marked = catalog.write_now(check)
    assert any(what.startswith("photos/") for what in changed)
    assert changed <= marked
