"""Keys of an export's JSON that say something to this program, and what it met besides: listed and kept, never dropped.

Keys that have nothing to do with photos are known as well where the facts about exports tell what they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fbbackup.sources.export import values

POST = frozenset(
    {"timestamp", "title", "data", "attachments", "tags", "label_values", "media", "fbid", "comments",
     "update_timestamp", "description", "place"}
)  # fmt: skip
INSIDE_POST = POST | {
    "post", "backdated_timestamp", "name", "coordinate", "latitude", "longitude", "address", "url", "city", "country",
    "external_context", "source", "text", "note", "event", "life_event", "start_timestamp", "end_timestamp",
    "create_timestamp", "created_timestamp", "updated_timestamp", "cover_photo", "label", "value", "timestamp_value",
    "dict", "vec", "href", "ent_field_name", "uri", "comment", "author", "group",
    "creation_timestamp", "ai_stickers",
}  # fmt: skip
PHOTO = frozenset(
    {"uri", "creation_timestamp", "media_metadata", "title", "description", "comments", "backup_uri", "thumbnail",
     "upload_timestamp", "taken_timestamp", "dubbing_info", "media_variants", "tags", "place", "name", "timestamp",
     "cross_post_source", "subtitles", "ai_stickers"}
)  # fmt: skip
METADATA = frozenset(
    {"photo_metadata", "video_metadata", "exif_data", "upload_ip", "upload_timestamp", "taken_timestamp",
     "modified_timestamp", "camera_make", "camera_model", "exposure", "focal_length", "f_stop", "iso", "iso_speed",
     "latitude", "longitude", "orientation", "original_width", "original_height", "thumbnail", "media_variants",
     "dubbing_info"}
)  # fmt: skip
ALBUM = frozenset(
    {"name", "photos", "cover_photo", "last_modified_timestamp", "description", "comments", "videos",
     "creation_timestamp", "place", "media_metadata", "title"}
)  # fmt: skip
THREAD = frozenset(
    {"participants", "messages", "title", "is_still_participant", "thread_path", "magic_words", "image",
     "joinable_mode", "thread_type"}
)  # fmt: skip
MESSAGE = frozenset(
    {"sender_name", "timestamp_ms", "content", "photos", "videos", "gifs", "audio_files", "files", "sticker", "share",
     "reactions", "type", "is_unsent", "is_taken_down", "is_geoblocked_for_viewer", "call_duration", "ip", "users",
     "reaction", "actor", "creation_timestamp", "ai_stickers"}
)  # fmt: skip

_MOST_KEYS = 2000
_MOST_BYTES = 8 << 20
_MOST_OF_ONE = 1 << 20


@dataclass(slots=True)
class Met:
    """A key that nobody here knows: how often it occurred, and its values as they were written."""

    count: int = 0
    kept: list[str] = field(default_factory=list)
    size: int = 0
    left_out: int = 0

    @property
    def raw(self) -> str:
        """The value, or a list of all of them; what is too much to keep is counted."""
        kept = [*self.kept, values.raw_text({"cut": self.left_out})] if self.left_out else self.kept
        return kept[0] if len(kept) == 1 else f"[{','.join(kept)}]"


@dataclass(slots=True)
class Seen:
    """Keys that were met and not understood, while one file is read; a file of nothing else fills no memory."""

    keys: dict[str, Met] = field(default_factory=dict)
    _size: int = 0

    def note(self, key: str, value: Any) -> None:
        name = values.key_text(key)
        if name not in self.keys and len(self.keys) >= _MOST_KEYS:
            name = "(more keys)"
        met = self.keys.setdefault(name, Met())
        met.count += 1
        raw = values.raw_text(value) if self._size < _MOST_BYTES and met.size < _MOST_OF_ONE else ""
        if raw and (not met.kept or met.size + len(raw) <= _MOST_OF_ONE):
            met.kept.append(raw)
            met.size += len(raw)
            self._size += len(raw)
        else:
            met.left_out += 1

    def note_others(self, node: dict[str, Any], known: Iterable[str]) -> None:
        """Notes every key of an object besides the known ones."""
        for key, value in node.items():
            if key not in known:
                self.note(key, value)
