"""An import: what an export's texts say goes into the catalog, its pictures into the store; what is left is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any

from fbbackup.catalog import Catalog, import_albums, imported_files, imports, runs, unite
from fbbackup.catalog import downloads as files
from fbbackup.catalog.runs import RunRecord
from fbbackup.errors import BadPicture, FbbackupError, Incomplete
from fbbackup.intake import Intake
from fbbackup.layout import thumbnail_key
from fbbackup.manifests import write_manifests
from fbbackup.mentions import AlbumFound, ExportReader, Mention, NotUnderstood, Owner, Person, Piece, Problem
from fbbackup.models import Picture
from fbbackup.protocols import Progress, Report, Store

BATCH = 200
"""Mentions that share a transaction."""


LARGEST_TO_SHRINK = 64 << 20

Examine = Callable[[bytes, int | None], tuple[Picture, str | None]]
"""Decodes a picture and makes a thumbnail of the given edge; also tells why it could not be. Raises BadPicture."""


Look = tuple[str, str | None, str | None]
"""A file's digest, its mean colour, and why it has no thumbnail."""


@dataclass(frozen=True, slots=True)
class ImportJob:
    """What an import works with. `describe` reads headers, `kind_of` first bytes, `alike` compares thumbnails;
    `check_room` raises ArchiveUnusable when the disk is full."""

    reader: ExportReader
    as_of: str
    store: Store
    catalog: Catalog
    describe: Callable[[bytes], Picture]
    examine: Examine
    kind_of: Callable[[bytes], Picture]
    alike: Callable[[bytes, bytes], bool]
    decoder: Executor
    report: Report
    check_room: Callable[[], None]
    now: Callable[[], datetime]
    thumbnail_size: int | None
    workers: int = 4


@dataclass(slots=True)
class ImportResult:
    """An import's record. `refused` and `ambiguous` are lines for people."""

    account: str
    run_id: int
    new: int = 0
    stored: int = 0
    unchanged: int = 0
    bytes: int = 0
    albums: int = 0
    absent: int = 0
    dead: int = 0
    unlisted: int = 0
    accounts: list[str] = field(default_factory=list)
    thumbnails: int = 0
    refused: list[str] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)
    coverage: dict[str, Any] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return not (self.absent or self.refused)

    @property
    def exit_code(self) -> int:
        return 0 if self.complete else Incomplete.exit_code

    def counters(self) -> dict[str, Any]:
        return {
            "new": self.new, "stored": self.stored, "unchanged": self.unchanged, "albums": self.albums,
            "absent": self.absent, "dead": self.dead, "unlisted": self.unlisted, "skipped": len(self.refused),
            "ambiguous": len(self.ambiguous), "thumbnails": self.thumbnails, "coverage": self.coverage,
        }  # fmt: skip


async def import_export(job: ImportJob) -> ImportResult:
    """One import, from the first text to its verdict. Raises only what makes the archive unusable, or is a bug."""
    people = job.reader.people
    accounts = [await job.catalog.write(imports.export_account, person, job.now()) for person in people]
    account_id, account = accounts[0]
    cut_short = await job.catalog.read(runs.interruption, account_id)
    if cut_short is not None:
        await job.catalog.write(files.forget_thumbnails_since, cut_short.started_at)
    run_id = await job.catalog.write(runs.start_run, account_id, "import", job.now())
    names = [name for _, name in dict.fromkeys(accounts)]
    result = ImportResult(
        account, run_id, accounts=names, refused=list(job.reader.refused), ambiguous=list(job.reader.doubts)
    )
    try:
        texts = Texts(job, {person: id_ for person, (id_, _) in zip(people, accounts, strict=True)}, result)
        await texts.read()
        await _take_pictures(job, result, texts.mentioned)
        await _make_thumbnails(job, result)
        await _unite(job, result)
        await _conclude(job, account_id, result, texts)
    except BaseException as failure:
        await _record_failure(job, result, failure)
        raise
    return result


