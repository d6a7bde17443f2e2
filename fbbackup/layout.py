"""What of an archive's folder is fbbackup's own, and what people may put there and move about."""

from __future__ import annotations

import re
from posixpath import splitext

PICTURE_FOLDERS = ("photos/", "videos/")
"""Where originals are put."""

OWN_FOLDERS = frozenset({"thumbnails", "albums", "staging", "quarantine", "journal", "snapshots"})
"""Top folders in which no original of anybody is looked for."""

QUARANTINE = "quarantine/"
"""Damaged files that were replaced, under their old keys."""

RESTORING = "quarantine/restoring/"
"""Good bytes on their way to an old key, named by their SHA-256: from here the next start finishes a repair."""


def set_aside_key(key: str, number: int) -> str:
    """Where the `number`-th (from 1) damaged file of a key is set aside."""
    stem, extension = splitext(key)
    return f"{QUARANTINE}{stem}{f'.{number}' if number > 1 else ''}{extension}"


def is_set_aside(name: str, key: str) -> bool:
    """Whether `name` is one of the keys that `set_aside_key` gives for `key`."""
    stem, extension = splitext(key)
    return re.fullmatch(rf"{re.escape(QUARANTINE + stem)}(\.\d+)?{re.escape(extension)}", name) is not None


def thumbnail_key(digest: str, size: int) -> str:
    """Where the thumbnail of a file lies, `size` pixels at its longer side."""
    return f"thumbnails/{size}/{digest[:2]}/{digest}.webp"
