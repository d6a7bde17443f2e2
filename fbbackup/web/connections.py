"""The connections below the application: what may arrive, how large, and how slowly."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from ipaddress import ip_address
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT = 16 << 10
HEAD_SECONDS = 10.0
BODY_SECONDS = 30.0
KEEP_ALIVE_SECONDS = 15
MOST_FROM_ONE_ADDRESS = 100
MOST_FROM_LOOPBACK = 1000

_open_by_address: Counter[str] = Counter()


class Refused(Exception):
    """The request can't be accepted; the parser turns this into status 400."""


class Connection(HttpToolsProtocol):
    """uvicorn's protocol with limits that it lacks: size of the head, time for head and body, connections an address.

    The parser itself refuses what could be read in two ways (length and chunking together, repeated lengths, folded
    headers).
    """

    _timer: asyncio.TimerHandle | None = None
    _ends: float | None = None
    _answer: list[bytes] | None = None
    _head_bytes = 0
    _counted: str | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        most = MOST_FROM_LOOPBACK if _loopback(address) else MOST_FROM_ONE_ADDRESS
        if _open_by_address[address] >= most:
            transport.abort()
            return
        _open_by_address[address] += 1
        self._counted = address
        self._within(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        self._within(None)
        if not self.url.startswith(b"/") or self._head_bytes > HEAD_LIMIT:
            self.send_400_response("Invalid HTTP request received.")
            return
        self._forget()
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        self._within(HEAD_SECONDS)

    def on_url(self, url: bytes) -> None:
        self._grow(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._grow(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self.url.startswith(b"/"):
            raise Refused("only paths of this server are served")
        self._answer = self._at_hand()
        if self._answer is None:
            self._within(BODY_SECONDS)
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        if self._answer is None:
            self._within(None)
            super().on_message_complete()
            return
        head = [b"HTTP/1.1 200 OK\r\n", *(b"%b: %b\r\n" % pair for pair in self.server_state.default_headers)]
        self.transport.write(b"".join([*head, *self._answer]))
        self._answer = None
        self._within(KEEP_ALIVE_SECONDS)

    def _at_hand(self) -> list[bytes] | None:
        """What the application has in memory for a plain GET, while nothing before it waits for its answer.

        A task, a queue and three callbacks a request cost more than all the rest of sending a thumbnail.
        """
        at_once = getattr(self.app, "at_once", None)
        if at_once is None or not (self.cycle is None or self.cycle.response_complete) or self.flow.write_paused:
            return None
        parser = self.parser
        if parser.get_method() != b"GET" or parser.get_http_version() != "1.1" or not parser.should_keep_alive():
            return None
        found: list[bytes] | None = None if parser.should_upgrade() else at_once(self.url, self.headers)
        return found

    def _grow(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_LIMIT:
            raise Refused("the head of the request is too large")

    def _within(self, seconds: float | None) -> None:
        """Hangs up after so many seconds unless called again before; None waits for as long as it takes.

        Setting a timer costs more than the rest of this class, so one that runs is left alone and looks when it fires.
        It never runs longer than the shortest time, so that it never fires late.
        """
        self._ends = None if seconds is None else self.loop.time() + seconds
        if self._timer is None and seconds is not None:
            self._timer = self.loop.call_later(min(seconds, HEAD_SECONDS), self._look_at_the_clock)

    def _look_at_the_clock(self) -> None:
        self._timer = None
        if self._ends is None:
            return
        left = self._ends - self.loop.time()
        if left > 0:
            self._timer = self.loop.call_later(min(left, HEAD_SECONDS), self._look_at_the_clock)
        else:
            self.transport.close()

    def _forget(self) -> None:
        self._ends = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._counted is not None:
            _open_by_address[self._counted] -= 1
            if _open_by_address[self._counted] <= 0:
                del _open_by_address[self._counted]
            self._counted = None


def _loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return True


class OneLine(logging.Filter):
    """Keeps what a stranger can provoke out of the log, and tracebacks out of what remains."""

    _provoked = ("Invalid HTTP request", "Invalid UTF-8 sequence", "Unsupported upgrade")

    def filter(self, record: logging.LogRecord) -> bool:
        if str(record.msg).startswith(self._provoked):
            return False
        error: Any = record.exc_info[1] if record.exc_info else None
        if error is not None:
            record.msg, record.args = f"{str(record.msg).strip()}: {type(error).__name__}", ()
            record.exc_info = None
        return True
