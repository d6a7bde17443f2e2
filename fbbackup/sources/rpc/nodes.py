"""From the items of an RPC server to the program's own: the one place where its terms are translated."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from fbbackup.models import Album, Kind, Photo, Variant
from fbbackup.sources.rpc.answers import Item, whole

_LONGEST_ID = 200
_OLDEST = datetime(1826, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 100_000_000_000  # as seconds, the year 5138
_PAGES_OF = ("facebook.com", "fb.com", "instagram.com")
_PICTURES = ("jpg", "jpeg", "png", "gif", "webp", "avif", "heic", "bmp", "tif", "tiff")


class BadItem(Exception):
    """An item without the id that it has to have."""


@dataclass(slots=True)
class Server:
    """What is known of the server: its address, and whether it is an fbbackup, which also hands out originals."""

    root: str
    has_originals: bool = False

    def absolute(self, value: Any) -> str | None:
        """An address of the server's, which may be relative to its root; None for what is no address."""
        text = value.strip() if isinstance(value, str) else ""
        if not text or not text.isprintable():
            return None
        try:
            url = urljoin(self.root + "/", text)
            parts, own = urlsplit(url), urlsplit(self.root)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                return None
            if (parts.scheme, own.scheme, parts.hostname) == ("http", "https", own.hostname):
                # A server behind a proxy doesn't know that it is reached by https.
                parts = parts._replace(scheme="https", netloc=own.netloc)
            return parts.geturl()
        except ValueError:
            return None

    def shown_by(self, thumbnail: str | None) -> str | None:
        """The id of the photo whose thumbnail this is at an fbbackup, None for any other address."""
        start = f"{self.root}/thumbnails/"
        if thumbnail is None or not thumbnail.startswith(start):
            return None
        photo_id, _, query = thumbnail.removeprefix(start).partition("?")
        return unquote(photo_id) if query.startswith("v=") and "/" not in photo_id else None

    def learn(self, thumbnail: str | None) -> None:
        """Notices an fbbackup by the address of a thumbnail."""
        self.has_originals = self.has_originals or self.shown_by(thumbnail) is not None


def identifier(item: Item) -> str:
    """An item's id as text, whether it came as text or as a number. Raises BadItem."""
    value = item.get("remoteId")
    found = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not found or not found.isprintable() or len(found) > _LONGEST_ID:
        raise BadItem("an item without a usable remoteId")
    return found


def photo_from_item(item: Item, server: Server) -> Photo:
    """One of `photos`. Raises BadItem without an id; anything else may be missing."""
    photo_id, metadata = identifier(item), _metadata(item)
    link, thumbnail = server.absolute(metadata.get("link")), server.absolute(item.get("thumbnail"))
    server.learn(thumbnail)
    kind = _kind(metadata, link, thumbnail, server)
    date = _moment(metadata.get("fileDate"))
    return Photo(
        id=photo_id,
        kind=kind,
        caption=_text(item.get("description")),
        title=_text(item.get("title")),
        link=link,
        file_date=date,
        file_date_source="created" if date else None,
        file_date_precision="second" if date else None,
        created_at=date,
        variants=_variants(photo_id, kind, (link, thumbnail), server),
        raw=_canonical(item),
    )


def album_from_item(item: Item, server: Server) -> Album:
    """One of `albums`. Raises BadItem without an id."""
    metadata, thumbnail = _metadata(item), server.absolute(item.get("thumbnail"))
    server.learn(thumbnail)
    count = whole(item.get("count"))
    return Album(
        remote_id=identifier(item),
        title=_text(item.get("title")) or "",
        description=_text(item.get("description")),
        link=server.absolute(metadata.get("link")),
        cover_photo_id=server.shown_by(thumbnail),
        remote_count=count if count is not None and count >= 0 else None,
        created_at=_moment(metadata.get("fileDate")),
        raw=_canonical(item),
    )


def _metadata(item: Item) -> Item:
    found = item.get("metadata")
    return found if isinstance(found, dict) else {}


def _kind(metadata: Item, link: str | None, thumbnail: str | None, server: Server) -> Kind:
    """A video only where its own bytes may be had; otherwise its thumbnail is a photo like any other."""
    announced = _text(metadata.get("contentType")) or ""
    if not announced.lower().startswith("video/"):
        return Kind.PHOTO
    own = server.has_originals and (thumbnail is None or server.shown_by(thumbnail) is not None)
    return Kind.VIDEO if own or _may_be_picture(link) else Kind.PHOTO


def _variants(
    photo_id: str, kind: Kind, addresses: tuple[str | None, str | None], server: Server
) -> tuple[Variant, ...]:
    """Where the picture may be, best first: the link, an fbbackup's original, the thumbnail."""
    link, thumbnail = addresses
    found: dict[str, Variant] = {}
    if link is not None and _may_be_picture(link):
        found[link] = Variant(link, format="link")
    if server.shown_by(thumbnail) == photo_id or (kind is Kind.VIDEO and server.has_originals):
        original = f"{server.root}/files/{quote(photo_id, safe='')}"
        found.setdefault(original, Variant(original, format="original"))
    if thumbnail is not None and kind is Kind.PHOTO:
        found.setdefault(thumbnail, Variant(thumbnail, format="thumbnail"))
    return tuple(found.values())


def _may_be_picture(link: str | None) -> bool:
    """Whether it is worth a look: permalinks of social networks are pages, unless they say otherwise."""
    parts = urlsplit(link or "")
    host = parts.hostname or ""
    if parts.path.rpartition(".")[2].lower() in _PICTURES:
        return True
    return bool(link) and not any(host == page or host.endswith("." + page) for page in _PAGES_OF)


def _text(value: Any) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def _moment(value: Any) -> datetime | None:
    """Unix seconds, also as text or in milliseconds, or a date in words; None for placeholders and nonsense."""
    found: datetime | None = None
    try:
        seconds = float(value) if isinstance(value, int | str) and not isinstance(value, bool) else math.nan
        if math.isfinite(seconds):
            found = _EPOCH + timedelta(seconds=seconds / 1000 if abs(seconds) >= _MILLISECONDS_FROM else seconds)
    except ValueError:
        found = _written(value)
    except OverflowError:
        return None
    if found is None or found == _EPOCH or not _OLDEST <= found <= datetime.now(UTC) + timedelta(days=1):
        return None
    return found.replace(microsecond=0)


def _written(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _canonical(item: Item) -> str:
    """The item as JSON that is the same at every listing: of a thumbnail only the path stays."""
    thumbnail = item.get("thumbnail")
    kept = {**item, "thumbnail": _path(thumbnail)} if isinstance(thumbnail, str) else item
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return url
