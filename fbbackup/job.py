"""What one run works with: its parts, its settings, its clock, and the running count of what is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fbbackup.catalog import Catalog
from fbbackup.models import Picture
from fbbackup.protocols import Progress, Report, Source, Store

Examine = Callable[[bytes, tuple[int | None, int | None], int | None], Picture]
"""Checks a body against the announced size and makes a thumbnail of the given edge. Raises BadPicture."""

MakeThumbnail = Callable[[bytes, int], bytes]
"""Only the thumbnail. Raises BadPicture."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What a run may do. `wanted` names the settings that decide which photos are wanted and how they are read."""

    deep: bool = False
    all_failed: bool = True
    accept_vanished: bool = False
    person: str | None = None
    """Whose login was accepted for this account, though the catalog may know another person."""
    dry_run: bool = False
    wanted: str = ""
    videos: bool = True
    deep_after: timedelta = timedelta(days=14)
    sweep_calls: int = 20
    vanish_percent: float = 5.0
    vanish_minimum: int = 5
    workers: int = 16
    attempts: int = 3
    thumbnail_size: int | None = 320


@dataclass(slots=True)
class Tally:
    """Counts of the run so far. Everything in it is done and durable; totals are what is known by now."""

    report: Report
    source: Source
    albums: int = 0
    albums_total: int | None = None
    listed: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    stored: int = 0
    known_pending: int = 0
    bytes: int = 0
    failed: int = 0
    thumbnails: int = 0
    notes: list[str] = field(default_factory=list)
    garbled: set[int] = field(default_factory=set)
    """Albums, by row, with items in their listing that could not be understood: what they lack may be one of those."""

    def publish(self, message: str = "") -> None:
        """Shows the state of things to whoever watches."""
        self.report(
            Progress(
                calls=self.source.calls,
                albums=self.albums,
                albums_total=self.albums_total,
                listed=self.listed,
                stored=self.stored,
                stored_total=self.stored + self.known_pending,
                bytes=self.bytes,
                failed=self.failed,
                message=message,
            )
        )

    def note(self, line: str) -> None:
        """Keeps a line for the end of the run; the same line once."""
        if line not in self.notes:
            self.notes.append(line)

    def counters(self) -> dict[str, int]:
        return {
            "albums_listed": self.albums,
            "photos_listed": self.listed,
            "photos_new": self.new,
            "photos_changed": self.changed,
            "photos_gone": self.gone,
            "photos_stored": self.stored,
            "photos_failed": self.failed,
            "thumbnails": self.thumbnails,
        }


@dataclass(frozen=True, slots=True)
class Stock:
    """The files of an archive with what the catalog says of them."""

    store: Store
    catalog: Catalog
    now: Callable[[], datetime] = utc_now


@dataclass(frozen=True, slots=True)
class Job:
    """One account's run. `decoder` is where pictures are decoded: as many threads as there are cores."""

    account_id: int
    account: str
    source: Source
    store: Store
    catalog: Catalog
    settings: RunSettings
    tally: Tally
    examine: Examine
    make_thumbnail: MakeThumbnail
    decoder: Executor
    crawling: asyncio.Event
    """Set whenever the crawl has recorded something to download."""
    now: Callable[[], datetime] = utc_now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    @property
    def stock(self) -> Stock:
        return Stock(self.store, self.catalog, self.now)


def sentence(parts: Sequence[str]) -> str:
    """Joins the parts of a result line."""
    return "; ".join(part for part in parts if part)
