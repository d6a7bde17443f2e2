"""Opens, decodes and shrinks pictures with Pillow, within bounds of memory and time."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from functools import lru_cache
from importlib import import_module
from io import BytesIO
from typing import Any

# The WebP plugin is imported for its encoder, which it registers.
from PIL import Image, JpegImagePlugin, WebPImagePlugin  # noqa: F401

from fbbackup.errors import BadPicture

MAX_PIXELS = 200_000_000
MAX_DECODED_BYTES = 256 * 2**20
QUALITY = 78
BILINEAR = Image.Resampling.BILINEAR
# Decoding at less than 1.5 times the target softens visibly; more costs time and shows nothing.
_OVERSIZE = 1.5
# Beyond this a decode waits for its turn, so that several threads together stay near one such decode.
_LARGE_DECODE = 64 * 2**20
_one_large_decode = threading.Lock()
# A progressive JPEG can hold thousands of scans, each of which walks every pixel again.
_MAX_SCANNED_PIXELS = 4_000_000_000

_PLUGINS = {
    "image/png": "Png",
    "image/webp": "WebP",
    "image/gif": "Gif",
    "image/avif": "Avif",
    "image/bmp": "Bmp",
    "image/tiff": "Tiff",
}
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class _Jpeg(JpegImagePlugin.JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Nothing here wants the print resolution, and Pillow warns about EXIF that it can't parse for it."""


def open_header(body: bytes, content_type: str) -> Any:
    """A Pillow image of which only the header is read.

    Asking the one plugin spares Pillow's process-wide pixel limit and keeps its other formats out.
    """
    if content_type == "image/jpeg":
        image: Any = _Jpeg(BytesIO(body))
        # The whole stream at once: each piece costs a copy and a fight for the interpreter lock.
        image.decodermaxblock = len(body)
        return image
    name = _PLUGINS[content_type]
    plugin = import_module(f"PIL.{name}ImagePlugin")
    if not getattr(plugin, "SUPPORTED", True):
        raise BadPicture(f"{content_type} of {len(body):,} bytes, which this Pillow can't decode")
    return getattr(plugin, f"{name}ImageFile")(BytesIO(body))


def shrink(image: Any, size: int, orientation: int) -> Image.Image | None:
    """Decode to the end; the picture in at most `size` × `size` pixels, upright, as RGB or L in sRGB.

    None when decoding would take more pixels, memory or time than a file from outside may have.
    """
    cost = _cost(image)
    if cost is None:
        return None
    profile = image.info.get("icc_profile")
    target = _fit(image.size, size)
    drafted = image.draft(None, (max(1, int(target[0] * _OVERSIZE)), max(1, int(target[1] * _OVERSIZE))))
    box = drafted[1] if drafted else None
    cost += image.width * image.height * _working_bytes(image)
    if cost > MAX_DECODED_BYTES:
        return None
    with _one_large_decode if cost > _LARGE_DECODE else nullcontext():
        image.load()
        # Turning a TIFF upright happens on loading, after which the target may lie on its side.
        target = _fit(image.size, size) if image.format == "TIFF" else target
        small = _ready(image).resize(target, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    small = _on_white(_to_srgb(small, profile))
    small.info.clear()
    return small.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else small


def encode(small: Image.Image) -> bytes:
    """WebP at the speed where size grows by a tenth only; no metadata."""
    out = BytesIO()
    small.save(out, "WEBP", quality=QUALITY, method=0)
    return out.getvalue()


def mean_color(small: Image.Image) -> str:
    """The mean of all pixels as `#rrggbb`."""
    return "#" + bytes(small.convert("RGB").reduce(small.size).tobytes()).hex()


def _cost(image: Any) -> int | None:
    """Bytes that decoding takes beside the pixels: a progressive JPEG keeps all its coefficients at full size."""
    pixels: int = image.width * image.height
    if pixels > MAX_PIXELS:
        return None
    if image.format != "JPEG" or not image.info.get("progressive"):
        return 0
    scans: int = image.fp.getvalue().count(b"\xff\xda")
    if scans * pixels > _MAX_SCANNED_PIXELS:
        return None
    shares: list[int] = [across * down for _, across, down, _ in image.layer]
    return 2 * pixels * sum(shares) // max(1, *shares)


def _working_bytes(image: Any) -> int:
    """Bytes a pixel while decoding and converting, as measured with Pillow 13, rounded up."""
    if image.format == "WEBP":
        return 17
    plain = image.mode in ("L", "P", "RGB", "CMYK") and not image.has_transparency_data
    return (12 if image.format == "AVIF" else 6) if plain else 12


def _fit(size: tuple[int, int], limit: int) -> tuple[int, int]:
    scale = min(1.0, limit / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _ready(image: Any) -> Any:
    """A mode that can be scaled smoothly. Sixteen bits lose the lower eight; other ranges are stretched."""
    if image.has_transparency_data:
        return image if image.mode in ("RGBA", "LA", "RGBa", "La") else image.convert("RGBA")
    if image.mode.startswith("I;16"):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("I", "F"):
        low, high = image.getextrema()
        scale = 255 / ((high - low) or 1)
        return image.convert("F").point(lambda value: value * scale - low * scale).convert("L")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")


def _to_srgb(small: Image.Image, profile: bytes | None) -> Image.Image:
    if profile and small.mode in ("RGB", "L", "CMYK", "RGBA"):
        transform = _transform(profile, small.mode)
        if transform is not None:
            from PIL import ImageCms

            return ImageCms.applyTransform(small, transform) or small
    if small.mode == "LAB":
        from PIL import ImageCms

        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(small, lab, srgb, outputMode="RGB") or small
    return small.convert("RGB") if small.mode == "CMYK" else small


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> Any:
    """From this profile to sRGB; None when it is broken, of another colour space, or changes nothing visible.

    Trying it out tells sRGB better than its name would: there are many names, and some lie.
    """
    from PIL import ImageCms

    target = "RGBA" if mode == "RGBA" else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, target)
        if mode in ("CMYK", "L"):
            return transform
        ramp = Image.linear_gradient("L").resize((32, 32))
        turned = [ramp, ramp.transpose(Image.Transpose.ROTATE_90), ramp.transpose(Image.Transpose.TRANSPOSE)]
        probe = Image.merge("RGB", turned).convert(mode)
        changed = ImageCms.applyTransform(probe, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    if changed is None:
        return None
    pairs = zip(probe.tobytes(), changed.tobytes(), strict=True)
    return transform if max(abs(a - b) for a, b in pairs) > 2 else None


def _on_white(small: Image.Image) -> Image.Image:
    """Without transparency: dark text on nothing would vanish on a dark page, and white is what others show."""
    if small.mode not in ("RGBA", "LA", "RGBa", "La"):
        return small
    small = small.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", small.size, "white"), small).convert("RGB")
