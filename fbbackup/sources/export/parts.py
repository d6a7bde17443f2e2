"""The parts of an export: zips and folders, with what they hold and how to read it."""

from __future__ import annotations

import os
import re
import stat
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from fbbackup.errors import DownloadError
from fbbackup.mentions import Media
from fbbackup.sources.export.names import PICTURES, VIDEOS, extension_of
from fbbackup.sources.export.saved import HEAD, is_answer
from fbbackup.sources.export.zipentries import PIECE, BadZip, chunks, printable
from fbbackup.sources.export.zipfiles import read_directory

TEXTS = frozenset({"json", "html", "htm", "xml"})
_WANTED = re.compile(rf"\.(?:{'|'.join(sorted(PICTURES | VIDEOS | TEXTS))})$|(?:^|/)[^/.]+$", re.IGNORECASE)
_ZIP_NAME = re.compile(
    r"facebook-(?P<who>.+?)(?:-(?P<day>\d{4}-\d{2}-\d{2})(?:-[\w-]{1,12})?|-[A-Za-z0-9]{8})?(?:\s*\(\d+\))?", re.ASCII
)
_WRAPPED = re.compile(r"meta-(\d{4})-([A-Z][a-z]{2})-(\d{2})-\d{2}-\d{2}-\d{2}")
_DAY = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass
class Part:
    """One zip or folder. `group` is the same for all parts of one export, `as_of` the day that it describes."""

    path: Path
    group: str
    as_of: str
    entries: list[Media] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    who: str | None = None

    @property
    def label(self) -> str:
        return self.path.name or str(self.path)

    def open(self) -> None:
        """Finds out what the part holds. Raises BadZip and OSError."""
        raise NotImplementedError

    def chunks(self, media: Media) -> Iterator[bytes]:
        """The bytes of an entry. Raises DownloadError."""
        raise NotImplementedError

    def checksum(self, media: Media) -> int:
        """The CRC-32 of an entry. Raises DownloadError."""
        found = 0
        for piece in self.chunks(media):
            found = zlib.crc32(piece, found)
        return found

    def close(self) -> None:
        """Gives back what is open."""


class ZipPart(Part):
    """A zip, read in place; each thread has its own file position."""

    def open(self) -> None:
        """Reads the directory. Raises BadZip."""
        directory = read_directory(self.path, wanted=_WANTED)
        self.refused += [f"{printable(self.label)}: {line}" for line in directory.refused]
        self.as_of = self.as_of or (directory.newest.strftime("%Y-%m-%d") if directory.newest else "")
        for entry in directory.entries:
            self.entries.append(Media(self.label, entry.name, entry.size, f"{entry.crc:08x}", (self, entry)))
        if self.entries and (match := _WRAPPED.match(self.entries[0].path)):
            self.as_of = _wrapped_day(match) or self.as_of
        self._threads = threading.local()
        self._files: list[BinaryIO] = []

    def chunks(self, media: Media) -> Iterator[bytes]:
        file = getattr(self._threads, "file", None)
        try:
            if file is None:
                file = self._threads.file = self.path.open("rb", buffering=PIECE)
                self._files.append(file)
            yield from chunks(file, media.handle[1])
        except OSError as error:
            raise DownloadError(f"it can't be read: {error.strerror}", final=True) from error

    def checksum(self, media: Media) -> int:
        """As the directory tells it; whoever reads the entry is told when that is a lie."""
        crc: int = media.handle[1].crc
        return crc

    def close(self) -> None:
        for file in self._files:
            file.close()


