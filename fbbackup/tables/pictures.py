"""Datasette's plugin: thumbnails in the cells that hold a photo's id, and the address that hands them out."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

from datasette import Response, hookimpl
from markupsafe import Markup

from fbbackup.catalog import gallery
from fbbackup.stores.tree import Tree
from fbbackup.tables.metadata import DATABASE
from fbbackup.web.posters import poster
from fbbackup.web.shelf import Shelf

_WITH_PHOTOS = frozenset(("photos", "library", "timeline", "missing", "gone"))
_ALWAYS = frozenset(("photo_id", "cover_photo_id"))
_EMPTY = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60"><rect width="90" height="60" fill="#ddd"/>'
    '<path d="M30 20h30v20H30z" fill="none" stroke="#999"/></svg>'
)
_HEADERS = {"content-security-policy": "default-src 'none'; sandbox", "x-content-type-options": "nosniff"}


class Pictures:
    """The plugin for one archive."""

    def __init__(self, root: Path, size: int) -> None:
        self.__name__ = "fbbackup"  # Datasette asks plugins for it, as if they were modules.
        self._root, self._size = root, size
        self._tree: Tree | None = None
        self._shelf = Shelf()

    @hookimpl  # type: ignore[untyped-decorator]
    def render_cell(self, value: object, column: str, table: str | None, database: str) -> Markup | None:
        """The thumbnail above the id; None for every other cell."""
        shows = column in _ALWAYS or (column == "id" and table in _WITH_PHOTOS)
        if database != DATABASE or not shows or not isinstance(value, str) or not value:
            return None
        name = quote(value, safe="")
        return Markup(
            '<a href="/{0}/library?id={1}"><img src="/-/thumbnails/{1}" height="90" loading="lazy" alt=""></a><br>{2}'
        ).format(DATABASE, name, value)

    @hookimpl  # type: ignore[untyped-decorator]
    def register_routes(self) -> list[tuple[str, Any]]:
        return [(r"^/-/thumbnails/(?P<id>[^/]+)$", self.thumbnail)]

    async def thumbnail(self, datasette: Any, request: Any) -> Any:
        """A photo's thumbnail, or a drawn frame for what has none."""
        await datasette.ensure_permissions(request.actor, ["view-instance"])
        photo_id = request.url_vars["id"]
        found = await datasette.get_database(DATABASE).execute_fn(lambda db: gallery.file_of(db, photo_id))
        body = None
        if found is not None and (tree := await asyncio.to_thread(self._opened)) is not None:
            body = await self._shelf.thumbnail(tree, found, self._size)
        if body is None:
            video = found is not None and found.content_type.startswith("video/")
            return Response(
                poster(found.width, found.height).decode() if video else _EMPTY,
                headers=_HEADERS,
                content_type="image/svg+xml",
            )
        return Response(body, headers={**_HEADERS, "cache-control": "private, max-age=3600"}, content_type="image/webp")

    def _opened(self) -> Tree | None:
        if self._tree is None and self._root.is_dir():
            self._tree = Tree(self._root)
        return self._tree

    def close(self) -> None:
        if self._tree is not None:
            self._tree.close()
