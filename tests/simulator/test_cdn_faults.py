"""Every download fault really happens on the wire, so many times, to the photos that it names."""

from __future__ import annotations

import io
import socket
import zlib
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from fbbackup.simulator import FAULTS
from fbbackup.simulator.cdn_faults import _EFFECTS
from tests.simulator.conftest import Client


@pytest.fixture
def url(client: Client) -> str:
    return client.largest(client.ids("me/photos", type="uploaded")[0])


def raw(url: str) -> tuple[bytes, bytes]:
    """Head and body as they came, until the other side closed."""
    parts = urlsplit(url)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=5) as connection:
        target = f"{parts.path}?{parts.query}"
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    return head, body


def test_every_cdn_fault_of_the_table_has_an_effect() -> None:
    assert {name for name, kind in FAULTS.items() if kind.on == "cdn"} == set(_EFFECTS)


@pytest.mark.parametrize("fault", ["cut", "cut-chunked", "longer-length", "reset", "reset-body"])
def test_broken_transfers_break_the_client_and_then_heal(client: Client, url: str, fault: str) -> None:
    whole = client.http.get(url).content
    client.sim.faults.set(fault, times=1)
    with pytest.raises(httpx.TransportError):
        client.http.get(url)
    assert client.http.get(url).content == whole


@pytest.mark.parametrize("at", [0, 1, 100, -1])
def test_a_body_can_be_cut_at_any_byte(client: Client, url: str, at: int) -> None:
    whole = client.http.get(url).content
    client.sim.faults.set("cut", at=at)
    head, body = raw(url)
    assert f"Content-Length: {len(whole)}".encode() in head
    assert body == whole[:at]


def test_a_cut_without_length_looks_whole(client: Client, url: str) -> None:
    whole = client.http.get(url).content
    client.sim.faults.set("cut-close", at=50)
    reply = client.http.get(url)
    assert reply.content == whole[:50]
    assert "content-length" not in reply.headers


@pytest.mark.parametrize("fault", ["gzip", "chunked", "close-delimited", "drip"])
def test_odd_but_right_transfers_are_whole(client: Client, url: str, fault: str) -> None:
    whole = client.http.get(url).content
    client.sim.faults.set(fault, seconds=0)
    assert client.http.get(url).content == whole


