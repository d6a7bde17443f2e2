"""Thumbnails and file facts that were asked for recently, bounded in memory."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from fbbackup.catalog import gallery
from fbbackup.catalog.gallery import File
from fbbackup.errors import BadPicture
from fbbackup.stores.tree import Tree
from fbbackup.thumbnails import make
from fbbackup.web.readers import Readers

THUMBNAIL_MEMORY = 24 << 20
LARGEST_TO_SHRINK = 64 << 20
FACTS_REMEMBERED = 20_000


class Shelf:
    """Recently asked thumbnails and file facts, bounded in memory."""

    def __init__(self) -> None:
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._facts: OrderedDict[str, File] = OrderedDict()
        self._making = asyncio.Semaphore(1)

    def facts(self, readers: Readers, photo_id: str, version: str) -> File | None:
        """A photo's current file; remembered while the asked version is the remembered one."""
        found = self._facts.get(photo_id)
        if found is not None and version and found.sha256.startswith(version):
            return found
        found = readers.ask_now(gallery.file_of, photo_id)
        if found is not None:
            self._facts[photo_id] = found
            if len(self._facts) > FACTS_REMEMBERED:
                self._facts.popitem(last=False)
        return found

    def at_hand(self, photo_id: str, version: str) -> tuple[File, bytes] | None:
        """A remembered thumbnail of a photo in just this version."""
        file = self._facts.get(photo_id)
        if file is None or not file.sha256.startswith(version):
            return None
        body = self._bodies.get(file.sha256)
        if body is None:
            return None
        self._bodies.move_to_end(file.sha256)
        return file, body

    async def thumbnail(self, tree: Tree, file: File, size: int) -> bytes | None:
        """A picture's thumbnail: the stored one, else one made now; None when none can be made."""
        body = self._bodies.get(file.sha256)
        if body is not None:
            self._bodies.move_to_end(file.sha256)
            return body
        body = await asyncio.to_thread(_stored_thumbnail, tree, file)
        if body is None and file.content_type.startswith("image/"):
            async with self._making:
                body = await asyncio.to_thread(_made_thumbnail, tree, file, size)
        if body is not None:
            self._bodies[file.sha256] = body
            self._size += len(body)
            while self._size > THUMBNAIL_MEMORY:
                self._size -= len(self._bodies.popitem(last=False)[1])
        return body


def _stored_thumbnail(tree: Tree, file: File) -> bytes | None:
    if file.thumbnail_size is None:
        return None
    try:
        return tree.piece(f"thumbnails/{file.thumbnail_size}/{file.sha256[:2]}/{file.sha256}.webp", 0)[0]
    except KeyError:
        return None


def _made_thumbnail(tree: Tree, file: File, size: int) -> bytes | None:
    if file.bytes > LARGEST_TO_SHRINK:
        return None
    try:
        body = b""
        while len(body) < file.bytes:
            piece = tree.piece(file.key, len(body))[0]
            if not piece:
                return None
            body += piece
        return make(body, size)
    except (KeyError, BadPicture):
        return None
