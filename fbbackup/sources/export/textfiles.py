"""What kind of file a JSON text of an export is: by its shape first, by its name where the shape is silent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from fbbackup.mentions import AlbumFound, Media, Mention, NotUnderstood, Owner, Piece
from fbbackup.models import Album
from fbbackup.sources.export import known, values
from fbbackup.sources.export.known import Seen
from fbbackup.sources.export.labels import owner_in
from fbbackup.sources.export.names import album_of, folded, name_of
from fbbackup.sources.export.pages import HtmlPage, album_id_of, mention_of
from fbbackup.sources.export.repair import repaired, words, writable
from fbbackup.sources.export.shapes import ALBUM_WEIGHT, MEDIA_WEIGHT, Reading, mentions

MOST_HELD = 8 << 20
"""Bytes of an object's values that wait for each other; what comes behind is read by itself."""

OUTSIDE = Album("uploads", "Uploads outside albums", "uploads", virtual=True)
_CONTAINERS = (
    ("trash", Album("export:trash", "Trash", "trash", virtual=True)),
    ("stories", Album("export:stories", "Stories", "stories", virtual=True)),
    ("reels", Album("export:reels", "Reels", "reels", virtual=True)),
    ("archive", Album("export:archive", "Archive", "archive", virtual=True)),
    ("videos", Album("videos", "Videos", "videos", virtual=True)),
)
_LISTS = frozenset(
    {"other_photos_v2", "other_photos", "photos", "videos_v2", "videos", "profile_posts_v2", "archived_stories_v2",
     "archived_stories", "lasso_videos_v2", "stories_v2", "your_posts", "posts", "trash_v2", "archive_v2",
     "status_updates", "edits_you_made_to_posts_v2", "birthday_media_v2", "media_used_for_memories_v2", "messages",
     "profile_posts", "uncategorized_photos", "check_ins_v2", "other_videos_v2", "reels_v2"}
)  # fmt: skip
_KINDS = {"profilepictures": "profile", "coverphotos": "cover", "mobileuploads": "mobile", "timelinephotos": "wall"}
_TOGETHER = known.ALBUM | known.POST | known.THREAD | known.PHOTO
"""Keys whose values make sense together only: of a lone post, an album, a conversation."""


