"""Answers of the legacy interface in all their shapes, and the signature of its calls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fbbackup.models import Album
from fbbackup.sources.legacy.answers import Refused, UnreadableAnswer, read_answer
from fbbackup.sources.legacy.api import signature
from fbbackup.sources.legacy.nodes import BadNode, album_from_node, photo_from_node

EXAMPLE = """<?xml version="1.0" encoding="UTF-8"?>
<photos_get_response xmlns="http://api.facebook.com/1.0/" list="true"> <photo> <pid>77</pid> <aid>5</aid>
<owner>9</owner> <src>http://ip002.facebook.com/v11/s9_77.jpg</src>
<src_big>http://ip002.facebook.com/v11/n9_77.jpg</src> <src_small></src_small>
<link>http://www.facebook.com/photo.php?pid=77&id=9</link> <caption>Cats & dogs &lt;3</caption>
<created>1132553361</created> </photo> </photos_get_response>"""
CROSSED = EXAMPLE.replace("</src_big>", "</src>")


def test_the_published_vector_is_signed_as_published() -> None:
    call = {"aid": "42949672960007", "api_key": "k0123", "call_id": "1700000000.5", "format": "JSON",
            "method": "facebook.photos.get", "session_key": "s-10", "v": "1.0"}  # fmt: skip
    assert signature(call, "sekret") == "c43d035a0097c88a62381d6b12d7a44e"
    assert signature({**call, "sig": "old"}, "sekret") == signature(call, "sekret")


@pytest.mark.parametrize("example", [EXAMPLE, CROSSED])
def test_xml_as_the_old_service_printed_it_is_read(example: str) -> None:
    (node,) = read_answer(example.encode())
    photo = photo_from_node(node)
    assert (photo.id, photo.caption, photo.from_id) == ("pid:77", "Cats & dogs <3", "9")
    assert photo.link == "http://www.facebook.com/photo.php?pid=77&id=9"
    assert photo.created_at is not None
    assert photo.created_at.isoformat() == "2005-11-21T06:09:21+00:00"
    assert [variant.url.rpartition("/")[2] for variant in photo.variants] == ["n9_77.jpg", "s9_77.jpg"]
    assert photo.album == Album("aid:5", "")


@pytest.mark.parametrize(
    "body",
    [
        '[{"pid": 4294967300324967303, "caption": "x"}]',
        'show([{"pid": "4294967300324967303", "caption": "x"}]);',
        '{"0": {"pid": "4294967300324967303", "caption": "x"}}',
        '{"pid": "4294967300324967303", "caption": "x"}',
        "show(<photos_get_response><photo><pid>4294967300324967303</pid><caption>x</caption></photo>"
        "</photos_get_response>);",
        'show("<photos_get_response><photo><pid>4294967300324967303</pid><caption>x</caption></photo>'
        '</photos_get_response>");',
        "\ufeff<photos_get_response><photo><pid>4294967300324967303</pid><caption>x\x0b</caption></photo>"
        "</photos_get_response>",
    ],
)
def test_every_wrapping_holds_the_same_photo(body: str) -> None:
    (node,) = read_answer(body.encode())
    assert photo_from_node(node).id == "pid:4294967300324967303"


@pytest.mark.parametrize("body", ["[]", "{}", '""', "", "null", "<photos_get_response/>", "f([]);", "/**/ a.f([]) ;"])
def test_nothing_found_is_an_empty_list(body: str) -> None:
    if body == "":
        with pytest.raises(UnreadableAnswer):
            read_answer(b"")
        return
    assert read_answer(body.encode()) == []


@pytest.mark.parametrize(
    "body",
    [
        '{"error_code": 102, "error_msg": "Session key invalid", "request_args": []}',
        'f({"error_code": "102", "error_msg": "Session key invalid"});',
        '<error_response xmlns="http://api.facebook.com/1.0/"><error_code>102</error_code>'
        "<error_msg>Session key invalid</error_msg></error_response>",
    ],
)
def test_error_answers_are_told_by_their_code(body: str) -> None:
    with pytest.raises(Refused, match="error 102: Session key invalid") as caught:
        read_answer(body.encode())
    assert caught.value.code == 102


@pytest.mark.parametrize(
    "body",
    [
        "<html><body>Log in</body></html>",
        "<photos_get_response><photo>",
        '<!DOCTYPE x [<!ENTITY a "aaaa">]><photos_get_response><photo><pid>&a;</pid></photo></photos_get_response>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><photos_get_response/>',
        "[1, 2",
        "true",
        "[" * 100_000,
    ],
)
def test_what_is_no_answer_is_refused(body: str) -> None:
    with pytest.raises(UnreadableAnswer):
        assert read_answer(body.encode()) == ["something"]


@pytest.mark.parametrize("inside", ["<a>" * 21, "<a>" * 300_000, "<a/>" * 200_001], ids=["deep", "deeper", "long"])
def test_a_forest_is_refused_before_it_fills_the_memory(inside: str) -> None:
    with pytest.raises(UnreadableAnswer, match="deeper or longer than any answer"):
        read_answer(f"<photos_get_response>{inside}".encode())


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        found = read_answer(body)
    except (UnreadableAnswer, Refused):
        return
    assert all(isinstance(value, str) for node in found for value in node.values())


FIELDS = ("pid", "aid", "owner", "src", "src_big", "created", "modified", "caption", "name", "size", "link")


@given(st.dictionaries(st.sampled_from(FIELDS), st.text()))
def test_any_object_is_a_photo_and_an_album_once_it_has_ids(node: dict[str, str]) -> None:
    node = {**node, "pid": "7", "aid": "8"}
    assert (photo_from_node(node).id, album_from_node(node).remote_id) == ("pid:7", "aid:8")


@pytest.mark.parametrize("node", [{}, {"pid": "", "aid": " "}, {"pid": "a b", "aid": "\u0661"}])
def test_an_object_without_its_id_says_so(node: dict[str, str]) -> None:
    with pytest.raises(BadNode, match="without a pid"):
        photo_from_node(node)
    with pytest.raises(BadNode, match="without an aid"):
        album_from_node(node)


def test_an_answer_without_a_large_picture_falls_back_to_the_next_size() -> None:
    photo = photo_from_node({"pid": "1", "src_big": " ", "src": "", "src_small": "http://a.test/t1.jpg"})
    assert [variant.url for variant in photo.variants] == ["http://a.test/t1.jpg"]
    assert photo_from_node({"pid": "1", "src_big": ""}).variants == ()


def test_the_same_picture_from_another_host_is_no_change() -> None:
    first = photo_from_node({"pid": "1", "src_big": "http://ip001.facebook.com/v1/n1.jpg"})
    second = photo_from_node({"pid": "1", "src_big": "http://ip002.facebook.com/v1/n1.jpg"})
    assert first.raw == second.raw


@pytest.mark.parametrize("created", ["0", "-5", "4000000000", "soon", "", "1e400"])
def test_placeholders_are_no_dates(created: str) -> None:
    photo = photo_from_node({"pid": "1", "created": created})
    assert (photo.created_at, photo.file_date, photo.file_date_source) == (None, None, None)


def test_the_date_is_of_the_kind_that_everything_else_compares_with() -> None:
    assert photo_from_node({"pid": "1", "created": "1132553361"}).file_date_source == "created"
