"""Drawn posters for videos: nothing here decodes one, but its size is known, and a tile needs a face."""

from __future__ import annotations

WIDTH = 320
_SHORTEST, _LONGEST = 106, 800


def poster(width: int | None, height: int | None) -> bytes:
    """An SVG in the video's shape (16:9 when it is not known): a strip of film with a frame to play."""
    tall = round(WIDTH * height / width) if width and height else 180
    tall = min(_LONGEST, max(_SHORTEST, tall))
    holes = "".join(
        f'<rect x="{x}" y="{y}" width="9" height="6" rx="1.5"/>'
        for y in range(9, tall - 8, 18)
        for x in (7, WIDTH - 16)
    )
    middle = tall / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{tall}" viewBox="0 0 {WIDTH} {tall}">'
        '<linearGradient id="g" x2="0.6" y2="1"><stop stop-color="#565049"/><stop offset="1" stop-color="#26221f"/>'
        f'</linearGradient><rect width="{WIDTH}" height="{tall}" fill="#191715"/>'
        f'<rect x="23" width="{WIDTH - 46}" height="{tall}" fill="url(#g)"/><g fill="#47423c">{holes}</g>'
        f'<circle cx="160" cy="{middle:g}" r="30" fill="none" stroke="#b8aea0" stroke-width="2.500"/>'
        f'<path d="M151 {middle - 15:g}v30l25-15z" fill="#b8aea0"/></svg>'
    ).encode()
