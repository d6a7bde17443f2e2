"""Translates the API's nodes into `Photo` and `Album`, whatever shape they have had over the years."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from fbbackup.models import Album, Comment, Kind, Photo, Tag, Variant
from fbbackup.sources.graph.fields import absent_columns
from fbbackup.sources.graph.values import (
    canonical,
    identifier,
    moment,
    number,
    person,
    place_from,
    rows,
    text,
    whole,
)

KEPT_VARIANTS = 3
_EXPIRY = re.compile(r"[?&]oe=([0-9A-Fa-f]{1,16})(?:&|$)")
_OLDEST = datetime(1826, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PRECISIONS = {"year": "year", "month": "month", "day": "day", "hour": "hour", "min": "minute", "none": "second"}
_VIDEO_KEYS = ("length", "format", "permalink_url")


class BadNode(ValueError):
    """An item that can't be recorded at all: no object, or one without an id."""


def photos_from(items: Any, translate: Callable[[Any], Photo], name: str) -> tuple[tuple[Photo, ...], tuple[str, ...]]:
    """The photos of a `data` list, and one readable line for each item that is none. Never raises for an item."""
    if not isinstance(items, list):
        return (), (f"{name}: the list of items is missing or no list",)
    photos: list[Photo] = []
    problems: list[str] = []
    for position, item in enumerate(items):
        try:
            photos.append(translate(item))
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            problems.append(f"{name}, item {position + 1}: {error}"[:300])
    return tuple(photos), tuple(problems)


def photo_from_node(node: Any, *, asked: frozenset[str]) -> Photo:
    """A photo or video node as a `Photo`; `asked` are the names of the fields that were requested.

    A value of an unexpected type counts as missing. Raises BadNode without an id.
    """
    node_id = identifier(node.get("id")) if isinstance(node, dict) else None
    if node_id is None:
        raise BadNode("an item without an id")
    video = "source" in asked or _is_video(node)
    return replace(
        _described(node, node_id),
        kind=Kind.VIDEO if video else Kind.PHOTO,
        people=_people(node.get("tags")) if "tags" in asked else None,
        comments=_comments(node.get("comments")) if "comments" in asked else None,
        reactions=_reactions(node.get("reactions")) if "reactions" in asked else None,
        variants=_video_variants(node) if video else _variants(node),
        raw=canonical(node),
        absent_fields=absent_columns(asked, video=video),
    )


def _described(node: dict[str, Any], node_id: str) -> Photo:
    """What the node says in plain values."""
    from_id, from_name = person(node.get("from"))
    created, backdated = moment(node.get("created_time")), moment(node.get("backdated_time"))
    file_date, date_source, precision = _file_date(created, backdated, node.get("backdated_time_granularity"))
    return Photo(
        id=node_id,
        caption=text(node.get("name")) or text(node.get("description")),
        title=text(node.get("title")),
        alt_text=text(node.get("alt_text")),
        link=_link(node),
        file_date=file_date,
        file_date_source=date_source,
        file_date_precision=precision,
        width=whole(node.get("width")),
        height=whole(node.get("height")),
        from_id=from_id,
        from_name=from_name,
        place=place_from(node.get("place")),
        created_at=created,
        updated_at=moment(node.get("updated_time")),
        backdated_at=backdated,
        album=_album_of(node.get("album")),
    )


def album_from_node(node: Any) -> Album:
    """An album node as an `Album`. Raises BadNode without an id."""
    node_id = identifier(node.get("id")) if isinstance(node, dict) else None
    if node_id is None:
        raise BadNode("an album without an id")
    cover = node.get("cover_photo")
    return Album(
        remote_id=node_id,
        title=text(node.get("name")) or "",
        kind=text(node.get("type")) or "normal",
        description=text(node.get("description")),
        link=text(node.get("link")),
        privacy=_privacy(node.get("privacy")),
        place=place_from(node.get("place")) or place_from(node.get("location")),
        cover_photo_id=identifier(cover.get("id") if isinstance(cover, dict) else cover),
        remote_count=whole(node.get("count")),
        created_at=moment(node.get("created_time")),
        updated_at=moment(node.get("updated_time")),
        raw=canonical(node),
    )


