"""Calls to the Graph API that crawls need, which are the scarcest resource of all.

python -m benchmarks.calls
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.figures import Figure, show
from fbbackup.catalog import Catalog, albums, open_catalog
from fbbackup.crawl import crawl
from fbbackup.http import HostRules, Http
from fbbackup.job import Job, RunSettings, Tally, utc_now
from fbbackup.models import Picture
from fbbackup.simulator import Library, Simulator
from fbbackup.sources.graph import GraphSettings, GraphSource
from fbbackup.stores.memory import MemoryStore
from fbbackup.vanish import settle


def sizes(count: int, photos: int, seed: int = 1) -> list[int]:
    """Album sizes as people have them: most small, a few of several hundred."""
    dice = random.Random(seed)
    drawn = [min(dice.lognormvariate(2.7, 1.0), 250) for _ in range(count)]
    scale = photos / sum(drawn)
    found = [int(size * scale) for size in drawn]
    found[-1] += photos - sum(found)
    return found


def calls(facebook: Simulator, catalog: Catalog) -> int:
    """Calls of one crawl, as the service itself counts them."""
    before = sum(facebook.calls.values())
    asyncio.run(_crawl(facebook, catalog))
    return sum(facebook.calls.values()) - before


async def _crawl(facebook: Simulator, catalog: Catalog) -> None:
    account = await catalog.write(albums.account, "bench", "graph", utc_now())
    state = await catalog.read(albums.source_state, account)
    http = Http(HostRules.of(facebook.url))
    source = GraphSource(GraphSettings("bench", facebook.token, facebook.url), state, http)
    try:
        with ThreadPoolExecutor(1) as decoder:
            job = Job(
                account, "bench", source, MemoryStore(), catalog, RunSettings(), Tally(lambda _: None, source),
                lambda body, announced, size: Picture("", "", None, None), lambda body, size: b"", decoder,
                asyncio.Event(),
            )  # fmt: skip
            found = await crawl(job)
            await settle(job, found.missing_albums, found.identity)
        await catalog.write(albums.save_source_state, account, source.state, utc_now())
    finally:
        await source.close()
        await http.close()


def library(found: Sequence[int]) -> tuple[int, int]:
    """Calls of a first run and of a second one that finds nothing changed."""
    with (
        tempfile.TemporaryDirectory(prefix="fbbackup-bench-") as home,
        Simulator(Library(album_sizes=found), budget=1_000_000) as facebook,
        open_catalog(Path(home) / "catalog.sqlite") as catalog,
    ):
        first = calls(facebook, catalog)
        stored = catalog.read_now(lambda db: db.execute("SELECT count(*) FROM photos").fetchone()[0])
        assert stored == sum(found), f"{stored} of {sum(found)} photos listed"
        return first, calls(facebook, catalog)


def allowed(name: str, found: int, most: int) -> Figure:
    return Figure(name, "calls", found, "allowed", most, found / most, 1, at_most=True)


def run(arguments: Sequence[str] = ()) -> list[Figure]:
    argparse.ArgumentParser(description=__doc__).parse_args(arguments)
    # The simulator adds the two albums that everybody has, for profile and cover pictures.
    large, small = sizes(400, 20_000), sizes(98, 5_000)
    pages = sum(max(1, -(-size // 100)) for size in large)
    even, _ = library([50] * 400)
    first, quick = library(large)
    _, quick_small = library(small)
    print(
        f"400 albums of a median of {sorted(large)[200]} and at most {max(large)} photos; "
        f"a call for each album and page would be {pages + 4} calls"
    )
    return show(
        [
            allowed("first run of 400 albums of 50 photos", even, 100),
            allowed("first run of 400 albums and 20,000 photos, very uneven", first, 100),
            allowed("quick run of 400 albums, nothing changed", quick, 12),
            allowed("quick run of 100 albums, nothing changed", quick_small, 6),
        ]
    )


if __name__ == "__main__":
    run(sys.argv[1:])
