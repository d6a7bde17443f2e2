"""An export opened for reading: all its parts as one, its texts piece by piece, its pictures where they lie."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from fbbackup.errors import ConfigError, DownloadError
from fbbackup.mentions import AlbumFound, Coverage, Media, Mention, NotUnderstood, Owner, Person, Piece, Problem
from fbbackup.models import Album, Kind
from fbbackup.sources.export.jsonstream import BadJson, items
from fbbackup.sources.export.names import VIDEOS, extension_of, folded, name_of
from fbbackup.sources.export.pages import LARGEST as LARGEST_PAGE
from fbbackup.sources.export.pages import read_page
from fbbackup.sources.export.parts import Part, open_parts, part_of
from fbbackup.sources.export.people import people_of
from fbbackup.sources.export.saved import HEAD, SavedAnswers, by_file_name, is_answer
from fbbackup.sources.export.saved import LARGEST as LARGEST_ANSWER
from fbbackup.sources.export.textfiles import TextFile
from fbbackup.sources.export.tree import MESSAGES, Tree
from fbbackup.sources.export.zipentries import LARGEST_ENTRY, printable

UNLISTED = Album("export:unlisted", "Unlisted media", "unlisted", virtual=True)
_GROUP = 1000
MOST_OF_A_PAGE = 1 << 20
"""Letters that are kept of a page without pictures."""
NO_CONTENT = b"[object Object]"
_LARGEST_PROFILE = 4 << 20


class Export:
    """An `ExportReader` (see `fbbackup.mentions`) over zips and folders."""

    def __init__(self, paths: Sequence[Path], *, messages: bool = False) -> None:
        self._parts, refused = open_parts(list(paths))
        self.refused: list[str] = [*refused, *(line for part in self._parts for line in part.refused)]
        self._messages = messages
        self._posters: set[Media] = set()
        self._tree = Tree(self._parts, messages=messages)
        self._answers = SavedAnswers(by_file_name(self._tree.pictures))
        self.refused += self._tree.contradictions()
        self._people, self.doubts = people_of(self._parts, self._owners())
        self.coverage = Coverage(media_files=len(self._tree.pictures), media_left_out=self._tree.left_out)

    def close(self) -> None:
        for part in self._parts:
            part.close()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to read, and nothing that was refused."""
        return not self.refused and not any(part.entries for part in self._parts)

    @property
    def whole_parts(self) -> int:
        return len(self._parts)

    @property
    def people(self) -> Sequence[Person]:
        """Whose export it is, or exports."""
        return [person for person, _ in self._people]

    def _owners(self) -> Iterator[tuple[Part, Owner]]:
        """What profile files say; what can't be read there is told when all texts are read."""
        for text in self._tree.texts:
            if PurePosixPath(text.path).stem != "profile_information" or text.size > _LARGEST_PROFILE:
                continue
            file = TextFile(text, "", lambda mention: mention)
            try:
                if extension_of(text.path) == "json":
                    pieces = list(file.read(items(part_of(text).chunks(text))))
                else:
                    pieces = list(file.read_page(read_page(self.read(text))))
            except (BadJson, DownloadError):
                continue
            yield from ((part_of(text), piece) for piece in pieces if isinstance(piece, Owner))

    @property
    def as_of(self) -> str:
        """The latest day that a part describes."""
        return max((part.as_of for part in self._parts), default="")

    def pieces(self) -> Iterator[Piece]:
        for number, (person, parts) in enumerate(self._people):
            yield person
            mine = {id(part) for part in parts}
            texts = [text for text in self._tree.texts if id(part_of(text)) in mine]
            for text in sorted(texts, key=lambda each: (each.path, each.part)):
                yield from self._text(text)
            if not number:
                yield from self._answers.albums()
        for person, parts in self._people:
            yield person
            yield from self._unlisted({id(part) for part in parts})

    def _text(self, text: Media) -> Iterator[Piece]:
        if is_answer(self._head(text)):
            yield from self._saved(text)
            return
        if extension_of(text.path) == "xml":
            self.coverage.kept_raw += 1
            note = NotUnderstood(text.path, "(text)", 1, self._head(text).decode("utf-8", "replace"))
            yield from self._read(text, iter([note]))
            return
        if extension_of(text.path) != "json":
            self.coverage.html_files += 1
            yield from self._html(text)
            return
        self.coverage.json_files += 1
        if MESSAGES in folded(text.path).split("/")[:-1] and not self._messages:
            self.coverage.messages_left_out += 1
            return
        if text.size == len(NO_CONTENT) and self._says(text, NO_CONTENT):
            # Facebook's own fault of some years: nothing was lost by us, and nothing can be had.
            self.coverage.kept_raw += 1
            yield from self._read(text, iter([NotUnderstood(text.path, "(text)", 1, NO_CONTENT.decode())]))
            return
        file = TextFile(text, part_of(text).as_of, lambda mention: self._resolved(mention, text))
        yield from self._read(text, file.read(items(part_of(text).chunks(text))))
        if file.understood:
            self.coverage.understood += 1
        else:
            self.coverage.kept_raw += 1

    def _head(self, text: Media) -> bytes:
        if text.path.endswith((".html", ".htm")):
            return b""
        try:
            return next(iter(part_of(text).chunks(text)), b"")[:HEAD]
        except DownloadError:
            return b""

    def _saved(self, text: Media) -> Iterator[Piece]:
        """An answer of the legacy interface that somebody saved."""
        self.coverage.saved_answers += 1
        if text.size > LARGEST_ANSWER:
            yield Problem(
                f"{printable(text.part)}: {printable(text.path)}: an answer of {text.size:,} bytes is too large"
            )
            return
        try:
            body = self.read(text)
        except DownloadError as error:
            yield Problem(f"{printable(text.part)}: {printable(text.path)}: {error}")
            return
        yield from self._read(text, self._answers.read(body, text, part_of(text).as_of))
        self.coverage.understood += 1

    def _says(self, text: Media, words: bytes) -> bool:
        try:
            return self.read(text) == words
        except DownloadError:
            return False

    def _read(self, text: Media, pieces: Iterator[Piece]) -> Iterator[Piece]:
        try:
            for piece in pieces:
                if isinstance(piece, NotUnderstood):
                    entry = {"file": piece.origin, "key": piece.key, "count": piece.count}
                    self.coverage.not_understood.append(entry)
                yield piece
        except (BadJson, DownloadError) as error:
            yield Problem(f"{printable(text.part)}: {printable(text.path)}: {error}")

    def _html(self, text: Media) -> Iterator[Piece]:
        """A page; one without pictures tells at most whose export it is."""
        if text.size > LARGEST_PAGE:
            yield Problem(f"{printable(text.part)}: {printable(text.path)}: a page of {text.size:,} bytes is too large")
            return
        try:
            body = self.read(text)
            page = read_page(body)
        except DownloadError as error:
            yield Problem(f"{printable(text.part)}: {printable(text.path)}: {error}")
            return
        file = TextFile(text, part_of(text).as_of, lambda mention: self._resolved(mention, text))
        yield from file.read_page(page)
        if file.understood:
            self.coverage.understood += 1
        else:
            self.coverage.kept_raw += 1
            raw = body.decode("utf-8", "replace")[:MOST_OF_A_PAGE].replace("\0", "�")
            yield from self._read(text, iter([NotUnderstood(text.path, "(page)", 1, raw)]))

    def _resolved(self, mention: Mention, text: Media) -> Mention:
        """The mention with its file, and with the id that the file's name knows when the text's address does not."""
        media = self._tree.find(mention.uri, text)
        if mention.poster is not None and (poster := self._tree.find(mention.poster, text)) is not None:
            self._posters.add(poster)
        if media is None or not media.size:
            return mention
        if mention.made_up:
            name = name_of(media.path)
            if not name.made_up or not mention.hint:
                mention = replace(mention, id=name.id, rule=name.rule, made_up=name.made_up, hint=name.hint)
        if media.photo_id is None:
            media.photo_id = mention.id
        return replace(mention, found=True)

    def _unlisted(self, parts: Collection[int]) -> Iterator[Piece]:
        """Pictures that no text names: photos all the same, in an album of their own."""
        ids: list[str] = []
        for media in self._tree.pictures:
            if id(part_of(media)) not in parts:
                continue
            if not media.size:
                yield Problem(f"{printable(media.part)}: {printable(media.path)}: the file is empty")
                continue
            if media.photo_id is not None:
                continue
            if media in self._posters:
                self.coverage.media_left_out += 1
                self.coverage.media_files -= 1
                continue
            original = self._tree.original(media)
            if original is not None and original.photo_id is not None:
                media.photo_id = original.photo_id
                continue
            name = name_of(original.path if original is not None else media.path)
            media.photo_id = name.id
            ids.append(name.id)
            kind = Kind.VIDEO if extension_of(media.path) in VIDEOS else Kind.PHOTO
            yield Mention(name.id, media.path, name.rule, media.path, part_of(media).as_of, name.made_up, name.hint,
                          kind, weight=0, found=True)  # fmt: skip
            if len(ids) == _GROUP:
                yield AlbumFound(UNLISTED, tuple(dict.fromkeys(ids)), media.part)
                ids.clear()
        if ids:
            yield AlbumFound(UNLISTED, tuple(dict.fromkeys(ids)), "")

    def media(self) -> Iterator[Media]:
        for part in self._parts:
            known = [media for media in part.entries if media.photo_id is not None and media.size]
            yield from sorted(known, key=_place)

    def read(self, media: Media) -> bytes:
        return b"".join(part_of(media).chunks(media))

    async def stream(self, media: Media) -> AsyncIterator[bytes]:
        done = 0
        chunks = part_of(media).chunks(media)
        while (piece := await asyncio.to_thread(next, chunks, None)) is not None:
            done += len(piece)
            if done > LARGEST_ENTRY:
                raise DownloadError("it is too large", final=True)
            yield piece


def open_export(paths: Sequence[Path], *, messages: bool = False) -> Export:
    """The export behind these paths. Raises ConfigError when none of them can be read, or nothing is in them."""
    export = Export(paths, messages=messages)
    if not export.whole_parts:
        raise ConfigError(f"nothing to import: {'; '.join(export.refused)}")
    if export.is_empty:
        export.close()
        names = ", ".join(printable(path.name or str(path)) for path in paths)
        raise ConfigError(f"nothing to import: no pictures and no texts of an export are in {names}; check the path")
    return export


def _place(media: Media) -> Any:
    where = media.handle[1]
    return getattr(where, "offset", 0), media.path
