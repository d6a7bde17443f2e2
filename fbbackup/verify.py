"""Fixity: reads recorded files, compares their SHA-256 with the catalog's, and marks what differs."""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from sqlite3 import Connection

from fbbackup.catalog import fixity
from fbbackup.catalog.fixity import Recorded, Wished
from fbbackup.errors import ArchiveUnusable
from fbbackup.job import Stock
from fbbackup.models import Damage, Problem, Reading
from fbbackup.protocols import Progress, Report
from fbbackup.whereabouts import CHUNK, Readers, Whereabouts, follow_moved, look_at, slices

BREAKER = 48
"""Files in a row that can't be read: then the disk fails, which says nothing about the files on it."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files are read: `sample` percent at random, the `oldest` percent by their last check, or all with neither;
    of one account, or of all. Files known to be damaged are looked at in any case."""

    sample: float | None = None
    oldest: float | None = None
    account_id: int | None = None


@dataclass(slots=True)
class Verified:
    """What was looked at and found. `files` are on record; `bytes` were read; `healed` are no longer damaged."""

    files: int = 0
    checked: int = 0
    bytes: int = 0
    moved_count: int = 0
    moved: list[tuple[str, str]] = field(default_factory=list)
    healed: int = 0
    damaged: list[Damage] = field(default_factory=list)


async def verify(stock: Stock, selection: Selection, report: Report) -> Verified:
    """Reads the selected files, looks at the sizes of the others, and follows what was moved.

    Damage is in the catalog when this returns, and so is the time of each good check. Raises ArchiveUnusable when the
    disk itself fails.
    """
    with Readers(stock.store) as readers:
        found = Whereabouts()
        every = selection.sample is None and selection.oldest is None
        await _look(stock, readers, found, fixity.damaged_records if every else fixity.recorded_files)
        known = await stock.catalog.read(fixity.count_damaged, selection.account_id)
        sound = await stock.catalog.read(fixity.count_sound, selection.account_id)
        check = _Check(stock, readers, report, found)
        await check.run(selection, sound)
        if found.missing:
            await follow_moved(stock, readers, found)
    return Verified(
        sound + known, known + check.read, check.bytes, found.moved_count, found.moved, found.healed,
        await _damages(stock, selection, found),
    )  # fmt: skip


async def _look(
    stock: Stock, readers: Readers, found: Whereabouts, which: Callable[[Connection, str, int], list[Recorded]]
) -> None:
    after = ""
    while rows := await stock.catalog.read(which, after, CHUNK):
        after = rows[-1].key
        await look_at(stock, readers, rows, found)


class _Check:
    """One pass over the selected files, several slices of them at a time."""

    def __init__(self, stock: Stock, readers: Readers, report: Report, found: Whereabouts) -> None:
        self.read = 0
        self.bytes = 0
        self._stock = stock
        self._readers = readers
        self._report = report
        self._found = found
        self._faults_in_row = 0
        self._bad_count = 0
        self._to_read = 0
        self._good: list[str] = []
        self._bad: list[tuple[Recorded, Problem]] = []

    async def run(self, selection: Selection, sound: int) -> None:
        choice = await _choice(self._stock, selection, sound)
        self._to_read = choice.count
        under_way: deque[tuple[list[Recorded], asyncio.Future[list[Reading | None]]]] = deque()
        async for rows in self._slices(selection, choice):
            under_way.append((rows, self._readers.read([row.key for row in rows])))
            if len(under_way) > 2 * self._readers.count:
                await self._judge(*under_way.popleft())
        while under_way:
            await self._judge(*under_way.popleft())
        await self._mark()

    async def _slices(self, selection: Selection, choice: _Choice) -> AsyncIterator[list[Recorded]]:
        after = ""
        while rows := await self._stock.catalog.read(fixity.sound_files, after, CHUNK, selection.account_id):
            after = rows[-1].key
            chosen = [row for row in rows if choice.takes(row)]
            done = 0
            for part in slices([(row.key, row.bytes) for row in chosen]):
                yield chosen[done : done + len(part)]
                done += len(part)

    async def _judge(self, rows: Sequence[Recorded], reading: asyncio.Future[list[Reading | None]]) -> None:
        for row, read in zip(rows, await reading, strict=True):
            self.read += 1
            self._faults_in_row = self._faults_in_row + 1 if read and read.fault else 0
            if read is None:
                self._found.missing += 1
                self._bad.append((row, Problem.MISSING))
            elif read.fault:
                self._found.faults[row.sha256] = read.fault
                self._bad.append((row, Problem.UNREADABLE))
            elif read.sha256 != row.sha256:
                self._bad.append((row, Problem.CHANGED))
            else:
                self._good.append(row.sha256)
            self.bytes += read.bytes if read else 0
            if self._faults_in_row == BREAKER:
                raise ArchiveUnusable(
                    f"{BREAKER} files in a row can't be read ({read.fault if read else ''}): check the disk and its "
                    "cable, then run again"
                )
        bad = self._bad_count + len(self._bad)
        self._report(Progress(checked=self.read, to_check=self._to_read, bytes=self.bytes, failed=bad))
        if len(self._good) + len(self._bad) >= CHUNK and not self._faults_in_row:
            await self._mark()

    async def _mark(self) -> None:
        catalog, now = self._stock.catalog, self._stock.now()
        self._bad_count += len(self._bad)
        await catalog.write(fixity.record_checks, self._good, self._bad, now)
        self._good, self._bad = [], []


