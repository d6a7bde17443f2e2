"""Catalog values in words for people: dates with their precision, counts, kinds."""

from __future__ import annotations

from datetime import UTC, datetime

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
DATE_SOURCES = {
    "created": "when it was uploaded to Facebook",
    "backdated": "the date that was chosen on Facebook",
    "exif": "the camera's clock, from the file itself",
    "taken": "the camera's clock, from Facebook's export",
}
REACTIONS = {
    "like": "👍", "love": "❤️", "care": "🤗", "haha": "😄", "wow": "😮", "sad": "😢", "angry": "😠", "sorry": "😢",
    "anger": "😠", "pride": "🏳️‍🌈", "thankful": "💐", "total": "❤️",
}  # fmt: skip


def month_name(month: str) -> str:
    """`2014-07` as `July 2014`."""
    if not month:
        return "Without a date"
    year, _, number = month.partition("-")
    if not (number.isdigit() and 1 <= int(number) <= 12):
        return year
    return f"{MONTHS[int(number) - 1]} {year}"


def day_name(month_and_day: str) -> str:
    """`07-05` as `5 July`."""
    month, _, day = month_and_day.partition("-")
    return f"{int(day)} {MONTHS[int(month) - 1]}"


def moment(text: str | None, precision: str | None = "second") -> str:
    """A catalog time as `5 July 2014, 10:00 UTC`, as exact as it is known."""
    if not text:
        return ""
    at = datetime.fromisoformat(text)
    if precision == "year":
        return f"{at.year}"
    if precision == "month":
        return f"{MONTHS[at.month - 1]} {at.year}"
    day = f"{at.day} {MONTHS[at.month - 1]} {at.year}"
    if precision == "day":
        return day
    return f"{day}, about {at.hour} o'clock UTC" if precision == "hour" else f"{day}, {at:%H:%M} UTC"


def ago(text: str | None) -> str:
    """How long ago a catalog time is: `3 hours ago`."""
    if not text:
        return "never"
    seconds = int((datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds())
    if seconds < 0:
        return f"in {_span(-seconds)}"
    return "just now" if seconds < 60 else f"{_span(seconds)} ago"


def _span(seconds: int) -> str:
    for size, name in ((31_557_600, "year"), (86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            number = seconds // size
            return f"{number} {name}{'s' if number > 1 else ''}"
    return f"{seconds} seconds"


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 photo`, `12,345 photos`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
