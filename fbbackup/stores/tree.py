"""Files below one folder, blocking: written whole, never replaced, and never outside of that folder."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path

from fbbackup.errors import KeyTaken
from fbbackup.models import Reading, StoredFile
from fbbackup.stores import disk
from fbbackup.stores.keys import STAGING, is_part, split_derived, split_key, split_move
from fbbackup.stores.reading import NO_FILE, read, unreadable

PIECE = 1 << 20
_UNPROVEN = "durability can't be proved on this file system: it has no fsync; a power cut may lose new files"


class Tree:
    """The files below `root`, which has to exist.

    The root stays open: when the disk is unmounted meanwhile, nothing is written to the bare mount point.
    Every path is walked folder by folder from there without following links.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.warnings: list[str] = []
        self._warning = threading.Lock()
        self._anchored: set[tuple[str, ...]] = set()
        with disk.blaming(root):
            self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._as_a_whole = disk.syncs_as_a_whole(self._root)
        self._unsynced: set[tuple[str, ...]] = set()

    def close(self) -> None:
        os.close(self._root)

    def put(self, key: str, body: bytes, digest: str | None = None) -> StoredFile:
        *parents, name = split_key(key)
        file = StoredFile(key, digest or hashlib.sha256(body).hexdigest(), len(body))
        with disk.blaming(self.root), self._folders(parents) as (folder, staging):
            if self._holds(folder, name, file):
                return file
            part = self._write_part(staging, body, durable=True)
            try:
                disk.move_new(part, staging, name, folder)
            except FileExistsError:
                disk.drop(part, staging)
                self._holds(folder, name, file)
            except BaseException:
                disk.drop(part, staging)
                raise
        return file

    def keep(self, part: str, file: StoredFile) -> StoredFile:
        *parents, name = split_key(file.key)
        with disk.blaming(self.root), self._folders(parents) as (folder, staging):
            try:
                disk.move_new(part, staging, name, folder)
            except FileExistsError:
                self._holds(folder, name, file)
                disk.drop(part, staging)
        return file

    def replace_by(self, part: str, file: StoredFile) -> StoredFile:
        """Puts a staged file in place of whatever has the name."""
        *parents, name = split_derived(file.key)
        with disk.blaming(self.root), self._folders(parents) as (folder, staging):
            os.replace(part, name, src_dir_fd=staging, dst_dir_fd=folder)
        return file

    def replace(self, key: str, body: bytes) -> None:
        """Puts a file in place of whatever has the name, without waiting for the disk where `sync_everything` will."""
        *parents, name = split_key(key)
        with disk.blaming(self.root), self._folders(parents) as (folder, staging):
            part = self._write_part(staging, body, durable=not self._as_a_whole)
            try:
                os.replace(part, name, src_dir_fd=staging, dst_dir_fd=folder)
            except BaseException:
                disk.drop(part, staging)
                raise
            if not self._as_a_whole:
                self._unsynced.add(tuple(parents))

    def piece(self, key: str, offset: int) -> tuple[bytes, int]:
        """Up to a megabyte from an offset, and the size of the whole file. Raises KeyError."""
        *parents, name = split_key(key)
        with disk.blaming(self.root):
            try:
                with self._folder(parents) as folder:
                    file = os.open(name, disk.READ, dir_fd=folder)
            except OSError as error:
                if error.errno in NO_FILE:
                    raise KeyError(key) from None
                raise
            try:
                facts = os.fstat(file)
                if not stat.S_ISREG(facts.st_mode):
                    raise KeyError(key)
                return os.pread(file, PIECE, offset), facts.st_size
            finally:
                os.close(file)

    def sizes(self, keys: Sequence[str]) -> list[int | None]:
        """The size of each plain file, None for what is none; neighbours of one folder cost one walk."""
        found: list[int | None] = []
        with disk.blaming(self.root):
            for parents, group in groupby(map(split_key, keys), key=lambda parts: parts[:-1]):
                names = [parts[-1] for parts in group]
                try:
                    with self._folder(parents) as folder:
                        found += [_size(name, folder) for name in names]
                except (FileNotFoundError, NotADirectoryError):
                    found += [None] * len(names)
        return found

    def digests(self, keys: Sequence[str], stop: threading.Event | None = None) -> list[Reading | None]:
        """Reads each file to its end; neighbours of one folder cost one walk. A file that the disk refuses is a
        finding and no failure of the whole."""
        found: list[Reading | None] = []
        for parents, group in groupby(map(split_key, keys), key=lambda parts: parts[:-1]):
            names = [parts[-1] for parts in group]
            try:
                with self._folder(parents) as folder:
                    found += [read(name, folder, stop) for name in names]
            except OSError as error:
                absent = error.errno in NO_FILE
                found += [None if absent else unreadable(error)] * len(names)
        return found

    def move(self, key: str, to: str) -> None:
        """Gives a file, or whatever lies there, another name that nothing has."""
        (*parents, name), (*others, new) = split_move(key, to)
        with disk.blaming(self.root), self._folders(others) as (target, staging):
            try:
                with self._folder(parents) as folder:
                    disk.move_new(name, folder, new, target, claims=staging)
            except FileExistsError:
                raise KeyTaken(f"{to} is taken") from None
            except OSError as error:
                if error.errno in NO_FILE:
                    raise KeyError(key) from None
                raise

    def delete(self, key: str) -> None:
        *parents, name = split_key(key)
        with disk.blaming(self.root), suppress(FileNotFoundError), self._folder(parents) as folder:
            os.unlink(name, dir_fd=folder)

    def settle(self, folders: Iterable[tuple[str, ...]]) -> None:
        """Makes the names in these folders durable, and those of the folders themselves."""
        with disk.blaming(self.root):
            for parts in sorted(folders):
                self._sync_folder(parts)
                # An older run may have made these folders and stopped before it settled them.
                for depth in range(1, len(parts) + 1):
                    if parts[:depth] not in self._anchored:
                        self._sync_folder(parts[: depth - 1])
                        self._anchored.add(parts[:depth])

    def sync(self, descriptor: int) -> None:
        """Makes a file or folder durable, or warns once that this place can't."""
        if disk.sync(descriptor):
            return
        with self._warning:
            if _UNPROVEN not in self.warnings:
                self.warnings.append(_UNPROVEN)

    def sync_files(self, keys: Sequence[str]) -> list[str]:
        """Makes the bytes of these files durable; returns the keys of those that are there."""
        there = []
        with disk.blaming(self.root):
            for key in keys:
                *parents, name = split_key(key)
                try:
                    with self._folder(parents) as folder:
                        file = os.open(name, disk.READ, dir_fd=folder)
                except OSError as error:
                    if error.errno in NO_FILE:
                        continue
                    raise
                try:
                    self.sync(file)
                finally:
                    os.close(file)
                there.append(key)
        return there

    def sync_everything(self) -> None:
        with disk.blaming(self.root):
            disk.sync_everything(self._root)
        folders, self._unsynced = self._unsynced, set()
        self.settle(folders)

    def create_part(self, part: str, flags: int) -> int:
        """Opens a new file in staging; shaped like the `opener` of `open`."""
        with self._folder((STAGING,), make=True) as staging:
            return os.open(part, flags | os.O_NOFOLLOW, 0o600, dir_fd=staging)

    def drop_part(self, part: str) -> None:
        with suppress(OSError), self._folder((STAGING,)) as staging:
            os.unlink(part, dir_fd=staging)

    def unfinished(self) -> list[str]:
        """Paths of files that never got their name: in staging, and markers from when the archive was made."""
        with disk.blaming(self.root):
            left = [name for name in os.listdir(self._root) if disk.is_marker_part(name)]
            try:
                with self._folder((STAGING,)) as staging:
                    return left + [f"{STAGING}/{name}" for name in sorted(os.listdir(staging))]
            except FileNotFoundError:
                return left

    def clean_staging(self) -> int:
        with disk.blaming(self.root):
            stale = [name for name in os.listdir(self._root) if disk.is_marker_part(name)]
            for name in stale:
                os.unlink(name, dir_fd=self._root)
            try:
                with self._folder((STAGING,)) as staging:
                    parts = [name for name in os.listdir(staging) if name.endswith((".part", ".claim"))]
                    for name in parts:
                        os.unlink(name, dir_fd=staging)
            except FileNotFoundError:
                return len(stale)
        return len(stale) + len(parts)

    def free_bytes(self) -> int:
        with disk.blaming(self.root):
            volume = os.fstatvfs(self._root)
        return volume.f_bavail * volume.f_frsize

    def walk(self, parts: tuple[str, ...], without: Collection[str] = ()) -> Iterator[tuple[str, int]]:
        """Keys and sizes below a folder, sorted; only one folder a level is in memory."""
        for name, size in self._listing(parts):
            if name.removesuffix("/") in without:
                continue
            if name.endswith("/"):
                yield from self.walk((*parts, name[:-1]))
            else:
                yield "/".join((*parts, name)), size

    def _listing(self, parts: tuple[str, ...]) -> list[tuple[str, int]]:
        """Names and sizes of one folder; folders end in a slash, so that their keys sort among the files'."""
        with disk.blaming(self.root):
            try:
                with self._folder(parts) as folder, os.scandir(folder) as entries:
                    return sorted(_facts(entry) for entry in entries if _belongs(entry, parts))
            except (FileNotFoundError, NotADirectoryError):
                return []

    def _holds(self, folder: int, name: str, file: StoredFile) -> bool:
        """Whether the name is there with these bytes, made durable; KeyTaken when it is with others.

        Such a file comes from a run that stopped before it settled, or from someone's copy; who made it may not have
        called fsync.
        """
        try:
            found = os.open(name, disk.READ, dir_fd=folder)
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno in NO_FILE:
                raise KeyTaken(f"{file.key} is taken by something that is no plain file") from error
            raise
        try:
            facts = os.fstat(found)
            if not stat.S_ISREG(facts.st_mode) or facts.st_size != file.bytes:
                raise KeyTaken(f"{file.key} is taken by something else")
            with open(found, "rb", buffering=0, closefd=False) as existing:
                if hashlib.file_digest(existing, "sha256").hexdigest() != file.sha256:
                    raise KeyTaken(f"{file.key} already holds other bytes")
            self.sync(found)
        finally:
            os.close(found)
        return True

    def _write_part(self, staging: int, body: bytes, *, durable: bool) -> str:
        part = new_part()
        descriptor = os.open(part, disk.CREATE, 0o600, dir_fd=staging)
        try:
            try:
                disk.write_all(descriptor, body)
                if durable:
                    self.sync(descriptor)
            finally:
                os.close(descriptor)
        except BaseException:
            disk.drop(part, staging)
            raise
        return part

    def _sync_folder(self, parts: Sequence[str]) -> None:
        with self._folder(parts) as folder:
            self.sync(folder)

    @contextmanager
    def _folders(self, parents: Sequence[str]) -> Iterator[tuple[int, int]]:
        """The folder that a key lies in and the staging folder, made where they are missing."""
        with self._folder(parents, make=True) as folder, self._folder((STAGING,), make=True) as staging:
            yield folder, staging

    @contextmanager
    def _folder(self, parts: Sequence[str], *, make: bool = False) -> Iterator[int]:
        folder = os.dup(self._root)
        try:
            for depth in range(1, len(parts) + 1):
                below = self._step(folder, tuple(parts[:depth]), make)
                os.close(folder)
                folder = below
            yield folder
        finally:
            os.close(folder)

    def _step(self, folder: int, parts: tuple[str, ...], make: bool) -> int:
        try:
            return os.open(parts[-1], disk.FOLDER, dir_fd=folder)
        except FileNotFoundError:
            if not make:
                raise
        with suppress(FileExistsError):
            os.mkdir(parts[-1], 0o700, dir_fd=folder)
        self._anchored.discard(parts)
        return os.open(parts[-1], disk.FOLDER, dir_fd=folder)


def new_part() -> str:
    """A name in staging that nothing else has."""
    return f"{uuid.uuid4().hex}.part"


def _size(name: str, folder: int) -> int | None:
    try:
        facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return facts.st_size if stat.S_ISREG(facts.st_mode) else None


def _belongs(entry: os.DirEntry[str], parts: tuple[str, ...]) -> bool:
    if not is_part(entry.name) or (not parts and entry.name.casefold() == STAGING):
        return False
    return entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)


def _facts(entry: os.DirEntry[str]) -> tuple[str, int]:
    if entry.is_dir(follow_symlinks=False):
        return entry.name + "/", 0
    return entry.name, entry.stat(follow_symlinks=False).st_size
