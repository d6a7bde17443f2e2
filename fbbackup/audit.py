"""Completeness, answered from the catalog alone: `audit`."""

from __future__ import annotations

from sqlite3 import Connection
from typing import Any

from fbbackup.catalog import reports, runs

MISSING_SHOWN = 1000


def completeness(db: Connection) -> dict[str, Any]:
    """Every account's albums with their numbers and verdict, and the photos that are missing with reasons."""
    accounts: list[dict[str, Any]] = []
    for name, account_id in reports.account_ids(db).items():
        verdicts = runs.verdicts(db, account_id)
        accounts.append(
            {
                "account": name,
                "albums": [
                    {
                        "id": v.remote_id, "title": v.title, "expected": v.expected, "listed": v.listed,
                        "stored": v.stored, "verdict": v.verdict, "listed_to_the_end": v.finished,
                    }
                    for v in verdicts
                ],
                "missing": reports.missing_photos(db, account_id, MISSING_SHOWN),
                "purged": reports.purged_photos(db, account_id),
            }
        )  # fmt: skip
    verdicts_of_all = [album["verdict"] for account in accounts for album in account["albums"]]
    complete = bool(verdicts_of_all) and all(verdict == "complete" for verdict in verdicts_of_all)
    return {"complete": complete and not any(account["missing"] for account in accounts), "accounts": accounts}
