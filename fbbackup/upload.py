"""Publishing photos: archive to destination, each at most once.

What is about to be sent is committed to the journal first. When an answer is lost, the destination is asked whether
the photo is there; nothing is sent again before that is known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256

from fbbackup.catalog import Catalog, uploads
from fbbackup.catalog.uploads import Entry, Sendable
from fbbackup.errors import AnswerLost, BadPicture, ConfigError, FbbackupError, Incomplete, UploadRefused
from fbbackup.models import Kind, Outgoing, Published
from fbbackup.protocols import Destination, Store

Link = Callable[[str, Kind], str | None]
"""A public address of a photo or video by its id; None where there is none for its kind."""

_UNSETTLED = "nobody knows whether its upload arrived; the same command without --undo looks for it"


@dataclass(frozen=True, slots=True)
class UploadSettings:
    """What an upload was asked for. `link_of` makes a public address for what has no `url`;
    `shrink` makes a smaller file of one that the destination finds too large."""

    album: str | None = None
    caption: str | None = None
    url: str | None = None
    link_of: Link | None = None
    params: tuple[tuple[str, str], ...] = ()
    dry_run: bool = False
    again: bool = False
    shrink: Callable[[bytes], bytes] | None = None


@dataclass(frozen=True, slots=True)
class Uploading:
    """What an upload works with. `examine` decodes a picture to its end and raises BadPicture where that fails."""

    destination: Destination
    store: Store
    catalog: Catalog
    settings: UploadSettings
    now: Callable[[], datetime]
    examine: Callable[[bytes], object]


@dataclass(slots=True)
class UploadResult:
    """Photo ids by what became of them; `failed` with the reason, `error` when that ended the uploading."""

    uploaded: dict[str, Published | None] = field(default_factory=dict)
    already: dict[str, Published] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    error: FbbackupError | None = None

    @property
    def exit_code(self) -> int:
        if self.error is not None:
            return self.error.exit_code
        return Incomplete.exit_code if self.failed else 0


async def upload_photos(job: Uploading, photo_ids: Sequence[str]) -> UploadResult:
    """Uploads each photo that is not there yet. One that fails does not stop the next; what concerns all of them does.

    Raises ConfigError, before anything is sent, for ids that can't be uploaded at all.
    """
    chosen = [await _sendable(job, photo_id) for photo_id in dict.fromkeys(photo_ids)]
    result = UploadResult()
    try:
        await job.destination.admit()
        for photo in chosen:
            await _upload(job, photo, result)
    except FbbackupError as error:
        result.error = error
    return result


async def undo_uploads(job: Uploading, photo_ids: Sequence[str]) -> UploadResult:
    """Takes back what the journal says that we published of these photos, and nothing else."""
    result = UploadResult()
    try:
        for photo_id in dict.fromkeys(photo_ids):
            entries = await job.catalog.read(uploads.done_entries, job.destination.name, photo_id)
            if not entries:
                open_ = await job.catalog.read(uploads.is_unsettled, job.destination.name, photo_id)
                result.failed[photo_id] = _UNSETTLED if open_ else "we published nothing of it there"
            for entry in entries:
                await _undo(job, entry, result)
    except FbbackupError as error:
        result.error = error
    return result


async def _undo(job: Uploading, entry: Entry, result: UploadResult) -> None:
    if entry.published is None:
        return
    try:
        if not job.settings.dry_run:
            await job.destination.undo(entry.published.remote_id)
            await job.catalog.write(uploads.end_upload, entry.id, "undone", None, job.now())
        result.uploaded[entry.photo_id] = entry.published
    except UploadRefused as refused:
        result.failed[entry.photo_id] = str(refused)


async def _sendable(job: Uploading, photo_id: str) -> Sendable:
    photo = await job.catalog.read(uploads.sendable, photo_id)
    if photo is None:
        raise ConfigError(f"there is no photo {photo_id} in the catalog; `fbbackup search` finds the ids")
    if Kind(photo.kind) not in job.destination.kinds:
        raise ConfigError(f'{photo_id} is a video; destination "{job.destination.name}" takes photos only')
    if photo.key is None or photo.content_type is None:
        raise ConfigError(
            f"photo {photo_id} is not stored ({photo.state}); `fbbackup sync` fetches it, if it can be had"
        )
    return photo


async def _upload(job: Uploading, photo: Sendable, result: UploadResult) -> None:
    """One photo, from what the journal knows of it to what becomes of it."""
    try:
        outgoing = await _outgoing(job, photo)
        entry = await job.catalog.read(uploads.open_entry, job.destination.name, job.settings.album, photo.photo_id)
        there = await _already_there(job, entry, outgoing)
        if there is not None:
            result.already[photo.photo_id] = there
            return
        job.destination.check(outgoing)
        result.uploaded[photo.photo_id] = None if job.settings.dry_run else await _send(job, outgoing)
    except (UploadRefused, AnswerLost, BadPicture) as problem:
        result.failed[photo.photo_id] = str(problem)


async def _already_there(job: Uploading, entry: Entry | None, photo: Outgoing) -> Published | None:
    """What the destination has of this photo by the journal, or by a look at it when an answer was lost."""
    if entry is None:
        return None
    if entry.published is not None:
        return entry.published
    if job.settings.dry_run:
        raise AnswerLost("an earlier upload had no answer; a real run looks for it")
    try:
        found = await _find(job, photo, entry.started_at)
    except AnswerLost:
        if job.settings.again:
            return None
        raise
    if found is None:
        await job.catalog.write(uploads.end_upload, entry.id, "failed", "never arrived", job.now())
        return None
    await job.catalog.write(uploads.record_upload, entry.id, found, job.now())
    return found


async def _find(job: Uploading, photo: Outgoing, started_at: datetime) -> Published | None:
    known = await job.catalog.read(uploads.known_remote_ids, job.destination.name)
    return await job.destination.find(photo, started_at, known)


async def _send(job: Uploading, photo: Outgoing) -> Published:
    """Sends it once; a lost answer is looked for at once, and by the next upload when even that stays open."""
    began = job.now()
    name = job.destination.name
    entry = await job.catalog.write(uploads.begin_upload, name, job.settings.album, photo.photo_id, began)
    try:
        published = await job.destination.upload(photo)
    except AnswerLost as lost:
        await job.catalog.write(uploads.note_lost, entry, str(lost))
        try:
            found = await _find(job, photo, began)
        except AnswerLost as doubt:
            raise AnswerLost(f"{lost}; {doubt}") from None
        if found is None:
            raise AnswerLost(f"{lost}; it is not there so far, the next upload looks again") from None
        published = found
    except (UploadRefused, FbbackupError) as error:
        await job.catalog.write(uploads.end_upload, entry, "failed", str(error), job.now())
        raise
    await job.catalog.write(uploads.record_upload, entry, published, job.now())
    return published


async def _outgoing(job: Uploading, photo: Sendable) -> Outgoing:
    settings = job.settings
    body = await _body(job, photo)
    made = Outgoing(
        photo_id=photo.photo_id,
        body=body,
        content_type=photo.content_type or "",
        width=photo.width,
        height=photo.height,
        caption=photo.caption if settings.caption is None else settings.caption or None,
        alt_text=photo.alt_text,
        file_date=photo.file_date,
        file_date_precision=photo.file_date_precision,
        place_id=photo.place_id,
        album=settings.album,
        url=settings.url or (settings.link_of(photo.photo_id, Kind(photo.kind)) if settings.link_of else None),
        params=settings.params,
    )
    return _shrunk(job.destination, made, settings)


async def _body(job: Uploading, photo: Sendable) -> bytes:
    """The file as it was stored, nothing of a video, which no destination is sent. Raises UploadRefused for a file that
    is not there, was changed, or shows nothing."""
    digest, pieces = sha256(), []
    try:
        async for chunk in job.store.read(photo.key or ""):
            digest.update(chunk)
            pieces += [chunk] if photo.kind == Kind.PHOTO else []
    except KeyError:
        raise UploadRefused(f"{photo.key} is missing from the archive; `fbbackup verify --repair` helps") from None
    if digest.hexdigest() != photo.sha256:
        raise UploadRefused(f"{photo.key} is not as it was stored; `fbbackup verify --repair` helps")
    if photo.kind != Kind.PHOTO:
        return b""
    body = b"".join(pieces)
    try:
        await asyncio.to_thread(job.examine, body)
    except BadPicture as bad:
        raise UploadRefused(f"{photo.key} is no readable picture, though it is as it was stored: {bad}") from None
    return body


def _shrunk(destination: Destination, photo: Outgoing, settings: UploadSettings) -> Outgoing:
    """The photo as it is, unless the destination would refuse it so."""
    if settings.shrink is None:
        return photo
    try:
        destination.check(photo)
    except UploadRefused as refused:
        if photo.url is not None and settings.url is None:
            raise UploadRefused(
                f"{refused}; our own server's address leads to the file as it is, --shrink can't change that"
            ) from None
        return replace(photo, body=settings.shrink(photo.body), content_type="image/jpeg")
    return photo
