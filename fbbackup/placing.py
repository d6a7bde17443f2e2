"""Where new bytes go: equal bytes are stored once, and each file gets the first key that nothing else has.

What workers have stored at the same time is gathered into groups that share one directory sync and one commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from fbbackup.catalog import Catalog, downloads
from fbbackup.catalog.downloads import Slot
from fbbackup.errors import DownloadError, KeyTaken
from fbbackup.models import StoredFile
from fbbackup.protocols import Staged, Store

T = TypeVar("T")

GROUP = 64
"""Files that share one directory sync and one commit at most."""

SUFFIXES = 100


class Placing:
    """Hands out keys to workers that store at the same time; of workers with equal bytes only the first one stores.

    With `looking` a recorded file is believed only if it is there with its size.
    """

    def __init__(self, catalog: Catalog, store: Store, *, looking: bool = False) -> None:
        self._catalog, self._store, self._looking = catalog, store, looking
        self._storing: dict[str, asyncio.Future[None]] = {}

    async def put(self, new: StoredFile, body: bytes) -> StoredFile:
        """Stores a body, unless it is there; says under which key. Raises what the store raises, and DownloadError."""
        slot = await self._slot(new)
        if slot.stored:
            return replace(new, key=slot.key)
        return await self._first_free(new, slot, lambda free: self._store.put(free, body, new.sha256))

    async def keep(self, staged: Staged, key: str) -> StoredFile:
        """The same for staged bytes, which are discarded when they are there."""
        new = StoredFile(key, staged.sha256, staged.size)
        slot = await self._slot(new)
        if slot.stored:
            await self._store.discard(staged)
            return replace(new, key=slot.key)
        return await self._first_free(new, slot, lambda free: self._store.keep(staged, free))

    def settled(self, digest: str) -> None:
        """These bytes are on record, or will not be."""
        storing = self._storing.pop(digest, None)
        if storing is not None and not storing.done():
            storing.set_result(None)

    async def _slot(self, wanted: StoredFile) -> Slot:
        """Where these bytes are already, or belong; waits for a file with them that is being stored this moment."""
        while (storing := self._storing.get(wanted.sha256)) is not None:
            await asyncio.wait([storing])
        slot = await self._catalog.read(downloads.slot, wanted.sha256, wanted.key)
        if slot.stored and self._looking:
            (found,) = await asyncio.to_thread(self._store.sizes, [slot.key])
            slot = replace(slot, stored=found == wanted.bytes)
        if slot.stored:
            return slot
        if wanted.sha256 in self._storing:
            return await self._slot(wanted)
        self._storing[wanted.sha256] = asyncio.get_running_loop().create_future()
        return slot

    async def _first_free(
        self, wanted: StoredFile, slot: Slot, store: Callable[[str], Awaitable[StoredFile]]
    ) -> StoredFile:
        """Stores under the first free key; whoever has equal bytes waits until they are `settled`."""
        try:
            return await at_free_key(self._catalog, slot, wanted.key, store)
        except BaseException:
            self.settled(wanted.sha256)
            raise


async def gathered(done: asyncio.Queue[T | None]) -> AsyncIterator[list[T]]:
    """What workers hand over until None comes, as much at a time as has gathered during the last commit."""
    ended = False
    while not ended:
        group: list[T] = []
        item = await done.get()
        while item is not None:
            group.append(item)
            if len(group) == GROUP or done.empty():
                break
            item = done.get_nowait()
        ended = item is None
        if group:
            yield group


async def at_free_key(
    catalog: Catalog, slot: Slot, key: str, store: Callable[[str], Awaitable[StoredFile]]
) -> StoredFile:
    """Stores under the first of `free_keys` that nothing has. Raises DownloadError when all are taken."""
    async for candidate in free_keys(catalog, slot, key):
        try:
            return await store(candidate)
        except KeyTaken:
            continue
    raise DownloadError(f"every name like {key} is taken", final=True)


async def free_keys(catalog: Catalog, slot: Slot, key: str) -> AsyncIterator[str]:
    """The slot's key, then `…-2`, `…-3`: for other bytes of the same photo. None that is on record for others."""
    if not slot.taken:
        yield slot.key
    stem, dot, extension = key.rpartition(".")
    for candidate in (key, *(f"{stem}-{number}{dot}{extension}" for number in range(2, SUFFIXES))):
        if candidate != slot.key and not await catalog.read(downloads.is_recorded, candidate):
            yield candidate
