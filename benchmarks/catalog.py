"""Catalog writes of a crawl against `sqlite3 .import` of the same rows, and a pass without changes against upserts.

Figures: rows/s with photos, variants, memberships and full-text rows, one durable commit a page of 100 photos.
Peer 1: Debian's sqlite3 shell importing the same rows as CSV into bare tables (no keys, no indexes, one commit).
Peer 2: the same page as plain upserts that write every row again, in the same schema.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from sqlite3 import Connection

from benchmarks.figures import Figure, Pairs, need, show
from fbbackup.catalog import albums, listings, open_catalog, photos
from fbbackup.catalog.photos import _values
from fbbackup.catalog.times import stamp
from fbbackup.models import Album, Page, Photo, Variant

PAGE = 100
ALBUM_PAGES = 10
VARIANTS = 3
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def photo(number: int) -> Photo:
    at = datetime(2010, 1, 1, tzinfo=UTC) + timedelta(minutes=37 * number)
    id_ = str(10_150_000_000_000_000 + number)
    base = f"https://scontent.test/v/t39.30808-6/{number}_{id_}_n.jpg?stp=x&oh=00_AfX{number}&oe=6A842163"
    variants = tuple(
        Variant(f"{base}&s={rank}", 2048 >> rank, 1536 >> rank, "jpeg", NOW + timedelta(days=4))
        for rank in range(VARIANTS)
    )
    node = {
        "id": id_, "created_time": at.isoformat(), "name": f"Evening at the harbour, picture {number}",
        "images": [{"width": v.width, "height": v.height, "source": f"{number}_{id_}_n.jpg"} for v in variants],
        "from": {"id": "1000001", "name": "Ada Example"}, "link": f"https://www.facebook.com/photo.php?fbid={id_}",
    }  # fmt: skip
    return Photo(
        id_, caption=node["name"], alt_text="May be an image of a boat and a harbour", link=node["link"],
        file_date=at, file_date_source="created_time", file_date_precision="second", width=2048, height=1536,
        from_id="1000001", from_name="Ada Example", created_at=at, updated_at=at, people=(), variants=variants,
        raw=json.dumps(node, sort_keys=True, separators=(",", ":")),
    )  # fmt: skip


def pages(count: int) -> Iterator[tuple[int, Page]]:
    """Album index and page, as the crawl sees them."""
    for number in range(count // PAGE):
        last = number % ALBUM_PAGES == ALBUM_PAGES - 1
        found = tuple(photo(number * PAGE + i) for i in range(PAGE))
        yield number // ALBUM_PAGES, Page(found, None if last else f"cursor{number}")


def timed(job: Callable[[], None]) -> float:
    began = time.perf_counter()
    job()
    return time.perf_counter() - began


class Crawl:
    """A catalog that records prepared pages; the same pages again are the pass without changes."""

    def __init__(self, folder: Path, prepared: list[tuple[int, Page]]) -> None:
        self.catalog = open_catalog(folder / "catalog.sqlite")
        self.account = self.catalog.write_now(albums.account, "bench", "graph", NOW)
        self.prepared = prepared
        made = [Album(str(n), f"Album {n}") for n in range(prepared[-1][0] + 1)]
        self.catalog.write_now(albums.record_albums, self.account, made, 0, NOW)

    def record(self) -> None:
        for album, page in self.prepared:
            self.catalog.write_now(record, self.account, album + 1, page)

    def upsert(self) -> None:
        for album, page in self.prepared:
            self.catalog.write_now(plain_upserts, self.account, album + 1, page)


def record(db: Connection, account: int, album: int, page: Page) -> None:
    if not db.execute("SELECT 1 FROM listings WHERE album_id = ?", (album,)).fetchone():
        listings.begin_listing(db, album, "", NOW)
    listings.record_page(db, account, album, page, NOW)
    if page.next_cursor is None:
        listings.settle_listing(db, album, NOW)


def plain_upserts(db: Connection, account: int, album: int, page: Page) -> None:
    columns = photos._COLUMNS
    db.executemany(
        f"INSERT INTO photos (id, account_id, first_seen_at, last_seen_at, state, key_stem, {', '.join(columns)}) "
        f"VALUES ({', '.join('?' * (6 + len(columns)))}) ON CONFLICT (id) DO UPDATE SET "
        "last_seen_at = excluded.last_seen_at, " + ", ".join(f"{c} = excluded.{c}" for c in columns),
        [(p.id, account, stamp(NOW), stamp(NOW), "wanted", photos.key_stem(p), *_values(p)) for p in page.photos],
    )
    db.executemany(
        "INSERT INTO variants VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (photo_id, rank) DO UPDATE SET "
        "url = excluded.url, width = excluded.width, "
        "height = excluded.height, format = excluded.format, expires_at = excluded.expires_at",
        [
            (p.id, r, v.width, v.height, v.format, v.url, stamp(v.expires_at))
            for p in page.photos
            for r, v in enumerate(p.variants)
        ],
    )
    db.executemany(
        "INSERT INTO album_photos VALUES (?, ?, ?, ?, ?, NULL) ON CONFLICT (album_id, photo_id) DO UPDATE SET "
        "position = excluded.position, last_seen_at = excluded.last_seen_at",
        [(album, p.id, i, stamp(NOW), stamp(NOW)) for i, p in enumerate(page.photos)],
    )


def write_csv(folder: Path, prepared: list[tuple[int, Page]]) -> None:
    with (
        (folder / "photos.csv").open("w", newline="") as p,
        (folder / "variants.csv").open("w", newline="") as v,
        (folder / "members.csv").open("w", newline="") as m,
    ):
        photo_rows, variant_rows, member_rows = csv.writer(p), csv.writer(v), csv.writer(m)
        for album, page in prepared:
            for position, item in enumerate(page.photos):
                photo_rows.writerow(
                    (item.id, 1, stamp(NOW), stamp(NOW), "wanted", photos.key_stem(item), *_values(item))
                )
                member_rows.writerow((album, item.id, position, stamp(NOW), stamp(NOW)))
                for rank, variant in enumerate(item.variants):
                    variant_rows.writerow(
                        (
                            item.id,
                            rank,
                            variant.width,
                            variant.height,
                            variant.format,
                            variant.url,
                            stamp(variant.expires_at),
                        )
                    )


def shell_import(folder: Path) -> None:
    database = folder / "bare.sqlite"
    database.unlink(missing_ok=True)
    columns = ",".join(f"c{i}" for i in range(6 + len(photos._COLUMNS)))
    script = (
        f"CREATE TABLE photos({columns}); CREATE TABLE variants(a,b,c,d,e,f,g); CREATE TABLE members(a,b,c,d,e);\n"
        f".mode csv\n.import {folder}/photos.csv photos\n.import {folder}/variants.csv variants\n"
        f".import {folder}/members.csv members\n"
    )
    subprocess.run(["sqlite3", str(database)], input=script, text=True, check=True)


def run(arguments: Sequence[str] = ()) -> list[Figure]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    need("sqlite3")
    prepared = list(pages(options.photos))
    rows = options.photos * (2 + VARIANTS)
    taken: dict[str, list[float]] = {"ours": [], "shell": [], "again": [], "upserts": []}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="fbbackup-bench-") as name:
            folder = Path(name)
            write_csv(folder, prepared)
            taken["shell"].append(timed(partial(shell_import, folder)))
            crawl = Crawl(folder, prepared)
            taken["ours"].append(timed(crawl.record))
            crawl.catalog.write_now(lambda db: db.execute("UPDATE photos SET state = 'stored'") and None)
            taken["again"].append(timed(crawl.record))
            taken["upserts"].append(timed(crawl.upsert))
            crawl.catalog.close()
    rates = {name: [rows / seconds for seconds in found] for name, found in taken.items()}
    return show(
        [
            Pairs(rates["ours"], rates["shell"]).figure("catalog rows of a crawl", "rows/s", "sqlite3 .import", 0.35),
            Pairs(rates["again"], rates["upserts"]).figure("pass without changes", "rows/s", "plain upserts", 2.5),
        ]
    )


if __name__ == "__main__":
    run(sys.argv[1:])
