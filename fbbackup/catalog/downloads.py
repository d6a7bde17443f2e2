"""What is still to be fetched or made, and the record of what is: files, failures, thumbnails."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection, Row

from fbbackup.catalog.fixity import mark_stored
from fbbackup.catalog.photos import IS_PURGED, better_date, forget_addresses, photo_of_key_stem
from fbbackup.catalog.times import moment, precise, stamp, text
from fbbackup.models import Kind, Picture, StoredFile, Variant


@dataclass(frozen=True, slots=True)
class Wanted:
    """A photo whose largest variant is to be stored; `is_new` when this run met it first."""

    id: str
    kind: Kind
    key_stem: str
    variant: Variant | None
    attempts: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """A photo's file that is durable under its final name. `thumbnail_size` is the edge of the thumbnail made."""

    photo_id: str
    file: StoredFile
    picture: Picture
    source: str
    thumbnail_size: int | None


@dataclass(frozen=True, slots=True)
class Failure:
    """A photo that could not be stored now, and when the daemon should try again."""

    photo_id: str
    reason: str
    next_try_at: datetime | None


@dataclass(frozen=True, slots=True)
class FileWithoutThumbnail:
    sha256: str
    key: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Due:
    """Which failed photos count as due: never those tried since `tried_before`; `all_failed` ignores the backoff."""

    now: datetime
    tried_before: datetime
    all_failed: bool


def photos_to_download(db: Connection, account_id: int, due: Due, busy: Collection[str], limit: int) -> list[Wanted]:
    """Up to `limit` photos to fetch now, without those in `busy`, never tried ones first.

    Failed ones without a time for the next try wait for a person."""
    found: list[Wanted] = []
    for state in ("wanted", "failed"):
        if len(found) < limit:
            found += _due(db, account_id, state, due, busy, limit - len(found))
    return found


def _due(db: Connection, account_id: int, state: str, due: Due, busy: Collection[str], limit: int) -> list[Wanted]:
    rows = db.execute(
        "SELECT p.id, p.kind, p.key_stem, p.attempts, p.first_seen_at >= ? AS is_new, "
        "v.width, v.height, v.format, v.url, v.expires_at "
        "FROM photos p LEFT JOIN variants v ON v.photo_id = p.id AND v.rank = 0 "
        "WHERE p.state = ? AND p.account_id = ? AND p.id NOT IN (SELECT value FROM json_each(?)) "
        "AND (p.state = 'wanted' OR (p.next_try_at IS NOT NULL AND (p.tried_at IS NULL OR p.tried_at < ?) "
        "AND (? OR p.next_try_at <= ?))) LIMIT ?",
        (
            stamp(due.now), state, account_id, json.dumps(list(busy)), precise(due.tried_before), due.all_failed,
            stamp(due.now), limit,
        ),
    )  # fmt: skip
    return [_wanted(row) for row in rows]


def _wanted(row: Row) -> Wanted:
    variant = None
    if row["url"] is not None:
        variant = Variant(row["url"], row["width"], row["height"], row["format"], moment(row["expires_at"]))
    return Wanted(row["id"], Kind(row["kind"]), row["key_stem"], variant, row["attempts"], bool(row["is_new"]))


def variant_after(db: Connection, photo_id: str, url: str) -> Variant | None:
    """The next best address on record after one that leads to no picture."""
    row = db.execute(
        "SELECT v.* FROM variants v JOIN variants w ON w.photo_id = v.photo_id AND w.rank < v.rank "
        "WHERE v.photo_id = ? AND w.url = ? ORDER BY v.rank LIMIT 1",
        (photo_id, url),
    ).fetchone()
    if row is None:
        return None
    return Variant(row["url"], row["width"], row["height"], row["format"], moment(row["expires_at"]))


def variant_of(db: Connection, photo_id: str) -> Variant | None:
    """The largest variant on record."""
    row = db.execute("SELECT * FROM variants WHERE photo_id = ? AND rank = 0", (photo_id,)).fetchone()
    if row is None:
        return None
    return Variant(row["url"], row["width"], row["height"], row["format"], moment(row["expires_at"]))


