"""Shapes, colours and places as style classes: the content policy forbids styles inside pages.

The generated sheet is what lets a page reserve the exact room of a picture in its own colour before it arrives.
"""

from __future__ import annotations

import re

ASPECTS = range(40, 302, 2)
_LEVELS = 6
_STEP = 255 / (_LEVELS - 1)
_COLOR = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})")


def aspect_class(width: int | None, height: int | None) -> str:
    """The class of a shape, in steps of 0.02; extreme ones are shown cropped."""
    if not width or not height:
        return "a150"
    exact = 100 * width / height
    return f"a{min(ASPECTS[-1], max(ASPECTS[0], 2 * round(exact / 2)))}"


def color_class(color: str | None) -> str:
    """The class of the nearest colour of a picture's mean, empty when there is none."""
    found = _COLOR.fullmatch(color or "")
    if found is None:
        return "c000"
    return "c" + "".join(str(round(int(part, 16) / _STEP)) for part in found.groups())


def percent_class(axis: str, value: float | None) -> str:
    """The class of a place in a picture along `x` or `y`, in percent."""
    return f"{axis}{min(100, max(0, round(value if value is not None else 50)))}"


def style_sheet() -> str:
    rules = [f".a{value}{{--a:{value / 100:g}}}" for value in ASPECTS]
    levels = [round(level * _STEP) for level in range(_LEVELS)]
    for r, red in enumerate(levels):
        for g, green in enumerate(levels):
            rules += [f".c{r}{g}{b}{{--c:#{red:02x}{green:02x}{blue:02x}}}" for b, blue in enumerate(levels)]
    rules += [f".{axis}{value}{{--{axis}:{value}%}}" for axis in "xy" for value in range(101)]
    return "\n".join(rules) + "\n"
