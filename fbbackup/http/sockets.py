"""One WebSocket to the API: texts out, texts in, each within its time and size."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Protocol, Self

import aiohttp

from fbbackup.errors import SourceUnavailable


class Limits(Protocol):
    """What is read of the client's settings; seconds and bytes."""

    @property
    def head_seconds(self) -> float: ...
    @property
    def read_seconds(self) -> float: ...
    @property
    def reply_limit(self) -> int: ...


class SocketRefused(SourceUnavailable):
    """The server does not open a WebSocket; `status` is its answer's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class SocketClosed(SourceUnavailable):
    """The server ended the conversation; `code` and `reason` are its words for it."""

    def __init__(self, message: str, code: int, reason: str) -> None:
        super().__init__(message)
        self.code, self.reason = code, reason


class Socket:
    """A conversation. Whatever fails ends it for good: a late answer must not be taken for the next one."""

    def __init__(self, inner: aiohttp.ClientWebSocketResponse, read_seconds: float) -> None:
        self._inner, self._read_seconds = inner, read_seconds

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._inner.close()

    async def send(self, text: str) -> None:
        """Sends a text. Raises SourceUnavailable."""
        try:
            await self._inner.send_str(text)
        except (aiohttp.ClientError, OSError, RuntimeError):
            raise self._closed() from None

    async def receive(self) -> bytes:
        """The next message. Raises SocketClosed, and SourceUnavailable when none comes in time."""
        try:
            async with asyncio.timeout(self._read_seconds):
                message = await self._inner.receive()
        except (TimeoutError, aiohttp.ClientError, OSError, RuntimeError):
            raise SourceUnavailable("the WebSocket gave no answer in time") from None
        if message.type is aiohttp.WSMsgType.TEXT:
            return str(message.data).encode("utf-8", "surrogatepass")
        if message.type is aiohttp.WSMsgType.BINARY:
            return bytes(message.data)
        raise self._closed(str(message.extra or ""))

    def _closed(self, reason: str = "") -> SocketClosed:
        code = self._inner.close_code or 1006
        return SocketClosed(f"the WebSocket was closed ({code})", code, reason)


async def open_socket(session: aiohttp.ClientSession, url: str, headers: Mapping[str, str], limits: Limits) -> Socket:
    """Opens a conversation. Raises SocketRefused for an answer that is none, and what aiohttp raises."""
    try:
        async with asyncio.timeout(limits.head_seconds):
            inner = await session.ws_connect(url, headers=headers, max_msg_size=limits.reply_limit, heartbeat=None)
    except aiohttp.WSServerHandshakeError as refused:
        raise SocketRefused(f"the server opens no WebSocket (HTTP {refused.status})", refused.status) from None
    return Socket(inner, limits.read_seconds)
