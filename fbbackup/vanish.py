"""What finished listings lack: asked for by id, and believed gone only on Facebook's own word.

Files stay in every case. When too much is missing at once, nothing is changed at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

from fbbackup.catalog import albums as album_rows
from fbbackup.catalog import listings
from fbbackup.catalog.listings import Missing
from fbbackup.catalog.photos import mark_gone, record_photos, videos_among
from fbbackup.catalog.search import index_photos
from fbbackup.errors import FbbackupError, MassVanish, PermissionLost
from fbbackup.job import Job
from fbbackup.models import Absence, Album, Answers, Identity, Kind

HOMELESS_ASKED = 50
"""Photos without an album that one run asks for, so that they never eat up the call allowance."""


@dataclass(frozen=True, slots=True)
class _Candidates:
    """`questions` are photos that no finished listing shows, in need of an answer by id; `hidden` are those of a kind
    that the login may not read, about which its answers mean nothing."""

    missing: tuple[Missing, ...]
    questions: tuple[str, ...]
    hidden: frozenset[str]


async def settle(job: Job, missing_albums: Sequence[tuple[int, Album]], login: Identity) -> None:
    """Judges what is missing, then closes the finished listings. `login` is who listed them.

    Raises MassVanish or PermissionLost before anything is changed.
    """
    # What an earlier run listed of an album that is missing now is no sign of life any more.
    await job.catalog.write(listings.doubt_listings, job.account_id, [album_id for album_id, _ in missing_albums])
    finished = await job.catalog.read(listings.finished_listings, job.account_id)
    orphans = await job.catalog.read(listings.members_of, [album_id for album_id, _ in missing_albums])
    candidates = await _candidates(job, (*finished, *orphans), login)
    await _brake(job, len(candidates.questions), login)
    denied = await _denied_albums(job, missing_albums)
    kept_albums = {album_id for album_id, _ in missing_albums} - {album_id for album_id, _ in denied}
    believed = tuple(m for m in candidates.missing if m.album_id not in kept_albums)
    candidates = await _candidates(job, believed, login)
    homeless = [id_ for id_ in await _homeless(job, login) if id_ not in candidates.questions]
    questions = (*candidates.questions, *homeless)
    answers = await _ask(job, questions)
    if finished or denied or answers.absent:
        await _confirm_login(job, login)
    if denied or answers.absent:
        _check_data_access(job, login)
    await _judge(job, candidates, answers)
    await job.catalog.write(_record_found, job.account_id, answers, job.now())
    for album_id, absence in denied:
        await job.catalog.write(album_rows.mark_album_gone, album_id, absence, job.now())
    own = [one for one in answers.photos if one.kind is Kind.PHOTO and one.from_id == login.remote_id]
    for listing in finished:
        await job.catalog.write(listings.settle_listing, listing.album_id, job.now())
    await job.catalog.write(listings.join_uploads, job.account_id, own, job.now())


async def _confirm_login(job: Job, before: Identity) -> None:
    """A lost permission empties lists and denies by id, and no error says so: what was shown and what was denied is
    believed only of a login that may read afterwards what it could read before. Raises PermissionLost."""
    after = await job.source.identity()
    if lost := before.readable - after.readable:
        kinds = " and ".join(sorted(f"{kind}s" for kind in lost))
        raise PermissionLost(f"the login lost the permission to read {kinds} during the run; the next run looks again")


def _check_data_access(job: Job, login: Identity) -> None:
    """A login outlives its access to the data, and then lists may be empty and ids denied without an error."""
    ends_at = login.data_access_expires_at
    if ends_at is not None and ends_at <= job.now():
        raise PermissionLost(
            f"photos are missing, but access to the data ended on {ends_at:%Y-%m-%d}, so nothing is believed gone; "
            f"run `fbbackup login {job.account}`, or correct this machine's date"
        )


async def settle_undisputed(job: Job) -> None:
    """Closes those finished listings that are beyond doubt, which takes no question: for a crawl that was cut short.

    The others stay as they are. The next run looks at the login first, and then goes on with them without a call.
    """
    for album_id in await job.catalog.read(listings.beyond_doubt, job.account_id):
        await job.catalog.write(listings.settle_listing, album_id, job.now())


async def distrust(job: Job, error: FbbackupError) -> None:
    """Forgets listings that an error puts in doubt; the next run reads them again. What they recorded stays."""
    await job.catalog.write(listings.doubt_listings, job.account_id, job.tally.garbled)
    if isinstance(error, PermissionLost):
        await job.catalog.write(listings.doubt_listings, job.account_id)
    elif isinstance(error, MassVanish):
        finished = await job.catalog.read(listings.finished_listings, job.account_id)
        lacking = [listing.album_id for listing in finished if listing.photo_ids]
        await job.catalog.write(listings.doubt_listings, job.account_id, lacking)


async def _candidates(job: Job, missing: Sequence[Missing], login: Identity) -> _Candidates:
    ids = list(dict.fromkeys(id_ for album in missing for id_ in album.photo_ids))
    elsewhere = await job.catalog.read(listings.members_elsewhere, ids)
    hidden = await job.catalog.read(listings.of_other_kinds, ids, login.readable)
    questions = tuple(id_ for id_ in ids if id_ not in elsewhere and id_ not in hidden)
    return _Candidates(tuple(missing), questions, frozenset(hidden - elsewhere))


async def _homeless(job: Job, login: Identity) -> list[str]:
    """Photos that no listing will ever show or lack again, because they left their last album: some of those that
    could not be downloaded, in deep runs of all."""
    states = ("stored", "wanted", "failed", "unavailable") if job.settings.deep else ("failed",)
    ids = await job.catalog.read(listings.homeless, job.account_id, states, HOMELESS_ASKED)
    hidden = await job.catalog.read(listings.of_other_kinds, ids, login.readable)
    return [id_ for id_ in ids if id_ not in hidden]


async def _ask(job: Job, ids: Sequence[str]) -> Answers:
    if not ids:
        return Answers()
    return await job.source.photos_by_id(ids, await job.catalog.read(videos_among, ids))


def _record_found(db: Connection, account_id: int, answers: Answers, now: datetime) -> None:
    index_photos(db, record_photos(db, account_id, answers.photos, now).changed)


async def _brake(job: Job, missing: int, login: Identity) -> None:
    known = await job.catalog.read(listings.known_photos, job.account_id)
    allowed = max(job.settings.vanish_minimum, known * job.settings.vanish_percent / 100)
    if missing > allowed and not job.settings.accept_vanished:
        await _confirm_login(job, login)
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


async def _judge(job: Job, candidates: _Candidates, answers: Answers) -> None:
    """Sets tombstones for what is denied; what is in doubt stays as it is, what lives on leaves only its album."""
    for absence in answers.absent:
        await job.catalog.write(mark_gone, absence.id, absence.evidence, job.now())
    gone = {absence.id for absence in answers.absent}
    unclear = {absence.id for absence in answers.unclear}
    doubtful = unclear | candidates.hidden
    job.tally.gone += len(gone)
    for album in candidates.missing:
        if album.album_id in job.tally.garbled:
            continue
        moved = [id_ for id_ in album.photo_ids if id_ not in gone and id_ not in doubtful]
        await job.catalog.write(listings.remove_members, album.album_id, moved, job.now())
    if unclear:
        job.tally.note(f"{len(unclear)} photos are missing from their albums, and Facebook gave no clear answer why")
