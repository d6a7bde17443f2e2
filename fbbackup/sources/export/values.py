"""Single values of an export's JSON; whatever has a wrong type or can't be true counts as missing."""

from __future__ import annotations

import hashlib
import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

from fbbackup.models import Comment, Place, Tag
from fbbackup.sources.export.repair import repaired, words, writable

_OLDEST = datetime(1826, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 10**11
_LARGEST_RAW = 1 << 20


def moment(value: Any) -> datetime | None:
    """Unix seconds, or milliseconds where they are too many; 0, rubbish and the future are no time."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value == 0:
        return None
    if abs(value) > _MILLISECONDS_FROM:
        value = value / 1000
    try:
        found = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(value))
    except (OverflowError, ValueError):
        return None
    return found if _OLDEST <= found <= datetime.now(UTC) + timedelta(1) else None


def degrees(node: Any) -> tuple[float, float] | None:
    """Latitude and longitude, if both are there and can be true; 0, 0 stands for none."""
    if not isinstance(node, dict):
        return None
    latitude, longitude = _number(node.get("latitude")), _number(node.get("longitude"))
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return None if latitude == 0 and longitude == 0 else (latitude, longitude)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def place(node: Any) -> Place | None:
    """A post's place; its id is made from the name, as exports have none."""
    if not isinstance(node, dict):
        return None
    name = words(node.get("name"))
    spot = degrees(node.get("coordinate"))
    if name is None and spot is None:
        return None
    key = name or str(spot)
    made = "name:" + hashlib.sha256(key.encode()).hexdigest()[:16]
    return Place(made, name, words(node.get("city")), None, *(spot or (None, None)))


def people(node: Any) -> tuple[Tag, ...]:
    """Marked people, as objects with a name or as plain names."""
    found: dict[str, Tag] = {}
    for entry in node if isinstance(node, list) else [node]:
        name = words(entry.get("name") if isinstance(entry, dict) else entry)
        if name:
            found.setdefault(name, Tag(name))
    return tuple(found.values())


def comments(node: Any, photo_id: str) -> tuple[Comment, ...]:
    """Comments; exports give them no id, so one is made that stays the same."""
    found: dict[str, Comment] = {}
    for entry in node if isinstance(node, list) else [node]:
        if not isinstance(entry, dict):
            continue
        text, author, at = words(entry.get("comment")), words(entry.get("author")), moment(entry.get("timestamp"))
        if text is None:
            continue
        made = hashlib.sha256(json.dumps([photo_id, str(at), author, text]).encode()).hexdigest()[:24]
        made = f"export:{made}"
        found.setdefault(made, Comment(made, text, from_name=author, created_at=at))
    return tuple(found.values())


def exif_blocks(node: dict[str, Any]) -> list[dict[str, Any]]:
    """The EXIF values of a picture or video: flat until 2021, in `exif_data` since."""
    metadata = node.get("media_metadata")
    found: list[dict[str, Any]] = []
    for part in metadata.values() if isinstance(metadata, dict) else ():
        if not isinstance(part, dict):
            continue
        blocks = part.get("exif_data")
        found += [block for block in blocks if isinstance(block, dict)] if isinstance(blocks, list) else []
        found += [blocks] if isinstance(blocks, dict) else []
        found.append(part)
    return found


def raw_text(node: Any) -> str:
    """The node as it was, damaged letters and all; a huge one is cut and says so."""
    text = writable(json.dumps(node, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
    if len(text) <= _LARGEST_RAW:
        return text
    return json.dumps({"cut": writable(text[:_LARGEST_RAW])}, ensure_ascii=False)


def key_text(key: str) -> str:
    return writable(repaired(key))[:200]
