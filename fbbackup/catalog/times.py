"""Times as the catalog writes them: `2014-07-05T10:00:00Z`, UTC, sortable as text."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def text(moment: datetime | None) -> str | None:
    """The catalog's spelling of an aware time."""
    return None if moment is None else stamp(moment)


@lru_cache(maxsize=4096)
def stamp(moment: datetime) -> str:
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat(timespec="seconds")[:-6] + "Z"


def precise(at: datetime) -> str:
    """Microseconds as well: times of trying are compared within one run, where seconds are too coarse."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str | None) -> datetime | None:
    """The aware time that `text` or `stamp` wrote."""
    return None if text is None else datetime.fromisoformat(text)
