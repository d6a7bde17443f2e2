"""A server on loopback that answers with exactly the bytes a test gives it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Answer = Callable[["Asked"], bytes | Awaitable[bytes] | AsyncIterator[bytes]]


@dataclass(frozen=True)
class Asked:
    """One request: its target, its headers in lower case, its method and its body."""

    target: str
    headers: dict[str, str]
    method: str = "GET"
    body: bytes = b""


@dataclass
class Loopback:
    """What was asked so far, and where."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


def reply(body: bytes = b"", status: int = 200, length: int | None = None, **headers: str) -> bytes:
    """A whole response; `length` is a lie when it differs, −1 leaves the header out. `_` in names stands for `-`."""
    lines = [f"HTTP/1.1 {status} Told"]
    if length != -1:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines.append("Connection: close")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def loopback(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Loopback]:
    """Serves while the block runs. An answer may come in pieces, for servers that stall."""
    seen = Loopback(scheme="https" if tls else "http")
    open_tasks: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_tasks.add(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.partition(":") for line in head[1:] if line)
            headers = {name.lower(): value.strip() for name, _, value in pairs}
            method, target, _ = head[0].split(" ")
            asked = Asked(target, headers, method, await reader.readexactly(int(headers.get("content-length", 0))))
            seen.asked.append(asked)
            told = answer(asked)
            if isinstance(told, AsyncIterator):
                async for piece in told:
                    writer.write(piece)
                    await writer.drain()
            else:
                writer.write(told if isinstance(told, bytes) else await told)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        server.close()
        for task in open_tasks:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in open_tasks if task), return_exceptions=True)
        await asyncio.sleep(0)
