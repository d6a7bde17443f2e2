"""The HTTP client on real connections: whole bodies or an error that tells no secret."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import zlib
from collections.abc import AsyncIterator, Awaitable

import pytest

from fbbackup.errors import AddressExpired, DownloadError, SourceUnavailable
from fbbackup.http import HostRules, HttpSettings, redact, register_secret
from fbbackup.http.bodies import retry_after_seconds
from tests.http.client import PICTURE, TOKEN, chunked, client, fetch
from tests.loopback import Asked, loopback, reply


@pytest.mark.parametrize(
    "answer",
    [
        reply(PICTURE),
        chunked(PICTURE[:100], PICTURE[100:]),
        reply(gzip.compress(PICTURE), Content_Encoding="gzip"),
        *[reply(zlib.compress(PICTURE, wbits=wbits), Content_Encoding="deflate") for wbits in (15, 31, -15)],
        reply(PICTURE, Content_Digest=f"adler32={zlib.adler32(PICTURE)}"),
        reply(PICTURE, Content_Digest=f"adler32={zlib.adler32(PICTURE):08x}"),
        reply(PICTURE, Content_Digest=f"adler32={zlib.adler32(PICTURE):#x}"),
        reply(PICTURE, Content_Digest=f"sha-256=:{base64.b64encode(hashlib.sha256(PICTURE).digest()).decode()}:"),
        reply(PICTURE, Content_Digest="adler32=what?"),
        reply(PICTURE, Content_Type="text/html"),
    ],
)
async def test_whole_bodies_are_returned(answer: bytes) -> None:
    assert await fetch(answer) == PICTURE


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply(PICTURE[:-1], length=len(PICTURE)), "cut"),
        (reply(b"", length=len(PICTURE)), "cut"),
        (chunked(PICTURE, end=False), "cut"),
        (reply(gzip.compress(PICTURE)[:-9], Content_Encoding="gzip"), "cut"),
        (reply(PICTURE, Content_Encoding="gzip"), "damaged"),
        (reply(PICTURE, Content_Encoding="br"), "unknown encoding"),
        (reply(PICTURE, Content_Digest="adler32=12345"), "adler32"),
        (reply(PICTURE, Content_Digest=f"sha-256=:{base64.b64encode(bytes(32)).decode()}:"), "sha-256"),
        (reply(b""), "empty"),
        (reply(status=204, length=-1), "204"),
        (reply(PICTURE, status=206), "206"),
        (reply(b"\n<!DOCTYPE html><title>Log in</title>"), "text"),
        (reply(b'{"error": {}}', Content_Type="image/jpeg"), "text"),
        (reply(b"bad", 500), "500"),
        (b"nonsense\r\n\r\n", "connection failed"),
    ],
)
async def test_everything_else_is_an_error(answer: bytes, words: str) -> None:
    with pytest.raises(DownloadError, match=words) as caught:
        await fetch(answer)
    assert "secret" not in str(caught.value)
    assert not isinstance(caught.value, AddressExpired)


@pytest.mark.parametrize("share", range(0, 100, 5))
async def test_a_body_cut_anywhere_is_an_error(share: int) -> None:
    with pytest.raises(DownloadError):
        await fetch(reply(PICTURE[: len(PICTURE) * share // 100], length=len(PICTURE)))


async def test_a_body_that_ends_with_the_connection_is_marked_as_unproved() -> None:
    async with loopback(lambda _: reply(PICTURE, length=-1)) as server, client() as http:
        fetched = await http.fetch(f"{server.url}/")
        assert (fetched.body, fetched.proved, http.counters.unproved) == (PICTURE, False, 1)


async def test_a_digest_proves_a_body_without_length() -> None:
    digest = f"adler32={zlib.adler32(PICTURE)}"
    async with loopback(lambda _: reply(PICTURE, length=-1, Content_Digest=digest)) as server, client() as http:
        fetched = await http.fetch(f"{server.url}/")
        assert fetched.proved
        assert fetched.digest_checked


async def test_the_meaning_of_the_needle_checksum_is_learned() -> None:
    answers = [
        reply(PICTURE, X_Needle_Checksum="7"),  # nothing known yet: counted, not believed
        reply(PICTURE, X_Needle_Checksum=str(zlib.crc32(PICTURE))),
        reply(PICTURE[::-1], X_Needle_Checksum=str(zlib.crc32(PICTURE))),
    ]
    async with loopback(lambda _: answers.pop(0)) as server, client() as http:
        assert not (await http.fetch(server.url)).digest_checked
        assert http.counters.unreadable == 1
        assert (await http.fetch(server.url)).digest_checked
        with pytest.raises(DownloadError, match="checksum"):
            await http.fetch(server.url)


@pytest.mark.parametrize(
    "answer",
    [
        reply(PICTURE),
        chunked(PICTURE),
        reply(gzip.compress(bytes(10_000_000)), Content_Encoding="gzip"),
    ],
)
async def test_bodies_beyond_the_limit_are_refused_for_good(answer: bytes) -> None:
    with pytest.raises(DownloadError, match="larger") as caught:
        await fetch(answer, HttpSettings(picture_limit=2000))
    assert caught.value.final


async def test_a_stream_gives_the_pieces_and_the_same_errors() -> None:
    cut = reply(PICTURE[:-5], length=len(PICTURE))
    answers = [reply(PICTURE), cut, reply(b"<html>")]
    async with loopback(lambda _: answers.pop(0)) as server, client() as http:
        assert b"".join([piece async for piece in http.stream(server.url)]) == PICTURE
        for _ in range(2):
            with pytest.raises(DownloadError):
                [piece async for piece in http.stream(server.url)]


@pytest.mark.parametrize(
    ("status", "text"), [(403, b"URL signature expired"), (404, b""), (410, b""), (400, b"Bad URL hash")]
)
async def test_refused_addresses_ask_for_a_fresh_one(status: int, text: bytes) -> None:
    with pytest.raises(AddressExpired, match=str(status)):
        await fetch(reply(text, status, Content_Type="text/plain"))


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), ("-5", 0.0), ("1000000000", 3600.0), ("soon", None), ("nan", None), ("", None)]
)
async def test_retry_after_is_carried(value: str, seconds: float | None) -> None:
    with pytest.raises(DownloadError) as caught:
        await fetch(reply(b"", 429, Retry_After=value))
    assert caught.value.retry_after_seconds == seconds
    assert not caught.value.final


def test_retry_after_may_be_a_date() -> None:
    assert retry_after_seconds("Thu, 01 Jan 1970 00:01:40 GMT", 40.0) == 60.0


@pytest.mark.parametrize("start", [b"", reply(PICTURE)[:60], reply(PICTURE)[:-1]])
async def test_a_stall_is_given_up(start: bytes) -> None:
    async def stall(_: Asked) -> AsyncIterator[bytes]:
        yield start
        await asyncio.sleep(3600)

    with pytest.raises(DownloadError, match="no answer in time"):
        await fetch(stall, HttpSettings(read_seconds=0.05))


async def test_a_drip_is_given_up_within_a_minute_of_waiting() -> None:
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 0.5  # read twice around each wait: every piece takes half a second
        return now

    async def drip(_: Asked) -> AsyncIterator[bytes]:
        yield reply(b"", length=100_000)
        while True:
            yield b"x"
            await asyncio.sleep(0.001)

    with pytest.raises(DownloadError, match="too slow"):
        await fetch(drip, HttpSettings(clock=clock))
    assert now < 60


async def test_a_cancelled_fetch_leaves_a_usable_client() -> None:
    arrived = asyncio.Event()

    async def never() -> bytes:
        arrived.set()
        await asyncio.sleep(3600)
        return b""

    def answer(asked: Asked) -> bytes | Awaitable[bytes]:
        return never() if asked.target == "/stall" else reply(PICTURE)

    async with loopback(answer) as server, client(HttpSettings(connections=1)) as http:
        for _ in range(3):
            arrived.clear()
            task = asyncio.create_task(http.fetch(f"{server.url}/stall"))
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert (await http.fetch(f"{server.url}/p")).body == PICTURE


@pytest.mark.parametrize(
    "text",
    [
        "GET https://g/me?access_token=EAAB&fields=id",
        "Authorization: Bearer EAABEAABEAAB",
        '{"access_token": "EAAB"}',
        "input_token=EAAB",
        "appsecret_proof=EAAB, more",
        "/p.jpg?oh=EAAB&oe=6A",
    ],
)
def test_redaction_knows_secrets_by_their_names(text: str) -> None:
    assert "EAAB" not in redact(text)


def test_redaction_knows_registered_secrets_anywhere() -> None:
    register_secret("1234|s e/cret")
    assert redact("x1234|s e/crety 1234%7Cs%20e%2Fcret") == "x…y …"
    assert redact("short words stay: o=1, how=2") == "short words stay: o=1, how=2"


async def test_errors_name_no_query_and_no_secret() -> None:
    async with client(rules=HostRules.of("http://127.0.0.1:9")) as http:
        with pytest.raises(SourceUnavailable) as caught:
            await http.call("http://127.0.0.1:9/v1/me", {"input_token": TOKEN}, token=TOKEN)
    assert TOKEN not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
