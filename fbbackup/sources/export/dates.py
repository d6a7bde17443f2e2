"""Dates as HTML exports write them: for people, in the account's language, mostly without a zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_MONTHS = (
    "jan gen ene sty", "feb fév fev lut", "mar mär mrt maa", "apr avr abr kwi", "may mai mag maj mei",
    "jun jui giu cze", "jul lug lip", "aug aoû ago sie", "sep set wrz", "oct okt out ott paź",
    "nov lis", "dec déc dez dic gru",
)  # fmt: skip
_NUMBERS = {word: number for number, words in enumerate(_MONTHS, 1) for word in words.split()} | {"juil": 7}
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap])?\.?m?\b", re.IGNORECASE)
_ZONE = re.compile(r"\b(?:UTC|GMT)\s*([+-]\d{1,2})?(?::?(\d{2}))?")
_WORD = re.compile(r"[^\W\d_]{3,}")
_YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)")
_DAY = re.compile(r"(?<![\d:])(\d{1,2})(?![\d:])")
_NUMERIC = re.compile(r"(?<!\d)(\d{1,2})[./](\d{1,2})[./](\d{4})(?!\d)|(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_LONGEST = 60


def moment_in(text: str) -> tuple[datetime, bool] | None:
    """The time that a short text is, as UTC, and whether it told its zone; None for a text that is no date."""
    if not 8 <= len(text) <= _LONGEST:
        return None
    clock = _CLOCK.search(text)
    rest = text[: clock.start()] + " " + text[clock.end() :] if clock else text
    zone = _ZONE.search(rest)
    day = _day_in(_ZONE.sub(" ", rest))
    if day is None or clock is None:
        return None
    hour = int(clock[1]) % 12 + 12 * (clock[4].lower() == "p") if clock[4] else int(clock[1])
    try:
        offset = timedelta(hours=int(zone[1] or 0), minutes=int(zone[2] or 0)) if zone else timedelta(0)
        local = datetime(*day, hour, int(clock[2]), int(clock[3] or 0), tzinfo=timezone(offset))
    except ValueError:
        return None
    return local.astimezone(UTC), zone is not None


def _day_in(text: str) -> tuple[int, int, int] | None:
    if numeric := _NUMERIC.search(text):
        day, month, year = (numeric[1], numeric[2], numeric[3]) if numeric[1] else (numeric[6], numeric[5], numeric[4])
        return int(year), int(month), int(day)
    year, day = _YEAR.search(text), _DAY.search(text)
    months = [number for word in _WORD.findall(text.lower()) if (number := _month(word))]
    if year is None or day is None or len(months) != 1 or len(_WORD.findall(text)) > 5:
        return None
    return int(year[1]), months[0], int(day[1])


def _month(word: str) -> int | None:
    """The month that a word begins like; names of weekdays and small words are none."""
    if word in _WEEKDAYS:
        return None
    return _NUMBERS.get(word) or _NUMBERS.get(word[:4]) or _NUMBERS.get(word[:3])


_WEEKDAYS = frozenset({"maandag", "mardi", "martes", "martedì"})
"""Days whose names begin like a month."""
