"""What real exports do to paths, names and values: addresses with faults, files in other places, odd shapes."""

from __future__ import annotations

import json
import struct
import threading
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from fbbackup.errors import ArchiveUnusable, BadPicture
from fbbackup.sources.export.names import Name, album_of, name_of
from fbbackup.thumbnails.child import Decoders
from tests.exports.home import Home
from tests.exports.layouts import FOUR, ONE, Layout, damage
from tests.exports.pack import unpacked, zips
from tests.exports.truth import Truth, drawn, jpeg

ALBUM = "your_facebook_activity/posts/album/0.json"
MEDIA = "your_facebook_activity/posts/media/Trip_10150000000000900"
BODY = jpeg(123)


def export(photo: dict[str, Any], **more: Any) -> dict[str, bytes]:
    return {ALBUM: json.dumps({"name": "Trip", "photos": [photo], **more}).encode()}


def one(home: Home, files: dict[str, bytes], tmp_path: Path) -> dict[str, Any]:
    """Imports; the record, and the one photo's row."""
    done = home.bring_in(zips(files, tmp_path / "in"))
    rows = home.rows("SELECT id, state, file_date, file_date_source, latitude, caption FROM photos")
    assert len(rows) == 1
    return done.record() | dict(
        zip(("id", "state", "date", "date_source", "latitude", "caption"), rows[0], strict=True)
    )


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        (f"{MEDIA}/10151.jpg", f"{MEDIA}/10151.jpg"),
        ("posts/media/Trip_10150000000000900/10151.jpg", f"{MEDIA}/10151.jpg"),
        (f"your_facebook_activity/{MEDIA}/10151.jpg", f"{MEDIA}/10151.jpg"),
        (f"{MEDIA}/10151.jpg", "posts/media/Trip_10150000000000900/10151.jpg"),
        (f"{MEDIA}/10151.jpg", f"meta-2024-Mar-05-10-11-12/{MEDIA}/10151.jpg"),
        (f"{MEDIA}/10151.jpg", f"{MEDIA}/10151.png"),
        (f"{MEDIA}/10151.jpg", f"{MEDIA}/10151"),
        (f"{MEDIA}/10151", f"{MEDIA}/10151.jpg"),
        (f"{MEDIA}/10151.jpg", f"{MEDIA}/10151 (2).jpg"),
        (f"{MEDIA}/10151.jpg", f"{MEDIA.upper()}/10151.JPG"),
        (damage("posts/media/Übung_10150000000000900/10151.jpg"), "posts/media/Übung_10150000000000900/10151.jpg"),
        (damage("posts/media/Übung_900/10151.jpg"), damage("posts/media/Übung_900/10151.jpg")),
        ("https://scontent.xx.fbcdn.net/v/t1/11_10151_22_n.jpg?oe=1", "photos_and_videos/A_x/11_10151_22_n_10151.jpg"),
    ],
)
def test_an_address_finds_its_file(uri: str, path: str, tmp_path: Path) -> None:
    home = Home(tmp_path)
    found = one(home, export({"uri": uri, "creation_timestamp": 1488485492}) | {path: BODY}, tmp_path)
    assert (found["id"], found["state"], found["absent"], found["unlisted"]) == ("10151", "stored", 0, 0)


@pytest.mark.parametrize("uri", ["https://interncache.fbcdn.net/1_2_3_n.jpg", "posts/media/gone_1/555555.jpg"])
def test_a_listed_photo_without_a_file_is_a_row_that_is_not_stored(uri: str, tmp_path: Path) -> None:
    found = one(Home(tmp_path), export({"uri": uri, "creation_timestamp": 1488485492}), tmp_path)
    assert (found["state"], found["absent"], found["exit_code"]) == ("unavailable", 1, 4)


def test_an_empty_file_counts_as_absent_and_is_told(tmp_path: Path) -> None:
    found = one(Home(tmp_path), export({"uri": f"{MEDIA}/10151.jpg"}) | {f"{MEDIA}/10151.jpg": b""}, tmp_path)
    assert (found["state"], found["absent"], found["skipped"], found["exit_code"]) == ("unavailable", 1, 1, 4)
    assert "is empty" in found["refused"][0]


def test_what_is_no_picture_is_told_and_stays_absent(tmp_path: Path) -> None:
    found = one(Home(tmp_path), export({"uri": f"{MEDIA}/10151.jpg"}) | {f"{MEDIA}/10151.jpg": b"<html>"}, tmp_path)
    assert (found["state"], found["skipped"], found["exit_code"]) == ("unavailable", 1, 4)
    assert "HTML" in found["refused"][0]


