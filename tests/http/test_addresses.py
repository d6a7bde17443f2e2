"""The HTTP client connects only to where it may, and only to what it has vetted."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from fbbackup.errors import ConfigError, DownloadError, SourceUnavailable
from fbbackup.http import HostRules, Http
from tests.http.client import PICTURE, TOKEN, client, fetch
from tests.loopback import Asked, loopback, reply

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
