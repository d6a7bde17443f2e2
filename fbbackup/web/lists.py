"""Lists of photos by their name in an address: `album:12`, `person:…`, `place:…`, `search:…`, or nothing for all."""

from __future__ import annotations

import re
from sqlite3 import Connection, Row
from urllib.parse import quote

from fbbackup.catalog import gallery, scopes
from fbbackup.catalog import query as search
from fbbackup.catalog.scopes import Key, Scope

MOST = 300
_MONTH = re.compile(r"\d{4}-\d{2}")


class BadName(ValueError):
    """There is no such list, or a key is not of this list."""


def scope_of(db: Connection, name: str) -> Scope:
    """The list of a name. Raises BadName."""
    kind, _, value = name.partition(":")
    if not name:
        return scopes.TIMELINE
    if kind == "album" and (album := gallery.album(db, value)):
        return scopes.album(album["id"])
    if kind == "person":
        return scopes.person(value)
    if kind == "place":
        return scopes.place(value)
    if kind == "search" and (found := search.scope(search.parse(value))):
        return found
    raise BadName(f"there is no list {name[:100]!r}")


def key_text(key: Key | None) -> str | None:
    return None if key is None else f"{key[0]}~{key[1]}"


def key_from(text: str, name: str) -> Key | None:
    """The key that `key_text` wrote for a list. Raises BadName."""
    if not text:
        return None
    first, _, second = text.partition("~")
    try:
        if name.startswith("album:"):
            return _whole(first), second
        if name.startswith("search:") and search.parse(name[7:]).ranked:
            return float(first), _whole(second)
    except ValueError:
        raise BadName("the key is not of this list") from None
    return first, second


def _whole(text: str) -> int:
    number = int(text)
    if abs(number) >= 1 << 62:
        raise ValueError(text)
    return number


def start_of(month: str) -> Key | None:
    """The key from which the timeline goes on with a month (`2014-07`) or the newest of a year; None for its start."""
    if _MONTH.fullmatch(month):
        return f"{month}-99", ""
    if re.fullmatch(r"\d{4}", month):
        return f"{month}-99", ""
    return ("", "\U0010ffff") if month == "undated" else None


def page(db: Connection, name: str, after: Key | None, limit: int) -> tuple[list[Row], Key | None]:
    """A page of a list as rows, and the key to go on from; None at its end."""
    if name.startswith("search:"):
        rows = search.found(db, search.parse(name[7:]), after, limit)
    else:
        rows = scopes.page(db, scope_of(db, name), after, limit)
    return rows, (rows[-1]["first_key"], rows[-1]["second_key"]) if len(rows) == limit else None


def earlier(db: Connection, name: str, before: Key, limit: int) -> list[Row]:
    """The photos that come before a key, in the list's order."""
    return scopes.page(db, scope_of(db, name), before, limit, backwards=True)[::-1]


def items(db: Connection, name: str, after: Key | None, limit: int) -> tuple[list[str], Key | None]:
    """A page of a list as JSON objects."""
    if name.startswith("search:"):
        return search.found_items(db, search.parse(name[7:]), after, limit)
    return scopes.items(db, scope_of(db, name), after, limit)


def address(name: str) -> str:
    """The page that shows a list."""
    kind, _, value = name.partition(":")
    known = {"album": "/albums/", "person": "/people/", "place": "/places/", "search": "/search?q="}
    return known[kind] + quote(value, safe="") if kind in known else "/"
