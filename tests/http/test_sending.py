"""Files that are sent over slow lines, and to services that never answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fbbackup.errors import SourceUnavailable
from fbbackup.http import HttpSettings
from tests.http.client import client
from tests.loopback import reply

FILE = ("source", bytes(range(256)) * 4096 * 12, "image/jpeg")
IMPATIENT = HttpSettings(head_seconds=0.3, read_seconds=0.3, sending_rate=1_000_000.0)


@asynccontextmanager
async def slow_reader(*, pause_seconds: float, answer: bool = True) -> AsyncIterator[tuple[str, list[int]]]:
    """A server that lets a request wait before it reads its body; what arrived, in bytes."""
    arrived: list[int] = []
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), pause_seconds)
            arrived.append(len(await reader.readexactly(length)))
            if answer:
                writer.write(reply(b"{}"))
                await writer.drain()
            else:
                await ended.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 16)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", arrived
    finally:
        ended.set()
        server.close()
        await server.wait_closed()


async def test_a_large_file_may_take_its_time_on_a_slow_line() -> None:
    async with slow_reader(pause_seconds=1.5) as (url, arrived), client(IMPATIENT) as http:
        assert (await http.send("POST", url, {}, token="t", file=FILE)).status == 200
        assert len(arrived) == 1


async def test_a_small_one_may_not() -> None:
    small = ("source", FILE[1][:1000], "image/jpeg")
    async with slow_reader(pause_seconds=1.5) as (url, _), client(IMPATIENT) as http:
        with pytest.raises(SourceUnavailable, match="no answer in time"):
            await http.send("POST", url, {}, token="t", file=small)


async def test_a_service_that_never_answers_is_given_up() -> None:
    settings = HttpSettings(head_seconds=0.3, read_seconds=0.3, sending_rate=1e9)
    async with slow_reader(pause_seconds=0, answer=False) as (url, arrived), client(settings) as http:
        with pytest.raises(SourceUnavailable, match="no answer in time"):
            await http.send("POST", url, {}, token="t", file=FILE)
        assert len(arrived) == 1
