"""Which renditions a photo has: their pixel sizes, formats and order, without drawing anything."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from fbbackup.simulator.dice import chance, pick, roll
from fbbackup.simulator.library import Item, Library

EDGES = (2048, 960, 1600, 720, 600, 480, 320, 540, 225, 130)
ASPECTS = ((4, 3), (4, 3), (4, 3), (3, 4), (3, 4), (16, 9), (1, 1), (21, 9))
MOST_RENDITIONS = 8
PNG_EDGE = 960
WEBP_EDGE = 1200


@dataclass(frozen=True, slots=True)
class Rendition:
    """One size of a photo; `stp` is the part of its URL that names it (empty for the largest)."""

    width: int
    height: int
    format: str
    stp: str


def largest_size(library: Library, item: Item) -> tuple[int, int, str]:
    """Width, height and true format of the largest rendition."""
    seed, number = library.seed, item.number
    if item.id in library.own_sizes:
        return library.own_sizes[item.id]
    if library.folder and number < library.photos:
        return (*library.folder.size(number), library.folder.format(number))
    across, up = pick(ASPECTS, seed, number, 60)
    style = roll(seed, number, 61) % 100
    edge, kind = library.largest, "jpeg"
    if style < 4:
        edge, kind = min(edge, PNG_EDGE), "png"
    elif style < 8:
        edge, kind = min(edge, WEBP_EDGE), "webp"
    elif style < 14:
        edge = min(edge, 720 if style % 2 else 960)
    elif style < 18:
        edge = edge * 11 // 8
    longest = max(across, up)
    return edge * across // longest, edge * up // longest, kind


@lru_cache(maxsize=1000)
def _scaled(width: int, height: int, kind: str) -> tuple[Rendition, ...]:
    longest = max(width, height)
    found = [Rendition(width, height, kind, "")]
    for edge in EDGES:
        if edge < longest:
            smaller = (max(1, width * edge // longest), max(1, height * edge // longest))
            found.append(Rendition(*smaller, kind, f"dst-jpg_s{edge}x{edge}_tt6"))
    return tuple(found[:MOST_RENDITIONS])


def renditions(library: Library, item: Item) -> tuple[Rendition, ...]:
    """All entries of `images`, the largest first here; the order on the wire is another."""
    return _scaled(*largest_size(library, item))


def webp_renditions(library: Library, item: Item) -> tuple[Rendition, ...]:
    """Entries of `webp_images`: the small sizes once more as WebP."""
    return tuple(
        Rendition(found.width, found.height, "webp", found.stp.replace("dst-jpg", "dst-webp"))
        for found in renditions(library, item)[1:4]
    )


def announced_extension(library: Library, item: Item) -> str:
    """The extension in the URL: `jpg` for nearly all, also for some that are no JPEG."""
    kind = largest_size(library, item)[2]
    if kind == "jpeg":
        return "jpg"
    lies = chance(50, library.seed, item.number, 63) or library.lying_extensions >= 100
    return "jpg" if lies and library.lying_extensions else kind
