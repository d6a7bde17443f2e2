"""A server that speaks the local API (`docs/api.md`) to the letter, with nothing of fbbackup's own server in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from aiohttp import WSMsgType, web
from PIL import Image

SESSION = "session-of-the-pretend-server"
Json = dict[str, Any]
KINDS = {"fb.getUserAlbums": "albums", "fb.getUserPhotos": "photos",
         "facebook:getAlbums": "albums", "facebook:getPhotos": "photos"}  # fmt: skip


def picture(number: int, size: int = 16, kind: str = "PNG") -> bytes:
    """A picture of its own for each number."""
    body = BytesIO()
    Image.new("RGB", (size, size), (number * 37 % 256, number * 91 % 256, number * 13 % 256)).save(body, kind)
    return body.getvalue()


@dataclass
class RpcServer:
    """What the server holds, what it was asked, and how it misbehaves.

    `albums` are the ids of their photos; `outside` are photos in no album. `shape` has the last word on each item,
    `before` sees every question first, `failing` answers instead when it returns an error.
    """

    albums: dict[str, list[str]] = field(default_factory=dict)
    outside: list[str] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict)
    captions: dict[str, str] = field(default_factory=dict)
    most: int = 100
    url: str = ""
    user: str = "ada"
    session: str = SESSION
    asked: list[tuple[str, str, int, int]] = field(default_factory=list)
    fetched: list[tuple[str, str]] = field(default_factory=list)
    paths: dict[str, Callable[[], web.Response]] = field(default_factory=dict)
    shape: Callable[[str, Json], Json] = lambda kind, item: item
    before: Callable[[str, str, int], None] = lambda kind, album, offset: None
    failing: Callable[[str, str, int], Json | None] = lambda kind, album, offset: None
    reshape: Callable[[Json], Any] = lambda reply: reply
    closing: tuple[int, str] | None = None
    """With which code and words a WebSocket is closed instead of an answer."""
    terse: bool = False
    """Whether frames repeat neither endpoint nor event, as the document shows them."""

    def add(self, album: str | None, *ids: str) -> None:
        """Photos with a picture each, into an album or outside of all."""
        for id_ in ids:
            self.bodies.setdefault(id_, picture(len(self.bodies) + 1))
            (self.outside if album is None else self.albums.setdefault(album, [])).append(id_)

    def all_ids(self) -> list[str]:
        inside = [id_ for members in self.albums.values() for id_ in members]
        return list(dict.fromkeys([*inside, *self.outside]))

    def remove(self, photo: str) -> None:
        for members in (*self.albums.values(), self.outside):
            if photo in members:
                members.remove(photo)

    def _photo(self, id_: str) -> Json:
        return self.shape("photos", {
            "remoteId": id_, "title": f"Title {id_}", "description": self.captions.get(id_, f"Words of {id_}"),
            "thumbnail": f"{self.url}/small/{id_}.png",
            "metadata": {"fileDate": 1_404_554_400, "contentType": "image/png",
                         "link": f"{self.url}/full/{id_}.png"},
        })  # fmt: skip

    def _album(self, id_: str) -> Json:
        members = self.albums[id_]
        return self.shape("albums", {
            "remoteId": id_, "title": f"Album {id_}", "description": "",
            "thumbnail": f"{self.url}/small/{members[0]}.png" if members else "",
            "metadata": {"fileDate": 1_404_554_400, "contentType": "image/png", "link": ""}, "count": len(members),
        })  # fmt: skip

    def answer(self, kind: str, data: Json, user: str | None) -> Json:
        """The reply to a question whose keys are in lower case."""
        album, offset, limit = data["album"], data["offset"], min(data["limit"], self.most)
        assert isinstance(album, str)
        assert isinstance(offset, int)
        assert isinstance(limit, int)
        self.asked.append((kind, album, offset, limit))
        self.before(kind, album, offset)
        failed = self.failing(kind, album, offset)
        if failed is None and user not in (None, self.user):
            failed = error(403, "no such user")
        if failed is None and album and album not in self.albums:
            failed = error(404, "no such album")
        if failed is not None:
            return failed
        if kind == "albums":
            every = [self._album(id_) for id_ in ([album] if album else self.albums)]
        else:
            every = [self._photo(id_) for id_ in (self.albums[album] if album else self.all_ids())]
        shown = every[offset : offset + limit]
        page = {kind: shown, "next": offset + limit < len(every), "offset": offset, "limit": limit}
        return {"data": page, "error": error(0, "")["error"]}

    # -- the wire ----------------------------------------------------------------------------------------------------

    async def by_http(self, request: web.Request) -> web.Response:
        assert request.headers["content-type"] == "application/json"
        if request.headers.get("x-session-id") != self.session:
            return web.json_response(error(401, "the session is expired"))
        asked = json.loads(await request.read())
        assert set(asked) == {"User", "Album", "Offset", "Limit"}
        lowered = {key.lower(): value for key, value in asked.items()}
        kind = KINDS[request.match_info["method"]]
        return web.json_response(self.reshape(self.answer(kind, lowered, lowered["user"])))

    async def by_socket(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("x-session-id") != self.session:
            return web.json_response(error(401, "the session is expired"), status=401)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            assert message.type is WSMsgType.TEXT
            frame = json.loads(message.data)
            assert set(frame) == {"endpoint", "data", "event"}
            assert set(frame["data"]) == {"album", "offset", "limit"}
            if self.closing is not None:
                await socket.close(code=self.closing[0], message=self.closing[1].encode())
                break
            reply = self.reshape(self.answer(KINDS[frame["endpoint"]], frame["data"], None))
            event = {} if self.terse else {"endpoint": frame["endpoint"], "event": {"id": frame["event"]["id"]}}
            await socket.send_json({**reply, **event})
        return socket

    async def bytes_of(self, request: web.Request) -> web.Response:
        self.fetched.append((request.path, request.headers.get("x-session-id", "")))
        if (own := self.paths.get(request.path)) is not None:
            return own()
        size, name = request.path.strip("/").split("/")
        body = self.bodies[name.removesuffix(".png")]
        return web.Response(body=body if size == "full" else b"thumbnail of " + body, content_type="image/png")


def error(code: int, message: str) -> Json:
    """The error that stands in a reply."""
    return {"error": {"status": code != 0, "code": code, "message": message}}


@asynccontextmanager
async def running(server: RpcServer) -> AsyncIterator[RpcServer]:
    """Serves on any free port of loopback while the block runs."""
    app = web.Application()
    app.router.add_post("/api/v0/rpc/{method}", server.by_http)
    app.router.add_get("/api/v0/ws", server.by_socket)
    app.router.add_get("/{tail:.*}", server.bytes_of)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sockets = site._server.sockets  # type: ignore[union-attr]
    server.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
        await asyncio.sleep(0)
