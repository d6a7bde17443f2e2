"""Read-only questions of people: what is stored, what is pending, all about one photo. Made for `open_reader`."""

from __future__ import annotations

import json
from datetime import datetime
from sqlite3 import Connection, Row
from typing import Any

from fbbackup.catalog.photos import IS_PURGED
from fbbackup.catalog.uploads import uploads_of
from fbbackup.catalog.withheld import UNWANTED
from fbbackup.errors import CatalogDamaged

_ACCOUNT_COLUMNS = (
    "name", "source", "remote_id", "display_name", "added_at", "login_expires_at", "data_access_expires_at", "asked_at",
)  # fmt: skip
STATES = ("stored", "wanted", "failed", "unavailable")


def totals(db: Connection) -> dict[str, Any]:
    """Counts of everything stored, from indexes alone so that it stays quick on a large catalog."""
    states = dict(db.execute("SELECT state, count(*) FROM photos GROUP BY state").fetchall())
    files, size = db.execute("SELECT count(*), coalesce(sum(bytes), 0) FROM files").fetchone()
    return {
        "photos": {**{state: states.get(state, 0) for state in STATES}, **_apart(db, states.get("unavailable", 0))},
        "gone_upstream": _count(db, "SELECT count(*) FROM photos WHERE gone_at IS NOT NULL"),
        "albums": _count(db, "SELECT count(*) FROM albums WHERE gone_at IS NULL"),
        "files": files,
        "bytes": size,
        "damaged_files": _count(db, "SELECT count(*) FROM files WHERE damaged_at IS NOT NULL"),
        "files_without_thumbnail": _count(db, "SELECT count(*) FROM files WHERE thumbnail_size IS NULL"),
    }


def _apart(db: Connection, unavailable: int) -> dict[str, int]:
    """What is unavailable because nobody wants it, or any more, counts by itself."""
    sql = "SELECT count(*) FROM photos WHERE state = 'unavailable' AND last_error = ?"
    left_out: int = db.execute(sql, (UNWANTED,)).fetchone()[0]
    purged = _count(db, f"SELECT count(*) FROM photos WHERE {IS_PURGED}")  # noqa: S608 - a constant
    return {"unavailable": unavailable - left_out - purged, "left_out": left_out, "purged": purged}


def _count(db: Connection, sql: str) -> int:
    found: int = db.execute(sql).fetchone()[0]
    return found


def accounts(db: Connection) -> list[dict[str, Any]]:
    """Each account with what its source remembers of login and budget, and its last run."""
    rows = db.execute(
        "SELECT a.*, s.state FROM accounts a LEFT JOIN source_states s ON s.account_id = a.id ORDER BY a.id"
    ).fetchall()
    return [
        {
            **{key: row[key] for key in _ACCOUNT_COLUMNS},
            "permissions": json.loads(row["permissions"]) if row["permissions"] else None,
            "budget": json.loads(row["state"]).get("budget", {}) if row["state"] else {},
            "last_run": _last_run(db, row["id"], "1"),
            "last_complete_run": _last_run(db, row["id"], "outcome = 'complete'"),
        }
        for row in rows
    ]


def _last_run(db: Connection, account_id: int, condition: str) -> dict[str, Any] | None:
    row = db.execute(
        f"SELECT * FROM runs WHERE account_id = ? AND {condition} ORDER BY id DESC LIMIT 1",  # noqa: S608 - constants above
        (account_id,),
    ).fetchone()
    return {**dict(row), "counters": json.loads(row["counters"])} if row else None


def last_good_run(db: Connection, account: str) -> datetime | None:
    """When the last run ended that no error cut short."""
    row = db.execute(
        "SELECT r.finished_at FROM runs r JOIN accounts a ON a.id = r.account_id WHERE a.name = ? "
        "AND r.outcome IN ('complete', 'incomplete') AND r.error IS NULL ORDER BY r.id DESC LIMIT 1",
        (account,),
    ).fetchone()
    return datetime.fromisoformat(row["finished_at"]) if row is not None else None


def run_totals(db: Connection, account: str) -> list[dict[str, Any]]:
    """Runs that ended, by outcome, with their calls and bytes."""
    rows = db.execute(
        "SELECT r.outcome, count(*) AS runs, sum(r.calls) AS calls, sum(r.bytes) AS bytes FROM runs r "
        "JOIN accounts a ON a.id = r.account_id WHERE a.name = ? AND r.outcome IS NOT NULL GROUP BY r.outcome",
        (account,),
    )
    return [dict(row) for row in rows]


