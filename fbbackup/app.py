"""The only wiring: a Config becomes live objects, and a command's wish becomes a run over them."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fbbackup.accounts import open_http, open_source
from fbbackup.backup import RunResult, back_up
from fbbackup.catalog import albums, care, is_there, marks, open_catalog, open_reader, plans
from fbbackup.catalog.album_links import linked_albums
from fbbackup.config import Account, Config
from fbbackup.credentials import Credentials, state_folder
from fbbackup.errors import ArchiveUnusable, FbbackupError
from fbbackup.holding import Place, archive_place, first_known, run_loop
from fbbackup.job import Job, RunSettings, Tally, utc_now
from fbbackup.models import Picture
from fbbackup.protocols import Report
from fbbackup.screen import progress
from fbbackup.stores import disk
from fbbackup.stores.archive import check_place
from fbbackup.stores.links import write_links
from fbbackup.stores.memory import MemoryStore
from fbbackup.thumbnails import examine, make

__all__ = [
    "Place", "SyncOptions", "SyncResult", "archive_place", "ask_login", "first_known", "look_after", "run_loop",
    "sync_account", "sync_accounts",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """What `sync` was asked for; `account` None means every configured one. With `patient`, photos that failed are
    left alone until their time has come again."""

    account: str | None = None
    deep: bool = False
    dry_run: bool = False
    accept_vanished: bool = False
    patient: bool = False


@dataclass(frozen=True, slots=True)
class SyncResult:
    """One account's run as a record for `--json` and as lines for people."""

    run: RunResult
    dry: bool

    @property
    def exit_code(self) -> int:
        return self.run.exit_code

    def record(self) -> dict[str, Any]:
        run = self.run
        return {
            "account": run.account,
            "run": run.run_id or None,
            "kind": run.kind,
            "dry_run": self.dry,
            "outcome": run.outcome,
            "counters": run.counters,
            "calls": run.calls,
            "bytes": run.bytes,
            "albums_not_complete": [
                {
                    "id": gap.remote_id, "title": gap.title, "expected": gap.expected, "listed": gap.listed,
                    "stored": gap.stored, "verdict": gap.verdict,
                }
                for gap in run.gaps
            ],
            "notes": list(run.notes),
            "error": str(run.error) if run.error else None,
            "exit_code": run.exit_code,
        }  # fmt: skip

    def lines(self) -> list[str]:
        prefix = f"{self.run.account} (dry run, nothing was stored)" if self.dry else self.run.account
        return [*(f"{self.run.account}: {note}" for note in self.run.notes), f"{prefix}: {self.run.line}"]


def sync_accounts(
    config: Config, root: Path, options: SyncOptions, *, quiet: bool, environ: Mapping[str, str] = os.environ
) -> list[SyncResult]:
    """A run for each account, one after the other.

    Of several accounts one that can't be run does not stop the others, and has its failure for a result; the error of
    a single one is raised.
    """
    accounts = config.selected(options.account)
    credentials = Credentials(environ)
    place = _scratch_place(config, root, environ) if options.dry_run else archive_place(config, root, environ)
    results = []
    with place as opened:
        for account in accounts:
            try:
                with progress(account.name, quiet=quiet) as report:
                    run = run_loop(sync_account(config, account, options, opened, credentials, report))
                results.append(SyncResult(run, options.dry_run))
            except FbbackupError as error:
                if len(accounts) == 1:
                    raise
                results.append(SyncResult(_failed(account, options, error), options.dry_run))
    return results


def _failed(account: Account, options: SyncOptions, error: FbbackupError) -> RunResult:
    """The result of a run that did not come to a verdict."""
    kind = "deep" if options.deep else "quick"
    return RunResult(0, account.name, kind, "failed", f"failed: {error}", {}, 0, 0, (), (), error)


async def sync_account(
    config: Config, account: Account, options: SyncOptions, place: Place, credentials: Credentials, report: Report
) -> RunResult:
    """One account's run in an archive that is held already."""
    account_id = await place.catalog.write(albums.account, account.name, account.source, utc_now())
    state = await place.catalog.read(albums.source_state, account_id)
    person = credentials.user_id(account.name)
    http = open_http(config, account)
    source = open_source(config, account, credentials, state, http)
    try:
        with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="decode") as decoder:
            tally = Tally(report, source)
            source.show_waits(tally.publish)
            for warning in place.warnings:
                tally.note(warning)
            job = Job(
                account_id, account.name, source, place.store, place.catalog,
                _run_settings(config, account, options, person), tally, _examine, make, decoder, asyncio.Event(),
            )  # fmt: skip
            run = await back_up(job)
            return replace(run, notes=(*run.notes, *await look_after(config, place)))
    finally:
        await source.close()
        await http.close()


