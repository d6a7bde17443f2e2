"""The JSON shapes of exports: every object with a media address is a photo, whatever stands around it.

What stands around tells more: a post has a text, a place and tags; an album a name. Keys that nobody here knows are
reported, not dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from fbbackup.mentions import Mention
from fbbackup.models import Kind, Place, Tag
from fbbackup.sources.export import values
from fbbackup.sources.export.names import PICTURES, VIDEOS, extension_of, name_of
from fbbackup.sources.export.repair import repaired, words, writable

DEEPEST = 24
ALBUM_WEIGHT, MEDIA_WEIGHT, POST_WEIGHT = 3, 2, 1
_NO_MEDIA = frozenset({"thumbnail", "media_variants", "dubbing_info", "media_metadata", "backup_uri", "cover_photo"})
_PHOTO_KEYS = frozenset(
    {"uri", "creation_timestamp", "media_metadata", "title", "description", "comments", "backup_uri", "thumbnail",
     "upload_timestamp", "taken_timestamp", "dubbing_info", "media_variants", "tags", "place", "name", "timestamp",
     "cross_post_source", "subtitles", "ai_stickers"}
)  # fmt: skip
_POST_KEYS = frozenset(
    {"timestamp", "title", "data", "attachments", "tags", "label_values", "media", "fbid", "comments",
     "update_timestamp", "description", "place"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Around:
    """What the objects around a photo say: of its post, story or message."""

    timestamp: datetime | None = None
    text: str | None = None
    backdated_at: datetime | None = None
    place: Place | None = None
    people: tuple[Tag, ...] = ()


@dataclass(slots=True)
class Seen:
    """Keys that were met and not understood, with how often and one example; filled while reading one file."""

    keys: dict[str, tuple[int, str]] = field(default_factory=dict)

    def note(self, key: str, value: Any) -> None:
        name = values.key_text(key)
        count, example = self.keys.get(name, (0, ""))
        self.keys[name] = (count + 1, example or values.raw_text(value))


def mentions(node: Any, origin: str, as_of: str, seen: Seen, weight: int = MEDIA_WEIGHT) -> Iterator[Mention]:
    """Every photo in one item of a file: in an album's list, a post, a story, anything."""
    found = list(_walk(node, origin, as_of, seen, weight, Around(), 0))
    alone = len({mention.id for mention in found}) == 1
    for mention in found:
        # A post's text belongs to its picture only when there is just one.
        text = mention.caption
        if text is None and alone and isinstance(node, dict):
            own = _text_of(node)
            mention = replace(mention, caption=own, weight=POST_WEIGHT if own else mention.weight)
        yield mention


def _walk(node: Any, origin: str, as_of: str, seen: Seen, weight: int, around: Around, depth: int) -> Iterator[Mention]:
    if depth > DEEPEST:
        seen.note("nested too deep", None)
        return
    if isinstance(node, list):
        for item in node:
            yield from _walk(item, origin, as_of, seen, weight, around, depth + 1)
    elif isinstance(node, dict):
        uri = node.get("uri")
        if isinstance(uri, str) and is_media(uri, node):
            yield photo(node, origin, as_of, seen, weight, around)
            return
        if depth == 0:
            _note_unknown(node, _POST_KEYS, seen)
        inner = _around(node, around)
        for key, value in node.items():
            if key not in _NO_MEDIA:
                yield from _walk(value, origin, as_of, seen, weight, inner, depth + 1)


def is_media(uri: str, node: dict[str, Any]) -> bool:
    """Whether an address means a picture or video of the person, not a page on the web."""
    extension = extension_of(uri.partition("?")[0])
    if extension in PICTURES | VIDEOS:
        return True
    return "creation_timestamp" in node or "media_metadata" in node


def photo(node: dict[str, Any], origin: str, as_of: str, seen: Seen, weight: int, around: Around) -> Mention:
    """A photo or video object as a mention."""
    uri = writable(repaired(str(node["uri"])))
    name = name_of(uri.partition("?")[0] if uri.startswith("http") else uri)
    blocks = values.exif_blocks(node)
    _note_unknown(node, _PHOTO_KEYS, seen)
    metadata = node.get("media_metadata")
    video = extension_of(uri) in VIDEOS or (isinstance(metadata, dict) and "video_metadata" in metadata)
    caption = words(node.get("description"))
    spot = next(filter(None, (values.degrees(block) for block in blocks)), None)
    created = values.moment(node.get("creation_timestamp")) or values.moment(node.get("timestamp"))
    tags = dict.fromkeys((*values.people(node.get("tags")), *around.people))
    return Mention(
        id=name.id,
        origin=origin,
        rule=name.rule,
        uri=uri,
        as_of=as_of,
        made_up=name.made_up,
        hint=name.hint,
        kind=Kind.VIDEO if video else Kind.PHOTO,
        caption=caption,
        weight=weight,
        link=None if name.made_up else _link(name.id, video),
        created_at=created or around.timestamp,
        taken_at=next(filter(None, (values.moment(block.get("taken_timestamp")) for block in blocks)), None),
        backdated_at=around.backdated_at,
        latitude=spot[0] if spot else None,
        longitude=spot[1] if spot else None,
        place=values.place(node.get("place")) or around.place,
        people=tuple(tags),
        comments=values.comments(node.get("comments"), name.id),
        raw=values.raw_text(node),
    )


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


def _note_unknown(node: dict[str, Any], known: frozenset[str], seen: Seen) -> None:
    for key, value in node.items():
        if key not in known:
            seen.note(key, value)