class TextFile:
    """One JSON file while its items come in."""

    def __init__(self, media: Media, as_of: str, resolved: Callable[[Mention], Mention]) -> None:
        self.origin, self.as_of = media.path, as_of
        self._resolved = resolved
        self.seen = Seen()
        self.understood = False
        self._members: list[str] = []
        self._folders: set[str | None] = set()
        self._single: dict[str, Any] = {}
        self._lists: set[str] = set()
        self._held = 0
        self._met: set[str | None] = set()

    def read(self, items: Iterator[tuple[str | None, Any]]) -> Iterator[Piece]:
        """Everything in the file; its album last. Raises what `items` raises."""
        try:
            for key, item in items:
                yield from self._item(key, item)
        finally:
            # What came before a damaged place is worth keeping, its album too.
            yield from self._end()

    def read_page(self, page: HtmlPage) -> Iterator[Piece]:
        """Everything in a page of an HTML export; its album last."""
        for shown in page.shown:
            mention = self._resolved(mention_of(shown, self.origin, self.as_of))
            self._members.append(mention.id)
            self._folders.add(album_of(mention.uri))
            yield mention
        self.understood = bool(page.shown)
        name = words(owner_in(page.labels))
        if name and PurePosixPath(self.origin).stem == "profile_information":
            self.understood = True
            yield Owner(name)
        known = album_id_of(self.origin)
        if known or PurePosixPath(self.origin).parent.name == "album":
            self._single = {"name": page.title}
            self._folders = {known} if known else self._folders
            if self._members:
                yield self._album_found()
        else:
            yield from self._group(self._container())

    def _item(self, key: str | None, item: Any) -> Iterator[Piece]:
        if key is None or key in _LISTS:
            self._met |= {key}
            if isinstance(item, dict | list):
                before = len(self._members)
                yield from self._photos(item, MEDIA_WEIGHT if key is None else self._weight(key))
                if key in _LISTS or len(self._members) > before or (isinstance(item, dict) and _is_post(item)):
                    self.understood = True
                else:
                    self.seen.note("(item)", item)
            elif item:
                self.seen.note(key or "(item)", item)
        elif key in ("profile_v2", "profile") and isinstance(item, dict):
            yield from self._owner(item)
        elif key in _TOGETHER and self._held <= MOST_HELD:
            self._collect(key, item)
        else:
            yield from self._unknown(key, item)

    def _unknown(self, key: str, item: Any) -> Iterator[Piece]:
        """What a key means that nobody knows is not guessed, but its pictures come in."""
        before = len(self._members)
        if isinstance(item, dict | list):
            yield from self._photos(item, MEDIA_WEIGHT, noting=False)
        self.understood = self.understood or len(self._members) > before
        self.seen.note(key, item)

    def _collect(self, key: str, item: Any) -> None:
        """Values of an object; elements of a list come one by one and are put together again."""
        self._held += len(values.raw_text(item))
        if key not in self._single:
            self._single[key] = item
        elif key in self._lists:
            self._single[key].append(item)
        else:
            self._single[key] = [self._single[key], item]
            self._lists.add(key)

    def _weight(self, key: str) -> int:
        return ALBUM_WEIGHT if key in ("photos", "videos") else MEDIA_WEIGHT

    def _photos(self, item: Any, weight: int, *, noting: bool = True) -> Iterator[Mention]:
        reading = Reading(self.origin, self.as_of, self.seen, weight)
        if self._is_messages():
            names = known.MESSAGE | known.INSIDE_POST
            reading = replace(reading, top=names, inside=names)
        for mention in mentions(item, reading, noting=noting):
            mention = self._resolved(mention)
            self._members.append(mention.id)
            self._folders.add(album_of(mention.uri))
            yield mention

    def _owner(self, item: dict[str, Any]) -> Iterator[Piece]:
        self.understood = True
        name = item.get("name")
        full = words(name.get("full_name") if isinstance(name, dict) else name)
        if full:
            yield Owner(full, words(item.get("username")))

    def _end(self) -> Iterator[Piece]:
        single = self._single
        if "name" in single and (self._members or self._is_album()):
            self.understood = True
            yield from self._cover()
            yield self._album_found()
            self._note(known.ALBUM)
        elif "participants" in single or self._is_messages():
            self.understood = True
            if "image" in single:
                yield from self._photos(single["image"], MEDIA_WEIGHT)
            yield from self._group(self._conversation())
            self._note(known.THREAD)
        else:
            if single:
                # A lone post or check-in stands where a list is usual.
                yield from self._photos(single, MEDIA_WEIGHT)
                self.understood = self.understood or bool(self._members) or _is_post(single)
                if not (self._members or _is_post(single)):
                    self._note(frozenset(key for key in single if values.key_text(key) in self.seen.keys))
            yield from self._group(self._container())
        for key, met in sorted(self.seen.keys.items()):
            yield NotUnderstood(self.origin, key, met.count, met.raw)

    def _is_album(self) -> bool:
        """Whether a text without photos is an album all the same, an empty one."""
        signs = {"cover_photo", "last_modified_timestamp"} & self._single.keys()
        return bool(signs) or "photos" in self._met or PurePosixPath(self.origin).parent.name == "album"

    def _cover(self) -> Iterator[Mention]:
        """The cover, where the album's list lacks it and its picture is there."""
        cover = self._single.get("cover_photo")
        if isinstance(cover, dict) and isinstance(cover.get("uri"), str):
            for mention in mentions(cover, Reading(self.origin, self.as_of, self.seen, ALBUM_WEIGHT)):
                mention = self._resolved(mention)
                if mention.found and mention.id not in self._members:
                    self._members.append(mention.id)
                    self._folders.add(album_of(mention.uri))
                    yield mention

    def _note(self, known: frozenset[str]) -> None:
        for key, value in self._single.items():
            if key not in known:
                self.seen.note(key, value)

    def _group(self, album: Album) -> Iterator[Piece]:
        if self._members:
            yield AlbumFound(album, tuple(dict.fromkeys(self._members)), self.origin)

    def _container(self) -> Album:
        """The album of what is in no album: by the words in the path, which are English in every export (G.1)."""
        name = folded(PurePosixPath(self.origin).name)
        folder = folded(PurePosixPath(self.origin).parent.name)
        for word, album in _CONTAINERS:
            if word in name or (word == folder and word in ("stories", "reels")):
                if word == "videos" and "posts" in name:
                    continue
                return album
        return OUTSIDE

    def _is_messages(self) -> bool:
        return "messages" in folded(self.origin).split("/")

    def _conversation(self) -> Album:
        title = words(self._single.get("title")) or PurePosixPath(self.origin).parent.name
        made = f"export:messages:{PurePosixPath(self.origin).parent.name}"
        return Album(writable(repaired(made)), title, "messages", virtual=True)

    def _album_found(self) -> AlbumFound:
        single = self._single
        cover = single.get("cover_photo")
        cover_uri = cover.get("uri") if isinstance(cover, dict) else None
        cover_id = name_of(writable(repaired(cover_uri))).id if isinstance(cover_uri, str) else None
        folders = {folder for folder in self._folders if folder}
        if not self._members and isinstance(cover_uri, str):
            folders = {folder for folder in (album_of(cover_uri),) if folder}
        title = words(single.get("name")) or ""
        ids = tuple(dict.fromkeys(self._members))
        known = folders.pop() if len(folders) == 1 else None
        album = Album(
            remote_id=known or made_up_album(title, ids),
            title=title,
            kind=self._kind(cover_uri),
            description=words(single.get("description")),
            link=f"https://www.facebook.com/media/set/?set=a.{known}" if known else None,
            cover_photo_id=cover_id if cover_id in ids else None,
            remote_count=len(ids),
            updated_at=values.moment(single.get("last_modified_timestamp")),
            raw=values.raw_text({key: value for key, value in single.items() if key != "photos"}),
        )
        return AlbumFound(album, ids, self.origin)

    def _kind(self, cover_uri: Any) -> str:
        """Facebook's own albums have English folder names whatever the language of the account."""
        folder = PurePosixPath(cover_uri).parent.name if isinstance(cover_uri, str) else ""
        return _KINDS.get(folded(folder.partition("_")[0]), "normal")


def made_up_album(title: str, ids: tuple[str, ...]) -> str:
    """An id for an album that has none in the export; its colon keeps it apart from Facebook's."""
    from hashlib import sha256

    return "export:" + sha256("\n".join((title, min(ids, default=""))).encode("utf-8", "replace")).hexdigest()[:24]


def _is_post(item: dict[str, Any]) -> bool:
    return "timestamp" in item and bool({"data", "attachments", "title", "label_values"} & item.keys())