def test_the_extension_follows_the_bytes(tmp_path: Path) -> None:
    home = Home(tmp_path)
    one(home, export({"uri": f"{MEDIA}/10151.png"}) | {f"{MEDIA}/10151.png": BODY}, tmp_path)
    assert home.value("SELECT key FROM files").endswith("_10151.jpg")


@pytest.mark.parametrize(
    ("values", "date", "source"),
    [
        ({"taken_timestamp": 1488400000}, "2017-03-01T20:26:40Z", "taken"),
        ({"taken_timestamp": -1000000}, "1969-12-20T10:13:20Z", "taken"),
        ({"taken_timestamp": -62169958800}, "2017-03-02T20:11:32Z", "created"),
        ({"taken_timestamp": 0}, "2017-03-02T20:11:32Z", "created"),
        ({"taken_timestamp": 9999999999}, "2017-03-02T20:11:32Z", "created"),
        ({"taken_timestamp": "yesterday"}, "2017-03-02T20:11:32Z", "created"),
        ({"taken_timestamp": 10**40}, "2017-03-02T20:11:32Z", "created"),
        ({"latitude": 0, "longitude": 0}, "2017-03-02T20:11:32Z", "created"),
        ({"latitude": 91, "longitude": 0}, "2017-03-02T20:11:32Z", "created"),
    ],
)
@pytest.mark.parametrize("flat", [True, False])
def test_nonsense_among_the_values_is_left_out(
    values: dict[str, Any], date: str, source: str, flat: bool, tmp_path: Path
) -> None:
    inner = values if flat else {"exif_data": [{"upload_ip": "192.0.2.1"}, values]}
    photo = {"uri": f"{MEDIA}/10151.jpg", "creation_timestamp": 1488485492, "media_metadata": {"photo_metadata": inner}}
    found = one(Home(tmp_path), export(photo) | {f"{MEDIA}/10151.jpg": BODY}, tmp_path)
    assert (found["date"], found["date_source"], found["latitude"]) == (date, source, None)


def test_a_photo_that_several_texts_name_is_one_row(tmp_path: Path) -> None:
    uri = f"{MEDIA}/10151.jpg"
    post = {"timestamp": 1, "data": [{"post": "words"}], "attachments": [{"data": [{"media": {"uri": uri}}]}]}
    files = export({"uri": uri, "creation_timestamp": 1488485492, "description": "in the album"})
    files["your_facebook_activity/posts/your_posts_1.json"] = json.dumps([post, post]).encode()
    files["your_facebook_activity/posts/your_uncategorized_photos.json"] = json.dumps(
        {"other_photos_v2": [{"uri": uri, "description": "loose"}]}
    ).encode()
    home = Home(tmp_path)
    assert one(home, files | {uri: BODY}, tmp_path)["caption"] == "in the album"
    assert home.members() == {"Trip": {"10151"}}


@pytest.mark.parametrize("lone", [True, False])
def test_a_lone_object_stands_for_a_list_of_one(lone: bool, tmp_path: Path) -> None:
    uri = f"{MEDIA}/10151.jpg"
    place = {"place": {"name": damage("Malmö"), "coordinate": {"latitude": 55.6, "longitude": 13.0}}}
    post = {"timestamp": 1488485492, "data": [{"post": "here"}, {}], "tags": ["Bo"],
            "attachments": [{"data": [{"media": {"uri": uri}}]}, {"data": [place]}]}  # fmt: skip
    home = Home(tmp_path)
    done = home.bring_in(zips({"posts/check-ins.json": json.dumps(post if lone else [post]).encode(), uri: BODY},
                              tmp_path / "in"))  # fmt: skip
    assert (done.exit_code, done.record()["coverage"]["understood"]) == (0, 1)
    assert home.told()["10151"][3:6] == ("Malmö", 55.6, 13.0)
    assert (home.told()["10151"][0], home.told()["10151"][7]) == ("here", {"Bo"})


def test_what_is_not_understood_is_listed_and_kept(tmp_path: Path) -> None:
    uri = f"{MEDIA}/10151.jpg"
    files = export({"uri": uri, "creation_timestamp": 1, "hologram": {"depth": 3}}, mood_v2="blue")
    files |= {
        "your_facebook_activity/posts/holograms.json": b'{"holograms_v1": [{"a": 1}, {"a": 2}], "n": 1}',
        uri: BODY,
    }
    home = Home(tmp_path)
    coverage = one(home, files, tmp_path)["coverage"]
    assert (coverage["json_files"], coverage["understood"], coverage["kept_raw"]) == (2, 1, 1)
    assert {(each["file"].rpartition("/")[2], each["key"]) for each in coverage["not_understood"]} == {
        ("0.json", "hologram"), ("0.json", "mood_v2"), ("holograms.json", "holograms_v1"), ("holograms.json", "n")
    }  # fmt: skip
    assert {each["key"]: each["count"] for each in coverage["not_understood"]}["n"] == 1
    kept = dict(home.rows("SELECT key, raw FROM not_understood"))
    assert (json.loads(kept["holograms_v1"]), json.loads(kept["hologram"])) == ([{"a": 1}, {"a": 2}], {"depth": 3})
    assert "hologram" in home.value("SELECT raw FROM photos")


