"""Places: known once, by whichever photo or album names them most fully."""

from __future__ import annotations

import json
from collections.abc import Sequence
from sqlite3 import Connection

from fbbackup.catalog.search import index_photos
from fbbackup.models import Place


def record_places(db: Connection, places: Sequence[Place]) -> None:
    """Keeps places; what is known is not replaced by less. Photos are found by a place's newest words."""
    known = _known(db, places)
    written: dict[str, Place] = {}
    renamed = set()
    for place in places:
        old = known.get(place.id)
        new = place if old is None else _merged(old, place)
        if new != old:
            known[place.id] = written[place.id] = new
            if old is not None and (old.name, old.city, old.country) != (new.name, new.city, new.country):
                renamed.add(place.id)
    db.executemany(
        "INSERT INTO places (id, name, city, country, latitude, longitude) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, city = excluded.city, country = excluded.country, "
        "latitude = excluded.latitude, longitude = excluded.longitude",
        [(p.id, p.name, p.city, p.country, p.latitude, p.longitude) for p in written.values()],
    )
    if renamed:
        rows = db.execute(
            "SELECT p.id FROM json_each(?) w CROSS JOIN photos p ON p.place_id = w.value", (json.dumps(list(renamed)),)
        )
        index_photos(db, [row["id"] for row in rows])


def _known(db: Connection, places: Sequence[Place]) -> dict[str, Place]:
    rows = db.execute(
        "SELECT p.id, p.name, p.city, p.country, p.latitude, p.longitude FROM json_each(?) w "
        "CROSS JOIN places p ON p.id = w.value",
        (json.dumps([place.id for place in places]),),
    )
    return {row["id"]: Place(**row) for row in rows}


def _merged(old: Place, new: Place) -> Place:
    """What both say together, the newer first; but of a city with its country the country is never taken away.

    Old data has “City, Country” in one string beside both in their own fields: a library that mixes them would rename
    the place at every page, and with it all photos that were taken there.
    """
    said = new if new.country is not None or old.country is None else old
    return Place(
        id=old.id,
        name=new.name or old.name,
        city=said.city or old.city,
        country=said.country,
        latitude=old.latitude if new.latitude is None else new.latitude,
        longitude=old.longitude if new.longitude is None else new.longitude,
    )
