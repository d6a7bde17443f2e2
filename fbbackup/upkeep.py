"""Wiring of what keeps an archive as it is: `verify` with its repairs, and `purge`. The network is imported only where
something has to be fetched again."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fbbackup.catalog import albums, open_reader, purges, reports
from fbbackup.catalog.purges import Plan
from fbbackup.config import Config
from fbbackup.credentials import Credentials
from fbbackup.errors import ConfigError, DamageFound, LoginNeeded
from fbbackup.holding import Place, archive_place, run_loop
from fbbackup.job import Stock, utc_now
from fbbackup.manifests import write_manifests
from fbbackup.models import Picture
from fbbackup.protocols import Report, Source
from fbbackup.purge import Purged, purge
from fbbackup.repair import Means, Outcome, repair
from fbbackup.screen import counted, progress, size_in_words
from fbbackup.stores.archive import open_existing
from fbbackup.verify import Selection, Verified, verify

LISTED = 20


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What `verify` was asked for; percents between 0 and 100."""

    sample: float | None = None
    oldest: float | None = None
    repair: bool = False
    account: str | None = None


def verify_archive(
    config: Config, root: Path, options: VerifyOptions, *, quiet: bool, environ: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """`verify`: its record, with the lines for people and the exit code. Marks go into the catalog."""
    with existing_place(config, root, environ) as place, progress("verify", quiet=quiet) as report:
        return run_loop(verify_place(config, place, options, Credentials(environ), report))


@contextmanager
def existing_place(config: Config, root: Path, environ: Mapping[str, str]) -> Iterator[Place]:
    """Never makes an archive or a catalog: an empty one would be sound."""
    archive = open_existing(root)
    open_reader(config.catalog.path or archive.catalog_path).close()
    with archive_place(config, root, environ, keep_free=False) as place:
        yield place


async def verify_place(
    config: Config, place: Place, options: VerifyOptions, credentials: Credentials, report: Report
) -> dict[str, Any]:
    """`verify` in an archive that is held already."""
    accounts = await place.catalog.read(reports.account_ids)
    if options.account is not None and options.account not in accounts:
        raise ConfigError(f"the archive has no account {options.account!r}; it has {', '.join(accounts) or 'none'}")
    selection = Selection(options.sample, options.oldest, accounts[options.account] if options.account else None)
    stock = Stock(place.store, place.catalog)
    found = await verify(stock, selection, report)
    outcomes = [Outcome(damage, False, damage.detail) for damage in found.damaged]
    if options.repair and found.damaged:
        names = {account_id: name for name, account_id in accounts.items()}
        means = Means(stock, _Sources(config, place, credentials, names).open, _examine, report)
        outcomes = await repair(means, found.damaged)
    await write_manifests(place.catalog, place.store)
    record = _verify_record(found, outcomes, tried=options.repair)
    return {**record, "notes": list(place.warnings), "lines": [*place.warnings, *record["lines"]]}


@dataclass(frozen=True, slots=True)
class _Sources:
    """The sources of the archive's accounts, opened when they are needed."""

    config: Config
    place: Place
    credentials: Credentials
    names: Mapping[int, str]

    @asynccontextmanager
    async def open(self, account_id: int) -> AsyncIterator[Source]:
        from fbbackup.accounts import open_http, open_source

        name = self.names[account_id]
        account = next((account for account in self.config.accounts if account.name == name), None)
        if account is None:
            raise LoginNeeded(f"the account {name!r} is not configured any more; add it to fetch its photos again")
        catalog = self.place.catalog
        state = await catalog.read(albums.source_state, account_id)
        http = open_http(self.config, account)
        try:
            source = open_source(self.config, account, self.credentials, state, http)
            try:
                yield source
                await catalog.write(albums.save_source_state, account_id, source.state, utc_now())
            finally:
                await source.close()
        finally:
            await http.close()


def _examine(body: bytes, announced: tuple[int | None, int | None], size: int | None) -> Picture:
    from fbbackup.thumbnails import examine

    return examine(body, expected=announced, thumbnail_size=size)


def _verify_record(found: Verified, outcomes: Sequence[Outcome], *, tried: bool) -> dict[str, Any]:
    left = [outcome for outcome in outcomes if not outcome.repaired]
    return {
        "ok": not left,
        "files": found.files,
        "checked": found.checked,
        "bytes": found.bytes,
        "damaged": [_entry(outcome) for outcome in outcomes],
        "repaired": len(outcomes) - len(left),
        "moved": found.moved_count,
        "healed": found.healed,
        "lines": _verify_lines(found, outcomes, tried=tried),
        "exit_code": DamageFound.exit_code if left else 0,
    }


def _entry(outcome: Outcome) -> dict[str, Any]:
    damage = outcome.damage
    return {
        "key": damage.key,
        "sha256": damage.sha256,
        "photo_ids": list(damage.photo_ids),
        "problem": str(damage.problem),
        "detail": damage.detail,
        "repaired": outcome.repaired,
        "outcome": outcome.words,
        "kept": outcome.kept,
    }


def _verify_lines(found: Verified, outcomes: Sequence[Outcome], *, tried: bool) -> list[str]:
    lines = [f"{old} was moved to {new}; the catalog follows it" for old, new in found.moved]
    if found.moved_count > len(found.moved):
        lines.append(f"… and {found.moved_count - len(found.moved)} more files were moved")
    lines += [_damage_line(outcome, tried=tried) for outcome in outcomes[:LISTED]]
    if len(outcomes) > LISTED:
        lines.append(f"… and {len(outcomes) - LISTED} more (--json lists all)")
    if found.healed:
        lines.append(f"{found.healed} files that were damaged are well again")
    read = f"{found.checked:,} of {found.files:,} files checked, {size_in_words(found.bytes)} read"
    left = sum(not outcome.repaired for outcome in outcomes)
    if not outcomes:
        return [*lines, f"{read}: all are as recorded"]
    if not left:
        return [*lines, f"{read}: {counted(len(outcomes), 'damaged one')}, all repaired"]
    advice = "" if tried else "; `fbbackup verify --repair` fetches them again"
    done = f", {len(outcomes) - left} repaired" if tried else ""
    return [*lines, f"{read}: {len(outcomes)} damaged or missing{done}{advice}"]


def _damage_line(outcome: Outcome, *, tried: bool) -> str:
    damage = outcome.damage
    photos = ", ".join(damage.photo_ids[:3]) + ("…" if len(damage.photo_ids) > 3 else "")
    line = f"{damage.problem}: {damage.key} ({damage.detail}; photo {photos or 'unknown'})"
    return f"{line}: {'repaired, ' if outcome.repaired else 'not repaired, '}{outcome.words}" if tried else line


def purge_photos(
    config: Config, root: Path, photo_ids: Sequence[str], *, confirmed: bool, environ: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """`purge`: its record, with the lines for people and the exit code. Unless `confirmed` it only tells."""
    archive = open_existing(root)
    db = open_reader(config.catalog.path or archive.catalog_path)
    try:
        plan = purges.plan(db, photo_ids)
    finally:
        db.close()
    if plan.unknown:
        raise ConfigError(
            f"there is no photo {plan.unknown[0]!r} in the catalog, nothing was removed; ids are in the `library` view"
        )
    if not confirmed:
        return _purge_record(plan, None)
    with existing_place(config, root, environ) as place:
        done = run_loop(_purge(place, photo_ids))
    return _purge_record(done.plan, done)


async def _purge(place: Place, photo_ids: Sequence[str]) -> Purged:
    done = await purge(Stock(place.store, place.catalog), photo_ids)
    await write_manifests(place.catalog, place.store)
    return done


def _purge_record(plan: Plan, done: Purged | None) -> dict[str, Any]:
    return {
        "purged": done is not None,
        "photo_ids": list(plan.photo_ids),
        "files": [{"key": file.key, "sha256": file.sha256, "bytes": file.bytes} for file in plan.files],
        "bytes": sum(file.bytes for file in plan.files),
        "kept": [{"key": file.key, "photo_ids": list(file.photo_ids)} for file in plan.shared],
        "thumbnails": done.thumbnails if done else None,
        "copies": done.copies if done else None,
        "lines": _purge_lines(plan, done),
        "exit_code": 0 if done else ConfigError.exit_code,
    }


def _purge_lines(plan: Plan, done: Purged | None) -> list[str]:
    verb = "removed" if done else "would remove"
    lines = [f"{verb} {file.key} ({size_in_words(file.bytes)})" for file in plan.files[:LISTED]]
    if len(plan.files) > LISTED:
        lines.append(f"… and {len(plan.files) - LISTED} more (--json lists all)")
    for file in plan.shared:
        others = ", ".join(file.photo_ids[:3]) + ("…" if len(file.photo_ids) > 3 else "")
        lines.append(f"{file.key} stays: photo {others} has the same bytes")
    photos, files = counted(len(plan.photo_ids), "photo"), counted(len(plan.files), "file")
    size = size_in_words(sum(file.bytes for file in plan.files))
    if done:
        made = f", {counted(done.thumbnails, 'thumbnail')}" + (
            f", {counted(done.copies, 'set-aside file')}" if done.copies else ""
        )
        lines.append(f"{photos} purged: {files} ({size}){made}; "
                     "what is known of them stays in the catalog, and they are not fetched again")  # fmt: skip
    else:
        lines.append(f"{photos} with {files} ({size}), thumbnails included, would be removed for good; "
                     "nothing was: say so with --yes")  # fmt: skip
    return lines
