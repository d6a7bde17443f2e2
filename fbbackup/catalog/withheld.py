"""Photos that are listed and have no file to fetch: not asked about yet, refused for good, or not wanted.

They are `unavailable`. Without `tried_at` the question is open; with it the answer is known, and `last_error` tells it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from sqlite3 import Connection

from fbbackup.catalog.photos import IS_PURGED, NO_FILE, forget_addresses
from fbbackup.catalog.times import precise
from fbbackup.models import Absence, Kind

UNWANTED = "videos are left out by the configuration"
FORBIDDEN = "the login may not read videos"

REFUSED = "Facebook hands out no file for it: it may be somebody else's, still in the making, or blocked by its rights"

UNCLEAR_ANSWERS = 3
"""So many runs may ask in vain; then the refusal counts as the answer."""


def leave_out_videos(db: Connection, account_id: int, reason: str | None, now: datetime) -> None:
    """Puts aside all videos without a file for this reason; with None takes up again those that were put aside."""
    if reason is None:
        db.execute(
            "UPDATE photos SET last_error = ?, tried_at = NULL, state = CASE WHEN EXISTS "
            "(SELECT 1 FROM variants v WHERE v.photo_id = photos.id) THEN 'wanted' ELSE state END "
            "WHERE state = 'unavailable' AND account_id = ? AND last_error IN (?, ?) AND gone_at IS NULL",
            (NO_FILE, account_id, UNWANTED, FORBIDDEN),
        )
        return
    db.execute(
        "UPDATE photos SET state = 'unavailable', last_error = ?, tried_at = ? WHERE state IN "  # noqa: S608 - a constant
        "('wanted', 'failed', 'unavailable') AND account_id = ? AND kind = ? AND sha256 IS NULL "
        f"AND last_error IS NOT ? AND NOT {IS_PURGED}",
        (reason, precise(now), account_id, Kind.VIDEO, reason),
    )


def to_ask(db: Connection, account_id: int, asked_before: datetime, without: Collection[str], limit: int) -> list[str]:
    """Photos whose file nobody asked for by id yet, or not since `asked_before`; not those in `without`."""
    rows = db.execute(
        "SELECT id FROM photos WHERE state = 'unavailable' AND account_id = ? AND gone_at IS NULL "  # noqa: S608
        f"AND NOT {IS_PURGED} AND (tried_at IS NULL OR (tried_at < ? AND last_error NOT IN (?, ?))) "
        "AND id NOT IN (SELECT value FROM json_each(?)) LIMIT ?",
        (account_id, precise(asked_before), UNWANTED, FORBIDDEN, json.dumps(list(without)), limit),
    )
    return [row["id"] for row in rows]


def record_refusals(db: Connection, refused: Sequence[Absence], now: datetime) -> None:
    """The source knows these photos and hands out no file; they are wanted again when a listing shows one."""
    db.executemany(
        "UPDATE photos SET last_error = ?, tried_at = ?, state = CASE WHEN EXISTS (SELECT 1 FROM files f "
        "WHERE f.sha256 = photos.sha256 AND f.damaged_at IS NULL) THEN 'stored' ELSE 'unavailable' END WHERE id = ?",
        [(refusal.evidence, precise(now), refusal.id) for refusal in refused],
    )
    forget_addresses(db, [refusal.id for refusal in refused])


def record_unclear(db: Connection, unclear: Sequence[Absence], now: datetime) -> None:
    """No answer to be had for these: asked again by the next run, until that was tried often enough."""
    db.executemany(
        "UPDATE photos SET attempts = attempts + 1, last_error = ?, "
        "tried_at = CASE WHEN attempts + 1 >= ? OR tried_at IS NOT NULL THEN ? END WHERE id = ?",
        [(answer.evidence, UNCLEAR_ANSWERS, precise(now), answer.id) for answer in unclear],
    )


def count(db: Connection, account_id: int) -> int:
    """How many photos the source is known to hand out no file for, apart from those that nobody wants any more."""
    found: int = db.execute(
        "SELECT count(*) FROM photos WHERE state = 'unavailable' AND account_id = ? AND gone_at IS NULL "  # noqa: S608
        f"AND tried_at IS NOT NULL AND last_error IS NOT ? AND NOT {IS_PURGED}",
        (account_id, UNWANTED),
    ).fetchone()[0]
    return found
