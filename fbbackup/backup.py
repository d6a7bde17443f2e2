"""A run, read from top to bottom: crawl and download at once, then thumbnails, then the verdict."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from fbbackup.catalog import albums as album_rows
from fbbackup.catalog import downloads, runs, unite, withheld
from fbbackup.catalog.runs import Interruption, RunRecord, Verdict
from fbbackup.crawl import Crawled, crawl
from fbbackup.download import Downloads
from fbbackup.errors import BadPicture, FbbackupError, Incomplete, LoginNeeded
from fbbackup.job import Job, sentence
from fbbackup.layout import thumbnail_key
from fbbackup.manifests import write_manifests
from fbbackup.reconcile import reconcile
from fbbackup.screen import counted
from fbbackup.vanish import distrust, settle, settle_undisputed

THUMBNAIL_GROUP = 32
LOOKED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class RunResult:
    """A run's record: what it did, what it leaves open, and the error that cut it short, if one did.

    `run_id` is 0 when the catalog knows of no such run.
    """

    run_id: int
    account: str
    kind: str
    outcome: str
    line: str
    counters: dict[str, int]
    calls: int
    bytes: int
    gaps: tuple[Verdict, ...]
    notes: tuple[str, ...]
    error: FbbackupError | None

    @property
    def exit_code(self) -> int:
        if self.error is not None:
            return self.error.exit_code
        return 0 if self.outcome == "complete" else Incomplete.exit_code


async def back_up(job: Job) -> RunResult:
    """One run, from the first call to its verdict. Raises only what makes the archive unusable, or is a bug."""
    kind = "deep" if job.settings.deep else "quick"
    cut_short = await job.catalog.read(runs.interruption, job.account_id)
    run_id = await job.catalog.write(runs.start_run, job.account_id, kind, job.now())
    try:
        if job.settings.dry_run:
            error, deferred = await _crawl_and_judge(job)
        else:
            error, deferred = await _work(job, cut_short)
        return await _conclude(job, run_id, kind, error, deferred)
    except BaseException as failure:
        await _record_failure(job, run_id, failure)
        raise


async def _work(job: Job, cut_short: Interruption | None) -> tuple[FbbackupError | None, bool]:
    if cut_short is not None and not cut_short.recorded:
        await job.catalog.write(downloads.forget_thumbnails_since, cut_short.started_at)
    await reconcile(job, crashed=cut_short is not None)
    if cut_short is not None or job.settings.deep:
        await _forget_lost_thumbnails(job)
    pending = await job.catalog.read(downloads.not_stored, job.account_id)
    job.tally.known_pending = pending.get("wanted", 0) + pending.get("failed", 0)
    outcome = await _crawl_and_download(job)
    await _make_thumbnails(job)
    await job.store.sync_derived()
    await job.catalog.write(unite.unite)
    return outcome


async def _crawl_and_download(job: Job) -> tuple[FbbackupError | None, bool]:
    """Both at once: the first picture is there seconds after the first page."""
    downloading = Downloads(job)
    async with asyncio.TaskGroup() as group:
        group.create_task(downloading.run())
        error, deferred = await _crawl_and_judge(job)
        downloading.crawl_ended, downloading.listed_all = True, error is None
        job.crawling.set()
    if downloading.stopped is not None:
        error = error or Incomplete(downloading.stopped)
    return error or downloading.refused, deferred


async def _crawl_and_judge(job: Job) -> tuple[FbbackupError | None, bool]:
    try:
        crawled: Crawled = await crawl(job)
        await settle(job, crawled.missing_albums, crawled.identity)
    except (Incomplete, LoginNeeded) as error:
        await distrust(job, error)
        await settle_undisputed(job)
        return error, False
    return None, crawled.sweep_deferred


async def _forget_lost_thumbnails(job: Job) -> None:
    """Thumbnails that someone removed, or of which a power cut left the name alone, are to be made again."""
    after = ""
    while rows := await job.catalog.read(downloads.thumbnails_made, after, LOOKED_AT_ONCE):
        after = rows[-1][0]
        keys = [thumbnail_key(digest, edge) for digest, edge in rows]
        sizes = await asyncio.to_thread(job.store.sizes, keys)
        if lost := [digest for (digest, _), size in zip(rows, sizes, strict=True) if not size]:
            await job.catalog.write(downloads.forget_thumbnails, lost)


async def _make_thumbnails(job: Job) -> None:
    """Thumbnails for files that have none: adopted ones, and all of them after a change of size."""
    size = job.settings.thumbnail_size
    while size is not None:
        files = await job.catalog.read(downloads.files_without_thumbnail, size, THUMBNAIL_GROUP)
        if not files:
            return
        made: list[tuple[str, int]] = []
        failed: list[tuple[str, str]] = []
        for file in files:
            try:
                body = b"".join([chunk async for chunk in job.store.read(file.key)])
                thumbnail = await asyncio.get_running_loop().run_in_executor(
                    job.decoder, job.make_thumbnail, body, size
                )
            except (BadPicture, KeyError) as error:
                failed.append((file.sha256, str(error)))
            else:
                await job.store.put_derived(thumbnail_key(file.sha256, size), thumbnail)
                made.append((file.sha256, size))
        await job.catalog.write(downloads.record_thumbnails, made, failed)
        job.tally.thumbnails += len(made)
        job.tally.publish("thumbnails")


async def _conclude(job: Job, run_id: int, kind: str, error: FbbackupError | None, deferred: bool) -> RunResult:
    verdicts = await job.catalog.read(runs.verdicts, job.account_id)
    open_ends = await job.catalog.read(downloads.not_stored, job.account_id)
    gaps = tuple(v for v in verdicts if v.verdict != "complete")
    unfinished = [v for v in gaps if not v.finished and not (v.kind == "uploads" and deferred)]
    complete = error is None and not (open_ends or unfinished or any(v.pending for v in gaps))
    outcome = "complete" if complete else "incomplete"
    await job.catalog.write(album_rows.save_source_state, job.account_id, job.source.state, job.now())
    for note in (*job.source.notes, *job.store.warnings):
        job.tally.note(note)
    record = RunRecord(outcome, job.tally.counters(), job.source.calls, job.tally.bytes, str(error) if error else None)
    await job.catalog.write(runs.finish_run, run_id, record, gaps, job.now())
    if not job.settings.dry_run:
        job.tally.publish("manifests")
        await write_manifests(job.catalog, job.store)
    refused = await job.catalog.read(withheld.count, job.account_id)
    line = _result_line(job, verdicts, open_ends, error, (refused, deferred))
    if job.settings.dry_run and error is None:
        due = open_ends.get("wanted", 0) + open_ends.get("failed", 0)
        calls = counted(job.source.calls, "call")
        line = f"{counted(due, 'photo')} would be fetched, {job.tally.gone} gone upstream, {calls}"
    return RunResult(
        run_id, job.account, kind, outcome, line, record.counters, record.calls, record.bytes, gaps,
        tuple(job.tally.notes), error,
    )  # fmt: skip


def _result_line(
    job: Job, verdicts: list[Verdict], open_ends: dict[str, int], error: FbbackupError | None, left: tuple[int, bool]
) -> str:
    """The run in one line; `left` counts photos without a file and tells whether uploads were not looked for."""
    withheld, deferred = left
    gaps = [v for v in verdicts if v.verdict != "complete"]
    hidden = [v for v in gaps if v.hidden and v.finished]
    unfinished = [v for v in gaps if not v.finished and not (v.kind == "uploads" and deferred)]
    stored, calls = counted(job.tally.stored, "photo"), counted(job.source.calls, "call")
    done = f"{stored} stored, {job.tally.gone} gone upstream, {calls}"
    if error is not None:
        return sentence([f"incomplete: {error}", done])
    more, albums = counted(sum(v.hidden for v in hidden), "more photo"), counted(len(hidden), "album")
    claims = f"Facebook claims {more} than it shows in {albums}"
    refused = f"{counted(withheld, 'photo')} that Facebook hands out no file for (`fbbackup audit` lists them)"
    caveats = [
        claims if hidden else "",
        refused if withheld else "",
        "uploads outside albums are looked for from tomorrow on (now: `fbbackup sync --deep`)" if deferred else "",
    ]
    if open_ends or unfinished:
        missing = sum(open_ends.values())
        why = [f"{counted(missing, 'photo')} could not be stored" if missing else ""]
        why.append(f"{counted(len(unfinished), 'album')} could not be listed to the end" if unfinished else "")
        words = " and ".join(part for part in why if part)
        return sentence([f"incomplete: {words} (`fbbackup audit` lists them)", done, *caveats])
    if gaps or withheld:
        whole = counted(len(verdicts) - len(gaps), "album")
        return sentence([f"up to date: {whole} complete, {done}", *caveats])
    return f"complete: {counted(len(verdicts), 'album')}, {done}"


async def _record_failure(job: Job, run_id: int, failure: BaseException) -> None:
    """Writes down that the run was cut short, if the disk still allows it: Ctrl-C costs no thumbnail then."""
    record = RunRecord("failed", job.tally.counters(), job.source.calls, job.tally.bytes, _why(failure))
    try:
        await job.store.sync_derived()
        await job.catalog.write(runs.finish_run, run_id, record, (), job.now())
        await job.catalog.write(album_rows.save_source_state, job.account_id, job.source.state, job.now())
    except FbbackupError:
        return


def _why(failure: BaseException) -> str:
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return "stopped" if isinstance(failure, asyncio.CancelledError) else str(failure) or type(failure).__name__
