"""The calls of the local API (`fb.getUserAlbums` and its siblings), whichever way they arrive."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Row
from typing import Any
from urllib.parse import quote

from fbbackup.catalog import offered
from fbbackup.errors import ConfigError, FbbackupError, LoginNeeded
from fbbackup.web.readers import NoCatalog
from fbbackup.web.sessions import Session
from fbbackup.web.site import Site

MOST = 200
USUAL = 50
LONGEST_TOKEN = 4096
MOST_SCOPES = 100
MOST_BOOKMARKS = 1000

Reply = dict[str, Any]


class CallFailed(Exception):
    """A call can't be answered; `code` is like a status of HTTP."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and by which address of ours, so that replies can point back."""

    site: Site
    session: Session
    base_url: str


Params = Mapping[str, Any]
Answer = Callable[[Caller, Params], Awaitable[Reply]]


def error_object(code: int = 0, message: str = "") -> Reply:
    """The error that stands in every reply; `status` is true when there is one."""
    return {"status": code != 0, "code": code, "message": message}


async def update_token(caller: Caller, params: Params) -> Reply:
    """Replaces the account's token once Facebook accepts the new one."""
    if not caller.session.may_write:
        raise CallFailed(403, "the session may only read; make one with --scope write")
    token, scopes = _text(params, "token"), params.get("scopes", [])
    if not isinstance(scopes, list) or len(scopes) > MOST_SCOPES or not all(isinstance(one, str) for one in scopes):
        raise CallFailed(400, "scopes must be a list of text")
    if not (token.isascii() and token.isprintable() and " " not in token and 0 < len(token) <= LONGEST_TOKEN):
        raise CallFailed(400, "token must be printable ASCII without spaces")
    try:
        await caller.site.update_token(caller.session.account, token, scopes)
    except LoginNeeded as error:
        raise CallFailed(401, str(error)) from None
    except ConfigError as error:
        raise CallFailed(409, str(error)) from None
    except FbbackupError as error:
        raise CallFailed(503, str(error)) from None
    return {}


async def albums(caller: Caller, params: Params) -> Reply:
    album, (offset, limit) = _text(params, "album", ""), _window(params)
    rows = await caller.site.readers.ask(offered.albums, caller.session.account, album, offset, limit + 1)
    if album and not rows and not offset:
        raise CallFailed(404, "there is no such album")
    found = [{**_described(caller, row, row["remote_id"], row["cover"]), "count": row["count"]} for row in rows[:limit]]
    return {"albums": found, "next": len(rows) > limit, "offset": offset, "limit": limit}


async def photos(caller: Caller, params: Params) -> Reply:
    album, (offset, limit) = _text(params, "album", ""), _window(params)
    account, readers = caller.session.account, caller.site.readers
    if album:
        number = await readers.ask(offered.album_number, account, album)
        if number is None:
            raise CallFailed(404, "there is no such album")
        rows = await readers.ask(offered.album_photos, number, offset, limit + 1)
    else:
        after = caller.site.bookmarks.get((account, offset), 0)
        rows = await readers.ask(offered.photos, account, after, 0 if after else offset, limit + 1)
        if len(rows) > limit:
            _remember(caller.site.bookmarks, (account, offset + limit), rows[limit - 1]["number"])
    found = [_described(caller, row, row["id"], row["id"] if row["version"] else None) for row in rows[:limit]]
    return {"photos": found, "next": len(rows) > limit, "offset": offset, "limit": limit}


def _remember(bookmarks: OrderedDict[tuple[str, int], int], place: tuple[str, int], number: int) -> None:
    bookmarks[place] = number
    while len(bookmarks) > MOST_BOOKMARKS:
        bookmarks.popitem(last=False)


def _described(caller: Caller, row: Row, remote_id: str, picture: str | None) -> Reply:
    shown = picture is not None and row["content_type"].startswith("image/")
    thumbnail = f"{caller.base_url}/thumbnails/{quote(picture or '', safe='')}?v={row['version']}" if shown else ""
    return {
        "remoteId": remote_id,
        "title": row["title"],
        "description": row["description"],
        "thumbnail": thumbnail,
        "metadata": {
            "fileDate": _seconds(row["file_date"]),
            "contentType": row["content_type"],
            "link": row["link"],
        },
    }


def _seconds(text: str | None) -> int | None:
    return int(datetime.fromisoformat(text).timestamp()) if text else None


def _text(params: Params, name: str, default: str | None = None) -> str:
    value = params.get(name, default)
    if not isinstance(value, str) or len(value) > LONGEST_TOKEN:
        raise CallFailed(400, f"{name} must be text")
    return value


def _window(params: Params) -> tuple[int, int]:
    return _whole(params, "offset", 0, 0, 1 << 53), _whole(params, "limit", USUAL, 1, MOST)


def _whole(params: Params, name: str, default: int, low: int, high: int) -> int:
    value = params.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise CallFailed(400, f"{name} must be a whole number from {low} to {high}")
    return value


async def checked_user(caller: Caller, params: Params) -> None:
    """Refuses a `User` that is not the session's account, by its name or its Facebook id."""
    user = _text(params, "user")
    if user == caller.session.account:
        return
    try:
        found = await caller.site.readers.ask(offered.account_of, user)
    except NoCatalog:
        found = None
    if found != caller.session.account:
        raise CallFailed(403, "the session is not for this user")


EMPTY: dict[str, Callable[[Params], Reply] | None] = {
    "updateToken": None,
    "getAlbums": lambda params: _nothing("albums", params),
    "getPhotos": lambda params: _nothing("photos", params),
}
ANSWERS: dict[str, Answer] = {"updateToken": update_token, "getAlbums": albums, "getPhotos": photos}


def _nothing(kind: str, params: Params) -> Reply:
    """The data of a reply that failed: the shape of an empty page, so that clients always find the same keys."""

    def number(name: str, default: int) -> int:
        value = params.get(name, default)
        return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 53 else default

    return {kind: [], "next": False, "offset": number("offset", 0), "limit": number("limit", USUAL)}


def reply_of(name: str, data: Reply, params: Params, failed: CallFailed | None) -> Reply:
    """A reply with exactly the keys of the call."""
    empty = EMPTY[name]
    error = error_object() if failed is None else error_object(failed.code, str(failed))
    if empty is None:
        return {"error": error}
    return {"data": empty(params) if failed else data, "error": error}


async def answered(caller: Caller, name: str, params: Params, *, with_user: bool) -> tuple[Reply, CallFailed | None]:
    """The data of a call, or why there is none."""
    try:
        if with_user:
            await checked_user(caller, params)
        return await ANSWERS[name](caller, params), None
    except CallFailed as failed:
        return {}, failed
    except NoCatalog:
        return {}, CallFailed(503, "nothing was backed up yet")
