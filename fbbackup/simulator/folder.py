"""A folder of real photographs served as they are, instead of drawn ones."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path

from PIL import Image

SUFFIXES = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".webp": "webp"}


@lru_cache(maxsize=20_000)
def _stored_size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def measured(data: bytes) -> tuple[int, int, str]:
    """Width, height and format of picture bytes."""
    with Image.open(io.BytesIO(data)) as image:
        return image.width, image.height, (image.format or "jpeg").lower()


@dataclass(frozen=True)
class PhotoFolder:
    """Photo k is the k-th file in sorted order; every directory is an album."""

    root: Path
    files: tuple[Path, ...]

    @classmethod
    def read(cls, root: Path) -> PhotoFolder:
        """Find all pictures below `root`."""
        found = (path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
        files = tuple(sorted(found, key=lambda path: (path.parent, path.name)))
        if not files:
            raise FileNotFoundError(f"no JPEG, PNG or WebP files in {root}")
        return cls(root, files)

    @cached_property
    def _groups(self) -> list[tuple[Path, int]]:
        return [(parent, len(list(group))) for parent, group in groupby(self.files, key=lambda path: path.parent)]

    @property
    def album_sizes(self) -> list[int]:
        """How many photos each directory holds."""
        return [size for _, size in self._groups]

    def album_name(self, index: int) -> str:
        """A directory's name."""
        return self._groups[index][0].name or self.root.name

    def size(self, number: int) -> tuple[int, int]:
        """Width and height as stored."""
        return _stored_size(self.files[number])

    def format(self, number: int) -> str:
        """What the suffix says."""
        return SUFFIXES[self.files[number].suffix.lower()]

    def read_bytes(self, number: int) -> bytes:
        """The file, unchanged."""
        return self.files[number].read_bytes()
