"""A source in memory whose library a test edits, and whose answers a test can break."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from PIL import Image

from fbbackup.errors import AddressExpired, CursorRejected, DownloadError, PermissionLost
from fbbackup.models import Absence, Album, Answers, Identity, Kind, Page, Permission, Photo, Variant

START = datetime(2014, 7, 5, 10, 0, tzinfo=UTC)


def jpeg(seed: int, size: tuple[int, int] = (64, 48)) -> bytes:
    """A small real JPEG that differs by seed."""
    color = (seed * 37 % 256, seed * 91 % 256, seed * 53 % 256)
    out = io.BytesIO()
    picture = Image.new("RGB", size, color)
    picture.putpixel((seed % size[0], seed // size[0] % size[1]), (255, 255, 255))
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()


@dataclass
class FakeSource:
    """Implements `fbbackup.protocols.Source`. Photos are made by `add`; ids count up."""

    name: str = "graph"
    page_size: int = 10
    library: dict[str, list[str]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    updated: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    photos: dict[str, Photo] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    calls: int = 0
    state: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    before_page: Callable[[str, str | None], None] = lambda album, cursor: None
    before_read: Callable[[str], None] = lambda photo_id: None
    expired: set[str] = field(default_factory=set)
    spoiled: dict[str, bytes] = field(default_factory=dict)
    permission: Permission = Permission.GRANTED
    readable: frozenset[Kind] = frozenset(Kind)
    data_ends_at: datetime | None = None
    lost: bool = False
    """The permission is gone: lists are empty, ids are denied, and only `identity` says why."""
    opened: list[str] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    generation: int = 0
    first_id: int = 1000

    def add_album(self, id_: str, title: str = "", photos: int = 0) -> None:
        self.library[id_] = []
        self.titles[id_] = title or f"Album {id_}"
        self.updated[id_] = 0
        for _ in range(photos):
            self.add(id_)

    def add(self, album: str, body: bytes | None = None, **fields: Any) -> str:
        number = len(self.photos) + 1
        id_ = str(self.first_id + number)
        self.bodies[id_] = body if body is not None else jpeg(number)
        photo = Photo(id_, caption=f"caption {number}", created_at=START, file_date=START)
        self.photos[id_] = replace(photo, file_date_source="created", file_date_precision="second", **fields)
        self.library[album].append(id_)
        self.updated[album] += 1
        return id_

    def edit(self, id_: str, **fields: Any) -> None:
        self.photos[id_] = replace(self.photos[id_], **fields)

    def remove(self, id_: str) -> None:
        for album, ids in self.library.items():
            if id_ in ids:
                ids.remove(id_)
                self.updated[album] += 1
        del self.photos[id_]

    def node(self, id_: str) -> Photo:
        photo = self.photos[id_]
        self.generation += 1
        with Image.open(io.BytesIO(self.bodies[id_])) as picture:
            variant = Variant(f"https://cdn.test/{id_}.jpg?{self.generation}", *picture.size, "jpeg")
        raw = json.dumps([photo.caption, photo.title, photo.alt_text, photo.variants and 1, str(photo.file_date)])
        return replace(photo, variants=(variant,), raw=raw)

    def album(self, id_: str) -> Album:
        return Album(
            id_,
            self.titles[id_],
            remote_count=self.counts.get(id_, len(self.library[id_])),
            updated_at=START.replace(year=2015, minute=self.updated[id_] % 60, second=self.updated[id_] // 60),
        )

    async def identity(self) -> Identity:
        self.calls += 1
        if self.lost:
            raise PermissionLost("user_photos is declined")
        return Identity(
            "1",
            "Ada",
            {"user_photos": self.permission},
            readable=self.readable,
            data_access_expires_at=self.data_ends_at,
        )

    async def albums(self) -> AsyncIterator[Sequence[Album]]:
        self.calls += 1
        yield [self.album(id_) for id_ in self.library if not self.lost]

    async def first_pages(self, albums: Sequence[Album]) -> AsyncIterator[tuple[Album, Page]]:
        for album in albums:
            self.opened.append(album.remote_id)
            yield album, await self.page(album, None)

    async def page(self, album: Album, cursor: str | None) -> Page:
        self.calls += 1
        self.before_page(album.remote_id, cursor)
        if self.lost:
            return Page(())
        ids = self.library[album.remote_id]
        if cursor is not None and not cursor.isdigit():
            raise CursorRejected("(#100) invalid cursor")
        start = int(cursor or 0)
        rest = start + self.page_size
        return Page(tuple(self.node(id_) for id_ in ids[start:rest]), str(rest) if rest < len(ids) else None)

    async def probe(self, album: Album) -> str | None:
        return None

    async def photos_by_id(self, ids: Sequence[str], videos: Collection[str] = ()) -> Answers:
        self.calls += 1
        self.asked.append(list(ids))
        self.expired.difference_update(ids)
        return Answers(
            tuple(self.node(id_) for id_ in ids if self._shows(id_)),
            tuple(Absence(id_, "code 100/33: does not exist") for id_ in ids if not self._shows(id_)),
        )

    def _shows(self, id_: str) -> bool:
        return id_ in self.photos and not self.lost

    async def album_by_id(self, album: Album) -> Album | Absence | None:
        self.calls += 1
        if album.remote_id in self.library and not self.lost:
            return self.album(album.remote_id)
        return Absence(album.remote_id, "code 100/33: does not exist")

    async def read(self, variant: Variant) -> bytes:
        id_ = variant.url.split("/")[-1].split(".")[0]
        self.reads.append(id_)
        self.before_read(id_)
        if id_ in self.expired:
            raise AddressExpired("403: URL signature expired")
        if id_ not in self.bodies:
            raise DownloadError("404", final=True)
        return self.spoiled.get(id_, self.bodies[id_])

    async def stream(self, variant: Variant) -> AsyncIterator[bytes]:
        yield await self.read(variant)

    async def close(self) -> None:
        return None
