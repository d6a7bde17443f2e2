"""A client, and what servers may answer it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fbbackup.http import HostRules, Http, HttpSettings
from tests.loopback import Answer, loopback, reply

PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40


TOKEN = "EAAcanarycanarycanary"


@asynccontextmanager
async def client(settings: HttpSettings | None = None, rules: HostRules | None = None) -> AsyncIterator[Http]:
    http = Http(rules or HostRules.of("http://127.0.0.1:1"), settings)
    try:
        yield http
    finally:
        await http.close()


async def fetch(answer: bytes | Answer, settings: HttpSettings | None = None) -> bytes:
    tell: Answer = (lambda _: answer) if isinstance(answer, bytes) else answer
    async with loopback(tell) as server, client(settings) as http:
        return (await http.fetch(f"{server.url}/p.jpg?oh=secret&oe=6A000000")).body


def chunked(*pieces: bytes, end: bool = True) -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + (b"0\r\n\r\n" if end else b"")
    return reply(body, length=-1, Transfer_Encoding="chunked")
