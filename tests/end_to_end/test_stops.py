"""Runs that are killed, doubled, or find no disk: nothing acknowledged is lost, nothing is written elsewhere."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from fbbackup.errors import ArchiveBusy, ArchiveUnusable, FbbackupError
from fbbackup.stores.archive import create_or_open
from tests.end_to_end.conftest import MakeHome
from tests.end_to_end.harness import Home, small

KILL_CALLS = ("fsync", "fdatasync", "renameat2", "pwrite64", "mkdirat", "linkat", "unlinkat", "ftruncate")


def acknowledged(home: Home) -> dict[str, str]:
    """What the catalog calls stored; nothing when the kill came before there was one."""
    try:
        return home.current()
    except FbbackupError:
        return {}


def goes_on_after(home: Home, stopped: dict[str, str]) -> None:
    """After a kill: the next run completes, keeps what was acknowledged and does not fetch it again."""
    home.sim.faults.clear()
    home.forget()
    home.complete()
    assert stopped.items() <= home.current().items()
    again = home.sim.world.ledger.pictures.keys() & stopped.keys()
    assert not again, "acknowledged photos were downloaded again"
    assert not list((home.archive / "staging").glob("*"))


def kill_at(home: Home, number: int, on: str) -> dict[str, str]:
    """Kills a first run at a request; what it had acknowledged by then."""
    process: list[subprocess.Popen[str]] = []
    home.at(number, lambda: os.kill(process[0].pid, signal.SIGKILL), on=on)
    process.append(home.start("--quiet", "sync"))
    process[0].communicate(timeout=60)
    assert process[0].returncode == -signal.SIGKILL
    return acknowledged(home)


@pytest.mark.parametrize(("on", "number"), [("cdn", 25), ("graph", 9)])
def test_killed_runs_are_gone_on_with(home: Home, on: str, number: int) -> None:
    goes_on_after(home, kill_at(home, number, on))


@pytest.mark.sweep
@pytest.mark.parametrize("number", range(1, 42, 4))
def test_killed_at_any_download(home: Home, number: int) -> None:
    goes_on_after(home, kill_at(home, number, "cdn"))


@pytest.mark.sweep
@pytest.mark.parametrize("number", range(1, 11))
def test_killed_at_any_call(home: Home, number: int) -> None:
    goes_on_after(home, kill_at(home, number, "graph"))


def test_killed_again_and_again(home: Home) -> None:
    stopped: dict[str, str] = {}
    for number in (6, 11):
        stopped = kill_at(home, number, "cdn") | stopped
        home.sim.faults.clear()
        assert stopped.items() <= acknowledged(home).items()
    goes_on_after(home, stopped)


def strace_works() -> bool:
    strace = shutil.which("strace")
    return strace is not None and subprocess.run([strace, "-qq", "true"], capture_output=True).returncode == 0


def killed_at_syscall(home: Home, call: str, number: int) -> bool:
    """Kills a first run at its `number`-th call of a kind; False when it makes fewer."""
    plain = home.start
    inject = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
              "-e", f"inject={call}:signal=KILL:when={number}"]  # fmt: skip
    process = plain("--quiet", "sync", prefix=inject)
    process.communicate(timeout=120)
    return process.returncode != 0


@pytest.mark.sweep
@pytest.mark.skipif(not strace_works(), reason="needs strace, and the right to trace")
@pytest.mark.parametrize("call", KILL_CALLS)
def test_killed_at_system_calls(make_home: MakeHome, call: str) -> None:
    dice = random.Random(call)
    for number in sorted(dice.sample(range(1, 120), 4)):
        home = make_home(small(album_sizes=[7, 3], loose=2))
        killed_at_syscall(home, call, number)
        goes_on_after(home, acknowledged(home))


def test_a_catalog_that_was_never_finished_is_told_and_completed(home: Home) -> None:
    create_or_open(home.archive, state_folder=home.folder / "state" / "fbbackup", keep_free_bytes=0)
    sqlite3.connect(home.archive / "catalog.sqlite").close()
    (home.archive / "catalog.sqlite").touch()
    for command in ("status", "audit", "doctor"):
        code, out, err = home.command(command)
        assert (code, "never finished" in out + err) == (7, True)
    home.complete()


def test_terminated_runs_say_so_and_are_gone_on_with(home: Home) -> None:
    process: list[subprocess.Popen[str]] = []
    home.at(20, lambda: process[0].terminate())
    process.append(home.start("--quiet", "sync"))
    _, err = process[0].communicate(timeout=60)
    assert process[0].returncode == 130
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1
    goes_on_after(home, acknowledged(home))


def test_the_second_of_two_runs_ends_at_once(home: Home) -> None:
    seen: list[tuple[int, str, int]] = []

    def second() -> None:
        before = home.calls
        code, _, err = home.command("sync")
        seen.append((code, err, home.calls - before))

    home.at(5, second)
    home.complete()
    assert [(code, calls) for code, _, calls in seen] == [(6, 0)]
    assert str(os.getpid()) in seen[0][1]


def test_a_held_archive_is_not_touched(home: Home) -> None:
    home.complete()
    archive = create_or_open(home.archive, state_folder=home.folder / "state" / "fbbackup", keep_free_bytes=0)
    home.forget()
    with archive.lock(), pytest.raises(ArchiveBusy):
        home.sync()
    assert home.calls == 0
    home.complete()


def test_an_unmounted_disk_is_no_new_archive(home: Home) -> None:
    home.complete()
    elsewhere = home.folder / "unplugged"
    home.archive.rename(elsewhere)
    home.archive.mkdir()
    home.forget()
    with pytest.raises(ArchiveUnusable, match="mounted"):
        home.sync()
    assert list(home.archive.iterdir()) == []
    assert home.command("sync")[0] == 7
    home.archive.rmdir()
    with pytest.raises(ArchiveUnusable, match="mounted"):
        home.sync()
    assert not home.archive.exists()
    assert (home.calls, home.downloads) == (0, 0)
    elsewhere.rename(home.archive)
    home.complete()
    assert home.downloads == 0


def test_another_archive_at_the_known_place_is_refused(make_home: MakeHome) -> None:
    home, other = make_home(), make_home()
    home.complete()
    other.complete()
    home.archive.rename(home.folder / "put away")
    shutil.copytree(other.archive, home.archive)
    before = home.snapshot()
    assert home.exit_code() == 7
    assert home.snapshot() == before


@pytest.mark.parametrize("content", ["notes.txt", "photos/2014/07/2014-07-05_1.jpg"])
def test_a_folder_with_other_things_in_it_is_refused(home: Home, content: str) -> None:
    (home.archive / content).parent.mkdir(parents=True)
    (home.archive / content).write_bytes(b"mine")
    assert home.exit_code() == 7
    assert [path for path in home.archive.rglob("*") if path.is_file()] == [home.archive / content]
    shutil.rmtree(home.archive)


def read_only_user(path: Path) -> bool:
    return not os.access(path, os.W_OK)


def test_an_archive_that_can_not_be_written_to(home: Home) -> None:
    home.complete()
    home.forget()
    home.archive.chmod(0o500)
    try:
        if not read_only_user(home.archive):
            pytest.skip("root may write everywhere")
        assert home.exit_code() == 7
        assert home.calls == 0
    finally:
        home.archive.chmod(0o700)


def test_a_full_disk_is_told_before_anything_is_asked(make_home: MakeHome) -> None:
    home = make_home(limits={"keep_free_bytes": 1 << 60})
    with pytest.raises(ArchiveUnusable, match="disk full"):
        home.sync()
    assert home.calls == 0
