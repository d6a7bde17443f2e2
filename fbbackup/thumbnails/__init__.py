"""Checks that bytes are the picture that was announced, and makes its thumbnail from the same decode."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from PIL import Image

from fbbackup.errors import BadPicture
from fbbackup.models import Picture
from fbbackup.thumbnails.decode import BILINEAR, MAX_PIXELS, encode, mean_color, open_header, shrink
from fbbackup.thumbnails.exif import read_exif
from fbbackup.thumbnails.sniff import EXTENSIONS, check_complete, content_type_of

# Side of the picture that only the mean colour is taken from.
_COLOR_SIZE = 64
# Of 64 bits; small pictures that were scaled and encoded anew differ in up to seven, others in more than twenty.
_ALIKE_BITS = 10
_LEAST_CONTRAST = 16


def examine(
    body: bytes,
    *,
    expected: tuple[int | None, int | None] = (None, None),
    thumbnail_size: int | None = 320,
) -> Picture:
    """Check a whole file and describe it; width and height in pixels as stored.

    `expected` is the announced width and height; None or 0 stands for not announced. The thumbnail is WebP and
    fits in `thumbnail_size` pixels a side; with None there is none, the check stays the same. A picture too large
    to be decoded safely, and any video (whose first 64 bytes are enough), comes back with `color` None.
    Raises BadPicture when the bytes are no picture, are cut, or have another size.
    """
    if thumbnail_size is not None and thumbnail_size < 1:
        raise ValueError(f"a thumbnail of {thumbnail_size} pixels a side")
    content_type = content_type_of(body)
    extension = EXTENSIONS[content_type]
    if content_type.startswith("video/"):
        return Picture(content_type, extension, None, None)
    with _judged(body, content_type):
        size = _webp_size(body) if content_type == "image/webp" else None
        if size and size[0] * size[1] > MAX_PIXELS // 2:
            _check_size(size, expected, 1)
            check_complete(body, content_type, 0)
            return Picture(content_type, extension, *size)
        with open_header(body, content_type) as image:
            orientation, taken_at = _facts(body, image)
            width, height = image.size
            _check_size(image.size, expected, orientation)
            check_complete(body, content_type, image.fp.tell() if image.fp else 0)
            small = shrink(image, thumbnail_size or _COLOR_SIZE, orientation)
        if small is None:
            return Picture(content_type, extension, width, height, orientation, None, taken_at)
        thumbnail = encode(small) if thumbnail_size else None
        return Picture(content_type, extension, width, height, orientation, mean_color(small), taken_at, thumbnail)


def make(body: bytes, size: int) -> bytes:
    """Only the thumbnail: WebP bytes that fit in `size` × `size` pixels, upright, sRGB, without metadata.

    Raises BadPicture when none can be made, also for videos and pictures too large to be decoded.
    """
    return encode(scaled(body, size))


def scaled(body: bytes, size: int) -> Image.Image:
    """The picture in at most `size` × `size` pixels, upright, as RGB or L in sRGB. Raises as `make` does."""
    if size < 1:
        raise ValueError(f"a thumbnail of {size} pixels a side")
    with opened(body) as image:
        width, height = image.size
        small = shrink(image, size, _facts(body, image)[0])
        if small is None:
            raise BadPicture(f"{width}×{height} is too large to be decoded")
        return small


@contextmanager
def opened(body: bytes) -> Iterator[Any]:
    """A Pillow image of which only the header is read. Raises BadPicture, for whatever fails in the block as well."""
    content_type = content_type_of(body)
    if content_type.startswith("video/"):
        raise BadPicture(f"a {content_type} video of {len(body):,} bytes instead of a picture")
    with _judged(body, content_type), open_header(body, content_type) as image:
        yield image


def kind_of(head: bytes) -> Picture:
    """What a file is, from its first bytes alone. Raises BadPicture."""
    content_type = content_type_of(head)
    return Picture(content_type, EXTENSIONS[content_type], None, None)


def alike(one: bytes, other: bytes) -> bool:
    """Whether two thumbnails show the same picture, though it was scaled or encoded anew.

    Compares which of two neighbours is brighter in a grid of 9 × 8; a picture without any contrast is like none.
    """
    left, right = (_gradients(body) for body in (one, other))
    if left is None or right is None:
        return False
    return bin(left ^ right).count("1") <= _ALIKE_BITS


def _gradients(body: bytes) -> int | None:
    with opened(body) as image:
        small = image.convert("L").resize((9, 8), BILINEAR)
        pixels = small.tobytes()
    if max(pixels) - min(pixels) < _LEAST_CONTRAST:
        return None
    rows = (pixels[at : at + 9] for at in range(0, 72, 9))
    return int("".join("01"[row[x] < row[x + 1]] for row in rows for x in range(8)), 2)


@contextmanager
def _judged(body: bytes, content_type: str) -> Iterator[None]:
    """Whatever a decoder raises for bytes from outside becomes one readable line."""
    try:
        yield
    except BadPicture:
        raise
    except Exception as error:
        said = "".join(c if c.isprintable() else " " for c in str(error)[:200])
        reason = " ".join(said.split()) or type(error).__name__
        raise BadPicture(f"{content_type} of {len(body):,} bytes can't be decoded: {reason}") from error


def _webp_size(body: bytes) -> tuple[int, int] | None:
    """The canvas as the header tells it: Pillow allocates it on opening, before anyone could object."""
    if body[12:16] == b"VP8X" and len(body) >= 30:
        return int.from_bytes(body[24:27], "little") + 1, int.from_bytes(body[27:30], "little") + 1
    if body[12:16] == b"VP8 " and len(body) >= 30:
        return struct.unpack_from("<H", body, 26)[0] & 0x3FFF, struct.unpack_from("<H", body, 28)[0] & 0x3FFF
    if body[12:16] == b"VP8L" and len(body) >= 25:
        bits = int.from_bytes(body[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def _check_size(size: tuple[int, int], expected: tuple[int | None, int | None], orientation: int) -> None:
    def fits(found: tuple[int, int]) -> bool:
        return all(not wanted or wanted == side for wanted, side in zip(expected, found, strict=True))

    if not fits(size) and not (orientation >= 5 and fits(size[::-1])):
        raise BadPicture(f"{size[0]}×{size[1]} instead of {expected[0] or '?'}×{expected[1] or '?'}")


def _facts(body: bytes, image: Any) -> tuple[int, datetime | None]:
    # A TIFF file is laid out like EXIF, and Pillow turns it upright itself while decoding.
    if image.format == "TIFF":
        return 1, read_exif(body)[1]
    return read_exif(image.info.get("exif") or b"")
