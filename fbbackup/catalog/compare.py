"""Two catalogs row for row: what is in one and not in the other."""

from __future__ import annotations

from collections.abc import Iterator
from sqlite3 import Connection, Row

from fbbackup.catalog.lines import CHECKED_AT

_OWN = frozenset({"outdated", "manifests", "care", "_sqlite_migrations"})
# Kept counts and search rows are made from the others, and `doctor --strict` checks them.
_MADE = frozenset({"months"})


def tables(db: Connection) -> list[str]:
    """The tables that hold what is known, by name."""
    rows = db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'photos~_fts%' ESCAPE '~' "
        "AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY name"
    )
    return [row[0] for row in rows if row[0] not in _OWN | _MADE]


def differences(db: Connection, other: Connection) -> Iterator[tuple[str, str]]:
    """Table and key of every row that is not the same in both. Nothing is loaded beyond a row of each."""
    for table in tables(db):
        yield from ((table, key) for key in _differences(db, other, table))


def count_rows(db: Connection) -> int:
    """How many rows there are to compare."""
    return sum(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables(db))  # noqa: S608


def _differences(db: Connection, other: Connection, table: str) -> Iterator[str]:
    columns = db.execute("SELECT name, pk FROM pragma_table_info(?) ORDER BY pk", (table,)).fetchall()
    keys = [name for name, place in columns if place]
    rest = [name for name, place in columns if not place and name not in CHECKED_AT]
    sql = f"SELECT {', '.join(keys + rest)} FROM {table} ORDER BY {', '.join(keys)}"  # noqa: S608 - names of columns
    ours, theirs = db.execute(sql), other.execute(sql)
    row, match = ours.fetchone(), theirs.fetchone()
    width = len(keys)
    while row is not None or match is not None:
        if row is not None and match is not None and row[:width] == match[:width]:
            if tuple(row) != tuple(match):
                yield _name(row, width)
            row, match = ours.fetchone(), theirs.fetchone()
        elif match is None or (row is not None and row[:width] < match[:width]):
            yield _name(row, width)
            row = ours.fetchone()
        else:
            yield _name(match, width)
            match = theirs.fetchone()


def _name(row: Row | None, width: int) -> str:
    return " ".join(str(value) for value in row[:width]) if row is not None else ""
