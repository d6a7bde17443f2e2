"""What finished listings lack: asked for by id, and believed gone only on Facebook's own word.

Files stay in every case. When too much is missing at once, nothing is changed at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fbbackup.catalog import albums as album_rows
from fbbackup.catalog import listings
from fbbackup.catalog.listings import Missing
from fbbackup.catalog.photos import mark_gone
from fbbackup.errors import MassVanish
from fbbackup.job import Job
from fbbackup.models import Absence, Album


@dataclass(frozen=True, slots=True)
class _Candidates:
    """`questions` are photos that no finished listing shows, in need of an answer by id."""

    missing: tuple[Missing, ...]
    questions: tuple[str, ...]


async def settle(job: Job, missing_albums: Sequence[tuple[int, Album]]) -> None:
    """Judges what is missing, then closes the finished listings. Raises MassVanish before anything is changed."""
    finished = await job.catalog.read(listings.finished_listings, job.account_id)
    orphans = await job.catalog.read(listings.members_of, [album_id for album_id, _ in missing_albums])
    candidates = await _candidates(job, (*finished, *orphans))
    await _brake(job, len(candidates.questions))
    denied = await _denied_albums(job, missing_albums)
    kept_albums = {album_id for album_id, _ in missing_albums} - {album_id for album_id, _ in denied}
    doubtful = tuple(m for m in candidates.missing if m.album_id not in kept_albums)
    await _judge(job, await _candidates(job, doubtful))
    for album_id, absence in denied:
        await job.catalog.write(album_rows.mark_album_gone, album_id, absence, job.now())
    for listing in finished:
        await job.catalog.write(listings.settle_listing, listing.album_id, job.now())


async def settle_undisputed(job: Job) -> None:
    """Closes those finished listings that lack nothing, which takes no question: for a crawl that was cut short."""
    for listing in await job.catalog.read(listings.finished_listings, job.account_id):
        if not listing.photo_ids:
            await job.catalog.write(listings.settle_listing, listing.album_id, job.now())


async def _candidates(job: Job, missing: Sequence[Missing]) -> _Candidates:
    ids = list(dict.fromkeys(id_ for album in missing for id_ in album.photo_ids))
    elsewhere = await job.catalog.read(listings.members_elsewhere, ids)
    return _Candidates(tuple(missing), tuple(id_ for id_ in ids if id_ not in elsewhere))


async def _brake(job: Job, missing: int) -> None:
    known = await job.catalog.read(listings.known_photos, job.account_id)
    allowed = max(job.settings.vanish_minimum, known * job.settings.vanish_percent / 100)
    if missing > allowed and not job.settings.accept_vanished:
        raise MassVanish(
            f"{missing} of {known} photos are missing on Facebook all at once; nothing was changed. If you "
            "removed them yourself, run `fbbackup sync --accept-vanished`; otherwise check the account's permissions"
        )


async def _denied_albums(job: Job, missing: Sequence[tuple[int, Album]]) -> list[tuple[int, Absence]]:
    denied = []
    for album_id, album in missing:
        answer = await job.source.album_by_id(album)
        if isinstance(answer, Absence):
            denied.append((album_id, answer))
    return denied


async def _judge(job: Job, candidates: _Candidates) -> None:
    questions = set(candidates.questions)
    absent: list[Absence] = []
    doubtful: set[str] = set()
    if questions:
        answers = await job.source.photos_by_id(candidates.questions)
        absent = list(answers.absent)
        doubtful = {absence.id for absence in answers.unclear}
        if absent:
            # A lost permission answers "does not exist" too: only a login that may still read everything is believed.
            await job.source.identity()
    for absence in absent:
        await job.catalog.write(mark_gone, absence.id, absence.evidence, job.now())
    gone = {absence.id for absence in absent}
    job.tally.gone += len(gone)
    for album in candidates.missing:
        moved = [id_ for id_ in album.photo_ids if id_ not in gone and id_ not in doubtful]
        await job.catalog.write(listings.remove_members, album.album_id, moved, job.now())
    if doubtful:
        job.tally.note(f"{len(doubtful)} photos are missing from their albums, and Facebook gave no clear answer why")
