"""Reads zips in place, believing nothing that they say: every size, name and offset is checked.

Python's own `zipfile` keeps every entry in memory and reads entries that lie over each other without complaint.
"""

from __future__ import annotations

import os
import re
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from fbbackup.sources.export.names import folded
from fbbackup.sources.export.salvage import salvage
from fbbackup.sources.export.zipentries import (
    LARGEST_ENTRY,
    MOST_ENTRIES,
    STORED,
    BadZip,
    Directory,
    ZipEntry,
    decoded,
    dos_time,
    fault_of,
    printable,
)

LARGEST_RATIO = 200
RATIO_COUNTS_FROM = 1 << 20
_LARGEST_DIRECTORY = 1 << 30


@dataclass(slots=True)
class _End:
    """Where the central directory lies. `shift` is how many bytes stand before the zip."""

    start: int
    size: int
    count: int
    shift: int


def read_directory(path: Path, *, wanted: re.Pattern[str] | None = None) -> Directory:
    """The entries of a zip. Those whose name does not match `wanted` are checked, not kept. Raises BadZip."""
    with path.open("rb") as file:
        length = file.seek(0, os.SEEK_END)
        end = _find_end(file, length)
        if end is None:
            return salvage(file, length)
        return _Reading(file, end, wanted).directory()


def _find_end(file: BinaryIO, length: int) -> _End | None:
    """The end record: the last one whose directory lies where it says. None when the zip has no end (cut off)."""
    tail_length = min(length, 22 + 65_535)
    file.seek(length - tail_length)
    tail = file.read(tail_length)
    at = len(tail)
    claimed = False
    while (at := tail.rfind(b"PK\x05\x06", 0, at)) >= 0:
        if at + 22 <= len(tail):
            claimed = True
            found = _end_at(file, tail, at, length - tail_length)
            if found is not None:
                return found
    if claimed:
        raise BadZip("its end record points nowhere")
    return None


def _end_at(file: BinaryIO, tail: bytes, at: int, base: int) -> _End | None:
    disk, _, _, count, size, offset = struct.unpack_from("<HHHHII", tail, at + 4)
    position = base + at
    if disk not in (0, 0xFFFF):
        return None
    if 0xFFFFFFFF in (size, offset) or count == 0xFFFF:
        large = _zip64_end(file, position)
        if large is not None:
            count, size, offset, position = large
    start = position - size
    shift = start - offset
    if start < 0 or shift < 0 or size > _LARGEST_DIRECTORY:
        return None
    file.seek(start)
    if size and file.read(4) != b"PK\x01\x02":
        return None
    return _End(start, size, count, shift)


def _zip64_end(file: BinaryIO, position: int) -> tuple[int, int, int, int] | None:
    """Count, size, offset and place of the zip64 end record that a locator before `position` names."""
    if position < 20:
        return None
    file.seek(position - 20)
    locator = file.read(20)
    if locator[:4] != b"PK\x06\x07":
        return None
    # The record itself lies before its locator; prefixed bytes make the offset in the locator useless.
    for place in (struct.unpack_from("<Q", locator, 8)[0], position - 20 - 56):
        if 0 <= place <= position - 76:
            file.seek(place)
            record = file.read(56)
            if record[:4] == b"PK\x06\x06":
                count, size, offset = struct.unpack_from("<QQQ", record, 32)
                return count, size, offset, place
    return None


