"""Pictures on their way out: scaled down for a service that takes no large ones, and known again afterwards."""

from __future__ import annotations

import io

from PIL import Image, ImageChops, ImageStat

from fbbackup.errors import BadPicture
from fbbackup.thumbnails import opened, scaled
from fbbackup.thumbnails.sniff import content_type_of
from fbbackup.thumbnails.sphere import sphere_of

_GRID = 16
_ALIKE = 10.0
"""Mean difference of grey values (0 to 255) on a grid, up to which two pictures show the same. Compressing a picture
anew moves it by 1 to 3, another picture by 30 and more."""
_EDGES = (4096, 2048, 1600, 1280, 960, 720)
_SPHERE_EDGE = 6000
_QUALITIES = (92, 85, 75)
_MOVING = ("image/gif", "image/png", "image/webp")


def alike(one: bytes, other: bytes) -> bool:
    """Whether two files show the same picture, whatever their size and format. False for what is no picture."""
    try:
        grids = [_grid(body) for body in (one, other)]
    except BadPicture:
        return False
    return float(ImageStat.Stat(ImageChops.difference(*grids)).mean[0]) <= _ALIKE


def _grid(body: bytes) -> Image.Image:
    return scaled(body, 8 * _GRID).convert("L").resize((_GRID, _GRID), Image.Resampling.BOX)


def animated(body: bytes) -> bool:
    """Whether a picture moves. False for what is no picture."""
    try:
        if content_type_of(body) not in _MOVING:
            return False
        with opened(body) as picture:
            return bool(getattr(picture, "is_animated", False))
    except BadPicture:
        return False


def fitted(body: bytes, below: int) -> bytes:
    """The picture as a JPEG of fewer than `below` bytes: upright, sRGB, at most 4096 pixels a side (360° ones 6000), of
    all metadata only what a 360° picture says of its projection.

    Raises BadPicture when it can't be decoded, or can't be made that small.
    """
    with opened(body) as image:
        width, xmp = max(image.size), image.info.get("xmp")
    said = xmp if isinstance(xmp, bytes) else b""
    tried = 0
    for edge in (_SPHERE_EDGE, *_EDGES) if sphere_of(said, 1) else _EDGES:
        if min(edge, width) == tried:
            continue
        tried = min(edge, width)
        picture = scaled(body, edge).convert("RGB")
        for quality in _QUALITIES:
            out = io.BytesIO()
            sphere = sphere_of(said, max(picture.size) / width)
            picture.save(out, "JPEG", quality=quality, optimize=True, **({"xmp": sphere} if sphere else {}))
            if out.tell() < below:
                return out.getvalue()
    raise BadPicture(f"it can't be made smaller than {below:,} bytes")
