"""System calls below the directory store and the archive: moving without replacing, syncing, naming a fault."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import hashlib
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fbbackup.errors import ArchiveBusy, ArchiveUnusable

CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK a pipe that someone put among the pictures blocks its reader for ever.
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

MARKER = ".fbbackup"
"""The file that says that a folder is an archive."""

UNSUPPORTED = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOTTY})
NO_LOCKS = UNSUPPORTED | {errno.ENOLCK}
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
_BROKEN = frozenset({errno.EIO, errno.ENXIO, errno.ENODEV, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT})
_REFUSED = frozenset({errno.EACCES, errno.EPERM})

_RENAME_NOREPLACE = 1
_libc = ctypes.CDLL(None, use_errno=True)
_renameat2 = getattr(_libc, "renameat2", None)
_syncfs = getattr(_libc, "syncfs", None)
_fstatfs = getattr(_libc, "fstatfs", None)
_FUSE = 0x65735546
_claiming = threading.Lock()


def write_all(descriptor: int, body: bytes | bytearray | memoryview) -> None:
    """Writes the whole body, however little of it each call takes."""
    with memoryview(body) as view:
        written = 0
        while written < len(view):
            written += os.write(descriptor, view[written:])


def sync(descriptor: int) -> bool:
    """Makes a file or folder durable; False when this file system has no such call for it."""
    try:
        if sys.platform == "darwin":
            # There fsync leaves the bytes in the drive's own cache.
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        else:
            os.fsync(descriptor)
    except OSError as error:
        if error.errno in UNSUPPORTED:
            return False
        raise
    return True


def sync_everything(descriptor: int) -> None:
    """Makes durable all that was written to the file system that the descriptor lies on."""
    if _syncfs is None:
        os.sync()
    elif _syncfs(descriptor) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def syncs_as_a_whole(descriptor: int) -> bool:
    """Whether `sync_everything` reaches the disk behind the descriptor.

    The kernel says it did on FUSE as well (mergerfs, ntfs-3g, sshfs), which it has no way of asking.
    """
    facts = ctypes.create_string_buffer(256)
    if _fstatfs is None or sys.platform != "linux" or _fstatfs(descriptor, facts) != 0:
        return True
    return ctypes.c_long.from_buffer(facts).value != _FUSE


def move_new(part: str, staging: int, name: str, folder: int, *, claims: int | None = None) -> None:
    """Moves a file to a name that nothing has yet; FileExistsError when something does.

    Local disks, SMB and FAT know the first way, NFS and macOS the second; the third needs nothing but a rename.
    `claims` is the staging folder when the file comes from elsewhere.
    """
    if _move_by_rename(part, staging, name, folder) or _move_by_link(part, staging, name, folder):
        return
    _move_by_claim(part, staging, name, folder, staging if claims is None else claims)


def _move_by_rename(part: str, staging: int, name: str, folder: int) -> bool:
    if _renameat2 is None:
        return False
    if _renameat2(staging, os.fsencode(part), folder, os.fsencode(name), _RENAME_NOREPLACE) == 0:
        return True
    number = ctypes.get_errno()
    if number in UNSUPPORTED:
        return False
    raise OSError(number, os.strerror(number), name)


def _move_by_link(part: str, staging: int, name: str, folder: int) -> bool:
    try:
        os.link(part, name, src_dir_fd=staging, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        # File systems without hard links answer with a refusal as often as with "not supported".
        if error.errno in UNSUPPORTED | _REFUSED:
            return False
        raise
    os.unlink(part, dir_fd=staging)
    return True


def _move_by_claim(part: str, staging: int, name: str, folder: int, claims: int) -> None:
    """Renames under an exclusive claim, so that no other fbbackup takes the name between the look and the move.

    The claim lies in staging, because an empty placeholder under the final name would outlive a crash as a file.
    """
    owner = os.fstat(folder)
    digest = hashlib.sha256(f"{owner.st_dev} {owner.st_ino} {name.casefold()}".encode()).hexdigest()
    with _claiming, _claimed(f"{MARKER}.{digest}.claim", claims, name):
        if exists(name, folder):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
        os.rename(part, name, src_dir_fd=staging, dst_dir_fd=folder)


@contextmanager
def _claimed(claim: str, claims: int, name: str) -> Iterator[None]:
    """Holds a lock on a file of this name; it ends with the process, so that a file left by a crash claims nothing."""
    descriptor = os.open(claim, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=claims)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = os.fstat(descriptor).st_nlink > 0
        except BlockingIOError:
            free = False
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            free = True
        if not free:
            raise ArchiveBusy(f"another fbbackup is writing {name}; stop it and run again")
        try:
            yield
        finally:
            os.unlink(claim, dir_fd=claims)
    finally:
        os.close(descriptor)


def exists(name: str, folder: int) -> bool:
    """Whether anything has this name in the folder, a dangling link included."""
    with suppress(FileNotFoundError):
        os.stat(name, dir_fd=folder, follow_symlinks=False)
        return True
    return False


def is_marker_part(name: str) -> bool:
    """Whether a name is that of a marker which was never finished, or of a claim to it."""
    return name.startswith(f"{MARKER}.") and name.endswith((".part", ".claim"))


def drop(name: str, folder: int) -> None:
    """Removes a file after an error, which is worth more than an error of the removal."""
    with suppress(OSError):
        os.unlink(name, dir_fd=folder)


@contextmanager
def blaming(root: Path) -> Iterator[None]:
    """Turns the system's errors into the one line that a person needs."""
    try:
        yield
    except OSError as error:
        raise ArchiveUnusable(_words(error, root)) from error


def _words(error: OSError, root: Path) -> str:
    what = error.strerror or str(error)
    if error.errno in _FULL:
        return f"disk full: {_room(root)} at {root}; free some space, the next run goes on"
    if error.errno == errno.EROFS:
        return f"{root} is read-only; mount it writable or check the disk for errors, then run again"
    if error.errno in _BROKEN:
        return f"the disk at {root} fails ({what}); check the disk and its cable, the next run goes on"
    if error.errno in _GONE:
        name = error.filename if isinstance(error.filename, str) else "a folder"
        place = root if name == str(root) else f"{name} in {root}"
        return f"{place} is gone or no plain folder ({what}); is the disk mounted? Then run again"
    if error.errno in _REFUSED:
        return f"{root} may not be written by this user (uid {os.geteuid()}); change its owner or permissions"
    if error.errno == errno.EFBIG:
        return f"a file is larger than {root} or this user's limit allows; use another disk or raise the limit"
    return f"{root} can't be used: {what}; check the disk, then run again"


def _room(root: Path) -> str:
    """What is left: bytes, or no further file (inode) although there are bytes."""
    try:
        volume = os.statvfs(root)
    except OSError:
        return "unknown MB free"
    if volume.f_files and not volume.f_favail:
        return "no further file can be made"
    return f"{volume.f_bavail * volume.f_frsize // 1_000_000:,} MB free"
