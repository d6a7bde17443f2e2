"""Downloads: whatever the catalog says is missing, by a fixed number of workers, each file durable before it counts.

Nothing is queued in memory beyond what the workers are busy with: the catalog is the queue.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from sqlite3 import Connection

from fbbackup.catalog import downloads, photos, withheld
from fbbackup.catalog.downloads import Due, Failure, Kept, Wanted
from fbbackup.catalog.search import index_photos
from fbbackup.errors import (
    AddressExpired,
    BadPicture,
    DownloadError,
    FbbackupError,
    Incomplete,
    ItemError,
    LoginNeeded,
    NoPicture,
    Unreachable,
)
from fbbackup.job import Job
from fbbackup.layout import thumbnail_key
from fbbackup.models import Absence, Answers, Kind, Photo, Picture, StoredFile, Variant
from fbbackup.placing import GROUP, Placing, gathered

REFRESH_GROUP = 50
"""Photos that one call asks for by id at most."""

BREAKER = 48
"""Downloads that may fail in a row before the run stops trying: the far side is down."""

GUESS_ATTEMPTS = 3
"""Attempts at an address that may not lead to a picture at all, where there is another one."""

FIRST_RETRY_SECONDS = 300.0
LONGEST_RETRY_SECONDS = 86_400.0


class Downloads:
    """One run's downloads. `run` ends when the crawl has ended and nothing that can be tried is left."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.crawl_ended = False
        self.listed_all = False
        """Whether the crawl showed everything there is to show; then what still has no file is asked for by id."""
        self.stopped: str | None = None
        self.refused: FbbackupError | None = None
        self._due = Due(job.now(), job.now(), job.settings.all_failed)
        self._busy: set[str] = set()
        self._left: set[str] = set()
        self._stale: set[str] = set()
        self._refreshed: set[str] = set()
        self._placing = Placing(job.catalog, job.store)
        self._failures_in_row = 0
        self._todo: asyncio.Queue[Wanted | None] = asyncio.Queue(job.settings.workers)
        self._done: asyncio.Queue[Kept | Failure | None] = asyncio.Queue(2 * GROUP)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            committer = group.create_task(self._commit_groups())
            workers = [group.create_task(self._work()) for _ in range(self.job.settings.workers)]
            await self._feed()
            for _ in workers:
                await self._todo.put(None)
            await asyncio.gather(*workers)
            await self._done.put(None)
            await committer

    async def _feed(self) -> None:
        job = self.job
        while self.stopped is None:
            job.crawling.clear()
            ended = self.crawl_ended
            batch = await job.catalog.read(
                downloads.photos_to_download, job.account_id, self._due, self._busy | self._left, 2 * REFRESH_GROUP
            )
            ready = [wanted for wanted in batch if not self._needs_fresh_address(wanted)]
            expired = [wanted for wanted in batch if self._needs_fresh_address(wanted)]
            if expired and (not ready or len(expired) >= REFRESH_GROUP):
                await self._refresh(expired[:REFRESH_GROUP])
            for wanted in ready:
                self._busy.add(wanted.id)
                await self._todo.put(wanted)
            if not batch:
                if ended and not self._busy and not await self._ask_for_files():
                    return
                if not ended or self._busy:
                    await job.crawling.wait()

    def _needs_fresh_address(self, wanted: Wanted) -> bool:
        variant = wanted.variant
        if variant is None or wanted.id in self._stale:
            return True
        if wanted.is_new or wanted.id in self._refreshed:
            # It was just handed out: whether it has expired is the server's to say, since the clock may be wrong.
            return False
        return variant.expires_at is not None and variant.expires_at <= self.job.now() + timedelta(seconds=60)

    async def _refresh(self, expired: Sequence[Wanted]) -> None:
        """Asks for these photos again; what comes back can be downloaded, the rest is noted with its reason."""
        if self.refused is not None:
            self._left.update(wanted.id for wanted in expired)
            return
        ids = [wanted.id for wanted in expired]
        again = [id_ for id_ in ids if id_ in self._refreshed]
        first = [id_ for id_ in ids if id_ not in self._refreshed]
        self._refreshed.update(first)
        self._stale.difference_update(first)
        reasons = dict.fromkeys(again, "its address was refused again right after it was renewed")
        if first:
            try:
                reasons |= await self._fresh_addresses(first)
            except (Incomplete, LoginNeeded) as refused:
                # The API says no for now; pictures whose addresses still hold go on without it.
                self.refused = refused
                self._left.update(first)
        for wanted in expired:
            if wanted.id in reasons:
                self._busy.add(wanted.id)
                await self._done.put(self._failure(wanted, reasons[wanted.id]))

    async def _fresh_addresses(self, ids: Sequence[str]) -> dict[str, str]:
        """Records the photos afresh; returns why some of them still can't be downloaded, and yet may be later."""
        job = self.job
        answers = await self._ask(ids)
        await job.catalog.write(_record_answers, job.account_id, answers.photos, _refusals(answers), job.now())
        reasons = {absence.id: absence.evidence for absence in (*answers.absent, *answers.unclear)}
        answered = {photo.id for photo in answers.photos} | reasons.keys()
        return reasons | {id_: "Facebook gave no answer for it" for id_ in ids if id_ not in answered}

    async def _ask(self, ids: Sequence[str]) -> Answers:
        videos = await self.job.catalog.read(photos.videos_among, ids)
        return await self.job.source.photos_by_id(ids, videos)

    async def _ask_for_files(self) -> bool:
        """Asks for some of the photos that no listing had a file for; false when there is nothing to ask."""
        job = self.job
        if not self.listed_all or self.refused is not None:
            return False
        before = self._due.tried_before if job.settings.deep else self._due.now - job.settings.deep_after
        ids = await job.catalog.read(withheld.to_ask, job.account_id, before, self._left, REFRESH_GROUP)
        if not ids:
            return False
        self._left.update(ids)
        try:
            answers = await self._ask(ids)
        except (Incomplete, LoginNeeded) as refused:
            self.refused = refused
            return False
        self._left.difference_update(photo.id for photo in answers.photos if photo.variants)
        final = [*_refusals(answers), *answers.absent]
        await job.catalog.write(_record_answers, job.account_id, answers.photos, final, job.now())
        await job.catalog.write(withheld.record_unclear, answers.unclear, job.now())
        return True

    async def _work(self) -> None:
        while (wanted := await self._todo.get()) is not None:
            if self.stopped is not None:
                self._busy.discard(wanted.id)
                continue
            try:
                kept = await self._store(wanted)
            except ItemError as error:
                self._count_failure(error)
                if self._may_have_expired(wanted, error):
                    self._stale.add(wanted.id)
                    self._release(wanted.id)
                else:
                    await self._done.put(self._failure(wanted, str(error)))
            else:
                self._failures_in_row = 0
                await self._done.put(kept)

    def _may_have_expired(self, wanted: Wanted, error: ItemError) -> bool:
        """Whether a fresh address may help: some servers answer an expired one with a page or an empty picture."""
        guess = wanted.variant is not None and wanted.variant.is_guess
        signs = AddressExpired if guess else AddressExpired | BadPicture | NoPicture
        return isinstance(error, signs) and wanted.id not in self._refreshed

    def _count_failure(self, error: ItemError) -> None:
        if isinstance(error, DownloadError) and not error.final and not isinstance(error, AddressExpired):
            self._failures_in_row += 1
        if self._failures_in_row >= BREAKER:
            self.stopped = f"pictures can't be downloaded right now ({error}); the next run goes on"

    def _release(self, photo_id: str) -> None:
        self._busy.discard(photo_id)
        self.job.crawling.set()

    def _failure(self, wanted: Wanted, reason: str) -> Failure:
        wait = min(FIRST_RETRY_SECONDS * 2**wanted.attempts, LONGEST_RETRY_SECONDS)
        return Failure(wanted.id, reason, self.job.now() + timedelta(seconds=wait))

    async def _store(self, wanted: Wanted) -> Kept:
        """Keeps one photo by the first of its addresses that leads to a picture. Raises ItemError."""
        variant = wanted.variant
        if variant is None:
            raise AddressExpired("it has no address")
        while variant.is_guess:
            following = await self.job.catalog.read(downloads.variant_after, wanted.id, variant.url)
            try:
                return await self._store_variant(wanted, variant)
            except (DownloadError, BadPicture) as error:
                expired = isinstance(error, AddressExpired) and wanted.id not in self._refreshed
                if following is None or expired or self.stopped is not None:
                    raise
            variant = following
        return await self._store_variant(wanted, variant)

    async def _store_variant(self, wanted: Wanted, variant: Variant) -> Kept:
        """Reads, checks and keeps what is at an address, trying again where that can help. Raises ItemError."""
        attempts = self.job.settings.attempts
        if variant.is_guess:
            attempts = min(attempts, GUESS_ATTEMPTS)
        for attempt in range(1, attempts + 1):
            try:
                if wanted.kind is Kind.VIDEO:
                    return await self._store_video(wanted, variant)
                return await self._store_picture(wanted, variant)
            except AddressExpired:
                raise
            except (DownloadError, BadPicture) as error:
                hopeless = isinstance(error, DownloadError) and error.final
                hopeless = hopeless or (variant.is_guess and isinstance(error, BadPicture | NoPicture | Unreachable))
                if hopeless or attempt == attempts or self.stopped is not None:
                    raise
                await self.job.sleep(random.uniform(0, 0.25 * 4**attempt))
        raise DownloadError("it was not tried")

    async def _store_picture(self, wanted: Wanted, variant: Variant) -> Kept:
        job = self.job
        body = await job.source.read(variant)
        loop = asyncio.get_running_loop()
        announced = (variant.width, variant.height)
        size = job.settings.thumbnail_size
        picture, digest = await loop.run_in_executor(
            job.decoder, lambda: (job.examine(body, announced, size), sha256(body).hexdigest())
        )
        new = StoredFile(f"{wanted.key_stem}.{picture.extension}", digest, len(body))
        stored = await self._placing.put(new, body)
        if picture.thumbnail is None:
            return Kept(wanted.id, stored, picture, self._origin(variant), None)
        await job.store.put_derived(thumbnail_key(digest, size or 0), picture.thumbnail)
        return Kept(wanted.id, stored, picture, self._origin(variant), size)

    def _origin(self, variant: Variant) -> str:
        """What the catalog says of where a file came from: the source, and which of its addresses where they differ."""
        name = self.job.source.name
        return f"{name}:{variant.role}" if variant.role else name

    async def _store_video(self, wanted: Wanted, variant: Variant) -> Kept:
        job = self.job
        staged = await job.store.stage(job.source.stream(variant))
        try:
            picture = job.examine(staged.head, (None, None), None)
            if not picture.content_type.startswith("video/"):
                raise BadPicture(f"{picture.content_type} instead of a video")
            stored = await self._placing.keep(staged, f"{wanted.key_stem}.{picture.extension}")
        except BaseException:
            await job.store.discard(staged)
            raise
        picture = Picture(picture.content_type, picture.extension, variant.width, variant.height)
        return Kept(wanted.id, stored, picture, self._origin(variant), None)

    async def _commit_groups(self) -> None:
        groups: AsyncIterator[list[Kept | Failure]] = gathered(self._done)
        async for group in groups:
            now = self.job.now()
            kept = [item for item in group if isinstance(item, Kept)]
            failed = [item for item in group if isinstance(item, Failure)]
            await self.job.store.settle([item.file.key for item in kept])
            await self.job.catalog.write(_record, kept, failed, now)
            for item in kept:
                self._placing.settled(item.file.sha256)
            self._busy.difference_update(item.photo_id for item in group)
            tally = self.job.tally
            tally.stored += len(kept)
            tally.thumbnails += sum(item.thumbnail_size is not None for item in kept)
            tally.bytes += sum(item.file.bytes for item in kept)
            tally.failed += len(failed)
            tally.known_pending = max(0, tally.known_pending - len(group))
            tally.publish()
            self.job.crawling.set()


def _refusals(answers: Answers) -> list[Absence]:
    return [Absence(photo.id, withheld.REFUSED) for photo in answers.photos if not photo.variants]


def _record_answers(
    db: Connection, account_id: int, found: Sequence[Photo], refused: Sequence[Absence], now: datetime
) -> None:
    index_photos(db, photos.record_photos(db, account_id, found, now).changed)
    withheld.record_refusals(db, refused, now)


def _record(db: Connection, kept: Sequence[Kept], failed: Sequence[Failure], now: datetime) -> None:
    downloads.record_files(db, kept, now)
    downloads.record_failures(db, failed, now)
