"""Reading a file to its end for its SHA-256, where a disk that refuses is a finding about this one file."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import threading

from fbbackup.models import Reading
from fbbackup.stores import disk

NO_FILE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO})
_PIECE = 1 << 20


def read(name: str, folder: int, stop: threading.Event | None) -> Reading | None:
    """Reads a file of an open folder to its end; None when there is no plain file of that name."""
    if stop and stop.is_set():
        return None
    try:
        file = os.open(name, disk.READ, dir_fd=folder)
    except OSError as error:
        return None if error.errno in NO_FILE else unreadable(error)
    try:
        facts = os.fstat(file)
        return _digest(file, facts.st_size, stop) if stat.S_ISREG(facts.st_mode) else None
    except OSError as error:
        return unreadable(error)
    finally:
        os.close(file)


def _digest(file: int, expected: int, stop: threading.Event | None) -> Reading:
    """One call for most pictures: a plain file gives less than it is asked for only at its end."""
    head = os.read(file, min(expected, _PIECE) + 1)
    digest, size = hashlib.sha256(head), len(head)
    if size != expected or size > _PIECE:
        with memoryview(bytearray(_PIECE)) as buffer:
            while (got := os.readv(file, [buffer])) and not (stop and stop.is_set()):
                digest.update(buffer[:got])
                size += got
    return Reading(digest.hexdigest(), size)


def unreadable(error: OSError) -> Reading:
    """The finding that the disk refuses a file."""
    return Reading("", 0, error.strerror or str(error))
