"""Pictures, videos, thumbnails, style sheets and scripts: bytes with headers that let browsers keep them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from fbbackup.catalog import gallery
from fbbackup.catalog.gallery import File
from fbbackup.stores.tree import Tree
from fbbackup.web.guard import PLAIN_HEADERS
from fbbackup.web.look import static_files, static_version
from fbbackup.web.posters import poster
from fbbackup.web.site import Site

FOREVER = "private, max-age=31536000, immutable"
REVALIDATE = "private, no-cache"
SHOWN = frozenset(
    ("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/heic", "image/bmp",
     "video/mp4", "video/webm", "video/quicktime", "video/x-m4v")
)  # fmt: skip
"""What is shown in place. Everything else, SVG and HTML above all, is only ever a download."""

PIECE = 256 << 10

_THUMBNAIL = re.compile(rb"/thumbnails/([\w-]+)\?v=([0-9a-f]{12,64})")
_HEAD = (
    PLAIN_HEADERS + b"cache-control: " + FOREVER.encode() + b"\r\ncontent-type: image/webp\r\n"
    b'etag: "t%b"\r\ncontent-length: %d\r\n\r\n'
)
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_CSP = "default-src 'none'; sandbox"


@dataclass(frozen=True, slots=True)
class _Missing:
    """No file, or none that may be seen."""

    message: str

    def response(self) -> Response:
        return PlainTextResponse(f"{self.message}\n", 404)


async def thumbnail(site: Site, request: Request) -> Response:
    """The small picture of a photo. With the current `?v=` browsers may keep it forever."""
    photo_id, version = request.path_params["id"], request.query_params.get("v", "")
    shelf = site.shelf
    file = shelf.facts(site.readers, photo_id, version)
    tree = site.tree
    if file is None or tree is None:
        return _Missing("there is no such photo, or it is not stored yet").response()
    if file.content_type.startswith("video/") and file.thumbnail_size is None:
        return _poster(file, request)
    etag = f'"t{file.sha256[:32]}"'
    headers = {"etag": etag, "cache-control": _keep(file, version)}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    body = await shelf.thumbnail(tree, file, site.thumbnail_size)
    if body is None:
        return _Missing("there is no thumbnail of this file").response()
    return Response(body, headers=headers, media_type="image/webp")


def thumbnail_at_hand(site: Site, url: bytes) -> list[bytes] | None:
    """Head and body of a thumbnail that was asked for lately and that browsers may keep forever, as `thumbnail` sends
    them; None for any other."""
    asked = _THUMBNAIL.fullmatch(url)
    found = site.shelf.at_hand(asked[1].decode(), asked[2].decode()) if asked else None
    if found is None:
        return None
    file, body = found
    return [_HEAD % (file.sha256[:32].encode(), len(body)), body]


def _poster(file: File, request: Request) -> Response:
    # Asked for again each time: a real picture may take its place one day.
    headers = {"etag": f'"p{file.sha256[:32]}"', "cache-control": REVALIDATE, "content-security-policy": _CSP}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(poster(file.width, file.height), headers=headers, media_type="image/svg+xml")


async def original(site: Site, request: Request) -> Response:
    """A photo's file as it was stored, byte for byte; `?download` offers it under its name in the archive."""
    photo_id, version = request.path_params["id"], request.query_params.get("v", "")
    file = await site.readers.ask(gallery.file_of, photo_id)
    tree = site.tree
    if file is None or tree is None:
        return _Missing("there is no such photo, or it is not stored yet").response()
    try:
        _, size = await asyncio.to_thread(tree.piece, file.key, 0)
    except KeyError:
        return _Missing("the file is missing from the archive; `fbbackup verify` tells more").response()
    etag = f'"{file.sha256[:32]}"'
    headers = {
        "etag": etag, "cache-control": _keep(file, version), "accept-ranges": "bytes", "content-security-policy": _CSP,
    }  # fmt: skip
    shown = file.content_type in SHOWN
    media_type = file.content_type if shown else "application/octet-stream"
    if not shown or "download" in request.query_params:
        headers["content-disposition"] = f'attachment; filename="{_plain(file.key)}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return _ranged(request, _Original(tree, file.key, size), headers, media_type)


class _Original(NamedTuple):
    tree: Tree
    key: str
    size: int


def _ranged(request: Request, file: _Original, headers: dict[str, str], media_type: str) -> Response:
    """The whole file, or the one part that was asked for; several parts at once get the whole."""
    size, etag = file.size, headers["etag"]
    first, last, status = 0, size - 1, 200
    asked = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if asked and (asked[1] or asked[2]) and request.headers.get("if-range", etag) == etag:
        if asked[1]:
            first, last = int(asked[1]), min(int(asked[2]) if asked[2] else size - 1, size - 1)
        else:
            first = max(0, size - int(asked[2]))
        if first >= size or (asked[1] and asked[2] and int(asked[2]) < int(asked[1])):
            headers["content-range"] = f"bytes */{size}"
            return Response(status_code=416, headers=headers)
        status = 206
        headers["content-range"] = f"bytes {first}-{last}/{size}"
    headers["content-length"] = str(last - first + 1)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    return StreamingResponse(_pieces(file.tree, file.key, first, last), status, headers, media_type)


async def _pieces(tree: Tree, key: str, first: int, last: int) -> AsyncIterator[bytes]:
    while first <= last:
        piece, _ = await asyncio.to_thread(tree.piece, key, first)
        if not piece:
            return
        piece = piece[: last - first + 1]
        for start in range(0, len(piece), PIECE):
            yield piece[start : start + PIECE]
        first += len(piece)


def _keep(file: File, version: str) -> str:
    return FOREVER if len(version) >= 12 and file.sha256.startswith(version) else REVALIDATE


def _plain(key: str) -> str:
    name = key.rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


async def static(site: Site, request: Request) -> Response:
    """Our own style sheets, scripts and drawings."""
    found = static_files().get(request.path_params["name"])
    if found is None:
        return _Missing("there is no such file").response()
    content, media_type = found
    etag = f'"{sha256(content).hexdigest()[:32]}"'
    current = request.path_params["version"] == static_version()
    headers = {"etag": etag, "cache-control": "public, max-age=31536000, immutable" if current else "no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)
