"""A real file system in a file, and the system call that cuts its power: what was not synced is gone."""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SHUTDOWN = 0x8004587D
WITHOUT_FLUSHING_THE_LOG = 2
BYTES = 320 << 20
MAKE = {"ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"]}


class NoLoop(Exception):
    """Why this machine has no such file system."""


@dataclass
class LoopDisk:
    """A mounted file system of `kind` in `file`."""

    kind: str
    file: Path
    mount: Path

    def cut(self) -> None:
        """From this moment nothing is written any more, and what was not synced never will be."""
        folder = os.open(self.mount, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, SHUTDOWN, struct.pack("I", WITHOUT_FLUSHING_THE_LOG))
        finally:
            os.close(folder)

    def power_on(self) -> None:
        """Mounts what is on the disk, which recovers its log."""
        self.detach()
        self.attach()

    def attach(self) -> None:
        _run("mount", "-o", "loop", "-t", self.kind, str(self.file), str(self.mount))

    def detach(self) -> None:
        _run("umount", str(self.mount))


@contextmanager
def loop_disk(folder: Path, kind: str) -> Iterator[LoopDisk]:
    """Made and mounted while the block runs. Raises NoLoop where that is not allowed."""
    program, *options = MAKE[kind]
    if os.geteuid() != 0:
        raise NoLoop("only root may mount")
    if not shutil.which(program):
        raise NoLoop(f"{program} is not installed")
    disk = LoopDisk(kind, folder / kind, folder / "disk")
    disk.mount.mkdir()
    with disk.file.open("wb") as file:
        file.truncate(BYTES)
    try:
        _run(program, *options, str(disk.file))
        disk.attach()
    except subprocess.CalledProcessError as error:
        raise NoLoop(error.stderr.strip()) from error
    try:
        yield disk
    finally:
        # Also while nothing on it answers any more; and it may be unmounted already.
        subprocess.run(["umount", "-l", str(disk.mount)], capture_output=True, check=False)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
