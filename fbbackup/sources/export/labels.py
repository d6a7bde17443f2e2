"""Tables of an HTML export: rows of a label and a value.

Labels are in the account's language, so what values look like and their order decide where no word is known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from selectolax.lexbor import LexborNode

from fbbackup.sources.export import values
from fbbackup.sources.export.dates import moment_in

_MOST_ROWS = 200
_NUMBER = re.compile(r"-?\d{1,3}(?:[.,]\d+)?")
_DEGREES = re.compile(r"-?\d{1,3}[.,]\d{1,15}")
_LATITUDE = ("latitud", "breitengrad", "breddgrad", "szeroko", "breedtegraad", "широта", "enlem",
             "緯度", "纬度", "위도", "خط العرض", "zeměpisná šířka", "leveysaste")  # fmt: skip
_LONGITUDE = ("longitud", "längengrad", "längdgrad", "długo", "lengtegraad", "долгота", "boylam",
              "経度", "經度", "经度", "경도", "خط الطول", "zeměpisná délka", "pituusaste")  # fmt: skip
_TAKEN = ("taken", "aufgenommen", "prise", "pris le", "tagen", "taget", "genomen", "scattata", "tomada", "tirada",
          "zrobion", "wykonan", "снят", "çekildi", "撮影", "拍摄", "拍攝", "촬영",
          "تاريخ الالتقاط", "تم التقاط")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """When a picture was taken, and where: latitude and longitude in degrees."""

    taken_at: datetime | None = None
    spot: tuple[float, float] | None = None


def rows_in(node: LexborNode) -> dict[str, str]:
    """Rows of two cells, or of one cell with two texts, as label and value."""
    found: dict[str, str] = {}
    for row in node.css("tr"):
        cells = [cell.text(strip=True) for cell in row.css("td, th")]
        if len(cells) == 2 and len(found) < _MOST_ROWS:
            found[cells[0]] = cells[1]
        elif len(cells) == 1 and len(parts := _parts(row)) == 2:
            found[parts[0]] = parts[1]
    return found


def _parts(row: LexborNode) -> list[str]:
    texts = (" ".join((node.text() or "").split()) for node in row.traverse(include_text=True) if node.tag == "-text")
    return [text for text in texts if text]


def read_labels(labels: dict[str, str]) -> Told:
    """What the rows beside a picture say: by known words, else by the shape of the values and their order."""
    named: dict[str, str] = {}
    for label, value in labels.items():
        small = label.casefold()
        for key, words in (("latitude", _LATITUDE), ("longitude", _LONGITUDE), ("taken", _TAKEN)):
            if small.startswith(words):
                named.setdefault(key, value)
    spot = {key: float(named[key].replace(",", ".")) for key in ("latitude", "longitude")
            if _NUMBER.fullmatch(named.get(key, ""))}  # fmt: skip
    return Told(_taken(named.get("taken"), list(labels.values())), values.degrees(spot or _position(labels)))


def _taken(value: str | None, others: list[str]) -> datetime | None:
    """The time of taking stands first, before that of a change; a single time of unknown meaning is none."""
    if value is None:
        dated = [other for other in others if moment_in(other) is not None]
        value = dated[0] if len(dated) == 2 else ""
    found = moment_in(value)
    return values.moment(found[0].timestamp() if found else int(value) if value.isdecimal() else None)


def _position(labels: dict[str, str]) -> dict[str, float]:
    """Two numbers with fractions, one after the other, and no further ones: latitude and longitude, in this order."""
    rows = list(labels.values())
    places = [number for number, value in enumerate(rows) if _DEGREES.fullmatch(value)]
    if len(places) != 2 or places[1] - places[0] != 1:
        return {}
    first, second = (float(rows[place].replace(",", ".")) for place in places)
    return {"latitude": first, "longitude": second}


def owner_in(labels: dict[str, str]) -> str | None:
    """Whose profile page it is: the row that is called so, else the first one that is no date and no address."""
    for label in ("Name", "Full name"):
        if labels.get(label):
            return labels[label]
    first = next(iter(labels.values()), "")
    return first if first and not re.search(r"[@\d/]", first) and len(first) <= 100 else None