async def ask_login(config: Config, account: Account, place: Place, credentials: Credentials, now: datetime) -> None:
    """Asks whose login it is and when it ends, without a run; what another person's says is not kept. Raises what a
    run would."""
    account_id = await place.catalog.write(albums.account, account.name, account.source, now)
    state = await place.catalog.read(albums.source_state, account_id)
    http = open_http(config, account)
    source = open_source(config, account, credentials, state, http)
    try:
        identity = await source.identity()
        known = await place.catalog.read(plans.remote_id, account.name)
        if identity.remote_id in (known, credentials.user_id(account.name)):
            await place.catalog.write(albums.record_identity, account_id, identity, now)
    finally:
        await place.catalog.write(albums.save_source_state, account_id, source.state, now)
        await source.close()
        await http.close()


async def look_after(config: Config, place: Place) -> list[str]:
    """What is made from the catalog after something changed: links and a snapshot. Whatever hinders it is told, and is
    tried again after the next run; the run itself is done."""
    if place.root is None:
        return []
    told = []
    for what, wanted, make_it, failed in (
        (marks.LINKS, config.albums.links, _link_albums, "the links to albums were not brought up to date"),
        (marks.SNAPSHOT, config.catalog.snapshots, _take_snapshot, "no snapshot of the catalog was taken"),
    ):
        if not wanted or not await place.catalog.read(marks.is_outdated, what):
            continue
        try:
            with disk.blaming(place.root):
                place.check_there()
                problem = await place.catalog.read(make_it, place.root, config)
            if problem is None:
                await place.catalog.write(marks.settle, [what])
        except ArchiveUnusable as error:
            problem = f"{failed}: {error}"
        if problem:
            told.append(problem)
    return told


def _link_albums(db: sqlite3.Connection, root: Path, config: Config) -> str | None:
    return write_links(root, linked_albums(db))


def _take_snapshot(db: sqlite3.Connection, root: Path, config: Config) -> str | None:
    keep, keep_free = config.catalog.snapshots, config.limits.keep_free_bytes
    return care.take_snapshot(db, root / care.SNAPSHOTS, keep, keep_free, utc_now())


def _examine(body: bytes, announced: tuple[int | None, int | None], size: int | None) -> Picture:
    return examine(body, expected=announced, thumbnail_size=size)


def _run_settings(config: Config, account: Account, options: SyncOptions, person: str | None) -> RunSettings:
    return RunSettings(
        deep=options.deep,
        all_failed=not options.patient,
        person=person,
        accept_vanished=options.accept_vanished,
        videos=account.videos,
        wanted=f"videos={account.videos} tagged={account.tagged} api={account.api_version}",
        deep_after=timedelta(days=config.schedule.deep_days),
        sweep_calls=config.limits.sweep_calls,
        vanish_percent=config.limits.vanish_percent,
        vanish_minimum=config.limits.vanish_minimum,
        workers=config.download.workers,
        dry_run=options.dry_run,
        attempts=config.download.attempts,
        thumbnail_size=config.thumbnails.size if config.thumbnails.enabled else None,
    )


@contextmanager
def _scratch_place(config: Config, root: Path, environ: Mapping[str, str]) -> Iterator[Place]:
    """A copy of the catalog, thrown away afterwards, and a store that takes nothing: for dry runs."""
    check_place(root, state_folder=state_folder(environ))
    path = config.catalog.path or root / "catalog.sqlite"
    with tempfile.TemporaryDirectory(prefix="fbbackup-dry-run-") as folder:
        copy = Path(folder) / "catalog.sqlite"
        if is_there(path):
            reader = open_reader(path)
            writer = sqlite3.connect(copy)
            reader.backup(writer)
            reader.close()
            writer.close()
        with open_catalog(copy) as catalog:
            yield Place(MemoryStore(), catalog)
