"""Times as text: one spelling of a moment, whatever its zone and whatever was spelled before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from fbbackup.catalog import times

_zones = st.one_of(st.just(UTC), st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m))))
_moments = st.datetimes(timezones=_zones).filter(lambda moment: 1 < moment.year < 9999)


def _spelled(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


@given(st.lists(_moments, min_size=1, max_size=4).flatmap(lambda few: st.lists(st.sampled_from(few), max_size=8)))
def test_every_moment_is_spelled_in_utc_to_the_second(moments: list[datetime]) -> None:
    assert [times.text(moment) for moment in moments] == [_spelled(moment) for moment in moments]


@given(_moments)
def test_what_is_written_is_read_back(moment: datetime) -> None:
    for near in (moment, moment + timedelta(microseconds=1), moment + timedelta(seconds=1)):
        assert times.moment(times.stamp(near)) == near.replace(microsecond=0)
    assert times.text(None) is times.moment(None) is None
