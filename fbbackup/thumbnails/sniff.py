"""What bytes from outside are, told by how they start, and whether their end is there."""

from __future__ import annotations

import codecs
import struct
import zlib

from fbbackup.errors import BadPicture

EXTENSIONS = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif", "image/avif": "avif",
    "image/bmp": "bmp", "image/tiff": "tif", "video/mp4": "mp4", "video/quicktime": "mov", "video/webm": "webm",
    "video/x-matroska": "mkv", "video/3gpp": "3gp",
}  # fmt: skip
_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"), (b"BM", "image/bmp"), (b"II*\0", "image/tiff"), (b"MM\0*", "image/tiff"),
)  # fmt: skip


def content_type_of(body: bytes) -> str:
    """The MIME type of a known picture or video. Raises BadPicture that says what came instead."""
    head = body[:64]
    for magic, content_type in _MAGIC:
        if head.startswith(magic):
            return content_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "video/webm" if b"webm" in head else "video/x-matroska"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in (b"heic", b"heix", b"hevc", b"mif1", b"msf1") and b"avif" not in head:
            raise BadPicture(f"a HEIC picture of {len(body):,} bytes, which can't be checked")
        if brand in (b"avif", b"avis", b"mif1", b"msf1"):
            return "image/avif"
        return {b"qt  ": "video/quicktime", b"3gp4": "video/3gpp", b"3gp5": "video/3gpp"}.get(brand, "video/mp4")
    # QuickTime files from before 2001 start with their first box, without announcing a type.
    if head[4:8] in (b"moov", b"mdat", b"wide"):
        return "video/quicktime"
    raise BadPicture(_what_came(body))


def _what_came(body: bytes) -> str:
    if not body:
        return "an empty body instead of a picture"
    head = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    what = "a file of unknown format"
    if not body.strip(b"\0"):
        what = "nothing but zeros"
    elif head.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or b"<html" in head:
        what = "an HTML page"
    elif head.startswith((b"{", b"[")):
        what = "a JSON text"
    elif head.startswith(b"<"):
        what = "an XML text"
    elif _is_text(body[:512]):
        what = "a text"
    return f"{what} of {len(body):,} bytes instead of a picture"


def _is_text(head: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return all(c >= " " or c in "\t\r\n" for c in text)


def check_complete(body: bytes, content_type: str, data_at: int) -> None:
    """What the decoders overlook: each format says in its own way where it ends. Bytes after that are legal."""
    match content_type:
        case "image/jpeg":
            # A zeroed tail decodes without complaint; only the end marker is missing then.
            complete = body.rfind(b"\xff\xd9", data_at) >= 0
        case "image/png":
            complete = _png_is_complete(body)
        case "image/gif":
            complete = _gif_is_complete(body)
        case "image/webp":
            complete = int.from_bytes(body[4:8], "little") + 8 <= len(body)
        case "image/avif":
            complete = _boxes_are_complete(body)
        case _:
            complete = True
    if not complete:
        raise BadPicture(f"{content_type} is cut after {len(body):,} bytes")


def _png_is_complete(body: bytes) -> bool:
    at, view = 8, memoryview(body)
    while at + 12 <= len(body):
        length, name = struct.unpack_from(">I4s", body, at)
        end = at + 12 + length
        if end > len(body):
            return False
        if zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(body[end - 4 : end], "big"):
            raise BadPicture(f"image/png is damaged in the chunk at byte {at:,}")
        if name == b"IEND":
            return True
        at = end
    return False


def _gif_is_complete(body: bytes) -> bool:
    def palette(flags: int) -> int:
        return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0

    at = 13 + palette(body[10])
    while at + 10 < len(body) and body[at] in b"!,":
        at += 2 if body[at] == 0x21 else 11 + palette(body[at + 9])
        while at < len(body) and body[at]:
            at += body[at] + 1
        at += 1
    return body[at : at + 1] == b";"


def _boxes_are_complete(body: bytes) -> bool:
    at = 0
    while at + 8 <= len(body):
        size = int.from_bytes(body[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(body[at + 8 : at + 16], "big")
        if size == 0:
            return True
        at += max(size, 8)
    return at == len(body)
