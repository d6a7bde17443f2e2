"""`python -m tests.sweeps.power.filesystem MOUNT IMAGES CATALOG [MOVES]`: the disk of `disk.py` as a FUSE file system.

Before each operation that changes something, the program under test is held, a witness from outside reads from the
catalog what is stored at that moment, and what a power cut would leave is written to IMAGES: then the operation goes
on. MOVES is the best way of moving without replacing that this file system offers: rename, link or claim.

Commands come a line each on stdin, each is answered by `ok`: `record` makes everything durable and begins, `stop`
takes the last image. The end of stdin unmounts.
"""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import mfusepy

from tests.sweeps.power.disk import Disk, File, Folder, Node
from tests.sweeps.power.record import Recorder
from tests.sweeps.power.witness import Stored, Witness

NOREPLACE = 1
UNRECORDED = "-shm"
"""SQLite's shared memory is a mapping: the kernel writes it when it likes, even when it is removed and has no path any
more, and nobody relies on it after a crash."""


class PowerDisk(mfusepy.Operations):
    """The operations that fbbackup, SQLite and Python use."""

    use_ns = True

    def __init__(self, mount: str, catalog: str, recorder: Recorder, moves: str) -> None:
        self.disk = Disk()
        self.mount, self.catalog, self.recorder, self.moves = mount, catalog, recorder, moves
        self.witness = Witness(Path(mount) / catalog)
        self._turn = threading.Lock()
        self._handles: dict[int, Node] = {}
        self._numbers = count(1)

    # -- the life of the mount ---------------------------------------------------------------------------------

    def init(self, path: str) -> None:
        threading.Thread(target=self._obey, daemon=True).start()
        print("ok", flush=True)

    def _obey(self) -> None:
        for line in sys.stdin:
            with self._turn:
                if line == "record\n":
                    self.disk.settle()
                    self.recorder.on = True
                else:
                    self._hold("the end")
                    self.recorder.on = False
            print("ok", flush=True)
        self.witness.close()
        unmount = ("umount", "-l") if os.geteuid() == 0 else ("fusermount3", "-u", "-z")
        subprocess.run([*unmount, self.mount], check=False)

    def _hold(self, call: str) -> None:
        if self.recorder.on and self.recorder.wants(call):
            self.recorder.take(call, self.disk, self._stored())

    def _stored(self) -> Stored:
        """What the witness can see, asked in a way that makes no file and seldom waits for what is held."""
        there = [self.disk.exists(f"/{self.catalog}{end}") for end in ("", "-wal", "-shm")]
        if there[0] and there[1] == there[2]:
            return self.witness.look(alone=not there[1])
        return self.witness.seen

    @contextmanager
    def _changing(self, call: str, *paths: str | None) -> Iterator[None]:
        if any(path is None or path.endswith(UNRECORDED) for path in paths):
            yield
            return
        with self._turn:
            self._hold(" ".join((call, *paths)))
            yield

    # -- changes ------------------------------------------------------------------------------------------------

    def create(self, path: str, mode: int, flags: int) -> int:
        with self._changing("create", path):
            file = File(mode=mode & 0o777)
            self.disk.add(path, file)
            return self._opened(file)

    def mkdir(self, path: str, mode: int) -> int:
        with self._changing("mkdir", path):
            self.disk.add(path, Folder(mode=mode & 0o777))
        return 0

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        with self._changing("write", path):
            self._file(fh).write(data, offset)
        return len(data)

    def truncate(self, path: str, length: int) -> int:
        with self._changing("truncate", path):
            self.disk.file(path).truncate(length)
        return 0

    def unlink(self, path: str) -> int:
        with self._changing("unlink", path):
            self.disk.remove(path)
        return 0

    def rmdir(self, path: str) -> int:
        with self._changing("rmdir", path):
            self.disk.remove(path)
        return 0

    def link(self, target: str, source: str) -> int:
        if self.moves == "claim":
            raise OSError(errno.EPERM, "no hard links")
        with self._changing("link", source, target):
            self.disk.link(source, target)
        return 0

    def rename(self, old: str, new: str, flags: int = 0) -> int:
        if flags and (flags != NOREPLACE or self.moves != "rename"):
            raise OSError(errno.EINVAL, "no such way of moving")
        with self._changing("rename", old, new):
            self.disk.rename(old, new, replace=not flags)
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        with self._changing("fsync", path):
            self._handles[fh].sync()
        return 0

    fsyncdir = fsync

    # -- the rest -----------------------------------------------------------------------------------------------

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        return _facts(self._handles[fh] if fh else self.disk.find(path))

    def open(self, path: str, flags: int) -> int:
        return self._opened(self.disk.file(path))

    def opendir(self, path: str) -> int:
        return self._opened(self.disk.folder(path))

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return bytes(self._file(fh).now[offset : offset + size])

    def readdir(self, path: str, fh: int) -> list[tuple[str, dict[str, Any], int]]:
        folder = self.disk.folder(path)
        # Names without a number are left out by readers.
        return [(name, _facts(node), 0) for name, node in ((".", folder), ("..", folder), *folder.now.items())]

    def release(self, path: str, fh: int) -> int:
        self._handles.pop(fh, None)
        return 0

    releasedir = release

    def statfs(self, path: str) -> dict[str, int]:
        return {"f_bsize": 4096, "f_frsize": 4096, "f_blocks": 1 << 20, "f_bfree": 1 << 20, "f_bavail": 1 << 20}

    def chmod(self, path: str, mode: int) -> int:
        self.disk.find(path).mode = mode & 0o777
        return 0

    def chown(self, path: str, uid: int, gid: int) -> int:
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        return 0

    def _opened(self, node: Node) -> int:
        handle = next(self._numbers)
        self._handles[handle] = node
        return handle

    def _file(self, fh: int) -> File:
        node = self._handles[fh]
        assert isinstance(node, File)
        return node


def _facts(node: Node) -> dict[str, Any]:
    facts: dict[str, Any] = {"st_uid": os.geteuid(), "st_gid": os.getegid(), "st_ino": node.number}
    if isinstance(node, Folder):
        return facts | {"st_mode": stat.S_IFDIR | node.mode, "st_nlink": 2}
    return facts | {"st_mode": stat.S_IFREG | node.mode, "st_nlink": node.links, "st_size": len(node.now)}


class Mount(mfusepy.FUSE):
    """Adds what the binding leaves out: the flags of renameat2, and closing without a flush.

    Without the flags a move would replace what has the name. A flush takes the file's lock in the kernel, so the
    witness, done with its look, would wait for the very write that waits for the witness.
    """

    def rename_fuse_3(self, old: bytes, new: bytes, flags: int) -> int:
        return self.operations.rename(os.fsdecode(old), os.fsdecode(new), flags)

    def open(self, path: bytes, fip: Any) -> int:
        fip.contents.noflush = 1
        return super().open(path, fip)

    def create(self, path: bytes, mode: int, fip: Any) -> int:
        fip.contents.noflush = 1
        return super().create(path, mode, fip)


def main(mount: str, images: str, catalog: str, moves: str = "rename", every: str = "1") -> None:
    operations = PowerDisk(mount, catalog, Recorder(Path(images), int(every)), moves)
    # Whatever the kernel may keep it keeps: the program under test is alone here, and the mapping must stay one.
    Mount(operations, mount, foreground=True, kernel_cache=True, hard_remove=True, use_ino=True,
          entry_timeout=3600, attr_timeout=3600, negative_timeout=3600)  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
