"""Dates as HTML exports write them: for people, in the account's language, mostly without a zone."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

_MONTHS = (
    "jan gen ene sty ian янв січ ιαν oca led tamm ינו जन يناير كانون_الثاني",
    "feb fév fev lut фев лют φεβ şub úno helm פבר फर फ़र فبراير شباط",
    "mar mär mrt maa már мар бер μαρ μάρ bře maal מרץ मार्च مارس آذار",
    "apr avr abr kwi ápr апр кві απρ nis dub huht אפר अप्र أبريل إبريل ابريل نيسان",
    "may mai mag maj mei máj мая май тра μαϊ μαΐ μάι kvě touk מאי मई مايو أيار",
    "jun giu cze jún iun июн чер ιουν ιούν haz čvn červn kesä יונ जून يونيو حزيران",
    "jul lug lip júl iul juil июл лип ιουλ ιούλ tem čvc červenc hein יול जुल يوليو تموز",
    "aug aoû ago sie agu ags авг серп αυγ αύγ ağu srp elok אוג अगस أغسطس اغسطس آب",
    "sep set wrz szep сен вер σεπ eyl zář syys ספט सित سبتمبر أيلول",
    "oct okt out ott paź окт жов οκτ eki říj loka אוק अक्ट أكتوبر اكتوبر تشرين_الأول",
    "nov lis noi ноя лист νοε νοέ kas marr נוב नव نوفمبر تشرين_الثاني",
    "dec déc dez dic gru des дек груд δεκ ara pros joul דצמ दिस ديسمبر كانون_الأول",
)  # fmt: skip
_NUMBERS = {word: number for number, words in enumerate(_MONTHS, 1) for word in words.split()}
_CLOCK = re.compile(r"(\d{1,2})(?:\s?[h시時时点點]\s?|:)(\d{2})(?::(\d{2}))?\s*(?:([ap])\.?\s?m?\b\.?)?", re.IGNORECASE)
_CLOCK_WITH_POINT = re.compile(r"\bkl(?:o|\.)?\s*(\d{1,2})\.(\d{2})(?:\.(\d{2}))?()", re.IGNORECASE)
_AFTERNOON = re.compile(r"午後|下午|晚上|오후|\bم\b|مساء|\bμ\.?\s?μ|\bnachm\b|\bÖS\b|\bCH\b")
_MORNING = re.compile(r"午前|上午|오전|\bص\b|صباح|\bπ\.?\s?μ|\bvorm\b|\bÖÖ\b|\bSA\b")
_ZONE = re.compile(r"\b(?:UTC|GMT)\s*([+-]\d{1,2})?(?::?(\d{2}))?")
_LETTERS = re.compile(r"[^\W\d_]+(?:[^\W\d_]|[\u0900-\u096f\u0590-\u05c7])*")
_YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)")
_DAY = re.compile(r"(?<![\d:])(\d{1,2})(?![\d:])")
_NUMERIC = re.compile(
    r"(?<!\d)(?P<d>\d{1,2})[./-](?P<m>\d{1,2})[./-](?P<y>\d{4})(?!\d)"
    r"|(?<!\d)(?P<y2>\d{4})(?:[-/]|\.\s?|\s?[年년]\s?)(?P<m2>\d{1,2})(?:[-/]|\.\s?|\s?[月월]\s?)(?P<d2>\d{1,2})(?!\d)"
    r"|(?<!\d)(?P<m3>\d{1,2})\s?[月월]\s?(?P<d3>\d{1,2})\D{1,3}(?P<y3>\d{4})(?!\d)"
    r"|(?<!\d)(?P<d4>\d{1,2})\s(?:thg|tháng)\s(?P<m4>\d{1,2}),?\s(?P<y4>\d{4})(?!\d)",
    re.IGNORECASE,
)
_UNSEEN = dict.fromkeys((*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x61C))
_LONGEST = 60


def moment_in(text: str) -> tuple[datetime, bool] | None:
    """The time that a short text is, as UTC, and whether it told its zone; None for a text that is no date."""
    if not 8 <= len(text) <= _LONGEST:
        return None
    text = _plain(text)
    clock = _CLOCK_WITH_POINT.search(text) or _CLOCK.search(text)
    if clock is None:
        return None
    rest = text[: clock.start()] + " " + text[clock.end() :]
    zone = _ZONE.search(rest)
    day = _day_in(_ZONE.sub(" ", rest))
    if day is None:
        return None
    try:
        offset = timedelta(hours=int(zone[1] or 0), minutes=int(zone[2] or 0)) if zone else timedelta(0)
        local = datetime(*day, _hour(clock, rest), int(clock[2]), int(clock[3] or 0), tzinfo=timezone(offset))
    except ValueError:
        return None
    return local.astimezone(UTC), zone is not None


def _plain(text: str) -> str:
    """With the digits of ASCII, and without signs that only steer the direction of writing."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", text.translate(_UNSEEN))
    return "".join(str(unicodedata.decimal(letter, letter)) for letter in text)


def _hour(clock: re.Match[str], rest: str) -> int:
    hour = int(clock[1])
    if clock[4]:
        return hour % 12 + 12 * (clock[4].lower() == "p")
    if hour <= 12 and _AFTERNOON.search(rest):
        return hour % 12 + 12
    return hour % 12 if hour == 12 and _MORNING.search(rest) else hour


def _day_in(text: str) -> tuple[int, int, int] | None:
    if numeric := _NUMERIC.search(text):
        found = {name[0]: int(value) for name, value in numeric.groupdict().items() if value}
        return found["y"], found["m"], found["d"]
    year, day = _YEAR.search(text), _DAY.search(text)
    words = _LETTERS.findall(text.lower())
    pairs = [f"{one}_{other}" for one, other in zip(words, words[1:], strict=False)]
    months = [_NUMBERS[pair] for pair in pairs if pair in _NUMBERS] or [n for n in map(_month, words) if n]
    if year is None or day is None or len(months) != 1 or len([word for word in words if len(word) > 2]) > 5:
        return None
    return int(year[1]), months[0], int(day[1])


def _month(word: str) -> int | None:
    """The month that a word begins like; names of weekdays and small words are none."""
    if word in _WEEKDAYS:
        return None
    # Hebrew writes “in” as a letter of the month: ביולי is “in July”.
    word = word.removeprefix("ב")
    starts = (word, *(word[:length] for length in (7, 5, 4, 3) if length < len(word)))
    return next((_NUMBERS[start] for start in starts if start in _NUMBERS), None)


_WEEKDAYS = frozenset({"maandag", "mardi", "martes", "martedì", "maanantai", "marți", "marti"})
"""Days whose names begin like a month."""
