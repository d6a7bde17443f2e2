"""A figure with its peer and its goal, as one printed line, and what decides whether it can be measured here."""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


class Missing(Exception):
    """Why a figure can't be measured on this machine."""


@dataclass(frozen=True, slots=True)
class Figure:
    """`ratio` is the median over pairs of runs; the goal is its least value, or its largest with `at_most`.

    `best` compares the best run of each: other programs on the machine can only slow a run down.
    """

    name: str
    unit: str
    ours: float
    peer: str
    theirs: float
    ratio: float
    goal: float
    at_most: bool = False
    best: float | None = None

    @property
    def reached(self) -> bool:
        return self.ratio <= self.goal if self.at_most else self.ratio >= self.goal

    @property
    def goal_text(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.goal:g}"

    def line(self) -> str:
        return (
            f"{self.name}: fbbackup {number(self.ours)} {self.unit}, {self.peer} {number(self.theirs)}, "
            f"ratio {self.ratio:.2f} (goal {self.goal_text})"
        )


@dataclass(frozen=True, slots=True)
class Pairs:
    """The same quantity of ours and of a peer, measured in turns: the n-th of both saw the same machine."""

    ours: Sequence[float]
    theirs: Sequence[float]

    def figure(self, name: str, unit: str, peer: str, goal: float, *, at_most: bool = False) -> Figure:
        ratio = statistics.median(mine / other for mine, other in zip(self.ours, self.theirs, strict=True))
        ours, theirs = statistics.median(self.ours), statistics.median(self.theirs)
        best = (min if at_most else max)(self.ours) / (min if at_most else max)(self.theirs)
        return Figure(name, unit, ours, peer, theirs, ratio, goal, at_most, best)


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def show(figures: Sequence[Figure]) -> list[Figure]:
    """Prints each figure's line."""
    for figure in figures:
        print(figure.line(), flush=True)
    return list(figures)


def need(*programs: str) -> None:
    """Raises Missing unless all these programs are installed."""
    absent = [program for program in programs if shutil.which(program) is None]
    if absent:
        raise Missing(f"{' and '.join(absent)} not installed")


@dataclass(slots=True)
class Cost:
    """Wall-clock seconds, and processor seconds of the processes that were started and ended meanwhile."""

    seconds: float = 0.0
    cpu: float = 0.0


@contextmanager
def measured() -> Iterator[Cost]:
    """Measures its block after the disk has finished what was before it; servers that outlive it don't count."""
    os.sync()
    with stopwatch() as cost:
        yield cost


@contextmanager
def stopwatch() -> Iterator[Cost]:
    """Measures its block."""
    cost = Cost()
    cpu, began = _children(), time.perf_counter()
    yield cost
    cost.seconds, cost.cpu = time.perf_counter() - began, _children() - cpu


def in_turns(works: dict[str, Callable[[], Cost]], rounds: int) -> dict[str, list[Cost]]:
    """Runs all works `rounds` times, one after the other and every other round in reverse."""
    costs: dict[str, list[Cost]] = {name: [] for name in works}
    for turn in range(rounds):
        for name in list(works) if turn % 2 == 0 else reversed(list(works)):
            costs[name].append(works[name]())
    return costs


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
