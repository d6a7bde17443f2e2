"""The HTTP client on real connections: whole bodies or an error, and only where it may connect."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import socket
import ssl
import subprocess
import zlib
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from fbbackup.errors import AddressExpired, ConfigError, DownloadError, SourceUnavailable
from fbbackup.http import HostRules, Http, HttpSettings, redact, register_secret
from fbbackup.http.bodies import retry_after_seconds
from tests.loopback import Answer, Asked, Loopback, loopback, reply

PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
TOKEN = "EAAcanarycanarycanary"


@asynccontextmanager
async def client(settings: HttpSettings | None = None, rules: HostRules | None = None) -> AsyncIterator[Http]:
    http = Http(rules or HostRules.of("http://127.0.0.1:1"), settings)
    try:
        yield http
    finally:
        await http.close()


async def fetch(answer: bytes | Answer, settings: HttpSettings | None = None) -> bytes:
    tell: Answer = (lambda _: answer) if isinstance(answer, bytes) else answer
    async with loopback(tell) as server, client(settings) as http:
        return (await http.fetch(f"{server.url}/p.jpg?oh=secret&oe=6A000000")).body


def chunked(*pieces: bytes, end: bool = True) -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + (b"0\r\n\r\n" if end else b"")
    return reply(body, length=-1, Transfer_Encoding="chunked")


# -- bodies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        reply(PICTURE),
        chunked(PICTURE[:100], PICTURE[100:]),
        reply(gzip.compress(PICTURE), Content_Encoding="gzip"),
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


# -- statuses ----------------------------------------------------------------------------------------------------


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


# -- time --------------------------------------------------------------------------------------------------------


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


# -- where to ----------------------------------------------------------------------------------------------------

FORBIDDEN = [
    "http://example.org/p.jpg",
    "ftp://example.org/p.jpg",
    "file:///etc/passwd",
    "//127.0.0.1/p",
    "p.jpg",
    "",
    "https://",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://127.0.0.1.:443/",
    "https://127。0。0。1/",
    "https://①②⑦.0.0.1/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[::]/",
    "https://[::1]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25lo]/",
    "https://[fd00::1]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b:1::1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/",
    "https://user:pass@example.org/",
    "https://example.org@127.0.0.1/",
    "https://127.0.0.1\\@example.org/",
    "https://localhost/",
    "https://localhost./",
    "https://LOCALHOST:8443/",
    "https://internal.test/",
    "https://mixed.test/",
]  # fmt: skip


class Told(AbstractResolver):
    """A name server of the test's own."""

    def __init__(self, names: dict[str, list[str]]) -> None:
        self.names, self.asked = names, 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        if host.rstrip(".") not in self.names:
            raise OSError("no such name")
        return [
            ResolveResult(hostname=host, host=ip, port=port, family=socket.AF_INET, proto=0, flags=0)
            for ip in self.names[host.rstrip(".")]
        ]

    async def close(self) -> None: ...


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every address that a socket was opened to."""
    made: list[object] = []
    original = asyncio.BaseEventLoop.create_connection

    async def watch(self: asyncio.BaseEventLoop, *args: object, **more: object) -> object:
        made.append((args, more))
        return await original(self, *args, **more)  # type: ignore[arg-type]

    async def connect(self: object, sock: socket.socket, address: object) -> None:
        made.append(address)
        raise OSError("the test does not go out")

    monkeypatch.setattr("asyncio.selector_events.BaseSelectorEventLoop.sock_connect", connect)
    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", watch)
    return made


@pytest.mark.parametrize("url", FORBIDDEN)
async def test_nothing_but_public_https_is_connected_to(url: str, connections: list[object]) -> None:
    names = {"internal.test": ["10.1.2.3"], "mixed.test": ["93.184.215.14", "127.0.0.1"], "localhost": ["127.0.0.1"]}
    http = Http(HostRules.of("https://graph.facebook.com"), resolver=Told(names))
    try:
        with pytest.raises(DownloadError):
            await http.fetch(url)
        with pytest.raises(SourceUnavailable):
            await http.call(url, {}, token=TOKEN)
    finally:
        await http.close()
    assert connections == []


async def test_what_was_vetted_is_what_is_connected_to(connections: list[object]) -> None:
    resolver = Told({"photos.test": ["93.184.215.14"]})
    http = Http(HostRules.of("https://graph.facebook.com"), resolver=resolver)
    with pytest.raises(DownloadError, match="connection failed"):
        await http.fetch("https://photos.test/p.jpg")
    await http.close()
    assert connections == [("93.184.215.14", 443)]
    assert resolver.asked == 1


@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/", "https://192.168.0.1/", "file:///etc/passwd", "http://[fd00::1]/"]
)
async def test_redirections_are_vetted_like_first_addresses(target: str) -> None:
    with pytest.raises(DownloadError):
        await fetch(lambda _: reply(status=302, Location=target))


async def test_three_hops_are_followed_and_a_fourth_is_not() -> None:
    def hop(asked: Asked) -> bytes:
        left = int(asked.target.strip("/"))
        return reply(PICTURE) if left == 0 else reply(status=302, Location=f"/{left - 1}")

    async with loopback(hop) as server, client() as http:
        assert (await http.fetch(f"{server.url}/3")).body == PICTURE
        with pytest.raises(DownloadError, match="redirections"):
            await http.fetch(f"{server.url}/4")


async def test_the_token_goes_to_the_api_alone() -> None:
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(loopback(lambda _: reply(b"{}", Set_Cookie="a=b")))
        other = await stack.enter_async_context(loopback(lambda _: reply(PICTURE)))
        http = await stack.enter_async_context(client(rules=HostRules.of(api.url)))
        await http.call(f"{api.url}/me", {}, token=TOKEN)
        await http.call(f"{other.url}/me", {}, token=TOKEN)
        await http.fetch(f"{other.url}/p")
    assert api.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert all(TOKEN not in str(asked) and "cookie" not in asked.headers for asked in other.asked)
    assert len({asked.headers["user-agent"] for asked in api.asked + other.asked}) == 1


async def test_a_redirection_of_the_api_is_not_followed() -> None:
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(loopback(lambda _: reply(PICTURE)))
        api = await stack.enter_async_context(loopback(lambda _: reply(status=302, Location=other.url)))
        http = await stack.enter_async_context(client(rules=HostRules.of(api.url)))
        assert (await http.call(f"{api.url}/me", {}, token=TOKEN)).status == 302
    assert other.asked == []


async def test_named_hosts_are_allowed_in_any_case() -> None:
    async with loopback(lambda _: reply(PICTURE)) as server:
        rules = HostRules.of("https://graph.facebook.com", (f"127.0.0.1:{server.port}",))
        async with client(rules=rules) as http:
            assert (await http.fetch(server.url)).body == PICTURE


def test_a_token_never_travels_unencrypted_over_a_network() -> None:
    with pytest.raises(ConfigError, match="https"):
        HostRules.of("http://192.168.1.5:8080")


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert await fetch(reply(PICTURE)) == PICTURE


@pytest.fixture(scope="session")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and key for localhost that nobody vouches for."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    more = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(path), "-out", f"{path}.crt"]
    try:
        subprocess.run([*command.split(), *more], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs openssl")
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


async def _over_tls(certificate: Path, host: str, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.maximum_version = version
    async with loopback(lambda _: reply(PICTURE), context) as server, client() as http:
        return (await http.fetch(f"https://{host}:{server.port}/")).body


async def test_certificates_are_always_verified(self_signed: Path) -> None:
    with pytest.raises(DownloadError, match="certificate is not accepted") as caught:
        await _over_tls(self_signed, "localhost")
    assert caught.value.final


async def test_a_trusted_certificate_counts_for_its_own_host_only(
    self_signed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", f"{self_signed}.crt")
    assert await _over_tls(self_signed, "localhost") == PICTURE
    with pytest.raises(DownloadError, match="certificate is not accepted"):
        await _over_tls(self_signed, "127.0.0.1")


# -- secrets -----------------------------------------------------------------------------------------------------


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


def test_loopback_helper_keeps_what_was_asked() -> None:
    assert Loopback(port=5).url == "http://127.0.0.1:5"
