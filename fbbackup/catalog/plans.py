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


def remote_id(db: Connection, account: str) -> str | None:
    """Whose account it was, as the source last told."""
    row = db.execute("SELECT remote_id FROM accounts WHERE name = ?", (account,)).fetchone()
    return row["remote_id"] if row is not None else None


def blocked_until(db: Connection, account: str) -> float:
    """Unix seconds before which the account's source may not be called; 0 when it may."""
    row = db.execute(
        "SELECT s.state FROM source_states s JOIN accounts a ON a.id = s.account_id WHERE a.name = ?", (account,)
    ).fetchone()
    until = json.loads(row["state"]).get("budget", {}).get("blocked_until") if row is not None else None
    return float(until) if isinstance(until, int | float) else 0.0


def deep_is_overdue(db: Connection, account: str, before: datetime) -> bool:
    """Whether no deep run ended since `before`; a first run looked at everything as well."""
    row = db.execute(
        "SELECT max(r.started_at) AS last FROM runs r JOIN accounts a ON a.id = r.account_id WHERE a.name = ? "
        "AND r.outcome IN (SELECT value FROM json_each(?)) AND (r.kind = 'deep' OR r.id = "
        "(SELECT min(f.id) FROM runs f WHERE f.account_id = a.id AND f.outcome IS NOT NULL))",
        (account, json.dumps(ENDED)),
    ).fetchone()
    return row["last"] is not None and bool(row["last"] < stamp(before))
