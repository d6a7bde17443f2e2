"""The archive as a folder: its marker, its lock, and the memory of where archives are expected."""

from __future__ import annotations

import errno
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fbbackup.errors import ArchiveUnusable
from fbbackup.stores import disk
from fbbackup.stores.disk import MARKER
from fbbackup.stores.lock import LOCK, is_held, release, seize

FORMAT = 1
_MARKER_LIMIT = 65_536
_JUNK = frozenset(
    {"lost+found", ".DS_Store", ".Spotlight-V100", ".Trashes", ".fseventsd", ".TemporaryItems", ".apdisk"}
    | {"@eaDir", "Thumbs.db", "desktop.ini", "$RECYCLE.BIN", "System Volume Information"}
)
_TELLING = ("manifest-sha256.txt", "catalog.sqlite")
_JUNK_STARTS = (".Trash-", "._", ".fbbackup.")


@dataclass(frozen=True, slots=True)
class Archive:
    """A folder that holds the marker of an archive. `warnings` are what its file system can't promise."""

    root: Path
    archive_id: str
    created_at: datetime
    keep_free_bytes: int = 0
    warnings: list[str] = field(default_factory=list, compare=False)

    @property
    def catalog_path(self) -> Path:
        return self.root / "catalog.sqlite"

    def check_free(self) -> None:
        """Refuses to write while less is free than has to stay free."""
        _check_free(self.root, self.keep_free_bytes)

    def check_there(self) -> None:
        """Raises ArchiveUnusable when the path does not lead to this archive (any more)."""
        with disk.blaming(self.root):
            self._compare(_read_marker(self.root))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Held by the one process that may write; ends with the process, however it ends."""
        with disk.blaming(self.root):
            descriptor = self._open_lock()
            try:
                if not seize(descriptor, self.root):
                    warning = f"{self.root} has no file locks: never run two fbbackups on it at once"
                    if warning not in self.warnings:
                        self.warnings.append(warning)
            except BaseException:
                os.close(descriptor)
                raise
        try:
            yield
        finally:
            release(descriptor)

    def in_use(self) -> bool:
        """Whether a process holds the lock at this moment."""
        with disk.blaming(self.root):
            return is_held(self.root / LOCK)

    def _open_lock(self) -> int:
        folder = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            # A daemon opens the archive once and locks it for days: the disk may be unmounted in between.
            self._compare(_read_marker(self.root, folder))
            return os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)
        finally:
            os.close(folder)

    def _compare(self, found: _Marker | None) -> None:
        if found is None or found.archive_id != self.archive_id:
            raise ArchiveUnusable(_gone(self.root, self.archive_id, "holds it no longer"))


def create_or_open(root: Path, *, state_folder: Path, keep_free_bytes: int) -> Archive:
    """The archive at `root`, made there when the folder is absent or empty and none was ever known there."""
    known = _Known(state_folder / "archives.json")
    with disk.blaming(root):
        found = _look(root, known)
        _check_writable(root if found else _nearest(root))
        _check_free(root if found else _nearest(root), keep_free_bytes)
        found = found or _create(root)
    # Only now: an archive that is remembered before it is durable looks unmounted after a power cut.
    known.remember(root, found.archive_id)
    return Archive(root, found.archive_id, found.created_at, keep_free_bytes)


def check_place(root: Path, *, state_folder: Path) -> None:
    """Refuses a place where `create_or_open` would open no archive and make none; nothing is written."""
    with disk.blaming(root):
        _look(root, _Known(state_folder / "archives.json"))


def _look(root: Path, known: _Known) -> _Marker | None:
    """The marker of the archive at `root`, None where one may be made."""
    expected = known.archive_at(root)
    found = _read_marker(root) if root.is_dir() else None
    if found is None:
        if expected:
            raise ArchiveUnusable(_gone(root, expected, _state_of(root)))
        _check_place(root)
    elif expected and found.archive_id != expected:
        raise ArchiveUnusable(
            f"{root} holds archive {found.archive_id[:8]}, but {expected[:8]} belongs there: mount the right disk, "
            f"or remove the line of {root} from {known.file} to accept this one"
        )
    return found


def open_existing(root: Path) -> Archive:
    """The archive at `root` for commands that only read; nothing is written."""
    with disk.blaming(root):
        found = _read_marker(root) if root.is_dir() else None
    if found is None:
        if _has_files_of_one(root):
            raise ArchiveUnusable(_no_marker(root))
        raise ArchiveUnusable(f"there is no archive at {root}; `fbbackup sync` makes one, or is its disk not mounted?")
    return Archive(root, found.archive_id, found.created_at)


@dataclass(frozen=True, slots=True)
class _Marker:
    archive_id: str
    created_at: datetime


def _read_marker(root: Path, folder: int | None = None) -> _Marker | None:
    """The marker, read through the open folder where one is given; None when there is none."""
    try:
        name = MARKER if folder is not None else root / MARKER
        descriptor = os.open(name, disk.READ, dir_fd=folder)
    except FileNotFoundError:
        return None
    try:
        text = os.read(descriptor, _MARKER_LIMIT)
    finally:
        os.close(descriptor)
    try:
        return _understand(json.loads(text), root)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ArchiveUnusable(
            f"the marker {root / MARKER} can't be read ({type(error).__name__}); restore it from a copy of the archive"
        ) from error


def _understand(marker: Any, root: Path) -> _Marker:
    if int(marker["format"]) > FORMAT:
        raise ArchiveUnusable(
            f"{root} was made by a newer fbbackup (format {marker['format']}, this one knows {FORMAT}); update fbbackup"
        )
    created_at = datetime.fromisoformat(marker["created_at"])
    return _Marker(uuid.UUID(hex=marker["archive_id"]).hex, created_at)


def _create(root: Path) -> _Marker:
    """Makes the folder and its marker, both durable. The marker comes first and alone: whatever a crash leaves,
    the folder counts as empty or as an archive."""
    made = [folder for folder in (root.absolute(), *root.absolute().parents) if not folder.is_dir()]
    root.mkdir(0o700, parents=True, exist_ok=True)
    marker = {"archive_id": uuid.uuid4().hex, "format": FORMAT, "created_at": datetime.now(UTC).isoformat()}
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        part = _write_part(folder, marker)
        try:
            disk.move_new(part, folder, MARKER, folder)
        except (FileExistsError, FileNotFoundError):
            # Another fbbackup made the archive at the same moment (and may have tidied up); its marker counts.
            disk.drop(part, folder)
        disk.sync(folder)
        found = _read_marker(root, folder)
    finally:
        os.close(folder)
    for new in made or [root.absolute()]:
        _sync_folder(new.parent)
    if found is None:
        raise ArchiveUnusable(f"the marker of {root} vanished while it was made; run again")
    return found


def _write_part(folder: int, content: dict[str, Any]) -> str:
    part = f"{MARKER}.{uuid.uuid4().hex}.part"
    descriptor = os.open(part, disk.CREATE, 0o600, dir_fd=folder)
    try:
        try:
            disk.write_all(descriptor, (json.dumps(content, indent=1, sort_keys=True) + "\n").encode())
            disk.sync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        disk.drop(part, folder)
        raise
    return part


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        disk.sync(descriptor)
    finally:
        os.close(descriptor)


def _check_place(root: Path) -> None:
    # Asked first: what appears between the two looks is the folder that another fbbackup makes.
    was_there = os.path.lexists(root)
    if root.is_dir():
        # Another fbbackup may make the archive at this moment; its files are not foreign.
        if (foreign := _foreign(root)) and not _read_marker(root):
            raise ArchiveUnusable(
                _no_marker(root)
                if _has_files_of_one(root)
                else f"{root} is not an fbbackup archive and not empty ({foreign} is in it); name an empty folder"
            )
    elif was_there:
        raise ArchiveUnusable(f"{root} is not a folder; name an empty or a new one")


def _has_files_of_one(root: Path) -> bool:
    """Whether somebody copied an archive without its hidden files."""
    return any((root / name).is_file() for name in _TELLING)


def _no_marker(root: Path) -> str:
    return (
        f"{root} holds the files of an archive, but its marker {MARKER} is missing; copy it from where the files came "
        "from, docs/archive.md says how to make one"
    )


def _foreign(root: Path) -> str | None:
    with os.scandir(root) as entries:
        names = (entry.name for entry in entries)
        return next((name for name in names if name not in _JUNK and not name.startswith(_JUNK_STARTS)), None)


def _state_of(root: Path) -> str:
    if not root.is_dir():
        return "is not there"
    return "has no marker" if _foreign(root) else "is empty"


def _gone(root: Path, archive_id: str, state: str) -> str:
    return f"{root} should hold archive {archive_id[:8]} but {state}: is the disk mounted?"


def _nearest(root: Path) -> Path:
    """The folder itself, or the closest one above that exists."""
    return next(folder for folder in (root.absolute(), *root.absolute().parents) if folder.is_dir())


def _check_writable(folder: Path) -> None:
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _check_free(folder: Path, keep_free_bytes: int) -> None:
    with disk.blaming(folder):
        volume = os.statvfs(folder)
    free = volume.f_bavail * volume.f_frsize
    if free < keep_free_bytes:
        raise ArchiveUnusable(
            f"disk full: {free // 1_000_000:,} MB free at {folder}, {keep_free_bytes // 1_000_000:,} MB have to stay "
            "free; free some space, the next run goes on"
        )


@dataclass(frozen=True, slots=True)
class _Known:
    """Which archive was seen at which path, kept outside of the archives."""

    file: Path

    def archive_at(self, root: Path) -> str | None:
        return self._load().get(os.path.realpath(root))

    def remember(self, root: Path, archive_id: str) -> None:
        archives = self._load()
        if archives.get(os.path.realpath(root)) == archive_id:
            return
        archives[os.path.realpath(root)] = archive_id
        with disk.blaming(self.file.parent):
            self.file.parent.mkdir(0o700, parents=True, exist_ok=True)
            folder = os.open(self.file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                part = _write_part(folder, archives)
                os.replace(part, self.file.name, src_dir_fd=folder, dst_dir_fd=folder)
                disk.sync(folder)
            finally:
                os.close(folder)

    def _load(self) -> dict[str, str]:
        try:
            with disk.blaming(self.file.parent), suppress(FileNotFoundError, NotADirectoryError):
                archives = json.loads(self.file.read_bytes())
                return {str(path): str(archive_id) for path, archive_id in archives.items()}
        except (ValueError, AttributeError) as error:
            # To go on without it means to take every unmounted disk for a new archive.
            raise ArchiveUnusable(f"{self.file} can't be read; remove it while all archives are mounted") from error
        return {}
