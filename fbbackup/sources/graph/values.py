"""Reads single values of the API's JSON, taking everything of a wrong type as missing."""

from __future__ import annotations

import hashlib
import json
import math
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from fbbackup.models import Place

_ADDRESSES = frozenset({"source", "picture", "url"})
_DROPPED = frozenset({"icon", "paging", "__debug__"})
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
# Addresses of which a pattern tells the file's name as urlsplit does, in a quarter of the time.
_PLAIN_ADDRESS = re.compile(r"https?://[\w.-]+(?::[0-9]+)?/(?:[\w.-]+/)*([\w.-]*)(?:\?[\w.=&%-]*)?", re.ASCII)
_IN_ORDER = json.JSONEncoder(sort_keys=True)
_LARGEST = 2**63 - 1  # what SQLite can hold


def text(value: Any) -> str | None:
    """A string that is not empty, free of what can't be written as UTF-8."""
    if not isinstance(value, str) or not value:
        return None
    return _writable(value)


def _writable(value: str) -> str:
    if value.isascii():
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def identifier(value: Any) -> str | None:
    """An id; numbers occur in old data."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**30:
        return str(value)
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def whole(value: Any) -> int | None:
    """A whole number ≥ 0, also written as a string or a float."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None
    if isinstance(value, float):
        value = int(value) if math.isfinite(value) and value.is_integer() else None
    return value if isinstance(value, int) and 0 <= value <= _LARGEST else None


def number(value: Any) -> float | None:
    """A finite number, also written as a string."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def moment(value: Any) -> datetime | None:
    """A date as aware UTC: ISO with any offset, or unix seconds; without an offset UTC is meant."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if not isinstance(value, str):
            return None
        if value.isascii() and value.isdigit() and len(value) != 4:
            return datetime.fromtimestamp(int(value), UTC)
        found = datetime.fromisoformat(value.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def rows(value: Any) -> list[dict[str, Any]]:
    """The objects of a list, of an edge's `data`, or of an old dict of lists."""
    if isinstance(value, dict):
        inner = value.get("data")
        if inner is None:
            inner = [item for part in value.values() if isinstance(part, list) for item in part]
        value = inner
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def person(value: Any) -> tuple[str | None, str | None]:
    """Id and name of who posted or is shown; a bare string is a name."""
    if isinstance(value, dict):
        return identifier(value.get("id")), text(value.get("name"))
    return None, text(value)


def place_from(value: Any) -> Place | None:
    """A place from a page object or, as in old data, from a plain string."""
    if isinstance(value, str):
        name = text(value)
        return Place(_made_id(name), name) if name else None
    if not isinstance(value, dict):
        return None
    location = value.get("location")
    inner: dict[str, Any] = location if isinstance(location, dict) else {}
    name = text(value.get("name")) or text(inner.get("name")) or text(location)
    latitude, longitude = number(inner.get("latitude")), number(inner.get("longitude"))
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        latitude = longitude = None
    place_id = identifier(value.get("id"))
    if place_id is None and name is None and latitude is None:
        return None
    return Place(
        id=place_id or _made_id(name or f"{latitude},{longitude}"),
        name=name,
        city=text(inner.get("city")) or (text(location) if name != text(location) else None),
        country=text(inner.get("country")),
        latitude=latitude,
        longitude=longitude,
    )


def _made_id(name: str) -> str:
    return "name:" + hashlib.sha256(name.encode()).hexdigest()[:16]


def canonical(node: Any) -> str:
    """A node as JSON that is the same at every listing: sorted, addresses cut to their file names.

    Signed addresses, paging and icons change between listings without the photo changing (section 0.6).
    """
    kept = json.dumps(_kept(node, 0), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return _writable(kept)


def _kept(value: Any, depth: int) -> Any:
    if depth > 60:
        return None
    if isinstance(value, dict):
        kept: dict[str, Any] = {}
        for key, inner in value.items():
            if key in _DROPPED:
                continue
            if isinstance(inner, str):
                kept[key] = _file_name(inner) if key in _ADDRESSES else inner
            elif key in ("images", "webp_images"):
                kept[key] = _sorted_renditions(_kept(inner, depth + 1))
            else:
                kept[key] = inner if isinstance(inner, int) else _kept(inner, depth + 1)
        return kept
    if isinstance(value, list):
        return [_kept(inner, depth + 1) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _sorted_renditions(value: Any) -> Any:
    """Renditions by size, because their order has no meaning."""
    if not isinstance(value, list):
        return value
    return sorted(value, key=_IN_ORDER.encode)


def _file_name(url: str) -> str:
    if plain := _PLAIN_ADDRESS.fullmatch(url):
        return plain[1]
    try:
        return urlsplit(url).path.rpartition("/")[2]
    except ValueError:
        return ""
