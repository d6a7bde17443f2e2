"""System calls by strace: which ones a program makes, and faults injected into them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.sweeps.crash.subjects import Subject

CHANGING = (
    "write", "writev", "pwrite64", "pwritev", "fsync", "fdatasync", "syncfs", "rename", "renameat", "renameat2",
    "unlink", "unlinkat", "ftruncate", "fallocate", "mkdir", "mkdirat", "link", "linkat",
)  # fmt: skip
"""Calls that change what a disk holds."""

_CALL = re.compile(r"^(\d+) +(\w+)\(")


def why_not() -> str | None:
    """Why nothing can be traced here."""
    strace = shutil.which("strace")
    if strace is None:
        return "strace is not installed"
    if subprocess.run([strace, "-f", "--seccomp-bpf", "-qq", "true"], capture_output=True, check=False).returncode:
        return "tracing is not allowed here"
    return None


@dataclass(frozen=True)
class Point:
    """The `number`-th call of a name in a thread; the first thread to get there is meant."""

    call: str
    number: int

    def __str__(self) -> str:
        return f"{self.call} {self.number}"


def injecting(point: Point, fault: str) -> list[str]:
    """The words before a command line that inject `fault` (as strace spells it) at one call."""
    where = f"inject={point.call}:{fault}:when={point.number}"
    return ["strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", f"trace={point.call}", "-e", where]


def points(subject: Subject, log: Path, calls: tuple[str, ...] = CHANGING) -> tuple[list[Point], int]:
    """Every point of an undisturbed run that can be told apart, call by call, and how many calls it made in all."""
    subject.restore()
    done = subject.disturbed(["strace", "-f", "-qq", "--seccomp-bpf", "-o", str(log), "-e", f"trace={','.join(calls)}"])
    assert done.code == 0, done
    made = Counter(match.groups() for line in log.read_text().splitlines() if (match := _CALL.match(line)))
    most: dict[str, int] = {}
    for (_, call), count in made.items():
        most[call] = max(count, most.get(call, 0))
    return [Point(call, number + 1) for call in sorted(most) for number in range(most[call])], made.total()
