"""What came of the runs since some moment, for people: counted from what the runs recorded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

from fbbackup.catalog.times import stamp


@dataclass(frozen=True, slots=True)
class Changes:
    """Counts of one account. `failed` are photos that could not be stored and will be tried again."""

    new: int = 0
    stored: int = 0
    captions: int = 0
    renamed: int = 0
    albums: int = 0
    gone: int = 0
    failed: int = 0
    runs: int = 0

    @property
    def any(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.new or self.stored or self.captions or self.renamed or self.albums or self.gone)


def changes_of_run(db: Connection, account: str, run_id: int) -> Changes:
    """What this run and any later one changed."""
    row = db.execute("SELECT started_at FROM runs WHERE id = ?", (run_id,)).fetchone()
    return changes_since(db, account, datetime.fromisoformat(row["started_at"])) if row is not None else Changes()


def changes_since(db: Connection, account: str, since: datetime) -> Changes:
    """What runs that began at `since` or later changed."""
    at = stamp(since)
    runs = db.execute(
        "SELECT r.counters FROM runs r JOIN accounts a ON a.id = r.account_id WHERE a.name = ? AND r.started_at >= ? "
        "AND r.finished_at IS NOT NULL",
        (account, at),
    ).fetchall()
    counters = [json.loads(row["counters"]) for row in runs]

    def total(key: str) -> int:
        return sum(int(found.get(key, 0)) for found in counters)

    (captions,) = db.execute(
        "SELECT count(DISTINCT v.photo_id) FROM revisions v JOIN photos p ON p.id = v.photo_id "
        "JOIN accounts a ON a.id = p.account_id WHERE v.seen_at >= ? AND v.field = 'caption' AND a.name = ?",
        (at, account),
    ).fetchone()
    (renamed,) = db.execute(
        "SELECT count(DISTINCT v.album_id) FROM revisions v JOIN albums l ON l.id = v.album_id "
        "JOIN accounts a ON a.id = l.account_id WHERE v.seen_at >= ? AND v.field = 'title' AND a.name = ?",
        (at, account),
    ).fetchone()
    (albums,) = db.execute(
        "SELECT count(*) FROM albums l JOIN accounts a ON a.id = l.account_id "
        "WHERE a.name = ? AND l.first_seen_at >= ? AND NOT l.virtual",
        (account, at),
    ).fetchone()
    return Changes(
        new=total("photos_new"), stored=total("photos_stored"), captions=captions, renamed=renamed, albums=albums,
        gone=total("photos_gone"), failed=int(counters[-1].get("photos_failed", 0)) if counters else 0, runs=len(runs),
    )  # fmt: skip


def clocks(db: Connection, account: str) -> tuple[datetime | None, datetime | None, datetime | None]:
    """When the login was last asked about, when it ends, and when access to the data ends."""
    row = db.execute(
        "SELECT asked_at, login_expires_at, data_access_expires_at FROM accounts WHERE name = ?", (account,)
    ).fetchone()
    if row is None:
        return None, None, None
    asked, login, data = (datetime.fromisoformat(value) if value else None for value in row)
    return asked, login, data
