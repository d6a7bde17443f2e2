"""The upper half of a drawn picture: gradients, sun or moon, clouds, stars and northern lights."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Light:
    """The colours of one time of day, from the top of the sky down to the ground in front."""

    sky: tuple[Colour, ...]
    disc: Colour
    haze: Colour
    ground: Colour
    dark: bool = False


LIGHTS: dict[str, tuple[Light, ...]] = {
    "dawn": (
        Light(
            ((68, 92, 158), (150, 150, 200), (242, 190, 178), (255, 224, 180)),
            (255, 246, 214),
            (236, 196, 190),
            (58, 62, 104),
        ),
        Light(
            ((104, 132, 190), (190, 178, 214), (250, 204, 196), (255, 232, 206)),
            (255, 240, 224),
            (224, 196, 206),
            (70, 70, 110),
        ),
    ),
    "noon": (
        Light(
            ((40, 112, 196), (98, 164, 226), (170, 212, 242), (222, 238, 246)),
            (255, 253, 235),
            (186, 212, 228),
            (38, 78, 74),
        ),
        Light(
            ((70, 140, 200), (132, 186, 224), (196, 222, 236), (238, 242, 236)),
            (255, 255, 244),
            (196, 214, 214),
            (50, 84, 62),
        ),
    ),
    "golden hour": (
        Light(
            ((86, 124, 176), (198, 176, 166), (248, 196, 118), (255, 224, 150)),
            (255, 247, 205),
            (246, 196, 132),
            (74, 52, 48),
        ),
        Light(
            ((120, 118, 160), (222, 160, 140), (254, 184, 104), (255, 214, 140)),
            (255, 240, 190),
            (240, 176, 120),
            (66, 44, 56),
        ),
    ),
    "dusk": (
        Light(
            ((34, 32, 84), (112, 62, 128), (226, 100, 104), (254, 172, 104)),
            (255, 222, 160),
            (206, 104, 118),
            (30, 22, 52),
        ),
        Light(
            ((28, 44, 92), (86, 86, 142), (206, 122, 132), (250, 180, 142)),
            (255, 226, 188),
            (176, 110, 136),
            (26, 28, 58),
        ),
    ),
    "night": (
        Light(
            ((6, 10, 30), (14, 24, 58), (30, 46, 88), (58, 76, 118)),
            (240, 242, 230),
            (50, 66, 108),
            (6, 9, 22),
            True,
        ),
        Light(
            ((10, 8, 34), (24, 20, 66), (46, 40, 96), (84, 70, 128)),
            (250, 240, 216),
            (66, 56, 110),
            (10, 8, 26),
            True,
        ),
    ),
}


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two: `share` 0 is the first, 1 the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def gradient(size: tuple[int, int], colours: tuple[Colour, ...]) -> Image.Image:
    """A vertical gradient through the colours."""
    strip = Image.new("RGB", (1, len(colours)))
    strip.putdata(colours)
    box = (0, 0.5, 1, len(colours) - 0.5)
    return strip.resize((1, size[1]), Image.Resampling.BILINEAR, box=box).resize(size, Image.Resampling.NEAREST)


@lru_cache(maxsize=1)
def _glow() -> Image.Image:
    inside = [int(255 * (max(0, 180 - v) / 180) ** 2.2) for v in range(256)]
    return Image.radial_gradient("L").point(inside)


def glow(canvas: Image.Image, centre: tuple[float, float], radius: float, colour: Colour) -> None:
    """A soft light around a point."""
    side = max(2, int(radius * 2))
    corner = (int(centre[0] - radius), int(centre[1] - radius))
    canvas.paste(
        colour, (*corner, corner[0] + side, corner[1] + side), _glow().resize((side, side), Image.Resampling.BILINEAR)
    )


def disc(canvas: Image.Image, centre: tuple[float, float], radius: float, colour: Colour) -> None:
    """A filled circle with a smooth edge."""
    side = max(4, int(radius * 2))
    mask = Image.new("L", (side * 3, side * 3))
    ImageDraw.Draw(mask).ellipse((2, 2, side * 3 - 3, side * 3 - 3), fill=255)
    corner = (int(centre[0] - radius), int(centre[1] - radius))
    canvas.paste(colour, (*corner, corner[0] + side, corner[1] + side), mask.resize((side, side), Image.Resampling.BOX))


def stars(canvas: Image.Image, chance: random.Random, depth: float) -> None:
    """Faint and bright points in the upper part."""
    draw = ImageDraw.Draw(canvas)
    width, height = canvas.size
    for _ in range(width * height // 3500):
        x, y = chance.randrange(width), int(chance.random() ** 1.3 * height * depth)
        bright = chance.choice((110, 150, 190, 255))
        draw.point((x, y), (bright, bright, min(255, bright + 20)))
        if bright == 255 and chance.random() < 0.4:
            draw.point(((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)), (150, 150, 180))


def clouds(canvas: Image.Image, chance: random.Random, colour: Colour, amount: int) -> None:
    """Long soft banks, drawn small and blown up."""
    width, height = canvas.size
    mask = Image.new("L", (max(8, width // 8), max(8, height // 8)))
    draw = ImageDraw.Draw(mask)
    for _ in range(amount):
        x, y = chance.uniform(0, mask.width), chance.uniform(0.05, 0.42) * mask.height
        long = chance.uniform(0.08, 0.25) * mask.width
        for _ in range(7):
            left, up = x + chance.uniform(-long, long), y + chance.uniform(-0.02, 0.02) * mask.height
            wide, high = long * chance.uniform(0.2, 0.5), mask.height * chance.uniform(0.008, 0.035)
            draw.ellipse((left - wide, up - high, left + wide, up + high), fill=chance.randint(90, 190))
    soft = mask.filter(ImageFilter.GaussianBlur(max(1.0, mask.height / 90))).resize(
        canvas.size, Image.Resampling.BILINEAR
    )
    canvas.paste(colour, (0, 0), soft)


def aurora(canvas: Image.Image, chance: random.Random) -> None:
    """Green and violet curtains: bright at the lower hem, fading upwards."""
    width, height = canvas.size
    for colour, lift in (((150, 80, 200), -0.06), ((70, 235, 150), 0.0), ((120, 255, 190), 0.05)):
        small = Image.new("L", (160, 90))
        draw = ImageDraw.Draw(small)
        phase, swing = chance.uniform(0, 6), chance.uniform(1.2, 2.6)
        for x in range(160):
            hem = 48 + lift * 90 + 9 * math.sin(x / 160 * swing * 6 + phase) + 4 * math.sin(x / 7 + phase * 2)
            strength = 110 + 90 * math.sin(x / 11 + phase * 3)
            for part in range(5):
                draw.line((x, hem - part * 8 - 8, x, hem - part * 8), fill=int(max(0, strength) * (1 - part / 5)))
        soft = small.filter(ImageFilter.GaussianBlur(2.2)).resize((width, height), Image.Resampling.BILINEAR)
        canvas.paste(colour, (0, 0), soft)
