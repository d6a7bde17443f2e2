"""What thumbnails look like: upright, sRGB, on white, without metadata."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat

from fbbackup.thumbnails import decode, examine, make
from tests.drawings import close, drawn, opened, saved

CORNERS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0))


def with_exif(orientation: int | None, taken: str | None = None, offset: str | None = None) -> Image.Exif:
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    exif[0x010F] = "Maker"
    details = exif.get_ifd(0x8769)
    details.update({tag: text for tag, text in ((0x9003, taken), (0x9011, offset)) if text})
    exif.get_ifd(0x8825)[1] = "N"
    return exif


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_thumbnails_stand_upright(kind: str, orientation: int) -> None:
    upright = Image.new("RGB", (640, 480))
    for number, color in enumerate(CORNERS):
        upright.paste(color, (number % 2 * 320, number // 2 * 240, number % 2 * 320 + 320, number // 2 * 240 + 240))
    t = Image.Transpose
    undo = {2: t.FLIP_LEFT_RIGHT, 3: t.ROTATE_180, 4: t.FLIP_TOP_BOTTOM, 5: t.TRANSPOSE, 6: t.ROTATE_90,
            7: t.TRANSVERSE, 8: t.ROTATE_270}  # fmt: skip
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    found = examine(saved(stored, kind, exif=with_exif(orientation)), thumbnail_size=160)
    assert (found.orientation, (found.width, found.height)) == (orientation, stored.size)
    small = opened(found.thumbnail)
    assert small.size == (160, 120)
    for number, color in enumerate(CORNERS):
        assert close(small.getpixel((40 + number % 2 * 80, 30 + number // 2 * 60)), color)


def chunks_of(webp: bytes) -> set[bytes]:
    at, names = 12, set()
    while at < len(webp):
        names.add(webp[at : at + 4])
        size = struct.unpack_from("<I", webp, at + 4)[0]
        at += 8 + size + size % 2
    return names


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_thumbnails_carry_no_metadata(kind: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    body = saved(drawn(64, 48), kind, exif=with_exif(6, "2014:07:05 12:30:00"), icc_profile=profile, xmp=b"<x/>")
    for thumbnail in (make(body, 32), make(body, 320), examine(body).thumbnail):
        assert thumbnail is not None
        assert chunks_of(thumbnail) == {b"VP8 "}


def wide_profile() -> bytes:
    """sRGB with red and green primaries pulled apart, as in a wide-gamut display: XYZ of `rXYZ` grows."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    entries = struct.unpack_from(">I", profile, 128)[0]
    places = {profile[at : at + 4].decode(): struct.unpack_from(">I", profile, at + 4)[0]
              for at in range(132, 132 + 12 * entries, 12)}  # fmt: skip
    wide = {
        "rXYZ": (0.60974, 0.31111, 0.01947),
        "gXYZ": (0.20528, 0.62567, 0.06087),
        "bXYZ": (0.14919, 0.06322, 0.74457),
    }
    for name, values in wide.items():
        struct.pack_into(">3i", profile, places[name] + 8, *(round(v * 65536) for v in values))
    return bytes(profile)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_wide_gamut_becomes_srgb(kind: str) -> None:
    image = Image.new("RGB", (64, 64), (180, 90, 90))
    plain = opened(make(saved(image, kind), 64)).getpixel((32, 32))
    wide = opened(make(saved(image, kind, icc_profile=wide_profile()), 64)).getpixel((32, 32))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert isinstance(plain, tuple)
    assert isinstance(wide, tuple)
    assert wide[0] > plain[0] + 8
    for profile in (srgb, b"broken", srgb[:200]):
        assert opened(make(saved(image, kind, icc_profile=profile), 64)).getpixel((32, 32)) == plain
    assert decode._transform(srgb, "RGB") is None


def test_cmyk_becomes_rgb() -> None:
    body = saved(Image.new("CMYK", (64, 64), (0, 255, 255, 0)), "JPEG")
    assert close(bytes.fromhex((examine(body).color or "")[1:]), (255, 0, 0), 12)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_lies_on_white(mode: str) -> None:
    image = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    image.paste((10, 10, 10, 255), (0, 0, 64, 32))
    if mode == "P":
        body = saved(image.quantize(4, method=Image.Quantize.FASTOCTREE), "PNG")
        assert opened(body).mode == "P"
    else:
        body = saved(image.convert(mode), "PNG")
    small = opened(make(body, 32))
    assert small.mode == "RGB"
    assert close(small.getpixel((16, 4)), (10, 10, 10), 12)
    assert close(small.getpixel((16, 28)), (255, 255, 255), 12)


@pytest.mark.parametrize(("mode", "value"), [("1", 1), ("L", 200), ("I;16", 200 * 256), ("YCbCr", (200, 128, 128))])
def test_unusual_modes(mode: str, value: Any) -> None:
    kind = "JPEG" if mode == "YCbCr" else "PNG"
    body = saved(Image.new(mode, (40, 30), value), kind)
    wanted = 255 if mode == "1" else 200
    assert close(bytes.fromhex((examine(body).color or "")[1:]), (wanted,) * 3, 6)


def test_lab_and_float_tiffs() -> None:
    for image in (Image.new("LAB", (40, 30), (128, 128, 128)), Image.linear_gradient("L").convert("F")):
        assert examine(saved(image, "TIFF")).thumbnail is not None


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (3, 5000), (319, 7), (320, 320)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_extreme_shapes(size: tuple[int, int], kind: str) -> None:
    small = opened(make(saved(Image.new("RGB", size, "teal"), kind), 320))
    assert max(small.size) == min(320, max(size))
    assert min(small.size) >= 1


def test_thumbnails_look_like_a_full_decode() -> None:
    body = saved(drawn(2048, 1536), "JPEG", quality=90)
    reference = opened(body).resize((320, 240), Image.Resampling.LANCZOS)
    difference = ImageStat.Stat(ImageChops.difference(opened(make(body, 320)), reference)).rms
    assert max(difference) < 14
