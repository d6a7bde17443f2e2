"""At the start of a run: what the catalog calls stored must be there, and what a crash left behind is taken in."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from itertools import islice

from fbbackup.catalog import downloads
from fbbackup.catalog.downloads import Kept
from fbbackup.errors import BadPicture
from fbbackup.job import Job
from fbbackup.models import StoredFile

CHUNK = 1000
FOLDERS = ("photos/", "videos/")


async def reconcile(job: Job, *, crashed: bool) -> None:
    """Compares catalog and store. Walks the whole store only after a run that did not come to its end."""
    await _distrust_missing(job)
    if crashed:
        await _adopt_left_behind(job)


async def _distrust_missing(job: Job) -> None:
    """A stored row is believed only while its file is there with the recorded size; else the photo is wanted again."""
    after = ""
    while rows := await job.catalog.read(downloads.stored_files, after, CHUNK):
        after = rows[-1][0]
        sizes = await asyncio.to_thread(job.store.sizes, [key for key, _, _ in rows])
        for (key, digest, recorded), size in zip(rows, sizes, strict=True):
            if size == recorded:
                continue
            problem = "is missing" if size is None else f"has {size} bytes instead of {recorded}"
            await job.catalog.write(downloads.record_missing_file, digest, f"its file {problem}", job.now())
            job.tally.note(f"{key} {problem}; it is fetched again, the file is left as it is")


async def _adopt_left_behind(job: Job) -> None:
    for folder in FOLDERS:
        keys = job.store.keys(folder)
        while chunk := await asyncio.to_thread(lambda keys=keys: list(islice(keys, CHUNK))):  # type: ignore[misc]
            unknown = await job.catalog.read(downloads.unknown_keys, [key for key, _ in chunk])
            for key in unknown:
                await _adopt(job, key)


async def _adopt(job: Job, key: str) -> None:
    """Takes in a file whose row was not committed any more; only if it is what the photo should be."""
    stem = key.rpartition(".")[0]
    for photo_id in await job.catalog.read(downloads.photos_by_key_stem, stem):
        variant = await job.catalog.read(downloads.variant_of, photo_id)
        announced = (variant.width, variant.height) if variant else (None, None)
        body = b"".join([chunk async for chunk in job.store.read(key)])
        try:
            picture = await asyncio.get_running_loop().run_in_executor(job.decoder, job.examine, body, announced, None)
        except BadPicture as bad:
            job.tally.note(f"{key} is in the archive without a record and is left alone: {bad}")
            return
        file = StoredFile(key, sha256(body).hexdigest(), len(body))
        await job.store.settle([key])
        await job.catalog.write(
            downloads.record_files, [Kept(photo_id, file, picture, job.source.name, None)], job.now()
        )
