"""The archive's lock: the kernel's own, which ends with the process; the file only tells who holds it."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from fbbackup.errors import ArchiveBusy
from fbbackup.stores import disk

LOCK = ".fbbackup.lock"
_LOOKS, _PAUSE_SECONDS = 50, 0.005


def seize(descriptor: int, root: Path) -> bool:
    """Takes the lock and writes our name into it; False where the file system has no locks. Raises ArchiveBusy.

    A lock without a living name is held by someone who is about to write it, or who only looks: both pass in a moment.
    """
    for look in range(_LOOKS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _name_in(descriptor)
            if not _lives(holder) and look + 1 < _LOOKS:
                time.sleep(_PAUSE_SECONDS)
                continue
            who = f" (process {holder})" if holder.isdecimal() else ""
            message = f"another fbbackup{who} is at work in {root}; wait for it or stop it"
            raise ArchiveBusy(message) from None
        except OSError as error:
            if error.errno not in disk.NO_LOCKS:
                raise
            return False
        break
    _write_name(descriptor, f"{os.getpid()}\n")
    return True


def release(descriptor: int) -> None:
    """Takes our name out, so that nobody reads it who comes between this and the next holder's; closes."""
    try:
        _write_name(descriptor, "")
    except OSError:
        # A disk that is full or gone keeps an old name, which is never believed by itself.
        return
    finally:
        os.close(descriptor)


def is_held(file: Path) -> bool:
    """Whether a process holds the lock at this moment."""
    try:
        descriptor = os.open(file, disk.READ)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError as error:
        if error.errno not in disk.NO_LOCKS:
            raise
    finally:
        os.close(descriptor)
    return False


def _write_name(descriptor: int, name: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, name.encode(), 0)


def _name_in(descriptor: int) -> str:
    return os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()


def _lives(name: str) -> bool:
    if not name.isdecimal() or int(name) == 0:
        return False
    try:
        os.kill(int(name), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
