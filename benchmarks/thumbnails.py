"""Thumbnails a second beside pyvips and vipsthumbnail in the same run, on one core, then on two threads.

python -m benchmarks.thumbnails [--pictures DIR] [--count 300] [--rounds 5]
"""

from __future__ import annotations

import argparse
import io
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ["VIPS_CONCURRENCY"] = "1"

from PIL import Image, ImageChops, ImageStat

from benchmarks.figures import Figure, Pairs, show
from benchmarks.pictures import pictures
from fbbackup.thumbnails import examine, make
from fbbackup.thumbnails.decode import QUALITY

try:
    import pyvips
except (ImportError, OSError):
    pyvips = None

SIZE = 320
UNIT = "pictures/s"


def by_pyvips(body: bytes) -> bytes:
    """The same by pyvips, at the same quality and its fastest effort."""
    image = pyvips.Image.thumbnail_buffer(body, SIZE)
    return bytes(image.webpsave_buffer(Q=QUALITY, effort=0, keep="none"))


def by_full_decode(body: bytes) -> bytes:
    """What a check by `load()` and a separate thumbnail cost."""
    with Image.open(io.BytesIO(body)) as image:
        image.load()
    return make(body, SIZE)


def by_vipsthumbnail(paths: list[Path], out: Path) -> None:
    """One process for all files, as the command is meant to be used."""
    target = f"{out}/%s.webp[Q={QUALITY},effort=0,strip]"
    command = ["vipsthumbnail", "--size", str(SIZE), "-o", target, *map(str, paths)]
    subprocess.run(command, check=True, capture_output=True)


def rate(bodies: list[bytes], work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return len(bodies) / (time.perf_counter() - start)


def quality(bodies: list[bytes], maker: Callable[[bytes], bytes]) -> tuple[float, float]:
    """PSNR in dB against a full decode and LANCZOS, and bytes a thumbnail, mean of up to 24 pictures."""
    ratios, sizes = [], []
    for body in bodies[:24]:
        made = maker(body)
        with Image.open(io.BytesIO(body)) as source, Image.open(io.BytesIO(made)) as got:
            reference = source.convert("RGB").resize(got.size, Image.Resampling.LANCZOS)
            squares = ImageStat.Stat(ImageChops.difference(reference, got.convert("RGB"))).sum2
        ratios.append(10 * math.log10(255**2 / (sum(squares) / (3 * got.width * got.height) + 1e-9)))
        sizes.append(len(made))
    return statistics.mean(ratios), statistics.mean(sizes)


def on_one_core(bodies: list[bytes], paths: list[Path], rounds: int) -> list[Figure]:
    """Interleaved, so that whatever else the machine does hits all alike."""
    runs: dict[str, Callable[[], object]] = {"fbbackup": lambda: [make(b, SIZE) for b in bodies]}
    if pyvips is not None:
        pyvips.cache_set_max(0)
        runs["pyvips"] = lambda: [by_pyvips(b) for b in bodies]
    with tempfile.TemporaryDirectory() as out:
        if shutil.which("vipsthumbnail"):
            runs["vipsthumbnail"] = lambda: by_vipsthumbnail(paths, Path(out))
        runs["load() + thumbnail"] = lambda: [by_full_decode(b) for b in bodies]
        runs["examine()"] = lambda: [examine(b, thumbnail_size=SIZE) for b in bodies]
        rates = in_rounds(bodies, runs, rounds)
    figures = []
    for peer, goal in (("pyvips", 1.1), ("vipsthumbnail", 1.5)):
        if peer in rates:
            figures.append(Pairs(rates["fbbackup"], rates[peer]).figure("thumbnails on one core", UNIT, peer, goal))
        else:
            print(f"thumbnails on one core: {peer} is not installed, skipped")
    checked = Pairs(rates["examine()"], rates["load() + thumbnail"])
    return [*figures, checked.figure("checked thumbnails on one core", UNIT, "load() + thumbnail", 1.1)]


def in_rounds(bodies: list[bytes], runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, work in runs.items():
            rates[name].append(rate(bodies, work))
    return rates


def on_threads(bodies: list[bytes], rounds: int) -> list[Figure]:
    """The same pictures through a pool of one thread and of two."""

    def work(pool: ThreadPoolExecutor) -> Callable[[], Any]:
        return lambda: list(pool.map(lambda body: make(body, SIZE), bodies))

    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(2) as two:
        rates = in_rounds(bodies, {"1": work(one), "2": work(two)}, rounds)
    # With a core taken by something else two threads can't be faster than one: the figure needs this one beside it.
    print(f"cores: {len(os.sched_getaffinity(0))}, load of all programs in the last minute: {os.getloadavg()[0]:.2f}")
    return [Pairs(rates["2"], rates["1"]).figure("thumbnails on two threads", UNIT, "one thread", 1.75)]


def run(arguments: Sequence[str] = ()) -> list[Figure]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, help="folder of JPEGs to use instead of generated ones")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    folder = options.pictures or pictures(max(1000, options.count)).albums
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))[: options.count]
    bodies = [path.read_bytes() for path in paths]
    print(f"pictures: {len(bodies)}, mean {statistics.mean(map(len, bodies)) / 1000:.0f} KB")
    makers = {"fbbackup": lambda body: make(body, SIZE)} | ({"pyvips": by_pyvips} if pyvips else {})
    for name, maker in makers.items():
        decibels, size = quality(bodies, maker)
        print(f"thumbnail quality: {name} {decibels:.2f} dB PSNR to full decode + LANCZOS, {size:.0f} bytes")
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        figures = on_one_core(bodies, paths, options.rounds)
    finally:
        os.sched_setaffinity(0, cores)
    return show([*figures, *on_threads(bodies, options.rounds)])


if __name__ == "__main__":
    run(sys.argv[1:])
