"""Wire shapes become models; nothing that a service may send makes the translation fail."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fbbackup.models import Kind
from fbbackup.sources.graph.failures import UnreadableAnswer, read_json
from fbbackup.sources.graph.fields import ALBUM, PHOTO, VIDEO
from fbbackup.sources.graph.nodes import BadNode, album_from_node, expiry_of, photo_from_node, photos_from
from fbbackup.sources.graph.values import canonical

ALL = frozenset(PHOTO)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*PHOTO, *VIDEO, *ALBUM, "data", "x"]), inner)
    ),
    max_leaves=25,
)


def image(width: Any, height: Any, name: str = "a") -> dict[str, Any]:
    return {"width": width, "height": height, "source": f"https://cdn.test/v/{name}.jpg?oh=x&oe=6A000000"}


def photo(**fields: Any) -> Any:
    return photo_from_node({"id": "1", **fields}, asked=ALL)


@given(JSON)
def test_no_answer_makes_the_translation_of_a_list_fail(items: Any) -> None:
    for asked in (ALL, frozenset(VIDEO), frozenset({"id"})):
        photos, problems = photos_from(items, partial(photo_from_node, asked=asked), "album")
        assert len(photos) + len(problems) == (len(items) if isinstance(items, list) else 1)


@given(
    st.dictionaries(st.sampled_from([*PHOTO, *VIDEO, "webp_images"]), JSON), st.sampled_from([ALL, frozenset(VIDEO)])
)
def test_a_node_with_an_id_always_becomes_a_photo(node: dict[str, Any], asked: frozenset[str]) -> None:
    found = photo_from_node(node | {"id": "77"}, asked=asked)
    assert found.id == "77"
    json.dumps([found.raw, found.caption, found.title, found.link], ensure_ascii=False).encode()
    assert json.loads(found.raw)["id"] == "77"
    assert all(when is None or when.tzinfo is UTC for when in (found.file_date, found.created_at, found.updated_at))


def _file_name(url: str) -> str:
    try:
        return urlsplit(url).path.rpartition("/")[2]
    except ValueError:
        return ""


PIECES = (
    "http://", "https://", "cdn.test", ":80", "[", "]", "/", "//", "v", "a_n.jpg", "..", "%2e", "ü", "?", "oh=x&oe=6A",
    "#", ";", "@", " ", "\n",
)  # fmt: skip
ADDRESSES = st.builds(
    lambda start, rest: start + "".join(rest),
    st.sampled_from(["", "https://", "https://cdn.test/", "https://cdn.test/v/"]),
    st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=7),
)


@given(ADDRESSES)
@example("https://cdn.test/v/t1.2-6/1_2_n.jpg?stp=dst-jpg&oh=00_Af&oe=6B07")
@example("https://cdn.test/a.jpg#b/c")
def test_of_an_address_its_file_name_is_kept(url: str) -> None:
    assert json.loads(canonical({"source": url}))["source"] == _file_name(url)


@given(st.dictionaries(st.sampled_from(list(ALBUM)), JSON))
def test_an_album_node_with_an_id_always_becomes_an_album(node: dict[str, Any]) -> None:
    assert album_from_node(node | {"id": 5}).remote_id == "5"


@pytest.mark.parametrize(
    "node", [None, [], "1", 7, {}, {"id": None}, {"id": ""}, {"id": True}, {"id": 1.5}, {"id": {}}]
)
def test_items_without_an_id_are_problems(node: Any) -> None:
    with pytest.raises(BadNode):
        photo_from_node(node, asked=ALL)


def test_the_largest_image_wins_whatever_the_order() -> None:
    found = photo(images=[image(960, 720), image(2048, 1536, "big"), image("4", "3"), image(600, 450), image(None, 9)])
    assert [(v.width, v.height) for v in found.variants] == [(2048, 1536), (960, 720), (600, 450)]
    assert found.largest is not None
    assert found.largest.expires_at == datetime.fromtimestamp(0x6A000000, UTC)
    assert found.largest.format == "jpeg"


@pytest.mark.parametrize("kept", [("width",), ("height",)])
def test_the_largest_image_wins_by_the_one_side_that_is_told(kept: tuple[str, ...]) -> None:
    sizes = [(48, 36), (960, 720), (130, 98)]
    images = [{"width": width, "height": height, "source": f"https://cdn.test/{width}.jpg"} for width, height in sizes]
    images = [{key: value for key, value in one.items() if key in (*kept, "source")} for one in images]
    photo = photo_from_node({"id": "1", "images": images}, asked=frozenset({"images"}))
    assert photo.largest is not None
    assert photo.largest.url.endswith("960.jpg")


def test_images_win_a_tie_against_webp_images_and_lose_to_larger_ones() -> None:
    tie = photo(webp_images=[image(10, 10, "w")], images=[image(10, 10, "i")])
    assert tie.largest is not None
    assert "/i.jpg" in tie.largest.url
    larger = photo(webp_images=[image(11, 10, "w")], images=[image(10, 10, "i")])
    assert larger.largest is not None
    assert larger.largest.format == "webp"


@pytest.mark.parametrize(
    "images", [None, [], {}, "x", [None], ["a"], [{"width": 5, "height": 5}], [image(5, 5) | {"source": None}]]
)
def test_photos_without_images_are_still_recorded(images: Any) -> None:
    assert photo(images=images).variants == ()


@pytest.mark.parametrize(
    ("fields", "date", "source", "precision"),
    [
        ({"created_time": "2017-03-02T20:11:32+0000"}, "2017-03-02T20:11:32", "created", "second"),
        ({"created_time": "2017-03-02T20:11:32-0530"}, "2017-03-03T01:41:32", "created", "second"),
        ({"created_time": 1488485492}, "2017-03-02T20:11:32", "created", "second"),
        ({"created_time": "1488485492"}, "2017-03-02T20:11:32", "created", "second"),
        ({"created_time": "1970-01-01T00:00:00+0000"}, None, None, None),
        ({"created_time": "0000-00-00T00:00:00+0000"}, None, None, None),
        ({"created_time": "2999-01-01T00:00:00+0000"}, None, None, None),
        ({"created_time": "yesterday"}, None, None, None),
        (
            {
                "created_time": "2017-01-01T00:00:00+0000",
                "backdated_time": "1999-01-01T00:00:00+0000",
                "backdated_time_granularity": "year",
            },
            "1999-01-01T00:00:00",
            "backdated",
            "year",
        ),
        (
            {"backdated_time": "1999-05-01T00:00:00+0000", "backdated_time_granularity": "min"},
            "1999-05-01T00:00:00",
            "backdated",
            "minute",
        ),
        (
            {"backdated_time": "1999-05-01T00:00:00+0000", "backdated_time_granularity": "era"},
            "1999-05-01T00:00:00",
            "backdated",
            "second",
        ),
        (
            {"created_time": "2017-01-01T00:00:00+0000", "backdated_time": "1970-01-01T00:00:00+0000"},
            "2017-01-01T00:00:00",
            "created",
            "second",
        ),
    ],
)
def test_the_file_date(fields: dict[str, Any], date: str | None, source: str | None, precision: str | None) -> None:
    found = photo(**fields)
    assert found.file_date == (datetime.fromisoformat(date).replace(tzinfo=UTC) if date else None)
    assert (found.file_date_source, found.file_date_precision) == (source, precision)


def test_all_that_a_photo_may_say() -> None:
    found = photo(
        name="Dusk \ud83d\ude00 \ud800",
        alt_text="May be a harbour",
        link="https://www.facebook.com/photo.php?fbid=1",
        width="960",
        height=720,
        **{"from": {"name": "Ada", "id": 1000001}},
        album={"id": 9, "name": "Trip"},
        place={
            "id": "11",
            "name": "Old Pier",
            "location": {"city": "Lund", "country": "Sweden", "latitude": 55.7, "longitude": "13.2"},
        },
        tags={"data": [{"id": "5", "name": "Bea", "x": 1.5, "y": 99}, {"name": "Cleo"}, {}, None]},
        comments={
            "data": [
                {"id": "1_2", "message": "Nice", "created_time": "2017-03-02T20:11:32+0000"},
                {"id": "1_3", "from": {"name": "Bea", "id": "5"}, "message": "Yes", "parent": {"id": "1_2"}},
                {},
            ]
        },
        reactions={"data": [{"type": "LOVE"}, {"type": "NEW"}], "summary": {"total_count": 7}},
    )
    assert found.caption is not None
    assert found.caption.startswith("Dusk 😀")
    assert (found.width, found.height, found.from_id, found.from_name) == (960, 720, "1000001", "Ada")
    assert found.album is not None
    assert (found.album.remote_id, found.album.title) == ("9", "Trip")
    assert found.place is not None
    assert (found.place.id, found.place.city, found.place.longitude) == ("11", "Lund", 13.2)
    assert found.people is not None
    assert [(tag.name, tag.person_id, tag.x) for tag in found.people] == [("Bea", "5", 1.5), ("Cleo", None, None)]
    assert found.comments is not None
    assert [(c.id, c.from_name, c.parent_id) for c in found.comments] == [("1_2", None, None), ("1_3", "Bea", "1_2")]
    assert found.reactions == (("LOVE", 1), ("NEW", 1), ("total", 7))
    assert found.absent_fields == frozenset()


def test_what_was_not_asked_is_not_known_rather_than_empty() -> None:
    light = photo_from_node({"id": "1"}, asked=frozenset({"id", "images", "name", "tags"}))
    assert light.people == ()
    assert light.comments is None
    assert light.reactions is None
    assert {"comments", "reactions", "place", "alt_text", "from_id", "link"} <= light.absent_fields
    assert not {"caption", "people"} & light.absent_fields


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ({"name": "Pier", "location": "Lund, Sweden"}, "Pier"),
        ({"location": "Lund, Sweden"}, "Lund, Sweden"),
        ("Lund", "Lund"),
        ({"id": "1", "location": {"located_in": 1.1e14, "street": ""}}, None),
    ],
)
def test_places_in_old_and_new_forms(place: Any, name: str | None) -> None:
    found = photo(place=place).place
    assert found is not None
    assert found.name == name
    assert found.id


def test_old_dicts_of_tags_are_read() -> None:
    found = photo(tags={"4": [{"id": "5", "name": "Bea"}], "9": []}).people
    assert found is not None
    assert [tag.name for tag in found] == ["Bea"]


def test_videos_in_album_listings_are_told_by_their_looks() -> None:
    sizes = [{"width": 640, "height": 480}, {"width": 320, "height": 240, "filter": "native"}]
    node = {"id": "1", "source": "https://video.test/a.mp4?oe=6A000000", "permalink_url": "/ada/videos/1/"}
    found = photo_from_node(node | {"format": sizes}, asked=ALL)
    assert found.kind is Kind.VIDEO
    assert found.link == "https://www.facebook.com/ada/videos/1/"
    assert "title" in found.absent_fields
    assert found.largest is not None
    assert (found.largest.width, found.largest.format) == (320, "mp4")
    bare = photo_from_node({"id": "2"}, asked=frozenset(VIDEO))
    assert (bare.kind, bare.variants) == (Kind.VIDEO, ())
    assert "caption" not in bare.absent_fields


def test_raw_is_the_same_at_every_listing() -> None:
    first = photo(
        images=[image(1, 2), image(3, 4)],
        picture="https://a.test/x/p.jpg?oh=1",
        icon="i",
        comments={"data": [], "paging": {"next": "https://g?access_token=T"}},
    )
    images = [
        {"width": 3, "height": 4, "source": "https://other.test/w/a.jpg?oh=y&oe=7B"},
        {"source": "https://b.test/v/a.jpg?z", "height": 2, "width": 1},
    ]
    second = photo(picture="https://b.test/y/p.jpg?oh=2", images=images, comments={"data": []}, icon="j")
    assert first.raw == second.raw
    assert "?" not in first.raw
    assert "token" not in first.raw


def test_covers_privacy_and_ids_in_old_forms() -> None:
    old = album_from_node(
        {"id": 1, "name": "A", "cover_photo": "55", "privacy": {"value": "SELF"}, "count": "7", "type": "new"}
    )
    new = album_from_node({"id": "1", "cover_photo": {"id": 55}, "location": "Lund"})
    assert (old.cover_photo_id, old.privacy, old.remote_count, old.kind) == ("55", "SELF", 7, "new")
    assert new.cover_photo_id == "55"
    assert new.place is not None


@pytest.mark.parametrize("url", ["https://a/?oe=zz", "https://a/?oe=ffffffffffffffff", "https://a/", "oe=6A000000", ""])
def test_addresses_without_a_believable_expiry(url: str) -> None:
    assert expiry_of(url) is None


def test_json_is_read_whatever_is_wrong_with_it() -> None:
    assert read_json(b'\xef\xbb\xbf{"a": NaN, "a": [-Infinity]}') == {"a": [None]}
    assert read_json(b'{"a": "\xff"}') == {"a": "\ufffd"}
    assert read_json(b"[" + b"9" * 5000 + b"]") == ["9" * 5000]
    for body in (b"[" * 100_000, b"<html>", b"", b'{"a":'):
        with pytest.raises(UnreadableAnswer):
            read_json(body)
