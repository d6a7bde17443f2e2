"""kill -9 at every step of the event loop, between one await and the next: the next run completes what is missing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.sweeps.crash.lane import FIRST, WORKLOADS, Lane, Outcome, Workload, open_lane, recover
from tests.sweeps.crash.subjects import bad, each, spread, summary

Figure = Callable[[str], None]
Point = tuple[Workload, int]
LANES = 2
SAMPLE = 4


def steps(lane: Lane, workload: Workload) -> range:
    """The steps of an undisturbed run, counted from 1."""
    lane.restore(workload)
    taken = lane.run(workload).steps
    assert taken
    return range(1, taken + 1)


def killed(lane: Lane, point: Point) -> Outcome:
    workload, step = point
    lane.restore(workload)
    done = lane.run(workload, step=step)
    assert done.code in (-9, 0), done
    return recover(lane, workload, f"{workload.name}, step {step}", lambda: lane.run(workload))


def test_killed_at_some_steps_of_a_first_run(lane: Lane, figure: Figure) -> None:
    points = [(FIRST, step) for step in spread(steps(lane, FIRST), SAMPLE)]
    outcomes = [killed(lane, point) for point in points]
    figure(summary(f"kill -9 at {len(outcomes)} steps of a first run", outcomes))
    assert not bad(outcomes)


@pytest.mark.sweep
@pytest.mark.timeout(7200)
def test_killed_at_every_step(scratch: Path, figure: Figure) -> None:
    with ExitStack() as opened:
        lanes = [opened.enter_context(open_lane(scratch / f"lane {number}")) for number in range(LANES)]
        points = [(workload, step) for workload in WORKLOADS for step in steps(lanes[0], workload)]
        outcomes = each(points, [partial(killed, lane) for lane in lanes])
    figure(summary(f"kill -9 at {len(outcomes)} steps of the event loop in {len(WORKLOADS)} workloads", outcomes))
    assert len(outcomes) >= 1000
    assert not bad(outcomes)
