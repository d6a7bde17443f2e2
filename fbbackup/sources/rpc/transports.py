"""The two ways to an RPC server: a POST a question, or frames on one WebSocket."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from fbbackup.errors import SourceUnavailable
from fbbackup.http import Http, Socket, SocketClosed, SocketRefused
from fbbackup.sources.rpc.answers import RpcFailed, UnreadableReply, parsed

METHODS = {"albums": "fb.getUserAlbums", "photos": "fb.getUserPhotos"}
ENDPOINTS = {"albums": "facebook:getAlbums", "photos": "facebook:getPhotos"}
_STRANGE_FRAMES = 20
_SESSION_OVER = {1008, 3000, 3003, 4001, 4003, 4401, 4403}
"""Ends of a WebSocket that stand for a policy, or for 401 and 403 by one convention or another."""


@dataclass(frozen=True, slots=True)
class Question:
    """A part of a list: `kind` is `albums` or `photos`, an empty `album` means all."""

    kind: str
    album: str
    offset: int
    limit: int


class Transport(Protocol):
    """Carries one question at a time."""

    async def ask(self, question: Question) -> tuple[Any, int]:
        """The reply as JSON and the status of HTTP. Raises RpcFailed, UnreadableReply and SourceUnavailable."""
        ...

    async def close(self) -> None: ...


class ByHttp:
    """`POST /api/v0/rpc/fb.…` with the session in a header."""

    def __init__(self, http: Http, root: str, session: str, user: str) -> None:
        self._http, self._root, self._session, self._user = http, root, session, user

    async def ask(self, question: Question) -> tuple[Any, int]:
        body = {
            "User": self._user, "Album": question.album, "Offset": question.offset, "Limit": question.limit,
        }  # fmt: skip
        url = f"{self._root}/api/v0/rpc/{METHODS[question.kind]}"
        reply = await self._http.post_json(url, json.dumps(body).encode(), session=self._session)
        try:
            return parsed(reply.body), reply.status
        except UnreadableReply as odd:
            if reply.status >= 400:
                raise RpcFailed(reply.status, "", about_album=bool(question.album)) from None
            raise UnreadableReply(f"{odd} (HTTP {reply.status})") from None

    async def close(self) -> None:
        """There is nothing of its own to close."""


class BySocket:
    """Frames on `/api/v0/ws`. Whatever goes wrong, the next question opens a new conversation."""

    def __init__(self, http: Http, root: str, session: str, clock: Callable[[], float] = time.time) -> None:
        self._http, self._root, self._session, self._clock = http, root, session, clock
        self._opened: AbstractAsyncContextManager[Socket] | None = None
        self._socket: Socket | None = None
        self._number = 0

    async def ask(self, question: Question) -> tuple[Any, int]:
        try:
            return await self._ask(question), 200
        except SocketRefused as refused:
            await self.close()
            raise RpcFailed(refused.status, "the WebSocket is refused") from None
        except SocketClosed as closed:
            await self.close()
            if closed.code not in _SESSION_OVER and not 4000 <= closed.code < 5000:
                raise
            words = closed.reason or f"the server closed the WebSocket with {closed.code}"
            raise RpcFailed(401 if closed.code in _SESSION_OVER else closed.code, words) from None
        except BaseException:
            await self.close()
            raise

    async def _ask(self, question: Question) -> Any:
        socket = await self._conversation()
        self._number += 1
        number, endpoint = str(self._number), ENDPOINTS[question.kind]
        data = {"album": question.album, "offset": question.offset, "limit": question.limit}
        event = {"id": number, "date": int(self._clock())}
        await socket.send(json.dumps({"endpoint": endpoint, "data": data, "event": event}))
        for _ in range(_STRANGE_FRAMES):
            reply = parsed(await socket.receive())
            if isinstance(reply, dict) and _answers(reply, number, endpoint):
                return reply
        raise SourceUnavailable("the server sends frames that nobody asked for, and no answer")

    async def _conversation(self) -> Socket:
        if self._socket is None:
            self._opened = self._http.connect(f"{self._root}/api/v0/ws", self._session)
            self._socket = await self._opened.__aenter__()
        return self._socket

    async def close(self) -> None:
        """Ends the conversation, if there is one."""
        opened, self._opened, started = self._opened, None, self._socket is not None
        self._socket = None
        if opened is not None and started:
            await opened.__aexit__(None, None, None)


def _answers(reply: dict[str, Any], number: str, endpoint: str) -> bool:
    """Whether a frame answers the question. By the document a reply need not repeat anything; then the order tells."""
    event = reply.get("event")
    told = event.get("id") if isinstance(event, dict) else None
    if told is not None and str(told) not in ("", number):
        return False
    if reply.get("endpoint") not in (None, "", endpoint):
        return False
    return "data" in reply or "error" in reply or "result" in reply
