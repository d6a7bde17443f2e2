"""Runs and their verdicts: what was done, and how complete each album is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection, Row
from typing import Any

from fbbackup.catalog.photos import IS_PURGED
from fbbackup.catalog.times import stamp
from fbbackup.catalog.withheld import UNWANTED

ENDED = ("complete", "incomplete")
"""Outcomes of runs that came to their end; the others are `failed` and, unrecorded, none at all."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How complete an album is: `expected` the source claims, `listed` it showed, `stored` is on disk.

    complete: the last listing reached the end, and every photo of it is stored. short: some are not. unknown: the
    listing never reached the end, or the source claims more than it shows, so nothing can be said.
    `withheld` of those listed have no file to fetch; what nobody wants or was purged is neither expected nor listed.
    """

    album_id: int
    remote_id: str
    title: str
    kind: str
    finished: bool
    expected: int | None
    listed: int
    stored: int
    withheld: int
    verdict: str

    @property
    def pending(self) -> int:
        """How many are not stored and yet may be."""
        return self.listed - self.stored - self.withheld

    @property
    def hidden(self) -> int:
        """How many the source claims beyond what it shows."""
        return max(0, (self.expected or 0) - self.listed)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What `finish_run` writes."""

    outcome: str
    counters: dict[str, Any]
    calls: int
    bytes: int
    error: str | None


def start_run(db: Connection, account_id: int, kind: str, now: datetime) -> int:
    cursor = db.execute(
        "INSERT INTO runs (account_id, kind, started_at) VALUES (?, ?, ?)", (account_id, kind, stamp(now))
    )
    run_id = cursor.lastrowid
    if run_id is None:
        raise RuntimeError("SQLite gave no row id for the run")
    return run_id


@dataclass(frozen=True, slots=True)
class Interruption:
    """A run that did not end in order. `recorded` is false when it could not even write that down (power cut, kill)."""

    started_at: datetime
    recorded: bool


def interruption(db: Connection, account_id: int) -> Interruption | None:
    """How the account's last run was cut short, if it was."""
    row = db.execute(
        "SELECT started_at, finished_at, outcome FROM runs WHERE account_id = ? ORDER BY id DESC LIMIT 1",
        (account_id,),
    ).fetchone()
    if row is None or row["outcome"] in ENDED:
        return None
    return Interruption(datetime.fromisoformat(row["started_at"]), row["finished_at"] is not None)


def finish_run(db: Connection, run_id: int, record: RunRecord, verdicts: Sequence[Verdict], now: datetime) -> None:
    db.execute(
        "UPDATE runs SET finished_at = ?, outcome = ?, counters = ?, calls = ?, bytes = ?, error = ? WHERE id = ?",
        (
            stamp(now), record.outcome, json.dumps(record.counters, sort_keys=True), record.calls, record.bytes,
            record.error, run_id,
        ),
    )  # fmt: skip
    db.executemany(
        "INSERT INTO album_audits (run_id, album_id, expected, listed, stored, verdict) VALUES (?, ?, ?, ?, ?, ?)",
        [(run_id, v.album_id, v.expected, v.listed, v.stored, v.verdict) for v in verdicts],
    )


def is_known(db: Connection, run_id: int, started_at: str) -> bool:
    """Whether this run is on record."""
    row = db.execute("SELECT 1 FROM runs WHERE id = ? AND started_at = ?", (run_id, started_at)).fetchone()
    return row is not None


def verdicts(db: Connection, account_id: int) -> list[Verdict]:
    """The verdict on each album that is not gone, judged now from memberships and stored files.

    The inner sums walk memberships in the order of their key; grouping the joined albums would sort every member.
    """
    rows = db.execute(
        "SELECT a.id, a.remote_id, a.title, a.kind, a.remote_count, a.listed_at, "  # noqa: S608 - a constant
        "l.album_id IS NOT NULL AS under_way, "
        "coalesce(c.listed, 0) AS listed, coalesce(c.stored, 0) AS stored, coalesce(c.withheld, 0) AS withheld, "
        "coalesce(c.unwanted, 0) AS unwanted FROM albums a LEFT JOIN listings l ON l.album_id = a.id "
        "LEFT JOIN (SELECT m.album_id, count(*) AS listed, sum(p.state = 'stored') AS stored, "
        "sum(p.state = 'unavailable' AND p.tried_at IS NOT NULL) AS withheld, "
        f"sum((p.state = 'unavailable' AND p.last_error IS ?) OR {IS_PURGED}) AS unwanted "
        "FROM album_photos m CROSS JOIN photos p ON p.id = m.photo_id "
        "WHERE m.removed_at IS NULL AND p.gone_at IS NULL "
        "AND m.album_id IN (SELECT id FROM albums WHERE account_id = ?) GROUP BY m.album_id) c ON c.album_id = a.id "
        "WHERE a.account_id = ? AND a.gone_at IS NULL ORDER BY a.virtual, a.position",
        (UNWANTED, account_id, account_id),
    )
    return [_judge(row) for row in rows]


def _judge(row: Row) -> Verdict:
    unwanted, stored = row["unwanted"], row["stored"]
    expected = None if row["remote_count"] is None else max(0, row["remote_count"] - unwanted)
    listed, withheld = row["listed"] - unwanted, row["withheld"] - unwanted
    finished = row["listed_at"] is not None and not row["under_way"]
    if stored < listed:
        verdict = "short"
    elif not finished or (expected or 0) > listed:
        verdict = "unknown"
    else:
        verdict = "complete"
    return Verdict(
        row["id"], row["remote_id"], row["title"], row["kind"], finished, expected, listed, stored, withheld, verdict
    )  # fmt: skip
