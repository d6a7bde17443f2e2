"""Times as the catalog writes them: `2014-07-05T10:00:00Z`, UTC, sortable as text."""

from __future__ import annotations

from datetime import UTC, datetime


def text(moment: datetime | None) -> str | None:
    """The catalog's spelling of an aware time."""
    return None if moment is None else stamp(moment)


# A photo's times, and those of its addresses, are mostly one moment, and comparing is cheaper than a cache's hashing.
_last = [(datetime(1970, 1, 1, tzinfo=UTC), "1970-01-01T00:00:00Z")]


def stamp(moment: datetime) -> str:
    last, written = _last[0]
    if moment == last:
        return written
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    # Twice as fast as isoformat, which asks the zone and formats it as well.
    written = "%04d-%02d-%02dT%02d:%02d:%02dZ" % (utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second)  # noqa: UP031
    _last[0] = (moment, written)
    return written


def precise(at: datetime) -> str:
    """Microseconds as well: times of trying are compared within one run, where seconds are too coarse."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str | None) -> datetime | None:
    """The aware time that `text` or `stamp` wrote."""
    return None if text is None else datetime.fromisoformat(text)
