"""What is killed at its system calls: commands on an archive, and programs on a catalog alone."""

from __future__ import annotations

import math
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

from fbbackup.catalog import open_reader, rules
from fbbackup.oracle import RULES
from tests.catalog.stored_dumps import dumped, load
from tests.sweeps.crash.catalogs import PHOTOS_A_PAGE
from tests.sweeps.crash.lane import PROJECT, Done, Lane, Outcome, Workload, recover

P = TypeVar("P")
PROGRAM_SECONDS = 60
SECONDS = float(os.environ.get("SWEEP_SECONDS", "inf"))
"""Some sweeps take hours; whoever has less time for each gets so many of its points, at random."""


class Subject(Protocol):
    """Something that can be disturbed again and again, each time from the same beginning."""

    @property
    def name(self) -> str: ...

    def restore(self) -> None: ...

    def disturbed(self, prefix: Sequence[str]) -> Done:
        """The program, a process of its own behind `prefix`."""
        ...

    def recover(self, point: str) -> Outcome:
        """The program once more, undisturbed, and what is wrong then."""
        ...


@dataclass(frozen=True)
class Command:
    """`fbbackup sync` on a lane, one download at a time so that runs resemble each other."""

    lane: Lane
    workload: Workload

    @property
    def name(self) -> str:
        return self.workload.name

    def restore(self) -> None:
        self.lane.restore(self.workload)

    def disturbed(self, prefix: Sequence[str]) -> Done:
        return self.lane.command(self.workload, prefix=prefix)

    def recover(self, point: str) -> Outcome:
        return recover(self.lane, self.workload, point, lambda: self.lane.command(self.workload))


@dataclass(frozen=True)
class Program:
    """A program of `catalogs` on a catalog: absent, or of an older schema."""

    folder: Path
    what: str
    schema: int | None = None
    end: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        doing = "bulk insert" if self.what == "fill" else "making a catalog"
        return doing if self.schema is None else f"migration from schema {self.schema}"

    @property
    def catalog(self) -> Path:
        return self.folder / "catalog" / "catalog.sqlite"

    def prepare(self) -> None:
        beginning = self.folder / "beginning"
        beginning.mkdir(parents=True)
        if self.schema is not None:
            load(self.schema, beginning / "catalog.sqlite")
        self.restore()
        assert self._run().code == 0
        self.end.append(contents(self.catalog))

    def restore(self) -> None:
        shutil.rmtree(self.catalog.parent, ignore_errors=True)
        shutil.copytree(self.folder / "beginning", self.catalog.parent)

    def disturbed(self, prefix: Sequence[str]) -> Done:
        done = self._run(prefix)
        (self.folder / "recorded").write_text(done.out)
        return done

    def recover(self, point: str) -> Outcome:
        said = (self.folder / "recorded").read_text()
        acknowledged = re.findall(r"^recorded (\d+)$", said, re.MULTILINE)
        lost = [] if not acknowledged else self._lost_pages(acknowledged)
        done = self._run()
        if complaint := done.complaint(0):
            return Outcome(point, tuple(lost), (f"the next start {complaint}",), done.seconds)
        trouble = list(self._troubles())
        return Outcome(point, tuple(lost), tuple(trouble), done.seconds)

    def _troubles(self) -> Iterator[str]:
        # First of all: whoever looks into a catalog leaves files beside it.
        names = {path.name for path in self.catalog.parent.iterdir()}
        copies = {name for name in names if ".before-" in name and not name.endswith(".part")}
        yield from (f"{name} is left" for name in sorted(names - copies - {"catalog.sqlite"}))
        if self.schema is not None and not copies:
            yield "the catalog was not copied before its schema changed"
        if [contents(self.catalog)] != self.end:
            yield "other contents than undisturbed"
        with closing(open_reader(self.catalog)) as db:
            yield from (f"{rule}: {who}" for rule in RULES if rules.knows(rule) for who in rules.broken(db, rule))

    def _lost_pages(self, numbers: list[str]) -> list[str]:
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.catalog.parent, copy)
        with closing(sqlite3.connect(copy / "catalog.sqlite")) as db:
            known = db.execute("SELECT count(*) FROM album_photos").fetchone()[0]
        return [f"page {number}" for number in numbers if known < (int(number) + 1) * PHOTOS_A_PAGE]

    def _run(self, prefix: Sequence[str] = ()) -> Done:
        began = time.monotonic()
        run = subprocess.run(
            [*prefix, sys.executable, "-m", "tests.sweeps.crash.catalogs", self.what, self.catalog],
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, cwd=PROJECT, capture_output=True, text=True,
            timeout=PROGRAM_SECONDS, check=False,
        )  # fmt: skip
        return Done(run.returncode, time.monotonic() - began, run.stdout, run.stderr)


def contents(catalog: Path) -> str:
    """Schema and rows as text."""
    with closing(sqlite3.connect(catalog)) as db:
        return dumped(db)


def each(points: Sequence[P], workers: Sequence[Callable[[P], Outcome]]) -> list[Outcome]:
    """Tries every point once, as many at a time as there are workers; when the time is over, the rest is left."""
    queue: SimpleQueue[P] = SimpleQueue()
    for point in points if math.isinf(SECONDS) else random.Random(1).sample(points, len(points)):
        queue.put(point)
    end = time.monotonic() + SECONDS

    def work(attempt: Callable[[P], Outcome]) -> list[Outcome]:
        outcomes = []
        while time.monotonic() < end:
            try:
                point = queue.get_nowait()
            except Empty:
                return outcomes
            outcomes.append(attempt(point))
        return outcomes

    with ThreadPoolExecutor(len(workers)) as threads:
        return [outcome for outcomes in threads.map(work, workers) for outcome in outcomes]


def spread(points: Sequence[P], count: int) -> list[P]:
    """So many of them, evenly spread, the last one among them; all when there are fewer."""
    if len(points) <= count:
        return list(points)
    return [points[(number + 1) * len(points) // count - 1] for number in range(count)]


def summary(what: str, outcomes: Sequence[Outcome]) -> str:
    lost = sum(len(outcome.lost) for outcome in outcomes)
    trouble = sum(bool(outcome.trouble) for outcome in outcomes)
    slowest = max((outcome.seconds for outcome in outcomes), default=0)
    return f"{what}: {lost} lost, {trouble} needing a hand, slowest recovery {slowest:.1f} s"


def bad(outcomes: Sequence[Outcome]) -> str:
    """What went wrong, a line each, for the assertion."""
    return "\n".join(str(outcome) for outcome in outcomes if outcome.lost or outcome.trouble)
