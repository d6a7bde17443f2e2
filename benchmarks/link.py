"""A slow link on loopback: one rate for all connections together, and a delay in each direction.

python -m benchmarks.link TARGET_PORT --rate BYTES_A_SECOND --round-trip SECONDS
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import threading
from collections import deque

PIECE = 1 << 16
WINDOW = 1 << 22
"""Bytes that a connection may have on the way in one direction."""


class Link:
    """Carries connections to the target."""

    def __init__(self, target: int, rate: float, round_trip: float) -> None:
        self.target = target
        self.rate = rate
        self.round_trip = round_trip
        self._free_at = 0.0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, whose handshake takes a round trip as it would on a real link."""
        await asyncio.sleep(self.round_trip)
        there, back = await asyncio.open_connection("127.0.0.1", self.target, limit=PIECE)
        await asyncio.gather(self._pump(reader, back, 0.0), self._pump(there, writer, self.rate))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rate: float) -> None:
        way = _Way(writer, self.round_trip / 2)
        delivering = asyncio.create_task(way.deliver())
        try:
            while piece := await reader.read(PIECE):
                if rate:
                    await self._wait_for_turn(len(piece))
                await way.send(piece)
        except ConnectionError:
            pass
        await way.send(b"")
        await delivering

    async def _wait_for_turn(self, size: int) -> None:
        """Connections share the rate in the order of their pieces."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(now, self._free_at) + size / self.rate
        await asyncio.sleep(self._free_at - now)


class _Way:
    """One direction: what is sent arrives, in order, `delay` seconds later. An empty piece ends it."""

    def __init__(self, writer: asyncio.StreamWriter, delay: float) -> None:
        self._writer = writer
        self._delay = delay
        self._flying: deque[tuple[float, bytes]] = deque()
        self._size = 0
        self._changed = asyncio.Event()
        self._room = asyncio.Event()

    async def send(self, piece: bytes) -> None:
        self._room.clear()
        if self._size > WINDOW:
            await self._room.wait()
        self._flying.append((asyncio.get_running_loop().time() + self._delay, piece))
        self._size += len(piece)
        self._changed.set()

    async def deliver(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                while not self._flying:
                    self._changed.clear()
                    await self._changed.wait()
                due, piece = self._flying.popleft()
                if (wait := due - loop.time()) > 0:
                    await asyncio.sleep(wait)
                self._size -= len(piece)
                self._room.set()
                if not piece:
                    return
                self._writer.write(piece)
                await self._writer.drain()
        except ConnectionError:
            self._size = -sys.maxsize
            self._room.set()
        finally:
            self._writer.close()


async def _serve(options: argparse.Namespace) -> None:
    link = Link(options.target, options.rate, options.round_trip)
    server = await asyncio.start_server(link.carry, "127.0.0.1", 0, limit=PIECE)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    if not options.exit_with_stdin:
        await server.serve_forever()
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def watch() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=watch, daemon=True).start()
    await ended.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=int)
    parser.add_argument("--rate", type=float, default=0.0, help="bytes a second of all answers together; 0: no limit")
    parser.add_argument("--round-trip", type=float, default=0.0, help="seconds")
    parser.add_argument("--exit-with-stdin", action="store_true", help="end when standard input closes")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
