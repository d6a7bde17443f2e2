"""Lists by offset that may move while they are read: pages overlap by one item, and what moved is read again.

A list is believed when a reading of it met no sign of a move (the overlapping item elsewhere, an item twice, fewer than
claimed), or when two readings in a row were the same: some servers always count otherwise.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from hashlib import sha256

from fbbackup.errors import CursorRejected, ItemError
from fbbackup.sources.rpc.answers import Chunk, Item
from fbbackup.sources.rpc.api import RpcApi
from fbbackup.sources.rpc.nodes import BadItem, identifier

MOST_READINGS = 8
ALIKE_READINGS = 3
"""Readings after which a list that is always the same is believed although it is shorter than claimed."""
FRUITLESS_PAGES = 4
"""Pages without anything new after which a list that claims to go on is taken for endless."""

PAGES_UNTIL_DOUBT = 10
"""Pages of a list of unknown length after which one question is asked far behind any end."""
MOST_ITEMS = 1_000_000

_CURSOR = re.compile(r"([0-9]{1,2})\.([0-9]{1,12})\.([01])\.([0-9a-f]{12}|)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reading is: its number, the offset that follows, whether a move showed, the item before the offset."""

    reading: int = 1
    offset: int = 0
    moved: bool = False
    tail: str = ""

    def text(self) -> str:
        return f"{self.reading}.{self.offset}.{int(self.moved)}.{self.tail}"


def place_of(cursor: str | None) -> Place:
    """The place that a cursor stands for. Raises CursorRejected."""
    if cursor is None:
        return Place()
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise CursorRejected("the cursor is none of this list")
    return Place(int(match[1]), int(match[2]), match[3] == "1", match[4])


@dataclass(slots=True)
class _Reading:
    """What is remembered of the list that is being read. `whole` is false when an earlier process read its start."""

    name: str
    at: str
    whole: bool
    seen: set[str] = field(default_factory=set)
    here: set[str] = field(default_factory=set)
    fruitless: int = 0
    pages: int = 0
    chain: str = ""
    chain_before: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Items that are new in this listing, the cursor that goes on, and where they were asked for.

    `length` is how many items the list has, known at its end only; `last` its last id.
    """

    items: tuple[Item, ...]
    cursor: str | None
    offset: int
    problems: tuple[str, ...] = ()
    length: int | None = None
    last: str | None = None


class Lists:
    """Reads parts of lists. A list is named by its kind (`albums`, `photos`) and its album."""

    def __init__(self, api: RpcApi) -> None:
        self._api = api
        self._readings: dict[str, _Reading] = {}

    async def part(self, kind: str, album: str, cursor: str | None, claimed: int | None = None) -> Part:
        """The next part. Raises CursorRejected, ItemError for a list without end, and what the API raises."""
        place = place_of(cursor)
        reading = self._reading(f"{kind} {album}", cursor)
        asked = place.offset - 1 if place.tail else place.offset
        chunk = await self._api.ask(kind, album, asked)
        ids, items, problems = _named(chunk)
        moved = place.moved
        if place.tail and (not ids or _short(ids[0]) != place.tail):
            moved = True
        elif place.tail:
            ids, items = ids[1:], items[1:]
        fresh = [id_ for id_ in dict.fromkeys(ids) if id_ not in reading.here]
        moved = moved or len(fresh) < len(ids)
        new = [item for id_, item in zip(ids, items, strict=True) if id_ not in reading.seen]
        reading.chain = _short(f"{reading.chain} {ids}")
        reading.here.update(fresh)
        reading.seen.update(fresh)
        self._check_end(reading, chunk, bool(fresh), claimed)
        if claimed is None and chunk.more:
            await self._check_far(reading, kind, album)
        now = Place(place.reading, _following(asked, chunk, self._api.limit), moved, _tail(chunk, ids))
        goes_on = chunk.more if chunk.more is not None else len(chunk.items) >= (chunk.limit or self._api.limit)
        following = now if goes_on else self._after_end(now, reading, claimed, single=asked == 0)
        parted = tuple({identifier(item): item for item in new}.values())
        if following is not None:
            reading.at = following.text()
            return Part(parted, reading.at, asked, problems)
        del self._readings[reading.name]
        return Part(parted, None, asked, problems, asked + len(chunk.items), ids[-1] if ids else None)

    def _reading(self, name: str, cursor: str | None) -> _Reading:
        known = self._readings.get(name)
        if cursor is None or known is None or known.at != cursor:
            known = self._readings[name] = _Reading(name, cursor or "", cursor is None)
        return known

    def _check_end(self, reading: _Reading, chunk: Chunk, brought: bool, claimed: int | None) -> None:
        reading.fruitless = 0 if brought else reading.fruitless + 1
        most = max(2000, 4 * claimed) if claimed else MOST_ITEMS
        endless = reading.fruitless >= FRUITLESS_PAGES or len(reading.here) > most
        if endless and chunk.more is not False:
            raise ItemError(f"the list never ends: the server says that more follows, after {len(reading.here)} items")

    async def _check_far(self, reading: _Reading, kind: str, album: str) -> None:
        """Raises ItemError when there are new items where no list reaches: the server makes them up as it is asked."""
        reading.pages += 1
        if reading.pages != PAGES_UNTIL_DOUBT:
            return
        try:
            chunk = await self._api.ask(kind, album, MOST_ITEMS)
        except ItemError:
            return
        ids, _, _ = _named(chunk)
        if chunk.more and not reading.seen.issuperset(ids):
            raise ItemError(f"the list never ends: the server has new items even at number {MOST_ITEMS:,}")

    def _after_end(self, end: Place, reading: _Reading, claimed: int | None, *, single: bool) -> Place | None:
        """The start of another reading, None when the list is believed. Raises ItemError when it moves on and on."""
        short = claimed is not None and len(reading.seen) < claimed
        if not end.moved and (end.reading > 1 or single or not (short and reading.whole)):
            return None
        alike = reading.chain == reading.chain_before
        if alike and (not short or end.reading >= ALIKE_READINGS):
            return None
        if end.reading >= MOST_READINGS:
            raise ItemError(f"the list kept moving while it was read {MOST_READINGS} times")
        reading.here.clear()
        reading.chain, reading.chain_before = "", reading.chain
        return Place(end.reading + 1)

    async def all(self, kind: str, album: str = "") -> AsyncIterator[Part]:
        """Every part of a list. Raises as `part` does."""
        cursor: str | None = None
        while True:
            part = await self.part(kind, album, cursor)
            yield part
            cursor = part.cursor
            if cursor is None:
                return


def _named(chunk: Chunk) -> tuple[list[str], list[Item], tuple[str, ...]]:
    ids, items, problems = [], [], ["an item is no object"] * chunk.bad
    for item in chunk.items:
        try:
            ids.append(identifier(item))
            items.append(item)
        except BadItem as problem:
            problems.append(str(problem))
    return ids, items, tuple(problems)


def _following(asked: int, chunk: Chunk, limit: int) -> int:
    """Behind what came, however little that was; an empty page is stepped over."""
    return asked + (len(chunk.items) + chunk.bad or chunk.limit or limit)


def _tail(chunk: Chunk, ids: list[str]) -> str:
    """The mark of the last item, empty where pages are too small to overlap or their end has no id."""
    if len(chunk.items) < 2 or chunk.bad or not ids:
        return ""
    try:
        return _short(identifier(chunk.items[-1]))
    except BadItem:
        return ""


def _short(id_: str) -> str:
    return sha256(id_.encode("utf-8", "replace")).hexdigest()[:12]
