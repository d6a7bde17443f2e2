"""Photo rows: what is kept when a source says less, which date wins, and which keys are chosen."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fbbackup.catalog import Catalog, albums, downloads, fixity, listings, memory, photos, places, withheld
from fbbackup.catalog.downloads import Kept
from fbbackup.catalog.times import stamp
from fbbackup.models import (
    Absence,
    Album,
    Comment,
    Kind,
    Page,
    Photo,
    Picture,
    Place,
    Problem,
    StoredFile,
    Tag,
    Variant,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TAKEN = datetime(2009, 5, 6, 7, 8, 9, tzinfo=UTC)
CREATED = datetime(2012, 1, 1, tzinfo=UTC)


def raw(**fields: Any) -> str:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def record(catalog: Catalog, photo: Photo, now: datetime = NOW) -> photos.Recorded:
    account = catalog.write_now(albums.account, "ada", "graph", NOW)
    return catalog.write_now(photos.record_photos, account, [photo], now)


def row(catalog: Catalog, photo_id: str = "1") -> dict[str, Any]:
    return catalog.read_now(lambda db: dict(db.execute("SELECT * FROM photos WHERE id = ?", (photo_id,)).fetchone()))


def test_a_field_that_was_not_asked_for_keeps_its_value() -> None:
    with memory() as catalog:
        record(catalog, Photo("1", caption="a", place=Place("9", "Pier"), raw=raw(name="a", place="Pier")))
        less = Photo("1", caption="b", absent_fields=frozenset({"place"}), raw=raw(name="b"))
        assert record(catalog, less).changed == ("1",)
        assert (row(catalog)["caption"], row(catalog)["place_id"]) == ("b", "9")
        assert json.loads(row(catalog)["raw"]) == {"name": "b", "place": "Pier"}
        assert record(catalog, less).changed == ()


def test_a_field_that_was_asked_for_and_is_empty_is_empty() -> None:
    with memory() as catalog:
        record(catalog, Photo("1", caption="a", raw=raw(name="a")))
        record(catalog, Photo("1", raw=raw()))
        assert row(catalog)["caption"] is None
        history = catalog.read_now(lambda db: [tuple(r) for r in db.execute("SELECT old, new FROM revisions")])
        assert history == [("a", None)]


def test_words_in_comments_are_never_lost() -> None:
    with memory() as catalog:
        record(catalog, Photo("1", comments=(Comment("c1", "first", from_name="Grace"),), raw="1"))
        record(catalog, Photo("1", comments=(Comment("c1", "edited"), Comment("c2", "second")), raw="2"))
        record(catalog, Photo("1", comments=(), raw="3"))
        kept = catalog.read_now(lambda db: [tuple(r) for r in db.execute("SELECT message, from_name FROM comments")])
        assert kept == [("edited", "Grace"), ("second", None)]
        history = catalog.read_now(lambda db: [tuple(r) for r in db.execute("SELECT field, old, new FROM revisions")])
        assert history == [("comment c1", "first", "edited")]


def test_people_follow_the_source_only_when_it_was_asked() -> None:
    def names() -> list[str]:
        return catalog.read_now(lambda db: [r[0] for r in db.execute("SELECT name FROM photo_people")])

    with memory() as catalog:
        record(catalog, Photo("1", people=(Tag("Grace", "7", 10, 20), Tag("a dog")), raw="1"))
        assert names() == ["Grace", "a dog"]
        record(catalog, Photo("1", people=None, raw="2"))
        assert names() == ["Grace", "a dog"]
        record(catalog, Photo("1", people=(Tag("Grace", "7"),), raw="3"))
        assert names() == ["Grace"]


def test_a_worse_date_never_replaces_a_better_one() -> None:
    with memory() as catalog:
        created = Photo("1", file_date=CREATED, file_date_source="created", file_date_precision="second", raw="1")
        record(catalog, created)
        picture = Picture("image/jpeg", "jpg", 64, 48, taken_at=TAKEN)
        kept = Kept("1", StoredFile("photos/x.jpg", "aa", 5), picture, "graph", None)
        catalog.write_now(downloads.record_files, [kept], NOW)
        assert (row(catalog)["file_date"], row(catalog)["file_date_source"]) == ("2009-05-06T07:08:09Z", "exif")
        record(catalog, Photo("1", file_date=CREATED, file_date_source="created", caption="new", raw="2"))
        assert (row(catalog)["file_date_source"], row(catalog)["caption"]) == ("exif", "new")


def test_last_seen_moves_once_a_day_and_not_more() -> None:
    with memory() as catalog:
        record(catalog, Photo("1", raw="1"))
        record(catalog, Photo("1", raw="1"), NOW + timedelta(hours=5))
        assert row(catalog)["last_seen_at"] == stamp(NOW)
        record(catalog, Photo("1", raw="1"), NOW + timedelta(hours=30))
        assert row(catalog)["last_seen_at"] == stamp(NOW + timedelta(hours=30))


def test_unavailable_photo_becomes_wanted_when_a_variant_shows() -> None:
    with memory() as catalog:
        record(catalog, Photo("1", raw="1"))
        assert row(catalog)["state"] == "unavailable"
        assert row(catalog)["last_error"]
        record(catalog, Photo("1", variants=(Variant("https://cdn.test/1.jpg", 64, 48),), raw="1"))
        assert row(catalog)["state"] == "wanted"


def found(catalog: Catalog, word: str) -> list[str]:
    """Ids of the photos that the search finds."""
    sql = "SELECT p.id FROM photos_fts t JOIN photos p ON p.number = t.rowid WHERE photos_fts MATCH ? ORDER BY p.id"
    return catalog.read_now(lambda db: [r[0] for r in db.execute(sql, (word,))])


def list_photos(catalog: Catalog, *shown: Photo) -> None:
    """One page of an album with these photos, as a run records it."""
    account = catalog.write_now(albums.account, "ada", "graph", NOW)
    catalog.write_now(albums.record_albums, account, [Album("a", "Album")], 0, NOW)
    catalog.write_now(listings.begin_listing, 1, "", NOW)
    catalog.write_now(listings.record_page, account, 1, Page(shown, None), NOW)
    catalog.write_now(listings.settle_listing, 1, NOW)


def test_photos_are_found_by_the_newest_name_of_their_place() -> None:
    with memory() as catalog:
        list_photos(catalog, Photo("1", place=Place("9", "Pier"), raw="1"), Photo("2", raw="2"))
        assert (found(catalog, "pier"), found(catalog, "brighton")) == (["1"], [])
        palace = Place("9", "Palace Pier", "Brighton")
        list_photos(catalog, Photo("2", place=palace, raw="3"), Photo("3", place=palace, raw="4"))
        assert found(catalog, "brighton") == ["1", "2", "3"]
        catalog.write_now(albums.record_albums, 1, [Album("b", "Sea", place=Place("9", "West Pier"))], 1, NOW)
        assert (found(catalog, "palace"), found(catalog, "west")) == ([], ["1", "2", "3"])


SPELLED = (
    Place("9"),
    Place("9", "Pier"),
    Place("9", "Pier", "Brighton"),
    Place("9", "Pier", "Brighton, United Kingdom"),
    Place("9", "Pier", "Brighton", "United Kingdom", 50.8, -0.1),
)
"""One place, as photos of different years tell of it."""


@given(st.permutations(SPELLED))
def test_a_library_that_spells_a_place_in_several_ways_does_not_rename_it_at_every_page(told: list[Place]) -> None:
    with memory() as catalog:
        for place in told:
            catalog.write_now(places.record_places, [place])
        before = catalog.read_now(lambda db: db.total_changes)
        for place in told * 2:
            catalog.write_now(places.record_places, [place])
        assert catalog.read_now(lambda db: db.total_changes) == before
        row = catalog.read_now(lambda db: tuple(db.execute("SELECT * FROM places").fetchone()))
        assert row == ("9", "Pier", "Brighton", "United Kingdom", 50.8, -0.1)


def stored(catalog: Catalog) -> None:
    """A photo with a file, of which the source then shows a larger variant."""
    record(catalog, Photo("1", variants=(Variant("https://cdn.test/1.jpg", 64, 48),), raw="1"))
    kept = Kept("1", StoredFile("photos/x.jpg", "aa", 5), Picture("image/jpeg", "jpg", 64, 48), "graph", None)
    catalog.write_now(downloads.record_files, [kept], NOW)
    assert addresses(catalog) == 0
    record(catalog, Photo("1", variants=(Variant("https://cdn.test/2.jpg", 640, 480),), raw="2"))
    assert (row(catalog)["state"], addresses(catalog)) == ("wanted", 1)


def addresses(catalog: Catalog) -> int:
    return catalog.read_now(lambda db: int(db.execute("SELECT count(*) FROM variants").fetchone()[0]))


def test_a_photo_that_is_gone_before_its_larger_variant_was_read_keeps_its_file() -> None:
    with memory() as catalog:
        stored(catalog)
        catalog.write_now(photos.mark_gone, "1", "does not exist", NOW)
        assert (row(catalog)["state"], addresses(catalog)) == ("stored", 0)


def test_a_photo_whose_larger_variant_is_refused_keeps_its_file() -> None:
    with memory() as catalog:
        stored(catalog)
        catalog.write_now(withheld.record_refusals, [Absence("1", "blocked")], NOW)
        assert (row(catalog)["state"], addresses(catalog)) == ("stored", 0)


def test_a_photo_that_is_gone_and_whose_file_is_damaged_is_not_called_stored() -> None:
    with memory() as catalog:
        stored(catalog)
        (file,) = catalog.read_now(fixity.recorded_files, "", 9)
        catalog.write_now(fixity.record_problems, [(file, Problem.MISSING)], NOW)
        catalog.write_now(photos.mark_gone, "1", "does not exist", NOW)
        assert (row(catalog)["state"], row(catalog)["last_error"]) == ("unavailable", "does not exist")


def test_a_photo_that_came_back_without_a_file_says_why_it_has_none() -> None:
    with memory() as catalog:
        record(catalog, Photo("1", variants=(Variant("https://cdn.test/1.jpg", 64, 48),), raw="1"))
        catalog.write_now(photos.mark_gone, "1", "does not exist", NOW)
        record(catalog, Photo("1", raw="2"))
        assert (row(catalog)["state"], row(catalog)["gone_at"]) == ("unavailable", None)
        assert row(catalog)["last_error"]


@given(st.text(max_size=300), st.none() | st.datetimes(timezones=st.just(UTC)), st.sampled_from(Kind))
def test_keys_are_portable_whatever_the_id(id_: str, date: datetime | None, kind: Kind) -> None:
    stem = photos.key_stem(Photo(id_, kind=kind, file_date=date))
    parts = f"{stem}-99.webp".split("/")
    assert parts[0] == ("videos" if kind is Kind.VIDEO else "photos")
    assert ".." not in parts
    assert all(0 < len(part.encode()) <= 255 for part in parts)
    assert all(part.isascii() and not set(part) & set('<>:"\\|?* ') for part in parts)
    assert unicodedata.normalize("NFC", stem) == stem


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_different_ids_never_share_a_key(one: str, other: str) -> None:
    same = photos.key_stem(Photo(one)).lower() == photos.key_stem(Photo(other)).lower()
    assert same == (one == other) or one.lower() == other.lower()
