"""What the daemon asks before it starts anything: when something was last done, and what is overdue."""

from __future__ import annotations

import json
from datetime import datetime
from sqlite3 import Connection

from fbbackup.catalog.runs import ENDED
from fbbackup.catalog.times import moment, stamp


def last_run_at(db: Connection, account: str) -> datetime | None:
    """When the account's last run ended, None when there was none or it was cut short."""
    row = db.execute(
        "SELECT r.outcome, r.finished_at FROM runs r JOIN accounts a ON a.id = r.account_id WHERE a.name = ? "
        "ORDER BY r.id DESC LIMIT 1",
        (account,),
    ).fetchone()
    return moment(row["finished_at"]) if row is not None and row["outcome"] in ENDED else None


def blocked_until(db: Connection, account: str) -> float:
    """Unix seconds before which the account's source may not be called; 0 when it may."""
    row = db.execute(
        "SELECT s.state FROM source_states s JOIN accounts a ON a.id = s.account_id WHERE a.name = ?", (account,)
    ).fetchone()
    until = json.loads(row["state"]).get("budget", {}).get("blocked_until") if row is not None else None
    return float(until) if isinstance(until, int | float) else 0.0


def sweep_is_overdue(db: Connection, account: str, before: datetime) -> bool:
    """Whether uploads outside albums were not listed since `before`, though other albums were."""
    row = db.execute(
        "SELECT 1 FROM albums u JOIN accounts a ON a.id = u.account_id WHERE a.name = ? AND u.kind = 'uploads' "
        "AND u.virtual AND u.gone_at IS NULL AND (u.listed_at IS NULL OR u.listed_at < ?) AND EXISTS "
        "(SELECT 1 FROM albums l WHERE l.account_id = a.id AND l.listed_at IS NOT NULL)",
        (account, stamp(before)),
    ).fetchone()
    return row is not None
