"""Notices in words: what a run changed, when a login ends, what went wrong and what helps."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fbbackup.catalog.changes import Changes
from fbbackup.errors import ArchiveUnusable, ConfigError, FbbackupError, LoginNeeded, MassVanish
from fbbackup.screen import counted

WARN_DAYS = (14, 7, 3, 1)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something for people. `kind`: changes, login-ends, login-ended, trouble, works-again or login-renewed.
    `quiet` ones go to the log and to hooks only."""

    kind: str
    account: str
    title: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)
    quiet: bool = False


def digest(changes: Changes, outcome: str) -> str:
    """One line such as `12 new, 2 captions changed, 1 album renamed, 3 gone from Facebook (kept here); complete`."""
    parts = [
        _counted(changes.new, "new"),
        _counted(changes.captions, "caption changed", "captions changed"),
        _counted(changes.albums, "new album", "new albums"),
        _counted(changes.renamed, "album renamed", "albums renamed"),
        _counted(changes.gone, "gone from Facebook (kept here)"),
        _counted(changes.failed, "not stored yet"),
    ]
    return f"{', '.join(part for part in parts if part) or 'nothing new'}; {outcome}"


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 or many is None else many}" if number else ""


def due_warning(ends_at: datetime, now: datetime) -> int | None:
    """The smallest of WARN_DAYS that has come, None when none has."""
    left = ends_at - now
    return min((days for days in WARN_DAYS if left <= timedelta(days=days)), default=None)


def ending(account: str, what: str, ends_at: datetime, now: datetime) -> Notice:
    """A login, or access to the data, that ends soon."""
    left = max(timedelta(), ends_at - now)
    days, hours = left.days, int(left.total_seconds() // 3600)
    when = f"in {days} days" if days >= 2 else f"in {counted(hours, 'hour')}" if hours else "now"
    data = {"what": what, "ends_at": ends_at.isoformat(timespec="seconds").replace("+00:00", "Z")}
    return Notice(
        "login-ends", account, f"{account}: {what} ends {when}",
        f"{what} of account {account} ends {when}, on {ends_at:%Y-%m-%d}. Run `fbbackup login {account}` before that; "
        "until then everything goes on.", data,
    )  # fmt: skip


def trouble(account: str, error: Exception) -> Notice | None:
    """What a person has to do something about; None for what passes by itself."""
    if isinstance(error, LoginNeeded):
        return Notice("login-ended", account, f"{account}: login needed", str(error), {"why": str(error)})
    if isinstance(error, ArchiveUnusable | ConfigError | MassVanish):
        return Notice("trouble", account, f"{account}: needs you", str(error), {"why": str(error)})
    if isinstance(error, FbbackupError):
        return None
    words = f"an unexpected {type(error).__name__}; the log says more, the next run tries again"
    return Notice("trouble", account, f"{account}: a run failed", words, {"why": type(error).__name__})