def expiry_of(url: str) -> datetime | None:
    """When a signed address ends: `oe` holds hexadecimal unix seconds."""
    match = _EXPIRY.search(url)
    if match is None:
        return None
    try:
        return datetime.fromtimestamp(int(match[1], 16), UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _is_video(node: dict[str, Any]) -> bool:
    """Whether an item of an album listing is a video although photo fields were asked."""
    if rows(node.get("images")) or rows(node.get("webp_images")):
        return False
    link = text(node.get("link")) or ""
    return any(key in node for key in _VIDEO_KEYS) or "/videos/" in link or "video.php" in link


def _link(node: dict[str, Any]) -> str | None:
    link = text(node.get("link")) or text(node.get("permalink_url"))
    return f"https://www.facebook.com{link}" if link and link.startswith("/") else link


def _variants(node: dict[str, Any]) -> tuple[Variant, ...]:
    """The largest three, largest first; `images` win ties against `webp_images`, whose order means nothing."""
    found = [*_renditions(node.get("images"), ""), *_renditions(node.get("webp_images"), "webp")]
    # Of a side that is not told the other one says how large it may be.
    found.sort(key=lambda one: -(one[1] or one[2] or 0) * (one[2] or one[1] or 0))
    return tuple(
        Variant(url, width, height, kind or _format_of(url), expiry_of(url))
        for url, width, height, kind in found[:KEPT_VARIANTS]
    )


def _renditions(value: Any, kind: str) -> list[tuple[str, int | None, int | None, str]]:
    """Address, width, height and `kind` of each entry that has an address."""
    return [
        (url, whole(entry.get("width")), whole(entry.get("height")), kind)
        for entry in rows(value)
        if (url := text(entry.get("source")))
    ]


def _format_of(url: str) -> str:
    """The format that the suffix of the file's name tells, "" when there is none."""
    suffix = _path_of(url).rpartition(".")[2].lower()
    return {"jpg": "jpeg"}.get(suffix, suffix) if len(suffix) <= 4 else ""


def _video_variants(node: dict[str, Any]) -> tuple[Variant, ...]:
    """The one address that a video has; its size is that of the `native` format, else of the largest."""
    url = text(node.get("source"))
    if url is None:
        return ()
    formats = rows(node.get("format"))
    formats = [entry for entry in formats if entry.get("filter") == "native"] or formats
    sizes = [(whole(entry.get("width")), whole(entry.get("height"))) for entry in formats]
    width, height = max(sizes, key=lambda size: (size[0] or 0) * (size[1] or 0), default=(None, None))
    return (Variant(url, width, height, "mp4", expiry_of(url)),)


def _path_of(url: str) -> str:
    """The path of an address, "" when it is none."""
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _file_date(
    created: datetime | None, backdated: datetime | None, granularity: Any
) -> tuple[datetime | None, str | None, str | None]:
    if _believable(backdated):
        wanted = granularity if isinstance(granularity, str) else "none"
        return backdated, "backdated", _PRECISIONS.get(wanted, "second")
    if _believable(created):
        return created, "created", "second"
    return None, None, None


def _believable(when: datetime | None) -> bool:
    """Whether a date is no placeholder: not before photography, not second 0, not in the future."""
    return when is not None and when >= _OLDEST and when != _EPOCH and when <= datetime.now(UTC) + timedelta(1)


def _album_of(value: Any) -> Album | None:
    node_id = identifier(value.get("id")) if isinstance(value, dict) else identifier(value)
    if node_id is None:
        return None
    return Album(node_id, (text(value.get("name")) if isinstance(value, dict) else None) or "")


def _privacy(value: Any) -> str | None:
    return text(value.get("value")) if isinstance(value, dict) else text(value)


def _people(value: Any) -> tuple[Tag, ...]:
    found = []
    for entry in rows(value):
        person_id, name = person(entry)
        if name or person_id:
            found.append(Tag(name or "", person_id, number(entry.get("x")), number(entry.get("y"))))
    return tuple(found)


def _comments(value: Any) -> tuple[Comment, ...]:
    found = []
    for entry in rows(value):
        comment_id = identifier(entry.get("id"))
        if comment_id is None:
            continue
        parent = entry.get("parent")
        from_id, from_name = person(entry.get("from"))
        found.append(
            Comment(
                id=comment_id,
                message=text(entry.get("message")) or "",
                parent_id=identifier(parent.get("id")) if isinstance(parent, dict) else None,
                from_id=from_id,
                from_name=from_name,
                created_at=moment(entry.get("created_time")),
            )
        )
    return tuple(found)


def _reactions(value: Any) -> tuple[tuple[str, int], ...]:
    """`total` from the summary, plus one count a kind when single reactions are listed."""
    counts: dict[str, int] = {}
    summary = value.get("summary") if isinstance(value, dict) else None
    total = whole(summary.get("total_count")) if isinstance(summary, dict) else None
    if total:
        counts["total"] = total
    for entry in rows(value):
        kind = text(entry.get("type"))
        if kind:
            counts[kind] = counts.get(kind, 0) + 1
    return tuple(sorted(counts.items()))
