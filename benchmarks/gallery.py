"""The gallery at size: pages and jumps against a smaller archive, JSON and search against the bare queries below them.

Figures: milliseconds of the first timeline page and of jumps beside an archive of 10,000 photos; of a JSON page beside
the bare SQLite query of the same rows; of a two-word ranked search beside the bare full-text query. All through the
whole application, without a socket. `--photos 1000000` measures the largest library.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.figures import Figure, Pairs, show
from fbbackup.catalog import open_reader
from tests.web.many import fill
from tests.web.served import Inside, inside

SMALL = 10_000
ROUNDS = 15
PAGE = 200
WORDS = '"summer" AND "lake"'


async def _milliseconds(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return 1000 * (time.perf_counter() - began)


async def _bare(path: Path, sql: str, *values: object) -> float:
    db = open_reader(path)
    db.execute(sql, values).fetchall()
    began = time.perf_counter()
    db.execute(sql, values).fetchall()
    took = 1000 * (time.perf_counter() - began)
    db.close()
    return took


async def _asked(found: Inside, address: str) -> float:
    async def work() -> None:
        answer = await found.client.get(address)
        assert answer.status_code == 200, answer.text[:200]

    return await _milliseconds(work)


async def _measure(folder: Path, photos: int) -> list[Figure]:
    for name, count in (("small", SMALL), ("large", photos)):
        fill(folder / name, count)
    catalog = folder / "large" / "catalog.sqlite"
    listing = (
        "SELECT id, file_date, caption, sha256 FROM photos WHERE sha256 IS NOT NULL ORDER BY file_date DESC LIMIT ?"
    )
    search = "SELECT rowid FROM photos_fts WHERE photos_fts MATCH ? ORDER BY rank LIMIT 100"
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in ("first", "jump", "json", "search")}
    async with inside(folder / "small", folder / "s1") as small, inside(folder / "large", folder / "s2") as large:
        for warm in (small, large):
            await _asked(warm, "/")
        for number in range(ROUNDS):
            month = f"{2005 + random.randrange(20)}-{random.randrange(1, 13):02}"
            jump = f"/api/v1/photos?at={month}&limit=100"
            for index, each in enumerate((large, small)):
                found["first"][index].append(await _asked(each, "/"))
                found["jump"][index].append(await _asked(each, jump))
            found["json"][0].append(await _asked(large, f"/api/v1/photos?limit={PAGE}"))
            found["json"][1].append(await _bare(catalog, listing, PAGE))
            if number < 5:
                found["search"][0].append(await _asked(large, "/api/v1/photos?in=search:summer%20lake&limit=100"))
                found["search"][1].append(await _bare(catalog, search, WORDS))
    pairs = {name: Pairs(*both) for name, both in found.items()}
    size, peer = f"{photos:,} photos", f"{SMALL:,} photos"
    return [
        pairs["first"].figure(f"gallery, first page, {size}", "ms", peer, 1.5, at_most=True),
        pairs["jump"].figure(f"gallery, a jump, {size}", "ms", peer, 1.5, at_most=True),
        pairs["json"].figure(f"gallery, {PAGE} photos as JSON", "ms", "the bare query", 6, at_most=True),
        pairs["search"].figure("gallery, two words, ranked", "ms", "the bare full-text query", 1.5, at_most=True),
    ]


def run(photos: int = 100_000) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="fbbackup-bench-") as folder:
        return show(asyncio.run(_measure(Path(folder), photos)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=100_000)
    sys.exit(0 if run(parser.parse_args().photos) else 1)
