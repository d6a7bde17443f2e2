"""Letters five lines high, so that a code can be read off a screen from where the phone is."""

from __future__ import annotations

_ROWS = 5
_GLYPHS = (
    "AehvhhBuhuhuCfgggfDuhhhuEvgugvFvguggGfgjhfHhhvhhIv444vJ711heKhisihLggggvMhrlhhNhpljhOehhheP"
    "uhuggQehlidRuhuihSfge1uTv4444UhhhheVhhha4WhhlrhXha4ahYha444Zv248v0ejlpe14c44e2u1egv3u1e1u4"
    "hhv115vgu1u6eguhe7v24888ehehe9ehf1e-00e00"
)
"""A letter, then its rows from above: each the number of its dots, in base 32."""


def large(text: str) -> list[str]:
    """The text in lines of blocks; none at all when a letter of it can't be drawn."""
    drawn = {_GLYPHS[at]: _GLYPHS[at + 1 : at + 1 + _ROWS] for at in range(0, len(_GLYPHS), _ROWS + 1)}
    if not set(text) <= set(drawn):
        return []
    return ["  ".join(_dots(drawn[letter][row]) for letter in text).rstrip() for row in range(_ROWS)]


def _dots(row: str) -> str:
    return f"{int(row, 32):05b}".replace("0", " ").replace("1", "█")