class FolderPart(Part):
    """A folder, an unpacked export or what another tool left; links are not followed."""

    def open(self) -> None:
        """Walks the folder. Raises BadZip when it can't be read at all."""
        newest = 0.0
        for folder, folders, files in os.walk(self.path, onerror=self._unreadable):
            folders.sort()
            for name in [*folders, *files]:
                path = Path(folder, name)
                if path.is_symlink():
                    self.refused.append(f"{self._shown(path)}: it is a symbolic link")
            for name in sorted(files):
                path = Path(folder, name)
                if not path.is_symlink() and _WANTED.search(name):
                    newest = max(newest, self._take(path))
        if newest and not self.as_of:
            self.as_of = datetime.fromtimestamp(newest, UTC).strftime("%Y-%m-%d")

    def _take(self, path: Path) -> float:
        status = path.lstat()
        name = path.relative_to(self.path).as_posix()
        if not stat.S_ISREG(status.st_mode):
            self.refused.append(f"{self._shown(path)}: it is no plain file")
            return 0.0
        mark = f"{status.st_size:x}-{status.st_mtime_ns:x}"
        self.entries.append(Media(self.label, os.fsencode(name).decode("utf-8", "replace"), status.st_size, mark,
                                  (self, path)))  # fmt: skip
        return status.st_mtime if extension_of(name) in TEXTS else 0.0

    def _unreadable(self, error: OSError) -> None:
        self.refused.append(f"{self._shown(Path(error.filename))}: {error.strerror}")

    def _shown(self, path: Path) -> str:
        return printable(f"{self.label}: {path.relative_to(self.path)}")

    def chunks(self, media: Media) -> Iterator[bytes]:
        path: Path = media.handle[1]
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:
                while piece := file.read(PIECE):
                    yield piece
        except OSError as error:
            raise DownloadError(f"it can't be read: {error.strerror}", final=True) from error


class FilePart(Part):
    """A text by itself, whatever its name: a saved answer."""

    def open(self) -> None:
        status = self.path.stat()
        name = self.path.name if extension_of(self.path.name) in TEXTS else f"{self.path.name}.xml"
        mark = f"{status.st_size:x}-{status.st_mtime_ns:x}"
        self.entries.append(Media(self.label, printable(name), status.st_size, mark, (self, self.path)))
        self.as_of = self.as_of or datetime.fromtimestamp(status.st_mtime, UTC).strftime("%Y-%m-%d")

    def chunks(self, media: Media) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                while piece := file.read(PIECE):
                    yield piece
        except OSError as error:
            raise DownloadError(f"it can't be read: {error.strerror}", final=True) from error


def open_parts(paths: list[Path]) -> tuple[list[Part], list[str]]:
    """The parts behind these paths and a line for each that is none; a folder of zips counts as its zips."""
    parts: list[Part] = []
    refused: list[str] = []
    for path in paths:
        for each in _zips_in(path) or [path]:
            try:
                parts.append(_opened(each))
            except BadZip as bad:
                refused.append(f"{printable(each.name)}: {bad}; left out as a whole")
            except FileNotFoundError:
                refused.append(f"{printable(str(each))}: there is no such file or folder; check the path")
            except OSError as error:
                refused.append(f"{printable(str(each))}: {error.strerror or error}")
    return parts, refused


def _zips_in(path: Path) -> list[Path]:
    if not path.is_dir() or not os.access(path, os.R_OK | os.X_OK):
        return []
    return sorted(each for each in path.iterdir() if each.suffix.lower() == ".zip" and each.is_file())


def _opened(path: Path) -> Part:
    match = _ZIP_NAME.fullmatch(path.stem if path.suffix.lower() == ".zip" else path.name)
    who, day = (match["who"], match["day"] or "") if match else (None, "")
    if not day:
        found = _DAY.search(path.name)
        day = found[1] if found else ""
        if wrapped := _WRAPPED.match(path.name):
            day = _wrapped_day(wrapped)
    group = f"{who}-{day}" if match else str(path)
    kind: type[Part] = FolderPart if path.is_dir() else FilePart if _is_text(path) else ZipPart
    part = kind(path, group, day, who=who)
    part.open()
    return part


def _is_text(path: Path) -> bool:
    """Whether a file that was named by itself begins like an answer that somebody saved."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return is_answer(file.read(HEAD))


def _wrapped_day(match: re.Match[str]) -> str:
    if match[2] not in _MONTHS:
        return ""
    return f"{match[1]}-{_MONTHS.index(match[2]) + 1:02}-{match[3]}"


def part_of(media: Media) -> Part:
    """The part that an entry lies in."""
    part: Any = media.handle[0]
    assert isinstance(part, Part)
    return part
