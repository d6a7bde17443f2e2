"""What exports say, merged into the rows of photos: one row a photo, each field from the source that knows it best.

Merging does not depend on the order of files, parts or exports: a field moves only to a better weight, then to a
later export, then to the greater path.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from sqlite3 import Connection, Row
from typing import Any

from fbbackup.catalog.photos import WRITTEN_FIELDS, better_date, record_photos
from fbbackup.catalog.places import record_places
from fbbackup.catalog.provenance import EXACT, fields_of
from fbbackup.catalog.said import comments_of, drop_twins, is_twin
from fbbackup.catalog.search import index_photos
from fbbackup.catalog.times import stamp, text
from fbbackup.mentions import Mention, NotUnderstood, Person
from fbbackup.models import HTML_COMMENT, Photo

ABSENT = "its file is in none of the parts that were imported"


@dataclass(frozen=True, slots=True)
class Merged:
    """Ids of photos that a group of mentions brought in, and of those that it changed."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def record_mentions(db: Connection, account_id: int, mentions: Sequence[Mention], now: datetime) -> Merged:
    """Merges mentions into their photos, new or known."""
    known = _known(db, [mention.id for mention in mentions])
    new = list({mention.id: _bare(mention) for mention in mentions if mention.id not in known}.values())
    record_photos(db, account_id, new, now)
    changed = []
    fresh = {photo.id for photo in new}
    for mention in mentions:
        if _record_mention(db, mention, now) and _merge(db, mention, now):
            changed.append(mention.id)
    if new:
        db.execute(
            "UPDATE photos SET last_error = ? WHERE state = 'unavailable' AND sha256 IS NULL "
            "AND id IN (SELECT value FROM json_each(?))",
            (ABSENT, json.dumps(list(fresh))),
        )
        db.executemany(
            "UPDATE photos SET last_error = ? WHERE id = ? AND last_error = ?",
            [(m.lacks_file, m.id, ABSENT) for m in mentions if m.lacks_file and m.id in fresh],
        )
    index_photos(db, sorted(fresh.union(changed)))
    return Merged(tuple(photo.id for photo in new), tuple(changed))


def aliases(db: Connection, photo_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Photo and rule for those ids that were made up and turned out to be other photos."""
    rows = db.execute(
        "SELECT a.* FROM json_each(?) w CROSS JOIN photo_aliases a ON a.alias = w.value",
        (json.dumps(sorted(set(photo_ids))),),
    )
    return {row["alias"]: (row["photo_id"], row["rule"]) for row in rows}


def _known(db: Connection, ids: Sequence[str]) -> set[str]:
    rows = db.execute(
        "SELECT p.id FROM json_each(?) w CROSS JOIN photos p ON p.id = w.value", (json.dumps(sorted(set(ids))),)
    )
    return {row["id"] for row in rows}


def _bare(mention: Mention) -> Photo:
    """The row of a photo that nobody knew: its date decides the name of its file."""
    at, source = mention.dated
    return Photo(mention.id, mention.kind, file_date=at, file_date_source=source,
                 file_date_precision=mention.precision if at else None)  # fmt: skip


def _record_mention(db: Connection, mention: Mention, now: datetime) -> bool:
    """Keeps the mention's raw node; false when it is known already."""
    sign = sha256(f"{mention.uri}\n{mention.raw}".encode("utf-8", "replace")).hexdigest()[:16]
    cursor = db.execute(
        "INSERT INTO mentions (photo_id, as_of, origin, sign, rule, hint, uri, raw, seen_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            mention.id, mention.as_of, mention.origin, sign, mention.rule, mention.hint, mention.uri, mention.raw,
            stamp(now),
        ),
    )  # fmt: skip
    return cursor.rowcount > 0


def _merge(db: Connection, mention: Mention, now: datetime) -> bool:
    """Takes over what the mention knows better; true when something changed."""
    row = db.execute("SELECT * FROM photos WHERE id = ?", (mention.id,)).fetchone()
    changes = _better_values(db, row, mention)
    changes |= _better_dates(db, row, mention)
    if mention.place is not None:
        record_places(db, [mention.place])
    if changes:
        _note_old_words(db, row, changes, now)
        columns = ", ".join(f"{name} = ?" for name in changes)
        db.execute(f"UPDATE photos SET {columns} WHERE id = ?", (*changes.values(), mention.id))  # noqa: S608
    said = _add_people(db, mention) + _add_comments(db, mention)
    return bool(changes or said)


def _values(mention: Mention) -> dict[str, tuple[Any, int]]:
    """Columns with their value and its weight."""
    place, exact = mention.place, mention.latitude is not None
    latitude = mention.latitude if exact else place and place.latitude
    longitude = mention.longitude if exact else place and place.longitude
    return {
        "caption": (mention.caption, mention.weight),
        "link": (mention.link, 1),
        "place_id": (place and place.id, 1),
        "latitude": (latitude, EXACT if exact else 1),
        "longitude": (longitude, EXACT if exact else 1),
        "created_at": (text(mention.created_at), mention.weight),
        "backdated_at": (text(mention.backdated_at), 1),
    }


def _better_values(db: Connection, row: Row, mention: Mention) -> dict[str, Any]:
    origins = fields_of(db, mention.id)
    changes: dict[str, Any] = {}
    for name, (value, weight) in _values(mention).items():
        if value is None:
            continue
        mine = (weight, mention.as_of, mention.origin)
        ours = row[name] is not None and name not in origins
        exact = name in ("latitude", "longitude") and weight >= EXACT
        if (ours and not exact) or (name in origins and mine <= origins[name]):
            continue
        _note_origin(db, mention, name, weight)
        if row[name] != value:
            changes[name] = value
    if row["raw"] == "{}" and _owned_by_export(db, row):
        changes["raw"] = mention.raw
    return changes


