"""An account with its archive on which one fault after the other is tried, each from the same beginning."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from fbbackup.catalog import schema
from fbbackup.catalog.times import stamp
from fbbackup.oracle import oracle
from fbbackup.simulator import Library, Simulator
from fbbackup.stores.directory import DirectoryStore
from tests.end_to_end.harness import Home, Row
from tests.exports.home import Home as Imported
from tests.exports.layouts import TWO, Layout
from tests.exports.pack import unpacked
from tests.exports.truth import drawn

PROJECT = Path(__file__).parents[3]
LIBRARY = {"album_sizes": [8, 4], "loose": 2, "tagged": 1, "videos": 1, "shared": 1, "largest": 64}
"""Fifteen photos in every situation, and a video."""

EXPORTED = 12
FROM_EXPORTS = ("mentions", "photo_fields", "imported_media", "not_understood")
LONGEST_SECONDS = 60.0
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
Contents = dict[str, list[Row]]


@dataclass(frozen=True)
class Done:
    """How a command ended. `code` is minus the signal that ended it; `steps` are those of its event loop."""

    code: int
    seconds: float
    out: str
    err: str
    steps: int | None = None

    def complaint(self, *codes: int) -> str | None:
        """What is wrong with such an end: it may only be one of these exit codes, told in one line if it is not 0."""
        said = self.err.strip()
        if self.code not in codes:
            return f"ended with {self.code} instead of {codes}: {said[-500:]}"
        if "Traceback" in self.out + self.err:
            return f"a traceback: {said[-500:]}"
        if self.code > 0 and "--json" not in self.out and len(said.splitlines()) > 1:
            return f"more than one line: {said[-500:]}"
        return None


@dataclass(frozen=True)
class Workload:
    """What is disturbed: a run from a prepared beginning, with settings of its own."""

    name: str
    start: str | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    argv: Sequence[str] = ("sync",)


FIRST = Workload("first run")
EDITED = Workload("quick run with edits", "before the edits")
THUMBNAILS = Workload("thumbnailing", "complete", {"FBBACKUP_THUMBNAILS_SIZE": "48"})
IMPORT = Workload("import", argv=("import", "{folder}/export"))
WORKLOADS = (FIRST, EDITED, THUMBNAILS, IMPORT)


@dataclass
class Lane:
    """Wrecks are made here. `restore` first, then a command with a fault, then `recover`."""

    home: Home
    warm: subprocess.Popen[str]
    prepared: set[str] = field(default_factory=set)
    ends: dict[str, Contents] = field(default_factory=dict)
    began: str = field(default_factory=lambda: stamp(datetime.now(UTC)))

    @property
    def folder(self) -> Path:
        return self.home.folder

    @cached_property
    def argv(self) -> list[str]:
        """What every command line begins with."""
        config = self.folder / "config.toml"
        self.home._write_config(config)
        return ["--quiet", "--config", str(config)]

    def words(self, workload: Workload, *argv: str) -> list[str]:
        """The whole command line of a workload, or of another command with its settings."""
        return [*self.argv, *(word.format(folder=self.folder) for word in argv or workload.argv)]

    def environ(self, workload: Workload) -> dict[str, str]:
        return {**os.environ, **self.home.environ, "PYTHONDONTWRITEBYTECODE": "1", **workload.environ}

    def contents(self) -> Contents:
        """What two archives of the account have to agree on; the moments of runs are only told to be there."""
        imported = {table: rows for table, rows in Imported(self.folder).everything().items() if table in FROM_EXPORTS}
        return {
            table: [tuple("now" if self._is_now(value) else value for value in row) for row in rows]
            for table, rows in (self.home.snapshot() | imported).items()
        }

    def _is_now(self, value: object) -> bool:
        return isinstance(value, str) and self.began <= value <= "3" and MOMENT.fullmatch(value) is not None

    # -- beginnings -----------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Keeps every beginning, and notes what each workload leads to when nothing disturbs it."""
        self.undisturbed(FIRST)
        self.keep("before the edits")
        edit(self.home.sim)
        self.undisturbed(EDITED)
        self.keep("complete")
        unpacked(Layout(drawn(photos=EXPORTED), TWO).files, self.folder / "export")
        for workload in WORKLOADS:
            self.restore(workload)
            self.undisturbed(workload)
            self.ends[workload.name] = self.contents()

    def undisturbed(self, workload: Workload) -> Done:
        """A run that has to succeed."""
        done = self.run(workload)
        assert done.code == 0, done
        if workload is not IMPORT:
            assert self.home.current() == self.home.expected()
            assert self.home.members() == self.home.expected_members()
        assert self.home.findings() == []
        return done

    def keep(self, name: str) -> None:
        for part in ("archive", "state"):
            shutil.copytree(self.folder / part, self.folder / "prepared" / name / part)

    def restore(self, workload: Workload) -> None:
        """The beginning of a workload: as if nothing else had ever happened here."""
        for part in ("archive", "state"):
            shutil.rmtree(self.folder / part, ignore_errors=True)
            if workload.start is not None:
                shutil.copytree(self.folder / "prepared" / workload.start / part, self.folder / part)
        self.home.sim.faults.clear()
        self.home.forget()

    # -- commands -------------------------------------------------------------------------------------------

    def run(self, workload: Workload, *argv: str, step: int | None = None, signal: str = "SIGKILL") -> Done:
        """The command of a workload (or another) in a child of the warm process; with `step`, disturbed there."""
        out = str(self.folder / "said")
        job = {
            "argv": self.words(workload, *argv), "environ": self.environ(workload), "out": out,
            "step": step, "signal": signal, "seconds": LONGEST_SECONDS,
        }  # fmt: skip
        assert self.warm.stdin is not None
        assert self.warm.stdout is not None
        self.warm.stdin.write(json.dumps(job) + "\n")
        self.warm.stdin.flush()
        end = json.loads(self.warm.stdout.readline())
        assert end["code"] is not None, f"still not ended after {LONGEST_SECONDS} s: {job['argv']}"
        return Done(
            end["code"], end["seconds"], Path(out + ".out").read_text(), Path(out + ".err").read_text(), end["steps"]
        )

    def start(self, workload: Workload, *argv: str, prefix: Sequence[str] = ()) -> subprocess.Popen[str]:
        """The same command as a process of its own, behind another program if wanted."""
        return subprocess.Popen(
            [*prefix, sys.executable, "-m", "fbbackup", *self.words(workload, *argv)],
            env=self.environ(workload), cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def command(self, workload: Workload, *argv: str, prefix: Sequence[str] = ()) -> Done:
        began = time.monotonic()
        process = self.start(workload, *argv, prefix=prefix)
        out, err = process.communicate(timeout=2 * LONGEST_SECONDS)
        return Done(process.returncode, time.monotonic() - began, out, err)

    # -- what a fault left ------------------------------------------------------------------------------------

    def acknowledged(self) -> dict[str, str]:
        """Digests of the photos that the catalog calls stored now; read from a copy, so that looking mends nothing."""
        return dict(self.asked_of_copy("SELECT id, sha256 FROM photos WHERE state = 'stored'"))

    def asked_of_copy(self, sql: str) -> list[Row]:
        """What the catalog says right after a fault; nothing when it was not finished yet."""
        with self._copy_of_catalog() as db:
            if db is None or db.execute("PRAGMA user_version").fetchone()[0] < schema.VERSION:
                # The next run makes the rest of its tables; `doctor` says so instead of judging.
                return []
            return [tuple(row) for row in db.execute(sql)]

    def broken_at_once(self) -> list[str]:
        """Rules that do not even hold right after the fault, before anything was mended."""
        with self._copy_of_catalog() as db:
            if db is None or db.execute("PRAGMA user_version").fetchone()[0] < schema.VERSION:
                # The next run makes the rest of its tables; `doctor` says so instead of judging.
                return []
            with closing(DirectoryStore(self.home.archive, threads=1)) as store:
                return [finding.line() for finding in oracle(db, store, read_all=True, at_rest=False)]

    @contextmanager
    def _copy_of_catalog(self) -> Iterator[sqlite3.Connection | None]:
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for path in self.home.archive.glob("catalog.sqlite*"):
            shutil.copy(path, copy)
        if not (copy / "catalog.sqlite").exists():
            yield None
            return
        with closing(sqlite3.connect(copy / "catalog.sqlite")) as db:
            db.row_factory = sqlite3.Row
            yield db


@dataclass(frozen=True)
class Outcome:
    """What became of one fault. `lost` are photos that had been acknowledged; `trouble` is what needs a hand."""

    point: str
    lost: tuple[str, ...]
    trouble: tuple[str, ...]
    seconds: float

    def __str__(self) -> str:
        return f"{self.point}: lost {', '.join(self.lost) or 'nothing'}; {'; '.join(self.trouble)}"


def recover(lane: Lane, workload: Workload, point: str, run: Callable[[], Done]) -> Outcome:
    """Looks at what a fault left, runs again without it, and compares with an undisturbed run."""
    before = lane.acknowledged()
    trouble = [f"at once: {line}" for line in lane.broken_at_once()]
    lane.home.sim.faults.clear()
    lane.home.forget()
    done = run()
    if complaint := done.complaint(0):
        return Outcome(point, tuple(before), (*trouble, f"the next run {complaint}"), done.seconds)
    after = dict(lane.home.rows("SELECT photo_id || ' ' || sha256, photo_id FROM photo_files"))
    lost = [id_ for id_, digest in before.items() if f"{id_} {digest}" not in after]
    trouble += [f"afterwards: {line}" for line in lane.home.findings()]
    trouble += differences(lane.contents(), lane.ends[workload.name])
    current = lane.home.kept()
    again = [id_ for id_ in lane.home.sim.world.ledger.pictures.keys() & before.keys() if current[id_] == before[id_]]
    trouble += [f"{id_} was downloaded again" for id_ in again]
    return Outcome(point, tuple(lost), tuple(trouble), done.seconds)


def differences(found: Contents, expected: Contents) -> list[str]:
    """Where two archives do not agree, a line for each of the first rows of a table."""
    return [
        f"in {table} this differs from an undisturbed run: {str(row)[:200]}"
        for table, rows in found.items()
        for row in sorted(set(rows) ^ set(expected[table]), key=str)[:2]
    ]


def edit(sim: Simulator) -> None:
    """What may happen between two runs, a little of everything."""
    library = sim.library
    first, second = list(library.album_list())[:2]
    sim.clock.advance(3600)
    for number in range(3):
        library.add_photo(first, f"New {number}")
    library.add_photo(library.add_album("Later"), "in it")
    library.add_photo(None, "in no album")
    moved, gone, renamed, *_ = list(library.album_photos(first))
    library.move_photo(moved, second)
    library.delete_photo(gone)
    library.recaption(renamed, "Said differently")
    library.rename_album(second, "Renamed")


@contextmanager
def open_lane(folder: Path) -> Iterator[Lane]:
    """A lane in a folder of its own, ready for every workload."""
    folder.mkdir(parents=True)
    with Simulator(Library(**LIBRARY), budget=10_000_000) as sim, subprocess.Popen(
        [sys.executable, "-m", "tests.sweeps.crash.warm"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=PROJECT,
    ) as warm:  # fmt: skip
        made = Lane(Home(sim, folder), warm)
        try:
            made.prepare()
            yield made
        finally:
            assert warm.stdin is not None
            warm.stdin.close()
