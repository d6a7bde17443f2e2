"""Clients that trickle heads and bodies or never read (row S24): others are served as ever, the slow ones let go."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from fbbackup.web.connections import BODY_SECONDS, HEAD_SECONDS
from tests.web.served import Filled, Served

ROUNDS = 40
BUSY_SECONDS = 5.0
"""What one request may take on a machine that other tests share; the sweep asks for a second."""
REQUESTS = ("/", "/healthz", "/albums", "/status")


@pytest.fixture(scope="module")
def served(filled: Filled) -> Iterator[Served]:
    with filled.serving() as found:
        yield found


def head(served: Served, cookie: str, path: str) -> bytes:
    return f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nX-Slow: ".encode()


def body(served: Served, cookie: str, path: str) -> bytes:
    return (
        f"POST /login HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nContent-Length: 100000\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\npassword="
    ).encode()


def unread(served: Served, cookie: str, path: str) -> bytes:
    one = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nCookie: {cookie}\r\n\r\n"
    return one.encode() * 5


def silent(served: Served, cookie: str, path: str) -> bytes:
    return b""


@contextmanager
def slow(served: Served, start: bytes, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        opened = []
        for _ in range(count):
            line = stack.enter_context(socket.socket())
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.connect(("127.0.0.1", served.port))
            line.sendall(start)
            line.setblocking(False)
            opened.append(line)
        yield opened


def trickle(lines: list[socket.socket]) -> None:
    for line in lines:
        with contextlib.suppress(OSError):
            line.send(b"x")


def largest(filled: Filled) -> str:
    id_ = filled.rows("SELECT p.id FROM photos p JOIN files f ON f.sha256 = p.sha256 ORDER BY f.bytes DESC")[0][0]
    return f"/files/{id_}"


Start = Callable[[Served, str, str], bytes]


def attack(filled: Filled, served: Served, start: Start, count: int, patience: float) -> tuple[float, int]:
    """The slowest of many ordinary requests meanwhile, in seconds, and how many slow lines are open at the end."""
    with httpx.Client(base_url=served.url, follow_redirects=True) as browser:
        browser.get(served.next_link())
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        with slow(served, start(served, cookie, largest(filled)), count) as lines:
            took = []
            for number in range(ROUNDS):
                if start in (head, body):
                    trickle(lines)
                began = time.monotonic()
                assert browser.get(REQUESTS[number % len(REQUESTS)]).status_code == 200
                took.append(time.monotonic() - began)
            ends = time.monotonic() + patience
            while time.monotonic() < ends and (still := sum(not gone(line) for line in lines)):
                time.sleep(0.2)
            return max(took), still if patience else count


def gone(line: socket.socket) -> bool:
    try:
        return line.recv(1 << 16) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


@pytest.mark.parametrize("start", [head, body, unread, silent])
def test_slow_clients_hold_up_nobody(filled: Filled, served: Served, start: Start) -> None:
    slowest, _ = attack(filled, served, start, 100, 0)
    assert slowest < BUSY_SECONDS


@pytest.mark.sweep
@pytest.mark.parametrize("start", [head, body, silent, unread])
def test_slow_clients_are_let_go(filled: Filled, served: Served, start: Start) -> None:
    # Whoever reads slowly may be on a slow line: such clients are borne, and cost a buffer each.
    seconds = {body: BODY_SECONDS, unread: -5.0}.get(start, HEAD_SECONDS)
    slowest, still = attack(filled, served, start, 400, seconds + 5)
    print(f"400 slow clients ({start.__name__}): slowest other request {1000 * slowest:.0f} ms, "
          f"{still} still connected after {seconds + 5:.0f} s")  # fmt: skip
    assert slowest < 1
    assert start is unread or still == 0
