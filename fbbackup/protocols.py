"""The seams of the program: where photos come from, and where files are kept.

One conformance suite each (`tests/conformance/`); every implementation goes through it. What not all can do is told by
a field, never by a class. Whoever implements one of these raises only errors of `fbbackup.errors`.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from fbbackup.models import (
    Absence,
    Album,
    Answers,
    Identity,
    Kind,
    Outgoing,
    Page,
    Published,
    Reading,
    StoredFile,
    Variant,
)


@dataclass(frozen=True, slots=True)
class Staged:
    """Bytes that arrived whole in the store's staging area, not yet durable and without a final name.

    `head` holds the first bytes (up to 4,096), enough to tell the format.
    """

    name: str
    sha256: str
    size: int
    head: bytes


class Source(Protocol):
    """Lists albums and photos, and hands out their pictures.

    Any call may raise LoginNeeded, BudgetSpent or SourceUnavailable; they end the crawl of this account, and what
    was recorded stays.
    """

    @property
    def name(self) -> str:
        """The kind of source, as the catalog records it: `graph`."""
        ...

    @property
    def calls(self) -> int:
        """Calls made to the service since this object exists, counted as the service counts them."""
        ...

    @property
    def state(self) -> dict[str, Any]:
        """What to remember between runs, as JSON: budget, learned sizes, login clocks. Never a secret."""
        ...

    @property
    def notes(self) -> list[str]:
        """Lines that a person should read at the end of a run."""
        ...

    def show_waits(self, show: Callable[[str], None]) -> None:
        """Has `show` told why the next call has to wait, and an empty text when it goes on."""
        ...

    async def identity(self) -> Identity:
        """Asks who the login is and what it may read; the cheapest such question that the service offers."""
        ...

    def albums(self) -> AsyncIterator[Sequence[Album]]:
        """All albums in the service's order, without photos, virtual ones last. Ends only when the list does."""
        ...

    def first_pages(self, albums: Sequence[Album]) -> AsyncIterator[tuple[Album, Page]]:
        """The first page of each of these albums, in as few calls as the service allows.

        Every album is yielded once, in any order, except those that are gone or refused.
        """
        ...

    async def page(self, album: Album, cursor: str | None) -> Page:
        """One page of an album from `cursor` (None: from the start). Raises CursorRejected."""
        ...

    async def probe(self, album: Album) -> str | None:
        """A short sign that changes when a virtual album most likely did; None when there is no cheap one."""
        ...

    async def photos_by_id(self, ids: Sequence[str], videos: Collection[str] = ()) -> Answers:
        """These photos afresh; `videos` are those of them that are known to be some. Absent is only what the service
        denies by id, with its words."""
        ...

    async def album_by_id(self, album: Album) -> Album | Absence | None:
        """The album afresh, its denial, or None when the answer is not clear."""
        ...

    async def read(self, variant: Variant) -> bytes:
        """The whole body of a picture, of the announced length and digest. Raises DownloadError."""
        ...

    def stream(self, variant: Variant) -> AsyncIterator[bytes]:
        """The body in pieces, for what may be too large for memory. Raises DownloadError."""
        ...

    async def close(self) -> None:
        """Gives back connections. Nothing may be asked afterwards."""
        ...


