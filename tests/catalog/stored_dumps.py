"""Catalogs of every schema that ever landed, as SQL text with rows in every table (`tests/catalog/dumps/vN.sql`).

Whoever adds a migration runs `python -m tests.catalog.stored_dumps`, which brings the newest dump up to the new schema.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from pathlib import Path

from fbbackup.catalog import open_catalog, schema

FOLDER = Path(__file__).parent / "dumps"
VERSIONS = sorted(int(path.stem[1:]) for path in FOLDER.glob("v*.sql"))
_ORDER = ("table", "rows", "index", "view", "trigger")


def dumped(db: sqlite3.Connection) -> str:
    """A catalog as SQL text: tables, rows, and then what hangs on them."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    objects = db.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite~_%' ESCAPE '~' "
        "AND name NOT LIKE 'photos~_fts~_%' ESCAPE '~' ORDER BY type, name"
    ).fetchall()
    found: dict[str, list[str]] = {kind: [] for kind in _ORDER}
    for kind, name, sql in objects:
        found[kind].append(f"{sql};")
        if kind == "table":
            found["rows"] += _rows(db, name)
    return "\n".join([f"PRAGMA user_version = {version};", *(line for kind in _ORDER for line in found[kind])]) + "\n"


def _rows(db: sqlite3.Connection, table: str) -> list[str]:
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    if table == "photos_fts":
        columns = ["rowid", *columns]
    told = [f"'{c}'" if c == "applied_at" else c for c in columns]
    order = ", ".join(str(number) for number in range(1, len(columns) + 1))
    rows = db.execute(f"SELECT {', '.join(f'quote({c})' for c in told)} FROM {table} ORDER BY {order}")
    return [f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(row)});" for row in rows]


def load(version: int, path: Path) -> None:
    """Makes the catalog of that schema."""
    db = sqlite3.connect(path)
    db.executescript((FOLDER / f"v{version}.sql").read_text(encoding="utf-8"))
    db.execute("PRAGMA journal_mode = WAL")
    db.close()


def upgraded(version: int, folder: Path) -> str:
    """What becomes of that catalog when this program opens it."""
    path = folder / "catalog.sqlite"
    load(version, path)
    with open_catalog(path) as catalog:
        return catalog.read_now(dumped)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        (FOLDER / f"v{schema.VERSION}.sql").write_text(upgraded(VERSIONS[-1], Path(name)), encoding="utf-8")
    sys.exit(0)
