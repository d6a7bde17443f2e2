"""A disk that is full or fails at any one system call: an exit code, one line, and the next run completes the rest."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.sweeps.crash.lane import EDITED, FIRST, THUMBNAILS, Lane, Outcome, open_lane
from tests.sweeps.crash.subjects import Command, Program, Subject, bad, each, spread, summary
from tests.sweeps.crash.tracing import CHANGING, Point, injecting, points, why_not

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
Figure = Callable[[str], None]
LANES = 2
ONE_DOWNLOAD = {"FBBACKUP_DOWNLOAD_WORKERS": "1"}


@dataclass(frozen=True)
class Fault:
    """What a call answers, as strace spells it, for how many calls of each name, and what the program may end with."""

    name: str
    inject: str
    calls: tuple[str, ...]
    most: int
    codes: tuple[int, ...] = (0, 7)


FAULTS = (
    Fault("disk full", "error=ENOSPC", tuple(call for call in CHANGING if not call.startswith("unlink")), 16),
    Fault("input/output error", "error=EIO", (*CHANGING, "pread64"), 16),
    Fault("nothing written", "retval=0", ("write", "pwrite64"), 12),
    Fault("interrupted", "error=EINTR", ("write", "pwrite64", "pread64"), 12, (0,)),
)
Attempt = tuple[int, Fault, Point]


def failed(subject: Subject, fault: Fault, point: Point) -> Outcome:
    """One call fails; afterwards the disk is well again."""
    subject.restore()
    done = subject.disturbed(injecting(point, fault.inject))
    outcome = subject.recover(f"{subject.name}, {fault.name} at {point}")
    unheard = done.err.startswith("fbbackup: the answer can't be written to stdout")
    complaint = done.complaint(*fault.codes, *([1] if unheard else []))
    return replace(outcome, trouble=(*outcome.trouble, complaint)) if complaint else outcome


def subjects(lane: Lane, folder: Path) -> list[Subject]:
    works = [replace(work, environ={**work.environ, **ONE_DOWNLOAD}) for work in (FIRST, EDITED, THUMBNAILS)]
    programs = [Program(folder / "fill", "fill"), Program(folder / "open", "open", 1)]
    for program in programs:
        program.prepare()
    return [*(Command(lane, work) for work in works), *programs]


def attempts(subject: Subject, number: int, folder: Path) -> list[Attempt]:
    found = points(subject, folder / "strace.log", (*CHANGING, "pread64"))[0]
    return [
        (number, fault, point)
        for fault in FAULTS
        for call in fault.calls
        for point in spread([one for one in found if one.call == call], fault.most)
    ]


@pytest.mark.parametrize(
    ("fault", "point"),
    [(FAULTS[0], Point("pwrite64", 200)), (FAULTS[1], Point("fsync", 12)), (FAULTS[2], Point("write", 5))],
    ids=["full", "fails", "short"],
)
def test_a_first_run_on_a_disk_with_a_fault(lane: Lane, fault: Fault, point: Point) -> None:
    subject = Command(lane, replace(FIRST, environ=ONE_DOWNLOAD))
    assert not bad([failed(subject, fault, point)])


def test_a_catalog_is_made_on_a_disk_that_fails_in_between(scratch: Path) -> None:
    making = Program(scratch / "making", "open")
    making.prepare()
    assert not bad([failed(making, FAULTS[1], Point("fdatasync", number)) for number in (7, 8, 9)])


@pytest.mark.sweep
@pytest.mark.timeout(7200)
def test_every_call_fails_once(scratch: Path, figure: Figure) -> None:
    with ExitStack() as lanes:
        makers = [lanes.enter_context(open_lane(scratch / f"lane {number}")) for number in range(LANES)]
        own = [subjects(lane, scratch / f"programs {number}") for number, lane in enumerate(makers)]
        every = [one for number, subject in enumerate(own[0]) for one in attempts(subject, number, scratch)]
        outcomes = each(every, [lambda one, mine=mine: failed(mine[one[0]], one[1], one[2]) for mine in own])
    for fault in FAULTS:
        of_fault = [outcome for outcome in outcomes if f", {fault.name} at " in outcome.point]
        figure(summary(f"{fault.name} at {len(of_fault)} system calls of {len(own[0])} workloads", of_fault))
    assert not bad(outcomes)
