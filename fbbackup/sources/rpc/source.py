"""An RPC server as `fbbackup.protocols.Source`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import Any

from fbbackup.errors import ItemError, NoPicture, SourceUnavailable, Unreachable
from fbbackup.http import HostRules, Http
from fbbackup.models import Absence, Album, Answers, Identity, Kind, Page, Permission, Photo, Variant
from fbbackup.sources.rpc.answers import Item
from fbbackup.sources.rpc.api import Denied, RpcApi, RpcSettings
from fbbackup.sources.rpc.listing import Lists, Part
from fbbackup.sources.rpc.lookup import Lookup
from fbbackup.sources.rpc.nodes import BadItem, Server, album_from_item, photo_from_item

OUTSIDE = Album(remote_id="outside", title="Photos outside albums", kind="outside", virtual=True)
"""What the list of all photos shows and no album does."""


class RpcSource:
    """One account's albums and photos.

    `state` keeps between runs how the lists ended that have no count, and whether the server lists photos without an
    album. `http` is shared when given, and then not closed here.
    """

    def __init__(self, settings: RpcSettings, state: dict[str, Any] | None = None, http: Http | None = None) -> None:
        self.name = "rpc"
        self.calls = 0
        self.state = {} if state is None else state
        self.notes: list[str] = []
        self._settings = settings
        self._own_http = http is None
        self._http = http or Http(HostRules.of(settings.root))
        self._api = RpcApi(settings, self._http, self._count)
        self._lists = Lists(self._api)
        self._server = Server(settings.root)
        self._lookup = Lookup(self._api, self._server, self.state)
        self._unreachable: set[str] = set()

    def _count(self, calls: int) -> None:
        self.calls += calls

    def show_waits(self, show: Callable[[str], None]) -> None:
        """Has `show` told why the next call has to wait."""
        self._api.show = show

    async def identity(self) -> Identity:
        """The configured user, after a call that shows that the session works."""
        try:
            await self._api.ask("albums", "", 0, 1)
        except ItemError as error:
            raise SourceUnavailable(f"the albums can't be listed: {error}") from None
        return Identity(
            self._settings.user, self._settings.name, {"photos": Permission.GRANTED}, readable=frozenset(Kind)
        )

    async def albums(self) -> AsyncIterator[Sequence[Album]]:
        """All albums, and the list of what is in none of them."""
        try:
            async for part in self._lists.all("albums"):
                self.notes += [f"an album could not be read: {problem}" for problem in part.problems]
                yield [album_from_item(item, self._server) for item in part.items]
        except ItemError as error:
            raise SourceUnavailable(f"the albums can't be listed: {error}") from None
        yield [OUTSIDE]

    async def first_pages(self, albums: Sequence[Album]) -> AsyncIterator[tuple[Album, Page]]:
        """A call an album; those that can't be read are left out with a note."""
        for album in albums:
            try:
                page = await self.page(album, None)
            except ItemError as error:
                self.notes.append(f"“{album.title}” could not be opened: {error}")
                continue
            yield album, page

    async def page(self, album: Album, cursor: str | None) -> Page:
        """A part of the album. Raises CursorRejected, and ItemError for a list that never ends."""
        try:
            part = await self._lists.part("photos", _asked_as(album), cursor, album.remote_count)
        except Denied:
            if not album.virtual or cursor is not None or self.state.get("lists_all"):
                raise
            # This server lists photos by album only, and always did.
            return Page(())
        if album.virtual:
            self.state["lists_all"] = True
        if part.cursor is None:
            self._remember_end(album, part)
        self._lookup.saw(_asked_as(album), part)
        photos, problems = _photos(part.items, self._server)
        return Page(photos, part.cursor, (*part.problems, *problems))

    def _remember_end(self, album: Album, part: Part) -> None:
        end = self._ends().setdefault(album.remote_id, {"version": 1})
        if album.virtual or album.remote_count is None:
            end |= {"length": part.length, "last": part.last, "settled": True}
        else:
            del self._ends()[album.remote_id]

    def _ends(self) -> dict[str, dict[str, Any]]:
        ends: dict[str, dict[str, Any]] = self.state.setdefault("ends", {})
        return ends

    async def probe(self, album: Album) -> str | None:
        """A sign that changes when the list no longer ends as it did, one call; None for albums that have a count."""
        if not album.virtual and album.remote_count is not None:
            return None
        end = self._ends().setdefault(album.remote_id, {"version": 1})
        if end.get("settled") and not await self._ends_as_before(album, end):
            end |= {"version": end["version"] + 1, "settled": False}
        return str(end["version"])

    async def _ends_as_before(self, album: Album, end: dict[str, Any]) -> bool:
        first = max(0, (end.get("length") or 0) - 1)
        try:
            chunk = await self._api.ask("photos", _asked_as(album), first, 2)
        except Denied:
            return album.virtual and not self.state.get("lists_all")
        except ItemError as error:
            self.notes.append(f"“{album.title}” could not be looked at: {error}")
            return False
        last = [end["last"]] if end.get("last") is not None else []
        return [str(item.get("remoteId", "")).strip() for item in chunk.items] == last

    async def photos_by_id(self, ids: Sequence[str], videos: Collection[str] = ()) -> Answers:
        """These photos afresh. There is no question by id: they are looked for where they were, then everywhere."""
        return await self._lookup.photos(ids)

    async def album_by_id(self, album: Album) -> Album | Absence | None:
        """The album afresh, by the list of all albums; None when that can't be had."""
        try:
            async for part in Lists(self._api).all("albums"):
                for item in part.items:
                    if (found := album_from_item(item, self._server)).remote_id == album.remote_id:
                        return found
        except (ItemError, SourceUnavailable):
            return None
        return Absence(album.remote_id, "fb.getUserAlbums lists all albums without it: it does not exist")

    async def read(self, variant: Variant) -> bytes:
        """A picture's whole body; the session goes along to the server itself. Raises DownloadError."""
        host = self._checked(variant)
        try:
            return (await self._http.fetch(variant.url, self._settings.session)).body
        except Unreachable:
            self._unreachable.add(host)
            raise

    async def stream(self, variant: Variant) -> AsyncIterator[bytes]:
        """A body in pieces. Raises as `read` does."""
        host = self._checked(variant)
        try:
            async for piece in self._http.stream(variant.url, self._settings.session):
                yield piece
        except Unreachable:
            self._unreachable.add(host)
            raise

    def _checked(self, variant: Variant) -> str:
        """The variant's origin. Raises NoPicture for a link to a server that could not be reached before."""
        origin = "/".join(variant.url.split("/", 3)[:3])
        if variant.format == "link" and origin in self._unreachable and not self._settings.root.startswith(origin):
            raise NoPicture("links of this server can't be reached", final=True)
        return origin

    async def close(self) -> None:
        """Closes what this object opened."""
        await self._api.close()
        if self._own_http:
            await self._http.close()


def _asked_as(album: Album) -> str:
    """The server's word for an album; all photos are those of no album in particular."""
    return "" if album.virtual else album.remote_id


def _photos(items: Sequence[Item], server: Server) -> tuple[tuple[Photo, ...], tuple[str, ...]]:
    found, problems = [], []
    for item in items:
        try:
            found.append(photo_from_item(item, server))
        except BadItem as problem:
            problems.append(str(problem))
    return tuple(found), tuple(problems)
