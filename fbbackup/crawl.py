"""The crawl: which albums exist, which of them to open, and their photos page by page into the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from fbbackup.catalog import albums as album_rows
from fbbackup.catalog import listings, plans, withheld
from fbbackup.catalog.albums import KnownAlbum
from fbbackup.errors import CursorRejected, ItemError, LoginNeeded, SourceUnavailable
from fbbackup.job import Job
from fbbackup.models import Album, Identity, Kind, Page

PAGE_OF_UPLOADS = 100
"""Photos that one call of the uploads list shows at best."""

FIRST_SWEEP_AFTER = timedelta(days=1)
"""So long a large account's list of uploads waits at first: what lies in albums comes before it."""


@dataclass(frozen=True, slots=True)
class Crawled:
    """Albums that the album list no longer has, whether uploads outside albums were left for a deep crawl, and who
    the login was when it began."""

    missing_albums: tuple[tuple[int, Album], ...]
    sweep_deferred: bool
    identity: Identity


async def crawl(job: Job) -> Crawled:
    """Lists what has to be listed. Raises what the source raises; everything recorded until then stays."""
    identity = await job.source.identity()
    await _check_person(job, identity)
    await job.catalog.write(album_rows.record_identity, job.account_id, identity, job.now())
    await _leave_out_videos(job, identity)
    seen, cut_short = await _list_albums(job)
    missing = await job.catalog.read(album_rows.albums_missing, job.account_id, seen)
    wanted = _wanted(job, identity)
    known = await job.catalog.read(album_rows.known_albums, job.account_id, wanted, {})
    gone = {album_id for album_id, _ in missing}
    offered = [album for album in known if album.id not in gone and album.album.remote_id in seen]
    due, deferred = await _due_albums(job, offered, wanted)
    job.tally.albums_total = len(due)
    job.tally.publish()
    await _open_albums(job, [album for album in due if not album.album.virtual])
    await _open_albums(job, [album for album in due if album.album.virtual])
    await _leave_out_videos(job, identity)
    if cut_short is not None:
        raise cut_short
    return Crawled(tuple(missing), deferred, identity)


async def _check_person(job: Job, login: Identity) -> None:
    """Two people in one account would hide each other's photos."""
    known = await job.catalog.read(plans.remote_id, job.account)
    if known not in (None, "", login.remote_id) and job.settings.person != login.remote_id:
        raise LoginNeeded(
            f"the login of account “{job.account}” is of {login.display_name} (id {login.remote_id}), but the account "
            f"was always id {known}; log in as that one, or run `fbbackup login {job.account} --replace`"
        )


def _wanted(job: Job, login: Identity) -> str:
    """What decides which photos a listing shows: a login that may read more than before sees albums afresh."""
    missing = sorted(kind for kind in Kind if kind not in login.readable)
    return f"{job.settings.wanted} without {' '.join(missing)}" if missing else job.settings.wanted


async def _leave_out_videos(job: Job, login: Identity) -> None:
    """Albums show videos whether they are wanted or not, and never with a file."""
    reason = withheld.FORBIDDEN if Kind.VIDEO not in login.readable else None
    reason = reason if job.settings.videos else withheld.UNWANTED
    await job.catalog.write(withheld.leave_out_videos, job.account_id, reason, job.now())


async def _list_albums(job: Job) -> tuple[list[str], SourceUnavailable | None]:
    """Records every album; returns the remote ids of all of them, and why the list was cut short, if it was: the albums
    before that can be backed up all the same."""
    seen: list[str] = []
    try:
        async for albums in job.source.albums():
            fresh = [album for album in albums if album.remote_id not in seen]
            await job.catalog.write(album_rows.record_albums, job.account_id, fresh, len(seen), job.now())
            seen += [album.remote_id for album in fresh]
            job.tally.publish()
    except SourceUnavailable as error:
        if not seen:
            raise
        return seen, error
    return seen, None


