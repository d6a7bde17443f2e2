"""What the program talks about: plain frozen data, no I/O.

Times are aware UTC datetimes, ids are strings, sizes are bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What a photo row holds."""

    PHOTO = "photo"
    VIDEO = "video"


class Problem(StrEnum):
    """What is wrong with a recorded file."""

    MISSING = "missing"
    CHANGED = "changed"
    UNREADABLE = "unreadable"


class Permission(StrEnum):
    """How a permission that the job needs stands with the source."""

    GRANTED = "granted"
    DECLINED = "declined"
    EXPIRED = "expired"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture was taken, as far as the source tells; `id` is a page id or made from the name."""

    id: str
    name: str | None = None
    city: str | None = None
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """A person marked in a photo; x and y in percent of width and height. Plain-text tags have no id."""

    name: str
    person_id: str | None = None
    x: float | None = None
    y: float | None = None


HTML_COMMENT = "export:html:"
"""How ids of comments begin that come from a page of an HTML export, whose times mostly have no zone."""


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment; who wrote it is often withheld."""

    id: str
    message: str
    parent_id: str | None = None
    from_id: str | None = None
    from_name: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """A size in which the source hands out a photo. Width, height or expiry are None when not announced.

    `format` is the picture's, or, where only trying tells whether there is a picture, what the address is to its
    source: `link`, `original` or `thumbnail`.
    """

    url: str
    width: int | None = None
    height: int | None = None
    format: str = ""
    expires_at: datetime | None = None

    @property
    def is_guess(self) -> bool:
        """Whether the address may lead to something that is no picture; then the next variant is as good."""
        return self.format in ("link", "original")

    @property
    def role(self) -> str:
        """What the address is to its source, empty where all are alike."""
        return self.format if self.is_guess or self.format == "thumbnail" else ""

    @property
    def pixels(self) -> int:
        return (self.width or 0) * (self.height or 0)


@dataclass(frozen=True, slots=True)
class Album:
    """An album as its source describes it.

    `virtual` marks the lists that are no album upstream (tagged photos, uploads outside albums, videos);
    `remote_count` is what the source claims, which may exceed what the login may see.
    """

    remote_id: str
    title: str
    kind: str = "normal"
    description: str | None = None
    link: str | None = None
    privacy: str | None = None
    place: Place | None = None
    cover_photo_id: str | None = None
    remote_count: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    virtual: bool = False
    raw: str = "{}"


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo or video as its source describes it.

    `variants` come largest first. `raw` is the node as canonical JSON without signed addresses.
    `absent_fields` names catalog columns that were not asked for, so that None there means "not known".
    """

    id: str
    kind: Kind = Kind.PHOTO
    caption: str | None = None
    title: str | None = None
    alt_text: str | None = None
    link: str | None = None
    file_date: datetime | None = None
    file_date_source: str | None = None
    file_date_precision: str | None = None
    width: int | None = None
    height: int | None = None
    from_id: str | None = None
    from_name: str | None = None
    place: Place | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    backdated_at: datetime | None = None
    album: Album | None = None
    people: tuple[Tag, ...] | None = None
    comments: tuple[Comment, ...] | None = None
    reactions: tuple[tuple[str, int], ...] | None = None
    variants: tuple[Variant, ...] = ()
    raw: str = "{}"
    absent_fields: frozenset[str] = frozenset()

    @property
    def largest(self) -> Variant | None:
        return self.variants[0] if self.variants else None


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a listing. `next_cursor` is None only at the end of the list.

    `problems` are items that could not be understood, one readable line each.
    """

    photos: tuple[Photo, ...]
    next_cursor: str | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Absence:
    """A photo or album that the source was asked for by id and denied, with its words as evidence."""

    id: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Answers:
    """What `photos_by_id` found: photos with fresh variants, proven absences, and ids left unclear."""

    photos: tuple[Photo, ...] = ()
    absent: tuple[Absence, ...] = ()
    unclear: tuple[Absence, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a login is, what it may read, and when it ends (None: not known or never).

    `readable` are the kinds that its permissions cover; without `photo` there is no Identity but PermissionLost.
    """

    remote_id: str
    display_name: str
    permissions: dict[str, Permission] = field(default_factory=dict)
    expires_at: datetime | None = None
    data_access_expires_at: datetime | None = None
    readable: frozenset[Kind] = frozenset(Kind)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that the store holds durably under `key`."""

    key: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a file to its end gave: its SHA-256 in hex and its bytes, or why the disk refused it."""

    sha256: str
    bytes: int
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Damage:
    """A recorded file that is not as it was recorded. `bytes` is the recorded size, `detail` says what was seen,
    `photo_ids` are those that it belongs to, the ones whose current file it is first."""

    key: str
    sha256: str
    bytes: int
    problem: Problem
    detail: str
    photo_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """What the bytes of a picture show about themselves.

    `width` × `height` in pixels as stored, `orientation` 1–8 as in EXIF, `extension` without a dot, `color` the mean
    as `#rrggbb`.
    `thumbnail` holds the encoded small picture, or None when none was asked for or none can be made.
    """

    content_type: str
    extension: str
    width: int | None
    height: int | None
    orientation: int = 1
    color: str | None = None
    taken_at: datetime | None = None
    thumbnail: bytes | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A photo on its way to a destination: the bytes to send and what is to be said with them.

    `album` is the destination's own id of an album, None for its timeline; `url` an address under which the service
    can fetch the picture itself; `params` are further parameters by the destination's own names.
    """

    photo_id: str
    body: bytes
    content_type: str
    width: int | None
    height: int | None
    caption: str | None = None
    alt_text: str | None = None
    file_date: datetime | None = None
    file_date_precision: str | None = None
    place_id: str | None = None
    album: str | None = None
    url: str | None = None
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """What a destination made of a photo: its ids there, and an address for people."""

    remote_id: str
    post_id: str | None = None
    link: str | None = None
