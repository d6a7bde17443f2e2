"""What counts as a whole picture, and what is told about it."""

from __future__ import annotations

import random
import resource
import struct
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageStat

from fbbackup.errors import BadPicture
from fbbackup.thumbnails import decode, examine, make
from tests.drawings import close, drawn, opened, saved

FORMATS = {
    "baseline": ("JPEG", "image/jpeg", "jpg", {}),
    "progressive": ("JPEG", "image/jpeg", "jpg", {"progressive": True}),
    "restarts": ("JPEG", "image/jpeg", "jpg", {"restart_marker_blocks": 8}),
    "png": ("PNG", "image/png", "png", {}),
    "webp": ("WEBP", "image/webp", "webp", {}),
    "lossless webp": ("WEBP", "image/webp", "webp", {"lossless": True}),
    "gif": ("GIF", "image/gif", "gif", {}),
    "avif": ("AVIF", "image/avif", "avif", {"speed": 10}),
    "bmp": ("BMP", "image/bmp", "bmp", {}),
    "tiff": ("TIFF", "image/tiff", "tif", {"compression": "tiff_lzw"}),
}


@cache
def sample(name: str) -> bytes:
    kind, _, _, options = FORMATS[name]
    return saved(drawn(400, 300), kind, **options)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_described_and_shrunk(name: str) -> None:
    found = examine(sample(name), expected=(400, 300), thumbnail_size=160)
    assert (found.content_type, found.extension) == FORMATS[name][1:3]
    assert (found.width, found.height, found.orientation) == (400, 300, 1)
    assert opened(found.thumbnail).size == (160, 120)
    assert opened(make(sample(name), 160)).size == (160, 120)
    assert found.color is not None
    mean = ImageStat.Stat(drawn(400, 300)).mean
    assert close(bytes.fromhex(found.color[1:]), (int(mean[0]), int(mean[1]), int(mean[2])), 12)


@pytest.mark.parametrize("name", FORMATS)
def test_every_cut_is_found(name: str) -> None:
    body = sample(name)
    dice = random.Random(name)
    cuts = [len(body) - lost for lost in range(1, 65)] + [dice.randrange(len(body)) for _ in range(60)]
    for cut in cuts:
        with pytest.raises(BadPicture):
            examine(body[:cut], thumbnail_size=None)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("factor", [1, 2, 4, 8])
def test_a_scaled_decode_finds_the_cuts_that_a_full_one_finds(progressive: bool, factor: int) -> None:
    body = saved(drawn(), "JPEG", progressive=progressive, quality=85)
    dice = random.Random(factor)
    cuts = [len(body) - lost for lost in (1, 2, 3, 64)] + [dice.randrange(len(body)) for _ in range(40)]
    for cut in cuts:
        with pytest.raises((OSError, SyntaxError)):
            opened(body[:cut])
        with pytest.raises(BadPicture):
            make(body[:cut], int(800 / factor / 1.5))


@pytest.mark.parametrize("name", ["baseline", "progressive", "png", "gif"])
def test_a_zeroed_half_is_found(name: str) -> None:
    body = sample(name)
    half = len(body) // 2
    with pytest.raises(BadPicture):
        examine(body[:half] + bytes(len(body) - half))


@pytest.mark.parametrize("name", ["baseline", "progressive", "png", "webp", "gif"])
def test_bytes_after_the_end_are_legal(name: str) -> None:
    assert examine(sample(name) + b"trailer" * 9).width == 400


def test_a_flipped_bit_in_a_png_is_found() -> None:
    body = bytearray(sample("png"))
    body[len(body) // 2] ^= 4
    with pytest.raises(BadPicture, match="damaged"):
        examine(bytes(body))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "an empty body instead of a picture"),
        (b"<!DOCTYPE html><html>" + b" " * 1213, "an HTML page of 1,234 bytes instead of a picture"),
        (b'{"error": 1}', "a JSON text of 12 bytes"),
        (b"URL signature mismatch", "a text of 22 bytes"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an XML text"),
        (bytes(5000), "nothing but zeros"),
        (b"\x7fELF\1\2\3\4" * 9, "unknown format"),
        (b"\0\0\0\x18ftypheic" + bytes(60), "a HEIC picture"),
        (b"\xff\xd8\xff", "can't be decoded"),
    ],
)
def test_what_came_instead_is_named(body: bytes, says: str) -> None:
    for call in (lambda: examine(body), lambda: make(body, 320)):
        with pytest.raises(BadPicture) as caught:
            call()
        assert says in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("head", "content_type", "extension"),
    [
        (b"\0\0\0\x18ftypisom", "video/mp4", "mp4"),
        (b"\0\0\0\x18ftypqt  ", "video/quicktime", "mov"),
        (b"\0\0\0\x18moov....", "video/quicktime", "mov"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\1B\x82\x84webm", "video/webm", "webm"),
    ],
)
def test_videos_are_recognised_and_not_decoded(head: bytes, content_type: str, extension: str) -> None:
    found = examine(head + bytes(50))
    assert (found.content_type, found.extension, found.color) == (content_type, extension, None)
    with pytest.raises(BadPicture):
        make(head + bytes(50), 320)


