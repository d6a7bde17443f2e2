"""The fields that albums, photos, videos and accounts have, and how each value is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fbbackup.simulator import content
from fbbackup.simulator.clock import graph_date
from fbbackup.simulator.dice import chance, roll
from fbbackup.simulator.library import Album, Item
from fbbackup.simulator.variants import largest_size, renditions, webp_renditions
from fbbackup.simulator.video import length_seconds
from fbbackup.simulator.world import Call

Reader = Callable[[Call, Any], Any]

GRANULARITIES = ("year", "month", "day", "hour", "min", "none")


def owner_of(call: Call, item: Item) -> dict[str, str]:
    """Who uploaded something."""
    library = call.world.library
    return {"name": library.person_name(item.owner), "id": library.person_id(item.owner)}


def _edited(call: Call, item: Item) -> str:
    return graph_date(item.created + roll(call.world.library.seed, item.number, 90) % 100_000)


def _backdated(call: Call, item: Item) -> str | None:
    library = call.world.library
    return graph_date(item.created - 300_000_000) if chance(8, library.seed, item.number, 91) else None


def _granularity(call: Call, item: Item) -> str:
    library = call.world.library
    if not chance(8, library.seed, item.number, 91):
        return "none"
    return GRANULARITIES[roll(library.seed, item.number, 92) % 5]


def _images(call: Call, item: Item) -> list[dict[str, object]] | None:
    if item.kind == "video":
        return None
    world = call.world
    found = renditions(world.library, item)
    shift = roll(world.library.seed, item.number, 93) % len(found)
    return world.signer.images(item, found[shift:] + found[:shift])


def _webp_images(call: Call, item: Item) -> list[dict[str, object]] | None:
    if item.kind == "video":
        return None
    return call.world.signer.images(item, webp_renditions(call.world.library, item))


def picture_url(call: Call, item: Item) -> str:
    """The smallest rendition (for a video: its file stands in for a still)."""
    world = call.world
    stp = "" if item.kind == "video" else min(renditions(world.library, item), key=lambda one: one.width).stp
    return world.signer.url(world.signer.path(item), stp, world.signer.turn())


def _source(call: Call, item: Item) -> str | None:
    signer = call.world.signer
    if item.kind == "video":
        if item.number % 11 == 10 and call.world.settings.videos_without_source:
            return None
        return signer.url(signer.path(item), "", signer.turn())
    found = renditions(call.world.library, item)
    return signer.url(signer.path(item), found[min(1, len(found) - 1)].stp, signer.turn())


def _size(call: Call, item: Item) -> tuple[int, int]:
    library = call.world.library
    if library.odd and item.number % 17 == 3:
        smaller = renditions(library, item)[-1]
        return smaller.width, smaller.height
    return largest_size(library, item)[:2]


def _link(call: Call, item: Item) -> str:
    if item.kind == "video":
        return f"https://www.facebook.com/ada/videos/{item.id}/"
    suffix = f"&set=a.{item.album_id}" if item.album_id else ""
    return f"https://www.facebook.com/photo.php?fbid={item.id}{suffix}"


def _event(call: Call, item: Item) -> dict[str, str] | None:
    return {"id": "1800000000000001", "name": "Reunion"} if item.number % 97 == 12 else None


def _privacy(call: Call, item: Item) -> dict[str, str]:
    value, words = (("SELF", "Only me"), ("ALL_FRIENDS", "Your friends"), ("EVERYONE", "Public"), ("", "Public"))[
        roll(call.world.library.seed, item.number, 94) % 4
    ]
    return {"value": value, "description": words, "allow": "", "deny": "", "friends": "", "networks": ""}


def _caption(call: Call, item: Item) -> str | None:
    return content.caption(call.world.library, item)


PHOTO: dict[str, Reader] = {
    "id": lambda call, item: item.id,
    "name": _caption,
    "alt_text": lambda call, item: content.alt_text(call.world.library, item),
    "alt_text_custom": lambda call, item: "A hand-written description" if item.number % 31 == 5 else None,
    "created_time": lambda call, item: graph_date(item.created),
    "updated_time": _edited,
    "backdated_time": _backdated,
    "backdated_time_granularity": _granularity,
    "width": lambda call, item: _size(call, item)[0] if item.kind == "photo" else None,
    "height": lambda call, item: _size(call, item)[1] if item.kind == "photo" else None,
    "images": _images,
    "webp_images": _webp_images,
    "picture": picture_url,
    "source": _source,
    "icon": lambda call, item: "https://static.xx.fbcdn.net/rsrc.php/v3/yz/r/StEh3RhPvjk.gif",
    "link": _link,
    "album": lambda call, item: None,
    "from": lambda call, item: None if item.number % 41 == 9 and call.world.library.odd else owner_of(call, item),
    "place": lambda call, item: content.place(call.world.library, item),
    "name_tags": lambda call, item: content.name_tags(call.world.library, item),
    "event": _event,
    "target": lambda call, item: None,
    "page_story_id": lambda call, item: f"{call.world.library.owner_id}_{item.id}" if call.world.library.page else None,
    "privacy": _privacy,
    "can_delete": lambda call, item: item.owner == 0,
    "can_tag": lambda call, item: True,
    "can_backdate": lambda call, item: item.owner == 0,
    "position": lambda call, item: 0,
}
PHOTO_EDGES = ("comments", "likes", "reactions", "tags", "sharedposts", "sponsor_tags", "insights")

VIDEO: dict[str, Reader] = {
    "id": lambda call, item: item.id,
    "created_time": lambda call, item: graph_date(item.created),
    "updated_time": _edited,
    "description": _caption,
    "title": lambda call, item: f"Clip {item.number % 1000}" if item.number % 3 else None,
    "length": lambda call, item: length_seconds(call.world.library.seed, item.number),
    "source": _source,
    "picture": picture_url,
    "format": lambda call, item: [
        {
            "embed_html": "<iframe></iframe>",
            "filter": name,
            "height": side,
            "width": side,
            "picture": picture_url(call, item),
        }
        for name, side in (("130x130", 130), ("480x480", 480), ("native", 240))
    ],
    "from": owner_of,
    "place": lambda call, item: content.place(call.world.library, item),
    "published": lambda call, item: True,
    "status": lambda call, item: {"video_status": "processing" if item.number % 11 == 10 else "ready"},
    "permalink_url": lambda call, item: f"/ada/videos/{item.id}/",
    "privacy": _privacy,
    "icon": PHOTO["icon"],
    "event": _event,
    "backdated_time": _backdated,
    "backdated_time_granularity": _granularity,
}
VIDEO_EDGES = ("comments", "likes", "reactions", "tags", "sharedposts", "sponsor_tags")


def _count(call: Call, album: Album) -> int:
    return call.world.library.album_photos(album.id).visible() + call.world.library.overcount


def _videos_in(call: Call, album: Album) -> int:
    library = call.world.library
    extras = library.album_photos(album.id).extras
    return sum(1 for one in extras if (item := library.item(one)) is not None and item.kind == "video")


def _updated(call: Call, album: Album) -> str:
    library = call.world.library
    if album.id in library.touched:
        return graph_date(library.touched[album.id])
    if album.index is None or not library.layout.sizes[album.index]:
        return graph_date(album.created)
    return graph_date(library.layout.photo_created(library.layout.range_of(album.index)[-1]))


def cover_item(call: Call, album: Album) -> Item | None:
    """The photo on an album's cover: its first that can be seen."""
    library = call.world.library
    for photo_id in library.album_photos(album.id):
        item = library.item(photo_id)
        if item is not None and item.kind == "photo":
            return item
    return None


