"""Photos whose files a person removes for good: what that would take away, the mark first, and the end of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

from fbbackup.catalog.photos import IS_PURGED, forget_addresses
from fbbackup.catalog.times import precise, stamp

PURGED = "purged {}: `fbbackup purge` removed its files; it is not fetched again"
"""What `last_error` of such a photo says; `IS_PURGED` knows it by its first word."""


@dataclass(frozen=True, slots=True)
class Doomed:
    """A file that goes."""

    key: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Shared:
    """A file that stays, because these other photos have the same bytes."""

    key: str
    photo_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What purging photos removes. `unknown` are ids that no photo has, `purged` those that were purged before."""

    photo_ids: tuple[str, ...]
    unknown: tuple[str, ...]
    purged: tuple[str, ...]
    files: tuple[Doomed, ...]
    shared: tuple[Shared, ...]


def plan(db: Connection, ids: Sequence[str]) -> Plan:
    """What is on record of these photos now."""
    wanted = list(dict.fromkeys(ids))
    states = {
        row["id"]: row["purged"]
        for row in db.execute(
            f"SELECT p.id, {IS_PURGED} AS purged FROM json_each(?) w CROSS JOIN photos p ON p.id = w.value",  # noqa: S608
            (json.dumps(wanted),),
        )
    }
    rows = db.execute(
        "SELECT DISTINCT f.key, f.sha256, f.bytes FROM json_each(?) w CROSS JOIN photo_files x ON x.photo_id = w.value "
        "JOIN files f ON f.sha256 = x.sha256 ORDER BY f.key",
        (json.dumps(wanted),),
    ).fetchall()
    others = {row["sha256"]: _others(db, row["sha256"], wanted) for row in rows}
    return Plan(
        tuple(id_ for id_ in wanted if id_ in states),
        tuple(id_ for id_ in wanted if id_ not in states),
        tuple(id_ for id_ in wanted if states.get(id_)),
        tuple(Doomed(row["key"], row["sha256"], row["bytes"]) for row in rows if not others[row["sha256"]]),
        tuple(Shared(row["key"], others[row["sha256"]]) for row in rows if others[row["sha256"]]),
    )


def _others(db: Connection, digest: str, ids: Sequence[str]) -> tuple[str, ...]:
    rows = db.execute(
        "SELECT photo_id FROM photo_files WHERE sha256 = ? AND photo_id NOT IN (SELECT value FROM json_each(?)) "
        "ORDER BY photo_id",
        (digest, json.dumps(list(ids))),
    )
    return tuple(row["photo_id"] for row in rows)


def mark_purged(db: Connection, ids: Sequence[str], now: datetime) -> Plan:
    """From now on nothing fetches these photos; their files are still on record, so that what is removed half can be
    removed whole. Photos purged before keep the time of it."""
    todo = plan(db, ids)
    reason = PURGED.format(stamp(now))
    for id_ in todo.photo_ids:
        if id_ not in todo.purged:
            db.execute(
                "UPDATE photos SET state = 'unavailable', last_error = ?, tried_at = coalesce(tried_at, ?), "
                "next_try_at = NULL, sha256 = NULL WHERE id = ?",
                (reason, precise(now), id_),
            )
    forget_addresses(db, todo.photo_ids)
    return todo


def forget_files(db: Connection, done: Plan) -> None:
    """The files of the plan are gone from the disk, durably."""
    db.executemany("DELETE FROM photo_files WHERE photo_id = ?", [(id_,) for id_ in done.photo_ids])
    db.executemany("DELETE FROM files WHERE sha256 = ?", [(file.sha256,) for file in done.files])
