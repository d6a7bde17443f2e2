"""Which names a key may have: the rules that hold on every file system an archive may be copied to."""

from __future__ import annotations

import re
import unicodedata

STAGING = "staging"
"""The top folder of unfinished files; no key lies there."""

MANIFEST = "manifest.jsonl"
"""The name, in each month's folder, of the one file that is not a picture."""

QUARANTINE = "quarantine"
"""The top folder of what was set aside."""

_ORIGINALS = ("photos", "videos")
_LONGEST_PART = 255
_LONGEST_KEY = 1024
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"\\|?*\ud800-\udfff]')
_ORDINARY = re.compile(r"[0-9][0-9A-Za-z_-]{0,200}(\.[0-9A-Za-z]{1,10})?")
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\s*\..*)?", re.I | re.S)


def split_key(key: str) -> tuple[str, ...]:
    """The parts of a key; ValueError says why a string is none."""
    parts = tuple(key.split("/"))
    if parts[0].casefold() == STAGING:
        raise ValueError(f"the key {key!r} lies in the staging folder")
    for part in parts:
        if fault := _fault(part):
            raise ValueError(f"the key {key!r} {fault}")
    if len(key.encode()) > _LONGEST_KEY:
        raise ValueError(f"the key {key[:80]!r}… is longer than {_LONGEST_KEY} bytes")
    return parts


def split_prefix(prefix: str) -> tuple[str, ...]:
    """The folders that a prefix names, with or without a slash at its end; empty for the whole store.

    Staging is left out of the whole, but may be asked for by its name.
    """
    folder = prefix.removesuffix("/")
    if folder == STAGING:
        return (STAGING,)
    return split_key(folder) if prefix else ()


def split_derived(key: str) -> tuple[str, ...]:
    """The parts of a key whose file may be replaced; ValueError for a picture's, which never is."""
    parts = split_key(key)
    if parts[0].casefold() in _ORIGINALS and parts[-1] != MANIFEST:
        raise ValueError(f"the key {key!r} is a picture's, and pictures are never replaced")
    return parts


def split_move(key: str, to: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The parts of both keys of a move; ValueError unless it goes into quarantine or out of it."""
    parts, others = split_key(key), split_key(to)
    if (parts[0] == QUARANTINE) is (others[0] == QUARANTINE):
        raise ValueError(f"the key {key!r} may only be moved into or out of {QUARANTINE}/")
    return parts, others


def is_part(name: str) -> bool:
    """Whether a name found on disk may be a part of a key."""
    return not _fault(name)


def _fault(part: str) -> str:
    if _ORDINARY.fullmatch(part):
        # Names that fbbackup gives are none of what follows.
        return ""
    if not part or part.startswith("."):
        # Hidden names belong to the archive itself (its marker, its lock) and to the operating system.
        return "has an empty part or one that starts with a dot"
    if part.endswith((".", " ")):
        return "has a part that ends in a dot or a space"
    if _FORBIDDEN.search(part):
        return "has a character that some file systems refuse"
    if _DEVICES.fullmatch(part):
        return "has a part that is a device on Windows"
    if len(part.encode()) > _LONGEST_PART:
        return f"has a part longer than {_LONGEST_PART} bytes"
    if not unicodedata.is_normalized("NFC", part):
        return "is not in Unicode's composed form (NFC)"
    return ""
