"""Many rows in few statements."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from sqlite3 import Connection
from typing import Any

ROWS = 50
"""Rows a statement: opening a table and its indexes for each row costs an eighth of what recording a crawl does."""


def insert_rows(db: Connection, into: str, rows: Sequence[Sequence[Any]]) -> None:
    """Inserts the rows in their order; `into` names the table and its columns, `places (id, name)`."""
    together = len(rows) - len(rows) % ROWS
    for first in range(0, together, ROWS):
        db.execute(_statement(into, len(rows[0]), ROWS), list(chain.from_iterable(rows[first : first + ROWS])))
    if together < len(rows):
        db.executemany(_statement(into, len(rows[0]), 1), rows[together:])


@lru_cache
def _statement(into: str, columns: int, rows: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"INSERT INTO {into} VALUES {', '.join([row] * rows)}"  # noqa: S608 - names only
