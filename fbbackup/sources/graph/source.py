"""The Graph source: Facebook as `fbbackup.protocols.Source`."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import Any

from fbbackup.errors import ItemError, SourceUnavailable
from fbbackup.http import HostRules, Http
from fbbackup.models import Absence, Album, Answers, Identity, Page, Variant
from fbbackup.sources.graph.account import Account
from fbbackup.sources.graph.api import GraphApi, GraphSettings
from fbbackup.sources.graph.failures import GraphFailed, Kind
from fbbackup.sources.graph.fields import FieldBook
from fbbackup.sources.graph.listing import (
    MOST_BARREN_PAGES,
    PAGE_LIMIT,
    VIRTUAL,
    Learned,
    Pages,
    cursor_params,
    ends_by_time,
    listing_of,
)
from fbbackup.sources.graph.lookup import Lookup
from fbbackup.sources.graph.nodes import BadNode, album_from_node
from fbbackup.sources.graph.values import identifier, rows
from fbbackup.sources.graph.walk import Stretch, Walk


class GraphSource:
    """One account's albums and photos.

    `state` is a JSON object that the caller keeps between runs (allowance, learned sizes, dropped fields, the
    token's clocks; never a secret). `http` is shared when given, and then not closed here.
    """

    def __init__(self, settings: GraphSettings, state: dict[str, Any] | None = None, http: Http | None = None) -> None:
        self.name = settings.name
        self.calls = 0
        self.state = {} if state is None else state
        self._settings = settings
        self._own_http = http is None
        self._http = http or Http(HostRules.of(settings.api_url))
        self._api = GraphApi(settings, self.state, self._http, self._count)
        self._account = Account(self._api, self.state)
        self._fields = FieldBook(self.state, settings.api_version)
        self._pages = Pages(self._api, self._account, self._fields, self.state)
        self._album_limit = Learned(self.state, "album_limit", (PAGE_LIMIT, PAGE_LIMIT))
        self._probe_limit = Learned(self.state, "probe_limit", (PAGE_LIMIT, PAGE_LIMIT))
        self._walk = Walk(self._pages, self.state)
        self._lookup = Lookup(self._pages)
        self._stretches: list[Stretch] = []

    @property
    def notes(self) -> list[str]:
        """Remarks for people: skipped lists, refused fields, another API version."""
        return self._api.notes

    def _count(self, calls: int) -> None:
        self.calls += calls

    def show_waits(self, show: Callable[[str], None]) -> None:
        """Has `show` told why the next call has to wait."""
        self._api.show = show

    async def identity(self) -> Identity:
        """Who the login is. Raises LoginNeeded without the permission to read photos."""
        return await self._account.identity()

    async def albums(self) -> AsyncIterator[Sequence[Album]]:
        """All albums, 100 a call, then the virtual ones. Raises SourceUnavailable when the list goes in circles."""
        self._stretches = []
        cursor: str | None = None
        asked: set[str | None] = set()
        listed: set[str] = set()
        barren = 0
        while cursor not in asked and barren <= MOST_BARREN_PAGES:
            asked.add(cursor)
            answer = await self._ask_albums(cursor)
            found = self._albums_of(answer)
            ids = {album.remote_id for album in found}
            barren = barren + 1 if ids <= listed else 0
            listed |= ids
            self._stretches.append(Stretch(cursor, tuple(found)))
            if found:
                yield found
            try:
                cursor = self._pages.next_cursor(answer.get("paging"))
            except ItemError as error:
                raise SourceUnavailable(f"the album list can't be read on: {error}") from None
            if cursor is None or (not found and ends_by_time(cursor, barren, again=cursor in asked)):
                yield self._virtual_albums()
                return
        raise SourceUnavailable("Facebook's album list repeats itself; a later run tries again")

    async def _ask_albums(self, cursor: str | None) -> dict[str, Any]:
        while True:
            params = {"fields": self._fields.text("album"), "limit": str(self._album_limit.value)}
            try:
                answer = await self._api.ask("me/albums", params | cursor_params(cursor), heavy=True)
            except GraphFailed as failed:
                try:
                    await self._pages.adapt(failed.failure, ("album",), self._album_limit)
                except ItemError as error:
                    raise SourceUnavailable(f"the albums can't be listed: {error}") from None
                if failed.failure.kind not in (Kind.SHRINK, Kind.FIELD):
                    raise SourceUnavailable(f"the albums can't be listed ({failed})") from None
            else:
                if not isinstance(answer.get("data"), list):
                    raise SourceUnavailable("the album list came without albums; a later run tries again")
                self._album_limit.worked()
                return answer

    def _albums_of(self, answer: dict[str, Any]) -> list[Album]:
        found = []
        for node in rows(answer):
            try:
                found.append(album_from_node(node))
            except BadNode as problem:
                self._api.note(f"an album could not be read: {problem}")
        return found

    def _virtual_albums(self) -> list[Album]:
        wanted = {
            "tagged": self._settings.tagged,
            "uploads": self._settings.uploads,
            "videos": self._settings.videos,
        }
        if wanted["videos"] and not self._account.may_read_videos():
            wanted["videos"] = False
            self._api.note("videos are left out: the login has no permission user_videos")
        return [
            Album(remote_id=key, title=title, kind=key, virtual=True)
            for key, (title, _) in VIRTUAL.items()
            if wanted[key]
        ]

    async def first_pages(self, albums: Sequence[Album]) -> AsyncIterator[tuple[Album, Page]]:
        """First pages, nested in the album list where that saves calls; best after `albums()` in the same run."""
        async for found in self._walk.first_pages(albums, self._stretches):
            yield found

    async def page(self, album: Album, cursor: str | None) -> Page:
        """One page. Raises CursorRejected; ItemError when this album can't be read at all."""
        return await self._pages.page(album, cursor)

    async def probe(self, album: Album) -> str | None:
        """A digest of the ids on a virtual album's first page, one call; None for real albums or when unclear."""
        if not album.virtual:
            return None
        listing = listing_of(album)
        params = dict(listing.params) | {"fields": "id", "limit": str(self._probe_limit.value)}
        try:
            answer = await self._api.ask(listing.path, params)
        except GraphFailed as failed:
            if failed.failure.kind is Kind.SHRINK and self._probe_limit.shrink():
                return await self.probe(album)
            if failed.failure.kind is Kind.PERMISSION:
                await self._account.confirm_after_refusal()
            self._api.note(f"“{album.title}” could not be looked at: {failed.failure.evidence}")
            return None
        ids = [identifier(node.get("id")) or "" for node in rows(answer)]
        paging = answer.get("paging")
        more = bool(paging.get("next")) if isinstance(paging, dict) else False
        return hashlib.sha256(",".join([*ids, str(more)]).encode()).hexdigest()[:16]

    async def photos_by_id(self, ids: Sequence[str], videos: Collection[str] = ()) -> Answers:
        """These photos afresh, up to 50 a request, each counted as one call."""
        return await self._lookup.photos(ids, videos)

    async def album_by_id(self, album: Album) -> Album | Absence | None:
        """The album afresh, its denial, or None when unclear."""
        return await self._lookup.album(album)

    async def read(self, variant: Variant) -> bytes:
        """A picture's whole body; no call to the API and no token. Raises DownloadError, AddressExpired."""
        return (await self._http.fetch(variant.url)).body

    async def stream(self, variant: Variant) -> AsyncIterator[bytes]:
        """A body in pieces. Raises as `read` does, also after some pieces."""
        async for piece in self._http.stream(variant.url):
            yield piece

    async def close(self) -> None:
        """Closes the connections that this object opened."""
        if self._own_http:
            await self._http.close()
