"""At the start of a run: what the catalog calls stored must be there, what people moved is followed, and what a crash
left behind is taken in."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from hashlib import sha256

from fbbackup.catalog import downloads, fixity
from fbbackup.catalog.downloads import Kept
from fbbackup.errors import BadPicture
from fbbackup.job import Job
from fbbackup.layout import PICTURE_FOLDERS
from fbbackup.models import Picture, Reading, StoredFile
from fbbackup.screen import counted
from fbbackup.whereabouts import CHUNK, NAMED, Readers, Whereabouts, locate

PICTURE_LIMIT = 64 << 20
"""Bytes of a picture that are read into memory to be checked."""


async def reconcile(job: Job, *, crashed: bool) -> None:
    """Compares catalog and store. Walks the whole store only when something is newly missing, after a run that did not
    come to its end, and in deep runs."""
    strays = _Strays(job)
    with Readers(job.store) as readers:
        found = await locate(job.stock, readers, search=crashed or job.settings.deep, stray=strays.take_in)
    _tell_moved(job, found)
    strays.tell()
    await _tell_damaged(job)


def _tell_moved(job: Job, found: Whereabouts) -> None:
    for old, new in found.moved:
        job.tally.note(f"{old} was moved to {new}; the catalog follows it")
    if found.moved_count > len(found.moved):
        job.tally.note(f"… and {found.moved_count - len(found.moved)} more files were moved; the catalog follows them")


async def _tell_damaged(job: Job) -> None:
    """Missing files are named, since they are fetched again; changed ones are somebody's doing and only counted."""
    missing, changed, first = 0, 0, ""
    after = ""
    while rows := await job.catalog.read(fixity.damaged_files, after, CHUNK):
        after = rows[-1].key
        for row, size in zip(rows, job.store.sizes([row.key for row in rows]), strict=True):
            if size is not None:
                changed, first = changed + 1, first or row.key
            elif row.awaited:
                missing += 1
                if missing <= NAMED:
                    job.tally.note(f"{row.key} is missing; it is fetched again")
    if missing > NAMED:
        job.tally.note(f"… and {missing - NAMED} more files are missing; they are fetched again")
    if changed:
        job.tally.note(
            f"changed since they were stored, and left alone: {counted(changed, 'file')} (first: {first}); "
            "`fbbackup verify` names them, `fbbackup verify --repair` fetches the originals"
        )


class _Strays:
    """Files under the folders of pictures that no row names: a run that was cut short left them, or a person."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._left = 0

    async def take_in(self, key: str) -> None:
        """Makes it the file of the photo whose name it bears, if that has none and it is what the photo should be."""
        if not key.startswith(PICTURE_FOLDERS):
            return
        photo_id = await self._job.catalog.read(downloads.lacking_its_file, key.rpartition(".")[0])
        if photo_id is None or not await self._adopt(key, photo_id):
            self._left += 1
            if self._left <= NAMED:
                self._job.tally.note(f"{key} is in the archive without a record and is left alone")

    def tell(self) -> None:
        if self._left > NAMED:
            self._job.tally.note(
                f"… and {self._left - NAMED} more files are without a record; `fbbackup doctor --json` lists all"
            )

    async def _adopt(self, key: str, photo_id: str) -> bool:
        job = self._job
        reading = (await asyncio.to_thread(job.store.digests, [key]))[0]
        if reading is None or reading.fault:
            return False
        try:
            picture = await self._examined(key, photo_id, reading)
        except BadPicture:
            return False
        await job.store.secure([key])
        file = StoredFile(key, reading.sha256, reading.bytes)
        kept = Kept(photo_id, file, picture, job.source.name, None)
        await job.catalog.write(downloads.record_files, [kept], job.now())
        return True

    async def _examined(self, key: str, photo_id: str, reading: Reading) -> Picture:
        """Checks a picture to its end, a video by its first bytes. Raises BadPicture."""
        job = self._job
        video = key.startswith("videos/")
        if not video and reading.bytes > PICTURE_LIMIT:
            raise BadPicture(f"{reading.bytes:,} bytes are too much for a picture")
        pieces: list[bytes] = []
        async for piece in job.store.read(key):
            pieces.append(piece)
            if video:
                break
        body = b"".join(pieces)
        variant = await job.catalog.read(downloads.variant_of, photo_id)
        announced = (variant.width, variant.height) if variant else (None, None)
        picture = await asyncio.get_running_loop().run_in_executor(
            job.decoder, job.examine, body, announced, job.settings.thumbnail_size
        )
        if picture.content_type.startswith("video/") is not video:
            raise BadPicture(f"{picture.content_type} under {key}")
        if not video and sha256(body).hexdigest() != reading.sha256:
            raise BadPicture(f"{key} changes while it is read")
        # Nothing but the source knows the size of a video.
        return replace(picture, width=announced[0], height=announced[1]) if video else picture
