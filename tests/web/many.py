"""Large archives without large work: a few drawn files, and as many rows as wanted that share them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from PIL import Image

from fbbackup.catalog import open_catalog
from fbbackup.catalog.search import SEARCH_COLUMNS, SEARCH_TEXT

FILES = 48
SHAPES = ((1280, 960), (960, 1280), (1200, 900), (1600, 900), (900, 900), (1500, 1000))
WORDS = (
    "harbour",
    "evening",
    "summer",
    "lake",
    "winter",
    "city",
    "garden",
    "night",
    "river",
    "mountain",
    "sea",
    "snow",
)
ALBUM_PHOTOS = 250
PEOPLE = 200
PLACES = 100

Told = Callable[[str, int], str]
"""The text of a field (its name and the row's number)."""


def plain(field: str, number: int) -> str:
    if field == "caption":
        # Scattered, so that any two words meet in some captions.
        return " ".join(WORDS[(number * step >> 16) % len(WORDS)] for step in (40_503, 60_493, 52_711)) + f" {number}"
    return f"{field} {number}"


def fill(root: Path, photos: int, told: Told = plain) -> None:
    """An archive with its marker, files, thumbnails and catalog. Months have between a few and many photos."""
    root.mkdir(parents=True, exist_ok=True)
    files = [_file(root, number) for number in range(min(FILES, photos))]
    with open_catalog(root / "catalog.sqlite") as catalog:
        catalog.write_now(_fill, files, photos, told)


def _file(root: Path, number: int) -> tuple[Any, ...]:
    width, height = SHAPES[number % len(SHAPES)]
    color = (40 + number * 37 % 180, 40 + number * 91 % 180, 40 + number * 53 % 180)
    picture = Image.new("RGB", (width // 4, height // 4), color)
    picture.paste((255, 240, 200), (10, 10, 40 + number, 40 + number))
    body = io.BytesIO()
    picture.save(body, "JPEG", quality=80)
    digest = sha256(body.getvalue()).hexdigest()
    small = io.BytesIO()
    picture.thumbnail((320, 320))
    picture.save(small, "WEBP", quality=80)
    key = f"photos/2014/07/{number}.jpg"
    for name, content in ((key, body), (f"thumbnails/320/{digest[:2]}/{digest}.webp", small)):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content.getvalue())
    hexed = "#{:02x}{:02x}{:02x}".format(*color)
    return digest, key, len(body.getvalue()), "image/jpeg", width // 4, height // 4, hexed, 320


def _fill(db: Connection, files: list[tuple[Any, ...]], photos: int, told: Told) -> None:
    db.execute("PRAGMA defer_foreign_keys = ON")
    accounts = (
        "INSERT INTO accounts (name, source, remote_id, display_name, added_at) VALUES ('ada', 'graph', '1', ?, '')"
    )
    db.execute(accounts, (told("account", 0),))
    db.executemany(
        "INSERT INTO files (sha256, key, bytes, content_type, width, height, color, thumbnail_size, stored_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, '')", files,
    )  # fmt: skip
    db.executemany("INSERT INTO people VALUES (?, ?)", ((f"p{n}", told("person", n)) for n in range(PEOPLE)))
    db.executemany(
        "INSERT INTO places (id, name, city, country, latitude, longitude) VALUES (?, ?, ?, ?, ?, ?)",
        ((f"l{n}", told("place", n), told("city", n), told("country", n), n * 53 % 130 - 55, n * 97 % 360 - 180)
         for n in range(PLACES)),
    )  # fmt: skip
    db.executemany(
        "INSERT INTO albums (id, account_id, remote_id, title, description, link, kind, position, first_seen_at, "
        "last_seen_at) VALUES (?, 1, ?, ?, ?, ?, 'normal', ?, '', '')",
        ((n + 1, f"a{n}", told("album", n), told("description", n), told("link", n), n)
         for n in range(photos // ALBUM_PHOTOS + 1)),
    )  # fmt: skip
    db.executemany(
        "INSERT INTO photos (id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, "
        "file_date_precision, content_type, width, height, from_name, place_id, first_seen_at, last_seen_at, state, "
        "sha256, key_stem) VALUES (?, 1, 'photo', ?, ?, ?, ?, ?, 'created', 'second', 'image/jpeg', 1280, 960, ?, ?, "
        "'', '', 'stored', ?, '')", _photos(files, photos, told),
    )  # fmt: skip
    db.executemany(
        "INSERT INTO album_photos VALUES (?, ?, ?, '', '', NULL)",
        ((n // ALBUM_PHOTOS + 1, str(10**12 + n), n % ALBUM_PHOTOS) for n in range(photos)),
    )
    db.executemany(
        "INSERT INTO photo_people (photo_id, person_id, name, x, y) VALUES (?, ?, ?, ?, ?)",
        ((str(10**12 + n), f"p{n * 7 % PEOPLE}", told("person", n * 7 % PEOPLE), n % 100, n * 3 % 100)
         for n in range(0, photos, 3)),
    )  # fmt: skip
    db.execute("INSERT INTO months SELECT substr(file_date, 1, 7), count(*) FROM photos GROUP BY 1")
    db.execute("INSERT INTO photo_files SELECT id, sha256, 1, 'graph', '' FROM photos")
    db.execute(f"INSERT INTO photos_fts (rowid, {', '.join(SEARCH_COLUMNS)}) {SEARCH_TEXT} FROM photos p")


def _photos(files: list[tuple[Any, ...]], photos: int, told: Told) -> Iterator[tuple[Any, ...]]:
    for n in range(photos):
        # Twenty years; every fourth month is a holiday with most of its photos on a few days.
        share = n / photos
        month = int(share * 240)
        day = 1 + (n * 11 % 28 if month % 4 else n % 3)
        date = f"{2005 + month // 12}-{month % 12 + 1:02}-{day:02}T{n % 24:02}:{n % 60:02}:{n * 7 % 60:02}Z"
        yield (
            str(10**12 + n), told("caption", n), told("title", n) if n % 50 == 0 else None, told("alt", n),
            told("link", n), date, told("from", n), f"l{n % PLACES}" if n % 5 == 0 else None, files[n % len(files)][0],
        )  # fmt: skip
