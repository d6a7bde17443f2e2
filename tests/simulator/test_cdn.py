"""Picture URLs are signed, different each time, and end; tokens do not belong there."""

from __future__ import annotations

import hashlib
import io
import zlib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from PIL import Image

from tests.simulator.conftest import NOW, Client, Started, small


def test_every_rendition_has_exactly_the_announced_size(client: Client) -> None:
    photos = client.ask("me/photos", type="uploaded", limit=12, fields="images,webp_images")["data"]
    for photo in photos:
        for image in photo["images"] + photo["webp_images"]:
            with Image.open(io.BytesIO(client.http.get(image["source"]).content)) as picture:
                picture.load()
                assert picture.size == (image["width"], image["height"])


def test_the_largest_is_what_the_simulator_expects(client: Client) -> None:
    expected = dict(client.sim.expected())
    assert len(expected) == 126
    assert len(set(expected.values())) == 126
    for photo_id in client.ids("me/photos", type="uploaded", limit=10)[:10]:
        data = client.http.get(client.largest(photo_id)).content
        assert hashlib.sha256(data).hexdigest() == expected[photo_id]


def test_urls_differ_at_every_listing(client: Client) -> None:
    photo_id = client.ids("me/photos", type="uploaded")[0]
    one, two = urlsplit(client.largest(photo_id)), urlsplit(client.largest(photo_id))
    assert one.path == two.path
    assert parse_qs(one.query)["oh"] != parse_qs(two.query)["oh"]
    assert int(parse_qs(one.query)["oe"][0], 16) > NOW


def test_urls_expire_and_cannot_be_altered(client: Client) -> None:
    url = client.largest(client.ids("me/photos", type="uploaded")[0])
    altered = client.http.get(url + "&stp=dst-jpg_s130x130_tt6")
    assert (altered.status_code, altered.text) == (403, "URL signature mismatch")
    client.sim.clock.advance(5 * 86_400)
    late = client.http.get(url)
    assert (late.status_code, late.text) == (403, "URL signature expired")
    assert client.http.get(url.split("?")[0]).status_code == 403


def test_replies_carry_length_and_digest(client: Client) -> None:
    reply = client.http.get(client.largest(client.ids("me/photos", type="uploaded")[0]))
    assert int(reply.headers["content-length"]) == len(reply.content)
    assert reply.headers["content-digest"] == f"adler32={zlib.adler32(reply.content)}"
    client.sim.settings.digest = False
    assert "content-digest" not in client.http.get(str(reply.url)).headers


def test_ranges_can_be_served_or_not(client: Client) -> None:
    url = client.largest(client.ids("me/photos", type="uploaded")[0])
    whole = client.http.get(url).content
    part = client.http.get(url, headers={"Range": "bytes=100-"})
    assert (part.status_code, part.content) == (206, whole[100:])
    assert part.headers["content-range"] == f"bytes 100-{len(whole) - 1}/{len(whole)}"
    assert client.http.get(url, headers={"Range": f"bytes={len(whole)}-"}).status_code == 416
    client.sim.settings.ranges = False
    assert client.http.get(url, headers={"Range": "bytes=100-"}).status_code == 200


def test_secrets_sent_to_the_cdn_are_remembered(client: Client) -> None:
    url = client.largest(client.ids("me/photos", type="uploaded")[0])
    client.http.get(url)
    assert client.sim.leaks == []
    client.http.get(url, headers={"Authorization": f"Bearer {client.sim.token}"})
    client.http.get(url, headers={"Referer": f"{client.sim.url}/me?access_token={client.sim.token}"})
    assert len(client.sim.leaks) >= 3


def test_some_extensions_lie(start: Started) -> None:
    client = start(small(photos=400, album_sizes=None))
    lies = 0
    for photo_id in client.ids("me/photos", type="uploaded", limit=100)[:120]:
        url = client.largest(photo_id)
        kind = client.http.get(url).headers["content-type"]
        lies += urlsplit(url).path.endswith(".jpg") and kind != "image/jpeg"
    assert lies


def test_a_videos_file_is_an_mp4_of_its_own(client: Client) -> None:
    videos = client.ask("me/videos", type="uploaded", fields="source,length,permalink_url,status")["data"]
    files = [client.http.get(video["source"]) for video in videos]
    assert {reply.headers["content-type"] for reply in files} == {"video/mp4"}
    assert all(reply.content[4:8] == b"ftyp" and b"moov" in reply.content for reply in files)
    assert len({reply.content for reply in files}) == len(videos) == 2
    assert videos[0]["permalink_url"].startswith("/")


def test_urls_can_point_to_another_server(start: Started, tmp_path: Path) -> None:
    client = start(small(photos=12, albums=2), cdn_base="http://127.0.0.1:1")

    client.sim.export_pictures(tmp_path)
    for photo_id in client.ids("me/photos", type="uploaded"):
        url = client.largest(photo_id)
        assert url.startswith("http://127.0.0.1:1/v/")
        file = tmp_path / urlsplit(url).path.lstrip("/")
        assert file.read_bytes() == client.sim.largest_bytes(photo_id)


def test_picture_redirects_or_tells_the_address(client: Client) -> None:
    photo_id = client.ids("me/photos", type="uploaded")[0]
    assert client.reply(f"{photo_id}/picture").status_code == 302
    data = client.ask(f"{photo_id}/picture", redirect="false")["data"]
    assert client.http.get(data["url"]).status_code == 200
