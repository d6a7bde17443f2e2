"""The archive's lock between real processes: one writer, told by name, and no lock on a bare mount point."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fbbackup.errors import ArchiveBusy, ArchiveUnusable
from fbbackup.stores import disk
from fbbackup.stores.archive import Archive, create_or_open

PROJECT = Path(__file__).parents[2]


def make(root: Path) -> Archive:
    return create_or_open(root, state_folder=root.parent / "state", keep_free_bytes=0)


@contextmanager
def holder(root: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until it is killed."""
    work = (
        "import sys; from pathlib import Path; from fbbackup.stores.archive import open_existing\n"
        f"with open_existing(Path({str(root)!r})).lock():\n    print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", work]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_the_second_writer_is_told_who_the_first_is(root: Path) -> None:
    archive = make(root)
    with holder(root) as process, pytest.raises(ArchiveBusy) as caught, archive.lock():
        pass
    assert str(caught.value) == (
        f"another fbbackup (process {process.pid}) is at work in {root}; wait for it or stop it"
    )
    with archive.lock():
        assert (root / ".fbbackup.lock").read_text() == f"{os.getpid()}\n"
    with archive.lock():
        pass


def test_one_of_many_racing_processes_holds_the_lock(root: Path) -> None:
    make(root)
    work = (
        "import sys; from pathlib import Path; from fbbackup.stores.archive import open_existing\n"
        "from fbbackup.errors import ArchiveBusy\n"
        f"archive = open_existing(Path({str(root)!r}))\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "try:\n    with archive.lock():\n        print('held', flush=True); sys.stdin.readline()\n"
        "except ArchiveBusy:\n    print('busy', flush=True)"
    )
    racers = [
        subprocess.Popen([sys.executable, "-c", work], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PROJECT)
        for _ in range(6)
    ]
    for racer in racers:
        assert racer.stdout
        assert racer.stdout.readline() == b"ready\n"
    for racer in racers:
        assert racer.stdin
        racer.stdin.write(b"\n")
        racer.stdin.flush()
    said = [racer.stdout.readline() for racer in racers if racer.stdout]
    for racer in racers:
        racer.communicate(b"\n")
    assert sorted(said) == [b"busy\n"] * 5 + [b"held\n"]


def test_children_do_not_inherit_the_lock(root: Path) -> None:
    archive = make(root)
    command = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    with archive.lock():
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False)
        assert child.stdout
        child.stdout.readline()
    with archive.lock():
        pass
    child.communicate()


def test_the_lock_is_not_made_on_a_bare_mount_point(root: Path) -> None:
    archive = make(root)
    (root / ".fbbackup").unlink()
    with pytest.raises(ArchiveUnusable, match="is the disk mounted"), archive.lock():
        pass
    assert os.listdir(root) == []
    root.rmdir()
    with pytest.raises(ArchiveUnusable, match="is the disk mounted"), archive.lock():
        pass


@pytest.mark.parametrize("number", sorted({*disk.UNSUPPORTED, errno.ENOLCK}))
def test_a_file_system_without_locks_is_warned_of_once(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: int) -> None:
        raise OSError(number, os.strerror(number))

    archive = make(root)
    monkeypatch.setattr("fcntl.flock", refuse)
    for _ in range(2):
        with archive.lock():
            pass
    assert archive.warnings == [f"{root} has no file locks: never run two fbbackups on it at once"]
