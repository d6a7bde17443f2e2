"""What the name of a media file tells: which photo it is, and which album its folder stands for."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath

from fbbackup.sources.export.repair import mended

MADE_UP = "export-"
"""How ids start that Facebook never gave: made from a file's name, so that every import makes the same one."""

PICTURES = frozenset({"jpg", "jpeg", "png", "gif", "webp", "avif", "bmp", "tif", "tiff", "heic"})
VIDEOS = frozenset({"mp4", "mov", "m4v", "webm", "mkv", "3gp", "avi"})
NO_PICTURES = frozenset({"pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "txt", "csv", "vcf", "ics", "zip", "mp3",
                         "m4a", "aac", "wav", "ogg", "opus", "json", "html", "htm", "xml", "srt"})  # fmt: skip
_NOT_OF_THE_PERSON = frozenset({"stickers_used", "icons", "html_assets"})

_NUMBERED_COPY = re.compile(r"\s*\((\d{1,3})\)$")
_CDN_WITH_ID = re.compile(r"\d+_\d+_\d+_[a-z]_(\d{5,20})")
_CDN = re.compile(r"\d+_(\d{3,20})_\d+_[a-z]")
_WHOLE_NUMBER = re.compile(r"\d{5,20}")
_TRAILING_NUMBER = re.compile(r".*[_ -](\d{12,20})", re.S)
_LONG_NUMBER = re.compile(r"(?<!\d)(\d{15,20})(?!\d)")
_CLOCK = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:(?:[01]\d|2[0-3])[0-5]\d[0-5]\d(?:\d{3})?)?"
)
"""Cameras and telephones name pictures by the time, which several pictures may share."""
_OF_PHONE = re.compile(r"FB_IMG_\d{13}", re.IGNORECASE)
_FIRST_GENERATION = re.compile(r"(?:.*/)?photos/(\d{5,20})/\d{3,20}", re.S)
_FOLDER_ALBUM = re.compile(r".*_(\d{5,20})", re.S)
_ROOT = re.compile(r"(?:.*?/)??(?:photos_and_videos|posts/media|posts|stories|messages)/(?=.)", re.S)
"""What stands before the folders that tell pictures apart; it changes from one generation to the next."""


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

    @property
    def is_unique(self) -> bool:
        """Whether Facebook gave the name, so that no other picture has it."""
        return not self.made_up or self.hint is not None


def name_of(path: str) -> Name:
    """The photo that a path or address names."""
    stem, folder = stem_of(path), PurePosixPath(path).parent.name
    if match := _CDN_WITH_ID.fullmatch(stem):
        return Name(match[1], "last number of the file name")
    if _FIRST_GENERATION.fullmatch(f"{PurePosixPath(path).parent}/{stem}"):
        return Name(_made(f"{folder}/{stem}"), "file name", stem)
    if _WHOLE_NUMBER.fullmatch(stem) and not _CLOCK.fullmatch(stem):
        return Name(stem, "file name is the id")
    if match := _CDN.fullmatch(stem):
        return Name(_made(stem), "file name", match[1])
    if number := _number_in(stem):
        return number
    return Name(_made(_plain(path)), "file name")


def _number_in(stem: str) -> Name | None:
    """The one long number among other words, as other tools name what they fetched; times are none."""
    if _OF_PHONE.fullmatch(stem):
        return None
    if (match := _TRAILING_NUMBER.fullmatch(stem)) and not _CLOCK.fullmatch(match[1]):
        return Name(match[1], "number at the end of the file name")
    long = [found for found in _LONG_NUMBER.findall(stem) if not _CLOCK.fullmatch(found)]
    return Name(long[0], "the long number in the file name") if len(long) == 1 else None


def album_of(path: str) -> str | None:
    """The album's Facebook id, where the file's folder has it."""
    if match := _FIRST_GENERATION.fullmatch(str(PurePosixPath(path).with_suffix(""))):
        return match[1]
    folder = PurePosixPath(path).parent.name
    match = _FOLDER_ALBUM.fullmatch(folder)
    return match[1] if match else None


def stem_of(path: str) -> str:
    """The file name without its extension and without the “ (2)” of a second copy."""
    return _NUMBERED_COPY.sub("", _whole_stem(path))


def copy_of(path: str) -> str:
    """The number that the name of a second copy ends with, empty for a first one."""
    match = _NUMBERED_COPY.search(_whole_stem(path))
    return match[1] if match else ""


def _whole_stem(path: str) -> str:
    name = PurePosixPath(path).name
    stem, dot, extension = name.rpartition(".")
    if dot and (extension.lower() in PICTURES | VIDEOS or (len(extension) <= 4 and extension.isalnum())):
        return stem
    return name


def _plain(path: str) -> str:
    """What tells a picture without a name of Facebook's from all others: its folders below the generation's root."""
    below = _ROOT.sub("", path, count=1) if _ROOT.match(path) else path
    parts = [part for part in (*PurePosixPath(below).parent.parts, _whole_stem(path)) if part not in (".", "/")]
    return "/".join(parts)


def left_out(path: str) -> bool:
    """Whether a picture lies where Facebook puts stickers, and what belongs to its pages; or is a voice in a video."""
    folders = set(folded(path).split("/")[:-1])
    return bool(folders & _NOT_OF_THE_PERSON) or {"messages", "audio"} <= folders


def extension_of(path: str) -> str:
    """The extension in small letters, without its dot."""
    return PurePosixPath(path).suffix[1:].lower()


def folded(path: str) -> str:
    """Equal for paths that a file system or an archiver may take for the same."""
    return unicodedata.normalize("NFC", path).casefold()


def _made(key: str) -> str:
    return MADE_UP + sha256(folded(mended(key)).encode("utf-8", "surrogatepass")).hexdigest()[:24]
