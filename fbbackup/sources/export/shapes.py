"""The JSON shapes of exports: every object with a media address is a photo, whatever stands around it.

What stands around tells more: a post has a text, a place and tags; an album a name. Keys that nobody here knows are
reported, not dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fbbackup.mentions import Mention
from fbbackup.models import Kind, Place, Tag
from fbbackup.sources.export import known, values
from fbbackup.sources.export.known import Seen
from fbbackup.sources.export.names import NO_PICTURES, PICTURES, VIDEOS, extension_of, left_out, name_of
from fbbackup.sources.export.repair import repaired, words, writable

DEEPEST = 24
ALBUM_WEIGHT, MEDIA_WEIGHT, POST_WEIGHT = 3, 2, 1
_NO_MEDIA = frozenset(
    {"thumbnail", "media_variants", "dubbing_info", "media_metadata", "backup_uri", "cover_photo", "audio_files"}
)


@dataclass(frozen=True, slots=True)
class Around:
    """What the objects around a photo say: of its post, story or message."""

    timestamp: datetime | None = None
    text: str | None = None
    backdated_at: datetime | None = None
    place: Place | None = None
    people: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """Which file is read, and how well it knows words. `inside` are the keys that objects in an item may have."""

    origin: str
    as_of: str
    seen: Seen
    weight: int = MEDIA_WEIGHT
    top: frozenset[str] = known.POST
    inside: frozenset[str] = known.INSIDE_POST


def mentions(node: Any, reading: Reading, *, noting: bool = True) -> Iterator[Mention]:
    """Every photo in one item of a file: in an album's list, a post, a story, anything. With `noting`, keys that
    nobody knows are noted, of all objects that are no photos too."""
    found = list(_walk(node, reading, Around(), 0, noting))
    alone = len({mention.id for mention in found}) == 1
    post = values.raw_text(_without_media(node)) if found and not _is_photo(node) else ""
    for mention in found:
        # A post's text belongs to its picture only when there is just one.
        text = mention.caption
        if text is None and alone and isinstance(node, dict):
            own = _text_of(node)
            mention = replace(mention, caption=own, weight=POST_WEIGHT if own else mention.weight)
        if post:
            mention = replace(mention, raw=f'{mention.raw[:-1]},"in":{post}}}')
        yield mention


def _walk(node: Any, reading: Reading, around: Around, depth: int, noting: bool) -> Iterator[Mention]:
    if depth > DEEPEST:
        reading.seen.note("nested too deep", node)
    elif isinstance(node, list):
        for item in node:
            yield from _walk(item, reading, around, depth + 1, noting)
    elif _is_photo(node):
        yield photo(node, reading, around)
    elif isinstance(node, dict):
        names = reading.inside if depth else reading.top
        inner = _around(node, around)
        for key, value in node.items():
            if noting and key not in names:
                reading.seen.note(key, value)
            if key not in _NO_MEDIA:
                yield from _walk(value, reading, inner, depth + 1, noting and key in names)


def _is_photo(node: Any) -> bool:
    return isinstance(node, dict) and isinstance(node.get("uri"), str) and is_media(node["uri"], node)


def _without_media(node: Any) -> Any:
    """What a post says besides its photos."""
    if isinstance(node, list):
        return [_without_media(item) for item in node if not _is_photo(item)]
    if isinstance(node, dict):
        return {key: _without_media(value) for key, value in node.items() if not _is_photo(value)}
    return node


def is_media(uri: str, node: dict[str, Any]) -> bool:
    """Whether an address means a picture or video of the person, not a sticker, a document or a page on the web."""
    path = uri.partition("?")[0]
    extension = extension_of(path)
    if extension in NO_PICTURES or left_out(path):
        return False
    return extension in PICTURES | VIDEOS or "creation_timestamp" in node or "media_metadata" in node


def photo(node: dict[str, Any], reading: Reading, around: Around) -> Mention:
    """A photo or video object as a mention."""
    uri = writable(repaired(str(node["uri"])))
    name = name_of(uri.partition("?")[0] if uri.startswith("http") else uri)
    blocks = values.exif_blocks(node)
    reading.seen.note_others(node, known.PHOTO)
    metadata = node.get("media_metadata")
    _note_metadata(metadata, reading.seen)
    video = extension_of(uri) in VIDEOS or (isinstance(metadata, dict) and "video_metadata" in metadata)
    caption = words(node.get("description"))
    spot = next(filter(None, (values.degrees(block) for block in blocks)), None)
    created = values.moment(node.get("creation_timestamp")) or values.moment(node.get("timestamp"))
    tags = dict.fromkeys((*values.people(node.get("tags")), *around.people))
    return Mention(
        id=name.id,
        origin=reading.origin,
        rule=name.rule,
        uri=uri,
        as_of=reading.as_of,
        made_up=name.made_up,
        hint=name.hint,
        kind=Kind.VIDEO if video else Kind.PHOTO,
        caption=caption,
        weight=reading.weight,
        link=None if name.made_up else _link(name.id, video),
        created_at=created or around.timestamp,
        taken_at=next(filter(None, (values.moment(block.get("taken_timestamp")) for block in blocks)), None),
        backdated_at=around.backdated_at,
        latitude=spot[0] if spot else None,
        longitude=spot[1] if spot else None,
        place=values.place(node.get("place")) or around.place,
        people=tuple(tags),
        comments=values.comments(node.get("comments"), name.id),
        poster=_poster(node),
        raw=values.raw_text(node),
    )


def _note_metadata(node: Any, seen: Seen, depth: int = 0) -> None:
    """Notes what is among a picture's values and has a name that nobody knows."""
    if isinstance(node, list):
        for item in node:
            _note_metadata(item, seen, depth)
    elif isinstance(node, dict) and depth < 3:
        seen.note_others(node, known.METADATA)
        for key in ("photo_metadata", "video_metadata", "exif_data"):
            _note_metadata(node.get(key), seen, depth + 1)


