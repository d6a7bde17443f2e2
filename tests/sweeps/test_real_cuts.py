"""The power of real file systems is cut while a run writes to them: nothing that was stored is ever lost."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from fbbackup.simulator import Library, Simulator
from tests.sweeps.power.cuts import DiskHome, Verdict, edits, judged, recover
from tests.sweeps.power.loop import LoopDisk, NoLoop, loop_disk
from tests.sweeps.power.witness import Stored, look

Figure = Callable[[str], None]

LIBRARY = {"album_sizes": [11, 5], "loose": 2, "tagged": 1, "videos": 1, "largest": 300}
REQUESTS = {False: 20, True: 5}
"""Calls as well as downloads of a first run, and of a quick one after the edits."""

LONGEST_DELAY_SECONDS = 0.25
DISK_FAILED = 7


def cut_somewhere(home: DiskHome, disk: LoopDisk, dice: random.Random, requests: int) -> tuple[str, Stored]:
    """Runs `sync` and cuts the power some time after one of so many requests; what was stored just before."""
    catalog = home.archive / "catalog.sqlite"
    stored: Stored = {}
    cut = threading.Event()
    on, number, delay = dice.choice(["cdn", "graph"]), dice.randint(1, requests), dice.uniform(0, LONGEST_DELAY_SECONDS)

    def pull_the_plug() -> None:
        cut.wait(delay)
        alone = not catalog.with_name("catalog.sqlite-wal").exists()
        stored.update(look(catalog, alone=alone) or {})
        disk.cut()
        cut.set()

    plug = threading.Thread(target=pull_the_plug)
    home.at(number, plug.start, on=on)
    process = home.start("--quiet", "sync")
    _, said = process.communicate(timeout=120)
    # From here on no request can pull the plug any more, so that it is pulled once and before the power comes back.
    with home.sim.library.lock:
        home.sim.faults.clear()
    if plug.ident is None:
        plug.start()
    plug.join()
    assert "Traceback" not in said
    assert process.returncode in (0, DISK_FAILED), said
    return f"{disk.kind}, {delay:.3f} s after {on} request {number}", dict(stored)


def cut_once(scratch: Path, kind: str, dice: random.Random, *, quick: bool) -> Verdict:
    scratch.mkdir()
    with Simulator(Library(**LIBRARY), budget=10_000_000) as sim:
        undisturbed = DiskHome(sim, scratch / "undisturbed", disk=scratch / "undisturbed")
        undisturbed.disk.mkdir()
        with loop_disk(scratch, kind) as disk:
            home = DiskHome(sim, scratch, disk=disk.mount)
            if quick:
                for one in (home, undisturbed):
                    one.run("sync")
                edits(sim)
            where, stored = cut_somewhere(home, disk, dice, REQUESTS[quick])
            undisturbed.run("sync")
            disk.power_on()
            return recover(home, where, stored, undisturbed.outcome())


def cut_often(scratch: Path, kind: str, times: int, *, quick: bool, figure: Figure) -> None:
    dice = random.Random(f"{kind} {quick}")
    try:
        verdicts = [cut_once(scratch / str(number), kind, dice, quick=quick) for number in range(times)]
    except NoLoop as no:
        pytest.skip(f"no {kind} on a loop device here: {no}")
    run = "quick runs after edits" if quick else "first runs"
    judged(f"real power cuts, {kind}, {times} cuts of {run}", verdicts, figure)


@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_one_cut(scratch: Path, figure: Figure, kind: str) -> None:
    cut_often(scratch, kind, 1, quick=True, figure=figure)


@pytest.mark.sweep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("quick", [False, True], ids=["first runs", "quick runs"])
@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_many_cuts(scratch: Path, figure: Figure, kind: str, quick: bool) -> None:
    cut_often(scratch, kind, 15, quick=quick, figure=figure)
