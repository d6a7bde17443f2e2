"""An archive that is held by this process alone, and a command's event loop: the wiring that every writer shares.

What it imports is what every command has to wait for; sources, pictures and the network come in above it.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from fbbackup.catalog import Catalog
from fbbackup.config import Config
from fbbackup.credentials import state_folder
from fbbackup.errors import FbbackupError
from fbbackup.job import utc_now
from fbbackup.protocols import Store
from fbbackup.recovery import open_sound
from fbbackup.restoring import ground
from fbbackup.stores.archive import create_or_open
from fbbackup.stores.directory import DirectoryStore

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run writes to."""

    store: Store
    catalog: Catalog
    warnings: tuple[str, ...] = ()
    root: Path | None = None
    check_there: Callable[[], None] = lambda: None
    """Raises ArchiveUnusable when `root` leads to the archive no longer, since its disk was unmounted meanwhile."""


@contextmanager
def archive_place(config: Config, root: Path, environ: Mapping[str, str], keep_free: bool = True) -> Iterator[Place]:
    """The archive itself, held by this process alone. Without `keep_free` it may be full: for what adds next to
    nothing."""
    keep_free_bytes = config.limits.keep_free_bytes if keep_free else 0
    archive = create_or_open(root, state_folder=state_folder(environ), keep_free_bytes=keep_free_bytes)
    with archive.lock():
        store = DirectoryStore(archive.root)
        try:
            store.clean_staging()
            catalog, told = open_sound(ground(config, archive.root, store), utc_now())
            with catalog:
                yield Place(store, catalog, (*archive.warnings, *told), archive.root, archive.check_there)
        finally:
            store.close()


def run_loop(work: Coroutine[Any, Any, T]) -> T:
    """Runs until done; SIGTERM stops like Ctrl-C: what is stored stays, nothing half-done is left."""

    async def guarded() -> T:
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        if task is not None:
            loop.add_signal_handler(signal.SIGTERM, task.cancel)
        try:
            return await work
        finally:
            loop.remove_signal_handler(signal.SIGTERM)
            signal.signal(signal.SIGTERM, before)

    before = signal.getsignal(signal.SIGTERM)
    try:
        return asyncio.run(guarded())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    except BaseExceptionGroup as group:
        raise first_known(group) from group


def first_known(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to tell of several that ended a run together: one that a person can act on, if there is one."""
    known = group.subgroup(FbbackupError)
    found: BaseException = known or group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
