"""The full-text rows: by which words a photo is found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from sqlite3 import Connection

SEARCH_COLUMNS = ("caption", "title", "alt_text", "albums", "people", "place")
SEARCH_TEXT = """
SELECT p.number, p.caption, p.title, p.alt_text,
       (SELECT group_concat(a.title, char(10)) FROM album_photos m JOIN albums a ON a.id = m.album_id
         WHERE m.photo_id = p.id AND m.removed_at IS NULL) AS albums,
       (SELECT group_concat(t.name, char(10)) FROM photo_people t WHERE t.photo_id = p.id) AS people,
       (SELECT concat_place.name || ' ' || coalesce(concat_place.city, '') || ' ' || coalesce(concat_place.country, '')
          FROM places concat_place WHERE concat_place.id = p.place_id) AS place
"""
"""The words by which a photo `p` can be found, in the order of `SEARCH_COLUMNS` behind its number."""
_FTS = f"""
INSERT INTO photos_fts (rowid, {", ".join(SEARCH_COLUMNS)}) {SEARCH_TEXT}
  FROM json_each(?) wanted CROSS JOIN photos p ON p.id = wanted.value
"""


def index_photos(db: Connection, ids: Sequence[str], *, fresh: bool = False) -> None:
    """Writes the full-text rows of these photos anew; `fresh` says that they have none yet."""
    if not ids:
        return
    wanted = json.dumps(list(ids))
    if not fresh:
        db.execute(
            "DELETE FROM photos_fts WHERE rowid IN "
            "(SELECT p.number FROM json_each(?) w CROSS JOIN photos p ON p.id = w.value)",
            (wanted,),
        )
    db.execute(_FTS, (wanted,))
