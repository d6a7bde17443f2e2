"""Downloads with SHA-256, checks, fsync, rename and catalog rows, beside curl and aria2c with the same steps after.

python -m benchmarks.download [--photos 1000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import peers
from benchmarks.figures import Cost, Figure, Pairs, in_turns, measured, need, show
from benchmarks.pictures import FULL, pictures
from benchmarks.servers import nginx
from fbbackup.catalog import Catalog, albums, listings, open_catalog
from fbbackup.config.settings import Download
from fbbackup.download import Downloads
from fbbackup.http import HostRules, Http
from fbbackup.job import Job, RunSettings, Tally
from fbbackup.models import Album, Page, Photo, Picture, Variant
from fbbackup.sources.graph import GraphSettings, GraphSource
from fbbackup.stores.directory import DirectoryStore
from fbbackup.thumbnails.sniff import EXTENSIONS, content_type_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = 100


def wanted(addresses: Sequence[str]) -> list[Photo]:
    """Photos of these addresses, taken every three hours, as none of them is stored yet."""
    began = datetime(2019, 5, 1, tzinfo=UTC)
    return [
        Photo(
            str(10_150_000_000_000_000 + number),
            file_date=began + timedelta(hours=3 * number),
            variants=(Variant(address, *FULL, "jpeg"),),
        )
        for number, address in enumerate(addresses)
    ]


def prefill(catalog: Catalog, photos: Sequence[Photo]) -> int:
    """An account whose only album holds these photos; returns the account's id."""
    account = catalog.write_now(albums.account, "bench", "graph", NOW)
    catalog.write_now(albums.record_albums, account, [Album("1", "Bench")], 0, NOW)
    catalog.write_now(listings.begin_listing, 1, "", NOW)
    for start in range(0, len(photos), PAGE):
        last = start + PAGE >= len(photos)
        page = Page(tuple(photos[start : start + PAGE]), None if last else f"cursor{start}")
        catalog.write_now(listings.record_page, account, 1, page, NOW)
    return account


def sniff(body: bytes, announced: tuple[int | None, int | None], size: int | None) -> Picture:
    """The magic bytes and nothing else: the peers don't decode either."""
    kind = content_type_of(body)
    return Picture(kind, EXTENSIONS[kind], *announced)


def ours(addresses: Sequence[str], workers: int = Download().workers) -> Cost:
    """All wanted photos of a fresh catalog into a fresh archive."""
    with tempfile.TemporaryDirectory(prefix="fbbackup-bench-") as home:
        root = Path(home) / "archive"
        root.mkdir()
        store = DirectoryStore(root)
        with open_catalog(root / "catalog.sqlite") as catalog:
            account = prefill(catalog, wanted(addresses))
            with measured() as cost:
                asyncio.run(_download(account, addresses[0], store, catalog, workers))
            left = catalog.read_now(
                lambda db: db.execute("SELECT count(*) FROM photos WHERE state <> 'stored'").fetchone()
            )
        store.close()
        assert left[0] == 0, f"{left[0]} photos are not stored"
        assert sum(1 for _ in root.glob("photos/*/*/*.jpg")) == len(addresses)
    return cost


async def _download(account: int, address: str, store: DirectoryStore, catalog: Catalog, workers: int) -> None:
    server = "/".join(address.split("/")[:3])
    http = Http(HostRules.of(server))
    source = GraphSource(GraphSettings("bench", "none", server), {}, http)
    with ThreadPoolExecutor(2, thread_name_prefix="decode") as decoder:
        settings = RunSettings(workers=workers, thumbnail_size=None)
        tally = Tally(lambda _: None, source)
        job = Job(
            account, "bench", source, store, catalog, settings, tally, sniff, lambda body, size: b"", decoder,
            asyncio.Event(),
        )  # fmt: skip
        downloads = Downloads(job)
        downloads.crawl_ended = True
        await downloads.run()
    await source.close()
    await http.close()


def theirs(fetch: str, addresses: Sequence[str], *, connections: int = 16, table: bool = True) -> Cost:
    with tempfile.TemporaryDirectory(prefix="fbbackup-bench-") as home:
        return peers.download(fetch, addresses, Path(home), connections=connections, table=table)


def rates(costs: dict[str, list[Cost]], photos: int) -> dict[str, list[float]]:
    return {name: [photos / cost.seconds for cost in found] for name, found in costs.items()}


def run(arguments: Sequence[str] = ()) -> list[Figure]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args(arguments)
    need("nginx", "aria2c", "curl", "sqlite3")
    made = pictures(options.photos)
    with nginx(made.served) as port:
        addresses = [f"http://127.0.0.1:{port}{path}" for path in made.paths()]
        works = {
            "curl": lambda: theirs("curl", addresses, table=False),
            "fbbackup": lambda: ours(addresses),
            "aria2": lambda: theirs("aria2", addresses),
        }
        found = rates(in_turns(works, options.rounds), options.photos)
    after = "sync, sha256sum"
    return show(
        [
            Pairs(found["fbbackup"], found["curl"]).figure("download", "pictures/s", f"curl -Z, {after}", 0.6),
            Pairs(found["fbbackup"], found["aria2"]).figure(
                "download", "pictures/s", f"aria2c -j16, {after}, .import", 1.0
            ),
        ]
    )


if __name__ == "__main__":
    run(sys.argv[1:])
