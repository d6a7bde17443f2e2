"""A small HTTP/1.1 server of our own, because it must be able to break the protocol on purpose."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

MOST_HEADER_BYTES = 64 * 1024
_CHUNK = 64 * 1024


@dataclass(frozen=True)
class Request:
    """One request as it came in; header names are lower-case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters, the last one winning."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


@dataclass(frozen=True)
class Harm:
    """What goes wrong on the wire; all bytes counts are of the body."""

    cut_at: int | None = None
    length: int | None = None
    no_length: bool = False
    chunked: bool = False
    reset_at: int | None = None
    stall_at: int | None = None
    stall_headers: bool = False
    stall_after_headers: bool = False
    drip_seconds: float | None = None


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    harm: Harm | None = None

    def but(self, **headers: str) -> Reply:
        """The same with more headers; underscores stand for dashes."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers=self.headers | more)


Answer = Callable[[Request], Awaitable[Reply]]


class _GaveUp(Exception):
    """The connection ends here."""


@dataclass
class Server:
    """Listens on loopback and hands every request to `answer`."""

    answer: Answer
    port: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> int:
        """Listen; the port is returned."""
        self._server = await asyncio.start_server(
            self._connection, "127.0.0.1", self.port, limit=MOST_HEADER_BYTES, backlog=512
        )
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (_GaveUp, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            if task is not None:
                self._tasks.discard(task)
            with contextlib.suppress(OSError, RuntimeError):
                writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await _read_request(reader)
        if request is None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return False
        reply = await self.answer(request)
        keep = request.headers.get("connection", "").lower() != "close" and reply.harm is None
        await _Sender(reader, writer, request, keep).send(reply)
        return keep


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, _, rest = head.partition("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return None
    headers: dict[str, str] = {}
    for line in rest.split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    length = headers.get("content-length", "0")
    if not length.isdigit():
        return None
    return Request(words[0], words[1], headers, await reader.readexactly(int(length)) if int(length) else b"")


@dataclass
class _Sender:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    request: Request
    keep: bool

    async def send(self, reply: Reply) -> None:
        harm = reply.harm
        if harm is None:
            body = b"" if self.request.method == "HEAD" or reply.status in (204, 304) else reply.body
            self.writer.write(self._head(reply) + body)
            await self.writer.drain()
            return
        if harm.reset_at == -1:
            self._reset()
        if harm.stall_headers:
            await self._stall()
        self.writer.write(self._head(reply))
        await self.writer.drain()
        if harm.stall_after_headers:
            await self._stall()
        await self._harmed_body(reply.body, harm)

    def _head(self, reply: Reply) -> bytes:
        harm = reply.harm or Harm()
        try:
            reason = HTTPStatus(reply.status).phrase
        except ValueError:
            reason = "Status"
        lines = [f"HTTP/1.1 {reply.status} {reason}"]
        if "Date" not in reply.headers:
            lines.append(f"Date: {formatdate(usegmt=True)}")
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        if harm.chunked:
            lines.append("Transfer-Encoding: chunked")
        elif not harm.no_length and reply.status != 304:
            lines.append(f"Content-Length: {len(reply.body) if harm.length is None else harm.length}")
        lines.append("Connection: keep-alive" if self.keep else "Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    async def _harmed_body(self, body: bytes, harm: Harm) -> None:
        stops = [at for at in (harm.cut_at, harm.reset_at, harm.stall_at) if at is not None]
        end = min([len(body), *stops])
        step = 1 if harm.drip_seconds is not None else _CHUNK
        for start in range(0, end, step):
            piece = body[start : min(end, start + step)]
            self.writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if harm.chunked else piece)
            await self.writer.drain()
            if harm.drip_seconds is not None:
                await self._pause(harm.drip_seconds)
        if harm.stall_at is not None:
            await self._stall()
        if harm.reset_at is not None:
            self._reset()
        if harm.chunked and harm.cut_at is None:
            self.writer.write(b"0\r\n\r\n")
            await self.writer.drain()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stall(), seconds)

    async def _stall(self) -> None:
        """Say nothing more until the other side goes away."""
        while await self.reader.read(_CHUNK):
            pass
        raise _GaveUp

    def _reset(self) -> None:
        """End with RST instead of FIN."""
        raw = self.writer.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        raise _GaveUp
