"""Is everything well, in one answer for monitors (`/healthz`) and in numbers for Prometheus (`/metrics`)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from fbbackup.catalog import reports
from fbbackup.catalog.connection import reading
from fbbackup.config import Config
from fbbackup.credentials import state_folder
from fbbackup.errors import FbbackupError
from fbbackup.notices.memory import Memory
from fbbackup.schedule import longest_pause

_STATES = ("stored", "wanted", "failed", "unavailable")


class Kind(StrEnum):
    """What may be wrong, in words that name no account and no folder."""

    LATE = "the last good run is older than two periods"
    LOGIN = "a login has ended"
    DISK = "the disk is nearly full"
    DAMAGE = "files are damaged or missing"
    ARCHIVE = "the archive can't be read"


Wrong = tuple[Kind, str]
"""What is wrong, and one line with the details."""


@dataclass(frozen=True, slots=True)
class Health:
    """Everything that is wrong; nothing means that all is well."""

    wrong: tuple[Wrong, ...]

    @property
    def ok(self) -> bool:
        return not self.wrong

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(line for _, line in self.wrong)

    def record(self, *, for_strangers: bool = False) -> dict[str, Any]:
        """For `/healthz`, with 200 or 503; strangers are told no names, folders and times."""
        kinds = dict.fromkeys(kind.value for kind, _ in self.wrong)
        return {"ok": self.ok, "reasons": list(kinds) if for_strangers else list(self.reasons)}


def health(config: Config, root: Path, now: datetime, environ: Mapping[str, str] = os.environ) -> Health:
    """What is wrong at this moment: no good run for two periods, a dead login, a full disk, damage. Makes no call."""
    memory = Memory(state_folder(environ))
    try:
        with reading(config.catalog.path or root / "catalog.sqlite") as db:
            return Health(tuple([*_accounts(db, config, now, memory), *_disk(config, root), *_damage(db)]))
    except FbbackupError as error:
        return Health(((Kind.ARCHIVE, str(error)),))


def _accounts(db: Connection, config: Config, now: datetime, memory: Memory) -> Iterator[Wrong]:
    known = {row["name"]: row for row in reports.accounts(db)}
    patience = 2 * longest_pause(config.schedule.every, config.schedule.quiet_hours, now)
    for account in config.accounts:
        trouble = memory.account(account.name).get("trouble")
        if isinstance(trouble, dict) and trouble.get("kind") == "login-ended":
            yield Kind.LOGIN, f"{account.name}: the login has ended: {trouble.get('why')}"
        row = known.get(account.name)
        last = reports.last_good_run(db, account.name) if row is not None else None
        if last is None:
            yield Kind.LATE, f"{account.name}: no run ended well yet"
        elif now - last > patience:
            words = f"the last good run was at {_text(last)}, more than {_hours(patience)} ago"
            yield Kind.LATE, f"{account.name}: {words}"


def _disk(config: Config, root: Path) -> Iterator[Wrong]:
    try:
        free = shutil.disk_usage(root).free
    except OSError as error:
        yield Kind.ARCHIVE, f"{root} can't be looked at: {error.strerror}"
        return
    if free < config.limits.keep_free_bytes:
        yield Kind.DISK, f"the disk is nearly full: {free // 1_000_000} MB free at {root}"


def _damage(db: Connection) -> Iterator[Wrong]:
    damaged = reports.totals(db)["damaged_files"]
    if damaged:
        yield Kind.DAMAGE, f"{damaged} files are damaged or missing"


def metrics(config: Config, root: Path, now: datetime, environ: Mapping[str, str] = os.environ) -> str:
    """The state of things in Prometheus' text format; `fbbackup_up` is 0 while there is no catalog to read."""
    lines = list(_family("up", "Whether the catalog can be read.", [({}, 0)]))
    found = health(config, root, now, environ)
    with suppress(FbbackupError, OSError), reading(config.catalog.path or root / "catalog.sqlite") as db:
        known = list(_family("up", "Whether the catalog can be read.", [({}, 1)]))
        known += _family("healthy", "Whether all is well, as /healthz says.", [({}, int(found.ok))])
        known += _totals(reports.totals(db))
        known += _by_account(db, reports.accounts(db))
        known += _family("free_bytes", "Space left where the archive is.", [({}, shutil.disk_usage(root).free)])
        lines = known
    return "\n".join(lines) + "\n"


def _totals(totals: dict[str, Any]) -> Iterator[str]:
    photos = totals["photos"]
    yield from _family("photos", "Photos by state.", [({"state": state}, photos[state]) for state in _STATES])
    for name, key, words in (
        ("photos_gone", "gone_upstream", "Photos that are gone on Facebook and kept here."),
        ("albums", "albums", "Albums."),
        ("files", "files", "Stored files."),
        ("stored_bytes", "bytes", "Bytes of stored files."),
        ("damaged_files", "damaged_files", "Files that are damaged or missing."),
    ):
        yield from _family(name, words, [({}, totals[key])])


def _by_account(db: Connection, accounts: list[dict[str, Any]]) -> Iterator[str]:
    runs = [(row["name"], run) for row in accounts for run in reports.run_totals(db, row["name"])]
    yield from _family(
        "runs_total", "Runs by outcome.",
        [({"account": name, "outcome": run["outcome"]}, run["runs"]) for name, run in runs], "counter",
    )  # fmt: skip
    for key, words in (("calls", "Calls to the source."), ("bytes", "Bytes fetched.")):
        sums = {name: sum(run[key] for other, run in runs if other == name) for name, _ in runs}
        yield from _family(f"{key}_total", words, [({"account": name}, sums[name]) for name in sums], "counter")
    for key, words in (
        ("login_expires_at", "When the login ends, unix seconds; absent when it does not."),
        ("data_access_expires_at", "When access to the data ends, unix seconds."),
        ("last_run", "When the last run ended, unix seconds."),
        ("last_complete_run", "When the last complete run ended, unix seconds."),
    ):
        name = key.removesuffix("_at") + "_timestamp_seconds"
        found = [({"account": row["name"]}, _seconds(row[key])) for row in accounts]
        yield from _family(name, words, [(labels, value) for labels, value in found if value is not None])
    budget = [({"account": row["name"]}, row["budget"]) for row in accounts]
    yield from _family("call_allowance_used_percent", "Share of the call allowance in use, as last told.",
                       [(labels, float(state.get("usage") or 0)) for labels, state in budget])  # fmt: skip
    yield from _family("blocked_until_timestamp_seconds", "Before this Facebook takes no calls.",
                       [(labels, float(state.get("blocked_until") or 0)) for labels, state in budget])  # fmt: skip


def _seconds(value: Any) -> float | None:
    at = value["finished_at"] if isinstance(value, dict) else value
    return datetime.fromisoformat(at).timestamp() if at else None


def _family(
    name: str, words: str, values: Iterable[tuple[Mapping[str, str], float]], kind: str = "gauge"
) -> Iterator[str]:
    yield f"# HELP fbbackup_{name} {words}"
    yield f"# TYPE fbbackup_{name} {kind}"
    for labels, value in values:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"fbbackup_{name}{f'{{{inside}}}' if inside else ''} {value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="minutes").replace("+00:00", "Z")


def _hours(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:.0f} hours" if hours >= 2 else f"{hours * 60:.0f} minutes"