def with_exif(orientation: int | None, taken: str | None = None, offset: str | None = None) -> Image.Exif:
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    exif[0x010F] = "Maker"
    details = exif.get_ifd(0x8769)
    details.update({tag: text for tag, text in ((0x9003, taken), (0x9011, offset)) if text})
    exif.get_ifd(0x8825)[1] = "N"
    return exif


def test_the_announced_size_has_to_match() -> None:
    body = saved(drawn(64, 48), "JPEG", exif=with_exif(6))
    for fitting in ((64, 48), (48, 64), (None, None), (0, 0), (64, None), (0, 48)):
        assert examine(body, expected=fitting).width == 64
    with pytest.raises(BadPicture, match="64×48 instead of 2048×1536"):
        examine(body, expected=(2048, 1536))
    with pytest.raises(BadPicture):
        examine(saved(drawn(64, 48), "JPEG"), expected=(48, 64))


@pytest.mark.parametrize(
    ("taken", "offset", "wanted"),
    [
        ("2014:07:05 12:30:00", None, datetime(2014, 7, 5, 12, 30, tzinfo=UTC)),
        ("2014:07:05 12:30:00", "+02:00", datetime(2014, 7, 5, 10, 30, tzinfo=UTC)),
        ("2014:07:05 12:30:00", "   :  ", datetime(2014, 7, 5, 12, 30, tzinfo=UTC)),
        ("0001:01:01 00:00:00", "+02:00", None),
        ("0000:00:00 00:00:00", None, None),
        ("1970:01:01 00:00:00", None, None),
        ("2999:01:01 00:00:00", None, None),
        ("rubbish", None, None),
        (None, None, None),
    ],
)
def test_the_time_of_taking(taken: str | None, offset: str | None, wanted: datetime | None) -> None:
    body = saved(drawn(32, 32), "JPEG", exif=with_exif(1, taken, offset))
    assert examine(body).taken_at == wanted


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80), st.sampled_from([b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b""]))
def test_broken_exif_costs_only_itself(junk: bytes, head: bytes) -> None:
    body = saved(drawn(16, 16), "JPEG", exif=b"Exif\0\0" + head + junk)
    assert examine(body).width == 16


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(FORMATS)), st.data())
def test_mutated_bytes_give_a_picture_or_bad_picture(name: str, data: st.DataObject) -> None:
    body = bytearray(sample(name))
    places = st.integers(0, min(len(body) - 1, data.draw(st.sampled_from([63, 1000, len(body)]))))
    for at in data.draw(st.lists(places, min_size=1, max_size=8)):
        body[at] = data.draw(st.integers(0, 255))
    with suppress(BadPicture):
        examine(bytes(body), thumbnail_size=64)


def test_without_thumbnail_the_rest_stays() -> None:
    found = examine(sample("baseline"), thumbnail_size=None)
    assert found.thumbnail is None
    assert found.color is not None
    with pytest.raises(ValueError, match="0 pixels"):
        make(sample("baseline"), 0)


def png_of(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(60000, 60000), (12000, 12000)])
def test_a_bomb_is_kept_but_not_decoded(size: tuple[int, int]) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = examine(png_of(*size), expected=size)
    assert ((found.width, found.height), found.color, found.thumbnail) == (size, None, None)
    with pytest.raises(BadPicture, match="too large to be decoded"):
        make(png_of(*size), 320)
    with pytest.raises(BadPicture, match="instead of 1×1"):
        examine(png_of(*size), expected=(1, 1))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_a_webp_bomb_is_seen_before_it_is_opened() -> None:
    canvas = (16383).to_bytes(3, "little") * 2
    body = b"RIFF" + struct.pack("<I", 22 + 100) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + canvas + bytes(100)
    assert (examine(body).width, examine(body).color) == (16384, None)


def test_a_scan_bomb_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "_MAX_SCANNED_PIXELS", 400 * 300 * 4)
    assert examine(sample("progressive")).color is None
    assert examine(sample("baseline")).color is not None


def test_a_large_baseline_jpeg_needs_little_memory() -> None:
    body = saved(Image.new("L", (9000, 9000), 99), "JPEG")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert examine(body).color is not None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000


def test_pillow_stays_strict_and_unchanged() -> None:
    from PIL import ImageFile

    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    assert int(1024 * 1024 * 1024 // 4 // 3) == Image.MAX_IMAGE_PIXELS
