"""Brings an export's pictures into the store: read, checked, durable, recorded, in the order they lie on the disk.

Whatever was read by an earlier import, or by one that was killed, is not read again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import islice

from fbbackup.catalog import Catalog, imported_files, imports
from fbbackup.catalog.downloads import Kept
from fbbackup.catalog.imported_files import Taken
from fbbackup.errors import ItemError
from fbbackup.mentions import ExportReader, Media
from fbbackup.models import Picture, StoredFile
from fbbackup.placing import GROUP, Placing, gathered
from fbbackup.protocols import Progress, Report, Store

LARGE = 32 << 20
"""Bodies above this go through staging instead of through memory."""

PLANNED = 500


@dataclass(slots=True)
class Intake:
    """One import's pictures. Counts tell what is done and durable; `lines` name what could not come in."""

    reader: ExportReader
    store: Store
    catalog: Catalog
    describe: Callable[[bytes], Picture]
    kind_of: Callable[[bytes], Picture]
    decoder: Executor
    report: Report
    check_room: Callable[[], None]
    now: Callable[[], datetime]
    workers: int = 4
    stored: int = 0
    size: int = 0
    total: int = 0
    unchanged: int = 0
    lines: list[str] = field(default_factory=list)
    _todo: asyncio.Queue[tuple[Media, str] | None] = field(init=False)
    _done: asyncio.Queue[Taken | None] = field(init=False)
    _placing: Placing = field(init=False)

    async def run(self) -> None:
        self._todo, self._done = asyncio.Queue(self.workers), asyncio.Queue(2 * GROUP)
        self._placing = Placing(self.catalog, self.store, looking=True)
        async with asyncio.TaskGroup() as group:
            committer = group.create_task(self._commit_groups())
            workers = [group.create_task(self._work()) for _ in range(self.workers)]
            await self._feed()
            for _ in workers:
                await self._todo.put(None)
            await asyncio.gather(*workers)
            await self._done.put(None)
            await committer

    async def _feed(self) -> None:
        """Hands out what was not read before, in the order of the parts."""
        media = self.reader.media()
        while planned := await asyncio.to_thread(lambda: list(islice(media, PLANNED))):
            names = [(each.path, each.mark, each.size) for each in planned]
            known = await self.catalog.read(imported_files.already_read, names)
            keys = [read.key for read in known if read]
            sizes = dict(zip(keys, await asyncio.to_thread(self.store.sizes, keys), strict=True))
            named = await self.catalog.read(imports.aliases, [each.photo_id or "" for each in planned])
            for each in planned:
                each.photo_id = named[each.photo_id][0] if each.photo_id in named else each.photo_id
            stems = await self.catalog.read(imported_files.key_stems, [each.photo_id or "" for each in planned])
            for each, read in zip(planned, known, strict=True):
                if read is not None and sizes[read.key] == read.bytes:
                    self.unchanged += 1
                elif each.photo_id in stems:
                    await self._todo.put((each, stems[each.photo_id]))
            self._publish()

    async def _work(self) -> None:
        while (planned := await self._todo.get()) is not None:
            media, stem = planned
            try:
                taken = await self._take(media, stem)
            except ItemError as error:
                self.lines.append(f"{media.part}: {media.path}: {error}")
                await self.catalog.write(imported_files.record_refused, media.photo_id or "", str(error))
            else:
                await self._done.put(taken)

    async def _take(self, media: Media, stem: str) -> Taken:
        if media.size > LARGE:
            return await self._take_large(media, stem)
        loop = asyncio.get_running_loop()

        def read() -> tuple[bytes, str, Picture]:
            body = self.reader.read(media)
            return body, sha256(body).hexdigest(), self.describe(body)

        body, digest, picture = await loop.run_in_executor(self.decoder, read)
        new = StoredFile(f"{stem}.{picture.extension}", digest, len(body))
        stored = await self._placing.put(new, body)
        return Taken(self._kept(media, stored, picture), media.path, media.mark, media.size)

    async def _take_large(self, media: Media, stem: str) -> Taken:
        """Videos and huge pictures: only their kind is checked, and that they arrive whole."""
        staged = await self.store.stage(self.reader.stream(media))
        try:
            picture = self.kind_of(staged.head)
            stored = await self._placing.keep(staged, f"{stem}.{picture.extension}")
        except BaseException:
            await self.store.discard(staged)
            raise
        return Taken(self._kept(media, stored, picture), media.path, media.mark, media.size)

    def _kept(self, media: Media, stored: StoredFile, picture: Picture) -> Kept:
        return Kept(media.photo_id or "", stored, picture, "export", None)

    async def _commit_groups(self) -> None:
        async for group in gathered(self._done):
            await asyncio.to_thread(self.check_room)
            await self.store.settle([taken.kept.file.key for taken in group])
            await self.catalog.write(imported_files.record_taken, group, self.now())
            for taken in group:
                self._placing.settled(taken.kept.file.sha256)
            self.stored += len(group)
            self.size += sum(taken.kept.file.bytes for taken in group)
            self._publish()

    def _publish(self) -> None:
        done = self.stored + self.unchanged
        self.report(Progress(listed=self.total, stored=done, stored_total=max(self.total, done), bytes=self.size,
                             failed=len(self.lines)))  # fmt: skip
