"""The catalog's file kept sound: checked, copied, set aside when it is damaged, and never removed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from sqlite3 import Connection

from fbbackup.catalog.connection import Error, make_private, open_catalog, open_reader
from fbbackup.catalog.times import moment, stamp
from fbbackup.errors import CatalogDamaged, FbbackupError

CHECK_AFTER = timedelta(days=1)
SNAPSHOTS = "snapshots"
_SNAPSHOT = re.compile(r"catalog-\d{4}-\d{2}-\d{2}\.sqlite")
_BESIDE = ("-wal", "-shm", "-journal")


def ended_uncleanly(path: Path) -> bool:
    """Whether a writer was killed: who closes a catalog in order leaves no log beside it."""
    with suppress(OSError):
        return path.with_name(path.name + "-wal").stat().st_size > 0
    return False


def check(db: Connection, now: datetime, *, at_once: bool) -> None:
    """Looks for torn pages, at most once a day unless `at_once`. Raises CatalogDamaged."""
    row = db.execute("SELECT value FROM care WHERE name = 'checked_at'").fetchone()
    checked_at = moment(row["value"]) if row else None
    if checked_at is not None and not at_once and now - CHECK_AFTER < checked_at <= now:
        return
    found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise CatalogDamaged(f"the catalog is damaged ({found}); `fbbackup rebuild` makes it anew")
    db.execute(
        "INSERT INTO care (name, value) VALUES ('checked_at', ?) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (stamp(now),),
    )


def set_aside(path: Path, why: str, now: datetime) -> Path | None:
    """Gives a catalog another name beside its place, with its log; None when there is none. Nothing is removed."""
    name = f"{path.name}.{why}-{now:%Y%m%dT%H%M%SZ}"
    number = 1
    while _taken(path.with_name(aside := name if number == 1 else f"{name}-{number}")):
        number += 1
    moved = None
    # The log goes last: without a catalog nobody opens it, while a newer catalog beside an older log would be harmed.
    for suffix in ("", *_BESIDE):
        with suppress(FileNotFoundError):
            os.rename(path.with_name(path.name + suffix), path.with_name(aside + suffix))
            moved = path.with_name(aside)
    if moved is not None:
        sync_folder(path.parent)
    return moved


def _taken(path: Path) -> bool:
    return any(path.with_name(path.name + suffix).exists() for suffix in ("", *_BESIDE))


def put_in_place(new: Path, path: Path) -> None:
    """Gives a finished catalog its name, durably. The old one has to be set aside before."""
    os.rename(new, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def take_snapshot(db: Connection, folder: Path, keep: int, keep_free_bytes: int, now: datetime) -> str | None:
    """A copy of the catalog as the day's snapshot; older ones beyond `keep` days go. Returns why there is none, if so.

    Raises OSError and SQLite's errors when the disk fails.
    """
    size = db.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()[0]
    folder.mkdir(0o700, exist_ok=True)
    if shutil.disk_usage(folder).free < size + keep_free_bytes:
        return f"no snapshot of the catalog was taken: the disk has no room for its {size // 1_000_000:,} MB"
    part = folder / "snapshot.part"
    part.unlink(missing_ok=True)
    make_private(part)
    db.execute("VACUUM INTO ?", (str(part),))
    with part.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(part, folder / f"catalog-{now:%Y-%m-%d}.sqlite")
    sync_folder(folder)
    for old in snapshots(folder)[keep:]:
        old.unlink()
    return None


def snapshots(folder: Path) -> list[Path]:
    """The snapshots in a folder, newest first."""
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if _SNAPSHOT.fullmatch(path.name)), reverse=True)


@contextmanager
def newest_sound(candidates: Sequence[Path], scratch: Path) -> Iterator[Connection | None]:
    """The first of these catalogs that is sound, brought to today's schema in a copy below `scratch`; None without."""
    copy = scratch / "older.sqlite"
    for path in candidates:
        try:
            _copy(path, copy)
            with open_catalog(copy) as catalog:
                sound = catalog.read_now(lambda db: db.execute("PRAGMA integrity_check(1)").fetchone()[0]) == "ok"
        except (FbbackupError, Error, OSError):
            continue
        if sound:
            with closing(open_reader(copy)) as reader:
                yield reader
            return
    yield None


def _copy(path: Path, copy: Path) -> None:
    """By SQLite itself, which also takes what is still in the log."""
    for suffix in ("", *_BESIDE):
        copy.with_name(copy.name + suffix).unlink(missing_ok=True)
    with closing(open_reader(path)) as reader:
        reader.execute("VACUUM INTO ?", (str(copy),))
