"""Files that no manifest speaks of: what their names and bytes tell, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

from fbbackup.catalog.albums import account
from fbbackup.catalog.downloads import Kept, record_files
from fbbackup.catalog.photos import DATE_SOURCES, photo_of_key_stem
from fbbackup.catalog.search import index_photos
from fbbackup.catalog.times import stamp
from fbbackup.models import Kind, Picture, StoredFile


@dataclass(frozen=True, slots=True)
class Named:
    """What a file's name says: the photo's id and kind, the day of its file date, the key without extension."""

    photo_id: str
    kind: Kind
    day: str | None
    key_stem: str


def is_stored(db: Connection, named: Named) -> bool:
    """Whether the photo of that name has a file already."""
    ids = (named.photo_id, photo_of_key_stem(db, named.key_stem))
    row = db.execute("SELECT 1 FROM photos WHERE id IN (?, ?) AND sha256 IS NOT NULL", ids).fetchone()
    return row is not None


def adopt(
    db: Connection, named: Named, found: tuple[StoredFile, Picture], owner: tuple[str, str], now: datetime
) -> None:
    """Takes a file in as the photo's, which is made where nothing is known of it; `owner` is the account's name and
    source for a new one."""
    known = photo_of_key_stem(db, named.key_stem)
    photo_id = known or named.photo_id
    if known is None:
        _make(db, named, account(db, *owner, now), now)
    record_files(db, [Kept(photo_id, found[0], found[1], owner[1], None)], now)
    index_photos(db, [photo_id])


def _make(db: Connection, named: Named, account_id: int, now: datetime) -> None:
    date = (f"{named.day}T00:00:00Z", DATE_SOURCES[0], "day") if named.day else (None, None, None)
    db.execute(
        "INSERT INTO photos (id, account_id, kind, file_date, file_date_source, file_date_precision, first_seen_at, "
        "last_seen_at, state, key_stem) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'wanted', ?)",
        (named.photo_id, account_id, named.kind, *date, stamp(now), stamp(now), named.key_stem),
    )


def keys_of_files(db: Connection, after: str, limit: int) -> list[tuple[str, int]]:
    """Keys and sizes of all recorded files that are not known to be damaged, in key order."""
    rows = db.execute(
        "SELECT key, bytes FROM files WHERE key > ? AND damaged_at IS NULL ORDER BY key LIMIT ?", (after, limit)
    )
    return [(row["key"], row["bytes"]) for row in rows]


def digests_of_files(db: Connection, after: str, limit: int) -> list[tuple[str, str]]:
    """Keys and digests of all recorded files, in key order."""
    rows = db.execute("SELECT key, sha256 FROM files WHERE key > ? ORDER BY key LIMIT ?", (after, limit))
    return [(row["key"], row["sha256"]) for row in rows]


def forget_thumbnails(db: Connection, digests: Sequence[str]) -> None:
    """Their thumbnails are not there; the next run makes them again."""
    db.executemany("UPDATE files SET thumbnail_size = NULL WHERE sha256 = ?", [(one,) for one in digests])


def photos_of_key(db: Connection, key: str) -> list[str]:
    """The photos that a catalog gives this file to."""
    rows = db.execute(
        "SELECT x.photo_id FROM files f JOIN photo_files x ON x.sha256 = f.sha256 WHERE f.key = ?", (key,)
    )
    return [row["photo_id"] for row in rows]


def unknown_among(db: Connection, ids: Sequence[str]) -> list[str]:
    """Those of `ids` that are no photos of this catalog."""
    return [id_ for id_ in ids if db.execute("SELECT 1 FROM photos WHERE id = ?", (id_,)).fetchone() is None]
