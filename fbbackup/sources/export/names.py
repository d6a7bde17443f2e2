"""What the name of a media file tells: which photo it is, and which album its folder stands for."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath

MADE_UP = "export-"
"""How ids start that Facebook never gave: made from a file's name, so that every import makes the same one."""

PICTURES = frozenset({"jpg", "jpeg", "png", "gif", "webp", "avif", "bmp", "tif", "tiff", "heic"})
VIDEOS = frozenset({"mp4", "mov", "m4v", "webm", "mkv", "3gp", "avi"})

_NUMBERED_COPY = re.compile(r"\s*\(\d{1,3}\)$")
_CDN_WITH_ID = re.compile(r"\d+_\d+_\d+_[a-z]_(\d{5,20})")
_CDN = re.compile(r"\d+_(\d{3,20})_\d+_[a-z]")
_WHOLE_NUMBER = re.compile(r"\d{5,20}")
_TRAILING_NUMBER = re.compile(r".*[_ -](\d{12,20})", re.S)
_FIRST_GENERATION = re.compile(r"(?:.*/)?photos/(\d{5,20})/\d{3,20}", re.S)
_FOLDER_ALBUM = re.compile(r".*_(\d{5,20})", re.S)


@dataclass(frozen=True, slots=True)
class Name:
    """Which photo a file is, by its path alone.

    `rule` says how `id` was found; `hint` is a number that may be the photo's id and has to be proven otherwise.
    """

    id: str
    rule: str
    hint: str | None = None

    @property
    def made_up(self) -> bool:
        return self.id.startswith(MADE_UP)


def name_of(path: str) -> Name:
    """The photo that a path or address names."""
    stem, folder = stem_of(path), PurePosixPath(path).parent.name
    if match := _CDN_WITH_ID.fullmatch(stem):
        return Name(match[1], "last number of the file name")
    if _FIRST_GENERATION.fullmatch(f"{PurePosixPath(path).parent}/{stem}"):
        return Name(_made(f"{folder}/{stem}"), "file name", stem)
    if _WHOLE_NUMBER.fullmatch(stem):
        return Name(stem, "file name is the id")
    if match := _CDN.fullmatch(stem):
        return Name(_made(stem), "file name", match[1])
    if match := _TRAILING_NUMBER.fullmatch(stem):
        return Name(match[1], "number at the end of the file name")
    return Name(_made(f"{folder}/{stem}"), "file name")


def album_of(path: str) -> str | None:
    """The album's Facebook id, where the file's folder has it."""
    if match := _FIRST_GENERATION.fullmatch(str(PurePosixPath(path).with_suffix(""))):
        return match[1]
    folder = PurePosixPath(path).parent.name
    match = _FOLDER_ALBUM.fullmatch(folder)
    return match[1] if match else None


def stem_of(path: str) -> str:
    """The file name without its extension and without the “ (2)” of a second copy."""
    name = PurePosixPath(path).name
    stem, dot, extension = name.rpartition(".")
    if not dot or extension.lower() not in PICTURES | VIDEOS:
        stem = name if not dot or len(extension) > 4 or not extension.isalnum() else stem
    return _NUMBERED_COPY.sub("", stem)


def extension_of(path: str) -> str:
    """The extension in small letters, without its dot."""
    return PurePosixPath(path).suffix[1:].lower()


def folded(path: str) -> str:
    """Equal for paths that a file system or an archiver may take for the same."""
    return unicodedata.normalize("NFC", path).casefold()


def _made(key: str) -> str:
    return MADE_UP + sha256(folded(key).encode("utf-8", "surrogatepass")).hexdigest()[:24]
