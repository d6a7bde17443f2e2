"""The store on a disk: `Tree` behind a pool of threads, with streams and grouped settling."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import aiofiles

from fbbackup.errors import ArchiveUnusable
from fbbackup.models import Reading, StoredFile
from fbbackup.protocols import Staged
from fbbackup.stores.disk import blaming
from fbbackup.stores.keys import split_key, split_prefix
from fbbackup.stores.tree import PIECE, Tree, new_part

_T = TypeVar("_T")
_HEAD = 4096

THREADS = 4
"""More wait for the same disk and for the interpreter lock, at a fifth more processor time."""


@dataclass(slots=True, eq=False)
class _Group:
    """Folders that several callers want settled; one of them does it for all."""

    folders: set[tuple[str, ...]] = field(default_factory=set)
    done: bool = False
    fault: ArchiveUnusable | None = None


class DirectoryStore:
    """A Store (see `fbbackup.protocols`) below `root`, which has to exist."""

    def __init__(self, root: Path, *, threads: int = THREADS) -> None:
        self.root = root
        self._tree = Tree(root)
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="store")
        self._settling = asyncio.Lock()
        self._next = _Group()

    @property
    def warnings(self) -> Sequence[str]:
        """What this file system can't promise, one line each."""
        return self._tree.warnings

    def close(self) -> None:
        """Waits for what is being written; comes before the archive's lock is given back."""
        self._executor.shutdown(wait=True)
        self._tree.close()

    async def put(self, key: str, body: bytes, digest: str | None = None) -> StoredFile:
        return await self._run(self._tree.put, key, body, digest)

    async def stage(self, chunks: AsyncIterator[bytes]) -> Staged:
        part = new_part()
        try:
            return await self._take_in(part, chunks)
        except BaseException:
            await self._run(self._tree.drop_part, part)
            raise

    async def keep(self, staged: Staged, key: str) -> StoredFile:
        """Like `put`; when it raises, the bytes are still staged."""
        return await self._run(self._tree.keep, staged.name, StoredFile(key, staged.sha256, staged.size))

    async def replace(self, staged: Staged, key: str) -> StoredFile:
        """Like `keep` over a file that is there; when it raises, the bytes are still staged."""
        return await self._run(self._tree.replace_by, staged.name, StoredFile(key, staged.sha256, staged.size))

    async def discard(self, staged: Staged) -> None:
        await self._run(self._tree.drop_part, staged.name)

    async def settle(self, keys: Sequence[str]) -> None:
        """Callers that come while others wait for the disk share the next round."""
        if not keys:
            return
        folders = {split_key(key)[:-1] for key in keys}
        group = self._next
        group.folders |= folders
        async with self._settling:
            if self._next is group:
                self._next = _Group()
            if not group.done:
                await self._settle(group)
        if group.fault:
            raise ArchiveUnusable(str(group.fault)) from group.fault

    async def secure(self, keys: Sequence[str]) -> None:
        there = await self._run(self._tree.sync_files, keys)
        await self.settle(there)

    async def _settle(self, group: _Group) -> None:
        try:
            await self._run(self._tree.settle, group.folders)
        except ArchiveUnusable as error:
            # It is told to the whole group: an fsync after a failed one succeeds without the names being there.
            group.fault = error
        group.done = True

    async def put_derived(self, key: str, body: bytes) -> None:
        await self._run(self._tree.replace, key, body)

    async def sync_derived(self) -> None:
        await self._run(self._tree.sync_everything)

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """Each piece opens the file anew, so that a reader who stops anywhere leaves nothing open."""
        offset, size = 0, 1
        while offset < size:
            piece, size = await self._run(self._tree.piece, key, offset)
            if not piece:
                return
            yield piece
            offset += len(piece)

    def chunks(self, key: str) -> Iterator[bytes]:
        """Like `read`, for callers without an event loop."""
        offset, size = 0, 1
        while offset < size:
            piece, size = self._tree.piece(key, offset)
            if not piece:
                return
            yield piece
            offset += len(piece)

    def sizes(self, keys: Sequence[str]) -> list[int | None]:
        return self._tree.sizes(keys)

    def digests(self, keys: Sequence[str], stop: threading.Event | None = None) -> list[Reading | None]:
        return self._tree.digests(keys, stop)

    def keys(self, prefix: str, without: Collection[str] = ()) -> Iterator[tuple[str, int]]:
        """Below the folder `prefix`; what has no portable name or is no plain file is left out, and staging
        unless it is the prefix."""
        return self._tree.walk(split_prefix(prefix), without)

    async def move(self, key: str, to: str) -> None:
        """Moves whatever has the name, a link or a folder too."""
        await self._run(self._tree.move, key, to)

    def unfinished(self) -> Iterator[str]:
        """Paths of files that interrupted runs left unfinished; also those of a run that is under way."""
        return iter(self._tree.unfinished())

    async def delete(self, key: str) -> None:
        """Deleting what is not there is no error, so that an interrupted purge can start again."""
        await self._run(self._tree.delete, key)

    def path(self, key: str) -> Path:
        """Where a reader finds the file of a key, whether or not there is one."""
        return self.root.joinpath(*split_key(key))

    def free_bytes(self) -> int:
        """How much this user may still write."""
        return self._tree.free_bytes()

    def clean_staging(self) -> int:
        """Removes what interrupted runs left in staging and tells how many; only for who holds the lock."""
        return self._tree.clean_staging()

    async def _run(self, work: Callable[..., _T], *arguments: object) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)

    async def _take_in(self, part: str, chunks: AsyncIterator[bytes]) -> Staged:
        digest, size, head = hashlib.sha256(), 0, b""
        with blaming(self.root):
            file = await aiofiles.open(part, "xb", opener=self._tree.create_part, executor=self._executor)
        try:
            async with aclosing(_pieces(chunks)) as pieces:
                async for piece in pieces:
                    head = head or piece[:_HEAD]
                    size += len(piece)
                    await self._run(digest.update, piece)
                    with blaming(self.root):
                        await file.write(piece)
            with blaming(self.root):
                await file.flush()
                # On the descriptor that wrote: one opened later may not be told of a failed write.
                await self._run(self._tree.sync, file.fileno())
        finally:
            with blaming(self.root):
                await file.close()
        return Staged(part, digest.hexdigest(), size, head)


async def _pieces(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The same bytes in pieces of at least a megabyte, since every write is a trip to another thread."""
    waiting = bytearray()
    async for chunk in chunks:
        waiting += chunk
        if len(waiting) >= PIECE:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)
