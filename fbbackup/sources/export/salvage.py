"""What can still be had from a zip that was cut off: entries are found one after the other by their own headers."""

from __future__ import annotations

import os
import struct
import zlib
from typing import BinaryIO

from fbbackup.sources.export.zipentries import (
    LARGEST_ENTRY,
    MOST_ENTRIES,
    PIECE,
    BadZip,
    Directory,
    ZipEntry,
    decoded,
    dos_time,
    fault_of,
    printable,
)


def salvage(file: BinaryIO, length: int) -> Directory:
    """The whole entries of a zip without its end. Raises BadZip when the file does not even begin as a zip."""
    found = Directory([], [])
    at = 0
    file.seek(0)
    if file.read(4) != b"PK\x03\x04":
        raise BadZip("it is no zip, or its end is missing")
    while at is not None and at + 30 <= length and len(found.entries) < MOST_ENTRIES:
        entry, after = _entry_at(file, at, length, found)
        if entry is not None:
            found.entries.append(entry)
        if after is None:
            break
        at = after
    found.refused.append("it is cut off; only the entries before the cut can be read")
    return found


def _entry_at(file: BinaryIO, at: int, length: int, found: Directory) -> tuple[ZipEntry | None, int | None]:
    """The entry at an offset, if it is whole and harmless, and where the next one starts (None: nowhere)."""
    file.seek(at)
    head = file.read(30)
    if head[:4] != b"PK\x03\x04":
        return None, None
    _, flags, method, clock, day, crc, packed, size, name_length, extra_length = struct.unpack("<HHHHHIIIHH", head[4:])
    raw = file.read(name_length)
    start = at + 30 + name_length + extra_length
    name = decoded(raw, flags)
    fault = fault_of(name, flags, method, 0)
    if flags & 8 and not packed:
        if method != 8 or fault:
            return None, None
        measured = _measure(file, start)
        if measured is None:
            return None, None
        packed, size, crc = measured
        after = _after_descriptor(file, start + packed)
    else:
        after = start + packed
    if after > length or packed == 0xFFFFFFFF or size > LARGEST_ENTRY:
        return None, None
    if fault:
        found.refused.append(f"{printable(name)}: {fault}")
        return None, after
    found.newest = max(filter(None, (found.newest, dos_time(day, clock))), default=None)
    return (None if name.endswith("/") else ZipEntry(name, at, packed, size, crc, method)), after


def _measure(file: BinaryIO, start: int) -> tuple[int, int, int] | None:
    """Packed size, size and checksum of a deflated entry that announces none; None when it is cut."""
    file.seek(start)
    inflate, read, size, crc = zlib.decompressobj(-15), 0, 0, 0
    try:
        while not inflate.eof and (piece := file.read(PIECE)):
            read += len(piece)
            while piece and not inflate.eof:
                out = inflate.decompress(piece, 4 * PIECE)
                size, crc = size + len(out), zlib.crc32(out, crc)
                piece = inflate.unconsumed_tail
                if size > LARGEST_ENTRY:
                    return None
    except zlib.error:
        return None
    return (read - len(inflate.unused_data), size, crc) if inflate.eof else None


def _after_descriptor(file: BinaryIO, at: int) -> int:
    file.seek(at, os.SEEK_SET)
    signed = file.read(4) == b"PK\x07\x08"
    return at + (16 if signed else 12)
