"""All parts as one tree: which file an address in the texts means, whatever happened to prefixes and names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from fbbackup.errors import DownloadError
from fbbackup.mentions import Media
from fbbackup.sources.export.names import PICTURES, VIDEOS, copy_of, extension_of, folded, left_out, name_of, stem_of
from fbbackup.sources.export.parts import TEXTS, Part, part_of
from fbbackup.sources.export.repair import mended, repaired

MESSAGES = "messages"


def _is_companion(path: str) -> bool:
    """Whether it is what macOS puts beside each file when it packs them: notes of its own under the file's name."""
    *folders, name = path.split("/")
    return name.startswith("._") or "__MACOSX" in folders


class Tree:
    """The entries of all parts, found by the last folder and the name without extension, then by all the rest."""

    def __init__(self, parts: Iterable[Part], *, messages: bool) -> None:
        self.texts: list[Media] = []
        self.pictures: list[Media] = []
        self.bare: list[Media] = []
        self.left_out = 0
        self._by_tail: dict[str, list[Media]] = {}
        self._by_cdn_name: dict[str, Media] = {}
        self._messages = messages
        for part in parts:
            for entry in part.entries:
                self._add(entry)

    def _add(self, entry: Media) -> None:
        extension = extension_of(entry.path)
        if _is_companion(entry.path):
            return
        if extension in TEXTS:
            self.texts.append(entry)
            return
        if not self._wanted(entry.path):
            self.left_out += 1
            return
        (self.pictures if extension in PICTURES | VIDEOS else self.bare).append(entry)
        for form in {entry.path, mended(entry.path)}:
            self._by_tail.setdefault(_tail(form), []).append(entry)
        if name_of(entry.path).rule.startswith("last number"):
            self._by_cdn_name.setdefault(stem_of(entry.path).rpartition("_")[0], entry)

    def _wanted(self, path: str) -> bool:
        return not left_out(path) and (self._messages or MESSAGES not in folded(path).split("/")[:-1])

    def find(self, uri: str, near: Media) -> Media | None:
        """The file that a text means by `uri`; of equally good ones that of the same export as `near`."""
        remote = uri.startswith(("https://", "http://"))
        path = unquote(urlsplit(uri).path) if remote else uri
        candidates = self._called(path) or self._called(unquote(path))
        if remote:
            candidates = candidates or self._by_stem(path)
            return candidates[0] if len({each.mark for each in candidates}) == 1 else None
        group, copy = part_of(near).group, copy_of(path)
        ranked = sorted(
            candidates,
            key=lambda each: (
                copy_of(each.path) == copy,
                _common(each.path, path),
                extension_of(each.path) == extension_of(path),
                part_of(each).group == group,
                part_of(each).as_of,
            ),
        )
        return ranked[-1] if ranked else None

    def _called(self, path: str) -> list[Media]:
        """Files of this name. Unless Facebook gave it, one with the number of a copy may be another picture."""
        copy = copy_of(path)
        found: list[Media] = []
        for form in dict.fromkeys((path, repaired(path))):
            found += self._by_tail.get(_tail(form), ())
        return [each for each in found if copy_of(each.path) == copy or name_of(each.path).is_unique]

    def original(self, media: Media) -> Media | None:
        """The file that this one is a second copy of, to the byte; None for all others."""
        if not copy_of(media.path):
            return None
        for each in self._by_tail.get(_tail(media.path), ()):
            same_folder = PurePosixPath(each.path).parent == PurePosixPath(media.path).parent
            if not copy_of(each.path) and same_folder and same_bytes(each, media):
                return each
        return None

    def _by_stem(self, path: str) -> list[Media]:
        """By the name that the picture had at Facebook: `<a>_<b>_<c>_n`, without its id."""
        found = self._by_cdn_name.get(stem_of(path))
        return [found] if found else []

    def contradictions(self) -> Iterator[str]:
        """Files that parts of one export hold under one path with different bytes."""
        for entries in self._by_tail.values():
            seen: dict[tuple[str, str], Media] = {}
            for entry in entries if len(entries) > 1 else ():
                other = seen.setdefault((part_of(entry).group, folded(mended(entry.path))), entry)
                if other is not entry and not same_bytes(entry, other):
                    yield f"{entry.part}: {entry.path}: {other.part} holds other bytes under the same name"


def same_bytes(one: Media, other: Media) -> bool:
    """Whether two files are equal, by size and checksum; what can't be read is not."""
    if one.size != other.size:
        return False
    if part_of(one) is part_of(other) and one.mark == other.mark:
        return True
    try:
        return part_of(one).checksum(one) == part_of(other).checksum(other)
    except DownloadError:
        return False


def _tail(path: str) -> str:
    folder = PurePosixPath(path).parent.name
    return folded(f"{folder}/{stem_of(path)}")


def _common(one: str, other: str) -> int:
    """How many folders from the end are the same."""
    pairs = zip(reversed(folded(one).split("/")[:-1]), reversed(folded(other).split("/")[:-1]), strict=False)
    count = 0
    for left, right in pairs:
        if left != right:
            break
        count += 1
    return count
