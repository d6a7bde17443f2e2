"""The three facts of EXIF that the archive uses, read without Pillow, whose parser warns about files from outside."""

from __future__ import annotations

import re
import struct
from contextlib import suppress
from datetime import UTC, datetime, timedelta

# An EXIF time without an offset is local and taken as UTC, so it may run ahead by the largest offset there is.
_CLOCK_AHEAD = timedelta(hours=14)


def read_exif(data: bytes) -> tuple[int, datetime | None]:
    """Orientation 1–8 and the time of taking in UTC, from an EXIF block or a whole TIFF file.

    A time without an offset is taken as UTC. What can't be read, or can't be true, is 1 and None; never an error.
    """
    data = data.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return 1, None
    orientation, taken_at = 1, None
    with suppress(struct.error, ValueError, OverflowError):
        main = _ifd(data, order, struct.unpack_from(order + "I", data, 4)[0])
        if 0x0112 in main:
            orientation = struct.unpack_from(order + "H", data, main[0x0112][1])[0]
        taken_at = _taken_at(data, order, main)
    return (orientation if 1 <= orientation <= 8 else 1), taken_at


def _taken_at(data: bytes, order: str, main: dict[int, tuple[int, int]]) -> datetime | None:
    def text(tag: int) -> str:
        count, at = details.get(tag, (0, 0))
        at = struct.unpack_from(order + "I", data, at)[0] if count > 4 else at
        return data[at : at + min(count, 32)].split(b"\0")[0].decode("ascii").strip()

    if 0x8769 not in main:
        return None
    details = _ifd(data, order, struct.unpack_from(order + "I", data, main[0x8769][1])[0])
    parts = re.fullmatch(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)", text(0x9003))
    offset = re.fullmatch(r"[+-]\d\d:\d\d", text(0x9011))
    if parts is None or parts[0] == "1970:01:01 00:00:00":
        return None
    written = datetime.fromisoformat(f"{parts[1]}-{parts[2]}-{parts[3]}T{parts[4]}{offset[0] if offset else 'Z'}")
    taken_at = written.astimezone(UTC)
    return taken_at if taken_at <= datetime.now(UTC) + _CLOCK_AHEAD else None


def _ifd(data: bytes, order: str, at: int) -> dict[int, tuple[int, int]]:
    """Tag → number of values, and where the entry's value field lies."""
    entries = struct.unpack_from(order + "H", data, at)[0]
    found = {}
    for entry in range(at + 2, at + 2 + 12 * entries, 12):
        tag, _, count = struct.unpack_from(order + "HHI", data, entry)
        found[tag] = (count, entry + 8)
    return found
