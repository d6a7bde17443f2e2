"""Power cuts at every file operation of a run, under every model of loss: nothing that was stored is ever lost."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fbbackup.simulator import Library, Simulator
from tests.exports.layouts import FOUR, Layout
from tests.exports.pack import unpacked
from tests.exports.truth import drawn
from tests.sweeps.power.alike import Alike
from tests.sweeps.power.cuts import (
    CATALOG,
    EDITED,
    FIRST_RUN,
    DiskHome,
    Recorded,
    Verdict,
    Work,
    importing,
    judged,
    power_disk,
    rebuilding,
    record,
    recover_image,
    why_not,
)
from tests.sweeps.power.record import Image, images, paths

Figure = Callable[[str], None]

pytestmark = pytest.mark.skipif(why_not() is not None, reason=f"no FUSE here: {why_not()}")

SAMPLE = 20
SMALL_SAMPLE = 6
LIBRARY = {"album_sizes": [9, 4], "loose": 2, "tagged": 1, "videos": 1, "shared": 1, "largest": 64}


@pytest.fixture
def facebook() -> Iterator[Simulator]:
    with Simulator(Library(**LIBRARY), budget=10_000_000) as sim:
        yield sim


def tried(sim: Simulator, scratch: Path, recorded: Recorded, chosen: list[Image]) -> list[Verdict]:
    """What becomes of each of these images."""
    verdicts = []
    for image in chosen:
        verdicts.append(recover_image(sim, scratch / "recovering", recorded, image))
        shutil.rmtree(scratch / "recovering")
    return verdicts


def test_a_sample_of_cuts(facebook: Simulator, scratch: Path, figure: Figure) -> None:
    recorded = record(facebook, scratch, moves="rename", every=8)
    chosen = random.Random(1).sample(recorded.differing, SAMPLE)
    verdicts = tried(facebook, scratch, recorded, chosen)
    judged(f"power cuts, sample of a first run, {len(verdicts)} images", verdicts, figure)


@pytest.fixture
def export(scratch: Path) -> Path:
    return unpacked(Layout(drawn(photos=4), FOUR).files, scratch / "facebook-ada.example")


def sampled(facebook: Simulator, scratch: Path, figure: Figure, name: str, work: Work) -> None:
    recorded = record(facebook, scratch, moves="rename", every=4, work=work)
    chosen = random.Random(1).sample(recorded.differing, SMALL_SAMPLE)
    verdicts = tried(facebook, scratch, recorded, chosen)
    judged(f"power cuts, sample of {name}, {len(verdicts)} images", verdicts, figure)


def test_a_sample_of_cuts_while_the_catalog_is_made_anew(facebook: Simulator, scratch: Path, figure: Figure) -> None:
    sampled(facebook, scratch, figure, "a rebuild", rebuilding())


def test_a_sample_of_cuts_while_an_export_comes_in(
    facebook: Simulator, scratch: Path, figure: Figure, export: Path
) -> None:
    sampled(facebook, scratch, figure, "an import", importing(export))


@pytest.mark.sweep
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", ["rebuild", "import"])
def test_every_cut_of_other_work(facebook: Simulator, scratch: Path, figure: Figure, export: Path, name: str) -> None:
    work = rebuilding() if name == "rebuild" else importing(export)
    every_cut(facebook, scratch, figure, name, record(facebook, scratch, moves="rename", every=1, work=work))


@pytest.mark.sweep
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    ("moves", "work"),
    [("rename", FIRST_RUN), ("link", FIRST_RUN), ("claim", FIRST_RUN), ("rename", EDITED)],
    ids=["first run", "first run without renameat2", "first run without links", "quick run after edits"],
)
def test_every_cut(
    facebook: Simulator, scratch: Path, figure: Figure, request: pytest.FixtureRequest, moves: str, work: Work
) -> None:
    recorded = record(facebook, scratch, moves=moves, every=1, work=work)
    every_cut(facebook, scratch, figure, request.node.callspec.id, recorded)


def every_cut(facebook: Simulator, scratch: Path, figure: Figure, name: str, recorded: Recorded) -> None:
    """One image of each sort."""
    looking = scratch / "looking"
    looking.mkdir()
    sorts = list(Alike(recorded.images, CATALOG, looking).sorts(recorded.differing))
    verdicts = tried(facebook, scratch, recorded, sorts)
    what = f"{recorded.taken} images, {len(recorded.differing)} different ones of {len(sorts)} sorts, each sort run"
    judged(f"power cuts, {name}: {what}", verdicts, figure)


def test_what_people_copied_in_is_durable_before_it_counts(facebook: Simulator, scratch: Path) -> None:
    with power_disk(scratch) as disk:
        home = DiskHome(facebook, scratch, disk=disk.mount)
        home.run("sync")
        moved = {name: home.archive / "photos" / f"mine {number}.jpg" for number, name in enumerate(photos(home)[:3])}
        disk.record()
        for name, path in moved.items():
            path.write_bytes((home.archive / name).read_bytes())
            (home.archive / name).unlink()
        home.run("sync")
        disk.stop()
        wanted = set(home.kept().values())
        assert {home.archive / key for (key,) in home.rows("SELECT key FROM files")} >= set(moved.values())
    last = [image for image in images(disk.images)[1] if image.call == "the end"]
    assert last
    for image in last:
        found = {digest for _, digest in paths(disk.images, image.tree)}
        assert wanted <= found, image


def photos(home: DiskHome) -> list[str]:
    return sorted(name for name in home.files() if name.endswith(".jpg"))
