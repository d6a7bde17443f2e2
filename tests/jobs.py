"""Builds jobs on doubles: a fake source, a store and a catalog in memory, the real picture checks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from fbbackup.backup import RunResult, back_up
from fbbackup.catalog import Catalog, albums, memory
from fbbackup.job import Job, RunSettings, Tally
from fbbackup.protocols import Source
from fbbackup.stores.memory import MemoryStore
from fbbackup.thumbnails import examine, make


@dataclass
class Bench:
    """One account under test. `clock` moves a second a run."""

    source: Any
    catalog: Catalog
    store: Any = field(default_factory=MemoryStore)
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    decoder: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2))
    slept: list[float] = field(default_factory=list)
    account: str = "ada"

    def job(self, **settings: Any) -> Job:
        account_id = self.catalog.write_now(albums.account, self.account, self.source.name, self.now)
        settings.setdefault("workers", 4)
        settings.setdefault("thumbnail_size", 32)
        source: Source = self.source
        return Job(
            account_id,
            self.account,
            source,
            self.store,
            self.catalog,
            RunSettings(**settings),
            Tally(lambda _: None, source),
            lambda body, expected, size: examine(body, expected=expected, thumbnail_size=size),
            partial(make),
            self.decoder,
            asyncio.Event(),
            now=self.tick,
            sleep=self._sleep,
        )

    def tick(self) -> datetime:
        """Time passes with every look at the clock, so that moments differ as they do outside."""
        self.now += timedelta(milliseconds=1)
        return self.now

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def run(self, **settings: Any) -> RunResult:
        self.now += timedelta(seconds=1)
        return await back_up(self.job(**settings))

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.catalog.read_now(lambda db: [tuple(row) for row in db.execute(sql, values)])

    def value(self, sql: str, *values: Any) -> Any:
        return self.rows(sql, *values)[0][0]

    async def stored(self) -> dict[str, bytes]:
        """Bytes by photo id, read from the store by the keys of the catalog."""
        keys = self.rows("SELECT p.id, f.key FROM photos p JOIN files f ON f.sha256 = p.sha256")
        return {id_: b"".join([chunk async for chunk in self.store.read(key)]) for id_, key in keys}


@contextmanager
def bench(source: Any, **fields: Any) -> Iterator[Bench]:
    with memory() as catalog:
        made = Bench(source, catalog, **fields)
        yield made
        made.decoder.shutdown()
