"""Cuts lists into pages: cursors bound to a list and an item, offsets, times, and pages that misbehave."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fbbackup.simulator.faults import Armed
from fbbackup.simulator.graph_errors import GraphError, bad_cursor
from fbbackup.simulator.world import Call


class Pageable(Protocol):
    """What can be cut into pages."""

    @property
    def key(self) -> str: ...
    def __len__(self) -> int: ...
    def id_at(self, position: int) -> str: ...
    def shows(self, node_id: str) -> bool: ...
    def position_of(self, node_id: str) -> int | None: ...
    def visible(self) -> int: ...


@dataclass(frozen=True)
class Fixed:
    """A short list whose items are known already, such as comments."""

    key: str
    ids: list[str]

    def __len__(self) -> int:
        return len(self.ids)

    def id_at(self, position: int) -> str:
        """The id at a position."""
        return self.ids[position]

    def shows(self, node_id: str) -> bool:
        """All can be seen."""
        return True

    def position_of(self, node_id: str) -> int | None:
        """Where an id stands."""
        return self.ids.index(node_id) if node_id in self.ids else None

    def visible(self) -> int:
        """How many there are."""
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list; `marks` remember which misbehaviour is over already."""

    item: str
    marks: str = ""

    def text(self, key: str) -> str:
        """Opaque to clients."""
        plain = f"AQHR{zlib.crc32(key.encode()):08x}:{self.item}:{self.marks}"
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, key: str) -> Cursor:
        """Back from the text; a cursor of another list is refused."""
        try:
            plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise bad_cursor() from None
        head, _, rest = plain.partition(":")
        if head != f"AQHR{zlib.crc32(key.encode()):08x}":
            raise bad_cursor()
        item, _, marks = rest.partition(":")
        return cls(item, marks)


@dataclass
class Page:
    """One cut: positions [start, end) of the list, and the ids among them that can be seen."""

    start: int
    end: int
    ids: list[str]
    style: str = "cursors"
    marks: str = ""
    again: int | None = None
    """Where the next page begins when that is not `end`."""


def wanted_limit(call: Call, options: Mapping[str, str]) -> int:
    """The page size: what is asked, at most the cap, else the default."""
    text = options.get("limit", "")
    if not text:
        return call.world.settings.page_default
    if not text.lstrip("-").isdigit() or int(text) < 0:
        raise GraphError(100, f"(#100) Param limit must be a non-negative integer, got {text}")
    return min(int(text), call.world.settings.page_cap)


def _position(call: Call, listing: Pageable, cursor: Cursor) -> int:
    if not cursor.item:
        return -1
    position = listing.position_of(cursor.item)
    if position is None or (call.world.settings.strict_cursors and not listing.shows(cursor.item)):
        raise bad_cursor()
    return position


def _span(call: Call, listing: Pageable, options: Mapping[str, str], limit: int) -> tuple[int, int, str]:
    if "__paging_token" in options or options.get("after"):
        cursor = Cursor.read(options.get("__paging_token") or options["after"], listing.key)
        start = _position(call, listing, cursor) + 1
        return start, min(len(listing), start + limit), cursor.marks
    if options.get("before"):
        end = max(0, _position(call, listing, Cursor.read(options["before"], listing.key)))
        return max(0, end - limit), end, ""
    offset = options.get("offset", "0")
    start = min(len(listing), int(offset) if offset.isdigit() else 0)
    return start, min(len(listing), start + limit), ""


def cut(call: Call, listing: Pageable, options: Mapping[str, str], faults: list[Armed]) -> Page:
    """The page that the options ask for; what cannot be seen is left out after the cut."""
    start, end, marks = _span(call, listing, options, wanted_limit(call, options))
    page = Page(start, end, [], call.world.settings.paging)
    names = {armed.kind.name: armed.options for armed in faults}
    if "paging-next-only" in names:
        page.style = names["paging-next-only"].get("style", "offset")
    if "page-short" in names:
        page.end = start + (end - start + 1) // 2
    if "page-empty" in names and "e" not in marks:
        page.end, page.marks = start, "e"
        return page
    page.ids = [one for one in map(listing.id_at, range(page.start, page.end)) if listing.shows(one)]
    if "page-reorder" in names:
        page.ids = page.ids[1::2] + page.ids[::2]
    if "page-repeat" in names and "r" not in marks:
        page.again, page.marks = start, "r"
    elif "page-loop" in names:
        page.again = start
    elif "page-overlap" in names and page.end < len(listing) and page.end - start > 2:
        page.again = page.end - 2
    return page


def paging_of(call: Call, listing: Pageable, page: Page, path: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """The `paging` object; None when the list is empty, or only its summary is wanted."""
    if not len(listing) or params.get("limit") == "0":
        return None
    following = page.end if page.again is None else page.again
    more = following < len(listing) or page.again is not None
    kept = {k: v for k, v in params.items() if k not in _PLACE}
    if page.style != "cursors":
        return _url_paging(call, listing, page, (path, kept, following if more else None))
    before = Cursor(listing.id_at(page.start) if page.start < len(listing) else "").text(listing.key)
    after = Cursor(listing.id_at(following - 1) if following > 0 else "", page.marks).text(listing.key)
    paging: dict[str, Any] = {"cursors": {"before": before, "after": after}}
    if more:
        paging["next"] = call.url(path, {**kept, "after": after})
    if page.start > 0:
        paging["previous"] = call.url(path, {**kept, "before": before})
    return paging


_PLACE = ("access_token", "appsecret_proof", "appsecret_time", "after", "before", "offset", "since", "until",
          "__paging_token", "__previous", "date_format_")  # fmt: skip


def _url_paging(
    call: Call, listing: Pageable, page: Page, way: tuple[str, dict[str, Any], int | None]
) -> dict[str, Any] | None:
    path, kept, following = way
    paging: dict[str, Any] = {}
    timed = page.style == "time"

    def place(position: int, **more: str) -> dict[str, Any]:
        if not timed:
            return {**kept, "offset": str(position)}
        item = listing.id_at(position - 1) if position > 0 else ""
        return {**kept, "__paging_token": Cursor(item, page.marks).text(listing.key), **more}

    if page.start > 0:
        paging["previous"] = call.url(path, place(max(0, page.start - int(kept.get("limit", 25))), __previous="1"))
    if following is not None:
        until = str(int(call.world.library.clock.now()) - following)
        paging["next"] = call.url(path, place(following, until=until))
    return paging or None
