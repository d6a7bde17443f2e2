"""One drawn picture from its number: which sky, which land, and the small print in the corner."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageFont

from fbbackup.simulator import land, sky
from fbbackup.simulator.sky import Light

_CANVAS_EDGE = 900


@dataclass(frozen=True, slots=True)
class Subject:
    """What a picture shows; equal subjects give equal pictures."""

    scene: str
    time_of_day: str
    number: int
    date: str
    caption: str
    grainy: bool = False


def draw(subject: Subject, size: tuple[int, int]) -> Image.Image:
    """The finished picture at its largest size."""
    longest = max(size)
    shrink = min(1.0, _CANVAS_EDGE / longest)
    canvas_size = (max(16, round(size[0] * shrink)), max(16, round(size[1] * shrink)))
    chance = random.Random(subject.number * 7919 + 17)
    time_of_day = "night" if subject.scene == "aurora" else subject.time_of_day
    light = chance.choice(sky.LIGHTS[time_of_day])
    canvas = sky.gradient(canvas_size, light.sky)
    sun = _heaven(canvas, chance, light, subject.scene)
    _earth(canvas, chance, light, (subject.scene, sun))
    if not subject.grainy:
        canvas = _grain(canvas, chance, 6)
    if canvas.size != size:
        canvas = canvas.resize(size, Image.Resampling.BILINEAR)
    if subject.grainy:
        canvas = _grain(canvas, chance, 4)
    _small_print(canvas, subject)
    return canvas


def _heaven(canvas: Image.Image, chance: random.Random, light: Light, scene: str) -> float:
    width, height = canvas.size
    x = chance.uniform(0.15, 0.85) * width
    low = chance.uniform(0.34, 0.5) if not light.dark and light.ground[0] > 20 else chance.uniform(0.14, 0.3)
    y = height * (chance.uniform(0.12, 0.26) if light.sky[0][2] > 190 else low)
    if light.dark:
        sky.stars(canvas, chance, 0.7)
    if scene == "aurora":
        sky.aurora(canvas, chance)
        return x
    radius = min(width, height) * (0.035 if light.dark else 0.05)
    sky.glow(canvas, (x, y), radius * 7, sky.mix(light.disc, light.sky[-1], 0.3))
    sky.disc(canvas, (x, y), radius, light.disc)
    if chance.random() < 0.75:
        sky.clouds(
            canvas, chance, sky.mix(light.sky[-1], (255, 255, 255), 0.05 if light.dark else 0.35), chance.randint(3, 9)
        )
    return x


def _earth(canvas: Image.Image, chance: random.Random, light: Light, what: tuple[str, float]) -> None:
    scene, sun = what
    width, height = canvas.size
    if scene == "sea":
        _sea(canvas, chance, light, sun)
    elif scene == "city":
        land.houses(canvas, chance, light, chance.uniform(0.66, 0.78))
        if chance.random() < 0.4:
            land.mirror(canvas, light, int(height * 0.82))
    elif scene == "forest":
        land.ridges(canvas, chance, light, 0.5)
        land.pines(canvas, chance, light, 0.52, 4)
    elif scene == "lake":
        land.snowy_mountains(canvas, chance, light, 0.52)
        land.fill(canvas, land.skyline(chance, width, height * 0.6, height * 0.012, 1.2), light.ground)
        land.mirror(canvas, light, int(height * chance.uniform(0.63, 0.68)))
    elif scene == "desert":
        land.dunes(canvas, chance, light)
    elif scene == "snow":
        land.snowy_mountains(canvas, chance, light, 0.62)
        white = sky.mix((246, 249, 255), light.haze, 0.6 if light.dark else 0.25)
        land.fill(canvas, land.skyline(chance, width, height * 0.78, height * 0.02, 0.1), white)
        land.pines(canvas, chance, light, 0.74, 1)
    else:
        land.ridges(canvas, chance, light, chance.uniform(0.5, 0.6), jagged=scene != "balloons")
        if scene == "balloons":
            land.balloons(canvas, chance, light)
        elif scene == "hills":
            land.birds(canvas, chance, light)


def _sea(canvas: Image.Image, chance: random.Random, light: Light, sun: float) -> None:
    width, height = canvas.size
    horizon = int(height * chance.uniform(0.52, 0.64))
    land.water(canvas, chance, light, horizon, sun)
    if chance.random() < 0.6:
        line = land.skyline(chance, width, horizon, height * 0.018, 0.7)
        coast = [(x, min(y, horizon)) for x, y in line]
        ImageDraw.Draw(canvas).polygon(
            [*coast, (width, horizon), (0, horizon)], fill=sky.mix(light.haze, light.ground, 0.45)
        )
    for _ in range(chance.randint(1, 4)):
        near = chance.random()
        spot = (chance.uniform(0.1, 0.9) * width, horizon + (0.04 + near * 0.5) * (height - horizon))
        land.boat(canvas, chance, light, spot, min(width, height) * (0.06 + 0.16 * near))
    land.birds(canvas, chance, light)


@lru_cache(maxsize=2)
def _noise(strength: int) -> Image.Image:
    side = 640
    tile = Image.frombytes("L", (side, side), random.Random(99).randbytes(side * side))
    tile = tile.point([round((v - 127.5) / 127.5 * strength + 128) for v in range(256)])
    return Image.merge("RGB", (tile, tile, tile))


def _grain(canvas: Image.Image, chance: random.Random, strength: int) -> Image.Image:
    """Film grain from one tile that starts elsewhere for every picture, so that no two files are equal."""
    tile = _noise(strength)
    layer = Image.new("RGB", canvas.size)
    for left in range(-chance.randrange(tile.width), canvas.width, tile.width):
        for top in range(-chance.randrange(tile.height), canvas.height, tile.height):
            layer.paste(tile, (left, top))
    return ImageChops.add(canvas, layer, 1, -128)


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _small_print(canvas: Image.Image, subject: Subject) -> None:
    """Date and caption in a corner, in what letters the built-in font has."""
    size = max(9, min(canvas.size) // 38)
    if canvas.height < 60:
        return
    known = "".join(
        letter for letter in " ".join(subject.caption.split()) if letter.isprintable() and ord(letter) < 0x180
    )
    text = f"{subject.date}  {known[:60]}".strip()
    pen, place = ImageDraw.Draw(canvas), (size, canvas.height - size * 2)
    pen.text((place[0] + 1, place[1] + 1), text, fill=(0, 0, 0), font=_font(size))
    pen.text(place, text, fill=(250, 250, 245), font=_font(size))
