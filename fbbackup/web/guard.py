"""What every request passes before anything else: the Host allow-list, limits, and the headers of every answer."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fbbackup.web.addresses import host_is_allowed

BODY_LIMIT = 1 << 20

CSP = (
    "default-src 'none'; img-src 'self'; media-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"x-frame-options", b"DENY"),
)
_NAMES = {name for name, _ in HEADERS}
_MISDIRECTED = b"This server is not known by the name that the request asks for. Names can be added in [web] hosts.\n"


PLAIN_HEADERS = b"".join(b"%b: %b\r\n" % pair for pair in HEADERS)

Headers = list[tuple[bytes, bytes]]
AtOnce = Callable[[bytes, Headers], list[bytes] | None]
"""The head (without status line and date) and the body of the answer to a GET of an address with these headers, when
both are in memory and the headers say that they may be had; None leaves it to the application."""


class TooLarge(Exception):
    """The body of a request is above the limit."""


class Guard:
    """Wraps the application. `names` are the host names it answers to; `at_hand` is asked before a request becomes one
    of the application."""

    def __init__(self, app: ASGIApp, names: frozenset[str], at_hand: AtOnce | None = None) -> None:
        self._app = app
        self._names = names
        self._at_hand = at_hand

    def at_once(self, url: bytes, headers: Headers) -> list[bytes] | None:
        """What the connection may answer by itself."""
        found = self._at_hand(url, headers) if self._at_hand is not None else None
        if found is None or not host_is_allowed([value for name, value in headers if name == b"host"], self._names):
            return None
        return found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = scope["headers"]
        hosts = [value for name, value in headers if name == b"host"]

        async def told(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                _add_headers(message)
            await send(message)

        if not host_is_allowed(hosts, self._names):
            await _answer(scope, receive, told, 421, _MISDIRECTED)
        elif scope["type"] == "websocket":
            await self._app(scope, receive, told)
        else:
            await self._with_limited_body(scope, receive, told, _announced(headers))

    async def _with_limited_body(self, scope: Scope, receive: Receive, send: Send, announced: int) -> None:
        size = 0

        async def counted() -> Message:
            nonlocal size
            if announced > BODY_LIMIT:
                raise TooLarge
            message = await receive()
            size += len(message.get("body", b""))
            if size > BODY_LIMIT:
                raise TooLarge
            return message

        await self._app(scope, counted, send)


def _announced(headers: list[tuple[bytes, bytes]]) -> int:
    for name, value in headers:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


def _add_headers(message: MutableMapping[str, Any]) -> None:
    there = {name for name, _ in message.get("headers", ())}
    headers = list(message.get("headers", ()))
    if there.isdisjoint(_NAMES):
        headers.extend(HEADERS)
    else:
        headers.extend(pair for pair in HEADERS if pair[0] not in there)
    if b"cache-control" not in there:
        headers.append((b"cache-control", b"private, no-store"))
    message["headers"] = headers


async def _answer(scope: Scope, receive: Receive, send: Send, status: int, body: bytes) -> None:
    if scope["type"] == "websocket":
        await receive()
    await PlainTextResponse(body, status)(scope, receive, send)