def not_stored(db: Connection, account_id: int) -> dict[str, int]:
    """How many photos that exist upstream are wanted, failed, or unavailable without an answer why, by state."""
    rows = db.execute(
        "SELECT state, count(*) AS n FROM photos WHERE account_id = ? AND gone_at IS NULL "
        "AND (state IN ('wanted', 'failed') OR (state = 'unavailable' AND tried_at IS NULL)) GROUP BY state",
        (account_id,),
    )
    return {row["state"]: row["n"] for row in rows}


@dataclass(frozen=True, slots=True)
class Slot:
    """Where bytes belong: `stored` when they are there, soundly; `taken` when the key is on record for others."""

    key: str
    stored: bool
    taken: bool


def slot(db: Connection, digest: str, key: str) -> Slot:
    """The key under which these bytes are recorded, even if they went missing from there; else `key`."""
    row = db.execute("SELECT key, damaged_at FROM files WHERE sha256 = ?", (digest,)).fetchone()
    if row is not None:
        return Slot(row["key"], row["damaged_at"] is None, False)
    return Slot(key, False, is_recorded(db, key))


def is_recorded(db: Connection, key: str) -> bool:
    """Whether a file is on record under this key, there or not: keys are never used twice."""
    return db.execute("SELECT 1 FROM files WHERE key = ?", (key,)).fetchone() is not None


def record_files(db: Connection, kept: Sequence[Kept], now: datetime) -> None:
    """Turns durable files into stored photos; a photo's newest file becomes its current one."""
    at = stamp(now)
    damaged = _damaged(db, kept)
    db.executemany(
        "INSERT INTO files (sha256, key, bytes, content_type, width, height, orientation, color, stored_at, "
        "verified_at, thumbnail_size) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sha256) DO UPDATE SET "
        "key = CASE WHEN damaged_at IS NULL THEN key ELSE excluded.key END, damaged_at = NULL, "
        "verified_at = excluded.verified_at, "
        "thumbnail_size = coalesce(excluded.thumbnail_size, thumbnail_size)",
        [
            (
                k.file.sha256, k.file.key, k.file.bytes, k.picture.content_type, k.picture.width, k.picture.height,
                k.picture.orientation, k.picture.color, at, at, k.thumbnail_size,
            )
            for k in kept
        ],
    )  # fmt: skip
    db.executemany(
        "UPDATE photo_files SET is_current = 0 WHERE photo_id = ? AND sha256 <> ?",
        [(k.photo_id, k.file.sha256) for k in kept],
    )
    db.executemany(
        "INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES (?, ?, 1, ?, ?) "
        "ON CONFLICT (photo_id, sha256) DO UPDATE SET is_current = 1",
        [(k.photo_id, k.file.sha256, k.source, at) for k in kept],
    )
    db.executemany(
        "UPDATE photos SET state = 'stored', sha256 = ?, content_type = ?, width = coalesce(?, width), "
        "height = coalesce(?, height), attempts = 0, last_error = NULL, next_try_at = NULL, tried_at = ? WHERE id = ?",
        [
            (
                k.file.sha256,
                k.picture.content_type,
                k.picture.width,
                k.picture.height,
                precise(now),
                k.photo_id,
            )
            for k in kept
        ],
    )
    forget_addresses(db, [k.photo_id for k in kept])
    for digest in damaged:
        mark_stored(db, digest)
    _record_taken(db, kept)


def _damaged(db: Connection, kept: Sequence[Kept]) -> list[str]:
    """Those of these files that were missing or changed before."""
    rows = db.execute(
        "SELECT f.sha256 FROM json_each(?) w CROSS JOIN files f ON f.sha256 = w.value WHERE f.damaged_at IS NOT NULL",
        (json.dumps([k.file.sha256 for k in kept]),),
    )
    return [row["sha256"] for row in rows]


def _record_taken(db: Connection, kept: Sequence[Kept]) -> None:
    """The time in the file's own EXIF block is a better file date than what the source says."""
    for k in kept:
        if k.picture.taken_at is None:
            continue
        row = db.execute("SELECT file_date_source FROM photos WHERE id = ?", (k.photo_id,)).fetchone()
        if better_date(row["file_date_source"], "exif"):
            db.execute(
                "UPDATE photos SET file_date = ?, file_date_source = 'exif', file_date_precision = 'second' "
                "WHERE id = ?",
                (text(k.picture.taken_at), k.photo_id),
            )


