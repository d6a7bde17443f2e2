"""Servers with other habits than the simulator: each answers some questions in its own way, the rest plainly."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fbbackup.http import HostRules, Http
from fbbackup.sources.graph import GraphSettings, GraphSource
from tests.loopback import Asked, loopback, reply

TOKEN = "EAAtoken"
ALBUMS = {"70": 3, "71": 2}
PERMISSIONS = [{"permission": name, "status": "granted"} for name in ("user_photos", "user_videos")]

Params = dict[str, str]
Told = Callable[[str, Params], Any]
"""What a path is answered with: an object, an error as status and object, or None for the plain answer."""


def error(code: int, message: str = "(#0) Odd", status: int = 400) -> tuple[int, Any]:
    return status, {"error": {"code": code, "message": message, "type": "OAuthException"}}


def photos_of(album: str) -> list[dict[str, Any]]:
    return [
        {"id": f"{album}00{number}", "images": [{"source": "https://cdn.test/a.jpg"}]}
        for number in range(ALBUMS.get(album, 0))
    ]


def plain(path: str, params: Params) -> Any:
    first, _, edge = path.partition("/")
    if path == "me":
        return {"id": "1", "name": "Ada", "permissions": {"data": PERMISSIONS}}
    if path == "debug_token":
        return {"data": {"is_valid": True, "type": "USER"}}
    if path == "me/albums":
        nested = "photos" in params["fields"]
        shown = {album: {"photos": {"data": photos_of(album)}} if nested else {} for album in ALBUMS}
        return {"data": [{"id": album, "name": album, "count": ALBUMS[album]} | shown[album] for album in ALBUMS]}
    if edge:
        return {"data": photos_of(first)}
    return error(100, f"Object with ID '{path}' does not exist")


@asynccontextmanager
async def graph(told: Told) -> AsyncIterator[tuple[GraphSource, list[tuple[str, Params]]]]:
    """A source at such a server, and the calls that were made."""
    asked: list[tuple[str, Params]] = []

    def answer(question: Asked) -> bytes:
        address = urlsplit(question.target)
        path, params = address.path.removeprefix("/v21.0/"), dict(parse_qsl(address.query))
        asked.append((path, params))
        own = told(path, params)
        own = plain(path, params) if own is None else own
        status, value = own if isinstance(own, tuple) else (200, own)
        return reply(value if isinstance(value, bytes) else json.dumps(value).encode(), status)

    async def wait(seconds: float) -> None:
        pass

    async with loopback(answer) as server:
        http = Http(HostRules.of(server.url))
        source = GraphSource(GraphSettings("ada", TOKEN, api_url=server.url, sleep=wait), http=http)
        try:
            yield source, asked
        finally:
            await http.close()


# -- refused fields ----------------------------------------------------------------------------------------------


async def test_a_refusal_without_a_type_takes_no_field_from_a_photo_by_id() -> None:
    """It may as well come from a video, which has hardly a field in common with photos."""
    def told(path: str, params: Params) -> Any:
        if params.get("ids") or (path == "9" and "source" not in params["fields"].split(",")):
            return error(100, "(#100) Tried accessing nonexisting field (name)")
        return {"id": "9", "source": "https://cdn.test/9.mp4"} if path == "9" else None

    async with graph(told) as (source, asked):
        answers = await source.photos_by_id(["9"])
        assert [photo.kind for photo in answers.photos] == ["video"]
        await source.photos_by_id(["10"])
        assert "name" in asked[-1][1]["fields"].split(",")
