"""Which images are alike: those that hold the same files, and the same rows as SQLite reads them after a crash.

Most operations of a run append to the catalog's write-ahead log. Until the next commit nothing of that counts, so that
hundreds of images differ in bytes that no program will ever see. What the program does with one of them it does with
all of them; that SQLite finds each whole, and which rows it finds, is asked of every single one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from tests.sweeps.power.record import Image, body, paths

Rows = str
"""A digest of all rows of a catalog."""


class Alike:
    """Tells images apart by what they hold. `catalog` is the catalog's path on the disk."""

    def __init__(self, images: Path, catalog: str, scratch: Path) -> None:
        self._images, self._catalog, self._scratch = images, catalog, scratch
        self._known: dict[tuple[tuple[str, str], ...], Rows] = {}

    def sorts(self, images: list[Image]) -> Iterator[Image]:
        """One image of each sort, with the most that had been stored in any of that sort."""
        found: dict[str, Image] = {}
        for image in images:
            sort = self._sort(image)
            before = found[sort].stored if sort in found else {}
            found[sort] = image.with_stored(before | image.stored)
        return iter(found.values())

    def _sort(self, image: Image) -> str:
        tree = dict(paths(self._images, image.tree))
        parts = tuple((path, digest) for path, digest in tree.items() if digest and path.startswith(self._catalog))
        if parts not in self._known:
            self._known[parts] = self._rows(parts)
        others = sorted((path, digest or "") for path, digest in tree.items() if not path.startswith(self._catalog))
        return sha256(repr((others, self._known[parts])).encode()).hexdigest()

    def _rows(self, parts: tuple[tuple[str, str], ...]) -> Rows:
        """Lays out the catalog with its log, as SQLite will find it, and reads it."""
        copy = self._scratch / Path(self._catalog).name
        for path, digest in parts:
            if not path.endswith("-shm"):
                (self._scratch / Path(path).name).write_bytes(body(self._images, digest))
        try:
            return _read(copy) if copy.exists() else "none"
        finally:
            for path in self._scratch.glob(f"{copy.name}*"):
                path.unlink()


def _read(catalog: Path) -> Rows:
    digest = sha256()
    db = sqlite3.connect(catalog)
    try:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)], "a catalog is damaged"
        digest.update(repr(db.execute("PRAGMA user_version").fetchall()).encode())
        for name, sql in db.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall():
            digest.update(f"{name} {sql}".encode())
            if sql and sql.startswith("CREATE TABLE"):
                for row in db.execute(f'SELECT * FROM "{name}"'):
                    digest.update(repr(row).encode())
    finally:
        db.close()
    return digest.hexdigest()
