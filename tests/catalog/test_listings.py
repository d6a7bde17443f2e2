"""Listings against a model: whatever the pages repeat, overlap or shuffle, members and positions come out right."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fbbackup.catalog import Catalog, albums, listings, memory
from fbbackup.models import Album, Page, Photo, Tag, Variant

NOW = datetime(2026, 1, 1, tzinfo=UTC)
IDS = st.integers(1, 30).map(str)


def photo(id_: str, caption: str | None = None) -> Photo:
    variant = Variant(f"https://cdn.test/{id_}.jpg", 64, 48, "jpeg")
    return Photo(id_, caption=caption, variants=(variant,), raw=json.dumps([id_, caption]))


class Shelf:
    """A catalog with some albums, listed by hand."""

    def __init__(self, catalog: Catalog, titles: tuple[str, ...] = ("Lake",)) -> None:
        self.catalog = catalog
        self.account = catalog.write_now(albums.account, "ada", "graph", NOW)
        made = [Album(str(number), title) for number, title in enumerate(titles, 1)]
        catalog.write_now(albums.record_albums, self.account, made, 0, NOW)

    def list(self, pages: list[list[str]], album: int = 1, *, to_the_end: bool = True) -> None:
        self.catalog.write_now(listings.drop_listing, album)
        self.catalog.write_now(listings.begin_listing, album, "sign", NOW)
        for number, ids in enumerate(pages):
            last = to_the_end and number == len(pages) - 1
            cursor = None if last else f"c{number}"
            page = Page(tuple(photo(id_) for id_ in ids), cursor)
            self.catalog.write_now(listings.record_page, self.account, album, page, NOW)

    def settle(self, album: int = 1) -> None:
        """As the run does when everything missing lives on elsewhere."""
        for missing in self.catalog.read_now(listings.finished_listings, self.account):
            self.catalog.write_now(listings.remove_members, missing.album_id, missing.photo_ids, NOW)
        self.catalog.write_now(listings.settle_listing, album, NOW)

    def members(self, album: int = 1) -> list[tuple[str, int]]:
        sql = "SELECT photo_id, position FROM album_photos WHERE album_id = ? AND removed_at IS NULL ORDER BY position"
        return self.catalog.read_now(lambda db: [tuple(row) for row in db.execute(sql, (album,))])


def in_order(pages: list[list[str]]) -> list[tuple[str, int]]:
    distinct = dict.fromkeys(id_ for page in pages for id_ in page)
    return [(id_, position) for position, id_ in enumerate(distinct)]


@given(st.lists(st.lists(st.lists(IDS, max_size=8), min_size=1, max_size=6), min_size=1, max_size=4))
def test_members_are_the_distinct_ids_of_the_last_listing_in_order(rounds: list[list[list[str]]]) -> None:
    with memory() as catalog:
        shelf = Shelf(catalog)
        for pages in rounds:
            shelf.list(pages)
            shelf.settle()
            assert shelf.members() == in_order(pages)


@given(
    st.lists(st.lists(IDS, max_size=8), min_size=2, max_size=6),
    st.lists(st.lists(IDS, max_size=8), min_size=1, max_size=4),
)
def test_a_listing_given_up_halfway_leaves_no_trace_in_the_next(
    broken: list[list[str]], whole: list[list[str]]
) -> None:
    with memory() as catalog:
        shelf = Shelf(catalog)
        shelf.list(whole)
        shelf.settle()
        shelf.list(broken, to_the_end=False)
        shelf.list(whole)
        shelf.settle()
        assert shelf.members() == in_order(whole)


@given(st.lists(st.lists(IDS, max_size=8), min_size=1, max_size=6), st.sets(IDS))
def test_missing_is_what_a_finished_listing_did_not_show(pages: list[list[str]], before: set[str]) -> None:
    with memory() as catalog:
        shelf = Shelf(catalog)
        shelf.list([sorted(before)])
        shelf.settle()
        shelf.list(pages)
        (missing,) = catalog.read_now(listings.finished_listings, shelf.account)
        assert set(missing.photo_ids) == before - {id_ for page in pages for id_ in page}


def test_unfinished_listing_is_resumed_only_while_fresh_and_alike() -> None:
    with memory() as catalog:
        shelf = Shelf(catalog)
        catalog.write_now(listings.begin_listing, 1, "sign", NOW)
        catalog.write_now(listings.record_page, shelf.account, 1, Page((photo("1"),), "next"), NOW)
        later = NOW + timedelta(hours=23)
        assert catalog.write_now(listings.begin_listing, 1, "sign", later).cursor == "next"
        assert catalog.write_now(listings.begin_listing, 1, "other sign", later).cursor is None
    with memory() as catalog:
        shelf = Shelf(catalog)
        catalog.write_now(listings.begin_listing, 1, "sign", NOW)
        catalog.write_now(listings.record_page, shelf.account, 1, Page((photo("1"),), "next"), NOW)
        assert catalog.write_now(listings.begin_listing, 1, "sign", NOW + timedelta(hours=25)).cursor is None


def test_finished_but_unsettled_listing_is_not_read_again() -> None:
    with memory() as catalog:
        shelf = Shelf(catalog)
        shelf.list([["1"], ["2"]])
        begun = catalog.write_now(listings.begin_listing, 1, "sign", NOW)
        assert begun.finished
        assert begun.cursor is None


def test_repeated_cursor_is_a_loop_and_changes_nothing() -> None:
    with memory() as catalog:
        shelf = Shelf(catalog)
        catalog.write_now(listings.begin_listing, 1, "sign", NOW)
        catalog.write_now(listings.record_page, shelf.account, 1, Page((photo("1"),), "a"), NOW)
        catalog.write_now(listings.record_page, shelf.account, 1, Page((photo("2"),), "b"), NOW)
        with pytest.raises(ValueError, match="repeats"):
            catalog.write_now(listings.record_page, shelf.account, 1, Page((photo("3"),), "a"), NOW)
        assert shelf.members() == [("1", 0), ("2", 1)]
        assert catalog.read_now(lambda db: db.execute("SELECT count(*) FROM photos").fetchone()[0]) == 2


def test_search_rows_follow_albums_people_and_captions() -> None:
    def found(words: str) -> list[str]:
        sql = "SELECT p.id FROM photos_fts t JOIN photos p ON p.number = t.rowid WHERE photos_fts MATCH ? ORDER BY p.id"
        return catalog.read_now(lambda db: [row[0] for row in db.execute(sql, (words,))])

    with memory() as catalog:
        shelf = Shelf(catalog, ("Lake", "Town"))
        catalog.write_now(listings.begin_listing, 1, "sign", NOW)
        tagged = Photo("1", caption="Über den Wolken", people=(Tag("Grace Hopper"),), raw="a")
        catalog.write_now(listings.record_page, shelf.account, 1, Page((tagged, photo("2"))), NOW)
        assert found("uber") == ["1"]
        assert found("hopper") == ["1"]
        assert found("lake") == ["1", "2"]
        shelf.list([["2"]], album=2)
        assert found("town") == ["2"]
        catalog.write_now(listings.remove_members, 1, ["2"], NOW)
        assert found("lake") == ["1"]


def test_uploads_in_an_album_of_their_own_are_no_members_of_the_uploads_list() -> None:
    with memory() as catalog:
        shelf = Shelf(catalog)
        uploads = Album("uploads", "Uploads outside albums", "uploads", virtual=True)
        catalog.write_now(albums.record_albums, shelf.account, [uploads], 1, NOW)
        shelf.list([["1", "2"]])
        named = Photo("3", album=Album("1", "Lake"), raw="x")
        hidden = Photo("4", album=Album("999", "An album that no list shows"), raw="x")
        page = Page((photo("1"), photo("2"), named, hidden, photo("5")))
        catalog.write_now(listings.begin_listing, 2, "sign", NOW)
        catalog.write_now(listings.record_page, shelf.account, 2, page, NOW)
        assert shelf.members(2) == [("4", 0), ("5", 1)]
