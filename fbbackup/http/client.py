"""The client itself: calls to the API with its token, and pictures from anywhere public without it."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream

from fbbackup.errors import AddressExpired, DownloadError, NoPicture, SourceUnavailable, Unreachable
from fbbackup.http.addresses import AddressRefused, HostRules, VettedResolver
from fbbackup.http.bodies import (
    Digests,
    Fetched,
    Needle,
    Patience,
    Unpacker,
    looks_like_text,
    retry_after_seconds,
)
from fbbackup.http.redaction import redact, register_secret
from fbbackup.http.sockets import Socket, open_socket

USER_AGENT = "fbbackup/0.1"  # constant: Facebook's ETags depend on it
SESSION_HEADER = "X-Session-Id"
"""What opens an RPC server; like a token it goes to the API's own origin only."""

_REDIRECTS = (301, 302, 303, 307, 308)
_PIECE = 2**18
_OWN_HEADERS = ("Authorization", SESSION_HEADER)
_TRANSIENT = (408, 421, 425, 429)
_EXPIRED = (401, 403, 404, 410)
_FAILURES = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, aiohttp.ClientError, OSError, ValueError)

# Its own 16 KiB mean twenty trips through three generators for each picture.
AiohttpResponseStream.CHUNK_SIZE = _PIECE