class Texts:
    """What the export's texts say, into the catalog in batches."""

    def __init__(self, job: ImportJob, accounts: Mapping[Person, int], result: ImportResult) -> None:
        self._job, self._accounts, self._result = job, accounts, result
        self._person = next(iter(accounts))
        self._waiting: list[Mention] = []
        self._brought: set[str] = set()
        self._listed: set[str] = set()
        self.mentioned: set[str] = set()
        self.dead: set[str] = set()

    async def read(self) -> None:
        pieces = self._job.reader.pieces()
        while group := await asyncio.to_thread(_next, pieces):
            for piece in group:
                await self._take(piece)
            self._job.report(Progress(listed=len(self.mentioned), message="reading"))
        await self._flush()
        self._result.coverage = self._job.reader.coverage.record()

    @property
    def _account_id(self) -> int:
        return self._accounts[self._person]

    async def _take(self, piece: Piece) -> None:
        match piece:
            case Person():
                await self._flush()
                self._person = piece
            case Mention():
                self._waiting.append(piece)
                if len(self._waiting) >= BATCH:
                    await self._flush()
            case AlbumFound():
                await self._flush()
                await self._album(piece)
            case Owner() if self._person.owner is None:
                await self._job.catalog.write(imports.name_owner, self._account_id, piece.name)
            case NotUnderstood():
                await self._job.catalog.write(imports.record_not_understood, self._account_id, self._job.as_of, [piece])
            case Problem():
                self._result.refused.append(piece.line)

    async def _flush(self) -> None:
        if not self._waiting:
            return
        named = await self._named([mention.id for mention in self._waiting])
        mentions = [_renamed(mention, named) for mention in self._waiting]
        self.mentioned.update(mention.id for mention in mentions)
        self.dead.update(mention.id for mention in mentions if mention.lacks_file)
        self._listed.update(mention.id for mention in mentions if mention.weight)
        merged = await self._job.catalog.write(imports.record_mentions, self._account_id, mentions, self._job.now())
        self._brought.update(merged.new)
        self._result.new += len(merged.new)
        self._waiting.clear()

    async def _named(self, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Which photos the made-up ones among these ids turned out to be in an earlier import."""
        return await self._job.catalog.read(imports.aliases, ids)

    async def _album(self, found: AlbumFound) -> None:
        named = await self._named(found.photo_ids)
        ids = tuple(dict.fromkeys(named[id_][0] if id_ in named else id_ for id_ in found.photo_ids))
        found = replace(found, photo_ids=ids)
        if found.album.kind == "unlisted":
            # A picture that an earlier import, or the API, named is listed after all.
            fresh = tuple(id_ for id_ in found.photo_ids if id_ in self._brought - self._listed)
            self._result.unlisted += len(fresh)
            found = AlbumFound(found.album, fresh, found.origin)
            if not fresh:
                return
        elif not found.album.virtual:
            self._result.albums += 1
        doubt = await self._job.catalog.write(
            import_albums.record_export_album, self._account_id, found, self._job.now()
        )
        if doubt is not None:
            self._result.ambiguous.append(doubt)


def _renamed(mention: Mention, named: dict[str, tuple[str, str]]) -> Mention:
    if mention.id not in named:
        return mention
    return replace(mention, id=named[mention.id][0], rule=named[mention.id][1], hint=None, made_up=False)


def _next(pieces: Iterator[Piece]) -> list[Piece]:
    return list(islice(pieces, BATCH))


async def _take_pictures(job: ImportJob, result: ImportResult, mentioned: set[str]) -> None:
    intake = Intake(
        job.reader, job.store, job.catalog, job.describe, job.kind_of, job.decoder, job.report,
        job.check_room, job.now, job.workers,
        total=len(mentioned),
    )  # fmt: skip
    try:
        await intake.run()
    finally:
        result.stored, result.unchanged, result.bytes = intake.stored, intake.unchanged, intake.size
        result.refused += intake.lines


async def _make_thumbnails(job: ImportJob, result: ImportResult) -> None:
    """Thumbnails once everything is safe; what can't be decoded within its limits is kept and says why."""
    size = job.thumbnail_size
    while size is not None:
        due = await job.catalog.read(files.files_without_thumbnail, size, BATCH)
        if not due:
            break
        looks: list[Look] = []
        for first in range(0, len(due), job.workers):
            group = due[first : first + job.workers]
            looks += await asyncio.gather(*(_look_at(job, file.sha256, file.key, size) for file in group))
        made = [(digest, size, color) for digest, color, flaw in looks if flaw is None]
        failed = [(digest, flaw) for digest, _, flaw in looks if flaw is not None]
        await job.catalog.write(imported_files.record_looks, made, failed)
        result.thumbnails += len(made)
        job.report(Progress(stored=result.stored, message=f"{result.thumbnails} thumbnails"))
    await job.store.sync_derived()


async def _look_at(job: ImportJob, digest: str, key: str, size: int) -> Look:
    (length,) = await asyncio.to_thread(job.store.sizes, [key])
    if length is None or length > LARGEST_TO_SHRINK:
        return digest, None, "its file is not there" if length is None else f"{length:,} bytes are too many to decode"
    body = b"".join([chunk async for chunk in job.store.read(key)])
    try:
        picture, flaw = await asyncio.get_running_loop().run_in_executor(job.decoder, job.examine, body, size)
    except BadPicture as bad:
        return digest, None, str(bad)
    if picture.thumbnail is None:
        return digest, None, flaw or "it is too large to be decoded"
    await job.store.put_derived(thumbnail_key(digest, size), picture.thumbnail)
    return digest, picture.color, None


async def _unite(job: ImportJob, result: ImportResult) -> None:
    """Rows that turn out to be one photo become one; what may be and is not proven is listed."""
    doubts = await job.catalog.write(unite.unite)
    pairs = await job.catalog.read(unite.look_alikes)
    alike: dict[str, list[str]] = {}
    for photo_id, other, digest, other_digest in pairs:
        if await _look_alike(job, digest, other_digest):
            alike.setdefault(photo_id, []).append(other)
    for photo_id, others in alike.items():
        if len(others) == 1:
            await job.catalog.write(unite.merge_photo, photo_id, others[0], unite.SAME_LOOK)
        else:
            doubts.append(unite.Doubt(photo_id, tuple(others), unite.SAME_LOOK))
    if alike:
        await job.catalog.write(import_albums.tidy)
    result.ambiguous += [doubt.line() for doubt in doubts]


async def _look_alike(job: ImportJob, digest: str, other: str) -> bool:
    if job.thumbnail_size is None:
        return False
    bodies = []
    for each in (digest, other):
        try:
            key = thumbnail_key(each, job.thumbnail_size)
            bodies.append(b"".join([chunk async for chunk in job.store.read(key)]))
        except KeyError:
            return False
    return await asyncio.get_running_loop().run_in_executor(job.decoder, job.alike, bodies[0], bodies[1])


async def _conclude(job: ImportJob, account_id: int, result: ImportResult, texts: Texts) -> None:
    result.dead = await job.catalog.read(imported_files.without_file, sorted(texts.dead))
    ids = sorted(texts.mentioned - texts.dead)
    for start in range(0, len(ids), 5000):
        result.absent += await job.catalog.read(imported_files.without_file, ids[start : start + 5000])
    outcome = "complete" if result.complete else "incomplete"
    verdicts = [v for v in await job.catalog.read(runs.verdicts, account_id) if v.verdict != "complete"]
    record = RunRecord(outcome, result.counters(), 0, result.bytes, None)
    await job.catalog.write(runs.finish_run, result.run_id, record, verdicts, job.now())
    await write_manifests(job.catalog, job.store)


async def _record_failure(job: ImportJob, result: ImportResult, failure: BaseException) -> None:
    """Writes down that the import was cut short, if the disk still allows it."""
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    why = "stopped" if isinstance(failure, asyncio.CancelledError) else str(failure) or type(failure).__name__
    record = RunRecord("failed", result.counters(), 0, result.bytes, why)
    try:
        await job.store.sync_derived()
        await job.catalog.write(runs.finish_run, result.run_id, record, (), job.now())
    except FbbackupError:
        return
