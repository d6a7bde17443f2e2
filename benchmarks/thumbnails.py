"""Thumbnails a second beside pyvips and vipsthumbnail in the same run, on one core, then on two threads.

python benchmarks/thumbnails.py [--pictures DIR] [--count 300] [--rounds 5]
"""

from __future__ import annotations

import argparse
import io
import math
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ["VIPS_CONCURRENCY"] = "1"

from PIL import Image, ImageChops, ImageDraw, ImageStat

from fbbackup.thumbnails import examine, make
from fbbackup.thumbnails.decode import QUALITY

try:
    import pyvips
except (ImportError, OSError):
    pyvips = None

SIZE = 320
FULL = (2048, 1536)


def _clouds(first: int, octaves: int, sigma: float, fall: float) -> Image.Image:
    """Detail at every scale, weaker the finer it is, as in photographs."""
    image = Image.new("L", FULL, 128)
    for octave in range(octaves):
        width = first * 2**octave
        noise = Image.effect_noise((width, width * 3 // 4), sigma * fall**octave)
        image = ImageChops.add(image, noise.resize(FULL, Image.Resampling.BICUBIC), 1, -128)
    return image


def generate(folder: Path, count: int) -> None:
    """`count` JPEGs of 2048×1536 and about 300 KB, each different."""
    planes = (_clouds(4, 10, 55, 0.68), _clouds(3, 5, 22, 0.6), _clouds(3, 5, 22, 0.6))
    for number in range(count):
        dice = random.Random(number)
        moved = [ImageChops.offset(p, dice.randrange(FULL[0]), dice.randrange(FULL[1])) for p in planes]
        image = Image.merge("YCbCr", moved).convert("RGB")
        shapes = image.copy()
        draw = ImageDraw.Draw(shapes)
        for _ in range(40):
            x, y = dice.randrange(FULL[0]), dice.randrange(FULL[1])
            w, h = dice.randrange(10, 300), dice.randrange(10, 300)
            grey = dice.randrange(40, 216)
            fill = tuple(max(0, min(255, grey + dice.randrange(-40, 41))) for _ in range(3))
            dice.choice([draw.ellipse, draw.rectangle])((x, y, x + w, y + h), fill=fill)
            draw.line((x, y, x + h, y - w), fill=fill, width=dice.randrange(1, 6))
        Image.blend(image, shapes, 0.7).save(folder / f"{number:04}.jpg", quality=75)


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


def on_one_core(bodies: list[bytes], paths: list[Path], rounds: int) -> None:
    """Interleaved, so that whatever else the machine does hits all alike."""
    pyvips_works = pyvips is not None
    runs: dict[str, Callable[[], object]] = {"fbbackup": lambda: [make(b, SIZE) for b in bodies]}
    if pyvips_works:
        pyvips.cache_set_max(0)
        runs["pyvips"] = lambda: [by_pyvips(b) for b in bodies]
    with tempfile.TemporaryDirectory() as out:
        if shutil.which("vipsthumbnail"):
            runs["vipsthumbnail"] = lambda: by_vipsthumbnail(paths, Path(out))
        runs["check by load() + thumbnail"] = lambda: [by_full_decode(b) for b in bodies]
        runs["examine()"] = lambda: [examine(b, thumbnail_size=SIZE) for b in bodies]
        figures: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(rounds):
            for name, work in runs.items():
                figures[name].append(rate(bodies, work))
    for peer, goal in (("pyvips", 1.1), ("vipsthumbnail", 1.5)):
        if peer not in figures:
            print(f"thumbnails/s one core: {peer} is not installed, skipped")
            continue
        show("thumbnails/s one core", "fbbackup", peer, figures, f" (goal {goal})")
    show("checked thumbnails/s one core", "examine()", "check by load() + thumbnail", figures, "")


def show(title: str, ours: str, peer: str, figures: dict[str, list[float]], goal: str) -> None:
    mine, theirs = statistics.median(figures[ours]), statistics.median(figures[peer])
    ratio = statistics.median(a / b for a, b in zip(figures[ours], figures[peer], strict=True))
    print(f"{title}: {ours} {mine:.1f}, {peer} {theirs:.1f}, ratio {ratio:.2f}{goal}")


def on_threads(bodies: list[bytes], rounds: int) -> None:
    """The same pictures through a pool of one thread and of two."""
    figures: dict[str, list[float]] = {"2 threads": [], "1 thread": []}

    def work(pool: ThreadPoolExecutor) -> Callable[[], Any]:
        return lambda: list(pool.map(lambda body: make(body, SIZE), bodies))

    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(2) as two:
        for _ in range(rounds):
            figures["1 thread"].append(rate(bodies, work(one)))
            figures["2 threads"].append(rate(bodies, work(two)))
    # With a core taken by something else two threads can't be faster than one: the figure needs this one beside it.
    print(f"cores: {len(os.sched_getaffinity(0))}, load of all programs in the last minute: {os.getloadavg()[0]:.2f}")
    show("thumbnails/s two threads", "2 threads", "1 thread", figures, " (goal 1.75)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, help="folder of JPEGs to use instead of generated ones")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = options.pictures or Path(made)
        if not options.pictures:
            generate(folder, options.count)
        paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".jpg", ".jpeg"))
        bodies = [path.read_bytes() for path in paths]
        print(f"pictures: {len(bodies)}, mean {statistics.mean(map(len, bodies)) / 1000:.0f} KB")
        makers = {"fbbackup": lambda body: make(body, SIZE)} | ({"pyvips": by_pyvips} if pyvips else {})
        for name, maker in makers.items():
            decibels, size = quality(bodies, maker)
            print(f"thumbnail quality: {name} {decibels:.2f} dB PSNR to full decode + LANCZOS, {size:.0f} bytes")
        cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {max(cores)})
        on_one_core(bodies, paths, options.rounds)
        os.sched_setaffinity(0, cores)
        on_threads(bodies, options.rounds)


if __name__ == "__main__":
    main()