def _owned_by_export(db: Connection, row: Row) -> bool:
    found = db.execute("SELECT source FROM accounts WHERE id = ?", (row["account_id"],)).fetchone()
    return bool(found["source"] == "export")


def _note_origin(db: Connection, mention: Mention, field: str, weight: int) -> None:
    db.execute(
        "INSERT INTO photo_fields (photo_id, field, weight, as_of, origin) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (photo_id, field) DO UPDATE SET weight = excluded.weight, as_of = excluded.as_of, "
        "origin = excluded.origin",
        (mention.id, field, weight, mention.as_of, mention.origin),
    )


def _better_dates(db: Connection, row: Row, mention: Mention) -> dict[str, Any]:
    at, source = mention.dated
    if at is None or source is None:
        return {}
    known = fields_of(db, mention.id).get("file_date")
    same = row["file_date_source"] == source
    mine = (mention.weight, mention.as_of, mention.origin)
    first = known is None and same and row["file_date"] == text(at)
    if not (better_date(row["file_date_source"], source) or first or (same and known is not None and mine > known)):
        return {}
    _note_origin(db, mention, "file_date", mention.weight)
    changes = {"file_date": text(at), "file_date_source": source, "file_date_precision": mention.precision}
    return {name: value for name, value in changes.items() if row[name] != value}


def _note_old_words(db: Connection, row: Row, changes: dict[str, Any], now: datetime) -> None:
    db.executemany(
        "INSERT INTO revisions (photo_id, field, old, new, seen_at) VALUES (?, ?, ?, ?, ?)",
        [
            (row["id"], name, row[name], changes[name], stamp(now))
            for name in WRITTEN_FIELDS
            if name in changes and row[name] is not None
        ],
    )


def _add_people(db: Connection, mention: Mention) -> int:
    """Names that nobody marked in the photo so far."""
    added = 0
    for tag in mention.people:
        cursor = db.execute(
            "INSERT INTO photo_people (photo_id, name) SELECT ?1, ?2 "
            "WHERE NOT EXISTS (SELECT 1 FROM photo_people WHERE photo_id = ?1 AND name = ?2)",
            (mention.id, tag.name),
        )
        added += cursor.rowcount
    if added:
        _note_origin(db, mention, "people", mention.weight)
    return added


def _add_comments(db: Connection, mention: Mention) -> int:
    """Comments that are not there yet, neither from another file nor from the API with an id of its own."""
    if not mention.comments:
        return 0
    # Those that only a page shows give way to better ones, afterwards.
    known = [row for row in comments_of(db, mention.id) if not row["id"].startswith(HTML_COMMENT)]
    added = 0
    for comment in mention.comments:
        at = text(comment.created_at)
        own = {"id": comment.id, "from_name": comment.from_name, "message": comment.message, "created_at": at}
        if any(is_twin(own, row) for row in known):
            continue
        cursor = db.execute(
            "INSERT INTO comments (id, photo_id, from_name, message, created_at) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            (comment.id, mention.id, comment.from_name, comment.message, at),
        )
        added += cursor.rowcount
    if added:
        drop_twins(db, mention.id)
    return added


def record_not_understood(db: Connection, account_id: int, as_of: str, notes: Sequence[NotUnderstood]) -> None:
    """Keeps what nobody understood, as it was written."""
    db.executemany(
        "INSERT INTO not_understood (account_id, as_of, origin, key, count, raw) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET count = excluded.count, raw = excluded.raw",
        [(account_id, as_of, note.origin, note.key, note.count, note.raw) for note in notes],
    )


def name_owner(db: Connection, account_id: int, name: str) -> None:
    """The owner's name, as the profile file has it."""
    db.execute("UPDATE accounts SET display_name = ? WHERE id = ? AND display_name IS NOT ?", (name, account_id, name))


def export_account(db: Connection, person: Person, now: datetime) -> tuple[int, str]:
    """The account of a person's exports: one of these names, or of this owner, made when there is none.

    Where nothing tells whose it is, the only account of an export serves.
    """
    rows = db.execute("SELECT id, name, display_name FROM accounts WHERE source = 'export' ORDER BY id").fetchall()
    by_name = {row["name"]: row for row in rows}
    candidates = [by_name[name] for each in person.accounts for name in (each, f"{each}-export") if name in by_name]
    owner = (person.owner or "").casefold()
    candidates += [row for row in rows if owner and (row["display_name"] or "").casefold() == owner]
    if not person.accounts and len(rows) == 1 and not (owner and rows[0]["display_name"]):
        candidates += rows
    if candidates:
        found = candidates[0]["id"], candidates[0]["name"]
    else:
        found = _new_account(db, person.accounts[0] if person.accounts else "facebook-export", now)
    if person.owner:
        name_owner(db, found[0], person.owner)
    return found


def _new_account(db: Connection, wanted: str, now: datetime) -> tuple[int, str]:
    taken = {row["name"]: row["source"] for row in db.execute("SELECT name, source FROM accounts")}
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}-export" if taken[wanted] != "export" and number == 2 else f"{wanted}-{number}"
    cursor = db.execute("INSERT INTO accounts (name, source, added_at) VALUES (?, 'export', ?)", (name, stamp(now)))
    assert cursor.lastrowid is not None
    return cursor.lastrowid, name
