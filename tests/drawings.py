"""Drawn pictures for the tests of thumbnails, encoded and opened again."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

from PIL import Image


@cache
def drawn(width: int = 800, height: int = 600) -> Image.Image:
    noise = Image.effect_noise((width, height), 40)
    ramp = Image.linear_gradient("L").resize((width, height))
    blob = Image.radial_gradient("L").resize((width, height))
    return Image.blend(Image.merge("RGB", (ramp, blob, noise)), noise.convert("RGB"), 0.2)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(body: bytes | None) -> Image.Image:
    assert body is not None
    image = Image.open(io.BytesIO(body))
    image.load()
    return image


def close(found: Any, wanted: tuple[int, int, int], tolerance: int = 40) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(found, wanted, strict=True))
