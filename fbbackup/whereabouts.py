"""Is every recorded file where the catalog says? Files that people moved or renamed are followed by their digest."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from types import TracebackType
from typing import Self

from fbbackup.catalog import downloads, fixity
from fbbackup.catalog.fixity import Recorded
from fbbackup.errors import KeyTaken
from fbbackup.job import Stock
from fbbackup.layout import OWN_FOLDERS, RESTORING
from fbbackup.models import Problem, Reading
from fbbackup.protocols import Store

CHUNK = 1000
SLICE_FILES = 128
SLICE_BYTES = 64 << 20
NAMED = 10
"""Files of a sort that a report names before it only counts."""

Stray = Callable[[str], Awaitable[None]]
"""What becomes of a file that no row names."""


class Readers:
    """Threads that read files for their digests; leaving the block stops them at the next megabyte."""

    def __init__(self, store: Store) -> None:
        self.count = os.cpu_count() or 1
        self._store = store
        self._stop = threading.Event()
        self._threads = ThreadPoolExecutor(self.count, thread_name_prefix="digest")

    def read(self, keys: Sequence[str]) -> asyncio.Future[list[Reading | None]]:
        """Has these files read by one of the threads."""
        return asyncio.get_running_loop().run_in_executor(self._threads, self._store.digests, keys, self._stop)

    async def read_all(self, files: Sequence[tuple[str, int]]) -> list[Reading | None]:
        """The files, given with their sizes, read by all threads."""
        parts = await asyncio.gather(*(self.read([key for key, _ in part]) for part in slices(files)))
        return [reading for part in parts for reading in part]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._threads.shutdown(wait=True, cancel_futures=True)


def slices(files: Sequence[tuple[str, int]]) -> Iterator[list[tuple[str, int]]]:
    """Neighbours that one thread reads in one go: not too many, not too much."""
    part: list[tuple[str, int]] = []
    size = 0
    for file in files:
        part.append(file)
        size += file[1]
        if len(part) == SLICE_FILES or size >= SLICE_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


@dataclass(slots=True)
class Whereabouts:
    """What was met with. `missing` counts files that were not in their place at first, `moved` are old and new keys of
    the first few, `faults` say by digest why a file can't be read."""

    missing: int = 0
    moved_count: int = 0
    moved: list[tuple[str, str]] = field(default_factory=list)
    healed: int = 0
    new_problems: int = 0
    faults: dict[str, str] = field(default_factory=dict)


async def locate(stock: Stock, readers: Readers, *, search: bool, stray: Stray | None = None) -> Whereabouts:
    """Looks at every recorded file's size, and reads those that were damaged before and may be well again.

    Where one is newly missing, or with `search` in any case, all files that no row names are looked at: one with the
    digest of a missing file is that file, and its row follows it; the others are handed to `stray`.
    """
    found = Whereabouts()
    after = ""
    while rows := await stock.catalog.read(fixity.recorded_files, after, CHUNK):
        after = rows[-1].key
        await look_at(stock, readers, rows, found)
    if search or found.new_problems:
        await follow_moved(stock, readers, found, stray)
    return found


async def look_at(stock: Stock, readers: Readers, rows: Sequence[Recorded], found: Whereabouts) -> None:
    """Compares the sizes of some files, and reads those of them that were damaged before and may be well again."""
    sizes = await asyncio.to_thread(stock.store.sizes, [row.key for row in rows])
    odd = [(row, size) for row, size in zip(rows, sizes, strict=True) if row.damaged or size != row.bytes]
    if odd:
        await _judge(stock, readers, odd, found)


async def _judge(
    stock: Stock, readers: Readers, odd: Sequence[tuple[Recorded, int | None]], found: Whereabouts
) -> None:
    bad: list[tuple[Recorded, Problem]] = []
    for row, size in odd:
        if size is None:
            if not await _finish_repair(stock, readers, row, found):
                bad.append((row, Problem.MISSING))
                found.missing += 1
            continue
        reading = (await readers.read([row.key]))[0] if size == row.bytes else None
        if reading and reading.sha256 == row.sha256:
            await stock.store.secure([row.key])
            await stock.catalog.write(fixity.record_healed, {row.sha256: row.key}, stock.now())
            found.healed += 1
        elif reading and reading.fault:
            found.faults[row.sha256] = reading.fault
            bad.append((row, Problem.UNREADABLE))
        else:
            bad.append((row, Problem.CHANGED))
    found.new_problems += await stock.catalog.write(fixity.record_problems, bad, stock.now())


async def _finish_repair(stock: Stock, readers: Readers, row: Recorded, found: Whereabouts) -> bool:
    """A repair that was cut short after it set the damaged file aside has left the good bytes in quarantine."""
    good = RESTORING + row.sha256
    if stock.store.sizes([good]) != [row.bytes]:
        return False
    reading = (await readers.read([good]))[0]
    if reading is None or reading.sha256 != row.sha256:
        return False
    try:
        await stock.store.move(good, row.key)
    except (KeyError, KeyTaken):
        return False
    await stock.store.settle([good, row.key])
    await stock.catalog.write(fixity.record_healed, {row.sha256: row.key}, stock.now())
    found.healed += 1
    return True


async def follow_moved(stock: Stock, readers: Readers, found: Whereabouts, stray: Stray | None = None) -> None:
    """Looks at all files that no row names."""
    keys = stock.store.keys("", OWN_FOLDERS)
    while chunk := await asyncio.to_thread(lambda: list(islice(keys, CHUNK))):
        unknown = set(await stock.catalog.read(downloads.unknown_keys, [key for key, _ in chunk]))
        files = [(key, size) for key, size in chunk if key in unknown]
        sizes = await stock.catalog.read(fixity.damaged_sizes, {size for _, size in files})
        alike = [(key, size) for key, size in files if size in sizes]
        readings = await readers.read_all(alike)
        same = {
            reading.sha256: key for (key, _), reading in zip(alike, readings, strict=True) if reading and reading.sha256
        }
        followed = await _follow(stock, same, found)
        for key, _ in files:
            if stray is not None and key not in followed:
                await stray(key)


async def _follow(stock: Stock, keys: dict[str, str], found: Whereabouts) -> set[str]:
    """Has the rows of missing files follow them to these keys, given by digest; returns those that one followed.

    While something lies at the old key, nothing moved: this is a copy.
    """
    lost = await stock.catalog.read(fixity.damaged_keys, keys) if keys else {}
    there = stock.store.sizes(list(lost.values()))
    moved = {digest: old for (digest, old), size in zip(lost.items(), there, strict=True) if size is None}
    followed = {digest: keys[digest] for digest in moved}
    if not followed:
        return set()
    # Who moved them may have copied them to another disk and back a moment ago.
    await stock.store.secure(list(followed.values()))
    await stock.catalog.write(fixity.record_healed, followed, stock.now())
    found.moved_count += len(moved)
    found.moved += [(old, keys[digest]) for digest, old in moved.items()][: NAMED - len(found.moved)]
    return set(followed.values())