class Store(Protocol):
    """What holds the archive's files under keys such as `photos/2014/07/2014-07-05_1015.jpg`.

    A kept key never changes and is never replaced. Raises ArchiveUnusable when the place itself fails
    (full, read-only, unplugged).
    """

    @property
    def warnings(self) -> Sequence[str]:
        """What this place can't promise, one line each; known only after the first files."""
        ...

    async def put(self, key: str, body: bytes, digest: str | None = None) -> StoredFile:
        """Keeps `body` under `key`: all or nothing, its bytes durable; its name is so after `settle`.

        `digest` is the body's SHA-256 in hex, from callers that have it already.
        The same bytes under the same key are accepted again; other bytes raise KeyTaken.
        """
        ...

    async def stage(self, chunks: AsyncIterator[bytes]) -> Staged:
        """Takes in a stream of any length without keeping it in memory. On any error nothing is left."""
        ...

    async def keep(self, staged: Staged, key: str) -> StoredFile:
        """Gives staged bytes their key; the same promises as `put`."""
        ...

    async def replace(self, staged: Staged, key: str) -> StoredFile:
        """Puts staged bytes, which are durable, in place of whatever has the key; the name is durable after `settle`.

        Only for what is made from the catalog: raises ValueError for the key of a picture.
        """
        ...

    async def discard(self, staged: Staged) -> None:
        """Forgets staged bytes."""
        ...

    async def settle(self, keys: Sequence[str]) -> None:
        """Makes the names of these kept keys durable. Only afterwards may anyone be told of them."""
        ...

    async def secure(self, keys: Sequence[str]) -> None:
        """Makes bytes and names of these keys durable, whoever wrote them; those that are gone are left out."""
        ...

    async def put_derived(self, key: str, body: bytes) -> None:
        """Writes what can be made again (thumbnails): whole or not at all, replacing, without a promise of
        durability before `sync_derived`."""
        ...

    async def sync_derived(self) -> None:
        """Makes everything written by `put_derived` durable."""
        ...

    def read(self, key: str) -> AsyncIterator[bytes]:
        """The bytes of a key in pieces. Raises KeyError when there is none."""
        ...

    def sizes(self, keys: Sequence[str]) -> list[int | None]:
        """The size of each key, None where there is no such file. May block."""
        ...

    def digests(self, keys: Sequence[str], stop: threading.Event | None = None) -> list[Reading | None]:
        """Reads these files to their end; None where there is none, and a fault for what the disk refuses. Blocks.

        For many threads at once, neighbours together. Once `stop` is set it ends soon, and its answer means nothing.
        """
        ...

    def keys(self, prefix: str, without: Collection[str] = ()) -> Iterator[tuple[str, int]]:
        """Every kept key below a prefix with its size in bytes, sorted, without loading them all. May block.

        `without` are folders right below the prefix that are left out.
        """
        ...

    async def move(self, key: str, to: str) -> None:
        """Moves a file into `quarantine/` or out of it; its names are durable after `settle`. Only repair comes here.

        Raises KeyError when there is nothing under `key`, KeyTaken when there is something under `to`, ValueError for
        any other move.
        """
        ...

    async def delete(self, key: str) -> None:
        """Removes a file; only `purge --yes` and derived files come here."""
        ...


class Destination(Protocol):
    """Where photos are published. Nothing here tries a second time by itself: an upload has no name that the service
    would know again.

    Any call may raise LoginNeeded, ConfigError, BudgetSpent or Incomplete; they end the uploading.
    """

    @property
    def name(self) -> str:
        """The name of the `[[destinations]]` table."""
        ...

    @property
    def calls(self) -> int:
        """Calls made since this object exists."""
        ...

    @property
    def kinds(self) -> frozenset[Kind]:
        """What can be published there. Of videos only the address is sent."""
        ...

    async def admit(self) -> None:
        """Whether this login may publish there at all; raises what the person has to change."""
        ...

    def check(self, photo: Outgoing) -> None:
        """Raises UploadRefused for what the service is known not to take: size, format, parameters."""
        ...

    async def upload(self, photo: Outgoing) -> Published:
        """Sends a photo, once. Raises UploadRefused, or AnswerLost when it may have arrived."""
        ...

    async def find(self, photo: Outgoing, since: datetime, known: Collection[str]) -> Published | None:
        """An upload of ours whose answer was lost: published at or after `since`, by our clock, and not in `known`.

        None when there is none. Raises AnswerLost when that can't be told.
        """
        ...

    async def undo(self, remote_id: str) -> None:
        """Takes back a photo that was published here; one that is gone already is no error. Raises UploadRefused."""
        ...

    async def close(self) -> None:
        """Gives back connections."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; all numbers count what is done and durable, totals are what is known so far.

    `to_check` is set while files are verified: then `checked` of them are, `bytes` were read, and `failed` are bad.
    """

    calls: int = 0
    albums: int = 0
    albums_total: int | None = None
    listed: int = 0
    stored: int = 0
    stored_total: int = 0
    bytes: int = 0
    failed: int = 0
    checked: int = 0
    to_check: int = 0
    message: str = ""


Report = Callable[[Progress], None]
"""Whoever shows progress. Called often, from the event loop; must return at once."""
