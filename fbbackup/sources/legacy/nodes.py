"""From the objects of the legacy interface to the program's own: the one place where its terms are translated.

Ids get a prefix (`pid:`, `aid:`), since the old numbers are another space than the Graph API's.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlsplit

from fbbackup.models import Album, Photo, Place, Variant
from fbbackup.sources.legacy.answers import Node

PHOTO_PREFIX, ALBUM_PREFIX = "pid:", "aid:"
ADDRESSES = ("src_big", "src", "src_small")
"""Largest first: at most 604 × 604, 130 × 130 and 75 × 225 pixels. Any of them may be blank."""

_OLDEST = 1
_A_DAY = 86_400  # how far a clock may be ahead of ours


class BadNode(Exception):
    """An object without the id that it has to have."""


def photo_from_node(node: Mapping[str, str]) -> Photo:
    """A `<photo>` or its JSON twin. Raises BadNode without a pid; anything else may be missing."""
    pid = _id(node.get("pid"))
    if pid is None:
        raise BadNode("a photo without a pid")
    created = _moment(node.get("created"))
    aid = _id(node.get("aid"))
    return Photo(
        id=PHOTO_PREFIX + pid,
        caption=node.get("caption") or None,
        link=node.get("link") or None,
        file_date=created,
        file_date_source="created" if created else None,
        file_date_precision="second" if created else None,
        from_id=_id(node.get("owner")),
        created_at=created,
        updated_at=_moment(node.get("modified")),
        album=Album(ALBUM_PREFIX + aid, "") if aid else None,
        variants=tuple(_variants(node)),
        raw=_canonical(node),
    )


def album_from_node(node: Mapping[str, str]) -> Album:
    """An `<album>` or its JSON twin. Raises BadNode without an aid."""
    aid = _id(node.get("aid"))
    if aid is None:
        raise BadNode("an album without an aid")
    cover, size = _id(node.get("cover_pid")), node.get("size", "")
    return Album(
        remote_id=ALBUM_PREFIX + aid,
        title=node.get("name") or "",
        description=node.get("description") or None,
        link=node.get("link") or None,
        privacy=node.get("visible") or None,
        place=_place(node.get("location")),
        cover_photo_id=PHOTO_PREFIX + cover if cover and cover != "0" else None,
        remote_count=int(size) if size.isdigit() and len(size) < 10 else None,
        created_at=_moment(node.get("created")),
        updated_at=_moment(node.get("modified")),
        raw=_canonical(node),
    )


def _variants(node: Mapping[str, str]) -> list[Variant]:
    found = []
    for name in ADDRESSES:
        url = node.get(name, "").strip()
        if url:
            width, height = _pixels(node.get(f"{name}_width")), _pixels(node.get(f"{name}_height"))
            found.append(Variant(url, width, height, _format(url)))
    return found


def _format(url: str) -> str:
    suffix = _path(url).rpartition(".")[2].lower()
    return {"jpg": "jpeg"}.get(suffix, suffix) if 0 < len(suffix) <= 4 else ""


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _id(value: str | None) -> str | None:
    """An id as text; digits as a rule, later documents also know `<uid>_<n>`."""
    text = (value or "").strip()
    return text if text and text.isascii() and text.isprintable() and " " not in text and len(text) <= 80 else None


def _moment(value: str | None) -> datetime | None:
    """Unix seconds, None for a missing or senseless number and for the future."""
    try:
        seconds = int(float(value or 0))
    except (ValueError, OverflowError):
        return None
    return datetime.fromtimestamp(seconds, UTC) if _OLDEST <= seconds <= time.time() + _A_DAY else None


def _pixels(value: str | None) -> int | None:
    return int(value) if value and value.isdigit() and 0 < int(value[:9]) < 100_000 else None


def _place(location: str | None) -> Place | None:
    if not location:
        return None
    return Place(id="name:" + sha256(location.encode("utf-8", "replace")).hexdigest()[:16], name=location)


def _canonical(node: Mapping[str, str]) -> str:
    """The object as JSON that is the same at every listing: hosts of pictures change, paths name the picture."""
    kept: Node = {key: _path(value) or value if key in ADDRESSES else value for key, value in node.items()}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
