"""Photos by id at a server that knows no such question: where they were seen, then in every list to its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from fbbackup.errors import ItemError
from fbbackup.models import Absence, Answers, Photo
from fbbackup.sources.rpc.answers import Item
from fbbackup.sources.rpc.api import Denied, RpcApi
from fbbackup.sources.rpc.listing import Lists, Part
from fbbackup.sources.rpc.nodes import BadItem, Server, identifier, photo_from_item

MOST_REMEMBERED = 300_000
DENIED = "every list was read to its end without it: it does not exist"


class Lookup:
    """Remembers where ids were seen, so that a fresh address costs one call a page and not the whole library."""

    def __init__(self, api: RpcApi, server: Server, state: dict[str, Any]) -> None:
        self._api, self._server, self._state = api, server, state
        self._where: dict[str, tuple[str, int]] = {}

    def saw(self, album: str, part: Part) -> None:
        """Notes where the items of a part are."""
        if len(self._where) < MOST_REMEMBERED:
            self._where.update((identifier(item), (album, part.offset)) for item in part.items)

    async def photos(self, ids: Sequence[str]) -> Answers:
        """One answer for each id: the photo, or its denial when all lists were read to the end without it."""
        wanted = dict.fromkeys(ids)
        found: dict[str, Photo] = {}
        for album, offset in sorted({self._where[id_] for id_ in wanted if id_ in self._where}):
            try:
                chunk = await self._api.ask("photos", album, offset)
            except ItemError:
                continue
            self._pick(chunk.items, wanted, found)
        doubt = ""
        if len(found) < len(wanted):
            doubt = await self._search(wanted, found)
        left = [id_ for id_ in wanted if id_ not in found]
        said = tuple(Absence(id_, doubt or DENIED) for id_ in left)
        return Answers(tuple(found.values()), () if doubt else said, said if doubt else ())

    def _pick(self, items: Sequence[Item], wanted: dict[str, None], found: dict[str, Photo]) -> None:
        for item in items:
            try:
                photo = photo_from_item(item, self._server)
            except BadItem:
                continue
            if photo.id in wanted:
                found.setdefault(photo.id, photo)

    async def _search(self, wanted: dict[str, None], found: dict[str, Photo]) -> str:
        """Reads everything until all are found; returns why the search was not whole, empty when it was."""
        lists = Lists(self._api)
        try:
            async for album in self._album_names(lists):
                async for part in lists.all("photos", album):
                    self.saw(album, part)
                    self._pick(part.items, wanted, found)
                    if len(found) == len(wanted):
                        return ""
        except ItemError as error:
            return str(error)
        return ""

    async def _album_names(self, lists: Lists) -> AsyncIterator[str]:
        """The name of the list of all photos, where the server has it, and of every album."""
        try:
            await self._api.ask("photos", "", 0, 1)
        except Denied:
            if self._state.get("lists_all"):
                raise
        else:
            yield ""
        names = [identifier(item) async for part in lists.all("albums") for item in part.items]
        for name in names:
            yield name
