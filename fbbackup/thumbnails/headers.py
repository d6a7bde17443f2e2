"""What a picture's header tells, read without decoding: for bytes whose checksum proves that they arrived whole."""

from __future__ import annotations

import struct

from fbbackup.errors import BadPicture
from fbbackup.models import Picture
from fbbackup.thumbnails.exif import read_exif
from fbbackup.thumbnails.sniff import EXTENSIONS, check_complete, content_type_of

_SIZES = frozenset({*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)})
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})


def describe(body: bytes) -> Picture | None:
    """Kind, size, orientation and time of a picture; None for formats whose header needs a decoder.

    Raises BadPicture when the bytes are no picture, have no size, or lack their end.
    """
    content_type = content_type_of(body)
    match content_type:
        case "image/jpeg":
            return _jpeg(body)
        case "image/png":
            return _simple(body, content_type, struct.unpack(">II", body[16:24].ljust(8, b"\0")))
        case "image/gif":
            return _simple(body, content_type, struct.unpack("<HH", body[6:10].ljust(4, b"\0")))
    if content_type.startswith("video/"):
        return Picture(content_type, EXTENSIONS[content_type], None, None)
    return None


def _simple(body: bytes, content_type: str, size: tuple[int, int]) -> Picture:
    if 0 in size:
        raise BadPicture(f"{content_type} of {len(body):,} bytes without a size")
    check_complete(body, content_type, 0)
    return Picture(content_type, EXTENSIONS[content_type], *size)


def _jpeg(body: bytes) -> Picture:
    """Walks the segments up to the first scan."""
    at, size, exif = 2, None, b""
    while at + 4 <= len(body):
        if body[at] != 0xFF:
            break
        marker = body[at + 1]
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        length = int.from_bytes(body[at + 2 : at + 4], "big")
        if marker in _SIZES and size is None and at + 9 <= len(body):
            height, width = struct.unpack_from(">HH", body, at + 5)
            size = width, height
        elif marker == 0xE1 and not exif and body[at + 4 : at + 10] == b"Exif\0\0":
            exif = body[at + 4 : at + 2 + length]
        elif marker == 0xDA:
            break
        at += 2 + max(2, length)
    if size is None or 0 in size:
        raise BadPicture(f"image/jpeg of {len(body):,} bytes without a size")
    check_complete(body, "image/jpeg", at)
    orientation, taken_at = read_exif(exif)
    return Picture("image/jpeg", "jpg", *size, orientation, None, taken_at)
