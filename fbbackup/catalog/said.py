"""What people said about a photo: who is in it, comments, reactions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from sqlite3 import Connection, Row
from typing import Any

from fbbackup.catalog.times import stamp, text
from fbbackup.models import HTML_COMMENT, Photo

_OTHER_ZONE = timedelta(hours=15)
"""Two spellings of one moment in any two zones differ less."""


def record_people(db: Connection, photo: Photo) -> None:
    """Who is marked in the photo now; nothing when that was not asked for."""
    if photo.people is None or (not photo.people and _named_by_export(db, photo.id)):
        return
    db.execute("DELETE FROM photo_people WHERE photo_id = ?", (photo.id,))
    db.executemany(
        "INSERT INTO people (id, name) VALUES (?, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE name IS NOT excluded.name",
        [(tag.person_id, tag.name) for tag in photo.people if tag.person_id],
    )
    db.executemany(
        "INSERT INTO photo_people (photo_id, person_id, name, x, y) VALUES (?, ?, ?, ?, ?)",
        [(photo.id, tag.person_id, tag.name, tag.x, tag.y) for tag in photo.people],
    )


def _named_by_export(db: Connection, photo_id: str) -> bool:
    """Whether the people of the photo are known from an export only; the API may not show whom it may not name."""
    found = db.execute("SELECT 1 FROM photo_fields WHERE photo_id = ? AND field = 'people'", (photo_id,)).fetchone()
    return found is not None


def drop_twins(db: Connection, photo_id: str) -> None:
    """Removes comments that a better source shows as well: the API's stay, then those of JSON, then those of pages."""
    rows = comments_of(db, photo_id)
    worst = sorted(rows, key=lambda row: (_rank(row["id"]), row["id"]))
    for place, row in enumerate(worst):
        better = [other for other in worst[place + 1 :] if _rank(other["id"]) > _rank(row["id"])]
        if any(is_twin(row, other) for other in better):
            db.execute("DELETE FROM comments WHERE id = ?", (row["id"],))


def comments_of(db: Connection, photo_id: str) -> list[Row]:
    """What is compared: ids, authors, words and times."""
    return db.execute(
        "SELECT id, from_name, message, created_at FROM comments WHERE photo_id = ?", (photo_id,)
    ).fetchall()


def _rank(comment_id: str) -> int:
    if comment_id.startswith(HTML_COMMENT):
        return 0
    return 1 if comment_id.startswith("export:") else 2


def is_twin(one: Mapping[str, Any] | Row, other: Row) -> bool:
    """Whether two comments of a photo are one. Times of pages have no zone, and their spaces were squeezed."""
    pages = [each["id"].startswith(HTML_COMMENT) for each in (one, other)]
    if not any(pages):
        return bool(one["message"] == other["message"] and one["created_at"] == other["created_at"])
    authors = {each["from_name"] for each in (one, other) if each["from_name"]}
    if all(pages) or len(authors) > 1 or one["message"].split() != other["message"].split():
        return False
    times = [datetime.fromisoformat(each["created_at"]) for each in (one, other) if each["created_at"]]
    return len(times) < 2 or abs(times[0] - times[1]) <= _OTHER_ZONE


def record_words(db: Connection, photo: Photo, now: datetime) -> None:
    """Comments and reactions. Comments that disappeared upstream stay; changed ones leave their old text."""
    if photo.comments:
        ids = json.dumps([comment.id for comment in photo.comments])
        old = {
            row["id"]: row["message"]
            for row in db.execute(
                "SELECT c.id, c.message FROM json_each(?) w CROSS JOIN comments c ON c.id = w.value", (ids,)
            )
        }
        db.executemany(
            "INSERT INTO revisions (photo_id, field, old, new, seen_at) VALUES (?, ?, ?, ?, ?)",
            [
                (photo.id, f"comment {c.id}", old[c.id], c.message, stamp(now))
                for c in photo.comments
                if c.id in old and old[c.id] != c.message
            ],
        )
        db.executemany(
            "INSERT INTO comments (id, photo_id, parent_id, from_id, from_name, message, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET message = excluded.message, "
            "from_id = coalesce(excluded.from_id, from_id), from_name = coalesce(excluded.from_name, from_name)",
            [
                (c.id, photo.id, c.parent_id, c.from_id, c.from_name, c.message, text(c.created_at))
                for c in photo.comments
            ],
        )
        drop_twins(db, photo.id)
    if photo.reactions:
        db.executemany(
            "INSERT INTO reactions (photo_id, kind, count, seen_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (photo_id, kind) DO UPDATE SET count = excluded.count, seen_at = excluded.seen_at",
            [(photo.id, kind, count, stamp(now)) for kind, count in photo.reactions],
        )
