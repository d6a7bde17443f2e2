"""How the generated photos are spread over albums and years."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from fbbackup.simulator.dice import roll

FIRST_DAY = 1_307_000_000
LAST_DAY = 1_750_000_000
EMPTY_ALBUM = 5
_THREE_HOURS = 3 * 3600


def spread(seed: int, photos: int, albums: int) -> list[int]:
    """Album sizes that add up to `photos`; with eight albums or more one of them is empty."""
    if albums == 0:
        return []
    weights = [2 if j < 2 else 3 + roll(seed, 11, j) % 9 for j in range(albums)]
    if albums >= 8:
        weights[EMPTY_ALBUM] = 0
    whole = sum(weights)
    sizes = [photos * weight // whole for weight in weights]
    sizes[-1] += photos - sum(sizes)
    return sizes


@dataclass(frozen=True)
class Layout:
    """Album j holds the photos `range_of(j)`; the numbers after the last album are uploads outside albums."""

    sizes: Sequence[int]
    ends: tuple[int, ...]
    loose: int

    @classmethod
    def of(cls, sizes: Sequence[int], loose: int) -> Layout:
        """Sum the sizes up once."""
        return cls(tuple(sizes), tuple(accumulate(sizes)), loose)

    @property
    def photos(self) -> int:
        """All photos, in albums and outside."""
        return (self.ends[-1] if self.ends else 0) + self.loose

    def range_of(self, album: int) -> range:
        """The numbers of an album's photos."""
        return range(self.ends[album] - self.sizes[album], self.ends[album])

    def album_of(self, photo: int) -> int | None:
        """The album of a photo number, or None for an upload outside albums."""
        album = bisect_right(self.ends, photo)
        return album if album < len(self.ends) else None

    def album_created(self, album: int) -> int:
        """Unix time at which an album was made."""
        return FIRST_DAY + album * ((LAST_DAY - FIRST_DAY) // max(1, len(self.sizes)))

    def photo_created(self, photo: int) -> int:
        """Unix time at which a photo was published."""
        album = self.album_of(photo)
        if album is None:
            first = self.photos - self.loose
            return FIRST_DAY + (photo - first) * ((LAST_DAY - FIRST_DAY) // max(1, self.loose)) + 5000
        start = self.ends[album] - self.sizes[album]
        width = (LAST_DAY - FIRST_DAY) // max(1, len(self.sizes))
        step = max(1, min(_THREE_HOURS, width // (self.sizes[album] + 1)))
        return self.album_created(album) + (photo - start) * step + 60
