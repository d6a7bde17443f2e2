"""Archives with everything to damage and restore, and what there is to say of them afterwards."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from fbbackup.catalog import compare, lines, marks, open_reader
from fbbackup.manifests import manifest_lines
from fbbackup.oracle import oracle
from fbbackup.recovery import BEFORE_REBUILD, Ground, Recovered, recover
from fbbackup.stores.directory import DirectoryStore
from fbbackup.thumbnails import examine
from tests.everything import fill, opened

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
MONTH = "photos/2014/07/manifest.jsonl"


def as_the_catalog_has_them(db: Connection) -> dict[str, bytes]:
    """The content of every manifest that there may be, by its mark."""
    months = [row[0] for row in db.execute("SELECT DISTINCT substr(key_stem, 1, 14) FROM photos")]
    journal = [row[0] for row in db.execute("SELECT DISTINCT 'journal/' || substr(started_at, 1, 7) FROM runs")]
    return {what: b"".join(manifest_lines(db, what)) for what in (*months, *journal, marks.ALBUMS, marks.SOURCES)}


def make(root: Path) -> Path:
    """The archive with everything, closed."""

    async def run() -> None:
        with opened(root) as everything:
            await fill(everything)

    asyncio.run(run())
    return root


@contextmanager
def grounded(root: Path) -> Iterator[Ground]:
    store = DirectoryStore(root)
    yield Ground(
        store, root / "catalog.sqlite", root / "snapshots",
        lambda body: examine(body, expected=(None, None), thumbnail_size=None), ("ada", "graph"),
    )  # fmt: skip
    store.close()


def rebuilt(root: Path) -> Recovered:
    with grounded(root) as ground:
        return recover(ground, BEFORE_REBUILD, NOW)


def differences(root: Path, other: Path) -> list[tuple[str, str]]:
    with closing(open_reader(root / "catalog.sqlite")) as ours, closing(open_reader(other)) as theirs:
        return list(compare.differences(ours, theirs))


def findings(root: Path, *, read_all: bool = True) -> list[str]:
    """What `doctor` complains about, without remedies."""
    store = DirectoryStore(root, threads=1)
    with closing(open_reader(root / "catalog.sqlite")) as db:
        found = [f"{finding.rule}: {finding.subject}" for finding in oracle(db, store, read_all=read_all)]
    store.close()
    return found


def value(root: Path, sql: str) -> Any:
    with closing(open_reader(root / "catalog.sqlite")) as db:
        return db.execute(sql).fetchone()[0]


def photos(path: Path, without: str = "") -> dict[str, dict[str, Any]]:
    """All that a catalog knows of each photo, but times of checking."""
    with closing(open_reader(path)) as db:
        ids = [row[0] for row in db.execute("SELECT id FROM photos")]
        found = [lines.told(line) for line in lines.lines_of_photos(db, ids)]
    return {photo["id"]: photo for photo in found if photo["id"] != without}


def edit(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))


def line_of(path: Path, id_: str) -> int:
    return next(n for n, line in enumerate(path.read_bytes().splitlines()) if lines.opened(line).get("id") == id_)


def forget_catalog(root: Path) -> Path:
    """Takes the catalog away, out of the archive."""
    away = root.parent / "lost.sqlite"
    (root / "catalog.sqlite").rename(away)
    return away


def pictures(root: Path) -> list[Path]:
    found = [path for top in ("photos", "videos") for path in (root / top).rglob("*") if path.is_file()]
    return [path for path in found if path.name != "manifest.jsonl"]


def tree(root: Path) -> dict[str, str]:
    """Digests of all files but the lock."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and path.name != ".fbbackup.lock"
    }
