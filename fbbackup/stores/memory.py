"""The store for tests: a dict that also knows what a power cut would leave of it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from itertools import accumulate

from fbbackup.errors import ArchiveUnusable, KeyTaken
from fbbackup.models import Reading, StoredFile
from fbbackup.protocols import Staged
from fbbackup.stores.keys import STAGING, split_derived, split_key, split_move, split_prefix

_HEAD = 4096


class MemoryStore:
    """A Store (see `fbbackup.protocols`) that forgets everything with the process."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._durable: set[str] = set()
        self._derived: set[str] = set()
        self._staged: dict[str, bytes] = {}
        self._folders: set[str] = set()
        self._parts = 0

    @property
    def warnings(self) -> Sequence[str]:
        return ()

    def survivors(self) -> dict[str, bytes]:
        """What is promised to be there after a power cut now; a real disk may happen to keep more."""
        return {key: body for key, body in self._files.items() if key in self._durable}

    async def put(self, key: str, body: bytes, digest: str | None = None) -> StoredFile:
        self._make_room(key)
        if self._files.setdefault(key, bytes(body)) != body:
            raise KeyTaken(f"{key} already holds other bytes")
        return StoredFile(key, hashlib.sha256(body).hexdigest(), len(body))

    async def stage(self, chunks: AsyncIterator[bytes]) -> Staged:
        body = b"".join([chunk async for chunk in chunks])
        self._parts += 1
        name = f"{self._parts}.part"
        self._staged[f"{STAGING}/{name}"] = body
        return Staged(name, hashlib.sha256(body).hexdigest(), len(body), body[:_HEAD])

    async def keep(self, staged: Staged, key: str) -> StoredFile:
        split_key(key)
        part = f"{STAGING}/{staged.name}"
        if part not in self._staged:
            raise ArchiveUnusable(f"{part} is gone; run again")
        file = await self.put(key, self._staged[part])
        del self._staged[part]
        return file

    async def replace(self, staged: Staged, key: str) -> StoredFile:
        split_derived(key)
        part = f"{STAGING}/{staged.name}"
        if part not in self._staged:
            raise ArchiveUnusable(f"{part} is gone; run again")
        self._make_room(key)
        self._files[key] = self._staged.pop(part)
        self._durable.discard(key)
        return StoredFile(key, staged.sha256, staged.size)

    async def discard(self, staged: Staged) -> None:
        self._staged.pop(f"{STAGING}/{staged.name}", None)

    async def settle(self, keys: Sequence[str]) -> None:
        for key in keys:
            split_key(key)
        self._durable.update(key for key in keys if key in self._files)

    async def secure(self, keys: Sequence[str]) -> None:
        await self.settle(keys)

    async def put_derived(self, key: str, body: bytes) -> None:
        self._make_room(key)
        self._files[key] = bytes(body)
        self._durable.discard(key)
        self._derived.add(key)

    async def sync_derived(self) -> None:
        self._durable |= self._derived
        self._derived.clear()

    async def read(self, key: str) -> AsyncIterator[bytes]:
        split_key(key)
        if body := self._files[key]:
            yield body

    def chunks(self, key: str) -> Iterator[bytes]:
        """Like `read`, for callers without an event loop."""
        split_key(key)
        return iter([self._files[key]])

    def sizes(self, keys: Sequence[str]) -> list[int | None]:
        for key in keys:
            split_key(key)
        return [len(self._files[key]) if key in self._files else None for key in keys]

    def digests(self, keys: Sequence[str], stop: threading.Event | None = None) -> list[Reading | None]:
        for key in keys:
            split_key(key)
        bodies = [self._files.get(key) for key in keys]
        return [None if body is None else Reading(hashlib.sha256(body).hexdigest(), len(body)) for body in bodies]

    def keys(self, prefix: str, without: Collection[str] = ()) -> Iterator[tuple[str, int]]:
        folders = split_prefix(prefix)
        files = self._staged if folders == (STAGING,) else self._files
        below = "".join(f"{part}/" for part in folders)
        found = ((key, len(body)) for key, body in files.items() if key.startswith(below))
        return iter(sorted((key, size) for key, size in found if key[len(below) :].split("/")[0] not in without))

    async def move(self, key: str, to: str) -> None:
        split_move(key, to)
        if key not in self._files:
            raise KeyError(key)
        if to in self._files:
            raise KeyTaken(f"{to} is taken")
        self._make_room(to)
        self._files[to] = self._files.pop(key)
        self._durable.discard(key)

    async def delete(self, key: str) -> None:
        split_key(key)
        self._files.pop(key, None)
        self._durable.discard(key)
        self._derived.discard(key)

    def _make_room(self, key: str) -> None:
        """Refuses what a disk refuses: a file and a folder of the same name."""
        above = set(accumulate(split_key(key)[:-1], "{}/{}".format))
        if not above.isdisjoint(self._files):
            raise ArchiveUnusable(f"a folder of {key} is a file")
        if key in self._folders:
            raise KeyTaken(f"{key} is taken by a folder")
        self._folders |= above