def _poster(node: dict[str, Any]) -> str | None:
    """Where the picture lies that Facebook made of a video."""
    metadata = node.get("media_metadata")
    places = [node, *(metadata.values() if isinstance(metadata, dict) else ())]
    for place in places:
        thumbnail = place.get("thumbnail") if isinstance(place, dict) else None
        if isinstance(thumbnail, dict) and isinstance(thumbnail.get("uri"), str):
            return writable(repaired(thumbnail["uri"]))
    return None


def _link(photo_id: str, video: bool) -> str:
    kind = "watch/?v=" if video else "photo.php?fbid="
    return f"https://www.facebook.com/{kind}{photo_id}"


def _around(node: dict[str, Any], outer: Around) -> Around:
    """What this object adds to what is known of everything inside it."""
    place = values.place(node.get("place"))
    backdated: datetime | None = None
    rows = node.get("data")
    rows = rows if isinstance(rows, list) else [rows]
    attachments = node.get("attachments")
    for entry in rows:
        if isinstance(entry, dict):
            backdated = backdated or values.moment(entry.get("backdated_timestamp"))
            place = place or values.place(entry.get("place"))
    for attachment in attachments if isinstance(attachments, list) else [attachments]:
        inner = attachment.get("data") if isinstance(attachment, dict) else None
        for entry in inner if isinstance(inner, list) else [inner]:
            if isinstance(entry, dict):
                place = place or values.place(entry.get("place"))
    at = values.moment(node.get("timestamp")) or values.moment(node.get("timestamp_ms"))
    return Around(
        timestamp=at or outer.timestamp,
        text=_text_of(node) or outer.text,
        backdated_at=backdated or values.moment(node.get("backdated_timestamp")) or outer.backdated_at,
        place=place or outer.place,
        people=values.people(node.get("tags")) or outer.people,
    )


def _text_of(node: dict[str, Any]) -> str | None:
    rows = node.get("data")
    for entry in rows if isinstance(rows, list) else [rows]:
        if isinstance(entry, dict) and (text := words(entry.get("post"))):
            return text
    return None