async def _due_albums(job: Job, known: Sequence[KnownAlbum], wanted: str) -> tuple[list[KnownAlbum], bool]:
    """The albums to open now, signed as they look now, and whether the sweep of uploads has to wait."""
    overdue = job.now() - job.settings.deep_after
    due: list[KnownAlbum] = []
    deferred = False
    for album in known:
        sign = album.sign
        if album.album.virtual or (album.album.remote_count is None and album.album.updated_at is None):
            probe = await job.source.probe(album.album)
            sign = album_rows.sign_of(album.album, wanted, probe)
        stale = sign != album.listed_sign or album.listed_at is None or album.listed_at < overdue
        if not (job.settings.deep or stale or album.under_way):
            continue
        if album.album.kind == "uploads" and not await _sweep_is_due(job, album, known):
            deferred = deferred or album.listed_at is None
            continue
        due.append(replace(album, sign=sign))
    return due, deferred


async def _sweep_is_due(job: Job, uploads: KnownAlbum, albums: Sequence[KnownAlbum]) -> bool:
    """Whether this run reads the whole list of uploads, which shows every photo once more: when that takes few calls,
    and otherwise a day after the account was first seen and then every `deep_after`."""
    if job.settings.deep or uploads.under_way:
        return True
    if uploads.listed_at is None:
        waited = job.now() - uploads.first_seen_at >= FIRST_SWEEP_AFTER
    else:
        waited = job.now() - uploads.listed_at >= job.settings.deep_after
    if waited:
        return True
    known = await job.catalog.read(listings.known_photos, job.account_id)
    # A first run knows no photo yet, only what the albums claim to hold.
    claimed = sum(album.album.remote_count or 0 for album in albums if not album.album.virtual)
    return max(known, claimed) // PAGE_OF_UPLOADS + 1 <= job.settings.sweep_calls


async def _open_albums(job: Job, due: Sequence[KnownAlbum]) -> None:
    by_remote_id = {album.album.remote_id: album for album in due}
    fresh: list[KnownAlbum] = []
    going_on: list[tuple[KnownAlbum, str]] = []
    for album in due:
        begun = await job.catalog.write(listings.begin_listing, album.id, album.sign, job.now())
        if begun.finished:
            job.tally.albums += 1
        elif begun.cursor is None:
            fresh.append(album)
        else:
            going_on.append((album, begun.cursor))
    async for opened, page in job.source.first_pages([album.album for album in fresh]):
        album = by_remote_id[opened.remote_id]
        if await _record(job, album, page) and page.next_cursor is not None:
            going_on.append((album, page.next_cursor))
    for album, cursor in going_on:
        await _list_rest(job, album, cursor)


async def _list_rest(job: Job, album: KnownAlbum, cursor: str) -> None:
    """Reads the pages from `cursor` on; a rejected cursor starts the album over, once."""
    try:
        await _read_pages(job, album, cursor)
    except CursorRejected as rejected:
        job.tally.note(f"“{album.album.title}” was listed again from its start: {rejected}")
        await _start_over(job, album)
        try:
            await _read_pages(job, album, None)
        except CursorRejected as again:
            job.tally.note(f"“{album.album.title}” could not be listed to its end: {again}")
    except ItemError as error:
        job.tally.note(f"“{album.album.title}” could not be listed to its end: {error}")


async def _start_over(job: Job, album: KnownAlbum) -> None:
    """Forgets what was read; the album stays under way until it was listed to its end."""
    await job.catalog.write(listings.drop_listing, album.id)
    await job.catalog.write(listings.begin_listing, album.id, album.sign, job.now())


async def _read_pages(job: Job, album: KnownAlbum, cursor: str | None) -> None:
    page = await job.source.page(album.album, cursor)
    while await _record(job, album, page) and page.next_cursor is not None:
        page = await job.source.page(album.album, page.next_cursor)


async def _record(job: Job, album: KnownAlbum, page: Page) -> bool:
    """Records a page; false when the listing can't go on from it."""
    try:
        recorded = await job.catalog.write(listings.record_page, job.account_id, album.id, page, job.now())
    except ValueError as loop:
        job.tally.note(f"“{album.album.title}” could not be listed to its end: {loop}")
        await _start_over(job, album)
        return False
    job.tally.listed += len(page.photos)
    job.tally.new += len(recorded.new)
    job.tally.changed += len(recorded.changed)
    job.tally.known_pending += len(recorded.new)
    if page.next_cursor is None:
        job.tally.albums += 1
    for problem in page.problems:
        job.tally.garbled.add(album.id)
        job.tally.note(f"“{album.album.title}”: {problem}")
    job.crawling.set()
    job.tally.publish()
    return True
