"""The library as a source, with everything that a source may do wrong; one object is one process's view of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from fbbackup.errors import (
    AddressExpired,
    BudgetSpent,
    CursorRejected,
    DownloadError,
    ItemError,
    LoginNeeded,
    PermissionLost,
    SourceUnavailable,
)
from fbbackup.models import Absence, Album, Answers, Identity, Kind, Page, Permission, Photo, Variant
from tests.chaos.library import START, VIRTUAL, Item, Library

OWNER = "1"
PAGE = 4
ALBUM_PAGE = 3
DENIED = "code 100/33: does not exist"


@dataclass
class Login:
    """What the person's login may do now; outlives processes."""

    photos: bool = True
    videos: bool = True
    token: bool = True
    noticed: bool = True
    """Whether a run began since a permission was lost."""
    epoch: int = 0
    """Addresses of earlier epochs have expired."""

    @property
    def sound(self) -> bool:
        return self.photos and self.videos and self.token


@dataclass
class ChaosSource:
    """A `fbbackup.protocols.Source`. `faults` says how often each is still to strike, `on_call` sees every call."""

    library: Library
    login: Login
    faults: Counter[str] = field(default_factory=Counter)
    on_call: Callable[[int], None] = lambda number: None
    on_read: Callable[[], None] = lambda: None
    name: str = "graph"
    calls: int = 0
    state: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    begun: set[str] = field(default_factory=set)
    """Lists that were read from their beginning."""
    ended: set[str] = field(default_factory=set)
    """Lists that were read to their end."""
    down: bool = False
    spent: bool = False
    struck: set[tuple[str, str]] = field(default_factory=set)
    """Faults that struck, and the list or id that they struck."""

    def _call(self, cost: int = 1) -> None:
        """Everything that asks the service comes by here."""
        self.calls += cost
        self.on_call(self.calls)
        if self.spent:
            raise BudgetSpent("the call allowance is used up for 40 minutes", 2400)
        if self.down:
            raise SourceUnavailable("Facebook keeps failing (code 2); a later run goes on")
        if not self.login.token:
            raise LoginNeeded("the token was withdrawn")

    def _strikes(self, fault: str, where: str) -> bool:
        if self.faults[fault] <= 0:
            return False
        self.faults[fault] -= 1
        self.struck.add((fault, where))
        return True

    def _sees(self, id_: str) -> bool:
        item = self.library.items.get(id_)
        return item is not None and (self.login.photos if item.kind is Kind.PHOTO else self.login.videos)

    # -- the account -------------------------------------------------------------------------------------------------

    async def identity(self) -> Identity:
        self._call()
        if not self.login.photos:
            self.login.noticed = True
            raise PermissionLost("user_photos is declined")
        self.login.noticed = True
        readable = frozenset(Kind) if self.login.videos else frozenset({Kind.PHOTO})
        states = {"user_photos": Permission.GRANTED}
        states["user_videos"] = Permission.GRANTED if self.login.videos else Permission.DECLINED
        return Identity(OWNER, "Ada", states, readable=readable)

    async def albums(self) -> AsyncIterator[Sequence[Album]]:
        ids = list(self.library.albums)
        for start in range(0, max(1, len(ids)), ALBUM_PAGE):
            self._call()
            part = [self._album(id_) for id_ in ids[start : start + ALBUM_PAGE] if id_ in self.library.albums]
            yield part if self.login.photos else []
        yield [
            Album(key, key.title(), kind=key, virtual=True) for key in VIRTUAL if key != "videos" or self.login.videos
        ]

    def _album(self, id_: str) -> Album:
        shown, album = self.library.shown(id_), self.library.albums[id_]
        return Album(
            id_,
            album.title,
            remote_count=len(shown) + album.beyond,
            cover_photo_id=self.library.cover(id_),
            created_at=START,
            updated_at=self.library.updated_at(id_),
        )

    async def album_by_id(self, album: Album) -> Album | Absence | None:
        self._call()
        if self._strikes("unclear", album.remote_id):
            return None
        if album.remote_id in self.library.albums and self.login.photos:
            return self._album(album.remote_id)
        return Absence(album.remote_id, DENIED)

    async def probe(self, album: Album) -> str | None:
        if not album.virtual:
            return None
        self._call()
        if self._strikes("no-probe", album.remote_id):
            return None
        if not self.login.photos:
            return "nothing"
        return json.dumps(self.library.sign(album.remote_id))

    # -- pages -------------------------------------------------------------------------------------------------------

    async def first_pages(self, albums: Sequence[Album]) -> AsyncIterator[tuple[Album, Page]]:
        for album in albums:
            try:
                page = await self.page(album, None)
            except ItemError:
                continue
            yield album, page

    async def page(self, album: Album, cursor: str | None) -> Page:
        self._call()
        key = album.remote_id
        if key not in self.library.shelves or (key not in VIRTUAL and key not in self.library.albums):
            raise ItemError(DENIED)
        if self._strikes("sick", key):
            raise ItemError("code 1: An unknown error occurred")
        if not self.login.photos:
            return Page(())
        if cursor is not None and self._strikes("reject", key):
            raise CursorRejected("code 100: invalid cursor")
        page = self._cut(key, cursor)
        if cursor is None:
            self.begun.add(key)
        if page.next_cursor is None:
            self.ended.add(key)
        return page

    def _cut(self, key: str, cursor: str | None) -> Page:
        """A page; cursors name the last item before it, and how often a fault held the reader up there."""
        places = self.library.shelves[key].places
        after, _, marks = (cursor or "|").partition("|")
        shown = set(self.library.shown(key, videos=self.login.videos))
        if after and after not in shown and self._strikes("strict", key):
            raise CursorRejected("code 100: the item of this cursor was deleted")
        start = places.index(after) + 1 if after in places else 0
        end = min(len(places), start + PAGE)
        if self._strikes("short", key):
            end = start + (end - start + 1) // 2
        if self._strikes("empty", key):
            return Page((), f"{after}|{marks}e")
        ids = [id_ for id_ in places[start:end] if id_ in shown]
        if self._strikes("reorder", key):
            ids = ids[1::2] + ids[::2]
        problems: tuple[str, ...] = ()
        if ids and self._strikes("broken", key):
            ids, problems = ids[1:], ("item 1: an item without an id",)
        photos = tuple(self._photo(id_, whole=key == "videos") for id_ in ids)
        following = places[end - 1] if end else ""
        if self._strikes("repeat", key):
            return Page(photos, f"{after}|{marks}r", problems)
        if self._strikes("loop", key):
            return Page(photos, cursor or "|", problems)
        if end - start > 2 and self._strikes("overlap", key):
            return Page(photos, f"{places[end - 3]}|{marks}o", problems)
        return Page(photos, f"{following}|{marks}" if end < len(places) else None, problems)

    def _photo(self, id_: str, *, whole: bool) -> Photo:
        """An item; albums show videos like photos, which is not `whole`."""
        item = self.library.items[id_]
        video = item.kind is Kind.VIDEO
        variants = (self._variant(item),) if item.file and (whole or not video) else ()
        said = {"name": item.caption, "size": item.size, "file": item.file} | ({} if not video else {"video": True})
        return Photo(
            id_,
            item.kind,
            caption=item.caption,
            title=item.title,
            created_at=START,
            file_date=START,
            file_date_source="created_time",
            file_date_precision="second",
            from_id=OWNER if item.own else "77",
            album=Album(item.home, "") if item.home else None,
            variants=variants,
            raw=json.dumps(said | {"title": item.title}, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
        )

    def _variant(self, item: Item) -> Variant:
        form = "jpeg" if item.kind is Kind.PHOTO else "mp4"
        url = f"https://cdn.test/{item.id}/{item.size}?oe={self.login.epoch}"
        return Variant(url, item.size, item.size, form)

    # -- by id, and files --------------------------------------------------------------------------------------------

    async def photos_by_id(self, ids: Sequence[str], videos: Collection[str] = ()) -> Answers:
        found: list[Photo] = []
        absent: list[Absence] = []
        unclear: list[Absence] = []
        for id_ in dict.fromkeys(ids):
            self._call()
            if self._strikes("unclear", id_):
                unclear.append(Absence(id_, "code 10: not allowed"))
            elif self._sees(id_):
                found.append(self._photo(id_, whole=True))
            else:
                absent.append(Absence(id_, DENIED))
        return Answers(tuple(found), tuple(absent), tuple(unclear))

    async def read(self, variant: Variant) -> bytes:
        self.on_read()
        path, _, epoch = variant.url.removeprefix("https://cdn.test/").partition("?oe=")
        id_, _, size = path.partition("/")
        if int(epoch) < self.login.epoch or self._strikes("expired", id_):
            raise AddressExpired("403: URL signature expired")
        if self._strikes("cut-body", id_):
            raise DownloadError("the connection ended early")
        item = self.library.items.get(id_) or self.library.deleted.get(id_)
        if item is None:
            raise DownloadError("404", final=True)
        return item.body(int(size))

    async def stream(self, variant: Variant) -> AsyncIterator[bytes]:
        yield await self.read(variant)

    async def close(self) -> None:
        return None
