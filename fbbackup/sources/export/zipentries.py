"""Single entries of a zip: what their names and kinds may be, and their bytes, which have to be as announced."""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from fbbackup.errors import DownloadError

MOST_ENTRIES = 200_000
LARGEST_ENTRY = 4 << 30
DEEPEST = 16
PIECE = 1 << 18
STORED, DEFLATED = 0, 8
_DRIVE = re.compile(r"[A-Za-z]:")
_LINK_OR_DEVICE = {0xA000: "a symbolic link", 0x2000: "a device", 0x6000: "a device", 0x1000: "a pipe"} | {
    0xC000: "a socket"
}


class BadZip(Exception):
    """The zip as a whole can't be read or must not be; the message says why."""


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """One file in a zip; `name` is checked to stay inside, `offset` is that of its local header."""

    name: str
    offset: int
    packed: int
    size: int
    crc: int
    method: int


@dataclass(slots=True)
class Directory:
    """What a zip holds: good entries, and a line for each that was refused."""

    entries: list[ZipEntry]
    refused: list[str]
    newest: datetime | None = None


def decoded(raw: bytes, flags: int) -> str:
    """An entry's name; archivers that forget to say so write UTF-8 all the same, and some of Windows write `\\`."""
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        name = raw.decode("utf-8", "replace") if flags & 0x800 else raw.decode("cp437")
    return name.replace("\\", "/")


def fault_of(name: str, flags: int, method: int, mode: int) -> str:
    """Why an entry must not be read; empty when it may."""
    kind = _LINK_OR_DEVICE.get(mode & 0xF000)
    if kind:
        return f"it is {kind}"
    if flags & 0x41:
        return "it is encrypted"
    if method not in (STORED, DEFLATED):
        return f"it is packed by method {method}, which exports do not use"
    if "\0" in name:
        return "its name has a forbidden character"
    if name.startswith("/") or _DRIVE.match(name):
        return "its name is an absolute path"
    parts = name.rstrip("/").split("/")
    if ".." in parts:
        return "its name leads out of the zip"
    if "" in parts or "." in parts:
        return "its name is no plain path"
    return "it lies too deep" if len(parts) > DEEPEST else ""


def dos_time(day: int, clock: int) -> datetime | None:
    """The entry's time without a zone, None when it is none."""
    try:
        return datetime(1980 + (day >> 9), day >> 5 & 15, day & 31, clock >> 11, clock >> 5 & 63)  # noqa: DTZ001
    except ValueError:
        return None


def printable(name: str) -> str:
    """A name on one line, cut to a readable length."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in name)
    return plain if len(plain) <= 120 else f"{plain[:117]}…"


def chunks(file: BinaryIO, entry: ZipEntry) -> Iterator[bytes]:
    """The entry's bytes in pieces, of exactly the announced size and checksum. Raises DownloadError."""
    file.seek(entry.offset)
    local = file.read(30)
    if len(local) < 30 or local[:4] != b"PK\x03\x04":
        raise DownloadError("the zip has no such entry at its place", final=True)
    name, extra = struct.unpack_from("<HH", local, 26)
    file.seek(name + extra, os.SEEK_CUR)
    crc = done = 0
    for piece in _unpacked(file, entry):
        done += len(piece)
        if done > entry.size:
            break
        crc = zlib.crc32(piece, crc)
        yield piece
    if done != entry.size:
        raise DownloadError(f"it holds {'more' if done > entry.size else 'less'} than its size says", final=True)
    if crc != entry.crc:
        raise DownloadError("it is damaged: its checksum is wrong", final=True)


def _unpacked(file: BinaryIO, entry: ZipEntry) -> Iterator[bytes]:
    left = entry.packed
    if entry.method == STORED:
        while left > 0 and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece
        return
    inflate = zlib.decompressobj(-15)
    try:
        while left > 0 and not inflate.eof and (packed := file.read(min(PIECE, left))):
            left -= len(packed)
            while packed:
                yield inflate.decompress(packed, 4 * PIECE)
                packed = inflate.unconsumed_tail
        yield inflate.flush()
    except zlib.error as error:
        raise DownloadError(f"it is damaged: {error}", final=True) from error