def test_what_macos_puts_beside_each_file_is_nothing_of_the_export(tmp_path: Path) -> None:
    uri = f"{MEDIA}/10151.jpg"
    note = b"\0\5\x16\7 a note of macOS"
    files = export({"uri": uri, "creation_timestamp": 1}) | {uri: BODY, f"__MACOSX/{MEDIA}/._10151.jpg": note}
    files |= {"your_facebook_activity/posts/album/._0.json": note, "__MACOSX/._your_facebook_activity": note}
    home = Home(tmp_path)
    found = one(home, files, tmp_path)
    assert (found["new"], found["absent"], found["unlisted"], found["skipped"]) == (1, 0, 0, 0)


def test_a_text_that_facebook_failed_to_write_is_listed_and_no_fault_of_the_import(tmp_path: Path) -> None:
    uri = f"{MEDIA}/10151.jpg"
    files = export({"uri": uri, "creation_timestamp": 1488485492}) | {uri: BODY}
    files["your_facebook_activity/stories/archived_stories.json"] = b"[object Object]"
    found = one(Home(tmp_path), files, tmp_path)
    assert (found["exit_code"], found["coverage"]["understood"], found["coverage"]["kept_raw"]) == (0, 1, 1)
    assert found["coverage"]["not_understood"][0]["key"] == "(text)"


def test_messages_come_in_when_asked_for_an_album_a_conversation(tmp_path: Path) -> None:
    folder = "your_facebook_activity/messages/inbox/bo_123456"
    uri = f"{folder}/photos/11_2222_33_n_4444444444.jpg"
    said = {
        "sender_name": "Bo",
        "timestamp_ms": 1488485492000,
        "photos": [{"uri": uri, "creation_timestamp": 1488485492}],
    }
    thread = {"participants": [{"name": "Bo"}], "title": damage("Bo & Zoë"), "messages": [said, {"content": "hi"}]}
    files = {f"{folder}/message_1.json": json.dumps(thread).encode(), uri: BODY}
    home = Home(tmp_path)
    parts = zips(files, tmp_path / "in")
    first = home.bring_in(parts).record()
    assert (first["new"], first["coverage"]["messages_left_out"], first["coverage"]["media_left_out"]) == (0, 1, 1)
    assert home.bring_in(parts, messages=True).record()["new"] == 1
    assert home.members() == {"Bo & Zoë": {"4444444444"}}


def test_folders_of_other_tools_come_in_by_the_id_in_the_name(tmp_path: Path) -> None:
    truth = drawn(photos=4)
    names = {
        truth.photos[0].id: "facebook/ada/Trip (10150000000000900)/{}.jpg",
        truth.photos[1].id: "restored/2014/2014-07-05_{}.jpg",
        truth.photos[2].id: "out/11_22_33_n_{}.jpg",
    }
    files = {names[photo.id].format(photo.id): photo.body for photo in truth.photos[:3]}
    home = Home(tmp_path)
    done = home.bring_in([unpacked(files, tmp_path / "left")])
    assert (done.exit_code, done.record()["unlisted"]) == (0, 3)
    assert home.bodies().keys() == names.keys()
    layout = Layout(Truth(albums=truth.albums, photos=truth.photos), ONE)
    assert home.bring_in(zips(layout.files, tmp_path / "in")).record()["new"] == 1
    assert "Unlisted media" not in home.members()


def test_links_in_folders_are_not_followed(tmp_path: Path) -> None:
    folder = unpacked({f"{MEDIA}/10151.jpg": BODY}, tmp_path / "left")
    (folder / "evil_1").symlink_to("/etc", target_is_directory=True)
    (folder / "10152.jpg").symlink_to("/etc/passwd")
    home = Home(tmp_path)
    done = home.bring_in([folder])
    assert (done.exit_code, len(done.refused), home.bodies().keys()) == (4, 2, {"10151"})


@pytest.mark.parametrize(
    ("path", "id_", "hint"),
    [
        ("posts/media/Trip_Abc/1_2_3_n_10150000000000001.jpg", "10150000000000001", None),
        ("posts/media/Trip_Abc/1_2_3_o_10150000000000001.jpg", "10150000000000001", None),
        ("posts/media/Trip_10150/10150000000000001.jpg", "10150000000000001", None),
        ("posts/media/videos/98765432.mp4", "98765432", None),
        ("posts/media/Trip_Abc/1_2345_3_n.jpg", None, "2345"),
        ("photos/10150000000000900/2345678.jpg", None, "2345678"),
        ("posts/media/your_posts/IMG.jpg", None, None),
    ],
)
def test_names_tell_who_they_are(path: str, id_: str | None, hint: str | None) -> None:
    found: Name = name_of(path)
    assert (None if found.made_up else found.id, found.hint) == (id_, hint)
    assert name_of(path) == found


