"""Nothing of an export is dropped in silence: what is not understood is listed by file and key, and kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fbbackup.sources.export.jsonstream import items
from fbbackup.sources.export.known import Seen
from tests.exports.home import Home
from tests.exports.layouts import damage
from tests.exports.pack import zips
from tests.exports.truth import drawn, jpeg

ROOT = "your_facebook_activity"
POSTS = f"{ROOT}/posts/media/your_posts"
UNCATEGORIZED = f"{ROOT}/posts/your_uncategorized_photos.json"


def node(number: int, **more: Any) -> dict[str, Any]:
    return {"uri": f"{POSTS}/{number}.jpg", "creation_timestamp": 1488485492} | more


def bring_in(home: Home, texts: dict[str, Any], *numbers: int, **files: bytes) -> dict[str, Any]:
    """Imports texts with the pictures of these numbers; the record."""
    bodies = {path: text if isinstance(text, bytes) else json.dumps(text).encode() for path, text in texts.items()}
    bodies |= {f"{POSTS}/{number}.jpg": jpeg(number) for number in numbers}
    home.folder.mkdir(exist_ok=True)
    return home.bring_in(zips(bodies | files, home.folder / "in")).record()


def keys(record: dict[str, Any]) -> set[tuple[str, str, int]]:
    return {(each["file"].rpartition("/")[2], each["key"], each["count"])
            for each in record["coverage"]["not_understood"]}  # fmt: skip


POST = {
    "timestamp": 1488485492,
    "title": "Ada added 2 photos.",
    "data": [{"post": damage("Grüße an alle")}, {"odd_row": 5}],
    "attachments": [
        {"data": [{"media": node(10151, media_metadata={"photo_metadata": {"exif_data": [{"lens": "x", "iso": 100}]},
                                                        "odd_metadata": 3})},
                  {"media": node(10152)}, {"hologram": {"a": 1, "b": {"c": 2}}}], "odd_attachment": 1}
    ],
    "odd_post": True,
}  # fmt: skip


def test_unknown_keys_are_listed_from_every_depth(tmp_path: Path) -> None:
    home = Home(tmp_path)
    found = bring_in(home, {f"{ROOT}/posts/your_posts_1.json": [POST, {"timestamp": 1, "data": [], "odd_post": 2}]},
                     10151, 10152)  # fmt: skip
    where = "your_posts_1.json"
    assert keys(found) == {
        (where, "odd_post", 2), (where, "odd_row", 1), (where, "odd_attachment", 1), (where, "hologram", 1),
        (where, "lens", 1), (where, "odd_metadata", 1),
    }  # fmt: skip
    assert found["exit_code"] == 0
    kept = dict(home.rows("SELECT key, raw FROM not_understood"))
    assert json.loads(kept["hologram"]) == {"a": 1, "b": {"c": 2}}
    assert json.loads(kept["odd_post"]) == [True, 2]


def test_the_words_of_a_post_with_several_photos_are_kept_with_each(tmp_path: Path) -> None:
    home = Home(tmp_path)
    bring_in(home, {f"{ROOT}/posts/your_posts_1.json": [POST]}, 10151, 10152)
    for (raw,) in home.rows("SELECT raw FROM mentions"):
        said = json.loads(raw)["in"]
        assert (said["data"][0]["post"], said["title"]) == (damage("Grüße an alle"), "Ada added 2 photos.")
        assert "10151" not in json.dumps(said)
        assert "10152" not in json.dumps(said)


def test_pictures_of_lists_with_unknown_names_come_in_however_many(tmp_path: Path) -> None:
    photos = [{"timestamp": 1, "attachments": [{"data": [{"media": node(10_151_000 + n)}]}]} for n in range(1200)]
    found = bring_in(Home(tmp_path), {f"{ROOT}/comments/comments.json": {"comments_v9": photos}}, 10_151_003)
    assert (found["new"], found["absent"], keys(found)) == (1200, 1199, {("comments.json", "comments_v9", 1200)})


def test_every_item_of_an_unknown_file_is_kept(tmp_path: Path) -> None:
    things = [{"thing": n} for n in range(50)]
    home = Home(tmp_path)
    found = bring_in(home, {f"{ROOT}/other/list.json": things, f"{ROOT}/other/object.json": {"things_v1": things}})
    assert (found["coverage"]["json_files"], found["coverage"]["kept_raw"]) == (2, 2)
    assert keys(found) >= {("list.json", "(item)", 50), ("object.json", "things_v1", 50)}
    kept = dict(home.rows("SELECT key, raw FROM not_understood"))
    assert json.loads(kept["(item)"]) == json.loads(kept["things_v1"]) == things


def test_a_flood_of_unknown_keys_fills_no_memory() -> None:
    seen = Seen()
    for number in range(5000):
        seen.note(f"key {number}", "x" * 20_000)
    kept = sum(len(met.raw) for met in seen.keys.values())
    assert sum(met.count for met in seen.keys.values()) == 5000
    assert kept < 9 << 20
    many = Seen()
    for _ in range(100):
        many.note("key", "x" * 100_000)
    assert json.loads(many.keys["key"].raw)[-1] == {"cut": 90}


def test_a_page_without_pictures_is_kept(tmp_path: Path) -> None:
    home = Home(tmp_path)
    found = bring_in(home, {f"{ROOT}/friends/your_friends.html": b"<html><body>Bo Example</body></html>"})
    assert (found["coverage"]["html_files"], found["coverage"]["kept_raw"]) == (1, 1)
    assert keys(found) == {("your_friends.html", "(page)", 1)}
    assert "Bo Example" in home.value("SELECT raw FROM not_understood")


def test_what_is_no_picture_of_the_person_is_not_missed(tmp_path: Path) -> None:
    sticker = f"{ROOT}/posts/media/stickers_used/1_2_3_n_369239263222822.png"
    texts = {
        UNCATEGORIZED: {"other_photos_v2": [node(10151), {"uri": f"{POSTS}/letter.pdf", "creation_timestamp": 1}]},
        f"{ROOT}/posts/your_posts_1.json": [
            {"timestamp": 1, "attachments": [{"data": [{"media": {"uri": sticker, "creation_timestamp": 1}}]}]}
        ],
        sticker: jpeg(3),
    }
    found = bring_in(Home(tmp_path), texts, 10151)
    assert (found["new"], found["absent"], found["unlisted"], found["exit_code"]) == (1, 0, 0, 0)
    assert found["coverage"]["media_left_out"] == 1


@pytest.mark.parametrize("inside", [True, False])
def test_the_picture_that_facebook_made_of_a_video_is_no_photo(inside: bool, tmp_path: Path) -> None:
    video = next(photo for photo in drawn(photos=30).photos if photo.video)
    uri, thumbnail = f"{ROOT}/posts/media/videos/10154000.mp4", f"{ROOT}/posts/media/videos/thumbs/1_2_3_n.jpg"
    values: dict[str, Any] = {"exif_data": [{"upload_timestamp": 0}]}
    listed: dict[str, Any] = {
        "uri": uri,
        "creation_timestamp": 1488485300,
        "media_metadata": {"video_metadata": values},
    }
    (values if inside else listed)["thumbnail"] = {"uri": thumbnail}
    texts = {f"{ROOT}/posts/your_videos.json": {"videos_v2": [listed]}, uri: video.body, thumbnail: jpeg(4)}
    found = bring_in(Home(tmp_path), texts)
    assert (found["new"], found["unlisted"], found["coverage"]["media_left_out"], keys(found)) == (1, 0, 1, set())


@pytest.mark.parametrize("text", [{"name": "Empty", "photos": []}, {"name": "Empty"}])
def test_an_empty_album_is_an_album(text: dict[str, Any], tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert keys(bring_in(home, {f"{ROOT}/posts/album/3.json": text})) == set()
    assert home.members() == {"Empty": set()}


@pytest.mark.parametrize("there", [True, False])
def test_a_cover_that_the_list_lacks_belongs_to_its_album_when_it_is_there(there: bool, tmp_path: Path) -> None:
    home = Home(tmp_path)
    text = {"name": "Trip", "photos": [node(10151)], "cover_photo": node(10152)}
    found = bring_in(home, {f"{ROOT}/posts/album/3.json": text}, 10151, *([10152] if there else []))
    assert (found["exit_code"], found["unlisted"]) == (0, 0)
    assert home.members() == {"Trip": {"10151", "10152"} if there else {"10151"}}


def test_all_that_a_conversation_holds_is_known(tmp_path: Path) -> None:
    folder = f"{ROOT}/messages/inbox/bo_123456"
    said: dict[str, Any] = {"sender_name": "Bo", "timestamp_ms": 1488485492000}
    messages = [
        said | {"photos": [{"uri": f"{folder}/photos/10151000.jpg", "creation_timestamp": 1488485492}]},
        said | {"sticker": {"uri": f"{ROOT}/messages/stickers_used/10151001.png", "ai_stickers": []}},
        said | {"audio_files": [{"uri": f"{folder}/audio/10151002.mp4", "creation_timestamp": 1488485492}]},
        said | {"files": [{"uri": f"{folder}/files/letter.pdf", "creation_timestamp": 1488485492}]},
        said | {"content": "hi", "reactions": [{"reaction": "x", "actor": "Ada"}], "is_unsent": False},
    ]
    thread = {"participants": [{"name": "Bo"}], "title": "Bo", "thread_path": "inbox/bo_123456", "messages": messages,
              "image": {"uri": f"{folder}/photos/10151003.jpg", "creation_timestamp": 1}}  # fmt: skip
    files = {f"{folder}/message_1.json": json.dumps(thread).encode(),
             f"{folder}/audio/10151002.mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"} | {
        path: jpeg(7) for path in (f"{folder}/photos/10151000.jpg", f"{ROOT}/messages/stickers_used/10151001.png")
    } | {f"{folder}/photos/10151003.jpg": jpeg(8)}  # fmt: skip
    home = Home(tmp_path)
    done = home.bring_in(zips(files, tmp_path / "in"), messages=True)
    assert (done.exit_code, keys(done.record())) == (0, set())
    assert home.members() == {"Bo": {"10151000", "10151003"}}


def test_a_text_may_have_a_mark_at_its_start_and_ends_of_lines_of_windows(tmp_path: Path) -> None:
    text = json.dumps({"other_photos_v2": [node(10151, description="one\r\ntwo")]}, indent=1).replace("\n", "\r\n")
    home = Home(tmp_path)
    bring_in(home, {UNCATEGORIZED: b"\xef\xbb\xbf" + text.encode()}, 10151)
    assert home.told()["10151"][0] == "one\r\ntwo"
    assert list(items([b"\xef\xbb\xbf[1]"])) == [(None, 1)]
