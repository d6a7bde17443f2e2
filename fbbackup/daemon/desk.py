"""What the daemon knows of one account: when its next run is due, and why it may have to wait."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from fbbackup.clock import Clock
from fbbackup.config import Account, Schedule
from fbbackup.errors import (
    ArchiveBusy,
    ArchiveUnusable,
    BudgetSpent,
    ConfigError,
    LoginNeeded,
    MassVanish,
)
from fbbackup.schedule import Appointment

DAY_SECONDS = 86_400.0
_HOUR_SECONDS = 3600.0
_DISK_SECONDS = 30.0
_BUSY_SECONDS = 60.0
_FIRST_PAUSE_SECONDS = 120.0
_AFTER_BLOCK_SECONDS = (5.0, 60.0)


@dataclass(frozen=True, slots=True)
class Hold:
    """Why runs wait, and until when by the steady clock. Another login than `login` ends the wait as well."""

    reason: str
    until: float
    login: str | None = None
    blocked: bool = False


@dataclass(slots=True)
class Desk:
    """One account. `wanted` is set when somebody asked for a run, whatever the hour."""

    account: Account
    clock: Clock
    appointment: Appointment
    hold: Hold | None = None
    wanted: bool = False
    failures: int = 0
    last_word: str = ""
    jitter: Callable[[float, float], float] = field(default=random.uniform)

    @classmethod
    def of(cls, account: Account, schedule: Schedule, clock: Clock, last: datetime | None) -> Desk:
        appointment = Appointment(schedule.every, clock, last=last, jitter_seconds=schedule.jitter_seconds)
        return cls(account, clock, appointment)

    def seconds_left(self) -> float:
        """Until the next run may start; 0 when it may."""
        if self.hold is not None:
            return max(0.0, self.hold.until - self.clock.steady())
        return 0.0 if self.wanted else self.appointment.seconds_left()

    def ask(self) -> None:
        """Somebody wants a run now; while Facebook takes no calls, it comes right after."""
        self.wanted = True
        if self.hold is not None and not self.hold.blocked:
            self.hold = None

    def look_at_login(self, login: str | None) -> None:
        """A login other than the refused one ends the wait for it."""
        if self.hold is not None and self.hold.login is not None and login not in (None, self.hold.login):
            self.hold = None
            self.wanted = True

    def block(self, seconds: float, reason: str) -> None:
        """No calls for so long."""
        seconds = min(max(0.0, seconds), DAY_SECONDS) + self.jitter(*_AFTER_BLOCK_SECONDS)
        self.hold = Hold(reason, self.clock.steady() + seconds, blocked=True)

    def ended(self, error: BaseException | None, login: str | None) -> None:
        """A run is over; decides when the next one may start. One that was asked for meanwhile is still to come."""
        self.hold = None
        if error is None or isinstance(error, MassVanish):
            self.failures = 0
            self.appointment.met()
        elif isinstance(error, BudgetSpent):
            self.block(error.regain_seconds, str(error))
        else:
            pause, refused = self._pause(error), login if isinstance(error, LoginNeeded) else None
            self.hold = Hold(str(error) or type(error).__name__, self.clock.steady() + pause, refused or None)
            self.failures += 1

    def _pause(self, error: BaseException) -> float:
        if isinstance(error, LoginNeeded):
            return DAY_SECONDS  # a check that Facebook wants may be passed meanwhile, with the same token
        if isinstance(error, ConfigError):
            return _HOUR_SECONDS
        if isinstance(error, ArchiveUnusable):
            return _DISK_SECONDS  # costs no call, and space or a disk comes back at any moment
        if isinstance(error, ArchiveBusy):
            return _BUSY_SECONDS
        doubled: float = _FIRST_PAUSE_SECONDS * 2 ** min(self.failures, 10)
        return min(_HOUR_SECONDS, doubled) * self.jitter(0.8, 1.2)
