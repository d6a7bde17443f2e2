"""Wiring of `rebuild` and `drill`: the archive's files, its catalog, and the account that unknown files belong to."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fbbackup.catalog import care
from fbbackup.catalog.connection import version_of
from fbbackup.config import Config
from fbbackup.credentials import state_folder
from fbbackup.drill import drill
from fbbackup.errors import CatalogDamaged
from fbbackup.models import Picture
from fbbackup.recovery import BEFORE_REBUILD, Ground, recover
from fbbackup.stores import disk
from fbbackup.stores.archive import create_or_open, open_existing
from fbbackup.stores.directory import DirectoryStore

NOBODY = ("unknown", "graph")


def ground(config: Config, root: Path, store: DirectoryStore) -> Ground:
    """What the archive's catalog stands on."""
    first = config.accounts[0] if config.accounts else None
    return Ground(
        store, config.catalog.path or root / "catalog.sqlite", root / care.SNAPSHOTS, _examine,
        (first.name, first.source) if first else NOBODY,
    )  # fmt: skip


def _examine(body: bytes) -> Picture:
    from fbbackup.thumbnails import examine

    return examine(body, expected=(None, None), thumbnail_size=None)


@contextmanager
def _held(root: Path, environ: Mapping[str, str]) -> Iterator[DirectoryStore]:
    """An archive that is there already, held by this process alone; full disks are no hindrance."""
    open_existing(root)
    archive = create_or_open(root, state_folder=state_folder(environ), keep_free_bytes=0)
    with archive.lock():
        store = DirectoryStore(archive.root)
        try:
            yield store
        finally:
            store.close()


def rebuild_catalog(config: Config, root: Path, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """`rebuild`: a new catalog from the archive's files; the old one is set aside. Raises ArchiveUnusable for one of
    a newer schema."""
    with disk.blaming(root), _held(root, environ) as store:
        place = ground(config, root, store)
        with suppress(CatalogDamaged):
            if place.path.exists():
                version_of(place.path)
        now = datetime.now(UTC)
        recovered = recover(place, BEFORE_REBUILD, now)
        asyncio.run(_keep_copies(store, recovered.found.distrusted, now))
        return recovered.record()


def drill_archive(config: Config, root: Path, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """`drill`: everything restored in a temporary place from the archive's files, and compared."""
    with disk.blaming(Path(tempfile.gettempdir())), _held(root, environ) as store:
        return drill(ground(config, root, store), store, datetime.now(UTC)).record()


async def _keep_copies(store: DirectoryStore, keys: Sequence[str], now: datetime) -> None:
    """The next run writes these manifests anew: what their damaged lines still say is kept for people."""
    kept = []
    for key, size in zip(keys, store.sizes(keys), strict=True):
        if size is not None:
            kept.append(f"quarantine/{now:%Y%m%dT%H%M%SZ}/{key}")
            await store.keep(await store.stage(store.read(key)), kept[-1])
    await store.settle(kept)
