"""Which fields are asked of albums, photos and videos, and which of them a version no longer has."""

from __future__ import annotations

import re
from typing import Any

ALBUM = {
    "id": "id",
    "name": "name",
    "count": "count",
    "updated_time": "updated_time",
    "created_time": "created_time",
    "cover_photo": "cover_photo{id}",
    "description": "description",
    "link": "link",
    "privacy": "privacy",
    "type": "type",
    "place": "place{id,name,location}",
    "location": "location",
    "backdated_time": "backdated_time",
}
PHOTO = {
    "id": "id",
    "created_time": "created_time",
    "images": "images",
    "name": "name",
    "updated_time": "updated_time",
    "backdated_time": "backdated_time",
    "backdated_time_granularity": "backdated_time_granularity",
    "alt_text": "alt_text",
    "width": "width",
    "height": "height",
    "link": "link",
    "from": "from{id,name}",
    "place": "place{id,name,location}",
    "album": "album{id,name}",
    "name_tags": "name_tags",
    "tags": "tags.limit(50){id,name,x,y}",
    "comments": "comments.limit(25){id,from{id,name},message,created_time,parent{id}}",
    "reactions": "reactions.limit(0).summary(true)",
}
VIDEO = {
    "id": "id",
    "created_time": "created_time",
    "source": "source",
    "title": "title",
    "description": "description",
    "updated_time": "updated_time",
    "backdated_time": "backdated_time",
    "backdated_time_granularity": "backdated_time_granularity",
    "length": "length",
    "permalink_url": "permalink_url",
    "from": "from{id,name}",
    "place": "place{id,name,location}",
    "format": "format{filter,height,width}",
    "tags": "tags.limit(50){id,name,x,y}",
    "comments": "comments.limit(25){id,from{id,name},message,created_time,parent{id}}",
    "reactions": "reactions.limit(0).summary(true)",
}
_KINDS = {"album": ALBUM, "photo": PHOTO, "video": VIDEO}
_CORE = {
    "album": {"id", "name"},
    "photo": {"id", "created_time", "images"},
    "video": {"id", "created_time", "source"},
}
_HEAVY = ("comments", "reactions", "tags")

_COLUMNS: dict[str, tuple[str, ...]] = {
    "name": ("caption",),
    "description": ("caption",),
    "title": ("title",),
    "alt_text": ("alt_text",),
    "link": ("link",),
    "permalink_url": ("link",),
    "width": ("width",),
    "height": ("height",),
    "from": ("from_id", "from_name"),
    "place": ("place", "place_id", "latitude", "longitude"),
    "album": ("album",),
    "created_time": ("created_at",),
    "updated_time": ("updated_at",),
    "backdated_time": ("backdated_at",),
    "tags": ("people",),
    "comments": ("comments",),
    "reactions": ("reactions",),
}


def absent_columns(asked: frozenset[str], *, video: bool) -> frozenset[str]:
    """Names of `Photo` attributes that nobody asked for: title for photos, caption for `name` and so on.

    A video is met in two forms, with the fields of photos in albums and with its own in the list of videos; what only
    the other form shows is not known, rather than empty.
    """
    known = PHOTO.keys() | VIDEO.keys() if video else PHOTO.keys()
    missing = {column for name in known - asked for column in _COLUMNS.get(name, ())}
    return frozenset(missing - {column for name in asked for column in _COLUMNS.get(name, ())})


class FieldBook:
    """The fields to ask for, less those that this API version refused; `state` remembers them."""

    def __init__(self, state: dict[str, Any], version: str) -> None:
        dropped = state.get("dropped")
        if not isinstance(dropped, dict) or dropped.get("version") != version:
            dropped = state["dropped"] = {"version": version}
        self._dropped: dict[str, Any] = dropped

    def asked(self, kind: str, *, heavy: bool = True) -> frozenset[str]:
        """Names of the fields that `text` asks for; `kind` is album, photo or video."""
        gone = set(self._dropped.get(kind, ()))
        if not heavy:
            gone.update(_HEAVY)
        return frozenset(name for name in _KINDS[kind] if name not in gone)

    def text(self, kind: str, *, heavy: bool = True) -> str:
        """The value of the `fields` parameter."""
        asked = self.asked(kind, heavy=heavy)
        return ",".join(text for name, text in _KINDS[kind].items() if name in asked)

    def drop(self, kinds: tuple[str, ...], name: str, node_type: str | None) -> bool:
        """Stops asking for a refused field, or for the one it is nested in. False when it can't be done without.

        `kinds` are those of the refused request; `node_type` as Facebook names it, when it does. With an empty `name`
        it is the last field, since the least needed come last.
        """
        named = (node_type or "").lower()
        if named in _KINDS:
            return named in kinds and self._drop(named, name)
        return any([self._drop(kind, name, nested_only=bool(named)) for kind in kinds])

    def _drop(self, kind: str, name: str, *, nested_only: bool = False) -> bool:
        asked = self.asked(kind)
        name = name or next((field for field in reversed(_KINDS[kind]) if field in asked - _CORE[kind]), "id")
        nested = re.compile(rf"[{{,]{re.escape(name)}\b")
        inside = (field for field in _KINDS[kind] if field in asked and nested.search(_KINDS[kind][field]))
        field = name if name in asked and not nested_only else next(inside, None)
        if field is None or field in _CORE[kind]:
            return False
        self._dropped[kind] = [*self._dropped.get(kind, ()), field]
        return True
