"""Answers of the legacy interface (`docs/legacy.md`) that somebody saved: XML or JSON, told apart by their content."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from fbbackup.mentions import AlbumFound, Media, Mention, NotUnderstood, Piece, Problem
from fbbackup.models import Album
from fbbackup.sources.export.names import folded
from fbbackup.sources.legacy import Node, Refused, UnreadableAnswer, read_answer
from fbbackup.sources.legacy.nodes import ADDRESSES, BadNode, album_from_node, photo_from_node

LARGEST = 8 << 20
HEAD = 4096
RULE = "the pid of a saved answer"
_XML = re.compile(rb"<(?:\w+:)?(?:photos_\w+|error)_response\b|<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_JSON = re.compile(rb"""["'](?:pid|aid|error_code)["']\s*:""")
_OF_PHOTO = frozenset((*ADDRESSES, "caption", "created", "link"))


def is_answer(head: bytes) -> bool:
    """Whether a text that begins so is an answer of the legacy interface."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n|")
    if start[:1] == b"<":
        return not start[:200].lower().startswith((b"<!doctype html", b"<html")) and bool(_XML.search(head))
    return bool(_JSON.search(head) or re.match(rb"[A-Za-z_$][\w$.]*\s*\(", start))


@dataclass(slots=True)
class _Shelf:
    """An album as far as the answers tell: what it is called, and its photos."""

    album: Album
    photo_ids: dict[str, None] = field(default_factory=dict)
    origin: str = ""


class SavedAnswers:
    """Reads answers one after the other and gathers their albums. `named` finds a picture by its file name."""

    def __init__(self, named: Callable[[str], Media | None]) -> None:
        self._named = named
        self._shelves: dict[str, _Shelf] = {}

    def read(self, body: bytes, text: Media, as_of: str) -> Iterator[Piece]:
        """The photos of an answer; what is no photo and no album is told."""
        try:
            nodes = read_answer(body)
        except Refused as refused:
            yield Problem(f"{text.part}: {text.path}: the service answered with {refused} and no photos")
            return
        except UnreadableAnswer as odd:
            yield Problem(f"{text.part}: {text.path}: {odd}")
            return
        for node in nodes:
            try:
                yield from self._node(node, text, as_of)
            except BadNode as bad:
                yield Problem(f"{text.part}: {text.path}: {bad}")

    def _node(self, node: Node, text: Media, as_of: str) -> Iterator[Piece]:
        if "pid" not in node and "aid" in node:
            album = album_from_node(node)
            self._shelf(album.remote_id, text).album = album
        elif _OF_PHOTO & node.keys():
            yield self._photo(node, text, as_of)
        else:
            yield NotUnderstood(text.path, " ".join(sorted(node))[:100], 1, str(node)[:1000])

    def _photo(self, node: Node, text: Media, as_of: str) -> Mention:
        photo = photo_from_node(node)
        if photo.album is not None:
            self._shelf(photo.album.remote_id, text).photo_ids[photo.id] = None
        media = next((found for one in photo.variants if (found := self._named(one.url)) is not None), None)
        if media is not None and media.photo_id is None:
            media.photo_id = photo.id
        url = photo.largest.url if photo.largest else ""
        return Mention(
            photo.id, text.path, RULE, url, as_of, caption=photo.caption, link=photo.link, created_at=photo.created_at,
            raw=photo.raw, found=media is not None, lacks_file=None if media else _why(url),
        )  # fmt: skip

    def _shelf(self, album_id: str, text: Media) -> _Shelf:
        title = f"Album {album_id.partition(':')[2]}"
        return self._shelves.setdefault(album_id, _Shelf(Album(album_id, title), origin=text.path))

    def albums(self) -> Iterator[AlbumFound]:
        """The albums of all answers read so far."""
        for shelf in self._shelves.values():
            ids = tuple(shelf.photo_ids)
            album = shelf.album if shelf.album.title else replace(shelf.album, title="Untitled album")
            yield AlbumFound(album, ids, shelf.origin)


def _why(url: str) -> str:
    if not url:
        return "the saved answer has no address for its picture"
    return f"the saved answer has only the address of its picture, and no part has the picture: {url[:300]}"


def by_file_name(pictures: list[Media]) -> Callable[[str], Media | None]:
    """Finds the one picture that is called like the end of an address."""
    found: dict[str, list[Media]] = {}
    for picture in pictures:
        found.setdefault(folded(PurePosixPath(picture.path).name), []).append(picture)

    def named(url: str) -> Media | None:
        try:
            name = PurePosixPath(unquote(urlsplit(url).path)).name
        except ValueError:
            return None
        same = [picture for picture in found.get(folded(name), ()) if picture.size]
        return same[0] if len({picture.mark for picture in same}) == 1 else None

    return named
