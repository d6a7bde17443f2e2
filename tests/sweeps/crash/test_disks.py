"""Disks that are full, read-only, unplugged or not mounted: an exit code, one line, and no byte anywhere else."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from tests.sweeps.crash.disks import (
    Disk,
    ended,
    make_image,
    run_on,
    started,
    unmount,
    unplug,
    why_no_images,
    why_no_mounts,
)
from tests.sweeps.crash.lane import EDITED, FIRST, THUMBNAILS, Done, Lane, Outcome, Workload, open_lane, recover
from tests.sweeps.crash.subjects import bad, each, summary

Figure = Callable[[str], None]
LANES = 2
STEP_KILOBYTES, LARGEST_KILOBYTES = 64, 4096
MOST_FILES = 110
PICTURES = range(1, 20)
needs_mounts = pytest.mark.skipif(why_no_mounts() is not None, reason=str(why_no_mounts()))


def sized(kilobytes: int) -> Disk:
    return Disk(f'mount -t tmpfs -o size={kilobytes}k,mode=700 tmpfs "$at"')


def of_files(number: int) -> Disk:
    """A disk that holds so many files and folders."""
    return Disk(f'mount -t tmpfs -o nr_inodes={number},mode=700 tmpfs "$at"')


def filled(lane: Lane, disk: Disk) -> Outcome:
    """A first run on a small disk, whose archive is then brought to a large one."""
    lane.restore(FIRST)
    done = run_on(lane, FIRST, disk)
    outcome = recover(lane, FIRST, disk.mount, lambda: lane.run(FIRST))
    complaint = done.complaint(0, 7)
    if done.code == 7 and "full" not in done.err:
        complaint = f"did not say that the disk is full: {done.err}"
    return replace(outcome, trouble=(*outcome.trouble, complaint)) if complaint else outcome


@needs_mounts
@pytest.mark.parametrize(
    "disk", [sized(320), sized(1024), of_files(4), of_files(40)], ids=["320 KiB", "1 MiB", "4 files", "40 files"]
)
def test_a_first_run_fills_a_small_disk(lane: Lane, disk: Disk) -> None:
    assert not bad([filled(lane, disk)])


@needs_mounts
@pytest.mark.sweep
@pytest.mark.timeout(7200)
def test_first_runs_on_disks_of_every_size(scratch: Path, figure: Figure) -> None:
    disks = [sized(size) for size in range(STEP_KILOBYTES, LARGEST_KILOBYTES + 1, STEP_KILOBYTES)]
    disks += [of_files(number) for number in range(4, MOST_FILES, 4)]
    with ExitStack() as opened:
        lanes = [opened.enter_context(open_lane(scratch / f"lane {number}")) for number in range(LANES)]
        outcomes = each(disks, [partial(filled, lane) for lane in lanes])
    figure(summary(f"disks too small for a first run, {len(disks)} sizes", outcomes))
    assert not bad(outcomes)


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder with its digest."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A file that is an ext4 disk, as long as it is there."""
    if reason := why_no_images(tmp_path):
        pytest.skip(reason)
    make_image(tmp_path / "disk.img")
    return tmp_path / "disk.img"


def on_image(image: Path, before: str = ":", *, lost: bool = False) -> Disk:
    return Disk(f"mount -o loop '{image}' \"$at\"", before, lost)


@pytest.mark.parametrize("workload", [EDITED, THUMBNAILS], ids=lambda workload: workload.name)
def test_a_read_only_disk_is_told_of_and_left_as_it_is(lane: Lane, image: Path, workload: Workload) -> None:
    lane.restore(workload)
    before = tree(lane.home.archive)
    done = run_on(lane, workload, on_image(image, 'mount -o remount,ro "$at"'))
    assert done.complaint(7) is None
    assert "is read-only" in done.err
    assert tree(lane.home.archive) == before
    assert not bad([recover(lane, workload, "read-only", lambda: lane.run(workload))])


@pytest.mark.parametrize("words", ["status", "audit", "doctor --strict", "search pier"])
def test_a_read_only_archive_can_be_looked_at(lane: Lane, image: Path, words: str) -> None:
    workload = replace(FIRST, start="complete", argv=words.split())
    lane.restore(workload)
    assert run_on(lane, workload, on_image(image, 'mount -o remount,ro "$at"')).complaint(0) is None


def during(lane: Lane, workload: Workload, disk: Disk, request: int, act: Callable[[Lane, int], None]) -> Done:
    """Runs a workload on a disk, with `act` (given a process in its namespace) at a request for a picture."""
    pids: list[int] = []
    lane.home.at(request, lambda: act(lane, pids[0]))
    with started(lane, workload, disk) as process:
        pids.append(process.pid)
        return ended(process, time.monotonic())


def unplugged(lane: Lane, image: Path, request: int) -> Outcome:
    """The disk fails in the middle of a first run and is plugged in again afterwards."""
    lane.restore(FIRST)
    make_image(image)
    done = during(lane, FIRST, on_image(image, lost=True), request, unplug)
    under = [str(path) for path in lane.home.archive.iterdir()]
    # The image is mounted once more, as at the next start of the machine, and what is on it brought to the lane.
    bring = replace(FIRST, argv=("--version",))
    lane.home.archive.rmdir()
    run_on(lane, bring, on_image(image))
    shutil.rmtree(lane.home.archive / "lost+found")
    outcome = recover(lane, FIRST, f"unplugged at picture {request}", lambda: lane.run(FIRST))
    trouble = [*outcome.trouble, *(f"{path} was written under the mount" for path in under)]
    return replace(outcome, trouble=(*trouble, *filter(None, [done.complaint(7)])))


def test_a_disk_that_is_unplugged_and_plugged_in_again(lane: Lane, image: Path) -> None:
    assert not bad([unplugged(lane, image, 9)])


def unmounted(lane: Lane, request: int) -> list[str]:
    """What goes wrong when the disk is unmounted in the middle of a first run."""
    lane.restore(FIRST)
    done = during(lane, FIRST, replace(sized(65536), lost=True), request, unmount)
    wrong = [f"{path} was written under the mount" for path in lane.home.archive.iterdir()]
    lane.home.forget()
    again = lane.run(FIRST)
    wrong += [f"{path} was written by the next run" for path in lane.home.archive.iterdir()]
    if "mounted" not in again.err or lane.home.calls or lane.home.downloads:
        wrong.append(f"the next run did not see that the disk is away: {again}")
    return [*wrong, *filter(None, [done.complaint(0, 7), again.complaint(7)])]


@needs_mounts
@pytest.mark.parametrize("request_number", [2, 17])
def test_nothing_is_written_where_the_disk_was(lane: Lane, request_number: int) -> None:
    assert unmounted(lane, request_number) == []


@pytest.mark.sweep
@pytest.mark.timeout(3600)
def test_disks_that_go_at_every_picture(lane: Lane, image: Path, figure: Figure) -> None:
    outcomes = [unplugged(lane, image, number) for number in PICTURES]
    figure(summary(f"disks unplugged at {len(outcomes)} pictures of a first run", outcomes))
    assert not bad(outcomes)
    assert [unmounted(lane, number) for number in PICTURES] == [[] for _ in PICTURES]
    figure(f"disks unmounted at {len(PICTURES)} pictures of a first run: 0 bytes under the mount point")