class _Reading:
    """One pass over the central directory."""

    def __init__(self, file: BinaryIO, end: _End, wanted: re.Pattern[str] | None) -> None:
        self._file, self._end, self._wanted = file, end, wanted
        self._entries: list[ZipEntry] = []
        self._refused: list[str] = []
        self._names: dict[str, tuple[int, int]] = {}
        self._starts, self._packed = array("Q"), array("Q")
        self._beyond = 0
        self._newest: datetime | None = None

    def directory(self) -> Directory:
        count = 0
        for header, raw, extra in self._headers():
            count += 1
            self._take(header, raw, extra)
        if count != self._end.count and self._end.count != 0xFFFF and count & 0xFFFF != self._end.count & 0xFFFF:
            self._refused.append(f"it announces {self._end.count:,} entries and has {count:,}")
        if self._beyond:
            self._refused.append(f"{self._beyond:,} entries beyond the first {MOST_ENTRIES:,} are left out")
        self._check_overlap()
        return Directory(self._entries, self._refused, self._newest)

    def _headers(self) -> Iterator[tuple[tuple[int, ...], bytes, bytes]]:
        self._file.seek(self._end.start)
        left = self._end.size
        while left >= 46:
            head = self._file.read(46)
            if head[:4] != b"PK\x01\x02":
                break
            fields = struct.unpack("<HHHHHHIIIHHHHHII", head[4:])
            name, extra, comment = fields[9], fields[10], fields[11]
            raw = self._file.read(name)
            more = self._file.read(extra)
            self._file.seek(comment, os.SEEK_CUR)
            left -= 46 + name + extra + comment
            yield fields, raw, more

    def _take(self, fields: tuple[int, ...], raw: bytes, extra: bytes) -> None:
        made_by, _, flags, method, clock, day, crc, packed, size = fields[:9]
        attributes, offset = fields[14], fields[15]
        name = decoded(raw, flags)
        try:
            size, packed, offset = _large_values(extra, size, packed, offset)
            self._note_span(offset, packed, len(raw))
            if len(self._entries) >= MOST_ENTRIES:
                self._beyond += 1
                return
            mode = attributes >> 16 if made_by >> 8 in (3, 19) else 0
            fault = fault_of(name, flags, method, mode) or _fault_of_sizes(size, packed, method)
        except ValueError as lie:
            fault = str(lie)
        if fault:
            self._refuse(name, fault)
            return
        if name.endswith("/") or (self._wanted and not self._wanted.search(name)):
            return
        self._newest = max(filter(None, (self._newest, dos_time(day, clock))), default=None)
        self._keep(ZipEntry(name, self._end.shift + offset, packed, size, crc, method))

    def _keep(self, entry: ZipEntry) -> None:
        known = self._names.get(folded(entry.name))
        if known is not None:
            if known != (entry.crc, entry.size):
                self._refuse(entry.name, "the name stands in the zip twice, with other content")
            return
        self._names[folded(entry.name)] = (entry.crc, entry.size)
        self._entries.append(entry)

    def _refuse(self, name: str, why: str) -> None:
        if len(self._refused) < 1000:
            self._refused.append(f"{printable(name)}: {why}")

    def _note_span(self, offset: int, packed: int, name: int) -> None:
        if offset + 30 + name + packed > self._end.start - self._end.shift:
            raise ValueError("it reaches beyond the end of the zip")
        self._starts.append(offset)
        self._packed.append(30 + name + packed)

    def _check_overlap(self) -> None:
        order = sorted(range(len(self._starts)), key=self._starts.__getitem__)
        reach = 0
        for index in order:
            if self._starts[index] < reach:
                raise BadZip("its entries lie over each other, as in a zip bomb")
            reach = self._starts[index] + self._packed[index]


def _fault_of_sizes(size: int, packed: int, method: int) -> str:
    if size > LARGEST_ENTRY:
        return f"it claims {size:,} bytes"
    if method == STORED and size != packed:
        return "its sizes contradict each other"
    if size > RATIO_COUNTS_FROM and size > LARGEST_RATIO * packed:
        return f"it would grow from {packed:,} to {size:,} bytes, as a zip bomb does"
    return ""


def _large_values(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Sizes and offset, from the zip64 field where the short ones say so."""
    if 0xFFFFFFFF not in (size, packed, offset):
        return size, packed, offset
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            values = iter(struct.unpack_from(f"<{min(length, len(extra) - at - 4) // 8}Q", extra, at + 4))
            try:
                size = next(values) if size == 0xFFFFFFFF else size
                packed = next(values) if packed == 0xFFFFFFFF else packed
                offset = next(values) if offset == 0xFFFFFFFF else offset
            except StopIteration:
                raise ValueError("its zip64 sizes are missing") from None
            return size, packed, offset
        at += 4 + length
    raise ValueError("its zip64 sizes are missing")
