"""SIGTERM and SIGINT at any step: the command ends soon and in order, and the next run goes on."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from tests.sweeps.crash.lane import FIRST, IMPORT, WORKLOADS, Lane, Outcome, Workload, open_lane, recover
from tests.sweeps.crash.subjects import bad, each

Figure = Callable[[str], None]
SIGNALS = ("SIGTERM", "SIGINT")
STOPPED = 130
SOON_SECONDS = 5.0
LANES = 2
SWEPT = 30
"""Random steps for each signal in each workload."""


@dataclass(frozen=True)
class Stop:
    workload: Workload
    signal: str
    step: int

    def __str__(self) -> str:
        return f"{self.signal} at step {self.step} of {self.workload.name}"


def stopped(lane: Lane, stop: Stop) -> tuple[Outcome, float]:
    """What became of it, and how long the command took with the stop in it."""
    lane.restore(stop.workload)
    done = lane.run(stop.workload, step=stop.step, signal=stop.signal)
    outcome = recover(lane, stop.workload, str(stop), lambda: lane.run(stop.workload))
    complaint = done.complaint(0, STOPPED)
    return (replace(outcome, trouble=(*outcome.trouble, complaint)) if complaint else outcome), done.seconds


def stops(lane: Lane, workloads: Sequence[Workload], count: int) -> list[Stop]:
    """Random steps of undisturbed runs, for each workload and signal."""
    dice, found = random.Random(1), []
    for workload in workloads:
        lane.restore(workload)
        steps = lane.run(workload).steps
        assert steps
        found += [Stop(workload, signal, dice.randint(1, steps)) for signal in SIGNALS for _ in range(count)]
    return found


def judged(ends: Sequence[tuple[Outcome, float]], figure: Figure) -> None:
    outcomes, slowest = [outcome for outcome, _ in ends], max(seconds for _, seconds in ends)
    lost, trouble = sum(len(one.lost) for one in outcomes), sum(bool(one.trouble) for one in outcomes)
    figure(f"stopped by signals at {len(ends)} steps: {lost} lost, {trouble} in disorder, all ended in {slowest:.1f} s")
    assert not bad(outcomes)


def test_stopped_at_some_steps(lane: Lane, figure: Figure) -> None:
    judged([stopped(lane, stop) for stop in stops(lane, (FIRST, IMPORT), 1)], figure)


@pytest.mark.sweep
@pytest.mark.timeout(7200)
def test_stopped_at_random_steps(scratch: Path, figure: Figure) -> None:
    with ExitStack() as opened:
        lanes = [opened.enter_context(open_lane(scratch / f"lane {number}")) for number in range(LANES)]
        found = stops(lanes[0], WORKLOADS, SWEPT)
        ends: list[tuple[Outcome, float]] = []
        each(found, [partial(_noted, lane, ends) for lane in lanes])
    judged(ends, figure)
    assert max(seconds for _, seconds in ends) <= SOON_SECONDS


def _noted(lane: Lane, ends: list[tuple[Outcome, float]], stop: Stop) -> Outcome:
    ends.append(stopped(lane, stop))
    return ends[-1][0]
