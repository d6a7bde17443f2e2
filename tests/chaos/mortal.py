"""A process that can be stopped or killed at any of its awaits: its parts count every step that they take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any

from fbbackup.catalog import Catalog
from fbbackup.models import Picture, StoredFile
from fbbackup.protocols import Staged
from fbbackup.stores.memory import MemoryStore


class Killed(BaseException):
    """The process is no more; whatever it still does has no effect."""


@dataclass
class Life:
    """Steps left. `ends` is called at the last one; a killed process fails at every step from then on."""

    left: int | None = None
    ends: Callable[[], None] = lambda: None
    dead: bool = False
    steps: int = 0

    def step(self) -> None:
        self.steps += 1
        if self.dead:
            raise Killed
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                self.ends()
                if self.dead:
                    raise Killed


class MortalCatalog:
    """The catalog, whose every transaction may be the last thing that happens, or the last that does not.

    It works in the thread of the event loop, so that a history repeats exactly.
    """

    def __init__(self, inner: Catalog) -> None:
        self.life = Life()
        self._inner = inner
        self._db: Connection = inner.read_now(lambda db: db)

    async def write(self, step: Any, *given: Any, **named: Any) -> Any:
        await asyncio.sleep(0)
        self.life.step()
        result = self.write_now(step, *given, **named)
        self.life.step()
        return result

    async def read(self, step: Any, *given: Any, **named: Any) -> Any:
        await asyncio.sleep(0)
        self.life.step()
        return step(self._db, *given, **named)

    def write_now(self, step: Any, *given: Any, **named: Any) -> Any:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            result = step(self._db, *given, **named)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return result

    def read_now(self, step: Any, *given: Any, **named: Any) -> Any:
        return step(self._db, *given, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class MortalStore(MemoryStore):
    """The store, likewise."""

    def __init__(self) -> None:
        super().__init__()
        self.life = Life()

    async def put(self, key: str, body: bytes, digest: str | None = None) -> StoredFile:
        await asyncio.sleep(0)
        self.life.step()
        return await super().put(key, body, digest)

    async def stage(self, chunks: AsyncIterator[bytes]) -> Staged:
        await asyncio.sleep(0)
        self.life.step()
        return await super().stage(chunks)

    async def settle(self, keys: Sequence[str]) -> None:
        self.life.step()
        await super().settle(keys)
        await asyncio.sleep(0)
        self.life.step()

    async def put_derived(self, key: str, body: bytes) -> None:
        self.life.step()
        await super().put_derived(key, body)

    async def sync_derived(self) -> None:
        self.life.step()
        await super().sync_derived()


class Inline(asyncio.SelectorEventLoop):
    """An event loop without threads: what others do meanwhile it does at once, so that a history repeats exactly."""

    def run_in_executor(self, executor: object, work: Any, *given: Any) -> asyncio.Future[Any]:
        done = self.create_future()
        try:
            done.set_result(work(*given))
        except Exception as error:
            done.set_exception(error)
        return done


def looked_at(body: bytes, announced: tuple[int | None, int | None], thumbnail: int | None) -> Picture:
    """The check of a picture, for bodies as the library makes them."""
    kind, _, size = body.decode().split(":")
    video = kind == "video"
    return Picture(
        "video/mp4" if video else "image/jpeg",
        "mp4" if video else "jpg",
        int(size),
        int(size),
        thumbnail=None if video or thumbnail is None else b"small",
    )
