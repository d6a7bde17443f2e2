"""Runs of a command on a disk of its own: full, read-only or unplugged, mounted where nobody else sees it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.sweeps.crash.lane import LONGEST_SECONDS, PROJECT, Done, Lane, Workload

NAMESPACE = ["unshare", "--mount", "--propagation", "private"]
IMAGE_BYTES = 32 << 20
SHUT_DOWN = """
import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack("I", 2))
"""
"""FS_IOC_SHUTDOWN of ext4 and XFS, without writing the journal first: the cable is out."""


def why_no_mounts() -> str | None:
    """Why no disk can be mounted in a namespace of its own."""
    return _refusal([*_namespace(), "mount", "-t", "tmpfs", "tmpfs", "/mnt"], "mounting in a namespace is not allowed")


def why_no_images(folder: Path) -> str | None:
    """Why no ext4 image can be mounted."""
    if os.geteuid() != 0:
        return "mounting a disk image takes root"
    if not shutil.which("mkfs.ext4"):
        return "e2fsprogs are not installed"
    image = folder / "try.img"
    make_image(image)
    return _refusal([*NAMESPACE, "mount", "-o", "loop", str(image), "/mnt"], "disk images can't be mounted here")


def _namespace() -> list[str]:
    return NAMESPACE if os.geteuid() == 0 else [*NAMESPACE, "--map-root-user", "--user"]


def _refusal(command: Sequence[str], words: str) -> str | None:
    if not shutil.which("unshare"):
        return "util-linux is not installed"
    return None if subprocess.run(command, capture_output=True, check=False).returncode == 0 else words


def make_image(image: Path) -> None:
    """An empty ext4 disk."""
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True, capture_output=True)


@dataclass(frozen=True)
class Disk:
    """A disk for the archive of a lane: how it is mounted, and what is done to it before the command starts.

    The shell lines may use `$at` (where the archive lies). The archive as the lane has it is copied onto the disk
    first; what is there in the end comes back to the lane, unless the disk is lost. What lies under the mount is not
    touched.
    """

    mount: str
    before: str = ":"
    lost: bool = False


SCRIPT = """
at=$1 wreck=$2 before=$3 mount=$4; shift 4
keep=$(mktemp -d) && mkdir -p "$at" && cp -a "$at/." "$keep" || exit 98
eval "$mount" || exit 99
cp -a "$keep/." "$at" || exit 98
rm -rf "$keep"
eval "$before" || exit 97
"$@"
code=$?
[ -z "$wreck" ] || cp -a "$at/." "$wreck" || exit 96
exit $code
"""


def enter(process: int, *command: str) -> None:
    """Runs a command where the disks of a process are mounted."""
    own = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
    words = ["nsenter", *own, "--mount", "--target", str(process), *command]
    subprocess.run(words, check=True, capture_output=True, cwd=PROJECT)


def unmount(lane: Lane, process: int) -> None:
    """Takes the disk away from its place; who has files open there goes on writing to it."""
    enter(process, "umount", "--lazy", str(lane.home.archive))


def unplug(lane: Lane, process: int) -> None:
    """Every operation on the disk fails from now on; what was not synced is lost."""
    enter(process, sys.executable, "-c", SHUT_DOWN, str(lane.home.archive))


@contextmanager
def started(lane: Lane, workload: Workload, disk: Disk) -> Iterator[subprocess.Popen[str]]:
    """The command of a workload with its archive on the disk. Everything is unmounted with the last process."""
    wreck = lane.folder / "wreck"
    shutil.rmtree(wreck, ignore_errors=True)
    wreck.mkdir()
    words = [str(lane.home.archive), "" if disk.lost else str(wreck), disk.before, disk.mount]
    prefix = [*_namespace(), "sh", "-c", SCRIPT, "sh", *words]
    process = lane.start(workload, prefix=prefix)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def ended(process: subprocess.Popen[str], began: float) -> Done:
    out, err = process.communicate(timeout=LONGEST_SECONDS)
    assert process.returncode not in (96, 97, 98, 99), f"the disk could not be made: {err}"
    return Done(process.returncode, time.monotonic() - began, out, err)


def run_on(lane: Lane, workload: Workload, disk: Disk) -> Done:
    """The command, and what it left on the disk as the archive of the lane."""
    began = time.monotonic()
    with started(lane, workload, disk) as process:
        done = ended(process, began)
    if not disk.lost:
        shutil.rmtree(lane.home.archive, ignore_errors=True)
        shutil.move(lane.folder / "wreck", lane.home.archive)
    return done
