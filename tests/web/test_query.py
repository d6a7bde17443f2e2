"""Search: what people type, however they type it."""

from __future__ import annotations

from collections.abc import Iterator
from sqlite3 import Connection

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fbbackup.catalog import Catalog, memory, query
from fbbackup.catalog.query import parse
from fbbackup.catalog.search import index_photos

PHOTOS = {
    "1": ("A lake in summer", "2014-07-05T10:00:00Z", "photo", None),
    "2": ("The summer house", "2015-01-01T00:00:00Z", "photo", None),
    "3": ("House, not of summer", "2016-12-31T23:59:59Z", "photo", "2020-01-01T00:00:00Z"),
    "4": ("Sünset über Öland", None, "photo", None),
    "5": (None, "2014-07-06T10:00:00Z", "video", None),
}


def fill(db: Connection) -> None:
    db.execute("INSERT INTO accounts (name, source, added_at) VALUES ('ada', 'graph', '')")
    db.execute("INSERT INTO albums (id, account_id, remote_id, title, kind, first_seen_at, last_seen_at) "
               "VALUES (1, 1, 'a', 'Lake trips', 'normal', '', '')")  # fmt: skip
    db.execute("INSERT INTO people VALUES ('p', 'Ada Example')")
    db.execute("INSERT INTO places (id, name, city) VALUES ('o', 'Old pier', 'Oslo')")
    for id_, (caption, date, kind, gone) in PHOTOS.items():
        db.execute("INSERT INTO files (sha256, key, bytes, content_type, stored_at) VALUES (?, ?, 1, 'image/jpeg', '')",
                   (id_ * 64, id_))  # fmt: skip
        db.execute(
            "INSERT INTO photos (id, account_id, kind, caption, file_date, first_seen_at, last_seen_at, state, sha256, "
            "key_stem, gone_at, place_id) VALUES (?, 1, ?, ?, ?, '', '', 'stored', ?, '', ?, ?)",
            (id_, kind, caption, date, id_ * 64, gone, "o" if id_ in "12" else None),
        )
    db.execute("INSERT INTO album_photos VALUES (1, '1', 0, '', '', NULL), (1, '5', 1, '', '', NULL)")
    db.execute("INSERT INTO photo_people (photo_id, person_id, name) VALUES ('2', 'p', 'Ada Example')")
    index_photos(db, list(PHOTOS), fresh=True)


def ids(db: Connection, text: str) -> list[str]:
    return [row["id"] for row in query.found(db, parse(text), None, 50)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("summer", {"1", "2", "3"}), ("SUMMER lake", {"1"}), ('"summer house"', {"2"}), ("house summer", {"2", "3"}),
        ("summer -house", {"1"}), ('summer -"summer house"', {"1", "3"}), ("sun*", {"4"}), ("sunset", {"4"}),
        ("oland", {"4"}), ("ÖLAND", {"4"}), ("album:Lake", {"5", "1"}), ('album:"Lake trips"', {"5", "1"}),
        ("person:Ada", {"2"}), ('person:"Ada Example"', {"2"}), ("place:Oslo", {"1", "2"}), ("place:pier", {"1", "2"}),
        ("from:2015", {"2", "3"}), ("to:2014", {"1", "5"}), ("from:2014-07-06 to:2015-01", {"5", "2"}),
        ("to:2016-12-31", {"1", "2", "3", "5"}), ("has:caption", {"1", "2", "3", "4"}), ("is:video", {"5"}),
        ("gone:yes", {"3"}), ("summer gone:no", {"1", "2"}), ("has:people", {"2"}), ("has:place summer", {"1", "2"}),
        ("has:comments", set()), ("caption:lake", {"1"}), ("lake", {"1", "5"}), ("", set()), ("-summer", set()),
        ("nothing:special", set()), ("AND", set()), ("summer OR", set()), ("from:then", set()), ("NEAR(a b)", set()),
        ("caption:", set()), ('"', set()), ("*", set()), ("^summer", {"1", "2", "3"}), ("{summer}", {"1", "2", "3"}),
    ],
)  # fmt: skip
def test_questions(text: str, wanted: set[str]) -> None:
    with memory() as catalog:
        catalog.write_now(fill)
        assert set(catalog.read_now(ids, text)) == wanted


def test_without_words_the_newest_come_first_with_words_the_best() -> None:
    with memory() as catalog:
        catalog.write_now(fill)
        assert catalog.read_now(ids, "has:caption") == ["3", "2", "1", "4"]
        assert catalog.read_now(ids, "summer house")[0] in ("2", "3")
        pages, key = [], None
        while rows := catalog.read_now(query.found, parse("summer"), key, 1):
            pages.append(rows[0]["id"])
            key = (rows[0]["first_key"], rows[0]["second_key"])
        assert sorted(pages) == ["1", "2", "3"]


def test_what_is_not_understood_is_told() -> None:
    assert "no date" in parse("from:yesterday lake").problems[0]
    assert "has:place" in parse("has:nothing").problems[0]
    assert parse(" ".join(["w"] * 100)).problems
    assert query.widened('sun -rain album:Lake "a b" moon*') == 'sun* -rain album:Lake "a b" moon*'


@pytest.fixture(scope="module")
def shared() -> Iterator[Catalog]:
    """One catalog for all examples."""
    with memory() as catalog:
        catalog.write_now(fill)
        yield catalog


PIECES = (*"\"*-:()^+{}aö\0';", "AND", "NOT", "NEAR", "album:", "from:")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80) | st.lists(st.sampled_from(PIECES)).map("".join))
def test_nothing_that_is_typed_is_an_error(shared: Catalog, text: str) -> None:
    assert set(shared.read_now(ids, text)) <= PHOTOS.keys()
    assert set(shared.read_now(ids, query.widened(text))) <= PHOTOS.keys()
    assert len(shared.read_now(lambda db: list(query.suggestions(db, text, 5)))) <= 5
