"""The lower half of a drawn picture: ridges, water, boats, houses, trees, dunes and balloons."""

from __future__ import annotations

import math
import random

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from fbbackup.simulator.sky import Colour, Light, glow, mix

Point = tuple[float, float]


def skyline(chance: random.Random, width: int, level: float, height: float, rough: float) -> list[Point]:
    """A ridge as points from left to right: a few sine waves, rougher with `rough`."""
    waves = [
        (chance.uniform(0.6, 1.4) * 2**n, chance.uniform(0, 6.3), height / (1.0 + n * (2.2 - rough))) for n in range(5)
    ]
    step = max(3, width // 150)
    points: list[Point] = []
    for x in range(0, width + step, step):
        turn = x / width * 6.3
        points.append((x, level - sum(size * math.sin(turn * pace + shift) for pace, shift, size in waves)))
    return points


def peaks(chance: random.Random, width: int, level: float, height: float) -> list[Point]:
    """A jagged ridge by halving: steep mountains."""
    line = [level - chance.uniform(0, height) * 0.4 for _ in range(5)]
    line[chance.randrange(1, 4)] = level - height
    jolt = height * 0.38
    while len(line) < 130:
        halves = [(a + b) / 2 + chance.uniform(-jolt, jolt) for a, b in zip(line, line[1:], strict=False)]
        line = [value for pair in zip(line, halves, strict=False) for value in pair] + [line[-1]]
        jolt *= 0.52
    return [(width * n / (len(line) - 1), y) for n, y in enumerate(line)]


def fill(canvas: Image.Image, line: list[Point], colour: Colour) -> None:
    """Everything below a ridge in one colour."""
    bottom: list[Point] = [(canvas.width, canvas.height), (0, canvas.height)]
    ImageDraw.Draw(canvas).polygon(line + bottom, fill=colour)


def ridges(canvas: Image.Image, chance: random.Random, light: Light, top: float, jagged: bool = False) -> list[Point]:
    """Layers of hills, paler with distance; the line of the nearest one is returned."""
    width, height = canvas.size
    count = chance.randint(4, 6)
    line: list[Point] = []
    for layer in range(count):
        depth = layer / (count - 1)
        level = height * (top + (0.97 - top) * depth)
        tall = height * (0.10 - 0.05 * depth) * (1.6 if jagged else 1.0)
        far = jagged and layer < 2
        line = peaks(chance, width, level, tall * 2.2) if far else skyline(chance, width, level, tall * 0.45, 0.6)
        fill(canvas, line, mix(light.haze, light.ground, 0.18 + 0.82 * depth))
    return line


def snowy_mountains(canvas: Image.Image, chance: random.Random, light: Light, level: float) -> None:
    """Peaks with white caps that the light tints."""
    width, height = canvas.size
    white = mix((250, 252, 255), light.haze, 0.45 if light.dark else 0.12)
    for layer in range(2):
        line = peaks(chance, width, height * (level + 0.06 * layer), height * (0.42 - 0.12 * layer))
        rock = mix(light.haze, light.ground, 0.35 + 0.2 * layer)
        fill(canvas, line, white)
        crest = min(y for _, y in line)
        below = [
            (x, max(y, crest + height * 0.1) + chance.uniform(0.0, 0.045) * height + (y - crest) * 0.25)
            for x, y in line
        ]
        fill(canvas, below, rock)


def water(canvas: Image.Image, chance: random.Random, light: Light, horizon: int, sun: float) -> None:
    """A sea that mirrors the sky's colours, with glitter below the sun."""
    width, height = canvas.size
    below = canvas.crop((0, max(0, 2 * horizon - height), width, horizon)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    below = below.resize((max(2, width // 24), max(2, (height - horizon) // 4)), Image.Resampling.BOX).resize(
        (width, height - horizon), Image.Resampling.BILINEAR
    )
    tint = Image.new("RGB", below.size, mix(light.ground, light.sky[1], 0.35))
    canvas.paste(Image.blend(below, tint, 0.38), (0, horizon))
    draw = ImageDraw.Draw(canvas)
    depth = max(1, height - horizon)
    for _ in range(240):
        near = chance.random() ** 1.4
        y = horizon + near * depth
        shine = chance.random() < 0.55
        x = sun + chance.gauss(0, 0.03 + 0.07 * near) * width if shine else chance.uniform(0, width)
        long = width * (0.006 + 0.035 * near) * chance.uniform(0.4, 1.2)
        colour = mix(light.disc, light.haze, 0.25 if shine else 0.8)
        base = canvas.getpixel((min(width - 1, max(0, int(x))), min(height - 1, int(y))))
        if isinstance(base, tuple):
            colour = mix((base[0], base[1], base[2]), colour, 0.75 if shine else 0.22)
        draw.line((x - long, y, x + long, y), fill=colour, width=max(1, int(height * 0.003 * (0.5 + near))))


def boat(canvas: Image.Image, chance: random.Random, light: Light, at: Point, size: float) -> None:
    """A little sailing boat with its reflection."""
    x, y = at
    draw = ImageDraw.Draw(canvas)
    hull = mix(light.ground, (0, 0, 0), 0.35)
    sail = mix((252, 248, 238), light.haze, 0.55 if light.dark else 0.15)
    lean = size * chance.uniform(-0.06, 0.06)
    deck = [(x - size * 0.42, y), (x + size * 0.42, y)]
    draw.polygon([*deck, (x + size * 0.30, y + size * 0.16), (x - size * 0.32, y + size * 0.16)], fill=hull)
    draw.line((x, y, x + lean, y - size), fill=hull, width=max(1, int(size / 36)))
    draw.polygon(
        [(x + lean, y - size), (x + size * 0.03, y - size * 0.07), (x + size * 0.4, y - size * 0.07)], fill=sail
    )
    draw.polygon(
        [(x + lean, y - size * 0.85), (x - size * 0.03, y - size * 0.07), (x - size * 0.3, y - size * 0.07)],
        fill=mix(sail, hull, 0.18),
    )
    for row in range(6):
        half = size * 0.34 * (1 - row / 8)
        draw.line(
            (x - half, y + size * (0.2 + row * 0.06), x + half, y + size * (0.2 + row * 0.06)),
            fill=mix(hull, light.haze, 0.2 + row * 0.1),
            width=max(1, int(size / 40)),
        )


def houses(canvas: Image.Image, chance: random.Random, light: Light, base: float) -> None:
    """Three rows of towers, the nearer the darker, with lit windows when it gets dark."""
    width, height = canvas.size
    draw = ImageDraw.Draw(canvas)
    lit = mix((255, 214, 130), light.haze, 0.0 if light.dark else 0.45)
    for row in range(3):
        colour = mix(light.haze, light.ground, 0.3 + 0.32 * row)
        x = -chance.uniform(0, 0.05) * width
        while x < width:
            wide = width * chance.uniform(0.03, 0.075) * (1 + row * 0.35)
            top = height * (base + 0.07 * row) - height * chance.uniform(0.06, 0.34 - 0.06 * row)
            draw.rectangle((x, top, x + wide, height), fill=colour)
            if chance.random() < 0.25:
                draw.polygon([(x, top), (x + wide / 2, top - wide * 0.7), (x + wide, top)], fill=colour)
            _windows(draw, chance, (x, top, x + wide, height), mix(colour, lit, 0.55 + 0.2 * row))
            x += wide * chance.uniform(0.95, 1.35)


def _windows(
    draw: ImageDraw.ImageDraw, chance: random.Random, box: tuple[float, float, float, float], lit: Colour
) -> None:
    left, top, right, bottom = box
    cell = max(4.0, (right - left) / chance.choice((4, 5, 6)))
    y = top + cell
    while y < min(bottom, top + cell * 26):
        x = left + cell * 0.6
        while x < right - cell * 0.6:
            if chance.random() < 0.38:
                draw.rectangle((x, y, x + cell * 0.38, y + cell * 0.5), fill=lit)
            x += cell
        y += cell * 1.25


def pines(canvas: Image.Image, chance: random.Random, light: Light, base: float, rows: int) -> None:
    """Rows of fir trees with fog between them."""
    width, height = canvas.size
    for row in range(rows):
        depth = (row + 1) / rows
        draw = ImageDraw.Draw(canvas)
        green = mix(mix(light.ground, (18, 58, 44), 0.5), light.haze, 0.75 * (1 - depth))
        level, x = height * (base + (1.0 - base) * depth * 0.85), -0.02 * width
        fill(canvas, skyline(chance, width, level, height * 0.012, 0.8), green)
        while x < width * 1.02:
            tall = height * chance.uniform(0.09, 0.17) * (0.6 + 0.9 * depth)
            _pine(draw, (x, level + height * 0.02), tall, green)
            x += tall * chance.uniform(0.16, 0.5)
        if row < rows - 1:
            fog = (
                Image.linear_gradient("L")
                .resize((width, max(2, int(height * 0.16))))
                .point([v // 3 for v in range(256)])
            )
            canvas.paste(light.haze, (0, int(level - height * 0.1)), fog)


def _pine(draw: ImageDraw.ImageDraw, foot: Point, tall: float, colour: Colour) -> None:
    x, y = foot
    for tier in range(4):
        top, low = y - tall * (1 - tier * 0.2), y - tall * (0.62 - tier * 0.2)
        half = tall * (0.09 + 0.055 * tier)
        draw.polygon([(x, top), (x + half, low), (x - half, low)], fill=colour)


def mirror(canvas: Image.Image, light: Light, shore: int) -> None:
    """A calm lake: what stands above the shore upside down, darker and a little blurred."""
    width, height = canvas.size
    deep = height - shore
    image = canvas.crop((0, max(0, shore - deep), width, shore)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    image = image.resize((width, max(1, deep // 5)), Image.Resampling.BOX).resize(
        (width, deep), Image.Resampling.BILINEAR
    )
    image = ImageEnhance.Brightness(image.filter(ImageFilter.BoxBlur(1))).enhance(0.82)
    canvas.paste(Image.blend(image, Image.new("RGB", image.size, light.sky[0]), 0.14), (0, shore))
    ImageDraw.Draw(canvas).line(
        (0, shore, width, shore), fill=mix(light.haze, (255, 255, 255), 0.3), width=max(1, height // 400)
    )


def dunes(canvas: Image.Image, chance: random.Random, light: Light) -> None:
    """Smooth sand with a lit and a shaded side."""
    width, height = canvas.size
    sand = mix((232, 170, 104), light.ground, 0.45 if light.dark else 0.08)
    for layer in range(4):
        depth = layer / 3
        line = skyline(chance, width, height * (0.56 + 0.14 * layer), height * 0.035, 0.0)
        lit = mix(mix(sand, light.haze, 0.5 * (1 - depth)), light.disc, 0.12)
        fill(canvas, line, lit)
        crest = chance.uniform(0.2, 0.8) * width
        shade = [(x, y + abs(x - crest) * 0.16 + (height * 0.012 if x < crest else 0)) for x, y in line]
        fill(canvas, shade, mix(lit, light.ground, 0.28 + 0.12 * depth))


def balloons(canvas: Image.Image, chance: random.Random, light: Light) -> None:
    """Hot-air balloons in bright stripes."""
    width, height = canvas.size
    for _ in range(chance.randint(3, 6)):
        size = min(width, height) * chance.choice((0.05, 0.07, 0.11, 0.16))
        x, y = chance.uniform(0.08, 0.92) * width, chance.uniform(0.12, 0.5) * height
        one, two = chance.sample(
            [(214, 62, 56), (242, 178, 54), (44, 122, 170), (240, 232, 214), (86, 146, 96), (140, 74, 140)], 2
        )
        _balloon(canvas, (x, y), size, (mix(one, light.haze, 0.18), mix(two, light.haze, 0.18)))
        if light.dark:
            glow(canvas, (x, y + size * 0.5), size * 1.4, (255, 190, 110))


def _balloon(canvas: Image.Image, at: Point, size: float, colours: tuple[Colour, Colour]) -> None:
    x, y = at
    draw = ImageDraw.Draw(canvas)
    foot = y + size * 1.55
    for stripe in range(5):
        half = size * (1 - stripe * 0.22)
        colour = colours[stripe % 2]
        draw.ellipse((x - half, y - size, x + half, y + size), fill=colour)
        draw.polygon(
            [
                (x - half * 0.88, y + size * 0.5),
                (x + half * 0.88, y + size * 0.5),
                (x + half * 0.2, foot),
                (x - half * 0.2, foot),
            ],
            fill=colour,
        )
    basket = (x - size * 0.14, foot + size * 0.16, x + size * 0.14, foot + size * 0.36)
    draw.line((x - size * 0.13, foot, x - size * 0.13, foot + size * 0.2), fill=(60, 44, 36))
    draw.line((x + size * 0.13, foot, x + size * 0.13, foot + size * 0.2), fill=(60, 44, 36))
    draw.rectangle(basket, fill=(96, 66, 44))


def birds(canvas: Image.Image, chance: random.Random, light: Light) -> None:
    """A few gulls far away."""
    draw = ImageDraw.Draw(canvas)
    width, height = canvas.size
    x, y = chance.uniform(0.15, 0.8) * width, chance.uniform(0.12, 0.35) * height
    for _ in range(chance.randint(3, 8)):
        wing = width * chance.uniform(0.004, 0.010)
        left, up = x + chance.gauss(0, 0.06) * width, y + chance.gauss(0, 0.04) * height
        draw.line(
            (left - wing, up - wing * 0.5, left, up, left + wing, up - wing * 0.5),
            fill=light.ground,
            width=max(1, width // 600),
        )
