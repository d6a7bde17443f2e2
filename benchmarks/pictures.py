"""The pictures of all benchmarks: JPEGs of 2048×1536 and about 300 KB, drawn once and kept in a cache folder."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw

FULL = (2048, 1536)
ALBUM = 100


@dataclass(frozen=True, slots=True)
class Pictures:
    """`albums` holds a folder an album; `served` the same files under the paths that the API names."""

    albums: Path
    served: Path

    def paths(self) -> list[str]:
        """Paths of the pictures' addresses."""
        return sorted(f"/{found.relative_to(self.served)}" for found in self.served.rglob("*.jpg"))


def pictures(count: int) -> Pictures:
    """This many pictures, from the cache if they are there."""
    folder = Path(tempfile.gettempdir()) / f"fbbackup-benchmark-pictures-{os.getuid()}" / str(count)
    found = Pictures(folder / "albums", folder / "served")
    ready = folder / "ready"
    if not ready.exists():
        print(f"drawing {count:,} pictures into {folder}", file=sys.stderr)
        _draw(found.albums, count)
        options = ["--photos-from", str(found.albums), "--export-pictures", str(found.served)]
        told = subprocess.run(
            [sys.executable, "-m", "fbbackup.simulator", *options], check=True, capture_output=True, text=True
        )
        assert json.loads(told.stdout) == {"written": count}, told.stdout
        ready.touch()
    return found


def _draw(folder: Path, count: int) -> None:
    for album in range(0, count, ALBUM):
        (folder / f"album {album // ALBUM:03}").mkdir(parents=True, exist_ok=True)
    halves = [range(start, count, 2) for start in range(2)]
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(draw, [folder] * 2, halves))


def draw(folder: Path, numbers: range) -> None:
    """JPEGs with these numbers, each different, in folders of a hundred where those are there."""
    planes = (_clouds(4, 10, 55, 0.68), _clouds(3, 5, 22, 0.6), _clouds(3, 5, 22, 0.6))
    for number in numbers:
        dice = random.Random(number)
        moved = [ImageChops.offset(p, dice.randrange(FULL[0]), dice.randrange(FULL[1])) for p in planes]
        image = Image.merge("YCbCr", moved).convert("RGB")
        shapes = image.copy()
        pen = ImageDraw.Draw(shapes)
        for _ in range(40):
            x, y = dice.randrange(FULL[0]), dice.randrange(FULL[1])
            w, h = dice.randrange(10, 300), dice.randrange(10, 300)
            grey = dice.randrange(40, 216)
            fill = tuple(max(0, min(255, grey + dice.randrange(-40, 41))) for _ in range(3))
            dice.choice([pen.ellipse, pen.rectangle])((x, y, x + w, y + h), fill=fill)
            pen.line((x, y, x + h, y - w), fill=fill, width=dice.randrange(1, 6))
        album = folder / f"album {number // ALBUM:03}"
        Image.blend(image, shapes, 0.7).save((album if album.is_dir() else folder) / f"{number:05}.jpg", quality=75)


def _clouds(first: int, octaves: int, sigma: float, fall: float) -> Image.Image:
    """Detail at every scale, weaker the finer it is, as in photographs."""
    image = Image.new("L", FULL, 128)
    for octave in range(octaves):
        width = first * 2**octave
        noise = Image.effect_noise((width, width * 3 // 4), sigma * fall**octave)
        image = ImageChops.add(image, noise.resize(FULL, Image.Resampling.BICUBIC), 1, -128)
    return image
