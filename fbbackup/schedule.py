"""When something recurring is due: intervals and cron expressions, quiet hours, and clocks that are set meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from tzlocal import get_localzone

from fbbackup.clock import Clock
from fbbackup.config.shapes import interval_seconds
from fbbackup.errors import ConfigError

_MOMENTS = 32
"""So many moments ahead show the rhythm of a cron expression."""

STEP_SECONDS = 60.0
"""A date that moved by more than this against the steady clock was set by somebody."""


class _Trigger(Protocol):
    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None: ...


class Appointment:
    """Something recurring. What was missed is made up once; after `met` it is due again one turn later.

    Intervals are measured by the steady clock alone, so that setting the date neither starts nor delays anything.
    Cron expressions follow the local time of day and are read again when the date was set.
    """

    def __init__(self, rhythm: str, clock: Clock, *, last: datetime | None, jitter_seconds: int = 0) -> None:
        self._clock = clock
        self._zone = local_zone()
        self._trigger = _trigger(rhythm, jitter_seconds, clock.now().astimezone(self._zone), self._zone)
        self._follows_date = interval_seconds(rhythm) is None
        self._set_out()
        now = self._now()
        # A last time in the future was written under a wrong date: it says nothing.
        known = last is not None and last <= now
        self._next = self._after(last.astimezone(self._zone)) if last is not None and known else now

    def seconds_left(self) -> float:
        """Until it is due; 0 when it is."""
        if self._follows_date and abs((self._clock.now() - self._now()).total_seconds()) > STEP_SECONDS:
            self._set_out()
            if self._next > self._now():
                self._next = self._after(None)
        return max(0.0, (self._next - self._now()).total_seconds())

    def met(self) -> None:
        """It was done now."""
        self._next = self._after(self._now())

    def _set_out(self) -> None:
        self._began, self._began_at = self._clock.steady(), self._clock.now().astimezone(self._zone)

    def _now(self) -> datetime:
        # Added in UTC: a local day may have 23 hours.
        passed = timedelta(seconds=self._clock.steady() - self._began)
        return (self._began_at.astimezone(UTC) + passed).astimezone(self._zone)

    def _after(self, previous: datetime | None) -> datetime:
        found = self._trigger.get_next_fire_time(previous, self._now())
        if found is None:
            raise ConfigError("a rhythm under [schedule] names a date that never comes; correct it")
        return found


def _trigger(rhythm: str, jitter_seconds: int, now: datetime, zone: tzinfo) -> _Trigger:
    seconds = interval_seconds(rhythm)
    found: _Trigger
    if seconds is not None:
        found = IntervalTrigger(seconds=seconds, start_date=now, timezone=zone, jitter=jitter_seconds or None)
        return found
    try:
        found = CronTrigger.from_crontab(rhythm, timezone=zone)
    except ValueError as error:
        raise ConfigError(
            f'"every" in [schedule]: {rhythm!r} is neither an interval such as "2 h" nor a cron expression ({error})'
        ) from None
    found.jitter = jitter_seconds or None  # type: ignore[attr-defined]
    return found


def local_zone() -> tzinfo:
    """The machine's time zone; UTC where none can be told."""
    try:
        return get_localzone()
    except (LookupError, ValueError, OSError):
        return UTC


def quiet_seconds(quiet_hours: str | None, now: datetime, zone: tzinfo | None = None) -> float:
    """How long the quiet hours still last, 0 outside of them. `quiet_hours` is local time such as "08:00-18:30"."""
    if not quiet_hours:
        return 0.0
    local = now.astimezone(zone or local_zone())
    begin, end = (_minutes(part) for part in quiet_hours.split("-"))
    minute = local.hour * 60 + local.minute
    inside = begin <= minute < end if begin <= end else minute >= begin or minute < end
    if not inside:
        return 0.0
    over = local.replace(hour=end // 60, minute=end % 60, second=0, microsecond=0)
    if minute >= end:
        over += timedelta(days=1)
    return max(1.0, (over.astimezone(UTC) - now).total_seconds())


def longest_pause(rhythm: str, quiet_hours: str | None, now: datetime) -> timedelta:
    """The longest time between two runs that this schedule allows, without trouble."""
    zone = local_zone()
    trigger = _trigger(rhythm, 0, now.astimezone(zone), zone)
    longest, last = timedelta(), None
    for _ in range(_MOMENTS):
        moment = trigger.get_next_fire_time(last, now.astimezone(zone) if last is None else last)
        if moment is None:
            break
        if last is not None:
            longest = max(longest, moment.astimezone(UTC) - last.astimezone(UTC))
        last = moment
    if quiet_hours:
        begin, end = (_minutes(part) for part in quiet_hours.split("-"))
        longest += timedelta(minutes=(end - begin) % (24 * 60))
    return longest


def _minutes(text: str) -> int:
    hours, _, minutes = text.strip().partition(":")
    return int(hours) * 60 + int(minutes)