def test_wrong_bytes_of_the_right_length(client: Client, url: str) -> None:
    whole = client.http.get(url).content
    for fault, differing in (("flip", 1), ("zeros", len(whole)), ("half-zeros", len(whole) // 2)):
        client.sim.faults.clear()
        client.sim.faults.set(fault)
        reply = client.http.get(url)
        wrong = sum(a != b for a, b in zip(whole, reply.content, strict=True))
        assert 0 < wrong <= differing + 1
        assert reply.headers["content-digest"] == f"adler32={zlib.adler32(whole)}"
        assert zlib.adler32(reply.content) != zlib.adler32(whole)


def test_holes_and_trailing_bytes(client: Client, url: str) -> None:
    whole = client.http.get(url).content
    client.sim.faults.set("hole", times=1, size=100)
    holed = client.http.get(url)
    start = (len(whole) - 100) // 2
    assert holed.content == whole[:start] + bytes(100) + whole[start + 100 :]
    client.sim.faults.set("trailing", times=1, by=3)
    longer = client.http.get(url)
    assert longer.content == whole + b"xxx"
    assert longer.headers["content-length"] == str(len(whole) + 3)
    for reply in (holed, longer):
        assert reply.headers["content-digest"] == f"adler32={zlib.adler32(whole)}"


def test_another_photos_bytes_may_come_with_the_right_digest(client: Client, url: str) -> None:
    whole = client.http.get(url)
    for options, digest in (({}, None), ({"digest": "kept"}, whole.headers["content-digest"])):
        client.sim.faults.set("other-photo", times=1, **options)
        reply = client.http.get(url)
        assert reply.content != whole.content
        assert reply.headers.get("content-digest") == digest


def test_parts_that_nobody_asked_for(client: Client, url: str) -> None:
    whole = client.http.get(url).content
    client.sim.faults.set("unasked-part", times=1, at=40)
    part = client.http.get(url)
    assert (part.status_code, part.content) == (206, whole[40:])
    assert part.headers["content-range"] == f"bytes 40-{len(whole) - 1}/{len(whole)}"
    client.sim.faults.set("unasked-416", times=1)
    assert client.http.get(url).status_code == 416


def test_other_pictures_are_real_pictures(client: Client, url: str) -> None:
    whole = client.http.get(url).content
    with Image.open(io.BytesIO(whole)) as image:
        size = image.size
    for fault, expected in (("pixel", (1, 1)), ("other-size", (size[0] // 2, size[1] // 2)), ("other-photo", None)):
        client.sim.faults.clear()
        client.sim.faults.set(fault)
        data = client.http.get(url).content
        assert data != whole
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            assert expected is None or image.size == expected


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        ("html", 200, "<html"),
        ("json", 200, "error"),
        ("empty", 200, ""),
        ("server-error", 500, "Internal"),
        ("bad-gateway", 502, "<h1>"),
        ("unavailable", 503, ""),
        ("too-many", 429, ""),
        ("gone", 404, ""),
        ("url-expired", 403, "URL signature expired"),
        ("url-mismatch", 403, "URL signature mismatch"),
    ],
)
def test_other_answers(client: Client, url: str, fault: str, status: int, text: str) -> None:
    client.sim.faults.set(fault, times=1)
    reply = client.http.get(url)
    assert reply.status_code == status
    assert text in reply.text
    assert client.http.get(url).status_code == 200


@pytest.mark.parametrize("value", ["120", "1000000000", "-5", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_retry_after_is_what_one_wants(client: Client, url: str, value: str) -> None:
    client.sim.faults.set("too-many", retry_after=value)
    assert client.http.get(url).headers["retry-after"] == value


@pytest.mark.parametrize("fault", ["stall-before", "stall-headers", "stall-body"])
def test_stalls_last_until_the_client_gives_up(client: Client, url: str, fault: str) -> None:
    client.sim.faults.set(fault, times=1)
    with pytest.raises(httpx.ReadTimeout):
        client.http.get(url, timeout=0.1)
    assert client.http.get(url).status_code == 200


def test_ranges_can_lie(client: Client, url: str) -> None:
    whole = client.http.get(url).content
    asked = {"Range": "bytes=100-"}
    client.sim.faults.set("range-shifted", times=1)
    shifted = client.http.get(url, headers=asked)
    assert shifted.status_code == 206
    assert shifted.content == whole[107:]
    client.sim.faults.set("range-ignored", times=1)
    assert client.http.get(url, headers=asked).content == whole
    client.sim.faults.set("range-refused", times=1)
    assert client.http.get(url, headers=asked).status_code == 416
    assert client.http.get(url, headers=asked).content == whole[100:]


def test_redirects_lead_astray(client: Client, url: str) -> None:
    targets = {
        "redirect-loop": "http://127.0.0.1",
        "redirect-file": "file:///",
        "redirect-private": "http://169.254.",
        "redirect-host": "http://localhost:",
    }
    for fault, begin in targets.items():
        client.sim.faults.clear()
        client.sim.faults.set(fault)
        reply = client.http.get(url)
        assert reply.status_code == 302
        assert reply.headers["location"].startswith(begin)
    assert client.http.get(url, follow_redirects=True).text == "canary"
    assert client.sim.stats()["canaries"]


def test_so_many_hops_end_at_the_picture(client: Client, url: str) -> None:
    whole = client.http.get(url).content
    client.sim.faults.set("redirect-hops", hops=3)
    reply = client.http.get(url, follow_redirects=True)
    assert len(reply.history) == 3
    assert reply.content == whole


def test_match_names_one_photo(client: Client) -> None:
    one, two = client.ids("me/photos", type="uploaded")[:2]
    client.sim.faults.set("gone", match=one)
    assert client.http.get(client.largest(one)).status_code == 404
    assert client.http.get(client.largest(two)).status_code == 200
    assert client.sim.stats()["faults_fired"] == {"gone": 1}


def test_a_download_fault_can_move_to_graph_calls(client: Client, url: str) -> None:
    client.sim.faults.set("unavailable", on="graph", retry_after=9)
    reply = client.reply("me")
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "9")
    assert client.http.get(url).status_code == 200
    with pytest.raises(ValueError, match="only faults of downloads"):
        client.sim.faults.set("page-loop", on="cdn")


@pytest.mark.parametrize("fault", ["graph-reset", "graph-cut", "graph-stall"])
def test_graph_calls_break_on_the_wire_too(client: Client, fault: str) -> None:
    client.sim.faults.set(fault, times=1)
    with pytest.raises(httpx.TransportError):
        client.http.get("/me", params={"access_token": client.sim.token}, timeout=0.2)
    assert client.ask("me")["id"]
