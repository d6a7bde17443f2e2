"""Read-only connections to the catalog: one a thread, so that a slow question never holds up a quick one."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from sqlite3 import Connection, OperationalError
from typing import Concatenate, ParamSpec, TypeVar

from fbbackup.catalog import open_reader

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 3
LOOK_AGAIN_SECONDS = 1.0
CACHE_KIB = 8192
"""Memory of each connection for pages of the catalog."""


class NoCatalog(Exception):
    """There is no catalog yet: nothing was backed up."""


class Readers:
    """Connections to the catalog at `path`, opened when first needed and anew when the file was replaced."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="reader")
        self._local = threading.local()
        self._open: list[Connection] = []
        self._kept: dict[object, tuple[int, float, object]] = {}
        self._looked_at = 0.0
        self._file: tuple[int, int] | None = None

    async def ask(self, question: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a question on a thread of its own. Raises NoCatalog."""
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: self.ask_now(question, *args, **kwargs)
        )

    def ask_now(self, question: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a question on this very thread: for those that take microseconds. Raises NoCatalog."""
        try:
            return question(self._connection(), *args, **kwargs)
        except OperationalError as error:
            if "no such table" in str(error):
                raise NoCatalog from error
            raise

    async def keep(
        self, seconds: float, question: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Like `ask`; an answer is used again while nothing was written, or at most `seconds` when something was."""
        name = (question, args)
        # Versions of different connections can't be compared, so it is always this thread's that is asked.
        version = self.ask_now(_data_version)
        found = self._kept.get(name)
        if found is not None and (found[0] == version or time.monotonic() - found[1] < seconds):
            return found[2]  # type: ignore[return-value]
        answer = await self.ask(question, *args, **kwargs)
        self._kept[name] = (version, time.monotonic(), answer)
        return answer

    def version(self) -> tuple[object, ...]:
        """What differs whenever the catalog was written or replaced meanwhile. Raises NoCatalog."""
        return self.ask_now(_data_version), self._file

    def close(self) -> None:
        self._threads.shutdown()
        for db in self._open:
            db.close()

    def _connection(self) -> Connection:
        now = time.monotonic()
        if now - self._looked_at > LOOK_AGAIN_SECONDS or self._file is None:
            self._looked_at, self._file = now, self._facts()
        db: Connection | None = getattr(self._local, "db", None)
        if db is None or self._local.file != self._file:
            if self._file is None:
                raise NoCatalog
            db = open_reader(self.path, any_thread=True)
            db.execute(f"PRAGMA cache_size = -{CACHE_KIB:d}")
            self._local.db, self._local.file = db, self._file
            self._open.append(db)
        return db

    def _facts(self) -> tuple[int, int] | None:
        try:
            facts = os.stat(self.path)
        except OSError:
            return None
        return facts.st_dev, facts.st_ino


def _data_version(db: Connection) -> int:
    found: int = db.execute("PRAGMA data_version").fetchone()[0]
    return found
