"""The account's albums, photos and videos: computed from an index, with edits kept in small overlays."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from fbbackup.simulator.clock import Clock
from fbbackup.simulator.folder import PhotoFolder, measured
from fbbackup.simulator.ids import IdSpaces, id_spaces
from fbbackup.simulator.layout import FIRST_DAY, Layout, spread
from fbbackup.simulator.listing import Listing
from fbbackup.simulator.words import ALBUM_TYPES, PEOPLE

TAGGED_NUMBERS = 1_000_000_000
ADDED_NUMBERS = 2_000_000_000
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
class Library:
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
        item = self.added.get(item_id) or self._computed(item_id)
        if item is not None and item.album_id in self.gone_albums:
            return None
        return item

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

    def is_gone(self, item_id: str) -> bool:
        """Whether an item was deleted; for the empty id, whether anything was."""
        if not item_id:
            return bool(self.gone or self.gone_albums)
        return item_id in self.gone or (bool(self.gone_albums) and self.item(item_id) is None)

    # -- lists --------------------------------------------------------------------------------------------------

    def _listing(self, key: str, listing: Listing) -> Listing:
        return self._listings.setdefault(key, listing)

    def album_list(self) -> Listing:
        """All albums."""
        span = range(self.albums)
        return self._listings.get("albums") or self._listing(
            "albums", Listing("albums", span, self.ids.album, lambda album_id: self._album_gone(album_id))
        )

    def _album_gone(self, album_id: str) -> bool:
        return album_id in self.gone_albums if album_id else bool(self.gone_albums)

    def album_photos(self, album_id: str) -> Listing:
        """The photos and videos of an album, oldest first."""
        key = f"album:{album_id}"
        known = self._listings.get(key)
        if known is not None:
            return known
        index = self.ids.album.number_of(album_id)
        span = self.layout.range_of(index) if index is not None and index < self.albums else range(0)
        return self._listing(key, Listing(key, span, self.ids.photo, self.is_gone))

    def own_photos(self, kind: str) -> Listing:
        """The account's `uploaded`, `tagged` or `profile` photos, newest first."""
        known = self._listings.get(kind)
        if known is not None:
            return known
        if kind == "uploaded":
            listing = Listing(kind, range(self.photos), self.ids.photo, self.is_gone, newest_first=True)
        elif kind == "tagged":
            span = range(self.tagged or 0)
            listing = Listing(kind, span, self.ids.tagged, self.is_gone, newest_first=True)
        else:
            span = self.layout.range_of(0) if self.typed and self.albums else range(0)
            listing = Listing(kind, span, self.ids.photo, self.is_gone, newest_first=True)
        return self._listing(kind, listing)

    def video_list(self) -> Listing:
        """The account's videos."""
        return self._listings.get("videos") or self._listing(
            "videos", Listing("videos", range(self.videos or 0), self.ids.video, self.is_gone, newest_first=True)
        )

    def photo_ids(self) -> Iterator[str]:
        """Every photo the account can see, once: uploaded ones, then those it is tagged in."""
        seen: set[str] = set()
        for listing in (self.own_photos("uploaded"), self.own_photos("tagged")):
            for photo_id in listing:
                if listing.key == "uploaded" or photo_id not in seen:
                    yield photo_id
                if photo_id in self.added or photo_id in self.extra_tags:
                    seen.add(photo_id)

    # -- edits while running ------------------------------------------------------------------------------------

    def override(self, node_id: str, **fields: Any) -> None:
        """Give a node's fields other values; None takes a field away."""
        with self.lock:
            self.overrides.setdefault(node_id, {}).update(fields)

    def recaption(self, photo_id: str, text: str | None) -> None:
        """Change a caption; as on Facebook the album's `updated_time` stays."""
        self.override(photo_id, name=text)

    def rename_album(self, album_id: str, name: str) -> None:
        """Change an album's name."""
        self.override(album_id, name=name)

    def _touch(self, album_id: str | None) -> None:
        if album_id is not None:
            self.touched[album_id] = self.clock.now()

    def add_album(self, name: str, kind: str = "normal") -> str:
        """Make an empty album."""
        with self.lock:
            album_id = self.ids.added_album.id_of(len(self.added_albums))
            self.added_albums[album_id] = Album(album_id, None, int(self.clock.now()), kind)
            self.album_list().add(album_id)
            self.override(album_id, name=name)
            return album_id

    def add_photo(self, album_id: str | None = None, caption: str | None = None, data: bytes | None = None) -> str:
        """Upload a photo, drawn like the others unless its bytes are given."""
        with self.lock:
            number = len(self.added)
            photo_id = self.ids.added_photo.id_of(number)
            created = int(self.clock.now())
            self.added[photo_id] = Item(photo_id, "photo", ADDED_NUMBERS + number, album_id, created)
            self.override(photo_id, name=caption)
            if data is not None:
                self.own_bytes[photo_id] = data
                self.own_sizes[photo_id] = measured(data)
            self.own_photos("uploaded").add(photo_id)
            if album_id is not None:
                self.album_photos(album_id).add(photo_id)
                self._touch(album_id)
            return photo_id

    def delete_photo(self, photo_id: str) -> None:
        """Remove a photo for good."""
        with self.lock:
            item = self.item(photo_id)
            self.gone.add(photo_id)
            self._touch(item.album_id if item else None)

    def delete_album(self, album_id: str) -> None:
        """Remove an album and the photos whose home it is."""
        with self.lock:
            self.gone_albums.add(album_id)

    def move_photo(self, photo_id: str, album_id: str) -> None:
        """Take a photo out of its album and put it into another."""
        with self.lock:
            item = self.item(photo_id)
            if item is None:
                raise KeyError(photo_id)
            if item.album_id is not None:
                self.album_photos(item.album_id).hidden.add(photo_id)
            self._touch(item.album_id)
            self.home[photo_id] = album_id
            if photo_id in self.added:
                self.added[photo_id] = Item(photo_id, "photo", item.number, album_id, item.created)
            self.share_photo(photo_id, album_id)

    def share_photo(self, photo_id: str, album_id: str) -> None:
        """Show a photo in one more album."""
        with self.lock:
            self.album_photos(album_id).add(photo_id)
            self._touch(album_id)

    def tag(self, photo_id: str, person: int = 0, x: float = 50.0, y: float = 50.0) -> None:
        """Tag somebody; tagging the account (0) puts the photo into its tagged photos."""
        with self.lock:
            tag = {"id": self.person_id(person), "name": self.person_name(person), "x": x, "y": y}
            self.extra_tags.setdefault(photo_id, []).append(tag)
            if person == 0:
                self.own_photos("tagged").add(photo_id)

    def comment(self, photo_id: str, message: str, person: int = 1) -> None:
        """Add a comment."""
        with self.lock:
            said = {"message": message, "from": {"name": self.person_name(person), "id": self.person_id(person)}}
            self.extra_comments.setdefault(photo_id, []).append(said)
