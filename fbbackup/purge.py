"""`purge`: the one way in which an original leaves the archive."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from fbbackup.catalog import purges
from fbbackup.catalog.purges import Plan
from fbbackup.job import Stock
from fbbackup.layout import QUARANTINE, RESTORING, is_set_aside
from fbbackup.protocols import Store


@dataclass(frozen=True, slots=True)
class Purged:
    """What was removed: files by the plan, and how many thumbnails and set-aside copies of them."""

    plan: Plan
    thumbnails: int
    copies: int


async def purge(stock: Stock, ids: Sequence[str]) -> Purged:
    """Removes the files of these photos that no other photo shares, and what was made from them.

    First the catalog takes note, then the files go, then their rows: cut short in between, the same call finishes it,
    and no run fetches anything again.
    """
    plan = await stock.catalog.write(purges.mark_purged, ids, stock.now())
    keys = [file.key for file in plan.files]
    copies = await asyncio.to_thread(_copies, stock.store, plan)
    thumbnails = await asyncio.to_thread(_thumbnails, stock.store, plan)
    await _remove(stock.store, [*keys, *copies, *thumbnails])
    await stock.catalog.write(purges.forget_files, plan)
    return Purged(plan, len(thumbnails), len(copies))


async def _remove(store: Store, keys: Sequence[str]) -> None:
    sizes = await asyncio.to_thread(store.sizes, keys)
    there = [key for key, size in zip(keys, sizes, strict=True) if size is not None]
    for key in there:
        await store.delete(key)
    await store.settle(there)


def _copies(store: Store, plan: Plan) -> list[str]:
    """What repairs set aside of these files, or left half done."""
    half_done = {RESTORING + file.sha256 for file in plan.files}
    return [
        name
        for name, _ in store.keys(QUARANTINE)
        if name in half_done or any(is_set_aside(name, file.key) for file in plan.files)
    ]


def _thumbnails(store: Store, plan: Plan) -> list[str]:
    digests = {file.sha256 for file in plan.files}
    return [key for key, _ in store.keys("thumbnails/") if key.rsplit("/", 1)[-1].partition(".")[0] in digests]
