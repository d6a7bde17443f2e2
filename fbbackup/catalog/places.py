"""Places: known once, by whichever photo or album names them most fully."""

from __future__ import annotations

import json
from collections.abc import Sequence
from sqlite3 import Connection

from fbbackup.catalog.search import index_photos
from fbbackup.models import Place


def record_places(db: Connection, places: Sequence[Place]) -> None:
    """Keeps places; a value once known is not replaced by nothing. Photos are found by a place's newest words."""
    renamed = _renamed(db, places)
    db.executemany(
        "INSERT INTO places (id, name, city, country, latitude, longitude) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = coalesce(excluded.name, name), city = coalesce(excluded.city, city), "
        "country = coalesce(excluded.country, country), latitude = coalesce(excluded.latitude, latitude), "
        "longitude = coalesce(excluded.longitude, longitude) WHERE (name, city, country, latitude, longitude) IS NOT "
        "(excluded.name, excluded.city, excluded.country, excluded.latitude, excluded.longitude)",
        [(p.id, p.name, p.city, p.country, p.latitude, p.longitude) for p in places],
    )
    if renamed:
        rows = db.execute(
            "SELECT p.id FROM json_each(?) w CROSS JOIN photos p ON p.place_id = w.value", (json.dumps(renamed),)
        )
        index_photos(db, [row["id"] for row in rows])


def _renamed(db: Connection, places: Sequence[Place]) -> list[str]:
    """The known places among these that are called otherwise, or more fully, than before."""
    rows = db.execute(
        "SELECT p.* FROM json_each(?) w CROSS JOIN places p ON p.id = w.value", (json.dumps([p.id for p in places]),)
    )
    old = {row["id"]: row for row in rows}
    return [
        place.id
        for place in places
        if place.id in old
        and any(
            said is not None and said != old[place.id][name]
            for name, said in (("name", place.name), ("city", place.city), ("country", place.country))
        )
    ]
