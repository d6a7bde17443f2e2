"""Whether recorded files are as they were recorded: what to check next, what was found, and what follows from it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection, Row

from fbbackup.catalog.photos import forget_addresses
from fbbackup.catalog.times import stamp
from fbbackup.models import Kind, Problem

REASONS = {
    Problem.MISSING: "its file {} is missing",
    Problem.CHANGED: "its file {} was changed since it was stored; `fbbackup verify --repair` fetches it again",
    Problem.UNREADABLE: "its file {} can't be read; `fbbackup verify --repair` fetches it again",
}
"""What a photo's `last_error` says while its current file is not as recorded."""

_OF_ACCOUNT = (
    "(? IS NULL OR EXISTS (SELECT 1 FROM photo_files x JOIN photos p ON p.id = x.photo_id "
    "WHERE x.sha256 = f.sha256 AND p.account_id = ?))"
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A file as the catalog has it. `damaged` says that it was found otherwise."""

    key: str
    sha256: str
    bytes: int
    verified_at: str
    damaged: bool


@dataclass(frozen=True, slots=True)
class Owner:
    """A photo that a file belongs to; `key_stem` is where its own files are put."""

    photo_id: str
    account_id: int
    kind: Kind
    is_current: bool
    key_stem: str


@dataclass(frozen=True, slots=True)
class Wished:
    """A damaged file, and whether a photo waits for it to be fetched again."""

    key: str
    sha256: str
    bytes: int
    awaited: bool


def _recorded(row: Row) -> Recorded:
    return Recorded(row["key"], row["sha256"], row["bytes"], row["verified_at"] or "", row["damaged_at"] is not None)


def recorded_files(db: Connection, after: str, limit: int) -> list[Recorded]:
    """All files in key order, after a key."""
    rows = db.execute(
        "SELECT key, sha256, bytes, verified_at, damaged_at FROM files WHERE key > ? ORDER BY key LIMIT ?",
        (after, limit),
    )
    return [_recorded(row) for row in rows]


def damaged_records(db: Connection, after: str, limit: int) -> list[Recorded]:
    """Files that were found otherwise than recorded, in key order, after a key."""
    rows = db.execute(
        "SELECT key, sha256, bytes, verified_at, damaged_at FROM files WHERE damaged_at IS NOT NULL AND key > ? "
        "ORDER BY key LIMIT ?",
        (after, limit),
    )
    return [_recorded(row) for row in rows]


def sound_files(db: Connection, after: str, limit: int, account_id: int | None) -> list[Recorded]:
    """Files not known to be damaged in key order, after a key; of one account, or of all with None."""
    rows = db.execute(
        "SELECT key, sha256, bytes, verified_at, damaged_at "  # noqa: S608 - a constant
        "FROM files f WHERE key > ? AND damaged_at IS NULL "
        f"AND {_OF_ACCOUNT} ORDER BY key LIMIT ?",
        (after, account_id, account_id, limit),
    )
    return [_recorded(row) for row in rows]


def count_sound(db: Connection, account_id: int | None) -> int:
    """How many files `sound_files` lists in all."""
    found: int = db.execute(
        f"SELECT count(*) FROM files f WHERE damaged_at IS NULL AND {_OF_ACCOUNT}",  # noqa: S608 - a constant
        (account_id, account_id),
    ).fetchone()[0]
    return found


def count_damaged(db: Connection, account_id: int | None) -> int:
    """How many files `damaged_files` lists in all."""
    found: int = db.execute(
        f"SELECT count(*) FROM files f WHERE damaged_at IS NOT NULL AND {_OF_ACCOUNT}",  # noqa: S608 - a constant
        (account_id, account_id),
    ).fetchone()[0]
    return found


def oldest_checks(db: Connection, account_id: int | None, count: int) -> tuple[str, int]:
    """The `count` sound files whose last check is longest ago: all checked before this time, and so many of those
    checked at it."""
    last: str = db.execute(
        f"SELECT coalesce(verified_at, '') FROM files f WHERE damaged_at IS NULL AND {_OF_ACCOUNT} "  # noqa: S608
        "ORDER BY 1 LIMIT 1 OFFSET ?",
        (account_id, account_id, count - 1),
    ).fetchone()[0]
    before: int = db.execute(
        f"SELECT count(*) FROM files f WHERE damaged_at IS NULL AND {_OF_ACCOUNT} "  # noqa: S608 - a constant
        "AND coalesce(verified_at, '') < ?",
        (account_id, account_id, last),
    ).fetchone()[0]
    return last, count - before


def damaged_files(db: Connection, after: str, limit: int, account_id: int | None = None) -> list[Wished]:
    """Files that were found otherwise than recorded, in key order, after a key."""
    rows = db.execute(
        "SELECT key, sha256, bytes, EXISTS (SELECT 1 FROM photos p WHERE p.sha256 = f.sha256 "  # noqa: S608 - a constant
        "AND (p.state = 'wanted' OR p.next_try_at IS NOT NULL)) AS awaited "
        f"FROM files f WHERE damaged_at IS NOT NULL AND key > ? AND {_OF_ACCOUNT} ORDER BY key LIMIT ?",
        (after, account_id, account_id, limit),
    )
    return [Wished(row["key"], row["sha256"], row["bytes"], bool(row["awaited"])) for row in rows]


def owners(db: Connection, digest: str) -> list[Owner]:
    """The photos that a file belongs to, those whose current file it is first."""
    rows = db.execute(
        "SELECT x.photo_id, p.account_id, p.kind, x.is_current, p.key_stem FROM photo_files x "
        "JOIN photos p ON p.id = x.photo_id WHERE x.sha256 = ? ORDER BY x.is_current DESC, x.photo_id",
        (digest,),
    )
    return [
        Owner(row["photo_id"], row["account_id"], Kind(row["kind"]), bool(row["is_current"]), row["key_stem"])
        for row in rows
    ]


def damaged_sizes(db: Connection, sizes: Collection[int]) -> set[int]:
    """Those of `sizes` that a damaged file should have."""
    rows = db.execute(
        "SELECT DISTINCT f.bytes FROM json_each(?) w CROSS JOIN files f ON f.bytes = w.value "
        "WHERE f.damaged_at IS NOT NULL",
        (json.dumps(list(sizes)),),
    )
    return {row["bytes"] for row in rows}


def damaged_keys(db: Connection, digests: Collection[str]) -> dict[str, str]:
    """Those of `digests` that are of damaged files, with the keys where these should be."""
    rows = db.execute(
        "SELECT f.sha256, f.key FROM json_each(?) w CROSS JOIN files f ON f.sha256 = w.value "
        "WHERE f.damaged_at IS NOT NULL",
        (json.dumps(list(digests)),),
    )
    return {row["sha256"]: row["key"] for row in rows}


def record_checks(db: Connection, sound: Sequence[str], bad: Sequence[tuple[Recorded, Problem]], now: datetime) -> None:
    """Files that were read to their end: by digest those that are as recorded, and those that are not."""
    at = stamp(now)
    db.executemany("UPDATE files SET verified_at = ? WHERE sha256 = ?", [(at, digest) for digest in sound])
    record_problems(db, bad, now)


def record_problems(db: Connection, found: Sequence[tuple[Recorded, Problem]], now: datetime) -> int:
    """These files are not as recorded. Photos of missing ones become wanted; of the others they are no longer stored,
    but nothing fetches them by itself. Returns how many of the files were not known to be damaged before."""
    at = stamp(now)
    for file, problem in found:
        db.execute(
            "UPDATE files SET damaged_at = coalesce(damaged_at, ?), thumbnail_error = NULL WHERE sha256 = ?",
            (at, file.sha256),
        )
        reason = REASONS[problem].format(file.key)
        (_want if problem is Problem.MISSING else _give_up)(db, file.sha256, reason)
    return sum(not file.damaged for file, _ in found)


def _want(db: Connection, digest: str, reason: str) -> None:
    db.execute(
        "UPDATE photos SET state = CASE WHEN gone_at IS NULL THEN 'wanted' ELSE 'unavailable' END, last_error = ? "
        "WHERE sha256 = ? AND (state = 'stored' OR (state = 'failed' AND next_try_at IS NULL))",
        (reason, digest),
    )


def _give_up(db: Connection, digest: str, reason: str) -> None:
    """A photo that waits for a larger picture than this file has no `last_error` and goes on waiting."""
    db.execute(
        "UPDATE photos SET state = CASE WHEN gone_at IS NULL THEN 'failed' ELSE 'unavailable' END, last_error = ?, "
        "next_try_at = NULL "
        "WHERE sha256 = ? AND (state = 'stored' OR last_error IS NOT NULL) AND last_error IS NOT ?",
        (reason, digest, reason),
    )


def record_healed(db: Connection, keys: Mapping[str, str], now: datetime) -> None:
    """The recorded bytes are there, by digest and key: these files are sound, and their photos are stored again."""
    at = stamp(now)
    for digest, key in keys.items():
        db.execute("UPDATE files SET key = ?, damaged_at = NULL, verified_at = ? WHERE sha256 = ?", (key, at, digest))
        mark_stored(db, digest)


def mark_stored(db: Connection, digest: str) -> None:
    """Photos that were not stored because this file was damaged are stored again."""
    rows = db.execute(
        "UPDATE photos SET state = 'stored', attempts = 0, last_error = NULL, next_try_at = NULL "
        "WHERE sha256 = ? AND state <> 'stored' AND last_error IS NOT NULL RETURNING id",
        (digest,),
    ).fetchall()
    forget_addresses(db, [row["id"] for row in rows])
