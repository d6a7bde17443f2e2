"""Manifests: what the catalog knows, as text beside the pictures, so that the archive needs no catalog to be whole.

Only those whose rows changed are written, each whole and durable before it takes the place of the older one, and
before its mark in the catalog is taken off: after a crash the next run goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from itertools import islice
from sqlite3 import Connection

from fbbackup.catalog import Catalog, lines, marks
from fbbackup.models import StoredFile
from fbbackup.protocols import Store

MANIFEST = "manifest.jsonl"
ALBUMS = "manifest-albums.jsonl"
CHECKSUMS = "manifest-sha256.txt"
JOURNAL = "journal/"
MONTHS = ("photos/", "videos/")

_LINES_A_PIECE = 500
_GROUP = 32
"""Manifests that share a directory sync and a commit."""


def manifest_key(what: str) -> str | None:
    """The key of the manifest that a mark speaks of; None for marks of other things."""
    if what.startswith(MONTHS):
        return f"{what}/{MANIFEST}"
    if what.startswith(marks.JOURNAL):
        return f"{what}.jsonl"
    return ALBUMS if what == marks.ALBUMS else None


def mark_of(key: str) -> str:
    """The mark that speaks of a manifest; the reverse of `manifest_key`."""
    if key == ALBUMS:
        return marks.ALBUMS
    return key.removesuffix(f"/{MANIFEST}").removesuffix(".jsonl")


def manifest_lines(db: Connection, what: str) -> Iterator[bytes]:
    """What that manifest holds by the catalog."""
    if what.startswith(MONTHS):
        return lines.photo_lines(db, what)
    if what == marks.SOURCES:
        return lines.source_lines(db)
    if what.startswith(marks.JOURNAL):
        return lines.journal_lines(db, what.removeprefix(marks.JOURNAL))
    return lines.album_lines(db)


async def write_manifests(catalog: Catalog, store: Store) -> int:
    """Brings all manifests up to date; returns how many were written. Raises ArchiveUnusable."""
    await _mark_missing(catalog, store)
    outdated = await catalog.read(marks.outdated)
    if any(what.startswith(marks.JOURNAL) for what in outdated):
        # What sources remember changes with every run, like its record.
        outdated.append(marks.SOURCES)
    due = [(what, key) for what in outdated if (key := manifest_key(what)) is not None]
    for first in range(0, len(due), _GROUP):
        await _write_group(catalog, store, due[first : first + _GROUP])
    if await catalog.read(marks.is_outdated, marks.CHECKSUMS):
        await _replace(catalog, store, CHECKSUMS, lines.checksum_lines)
        await store.settle([CHECKSUMS])
        await catalog.write(marks.settle, [marks.CHECKSUMS])
    return len(due)


async def _mark_missing(catalog: Catalog, store: Store) -> None:
    """Manifests that someone removed or cut are written anew, and so is the list of checksums."""
    known = await catalog.read(marks.recorded)
    keys = [*(file.key for file in known), CHECKSUMS]
    sizes = await asyncio.to_thread(store.sizes, keys)
    missing = [mark_of(file.key) for file, size in zip(known, sizes, strict=False) if size != file.bytes]
    if known and (missing or sizes[-1] is None):
        await catalog.write(marks.mark, [*missing, marks.CHECKSUMS])


async def _write_group(catalog: Catalog, store: Store, group: list[tuple[str, str]]) -> None:
    files = [await _replace(catalog, store, key, partial(manifest_lines, what=what)) for what, key in group]
    await store.settle([key for _, key in group])
    await catalog.write(
        marks.record_manifests,
        [what for what, _ in group],
        [file for file in files if not file.key.startswith(JOURNAL)],
    )


async def _replace(
    catalog: Catalog, store: Store, key: str, content: Callable[[Connection], Iterator[bytes]]
) -> StoredFile:
    staged = await store.stage(_pieces(catalog, content))
    try:
        return await store.replace(staged, key)
    except BaseException:
        await store.discard(staged)
        raise


async def _pieces(catalog: Catalog, content: Callable[[Connection], Iterator[bytes]]) -> AsyncIterator[bytes]:
    found = await catalog.read(content)
    while piece := await catalog.read(_take, found):
        yield piece


def _take(_: Connection, found: Iterator[bytes]) -> bytes:
    return b"".join(islice(found, _LINES_A_PIECE))
