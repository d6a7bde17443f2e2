"""The catalog's file: opening, migrating, and the one thread that writes to it.

SQL lives in the sibling modules as functions whose first argument is the connection; `Catalog.write` runs one of them
in a transaction that is durable when the call returns, away from the event loop.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Self, TypeVar

from fbbackup.catalog import schema
from fbbackup.errors import ArchiveUnusable, CatalogDamaged

try:
    import pysqlite3 as sqlite3  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    import sqlite3

if TYPE_CHECKING:
    from sqlite3 import Connection

P = ParamSpec("P")
T = TypeVar("T")

# Without an adapter of its own, each None that is bound costs the module an error that it raises and swallows.
sqlite3.register_adapter(type(None), {}.get)

Error = sqlite3.Error
"""What SQLite raises; from here, because two modules may be the one at work."""

BUSY_SECONDS = 30.0
CHECKPOINT_PAGES = 4000


class Catalog:
    """The single writer of a catalog. Use as a context manager; made by `open_catalog` or `memory`."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="catalog")
        self._db = self._thread.submit(connect).result()

    async def write(self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a step in a transaction; when it returns, its effect is durable. On any error nothing changed."""
        return await self._in_thread(lambda: _transaction(self._db, step, *args, **kwargs))

    async def read(self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a step that only reads."""
        return await self._in_thread(lambda: step(self._db, *args, **kwargs))

    async def _in_thread(self, job: Callable[[], T]) -> T:
        with translated():
            return await asyncio.get_running_loop().run_in_executor(self._thread, job)

    def write_now(self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`write` for callers without an event loop."""
        with translated():
            return self._thread.submit(lambda: _transaction(self._db, step, *args, **kwargs)).result()

    def read_now(self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`read` for callers without an event loop."""
        with translated():
            return self._thread.submit(lambda: step(self._db, *args, **kwargs)).result()

    def close(self) -> None:
        self._thread.submit(self._db.close).result()
        self._thread.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_catalog(path: Path) -> Catalog:
    """The writer of the catalog at `path`, made or migrated as needed.

    Raises ArchiveUnusable for a catalog of a newer schema (nothing is changed) or a file that is none.
    """
    with translated(path):
        return Catalog(lambda: _connect(path))


def memory() -> Catalog:
    """A catalog that lives in memory: the double for tests."""
    return Catalog(lambda: _connect(None))


@contextmanager
def reading(path: Path) -> Iterator[Connection]:
    """`open_reader` for as long as the block runs; what SQLite complains of meanwhile is told as ArchiveUnusable, and
    rows that make no sense as CatalogDamaged."""
    db = open_reader(path)
    try:
        with translated(path):
            yield db
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        raise CatalogDamaged(
            f"the catalog at {path} holds something that makes no sense ({error}); was it edited by hand? "
            "`fbbackup rebuild` makes it anew from the manifests"
        ) from error
    finally:
        db.close()


def open_reader(path: Path, *, any_thread: bool = False) -> Connection:
    """A read-only connection for commands that report; it never checkpoints. Raises ArchiveUnusable.

    `any_thread` lets another thread than the opening one use (and close) it, never two at once.
    """
    if not is_there(path):
        raise ArchiveUnusable(f"there is no catalog at {path}; `fbbackup sync` makes one, or is its disk not mounted?")
    name = path.absolute().as_uri()
    last: Exception | None = None
    for mode in ("mode=ro", "mode=ro&immutable=1"):
        db: Connection = sqlite3.connect(
            f"{name}?{mode}", uri=True, timeout=BUSY_SECONDS, check_same_thread=not any_thread
        )
        try:
            if _check_version(db, path) == 0:
                raise _never_finished(path)
        except sqlite3.OperationalError as error:
            # A catalog on read-only media has no shared-memory file, and none can be made there.
            db.close()
            if _was_cut_short(error):
                raise _never_finished(path) from error
            last = error
            continue
        except BaseException as error:
            db.close()
            if isinstance(error, sqlite3.DatabaseError | UnicodeDecodeError):
                raise _unusable(error, path) from error
            raise
        db.row_factory = sqlite3.Row
        return db
    raise ArchiveUnusable(f"the catalog at {path} can't be read ({last}); check the disk and its permissions")


def is_there(path: Path) -> bool:
    """Whether a catalog lies at `path`. Raises ArchiveUnusable where that can't be told."""
    try:
        return path.is_file()
    except OSError as error:
        raise ArchiveUnusable(
            f"the catalog at {path} can't be reached ({error.strerror}); check the path and this user's permissions"
        ) from error


def make_private(path: Path) -> None:
    """An empty file for the owner alone, which SQLite takes for a new database; by itself it lets everybody read.

    Where none can be made, SQLite says why.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def build(path: Path) -> Connection:
    """An empty catalog to be filled, without foreign keys or durability until `built`; whatever was there goes."""
    for name in (path.name, f"{path.name}-journal", f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    make_private(path)
    db: Connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA journal_mode = MEMORY")
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -65536")
    _migrate(db, None)
    return db


def built(db: Connection, path: Path) -> None:
    """Checks a filled catalog and makes it durable; closes it. Raises ArchiveUnusable when it is not sound."""
    try:
        faults = [row[0] for row in db.execute("PRAGMA integrity_check(1)") if row[0] != "ok"]
        faults += [f"{row[0]} points nowhere" for row in db.execute("PRAGMA foreign_key_check")]
    finally:
        db.close()
    if faults:
        raise ArchiveUnusable(f"the catalog that was made anew is not sound ({faults[0]}); check disk and memory")
    with path.open("rb") as file:
        os.fsync(file.fileno())


def version_of(path: Path) -> int:
    """The schema of the catalog at `path`, 0 when it was never finished; not a byte of it changes.

    Raises ArchiveUnusable for a newer one, CatalogDamaged for what is none.
    """
    # Whoever may write puts the log of a killed writer into the catalog when it closes; a reader doesn't.
    db: Connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
    try:
        return _check_version(db, path)
    except UnicodeDecodeError as error:
        raise _unusable(error, path) from error
    except sqlite3.DatabaseError as error:
        if _was_cut_short(error):
            return 0
        raise _unusable(error, path) from error
    finally:
        db.close()


def _was_cut_short(error: sqlite3.DatabaseError) -> bool:
    """Whether a writer has to take back what a crash left half done, which only happens before there is a log."""
    return bool(getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_ROLLBACK)


def _never_finished(path: Path) -> ArchiveUnusable:
    return ArchiveUnusable(f"the catalog at {path} was never finished; `fbbackup sync` completes it")


def _connect(path: Path | None) -> Connection:
    if path is not None and path.exists():
        version_of(path)
    elif path is not None:
        make_private(path)
    db: Connection = sqlite3.connect(
        ":memory:" if path is None else path,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA foreign_keys = ON")
        if path is not None:
            _check_version(db, path)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            # Fewer checkpoints: each syncs the catalog itself, and a crawl commits a page at a time.
            db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES:d}")
        db.execute("PRAGMA cache_size = -32768")
        _migrate(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _check_version(db: Connection, path: Path) -> int:
    found: int = db.execute("PRAGMA user_version").fetchone()[0]
    if found > schema.VERSION:
        raise ArchiveUnusable(
            f"the catalog {path} was written by a newer fbbackup (schema {found}, this one knows {schema.VERSION}); "
            "install the newer fbbackup"
        )
    return found


def _migrate(db: Connection, path: Path | None) -> None:
    found: int = db.execute("PRAGMA user_version").fetchone()[0]
    if found == schema.VERSION:
        return
    if path is not None and found > 0:
        # A copy by SQLite itself also holds what is still in the write-ahead log.
        copy = path.with_name(f"{path.name}.before-{schema.VERSION}")
        if not copy.exists():
            part = copy.with_name(copy.name + ".part")
            part.unlink(missing_ok=True)
            make_private(part)
            db.execute("VACUUM INTO ?", (str(part),))
            shutil.move(part, copy)
    from sqlite_utils import Database

    schema.migrate(Database(db))


@contextmanager
def translated(path: Path | None = None) -> Iterator[None]:
    """SQLite's complaints about disk and file in words that a person understands; our own mistakes stay as they are.

    Raises ArchiveUnusable, CatalogDamaged for a file that is no sound database.
    """
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        # SQLite quotes torn names in its complaints, and Python can't read them.
        raise _unusable(error, path) from error


def _transaction(db: Connection, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    db.execute("BEGIN IMMEDIATE")
    try:
        result = step(db, *args, **kwargs)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return result


def _unusable(error: Exception, path: Path | None = None) -> ArchiveUnusable:
    where = f" at {path}" if path is not None else ""
    words = " ".join(str(error).split())[:200]
    torn = getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    if torn or isinstance(error, UnicodeDecodeError) or words.startswith("Could not decode"):
        return CatalogDamaged(
            f"the catalog{where} can't be used, it is damaged ({words}); `fbbackup rebuild` makes it anew"
        )
    if path is not None and not path.parent.is_dir():
        return ArchiveUnusable(f"the catalog{where} can't be made: its folder is not there; make it, or mount its disk")
    # SQLite only says that it can't open its log where there is room for bytes and for no further file.
    if "full" in words or (path is not None and "unable to open" in words and _holds_no_more_files(path.parent)):
        return ArchiveUnusable(f"the disk is full: the catalog{where} can't be written; free some space and run again")
    if "locked" in words or "busy" in words:
        return ArchiveUnusable(f"the catalog{where} is locked by another program; close it and run again")
    return ArchiveUnusable(f"the catalog{where} can't be used ({words}); check the disk, then run `fbbackup doctor`")


def _holds_no_more_files(folder: Path) -> bool:
    try:
        volume = os.statvfs(folder)
    except OSError:
        return False
    return bool(volume.f_files) and not volume.f_favail
