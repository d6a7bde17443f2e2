"""What an export says, as plain data: photos as its files mention them, albums, the owner, and what nobody understood.

Times are aware UTC datetimes; `origin` is the path of the file inside the export that says so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from fbbackup.models import Album, Comment, Kind, Place, Tag


@dataclass(frozen=True, slots=True)
class Mention:
    """One place in an export that names a photo. The same photo may be mentioned by several files.

    `id` is Facebook's or made up from the file name (then `made_up`), `rule` says how it was found, `hint` may be
    Facebook's id and is not proven. `weight` tells how well this place knows words: an album more than a
    post. `lacks_file` says why no part can hold its picture; `poster` is the address of a picture made of a video.
    """

    id: str
    origin: str
    rule: str
    uri: str
    as_of: str
    made_up: bool = False
    hint: str | None = None
    kind: Kind = Kind.PHOTO
    caption: str | None = None
    weight: int = 1
    link: str | None = None
    created_at: datetime | None = None
    taken_at: datetime | None = None
    backdated_at: datetime | None = None
    latitude: float | None = None
    longitude: float | None = None
    place: Place | None = None
    people: tuple[Tag, ...] = ()
    comments: tuple[Comment, ...] = ()
    precision: str = "second"
    found: bool = False
    lacks_file: str | None = None
    poster: str | None = None
    raw: str = "{}"

    @property
    def dated(self) -> tuple[datetime | None, str | None]:
        """The best date it knows, and the name of its source as in `photos.file_date_source`."""
        for at, source in ((self.taken_at, "taken"), (self.backdated_at, "backdated"), (self.created_at, "created")):
            if at is not None:
                return at, source
        return None, None


@dataclass(frozen=True, slots=True)
class AlbumFound:
    """An album with the ids of its photos in order. `album.remote_id` is Facebook's id, or made up with a colon."""

    album: Album
    photo_ids: tuple[str, ...]
    origin: str


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose export it is."""

    name: str
    username: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Whose texts and pictures follow: names for the account, the best one first, and the name in the profile file."""

    accounts: tuple[str, ...] = ()
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A key of a file that says nothing to this program, how often it occurs, and how it looks."""

    origin: str
    key: str
    count: int
    raw: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something of the export that could not come in, as a line that names the part and the entry."""

    line: str


Piece = Person | Mention | AlbumFound | Owner | NotUnderstood | Problem


@dataclass(eq=False, slots=True)
class Media:
    """A picture or video that lies in the export. `part` names the zip or folder, `mark` changes with its bytes.

    `photo_id` is filled in by whatever mentions it; `handle` is the reader's own.
    """

    part: str
    path: str
    size: int
    mark: str
    handle: Any = field(repr=False)
    photo_id: str | None = None


@dataclass(slots=True)
class Coverage:
    """How much of the export was understood. `not_understood` is sorted by file and key."""

    json_files: int = 0
    html_files: int = 0
    saved_answers: int = 0
    understood: int = 0
    kept_raw: int = 0
    messages_left_out: int = 0
    media_files: int = 0
    media_left_out: int = 0
    not_understood: list[dict[str, Any]] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        return {
            "json_files": self.json_files,
            "html_files": self.html_files,
            "saved_answers": self.saved_answers,
            "understood": self.understood,
            "kept_raw": self.kept_raw,
            "messages_left_out": self.messages_left_out,
            "media_files": self.media_files,
            "media_left_out": self.media_left_out,
            "not_understood": self.not_understood,
        }


class ExportReader(Protocol):
    """An export for reading: its parts opened, their entries known and vetted."""

    @property
    def people(self) -> Sequence[Person]:
        """Whose export it is, or exports; at least one."""
        ...

    @property
    def doubts(self) -> Sequence[str]:
        """What could not be decided about whose parts these are, a line each."""
        ...

    @property
    def refused(self) -> Sequence[str]:
        """What was refused on opening, a line each that names the part and the entry."""
        ...

    @property
    def whole_parts(self) -> int:
        """Parts that could be opened."""
        ...

    @property
    def coverage(self) -> Coverage:
        """Filled while `pieces` is read."""
        ...

    def pieces(self) -> Iterator[Piece]:
        """Everything that the texts say, person by person, file by file; albums after their photos. May block."""
        ...

    def media(self) -> Iterator[Media]:
        """Every picture and video, in the order in which they lie on the disk; complete after `pieces`."""
        ...

    def read(self, media: Media) -> bytes:
        """The whole body. Raises DownloadError. May block; from any thread."""
        ...

    def stream(self, media: Media) -> AsyncIterator[bytes]:
        """The body in pieces. Raises DownloadError."""
        ...