def record_failures(db: Connection, failures: Sequence[Failure], now: datetime) -> None:
    db.executemany(
        "UPDATE photos SET state = 'failed', attempts = attempts + 1, last_error = ?, tried_at = ?, next_try_at = ? "
        "WHERE id = ?",
        [(f.reason, precise(now), text(f.next_try_at), f.photo_id) for f in failures],
    )


def files_without_thumbnail(db: Connection, size: int, limit: int) -> list[FileWithoutThumbnail]:
    """Stored pictures that lack a thumbnail of this size and never refused to give one."""
    rows = db.execute(
        "SELECT sha256, key, content_type FROM files WHERE thumbnail_size IS NULL AND thumbnail_error IS NULL "
        "AND damaged_at IS NULL AND content_type LIKE 'image/%' "
        "UNION ALL SELECT sha256, key, content_type FROM files WHERE thumbnail_size <> ? AND thumbnail_error IS NULL "
        "AND damaged_at IS NULL AND content_type LIKE 'image/%' LIMIT ?",
        (size, limit),
    )
    return [FileWithoutThumbnail(row["sha256"], row["key"], row["content_type"]) for row in rows]


def record_thumbnails(db: Connection, made: Sequence[tuple[str, int]], failed: Sequence[tuple[str, str]]) -> None:
    """`made`: digest and size; `failed`: digest and reason."""
    db.executemany(
        "UPDATE files SET thumbnail_size = ?, thumbnail_error = NULL WHERE sha256 = ?",
        [(s, d) for d, s in made],
    )
    db.executemany("UPDATE files SET thumbnail_error = ? WHERE sha256 = ?", [(reason, d) for d, reason in failed])


def forget_thumbnails_since(db: Connection, since: datetime) -> None:
    """Thumbnails of a run that did not end in order may be torn; they are made again."""
    db.execute("UPDATE files SET thumbnail_size = NULL WHERE stored_at >= ?", (stamp(since),))


def forget_thumbnails(db: Connection, digests: Sequence[str]) -> None:
    """The thumbnails of these files are no more."""
    db.executemany("UPDATE files SET thumbnail_size = NULL WHERE sha256 = ?", [(digest,) for digest in digests])


def stored_files(db: Connection, after: str, limit: int) -> list[tuple[str, str, int]]:
    """Key, digest and size of files in key order, after a key."""
    rows = db.execute(
        "SELECT key, sha256, bytes FROM files WHERE key > ? AND damaged_at IS NULL ORDER BY key LIMIT ?",
        (after, limit),
    )
    return [(row["key"], row["sha256"], row["bytes"]) for row in rows]


def thumbnails_made(db: Connection, after: str, limit: int) -> list[tuple[str, int]]:
    """Digests of files that have a thumbnail, in their order after a digest, and the thumbnail's edge."""
    rows = db.execute(
        "SELECT sha256, thumbnail_size FROM files WHERE sha256 > ? AND thumbnail_size IS NOT NULL "
        "ORDER BY sha256 LIMIT ?",
        (after, limit),
    )
    return [(row["sha256"], row["thumbnail_size"]) for row in rows]


def lacking_its_file(db: Connection, stem: str) -> str | None:
    """The photo that has no file yet and whose file would carry this key, up to its extension."""
    row = db.execute(
        f"SELECT p.id FROM photos p WHERE p.id = ? AND p.sha256 IS NULL AND NOT {IS_PURGED}",  # noqa: S608
        (photo_of_key_stem(db, stem),),
    ).fetchone()
    return row["id"] if row else None


def unknown_keys(db: Connection, keys: Sequence[str]) -> list[str]:
    """Those of `keys` that no file's row names, and that are no manifests."""
    rows = db.execute(
        "SELECT w.value AS key FROM json_each(?) w LEFT JOIN files f ON f.key = w.value WHERE f.key IS NULL "
        "AND w.value NOT GLOB '*/manifest.jsonl'",
        (json.dumps(list(keys)),),
    )
    return [row["key"] for row in rows]
