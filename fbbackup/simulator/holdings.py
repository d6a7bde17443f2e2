"""What the account holds, computed from an index, with the overlays that edits keep."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from fbbackup.simulator.clock import Clock
from fbbackup.simulator.folder import PhotoFolder
from fbbackup.simulator.ids import IdSpace, IdSpaces, id_spaces
from fbbackup.simulator.layout import FIRST_DAY, Layout, spread
from fbbackup.simulator.listing import Listing
from fbbackup.simulator.words import ALBUM_TYPES, PEOPLE

TAGGED_NUMBERS = 1_000_000_000
VIDEO_NUMBERS = 3_000_000_000
MOST_VIDEOS = 200


@dataclass(frozen=True, slots=True)
class Item:
    """One photo or video; `number` decides its content, `owner` 0 is the account, others are people."""

    id: str
    kind: Literal["photo", "video"]
    number: int
    album_id: str | None
    created: int
    owner: int = 0


@dataclass(frozen=True, slots=True)
class Album:
    """One album; `index` is None for one that was added while running."""

    id: str
    index: int | None
    created: int
    type: str


@dataclass
class Holdings:
    """What the account holds. None means: a share of `photos` (nothing when `album_sizes` is given)."""

    photos: int = 300
    albums: int = 12
    seed: int = 1
    album_sizes: Sequence[int] | None = None
    loose: int | None = None
    tagged: int | None = None
    videos: int | None = None
    shared: int | None = None
    largest: int = 1280
    heavy: bool = False
    hostile: bool = False
    odd: bool = True
    page: bool = False
    overcount: int = 0
    lying_extensions: int = 4
    photos_from: Path | None = None
    owner_name: str = "Ada Example"
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self.overrides: dict[str, dict[str, Any]] = {}
        self.added: dict[str, Item] = {}
        self.added_albums: dict[str, Album] = {}
        self.own_bytes: dict[str, bytes] = {}
        self.own_sizes: dict[str, tuple[int, int, str]] = {}
        self.extra_tags: dict[str, list[dict[str, Any]]] = {}
        self.extra_comments: dict[str, list[dict[str, Any]]] = {}
        self.home: dict[str, str | None] = {}
        self.gone: set[str] = set()
        self.gone_albums: set[str] = set()
        self.touched: dict[str, float] = {}
        self._listings: dict[str, Listing] = {}
        self.folder = PhotoFolder.read(self.photos_from) if self.photos_from else None
        self._settle_shares()
        self._place_extras()

    def _settle_shares(self) -> None:
        if self.folder:
            self.album_sizes = self.folder.album_sizes
        explicit = self.album_sizes is not None

        def share(value: int | None, part: int) -> int:
            return value if value is not None else 0 if explicit else self.photos // part

        self.loose = share(self.loose, 25)
        self.tagged = share(self.tagged, 20)
        self.videos = min(MOST_VIDEOS, share(self.videos, 50)) if self.videos is None else self.videos
        self.shared = min(MOST_VIDEOS, share(self.shared, 60)) if self.shared is None else self.shared
        sizes = self.album_sizes
        if sizes is None:
            self.loose = self.photos if self.albums == 0 else self.loose
            sizes = spread(self.seed, self.photos - self.loose, self.albums)
        self.typed = not explicit
        self.layout = Layout.of(sizes, self.loose)
        self.photos, self.albums = self.layout.photos, len(sizes)

    def _place_extras(self) -> None:
        full = [j for j, size in enumerate(self.layout.sizes) if size and not (self.typed and j < 2)]
        if not full:
            return
        for video in range(0, self.videos or 0, 2):
            album = self.ids.album.id_of(full[(video * 5 + 2) % len(full)])
            self.album_photos(album).extras.append(self.ids.video.id_of(video))
        for number in range(self.shared or 0):
            numbers = self.layout.range_of(full[number % len(full)])
            photo = numbers[number // len(full) % len(numbers)]
            other = self.ids.album.id_of(full[(number + 1) % len(full)])
            self.album_photos(other).add(self.ids.photo.id_of(photo))

    @cached_property
    def ids(self) -> IdSpaces:
        """The id arithmetic of this seed."""
        return id_spaces(self.seed)

    @property
    def owner_id(self) -> str:
        """The account's own id."""
        return self.person_id(0)

    def person_id(self, number: int) -> str:
        """Id of the account (0) or of somebody else."""
        return self.ids.person.id_of(number)

    def person_name(self, number: int) -> str:
        """Name of the account (0) or of somebody else."""
        return self.owner_name if number == 0 else PEOPLE[number % len(PEOPLE)]

    # -- looking up ---------------------------------------------------------------------------------------------

    def album(self, album_id: str) -> Album | None:
        """An album that exists, or None."""
        if album_id in self.gone_albums:
            return None
        index = self.ids.album.number_of(album_id)
        if index is None or index >= self.albums:
            return self.added_albums.get(album_id)
        kind = ALBUM_TYPES[index] if self.typed and index < len(ALBUM_TYPES) else "normal"
        return Album(album_id, index, self.layout.album_created(index), kind)

    def item(self, item_id: str) -> Item | None:
        """A photo or video that exists, or None."""
        if item_id in self.gone:
            return None
        return self.added.get(item_id) or self._computed(item_id)

    def _computed(self, item_id: str) -> Item | None:
        number = self.ids.photo.number_of(item_id)
        if number is not None:
            return self._photo(item_id, number) if number < self.photos else None
        number = self.ids.tagged.number_of(item_id)
        if number is not None and number < (self.tagged or 0):
            created = FIRST_DAY + number * 86_400 + 300
            return Item(item_id, "photo", TAGGED_NUMBERS + number, None, created, 1 + number % 9)
        number = self.ids.video.number_of(item_id)
        if number is not None and number < (self.videos or 0):
            return Item(item_id, "video", VIDEO_NUMBERS + number, None, FIRST_DAY + number * 864_000)
        return None

    def _photo(self, item_id: str, number: int) -> Item:
        if item_id in self.home:
            album_id = self.home[item_id]
        else:
            album = self.layout.album_of(number)
            album_id = None if album is None else self.ids.album.id_of(album)
        return Item(item_id, "photo", number, album_id, self.layout.photo_created(number))

    # -- lists --------------------------------------------------------------------------------------------------

    def _listing(
        self, key: str, span: range, space: IdSpace, *, gone: set[str] | None = None, newest_first: bool = True
    ) -> Listing:
        known = self._listings.get(key)
        if known is None:
            known = Listing(key, span, space, self.gone if gone is None else gone, newest_first=newest_first)
            self._listings[key] = known
        return known

    def album_list(self) -> Listing:
        """All albums."""
        return self._listing("albums", range(self.albums), self.ids.album, gone=self.gone_albums, newest_first=False)

    def album_photos(self, album_id: str) -> Listing:
        """The photos and videos of an album, oldest first."""
        index = self.ids.album.number_of(album_id)
        span = self.layout.range_of(index) if index is not None and index < self.albums else range(0)
        return self._listing(f"album:{album_id}", span, self.ids.photo, newest_first=False)

    def own_photos(self, kind: str) -> Listing:
        """The account's `uploaded`, `tagged` or `profile` photos, newest first."""
        if kind == "uploaded":
            return self._listing(kind, range(self.photos), self.ids.photo)
        if kind == "tagged":
            return self._listing(kind, range(self.tagged or 0), self.ids.tagged)
        span = self.layout.range_of(0) if self.typed and self.albums else range(0)
        return self._listing(kind, span, self.ids.photo)

    def video_list(self) -> Listing:
        """The account's videos."""
        return self._listing("videos", range(self.videos or 0), self.ids.video)

    def photo_ids(self) -> Iterator[str]:
        """Every photo the account can see, once: uploaded ones, then those it is tagged in."""
        seen: set[str] = set()
        for listing in (self.own_photos("uploaded"), self.own_photos("tagged")):
            for photo_id in listing:
                if listing.key == "uploaded" or photo_id not in seen:
                    yield photo_id
                if photo_id in self.added or photo_id in self.extra_tags:
                    seen.add(photo_id)