for _name in ("httpx", "httpcore", "aiohttp"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Limits in seconds and bytes; `minimum_rate` in bytes a second over any `rate_window_seconds`. A file that is sent
    gets more time, as a line with `sending_rate` bytes a second needs it."""

    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    head_seconds: float = 45.0
    total_seconds: float = 900.0
    stream_total_seconds: float = 6 * 3600.0
    minimum_rate: float = 1024.0
    sending_rate: float = 32_768.0
    rate_window_seconds: float = 15.0
    picture_limit: int = 64 * 2**20
    video_limit: int = 64 * 2**30
    reply_limit: int = 32 * 2**20
    connections: int = 64
    redirects: int = 3
    clock: Callable[[], float] = time.monotonic


class SlowAnswer(SourceUnavailable):
    """The service was reached, but its answer took too long or was too large: a smaller question may help."""


class NeverSent(SourceUnavailable):
    """No connection came about, so that nothing of the question can have arrived."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An API's answer: status, header lookup in any case, plain body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Counters:
    """How often bodies came without a usable proof: `unproved` lengths, `unreadable` digests."""

    unproved: int = 0
    unreadable: int = 0


@dataclass(slots=True)
class _Arrival:
    """One open response with what watches over it."""

    response: httpx.Response
    digests: Digests
    unpacker: Unpacker
    patience: Patience
    clock: Callable[[], float]

    async def pieces(self) -> AsyncGenerator[bytes]:
        since = self.clock()
        async for raw in self.response.aiter_raw():
            self.patience.waited(self.clock() - since, len(raw))
            self.digests.feed(raw)
            if plain := self.unpacker.feed(raw):
                yield plain
            since = self.clock()
        self.unpacker.finish()

    async def whole(self) -> bytes:
        return b"".join([piece async for piece in self.pieces()])


class _NoCookies(httpx.Cookies):
    def extract_cookies(self, response: httpx.Response) -> None:
        """None is kept; looking for them is a seventh of the work of fetching a picture."""


class _Client(httpx.AsyncClient):
    cookies: httpx.Cookies = _NoCookies()  # type: ignore[override]  # nothing sets them


class Http:
    """One client for a whole run. Errors are the project's own and never name a query or a secret."""

    def __init__(
        self,
        rules: HostRules,
        settings: HttpSettings | None = None,
        *,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self.settings = settings or HttpSettings()
        self.counters = Counters()
        self._rules = rules
        self._resolver = resolver
        self._needle = Needle()
        self._context = context = httpx.create_ssl_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        limits = self.settings
        self._client = _Client(
            transport=AiohttpTransport(verify=context, client=lambda: self._session(context)),
            headers={"User-Agent": USER_AGENT},
            timeout=httpx.Timeout(limits.connect_seconds, read=limits.read_seconds, pool=None),
            trust_env=False,
            follow_redirects=False,
        )

    def _session(self, context: ssl.SSLContext) -> aiohttp.ClientSession:
        resolver = VettedResolver(self._rules, self._resolver)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self.settings.connections, ssl=context, resolver=resolver),
            cookie_jar=aiohttp.DummyCookieJar(),
            middlewares=(self._vet,),
            auto_decompress=False,
            read_bufsize=_PIECE,
            trust_env=False,
        )

    async def _vet(self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        """Vets the address as aiohttp itself reads it: two parsers may disagree about what is the host."""
        self._rules.vet(request.url)
        if not self._rules.is_api(request.url):
            for name in _OWN_HEADERS:
                request.headers.pop(name, None)
        return await handler(request)

    async def call(self, url: str, params: Mapping[str, str], *, token: str | None = None) -> Reply:
        """A GET to the API. Raises SourceUnavailable when no whole answer came, whatever its status."""
        register_secret(token)
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return await self._reply("GET", url, params=params, headers=headers)

    async def post(self, url: str, form: Mapping[str, str]) -> Reply:
        """A form sent to the API. Raises as `call` does."""
        return await self._reply("POST", url, data=form, headers={"Accept-Encoding": "gzip, deflate"})

    async def send(
        self,
        method: str,
        url: str,
        params: Mapping[str, str],
        *,
        token: str,
        file: tuple[str, bytes, str] | None = None,
    ) -> Reply:
        """A call that changes something; `file` is the name of a part, its bytes and their type. Raises as `call`
        does, and NeverSent when nothing can have arrived."""
        register_secret(token)
        headers = {"Accept-Encoding": "gzip, deflate", "Authorization": f"Bearer {token}"}
        if method != "POST":
            return await self._reply(method, url, params=params, headers=headers)
        parts = {file[0]: ("photo", file[1], file[2])} if file else None
        more = len(file[1]) / self.settings.sending_rate if file else 0.0
        return await self._reply("POST", url, more, data=params, files=parts, headers=headers)

    async def post_json(
        self, url: str, body: bytes, *, login: tuple[str, str] | None = None, session: str | None = None
    ) -> Reply:
        """A JSON text with name and password, or with a session. Raises as `send` does."""
        headers = {"Accept-Encoding": "gzip, deflate", "Content-Type": "application/json"}
        if login is not None:
            headers["Authorization"] = "Basic " + b64encode(":".join(login).encode()).decode()
        if session is not None:
            headers[SESSION_HEADER] = session
        return await self._reply("POST", url, content=body, headers=headers)

    async def _reply(self, method: str, url: str, more_seconds: float = 0.0, **content: Any) -> Reply:
        limits = self.settings
        timeout = httpx.Timeout(limits.connect_seconds, read=limits.read_seconds + more_seconds, pool=None)
        try:
            request = self._client.build_request(method, url, timeout=timeout, **content)
            async with self._open(request, limits.reply_limit, more_seconds) as arrival:
                return Reply(arrival.response.status_code, arrival.response.headers, await arrival.whole())
        except (DownloadError, *_FAILURES) as error:
            kind = NeverSent if _is_unsent(error) else SlowAnswer if _is_slow(error) else SourceUnavailable
            raise kind(f"{self._host(url)} gave no whole answer: {_reason(error)}") from None

    @asynccontextmanager
    async def connect(self, url: str, session: str) -> AsyncIterator[Socket]:
        """A WebSocket to the API, while the block runs. Raises SocketRefused and NeverSent."""
        register_secret(session)
        async with self._session(self._context) as own:
            try:
                opened = await open_socket(own, url, {SESSION_HEADER: session}, self.settings)
            except _FAILURES as error:
                raise NeverSent(f"{self._host(url)} opens no WebSocket: {_reason(error)}") from None
            async with opened:
                yield opened

    async def fetch(self, url: str, session: str | None = None) -> Fetched:
        """A picture's whole body, in memory, without a token; `session` goes to the API's own origin only.

        Raises DownloadError, NoPicture for a text, or AddressExpired.
        """
        limits = self.settings
        try:
            async with self._follow(url, limits.picture_limit, session) as arrival:
                body = await arrival.whole()
                checked = self._finish(arrival)
        except _FAILURES as error:
            raise _failed_download(self._host(url), error) from None
        if looks_like_text(body[:64]):
            raise NoPicture(f"{self._host(url)} sent a text instead of a picture")
        kind = arrival.response.headers.get("content-type", "")
        return Fetched(body, arrival.digests.delimited or checked, checked, kind)

    async def stream(self, url: str, session: str | None = None) -> AsyncIterator[bytes]:
        """A body in pieces, judged whole after the last one. Raises as `fetch` does, in the middle too."""
        limits = self.settings
        try:
            async with self._follow(url, limits.video_limit, session) as arrival:
                first = True
                async with aclosing(arrival.pieces()) as pieces:
                    async for piece in pieces:
                        if first and looks_like_text(piece[:64]):
                            raise NoPicture(f"{self._host(url)} sent a text instead of a video")
                        first = False
                        yield piece
                self._finish(arrival)
        except _FAILURES as error:
            raise _failed_download(self._host(url), error) from None

    async def close(self) -> None:
        """Closes every connection."""
        await self._client.aclose()
        await asyncio.sleep(0)  # lets closed TLS transports finish, else they warn when the loop ends

    def _finish(self, arrival: _Arrival) -> bool:
        checked = arrival.digests.finish()
        self.counters.unproved += not (arrival.digests.delimited or checked)
        self.counters.unreadable += arrival.digests.unreadable
        return checked

    @asynccontextmanager
    async def _open(self, request: httpx.Request, limit: int, more_seconds: float = 0.0) -> AsyncIterator[_Arrival]:
        limits = self.settings
        async with asyncio.timeout(limits.head_seconds + more_seconds):
            response = await self._client.send(request, stream=True)
        try:
            total = limits.total_seconds if limit < limits.video_limit else limits.stream_total_seconds
            patience = Patience(limits.minimum_rate, limits.rate_window_seconds, total)
            unpacker = Unpacker(response.headers.get("content-encoding", ""), limit)
            digests = Digests(response.headers, self._needle)
            yield _Arrival(response, digests, unpacker, patience, limits.clock)
        finally:
            await response.aclose()

    @asynccontextmanager
    async def _follow(self, url: str, limit: int, session: str | None = None) -> AsyncIterator[_Arrival]:
        """Opens a picture's address, along at most `redirects` redirections, each vetted like the first."""
        headers = {"Accept": "image/jpeg,image/png;q=0.9,*/*;q=0.5", "Accept-Encoding": "identity"}
        if session is not None:
            headers[SESSION_HEADER] = session
        for _ in range(self.settings.redirects + 1):
            async with self._open(self._client.build_request("GET", url, headers=headers), limit) as arrival:
                response = arrival.response
                if response.status_code not in _REDIRECTS:
                    if response.status_code != 200:
                        raise await _refusal(response, self._host(url))
                    length = arrival.response.headers.get("content-length", "")
                    if length.isdigit() and len(length) < 20 and int(length) > limit:
                        raise DownloadError("the body is larger than allowed", final=True)
                    yield arrival
                    return
                url = str(response.url.join(response.headers.get("location", "")))
        raise DownloadError(f"more than {self.settings.redirects} redirections", final=True)

    @staticmethod
    def _host(url: str) -> str:
        try:
            return httpx.URL(url).host or "an address without a host"
        except (httpx.InvalidURL, ValueError):
            return "an unreadable address"


async def _refusal(response: httpx.Response, host: str) -> DownloadError:
    """What an answer other than a plain 200 means (403: the signature has expired or was altered)."""
    status = response.status_code
    words = await _first_words(response)
    text = f"{host} answered {status}{': ' if words else ''}{words}"
    if status in _EXPIRED or (status == 400 and "bad url" in words.lower()):
        return AddressExpired(text)
    if status in _TRANSIENT or status >= 500:
        pause = retry_after_seconds(response.headers.get("retry-after", ""), time.time())
        return DownloadError(text, retry_after_seconds=pause)
    return DownloadError(text, final=status >= 300)


async def _first_words(response: httpx.Response) -> str:
    """A short text answer such as `URL signature expired`, in one line; nothing of pages or pictures."""
    if not response.headers.get("content-type", "text/plain").startswith("text/plain"):
        return ""
    async for chunk in response.aiter_raw():
        return redact(" ".join(chunk[:120].decode("ascii", "replace").split()))
    return ""


def _failed_download(host: str, error: BaseException) -> DownloadError:
    kind = Unreachable if _is_unsent(error) else DownloadError
    return kind(f"{host}: {_reason(error)}", final=_is_refusal(error))


def _chain(error: BaseException | None) -> list[BaseException]:
    chain: list[BaseException] = []
    while error is not None and len(chain) < 10:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain


def _is_refusal(error: BaseException) -> bool:
    return any(isinstance(link, AddressRefused | ssl.SSLCertVerificationError) for link in _chain(error))


def _is_unsent(error: BaseException) -> bool:
    kinds = (AddressRefused, aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, httpx.ConnectError)
    return any(isinstance(link, kinds) for link in _chain(error))


def _is_slow(error: BaseException) -> bool:
    """Whether the connection stood; a connect timeout is no reason to ask for less."""
    chain = _chain(error)
    if any(isinstance(link, aiohttp.ConnectionTimeoutError) for link in chain):
        return False
    return any(isinstance(link, TimeoutError | httpx.ReadTimeout | DownloadError) for link in chain)


def _reason(error: BaseException) -> str:
    """What went wrong in a few words without address or secret."""
    for link in _chain(error):
        if isinstance(link, AddressRefused | DownloadError):
            return redact(str(link))
        if type(link) is ssl.SSLCertVerificationError:
            return f"its certificate is not accepted ({link.verify_message})"
        if isinstance(link, TimeoutError | httpx.ReadTimeout):
            return "no answer in time"
        if isinstance(link, aiohttp.ClientConnectorDNSError):
            return "the name could not be resolved"
        if isinstance(link, aiohttp.ClientPayloadError):
            return "the body was cut"
    return f"connection failed ({type(_chain(error)[-1]).__name__})"
