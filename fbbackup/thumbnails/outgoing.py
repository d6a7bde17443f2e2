"""Pictures on their way out: scaled down for a service that takes no large ones, and known again afterwards."""

from __future__ import annotations

import io

from PIL import Image, ImageChops, ImageStat

from fbbackup.errors import BadPicture
from fbbackup.thumbnails import make

_GRID = 16
_ALIKE = 10.0
"""Mean difference of grey values (0 to 255) on a grid, up to which two pictures show the same. Compressing a picture
anew moves it by 1 to 3, another picture by 30 and more."""
_EDGES = (4096, 2048, 1600, 1280, 960, 720)
_QUALITIES = (92, 85, 75)


def alike(one: bytes, other: bytes) -> bool:
    """Whether two files show the same picture, whatever their size and format. False for what is no picture."""
    try:
        grids = [_grid(body) for body in (one, other)]
    except BadPicture:
        return False
    return float(ImageStat.Stat(ImageChops.difference(*grids)).mean[0]) <= _ALIKE


def _grid(body: bytes) -> Image.Image:
    with Image.open(io.BytesIO(make(body, 8 * _GRID))) as small:
        return small.convert("L").resize((_GRID, _GRID), Image.Resampling.BOX)


def animated(body: bytes) -> bool:
    """Whether a picture moves. False for what is no picture."""
    try:
        with Image.open(io.BytesIO(body), formats=("GIF", "PNG", "WEBP")) as picture:
            return bool(getattr(picture, "is_animated", False))
    except (OSError, ValueError, SyntaxError):
        return False


def fitted(body: bytes, below: int) -> bytes:
    """The picture as a JPEG of fewer than `below` bytes, upright and without metadata: as large as that allows.

    Raises BadPicture when it can't be decoded, or can't be made that small.
    """
    for edge in _EDGES:
        with Image.open(io.BytesIO(make(body, edge))) as picture:
            picture.load()
            for quality in _QUALITIES:
                out = io.BytesIO()
                picture.convert("RGB").save(out, "JPEG", quality=quality, optimize=True)
                if out.tell() < below:
                    return out.getvalue()
    raise BadPicture(f"it can't be made smaller than {below:,} bytes")