def account_ids(db: Connection) -> dict[str, int]:
    return {row["name"]: row["id"] for row in db.execute("SELECT id, name FROM accounts ORDER BY id")}


def purged_photos(db: Connection, account_id: int) -> int:
    """How many photos of an account had their files removed by `purge`."""
    found: int = db.execute(
        f"SELECT count(*) FROM photos WHERE {IS_PURGED} AND account_id = ?",  # noqa: S608 - a constant
        (account_id,),
    ).fetchone()[0]
    return found


def missing_photos(db: Connection, account_id: int, limit: int) -> list[dict[str, Any]]:
    """Photos that are listed and not stored, with the reason."""
    rows = db.execute(
        "SELECT id, kind, state, attempts, last_error, tried_at, next_try_at, caption, link FROM photos "  # noqa: S608
        "WHERE account_id = ? AND state IN ('wanted', 'failed', 'unavailable') AND gone_at IS NULL "
        f"AND (state <> 'unavailable' OR last_error IS NOT ?) AND NOT {IS_PURGED} LIMIT ?",
        (account_id, UNWANTED, limit),
    )
    return [dict(row) for row in rows]


def photo(db: Connection, photo_id: str) -> dict[str, Any] | None:
    """All that is known of one photo; None when there is no such photo. Raises CatalogDamaged rather than tell of
    another photo than the one that was asked for."""
    row = db.execute(
        f"SELECT p.*, {IS_PURGED} AS purged, a.name AS account, l.name AS place, l.city, l.country FROM photos p "  # noqa: S608
        "JOIN accounts a ON a.id = p.account_id LEFT JOIN places l ON l.id = p.place_id WHERE p.id = ?",
        (photo_id,),
    ).fetchone()
    if row is None:
        return None
    found = {key: row[key] for key in row.keys() if key not in ("number", "account_id", "key_stem")}  # noqa: SIM118
    found["raw"], found["purged"] = json.loads(row["raw"]), bool(row["purged"])
    found["albums"] = _rows(
        db,
        "SELECT a.remote_id AS id, a.title, m.position, m.first_seen_at, m.removed_at FROM album_photos m "
        "JOIN albums a ON a.id = m.album_id WHERE m.photo_id = ? ORDER BY m.removed_at IS NOT NULL, a.position",
        photo_id,
    )
    found["files"] = _rows(
        db,
        "SELECT f.key, f.sha256, f.bytes, f.content_type, f.width, f.height, x.is_current, x.source, f.stored_at, "
        "f.verified_at, f.damaged_at, f.orientation, f.color, "
        # The index has its own copy of the key, so that a torn one shows.
        "(SELECT g.sha256 FROM files g WHERE g.key = f.key) IS f.sha256 AS sound FROM photo_files x "
        "JOIN files f ON f.sha256 = x.sha256 WHERE x.photo_id = ? ORDER BY x.is_current DESC, f.stored_at",
        photo_id,
    )
    _check_sense(row, found["files"], photo_id)
    found["people"] = _rows(db, "SELECT name, person_id, x, y FROM photo_people WHERE photo_id = ?", photo_id)
    found["comments"] = _rows(
        db, "SELECT from_name, message, created_at FROM comments WHERE photo_id = ? ORDER BY created_at, id", photo_id
    )
    found["reactions"] = _rows(db, "SELECT kind, count FROM reactions WHERE photo_id = ?", photo_id)
    found["revisions"] = _rows(
        db, "SELECT field, old, new, seen_at FROM revisions WHERE photo_id = ? ORDER BY id", photo_id
    )
    found["uploads"] = [dict(row) for row in uploads_of(db, photo_id)]
    return found


def _check_sense(row: Row, files: list[dict[str, Any]], photo_id: str) -> None:
    """A torn index entry may lead to another photo's row, a torn key to another photo's file."""
    sound = all([file.pop("sound") for file in files])
    current = [file["sha256"] for file in files if file["is_current"]]
    if row["id"] != photo_id or not sound or (row["state"] == "stored" and current != [row["sha256"]]):
        raise CatalogDamaged(f"the catalog contradicts itself about photo {photo_id}; `fbbackup rebuild` makes it anew")


def source_of(db: Connection, photo_id: str) -> str:
    """The kind of source of the account that a photo belongs to."""
    row = db.execute(
        "SELECT a.source FROM photos p JOIN accounts a ON a.id = p.account_id WHERE p.id = ?", (photo_id,)
    ).fetchone()
    return str(row["source"])


def _rows(db: Connection, sql: str, photo_id: str) -> list[dict[str, Any]]:
    return [dict(row) for row in db.execute(sql, (photo_id,))]
