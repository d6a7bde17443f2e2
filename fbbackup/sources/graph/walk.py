"""First pages of many albums in few calls: nested in the album list where that is cheaper than one by one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from fbbackup.errors import ItemError
from fbbackup.models import Album, Page
from fbbackup.sources.graph.failures import GraphFailed, Kind
from fbbackup.sources.graph.listing import PAGE_LIMIT, Learned, Pages, cursor_params
from fbbackup.sources.graph.values import identifier, rows

MOST_NODES = 2000  # photos in one answer: about 12 MB of JSON


@dataclass(frozen=True, slots=True)
class Stretch:
    """Albums that follow each other in the service's list, and the cursor at which they begin."""

    cursor: str | None
    albums: tuple[Album, ...]


class Walk:
    """Opens albums. `state["node_budget"]` keeps how many photos one nested answer may hold."""

    def __init__(self, pages: Pages, state: dict[str, Any]) -> None:
        self._pages = pages
        self._nodes = Learned(state, "node_budget", (pages.api.settings.node_budget, MOST_NODES))

    async def first_pages(
        self, albums: Sequence[Album], stretches: Sequence[Stretch]
    ) -> AsyncIterator[tuple[Album, Page]]:
        """The first page of each; those that are gone or refused are left out with a note."""
        wanted = {album.remote_id: album for album in albums if not album.virtual}
        listed = stretches or [Stretch(None, tuple(wanted.values()))]
        for stretch in listed:
            async for found in self._along(stretch, wanted):
                del wanted[found[0].remote_id]
                yield found
        for album in [*wanted.values(), *(album for album in albums if album.virtual)]:
            try:
                page = await self._pages.page(album, None)
            except ItemError as error:
                self._pages.api.note(f"“{album.title}” could not be opened: {error}")
                continue
            yield album, page

    async def _along(self, stretch: Stretch, wanted: dict[str, Album]) -> AsyncIterator[tuple[Album, Page]]:
        """Walks the part of a stretch for which that costs fewer calls than opening its albums singly."""
        places = {album.remote_id: place for place, album in enumerate(stretch.albums)}
        place, cursor = 0, stretch.cursor
        while place < len(stretch.albums):
            nodes = self._nodes.value
            steps = plan(stretch.albums[place:], wanted.keys(), nodes)
            if not steps:
                return
            answer = await self._ask(steps[0], min(PAGE_LIMIT, nodes), cursor)
            if answer is None:
                continue
            seen = place + steps[0] - 1
            nested = any("photos" in node for node in rows(answer))
            for node in rows(answer):
                node_id = identifier(node.get("id")) or ""
                seen = max(seen, places.get(node_id, seen)) if node_id in places else seen
                page = self._page_of(node, wanted.get(node_id), nested=nested)
                if page is not None:
                    yield wanted[node_id], page
            place = seen + 1
            cursor = self._next(answer)
            if cursor is None:
                return

    async def _ask(self, albums: int, photos: int, cursor: str | None) -> dict[str, Any] | None:
        """One nested answer, or None when it has to be asked differently. An empty one ends the walk."""
        heavy = self._nodes.heavy
        inner = self._pages.fields.text("photo", heavy=heavy)
        params = {"fields": f"id,photos.limit({photos}){{{inner}}}", "limit": str(albums)}
        try:
            answer = await self._pages.api.ask("me/albums", params | cursor_params(cursor), heavy=True)
        except GraphFailed as failed:
            if failed.failure.kind not in (Kind.SHRINK, Kind.FIELD, Kind.PERMISSION):
                return {}
            try:
                await self._pages.adapt(failed.failure, ("photo",), self._nodes)
            except ItemError:
                return {}
            return None if failed.failure.kind is not Kind.PERMISSION else {}
        self._nodes.worked(sum(len(rows(node.get("photos"))) for node in rows(answer)))
        return answer

    def _page_of(self, node: dict[str, Any], album: Album | None, *, nested: bool) -> Page | None:
        """The nested page; None when the album was not wanted or has to be opened singly to be sure.

        A missing or empty edge means an empty album where the service showed that of any album: counts alone may be
        wrong.
        """
        if album is None:
            return None
        edge = node.get("photos")
        if nested and album.remote_count == 0 and _is_empty(edge):
            return Page(())
        if not isinstance(edge, dict) or not isinstance(edge.get("data"), list) or not edge["data"]:
            return None
        try:
            return self._pages.page_of(edge, "photo", album.title, heavy=self._nodes.heavy)
        except ItemError:
            return None

    def _next(self, answer: dict[str, Any]) -> str | None:
        try:
            return self._pages.next_cursor(answer.get("paging"))
        except ItemError:
            return None


def _is_empty(edge: Any) -> bool:
    """Whether a nested edge has nothing to show and nothing to follow."""
    if not isinstance(edge, dict):
        return edge is None
    paging = edge.get("paging")
    return edge.get("data") == [] and not (isinstance(paging, dict) and paging.get("next"))


def plan(albums: Sequence[Album], wanted: Sequence[str] | Any, nodes: int) -> list[int]:
    """How many albums each nested call should take, as far as walking is cheaper than single calls.

    A call takes at most 100 albums and about `nodes` photos, by the counts that the service claims; an album
    without one counts as a full page. Opening one album singly costs one call, so a walk ends where the calls it
    saves no longer outnumber those it makes.
    """
    most = min(PAGE_LIMIT, nodes)
    steps: list[int] = []
    worth: list[int] = []
    held = taken = hits = 0
    for album in albums:
        weight = max(1, min(most, most if album.remote_count is None else album.remote_count))
        if taken and (held + weight > nodes or taken == PAGE_LIMIT):
            steps.append(taken)
            worth.append(hits)
            held = taken = hits = 0
        held, taken, hits = held + weight, taken + 1, hits + (album.remote_id in wanted)
    if taken:
        steps.append(taken)
        worth.append(hits)
    best, saved, total = 0, 0, 0
    for number, hit in enumerate(worth, 1):
        total += hit - 1
        if total > saved:
            best, saved = number, total
    return steps[:best]