def _cover(call: Call, album: Album) -> Any:
    library, item = call.world.library, cover_item(call, album)
    if item is None:
        return None
    if call.world.settings.old_covers or (library.odd and (album.index or 0) % 9 == 7):
        return item.id
    words = content.caption(library, item)
    return {"created_time": graph_date(item.created)} | ({"name": words} if words else {}) | {"id": item.id}


def _album_name(call: Call, album: Album) -> str:
    library = call.world.library
    name = library.overrides.get(album.id, {}).get("name")
    return str(name) if name is not None else content.album_name(library, album)


ALBUM: dict[str, Reader] = {
    "id": lambda call, album: album.id,
    "name": _album_name,
    "description": lambda call, album: "Some words\nabout these days" if (album.index or 0) % 4 == 2 else None,
    "link": lambda call, album: (
        f"https://www.facebook.com/album.php?fbid={album.id}&id={call.world.library.owner_id}&aid={album.index or 0}"
    ),
    "location": lambda call, album: "Lund, Sweden" if (album.index or 0) % 5 == 3 else None,
    "privacy": lambda call, album: ("everyone", "friends", "custom")[(album.index or 0) % 3],
    "type": lambda call, album: album.type,
    "count": _count,
    "photo_count": lambda call, album: _count(call, album) - _videos_in(call, album),
    "video_count": _videos_in,
    "cover_photo": _cover,
    "from": lambda call, album: {"name": call.world.library.owner_name, "id": call.world.library.owner_id},
    "place": lambda call, album: None,
    "event": lambda call, album: None,
    "created_time": lambda call, album: graph_date(album.created),
    "updated_time": _updated,
    "backdated_time": lambda call, album: None,
    "modified_major": _updated,
    "backdated_time_granularity": lambda call, album: "none",
    "can_upload": lambda call, album: album.type not in ("profile", "cover"),
    "can_backdate": lambda call, album: False,
    "is_user_facing": lambda call, album: True,
    "edit_link": lambda call, album: f"https://www.facebook.com/editalbum.php?aid={album.id}",
    "picture": lambda call, album: (
        {"data": {"is_silhouette": False, "url": picture_url(call, item)}}
        if (item := cover_item(call, album))
        else None
    ),
}
ALBUM_EDGES = ("photos", "comments", "likes", "reactions", "sharedposts")

