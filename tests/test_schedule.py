"""Appointments on a clock that is set, stopped and turned; quiet hours around midnight and in summer time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fbbackup.errors import ConfigError
from fbbackup.schedule import Appointment, local_zone, quiet_seconds
from tests.daemon.wheel import START, Wheel

HOUR = 3600.0
YEAR = timedelta(days=365)


def kept(appointment: Appointment, wheel: Wheel, seconds: float) -> list[float]:
    """The moments at which it is due within so many seconds, looked at every minute."""
    begin, found = wheel.passed, []
    while wheel.passed < begin + seconds:
        if appointment.seconds_left() <= 0:
            found.append(wheel.passed - begin)
            appointment.met()
        wheel.turn(60)
    return found


def test_what_never_happened_is_due_at_once_and_then_each_interval() -> None:
    wheel = Wheel()
    assert kept(Appointment("2 h", wheel.clock, last=None), wheel, 5 * HOUR) == [0, 2 * HOUR, 4 * HOUR]


def test_an_interval_goes_on_from_the_last_time() -> None:
    wheel = Wheel()
    appointment = Appointment("2 h", wheel.clock, last=START - timedelta(minutes=90))
    assert kept(appointment, wheel, 5 * HOUR) == [0.5 * HOUR, 2.5 * HOUR, 4.5 * HOUR]


@pytest.mark.parametrize("rhythm", ["1 h", "0 * * * *"])
def test_what_was_missed_is_made_up_once(rhythm: str) -> None:
    wheel = Wheel()
    appointment = Appointment(rhythm, wheel.clock, last=START - timedelta(days=3))
    assert kept(appointment, wheel, 2.5 * HOUR) == [0, HOUR, 2 * HOUR]


@pytest.mark.parametrize("rhythm", ["1 h", "30 * * * *"])
@pytest.mark.parametrize("step", [YEAR, -YEAR, timedelta(hours=1), timedelta(hours=-1), timedelta(days=-20_000)])
def test_setting_the_date_starts_no_storm_and_skips_no_period(rhythm: str, step: timedelta) -> None:
    wheel = Wheel(date=START + timedelta(minutes=5))
    appointment = Appointment(rhythm, wheel.clock, last=START)
    before = kept(appointment, wheel, 4 * HOUR)
    wheel.set_date(step)
    after = kept(appointment, wheel, 4 * HOUR)
    assert len(before) == 4
    assert 3 <= len(after) <= 5
    gaps = [b - a for a, b in zip(after, after[1:], strict=False)]
    assert all(gap <= HOUR for gap in gaps)
    assert after[0] <= HOUR


def test_an_interval_does_not_feel_a_date_that_is_set() -> None:
    wheel = Wheel()
    appointment = Appointment("1 h", wheel.clock, last=START)
    wheel.set_date(-YEAR)
    assert kept(appointment, wheel, 2.5 * HOUR) == [HOUR, 2 * HOUR]


def test_a_last_time_in_the_future_was_a_wrong_date() -> None:
    wheel = Wheel()
    assert kept(Appointment("6 h", wheel.clock, last=START + YEAR), wheel, 7 * HOUR) == [0, 6 * HOUR]


def test_cron_follows_the_local_time_of_day() -> None:
    wheel = Wheel()
    appointment = Appointment("15 * * * *", wheel.clock, last=START)
    local = START.astimezone(local_zone())
    first = (15 - local.minute) % 60 * 60
    assert kept(appointment, wheel, 2 * HOUR) == [first, first + HOUR]


def test_jitter_stays_within_its_bounds_and_varies() -> None:
    found = set()
    for _ in range(50):
        wheel = Wheel()
        appointment = Appointment("2 h", wheel.clock, last=None, jitter_seconds=300)
        appointment.met()
        found.add(appointment.seconds_left())
    assert 2 * HOUR - 300 <= min(found) < max(found) <= 2 * HOUR + 300


def test_a_broken_cron_expression_names_its_key() -> None:
    with pytest.raises(ConfigError, match=r'"every" in \[schedule\].*99'):
        Appointment("99 * * * *", Wheel().clock, last=None)


@pytest.mark.parametrize(
    ("hours", "time", "left"),
    [
        ("08:00-18:30", "07:59", 0),
        ("08:00-18:30", "08:00", 10.5 * HOUR),
        ("08:00-18:30", "18:29", 60),
        ("08:00-18:30", "18:30", 0),
        ("22:00-06:00", "23:00", 7 * HOUR),
        ("22:00-06:00", "05:00", HOUR),
        ("22:00-06:00", "12:00", 0),
        (None, "12:00", 0),
    ],
)
def test_quiet_hours(hours: str | None, time: str, left: float) -> None:
    now = datetime.fromisoformat(f"2026-03-02T{time}:00+00:00")
    assert quiet_seconds(hours, now, UTC) == left


@pytest.mark.parametrize(
    ("day", "left"), [("2026-03-29", 6 * HOUR), ("2026-10-25", 8 * HOUR), ("2026-06-01", 7 * HOUR)]
)
def test_quiet_hours_of_nights_that_are_longer_or_shorter(day: str, left: float) -> None:
    zone = ZoneInfo("Europe/Berlin")
    now = datetime.fromisoformat(f"{day}T00:00:00").replace(tzinfo=zone)
    assert quiet_seconds("23:00-07:00", now.astimezone(UTC), zone) == left


@pytest.mark.parametrize("minutes", [20, -20])
def test_cron_goes_by_the_date_as_it_was_set(minutes: int) -> None:
    wheel = Wheel(date=START + timedelta(minutes=25))
    appointment = Appointment("50 * * * *", wheel.clock, last=wheel.date)
    assert appointment.seconds_left() == 25 * 60
    wheel.set_date(timedelta(minutes=minutes))
    assert appointment.seconds_left() == (25 - minutes) * 60
