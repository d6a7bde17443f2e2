"""Answers of the legacy interface that somebody saved: alone, in folders, beside their pictures."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from fbbackup.errors import ConfigError
from tests.exports.home import Home
from tests.sources.rpc_server import picture

HOST = "http://ip002.facebook.com/v11/135/18/8055"
EXAMPLE = f"""| <?xml version="1.0" encoding="UTF-8"?> <photos_get_response xmlns="http://api.facebook.com/1.0/"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://api.facebook.com/1.0/ http://api.facebook.com/1.0/facebook.xsd" list="true">
<photo> <pid>34585991612804</pid> <aid>34585963571485</aid> <owner>1240077</owner> <src>{HOST}/s1240077_1.jpg</src>
<src_big>{HOST}/n1240077_1.jpg</src> <src_small>{HOST}/t1240077_1.jpg</src_small>
<link>http://www.facebook.com/photo.php?pid=30043524&id=8055</link> <caption>From The Deathmatch (1999)</caption>
<created>1132553361</created> </photo>
<photo> <pid>34585991612805</pid> <aid>34585963571485</aid> <owner>1240077</owner> <src></src> <src_big></src_big>
<src_small></src_small> <link>http://www.facebook.com/photo.php?pid=30043525&id=8055</link>
<caption>Mexico City</caption> <created>1132553362</created> </photo> </photos_get_response> |"""
FIRST, SECOND = "pid:34585991612804", "pid:34585991612805"
AS_JSON = json.dumps(
    [
        {"pid": 34585991612804, "aid": "34585963571485", "src_big": f"{HOST}/n1240077_1.jpg", "created": 1132553361,
         "caption": "From The Deathmatch (1999)", "link": "http://www.facebook.com/photo.php?pid=30043524&id=8055"},
        {"pid": "34585991612805", "aid": "34585963571485", "src_big": "", "created": "1132553362",
         "caption": "Mexico City", "link": "http://www.facebook.com/photo.php?pid=30043525&id=8055"},
    ]
)  # fmt: skip
ALBUMS = '[{"aid": "34585963571485", "name": "Films", "size": 2, "created": 1132553000, "description": "Old ones"}]'


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "saved").mkdir()
    return Home(tmp_path)


def saved(home: Home, name: str, text: str) -> Path:
    path = home.folder / "saved" / name
    path.write_text(text)
    return path


def photos(home: Home) -> dict[str, tuple[Any, ...]]:
    rows = home.rows("SELECT id, state, caption, file_date, file_date_source, link, last_error FROM photos")
    return {row[0]: row[1:] for row in rows}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("photos.xml", EXAMPLE), ("photos.get", EXAMPLE), ("photos.txt", EXAMPLE), ("photos.json", AS_JSON),
        ("photos.js", f"show({AS_JSON});"), ("photos.json", json.dumps(dict(enumerate(json.loads(AS_JSON))))),
    ],
)  # fmt: skip
def test_photos_of_a_saved_answer_are_there_without_their_dead_pictures(home: Home, name: str, text: str) -> None:
    done = home.bring_in([saved(home, name, text)])
    assert (done.exit_code, done.result.new, done.result.dead, done.refused) == (0, 2, 2, [])
    assert done.record()["dead"] == 2
    assert "up to date" in done.lines()[-1]
    first, second = photos(home)[FIRST], photos(home)[SECOND]
    assert first[:5] == (
        "unavailable", "From The Deathmatch (1999)", "2005-11-21T06:09:21Z", "created",
        "http://www.facebook.com/photo.php?pid=30043524&id=8055",
    )  # fmt: skip
    assert f"{HOST}/n1240077_1.jpg" in first[5]
    assert second[:3] == ("unavailable", "Mexico City", "2005-11-21T06:09:22Z")
    assert "no address" in second[5]
    assert home.members() == {"Album 34585963571485": {FIRST, SECOND}}
    assert home.findings() == []


def test_albums_of_other_answers_name_theirs(home: Home) -> None:
    folder = saved(home, "photos.xml", EXAMPLE).parent
    saved(home, "albums.json", ALBUMS)
    assert home.bring_in([folder]).exit_code == 0
    assert home.members() == {"Films": {FIRST, SECOND}}
    assert home.rows("SELECT remote_id, description FROM albums") == [("aid:34585963571485", "Old ones")]
    before = home.everything()
    assert home.bring_in([folder]).result.new == 0
    assert home.everything() == before


@pytest.mark.parametrize("size", ["n", "s"])
def test_pictures_that_lie_beside_the_answer_are_taken(home: Home, size: str) -> None:
    folder = saved(home, "photos.xml", EXAMPLE).parent
    body = picture(1, 32, "JPEG")
    (folder / "pictures").mkdir()
    (folder / "pictures" / f"{size}1240077_1.jpg").write_bytes(body)
    done = home.bring_in([folder])
    assert (done.result.stored, done.result.dead, done.result.unlisted) == (1, 1, 0)
    assert home.bodies() == {FIRST: sha256(body).hexdigest()}


BOMB = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
ANSWER = "<photos_get_response><photo><pid>1</pid><caption>&b;</caption></photo></photos_get_response>"
REFUSED = {
    "entity bomb": BOMB + ANSWER,
    "external entity": OUTSIDE + ANSWER.replace("&b;", "&a;"),
    "parameter entities": f'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY % a "x">%a;]>{ANSWER}',
    "error answer": "<error_response><error_code>102</error_code><error_msg>Session ended</error_msg></error_response>",
    "error as JSON": '{"error_code": 4, "error_msg": "too many"}',
    "broken XML": "<photos_get_response><photo><pid>1</pid>",
    "deep JSON": '{"pid": ' + "[" * 100_000,
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_named_and_stops_nothing_else(home: Home, name: str) -> None:
    folder = saved(home, "good.xml", EXAMPLE).parent
    saved(home, "odd.xml", REFUSED[name])
    done = home.bring_in([folder])
    assert set(photos(home)) == {FIRST, SECOND}
    assert done.exit_code == 4
    (line,) = done.refused
    assert "odd.xml" in line
    assert "\n" not in line


def test_a_bomb_alone_brings_in_nothing(home: Home) -> None:
    done = home.bring_in([saved(home, "bomb.xml", REFUSED["entity bomb"])])
    assert (done.exit_code, photos(home)) == (4, {})
    assert "definitions of its own" in done.refused[0]


@pytest.mark.parametrize("text", ["<kml><Placemark/></kml>", "just words", ""])
def test_other_texts_alone_are_no_import(home: Home, text: str) -> None:
    with pytest.raises(ConfigError, match="nothing to import"):
        home.bring_in([saved(home, "other.xml", text)])


def test_an_answer_without_photos_is_fine(home: Home) -> None:
    done = home.bring_in([saved(home, "none.xml", "<photos_get_response list='true'></photos_get_response>")])
    assert (done.exit_code, done.result.new, done.refused) == (0, 0, [])


def test_tags_and_other_answers_are_kept_as_they_are(home: Home) -> None:
    tags = "<photos_getTags_response><photo_tag><pid>1</pid><subject>2</subject></photo_tag></photos_getTags_response>"
    done = home.bring_in([saved(home, "tags.xml", tags)])
    assert photos(home) == {}
    assert done.result.coverage["not_understood"][0]["file"] == "tags.xml"
