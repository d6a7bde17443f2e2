"""Two fbbackups on one archive: one writes, the other is told who does; a dead one stands in nobody's way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fbbackup.errors import ArchiveBusy
from tests.sweeps.crash.lane import FIRST, PROJECT, Lane

Figure = Callable[[str], None]
RACERS = 4
IN_ORDER = {"wrote", "was told who writes", "was killed"}


def raced(folder: Path, rounds: int) -> dict[str, int]:
    """How the racers of all rounds fared."""
    command = [sys.executable, "-m", "tests.sweeps.crash.racing", folder / "archive", folder / "state"]
    run = subprocess.run(
        [*command, str(rounds), str(RACERS)], cwd=PROJECT, capture_output=True, text=True, timeout=600, check=True
    )
    found: dict[str, int] = json.loads(run.stdout)
    return found


def judged(rounds: int, ends: dict[str, int], figure: Figure) -> None:
    told = ", ".join(f"{count} {what}" for what, count in sorted(ends.items()))
    figure(f"{rounds} races of {RACERS} for an archive: {ends.get('wrote with another', 0)} double writers ({told})")
    assert ends.keys() <= IN_ORDER
    assert sum(ends.values()) == rounds * RACERS


def test_one_of_the_racers_writes(scratch: Path, figure: Figure) -> None:
    judged(200, raced(scratch, 200), figure)


@pytest.mark.sweep
@pytest.mark.timeout(700)
def test_one_of_the_racers_writes_in_every_race(scratch: Path, figure: Figure) -> None:
    judged(5000, raced(scratch, 5000), figure)


def start_two(lane: Lane) -> list[tuple[int, int, str]]:
    """Exit code, process and words of two first runs that start at once."""
    lane.restore(FIRST)
    both = [lane.start(FIRST) for _ in range(2)]
    return [(one.wait(timeout=60), one.pid, one.communicate()[1]) for one in both]


def check_two(lane: Lane) -> None:
    (code, pid, _), (other_code, other_pid, words) = sorted(start_two(lane))
    if other_code:
        assert (code, other_code) == (0, ArchiveBusy.exit_code)
        assert f"process {pid}" in words
        assert other_pid != pid
    assert lane.home.current() == lane.home.expected()
    assert lane.home.findings() == []


def test_of_two_first_runs_one_does_it_all(lane: Lane) -> None:
    check_two(lane)


@pytest.mark.sweep
@pytest.mark.timeout(700)
def test_of_two_first_runs_one_does_it_all_every_time(lane: Lane, figure: Figure) -> None:
    for _ in range(20):
        check_two(lane)
    figure("two first runs at once, 20 times: one did it all, the other named it")


def test_a_dead_writer_is_in_nobodys_way(lane: Lane) -> None:
    lane.restore(FIRST)
    assert lane.run(FIRST, step=300).code == -9
    lock = lane.home.archive / ".fbbackup.lock"
    assert lock.read_text().strip().isdecimal(), "the dead process left its name"
    lock.write_text(f"{os.getpid()}\n")
    assert lane.run(FIRST).code == 0