class _Choice:
    """Takes `count` of the files that come by in the order of their keys."""

    def __init__(self, count: int) -> None:
        self.count = count

    def takes(self, row: Recorded) -> bool:
        return True


class _Sample(_Choice):
    """Any `count` of `total`, each as likely as any other."""

    def __init__(self, count: int, total: int) -> None:
        super().__init__(count)
        self._needed, self._left = count, total

    def takes(self, row: Recorded) -> bool:
        taken = random.random() * self._left < self._needed
        self._left -= 1
        self._needed -= taken
        return taken


class _Oldest(_Choice):
    """Those checked before a time, and the first few of those checked at it."""

    def __init__(self, count: int, last: str, at_last: int) -> None:
        super().__init__(count)
        self._last, self._at_last = last, at_last

    def takes(self, row: Recorded) -> bool:
        if row.verified_at == self._last and self._at_last:
            self._at_last -= 1
            return True
        return row.verified_at < self._last


async def _choice(stock: Stock, selection: Selection, sound: int) -> _Choice:
    percent = selection.sample or selection.oldest
    if percent is None or not sound:
        return _Choice(sound)
    count = min(sound, math.ceil(sound * percent / 100))
    if selection.sample:
        return _Sample(count, sound)
    last, at_last = await stock.catalog.read(fixity.oldest_checks, selection.account_id, count)
    return _Oldest(count, last, at_last)


async def _damages(stock: Stock, selection: Selection, found: Whereabouts) -> list[Damage]:
    """What the catalog has as damaged by now, told by how it looks on the disk."""
    damages: list[Damage] = []
    after = ""
    while rows := await stock.catalog.read(fixity.damaged_files, after, CHUNK, selection.account_id):
        after = rows[-1].key
        sizes = await asyncio.to_thread(stock.store.sizes, [row.key for row in rows])
        for row, size in zip(rows, sizes, strict=True):
            owners = await stock.catalog.read(fixity.owners, row.sha256)
            problem, detail = _problem(row, size, found.faults.get(row.sha256))
            photos = tuple(owner.photo_id for owner in owners)
            damages.append(Damage(row.key, row.sha256, row.bytes, problem, detail, photos))
    return damages


def _problem(row: Wished, size: int | None, fault: str | None) -> tuple[Problem, str]:
    if size is None:
        return Problem.MISSING, "there is no such file"
    if fault is not None:
        return Problem.UNREADABLE, fault
    if size != row.bytes:
        return Problem.CHANGED, f"{size:,} bytes instead of {row.bytes:,}"
    return Problem.CHANGED, f"other bytes, as many as recorded ({size:,})"