_ACCOUNT: dict[str, Reader] = {
    "id": lambda call, owner: owner,
    "name": lambda call, owner: call.world.library.owner_name,
    "link": lambda call, owner: f"https://www.facebook.com/{owner}",
}
USER: dict[str, Reader] = _ACCOUNT | {
    "first_name": lambda call, owner: call.world.library.owner_name.split(" ")[0],
    "last_name": lambda call, owner: call.world.library.owner_name.split(" ")[-1],
    "email": lambda call, owner: None,
    "picture": lambda call, owner: {"data": {"height": 50, "is_silhouette": True, "url": call.world.url, "width": 50}},
}
PAGE: dict[str, Reader] = _ACCOUNT | {
    "category": lambda call, owner: "Photographer",
    "about": lambda call, owner: "Pictures",
    "fan_count": lambda call, owner: 42,
    "access_token": lambda call, owner: call.world.access.page_token.text,
}
ACCOUNT_EDGES = ("albums", "photos", "videos", "permissions", "accounts")

DEFAULTS = {
    "Album": ("created_time", "name", "id"),
    "Photo": ("created_time", "name", "id"),
    "Video": ("updated_time", "description", "id"),
    "User": ("name", "id"),
    "Page": ("name", "id"),
}
TYPES: dict[str, tuple[dict[str, Reader], tuple[str, ...]]] = {
    "Photo": (PHOTO, PHOTO_EDGES),
    "Video": (VIDEO, VIDEO_EDGES),
    "Album": (ALBUM, ALBUM_EDGES),
    "User": (USER, ACCOUNT_EDGES),
    "Page": (PAGE, ACCOUNT_EDGES),
}