def test_folders_tell_the_album_only_by_digits() -> None:
    assert album_of("posts/media/Trip_10150000000000900/1.jpg") == "10150000000000900"
    assert album_of("posts/media/Trip_AbCdEf123-/1.jpg") is None


def test_a_later_export_brings_its_newer_words_in_any_order(tmp_path: Path) -> None:
    uri = f"{MEDIA}/10151.jpg"

    def at(day: str, words: str) -> list[Path]:
        files = export({"uri": uri, "creation_timestamp": 1488485492, "description": words}) | {uri: BODY}
        return zips(files, tmp_path / day, day=day)

    make: Callable[[], list[list[Path]]] = lambda: [at("2021-05-06", "old words"), at("2024-05-06", "new words")]  # noqa: E731
    for number, order in enumerate((make(), list(reversed(make())))):
        home = Home(tmp_path / f"home{number}")
        home.folder.mkdir()
        for parts in order:
            home.bring_in(parts)
        assert home.value("SELECT caption FROM photos") == "new words"


def test_a_second_copy_of_a_listed_picture_is_kept_and_is_not_unlisted(tmp_path: Path) -> None:
    uri, other = f"{MEDIA}/10151.jpg", jpeg(124, (48, 32))
    home = Home(tmp_path)
    files = export({"uri": uri, "creation_timestamp": 1488485492}) | {uri: BODY, f"{MEDIA}/10151 (2).jpg": other}
    assert one(home, files, tmp_path)["unlisted"] == 0
    assert home.members() == {"Trip": {"10151"}}
    assert home.value("SELECT count(*) FROM photo_files") == 2
    assert home.bodies() == {"10151": sha256(BODY).hexdigest()}


def test_a_full_disk_ends_the_import_with_what_is_stored(tmp_path: Path) -> None:
    home = Home(tmp_path, keep_free_bytes=1 << 60)
    with pytest.raises(ArchiveUnusable, match="have to stay free"):
        home.bring_in(zips(Layout(drawn(photos=5), FOUR).files, tmp_path / "in"))


def bomb(width: int, height: int) -> bytes:
    """A small PNG of huge size, all of one colour."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    squeeze, row = zlib.compressobj(9), bytes(width // 8 + 1)
    data = b"".join([*(squeeze.compress(row) for _ in range(height)), squeeze.flush()])
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_a_picture_that_is_too_large_to_decode_is_kept_without_a_thumbnail(tmp_path: Path) -> None:
    home = Home(tmp_path)
    body = bomb(20_000, 20_000)
    one(home, export({"uri": f"{MEDIA}/10151.png"}) | {f"{MEDIA}/10151.png": body}, tmp_path)
    assert home.bodies() == {"10151": sha256(body).hexdigest()}
    assert home.rows("SELECT width, height, thumbnail_size FROM files") == [(20_000, 20_000, None)]
    assert home.value("SELECT thumbnail_error FROM files")


def test_a_child_that_needs_too_much_costs_one_thumbnail() -> None:
    decoders = Decoders(memory=1 << 28, seconds=30)
    try:
        picture, flaw = decoders.examine(bomb(13_000, 13_000), 32)
        assert (picture.content_type, picture.thumbnail) == ("image/png", None)
        assert flaw is None or "memory" in flaw
        assert decoders.examine(jpeg(1), 32)[0].thumbnail
        with pytest.raises(BadPicture):
            decoders.examine(jpeg(1)[:300], 32)
    finally:
        decoders.close()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
def test_a_child_is_given_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FBBACKUP_TOKEN_ADA", "EAAof-nobody")
    own = threading.get_native_id()
    decoders = Decoders()
    try:
        assert decoders.examine(jpeg(1), 32)[0].thumbnail
        children = [Path("/proc", pid) for pid in Path(f"/proc/self/task/{own}/children").read_text().split()]
        (child,) = [one for one in children if b"fbbackup.thumbnails.child" in (one / "cmdline").read_bytes()]
        assert b"EAAof-nobody" not in (child / "environ").read_bytes()
    finally:
        decoders.close()


def test_a_child_that_takes_too_long_is_ended() -> None:
    decoders = Decoders(seconds=0.0)
    try:
        picture, flaw = decoders.examine(jpeg(1), 32)
        assert (picture.content_type, flaw) == ("image/jpeg", "decoding it takes more than 0 s")
    finally:
        decoders.close()
