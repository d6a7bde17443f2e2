"""Servers with other habits than the simulator: each answers some questions in its own way, the rest plainly."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from fbbackup.errors import ItemError, SourceUnavailable
from fbbackup.http import HostRules, Http
from fbbackup.models import Album, Permission
from fbbackup.sources.graph import GraphSettings, GraphSource
from tests.loopback import Asked, loopback, reply
from tests.sources.accounts import albums_of, all_of, rest_of

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


# -- one thing fails for good ------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [error(2, "Service temporarily unavailable", 503), (502, b"<html>Sorry</html>")])
async def test_a_list_that_never_answers_ends_no_run(failure: tuple[int, Any]) -> None:
    async with graph(lambda path, params: failure if path == "me/videos" else None) as (source, asked):
        found = await all_of(source)
        assert [len(photos) for photos in found.values()] == [3, 2, 0, 0]
        assert any("Videos" in note for note in source.notes)
        assert len(asked) < 15


async def test_a_service_that_fails_altogether_is_left_alone_after_one_small_question() -> None:
    async with graph(lambda path, params: error(2, "x", 503)) as (source, asked):
        with pytest.raises(SourceUnavailable):
            await albums_of(source)
        assert [path for path, _ in asked] == ["me/albums"] * 4 + ["me"]


REFUSALS = [error(100, "(#100) You must provide an app access token"), error(190, "Invalid OAuth access token"),
            error(2, "x", 500), (502, b"<html>"), (401, b""), (200, {"data": {}}), (200, {"data": []})]  # fmt: skip


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_login_is_good_although_nothing_tells_when_it_ends(refusal: tuple[int, Any]) -> None:
    async with graph(lambda path, params: refusal if path == "debug_token" else None) as (source, asked):
        assert (await source.identity()).remote_id == "1"
        assert (await source.identity()).expires_at is None
        assert len([path for path, _ in asked if path == "debug_token"]) <= 4


async def test_a_person_is_not_taken_for_a_page() -> None:
    scopes = {"data": {"is_valid": True, "scopes": ["user_photos"]}}

    def told(path: str, params: Params) -> Any:
        if "permissions" in path + params.get("fields", ""):
            return error(3, "(#3) Application does not have the capability")
        return scopes if path == "debug_token" else None

    async with graph(told) as (source, _):
        assert (await source.identity()).permissions == {"user_photos": Permission.GRANTED}


async def test_a_small_service_is_looked_at_in_small_parts() -> None:
    def told(path: str, params: Params) -> Any:
        if int(params.get("limit", 0)) > 30:
            return error(1, "Please reduce the amount of data you're asking for, then retry your request", 500)
        return None

    async with graph(told) as (source, asked):
        tagged = next(album for album in await albums_of(source) if album.kind == "tagged")
        assert await source.probe(tagged) is not None
        before = len(asked)
        assert await source.probe(tagged) is not None
        assert len(asked) == before + 1


# -- pages -------------------------------------------------------------------------------------------------------


async def test_a_next_page_at_facebook_itself_is_asked_for_at_the_configured_server() -> None:
    def told(path: str, params: Params) -> Any:
        if path != "70/photos" or "after" in params:
            return None
        return {
            "data": [{"id": "1"}],
            "paging": {"next": f"https://graph.facebook.com/v21.0/70/photos?after=A&access_token={TOKEN}"},
        }

    async with graph(told) as (source, asked):
        assert len(await rest_of(source, Album("70", ""), None)) == 4
        assert asked[-1][1]["after"] == "A"


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("path", ["70/photos", "me/albums"])
async def test_an_empty_page_ends_a_list_that_is_read_by_time(path: str, *, again: bool) -> None:
    """Such lists name a next page for ever: an older one each time, or the same one `again`."""

    def told(asked: str, params: Params) -> Any:
        until = int(params.get("until", 1000))
        if asked != path:
            return None
        following = until - 1 if until > 990 or not again else until
        data = [{"id": str(until), "name": "x"}] if until > 990 and until % 2 else []
        return {"data": data, "paging": {"next": f"https://graph.facebook.com/x?until={following}&__paging_token=x"}}

    async with graph(told) as (source, calls):
        if path == "70/photos":
            ids = [photo.id for photo in await rest_of(source, Album("70", ""), None)]
        else:
            ids = [album.remote_id for album in await albums_of(source) if not album.virtual]
        assert ids == ["999", "997", "995", "993", "991"]
        assert len(calls) <= 15


@pytest.mark.parametrize("shown", [[], [{"id": "1", "name": "x"}]])
async def test_a_list_without_an_end_is_given_up(shown: list[Any]) -> None:
    def told(path: str, params: Params) -> Any:
        after = str(int(params.get("after", 0)) + 1)
        if path not in ("70/photos", "me/albums"):
            return None
        return {
            "data": shown,
            "paging": {"cursors": {"after": after}, "next": f"https://graph.facebook.com/?after={after}"},
        }

    async with graph(told) as (source, asked):
        with pytest.raises(ItemError, match="nothing new"):
            await rest_of(source, Album("70", ""), None)
        with pytest.raises(SourceUnavailable, match="repeats"):
            await albums_of(source)
        assert len(asked) < 60


@pytest.mark.parametrize("edge", [{"data": []}, {"data": [], "paging": {"cursors": {"after": "A"}}}])
async def test_empty_albums_need_no_call_of_their_own(edge: dict[str, Any]) -> None:
    def told(path: str, params: Params) -> Any:
        if path == "me/albums":
            shown = {"photos": edge} if "photos" in params["fields"] else {}
            return {"data": [{"id": str(number), "name": "x", "count": 0} | shown for number in range(70, 90)]}
        return None

    async with graph(told) as (source, asked):
        assert len(await all_of(source)) == 23
        assert len(asked) == 7


async def test_what_failed_is_told_with_the_status_that_came() -> None:
    async with graph(lambda path, params: (200, b"<html>")) as (source, _):
        with pytest.raises(SourceUnavailable, match=r"HTTP 200, the answer is no JSON"):
            await albums_of(source)


async def test_a_claim_of_no_photos_is_not_believed_where_albums_are_shown_without_any() -> None:
    def told(path: str, params: Params) -> Any:
        if path == "me/albums":
            return {"data": [{"id": album, "name": album, "count": 0} for album in ALBUMS]}
        return None

    async with graph(told) as (source, _):
        found = await all_of(source)
        assert [len(found[album]) for album in ALBUMS] == [3, 2]


@pytest.mark.parametrize("answer", [{}, {"data": None}, {"data": {"0": {"id": "1"}}}, {"data": "x", "paging": {}}])
async def test_an_answer_without_a_list_is_no_empty_album(answer: dict[str, Any]) -> None:
    async with graph(lambda path, params: answer if path in ("70/photos", "me/videos") else None) as (source, _):
        for remote_id, virtual in (("70", False), ("videos", True)):
            with pytest.raises(ItemError, match="no list"):
                await source.page(Album(remote_id, "", virtual=virtual), None)


# -- secrets -----------------------------------------------------------------------------------------------------


async def test_a_token_in_any_value_is_taken_out() -> None:
    def told(path: str, params: Params) -> Any:
        if path != "70/photos":
            return None
        link = f"https://graph.facebook.com/1?access_token={TOKEN}"
        return {"data": [{"id": "1", "name": TOKEN, "link": link, "images": [{"source": link}], "odd": {"x": [link]}}]}

    async with graph(told) as (source, _):
        photos = await rest_of(source, Album("70", ""), None)
        assert photos[0].caption == "…"
        assert TOKEN not in repr(photos)
