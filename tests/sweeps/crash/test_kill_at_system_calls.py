"""kill -9 at every system call that changes something: nothing acknowledged is lost, the next run mends the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.catalog.stored_dumps import VERSIONS
from tests.sweeps.crash.lane import WORKLOADS, Lane, Outcome, open_lane
from tests.sweeps.crash.subjects import Command, Program, Subject, bad, each, spread, summary
from tests.sweeps.crash.tracing import Point, injecting, points, why_not

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
Figure = Callable[[str], None]

ONE_DOWNLOAD = {"FBBACKUP_DOWNLOAD_WORKERS": "1"}
"""Runs resemble each other then, and a counted call is the same one in each."""

PROGRAMS = (("fill", None), ("open", None), *(("open", version) for version in VERSIONS[:-1]))
EVERY_CALL = 60
"""More calls of one name than this are sampled: SQLite writes its log page by page."""


def killed(subject: Subject, point: Point) -> Outcome:
    subject.restore()
    subject.disturbed(injecting(point, "signal=KILL"))
    return subject.recover(f"{subject.name}, {point}")


def commands(lane: Lane) -> list[Subject]:
    """The workloads that a lane can run."""
    return [Command(lane, replace(work, environ={**work.environ, **ONE_DOWNLOAD})) for work in WORKLOADS]


def programs(folder: Path, which: Sequence[tuple[str, int | None]] = PROGRAMS) -> list[Subject]:
    made = [Program(folder / f"{what} {schema}", what, schema) for what, schema in which]
    for program in made:
        program.prepare()
    return list(made)


def chosen(subject: Subject, folder: Path, most: int) -> list[Point]:
    """Every point of a subject, or `most` of the calls of each name."""
    found, _ = points(subject, folder / "strace.log")
    names = sorted({point.call for point in found})
    return [point for name in names for point in spread([one for one in found if one.call == name], most)]


def swept(subjects: list[list[Subject]], folder: Path, most: int, figure: Figure) -> list[Outcome]:
    """Kills each subject at `most` calls of each name. A list of subjects a worker, the same ones in each."""
    work = [(at, point) for at, subject in enumerate(subjects[0]) for point in chosen(subject, folder, most)]
    workers = [lambda one, own=own: killed(own[one[0]], one[1]) for own in subjects]
    outcomes = each(work, workers)
    figure(summary(f"kill -9 at {len(outcomes)} system calls of {len(subjects[0])} workloads", outcomes))
    return outcomes


def test_killed_at_some_system_calls_of_a_run(lane: Lane, scratch: Path, figure: Figure) -> None:
    subject = commands(lane)[0]
    some = [Point("renameat2", 6), Point("fdatasync", 20), Point("pwrite64", 300)]
    outcomes = [killed(subject, point) for point in some]
    figure(summary(f"kill -9 at {len(outcomes)} system calls of a first run", outcomes))
    assert not bad(outcomes)


def test_killed_at_some_system_calls_of_a_catalog(scratch: Path, figure: Figure) -> None:
    outcomes = [killed(subject, Point("pwrite64", 20)) for subject in programs(scratch, PROGRAMS[:3])]
    assert not bad(outcomes)


@pytest.mark.sweep
@pytest.mark.timeout(7200)
def test_killed_at_every_system_call(scratch: Path, figure: Figure) -> None:
    with ExitStack() as lanes:
        subjects = [
            [
                *commands(lanes.enter_context(open_lane(scratch / f"lane {number}"))),
                *programs(scratch / f"programs {number}"),
            ]
            for number in range(2)
        ]
        outcomes = swept(subjects, scratch, EVERY_CALL, figure)
    assert len(outcomes) >= 300
    assert not bad(outcomes)
    assert max(outcome.seconds for outcome in outcomes) <= 5
