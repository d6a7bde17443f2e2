"""The catalog made again from the archive's files alone: manifests say what they say, names of files the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import islice
from sqlite3 import Connection
from typing import Protocol

from fbbackup.catalog import adopted, downloads, lines, marks
from fbbackup.catalog.adopted import Named
from fbbackup.catalog.restored import Restorer, record_found
from fbbackup.catalog.search import index_photos
from fbbackup.errors import BadPicture, FbbackupError
from fbbackup.layout import thumbnail_key
from fbbackup.manifests import ALBUMS, CHECKSUMS, JOURNAL, MANIFEST, MONTHS, mark_of
from fbbackup.models import Kind, Picture, StoredFile

CHUNK = 1000
_NAME = re.compile(
    r"((?:photos|videos)/(?:\d{4}/\d{2}|undated)/(\d{4}-\d{2}-\d{2}|undated)_([A-Za-z0-9_]{1,100}))(?:-\d{1,2})?\.\w{2,5}"
)


class Files(Protocol):
    """What a rebuild needs of a store, without an event loop."""

    def sizes(self, keys: Sequence[str]) -> list[int | None]: ...

    def keys(self, prefix: str) -> Iterator[tuple[str, int]]: ...

    def chunks(self, key: str) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class Help:
    """What else a rebuild may ask: the checks of pictures, an older catalog of the same schema if there is one, and
    name and source of the account that unknown files are given to."""

    examine: Callable[[bytes], Picture]
    older: Callable[[], Connection | None]
    owner: tuple[str, str]
    now: datetime


@dataclass(slots=True)
class Rebuilt:
    """What came of it. `refused` are lines and manifests that are not believed, each with its file and number;
    `adopted` keys of files that no manifest speaks of and that were taken in, `remembered` those of which an older
    catalog knew more than the name; `unknown` those that were left alone, with the reason; `missing` recorded files
    that are not there as recorded."""

    manifests: int = 0
    refused: list[str] = field(default_factory=list)
    distrusted: list[str] = field(default_factory=list)
    adopted: list[str] = field(default_factory=list)
    remembered: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not (self.refused or self.adopted or self.remembered or self.unknown or self.missing)


def rebuild(db: Connection, files: Files, help_: Help) -> Rebuilt:
    """Fills an empty catalog from a store. Bad lines and files cost what they say and nothing else."""
    work = _Rebuild(db, files, help_)
    work.run()
    return work.found


class _Rebuild:
    def __init__(self, db: Connection, files: Files, help_: Help) -> None:
        self.db, self.files, self.help = db, files, help_
        self.found = Rebuilt()
        self._restorer = Restorer(db)
        self._manifests: dict[str, tuple[str, int]] = {}

    def run(self) -> None:
        listed = self._listed_manifests()
        self._read(ALBUMS)
        if ALBUMS not in self._manifests or self.found.refused or listed.get(ALBUMS) != self._manifests[ALBUMS][0]:
            older = self.help.older()
            if older is not None:
                self._restorer.fill_albums(older)
        for folder in MONTHS:
            for key, _ in self.files.keys(folder):
                if key.endswith(f"/{MANIFEST}"):
                    self._read(key)
        for key, _ in self.files.keys(JOURNAL):
            self._read(key)
        self._compare(listed)
        self._restorer.finish(list_again=bool(self.found.refused))
        record_found(self.db, self._manifests)
        for folder in MONTHS:
            self._take_in(folder)
        self._look_for_files()
        self._look_for_thumbnails()
        marks.mark(self.db, [*marks.FROM_MANIFESTS, *map(mark_of, self.found.distrusted)])

    def _listed_manifests(self) -> dict[str, str]:
        """Digests of the manifests as `manifest-sha256.txt` has them."""
        listed = {}
        try:
            for number, line in enumerate(lines.split(self.files.chunks(CHECKSUMS)), 1):
                try:
                    digest, key = lines.checksum(line)
                except ValueError as error:
                    self.found.refused.append(f"{CHECKSUMS}:{number} {error}")
                    continue
                if key.endswith((MANIFEST, ALBUMS)):
                    listed[key] = digest
        except (KeyError, FbbackupError):
            # Without it nothing but whole missing lines would go unnoticed.
            return {}
        return listed

    def _read(self, key: str) -> None:
        digest, size = sha256(), 0
        found = self.found
        before = len(found.refused)

        def counted() -> Iterator[bytes]:
            nonlocal size
            try:
                for chunk in self.files.chunks(key):
                    digest.update(chunk)
                    size += len(chunk)
                    yield chunk
            except FbbackupError as error:
                found.refused.append(f"{key} can't be read to its end ({error})")

        try:
            for number, line in enumerate(lines.split(counted()), 1):
                try:
                    self._restorer.restore(line)
                except ValueError as error:
                    found.refused.append(f"{key}:{number} {error}")
        except KeyError:
            return
        found.manifests += 1
        if not key.startswith(JOURNAL):
            self._manifests[key] = (digest.hexdigest(), size)
        if len(found.refused) > before:
            found.distrusted.append(key)

    def _compare(self, listed: dict[str, str]) -> None:
        """Lines that were cut off leave no trace in a manifest, but in its digest."""
        for key, digest in sorted(listed.items()):
            there = self._manifests.get(key)
            if there is None:
                self.found.refused.append(f"{key} is missing")
                self.found.distrusted.append(key)
            elif there[0] != digest and key not in self.found.distrusted:
                self.found.refused.append(f"{key} is not as {CHECKSUMS} has it, lines may be missing")
                self.found.distrusted.append(key)

    def _take_in(self, folder: str) -> None:
        keys = self.files.keys(folder)
        while chunk := list(islice(keys, CHUNK)):
            sizes = dict(chunk)
            for key in downloads.unknown_keys(self.db, list(sizes)):
                self.db.execute("BEGIN IMMEDIATE")
                try:
                    self._take_in_file(key, sizes[key])
                except BadPicture as bad:
                    self.found.unknown.append(f"{key}: {bad}")
                except (KeyError, FbbackupError) as error:
                    self.found.unknown.append(f"{key}: it can't be read ({error})")
                finally:
                    self.db.execute("COMMIT")

    def _take_in_file(self, key: str, size: int) -> None:
        if self._remembered(key):
            return
        match = _NAME.fullmatch(key)
        if match is None:
            self.found.unknown.append(f"{key}: its name tells no photo")
            return
        kind = Kind.VIDEO if key.startswith("videos/") else Kind.PHOTO
        named = Named(match[3], kind, None if match[2] == "undated" else match[2], match[1])
        if adopted.is_stored(self.db, named):
            self.found.unknown.append(f"{key}: photo {named.photo_id} has another file")
            return
        body, digest = b"", sha256()
        for chunk in self.files.chunks(key):
            digest.update(chunk)
            if kind is Kind.PHOTO or not body:
                body += chunk
        file = StoredFile(key, digest.hexdigest(), size)
        adopted.adopt(self.db, named, (file, self.help.examine(body)), self.help.owner, self.help.now)
        self.found.adopted.append(key)

    def _remembered(self, key: str) -> bool:
        """Takes in what an older catalog says of a file; of photos whose file is not there it is not asked, since
        they may have been purged."""
        older = self.help.older()
        ids = adopted.unknown_among(self.db, adopted.photos_of_key(older, key)) if older is not None else []
        known = []
        for id_, line in zip(ids, lines.lines_of_photos(older, ids) if older is not None else (), strict=True):
            with suppress(ValueError):
                self._restorer.restore(line)
                known.append(id_)
        if not known:
            return False
        index_photos(self.db, known)
        self.found.remembered.append(key)
        return True

    def _look_for_files(self) -> None:
        after = ""
        while rows := adopted.keys_of_files(self.db, after, CHUNK):
            after = rows[-1][0]
            for (key, recorded), size in zip(rows, self.files.sizes([key for key, _ in rows]), strict=True):
                if size is None:
                    self.found.missing.append(f"{key} is missing")
                elif size != recorded:
                    self.found.missing.append(f"{key} has {size} bytes instead of {recorded}")

    def _look_for_thumbnails(self) -> None:
        after = ""
        while rows := downloads.thumbnails_made(self.db, after, CHUNK):
            after = rows[-1][0]
            sizes = self.files.sizes([thumbnail_key(digest, edge) for digest, edge in rows])
            adopted.forget_thumbnails(
                self.db, [digest for (digest, _), size in zip(rows, sizes, strict=True) if size is None]
            )
