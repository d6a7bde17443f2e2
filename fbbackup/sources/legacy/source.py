"""The legacy interface as `fbbackup.protocols.Source`: `photos.getAlbums` and `photos.get`, nothing else is needed."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import Any

from fbbackup.errors import CursorRejected, ItemError, SourceUnavailable
from fbbackup.http import HostRules, Http
from fbbackup.models import Absence, Album, Answers, Identity, Kind, Page, Permission, Photo, Variant
from fbbackup.sources.legacy.answers import Node
from fbbackup.sources.legacy.api import LegacyApi, LegacySettings
from fbbackup.sources.legacy.nodes import (
    ALBUM_PREFIX,
    PHOTO_PREFIX,
    BadNode,
    album_from_node,
    photo_from_node,
)

PAGE_PHOTOS = 100
IDS_AT_ONCE = 50
TAGGED = "tagged"


class LegacySource:
    """One account's albums and photos.

    The service answers an album whole; pages are cut here, so that a run that is stopped goes on inside of it.
    `state` keeps the number of the last call between runs. `http` is shared when given, and then not closed here.
    """

    def __init__(
        self,
        settings: LegacySettings,
        state: dict[str, Any] | None = None,
        http: Http | None = None,
        *,
        page_photos: int = PAGE_PHOTOS,
    ) -> None:
        self.name = "legacy"
        self.calls = 0
        self.state = {} if state is None else state
        self.notes: list[str] = []
        self._settings = settings
        self._own_http = http is None
        self._http = http or Http(HostRules.of(settings.api_url))
        self._api = LegacyApi(settings, self.state, self._http, self._count)
        self._page_photos = page_photos
        self._listed: list[Node] | None = None
        self._open: tuple[str, list[Photo], tuple[str, ...]] | None = None

    def _count(self, calls: int) -> None:
        self.calls += calls

    def show_waits(self, show: Callable[[str], None]) -> None:
        """Has `show` told why the next call has to wait."""
        self._api.show = show

    async def identity(self) -> Identity:
        """The configured user, after a call that shows that the session works; its answer serves `albums` once."""
        self._listed = await self._ask_albums()
        return Identity(
            self._settings.user_id,
            self._settings.name,
            {"photos": Permission.GRANTED},
            readable=frozenset({Kind.PHOTO}),
        )

    async def albums(self) -> AsyncIterator[Sequence[Album]]:
        """All albums at once, as the service gives them, then the photos that the user is tagged in."""
        listed, self._listed = self._listed, None
        nodes = listed if listed is not None else await self._ask_albums()
        found: list[Album] = []
        for node in nodes:
            try:
                found.append(album_from_node(node))
            except BadNode as problem:
                self.notes.append(f"an album could not be read: {problem}")
        yield found
        yield [Album(remote_id=TAGGED, title="Tagged photos", kind=TAGGED, virtual=True)]

    async def _ask_albums(self) -> list[Node]:
        try:
            return await self._api.ask("photos.getAlbums", uid=self._settings.user_id)
        except ItemError as error:
            raise SourceUnavailable(f"the albums can't be listed: {error}") from None

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
        """A part of the album. Raises CursorRejected when the photos before `cursor` are no longer the same."""
        if cursor is None or self._open is None or self._open[0] != album.remote_id:
            self._open = (album.remote_id, *await self._photos_of(album))
        _, photos, problems = self._open
        first = 0 if cursor is None else _first_after(cursor, photos)
        last = first + self._page_photos
        following = _cursor(photos, last) if last < len(photos) else None
        return Page(tuple(photos[first:last]), following, problems if cursor is None else ())

    async def _photos_of(self, album: Album) -> tuple[list[Photo], tuple[str, ...]]:
        if album.virtual:
            return _photos(await self._api.ask("photos.get", subj_id=self._settings.user_id))
        return _photos(await self._api.ask("photos.get", aid=album.remote_id.removeprefix(ALBUM_PREFIX)))

    async def probe(self, album: Album) -> str | None:
        """A digest of the ids that a virtual album shows, one call; None for real albums."""
        if not album.virtual:
            return None
        try:
            photos, _ = await self._photos_of(album)
        except ItemError as error:
            self.notes.append(f"“{album.title}” could not be looked at: {error}")
            return None
        return _digest(photos, len(photos))

    async def photos_by_id(self, ids: Sequence[str], videos: Collection[str] = ()) -> Answers:
        """These photos afresh, fifty a call; there are no videos here.

        What the answer to its own pid lacks is denied: it does not exist or is not visible, and the service has no
        other words for either.
        """
        photos: list[Photo] = []
        absent: list[Absence] = []
        unclear: list[Absence] = []
        for first in range(0, len(ids), IDS_AT_ONCE):
            chunk = list(dict.fromkeys(ids[first : first + IDS_AT_ONCE]))
            pids = ",".join(one.removeprefix(PHOTO_PREFIX) for one in chunk)
            try:
                found, _ = _photos(await self._api.ask("photos.get", pids=pids))
            except ItemError as error:
                unclear += [Absence(one, str(error)) for one in chunk]
                continue
            there = {photo.id for photo in found} & set(chunk)
            photos += [photo for photo in found if photo.id in there]
            denied = "photos.get answers to its pid without it: it does not exist or is not visible"
            absent += [Absence(one, denied) for one in chunk if one not in there]
        return Answers(tuple(photos), tuple(absent), tuple(unclear))

    async def album_by_id(self, album: Album) -> Album | Absence | None:
        """The album afresh, by the list of all albums; None when that can't be had."""
        try:
            nodes = await self._ask_albums()
        except SourceUnavailable:
            return None
        for node in nodes:
            if ALBUM_PREFIX + node.get("aid", "") == album.remote_id:
                return album_from_node(node)
        return Absence(album.remote_id, "photos.getAlbums lists the user's albums without it: it does not exist")

    async def read(self, variant: Variant) -> bytes:
        """A picture's whole body. Raises DownloadError."""
        return (await self._http.fetch(variant.url)).body

    async def stream(self, variant: Variant) -> AsyncIterator[bytes]:
        """A body in pieces. Raises as `read` does."""
        async for piece in self._http.stream(variant.url):
            yield piece

    async def close(self) -> None:
        """Closes the connections that this object opened."""
        if self._own_http:
            await self._http.close()


def _photos(nodes: Sequence[Node]) -> tuple[list[Photo], tuple[str, ...]]:
    found: dict[str, Photo] = {}
    problems = []
    for node in nodes:
        try:
            photo = photo_from_node(node)
        except BadNode as problem:
            problems.append(str(problem))
        else:
            found.setdefault(photo.id, photo)
    return list(found.values()), tuple(problems)


def _cursor(photos: Sequence[Photo], last: int) -> str:
    return f"{last}-{_digest(photos, last)}"


def _first_after(cursor: str, photos: Sequence[Photo]) -> int:
    number = cursor.partition("-")[0]
    last = int(number) if number.isdigit() and len(number) < 9 else -1
    if not 0 < last <= len(photos) or cursor != _cursor(photos, last):
        raise CursorRejected("the album no longer begins with the photos that were read")
    return last


def _digest(photos: Sequence[Photo], count: int) -> str:
    return hashlib.sha256(",".join(photo.id for photo in photos[:count]).encode()).hexdigest()[:16]
