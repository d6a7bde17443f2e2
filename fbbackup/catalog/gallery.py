"""What the gallery's pages ask besides lists of photos: months, albums, people, places, one photo's file."""

from __future__ import annotations

import random
from dataclasses import dataclass
from sqlite3 import Connection, Row
from typing import Any

from fbbackup.catalog import scopes

_COVER = (
    "SELECT {columns} FROM photos p CROSS JOIN files f ON f.sha256 = p.sha256 WHERE p.id = ? AND p.sha256 IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class File:
    """A photo's current file; `thumbnail_size` is None while it has no thumbnail, sizes when they are not known."""

    sha256: str
    key: str
    bytes: int
    content_type: str
    thumbnail_size: int | None
    account: str
    width: int | None = None
    height: int | None = None


def file_of(db: Connection, photo_id: str) -> File | None:
    """The current file of a photo; None when there is no such photo or it has none."""
    row = db.execute(
        "SELECT f.sha256, f.key, f.bytes, f.content_type, f.thumbnail_size, a.name, "
        "coalesce(f.width, p.width), coalesce(f.height, p.height) FROM photos p "
        "JOIN files f ON f.sha256 = p.sha256 JOIN accounts a ON a.id = p.account_id WHERE p.id = ?",
        (photo_id,),
    ).fetchone()
    return File(*row) if row else None


def months(db: Connection) -> list[tuple[str, int]]:
    """Months with photos and how many, newest first; undated ones last, under an empty text."""
    return [
        (row[0], row[1]) for row in db.execute("SELECT month, photos FROM months WHERE photos > 0 ORDER BY month DESC")
    ]


def album_list(db: Connection, after: tuple[int, int, int] | None, limit: int) -> list[dict[str, Any]]:
    """Albums in the order of their account, virtual ones last, with how many photos they show and their cover."""
    rows = db.execute(
        "SELECT id, remote_id, account_id, title, description, kind, virtual, position, gone_at, cover_photo_id, "
        "created_at, updated_at FROM albums WHERE (virtual, position, id) > (?, ?, ?) "
        "ORDER BY virtual, position, id LIMIT ?",
        (*(after or (-1, -1, -1)), limit),
    ).fetchall()
    return [{**dict(row), "count": album_size(db, row["id"]), "cover": _cover(db, row)} for row in rows]


def album_size(db: Connection, album_id: int) -> int:
    found: int = db.execute(
        "SELECT count(*) FROM album_photos WHERE album_id = ? AND removed_at IS NULL", (album_id,)
    ).fetchone()[0]
    return found


def _cover(db: Connection, album: Row) -> dict[str, Any] | None:
    row = None
    if album["cover_photo_id"]:
        row = db.execute(_COVER.format(columns=scopes.COLUMNS), (album["cover_photo_id"],)).fetchone()
    if row is None:
        # Any member will do: putting a large album in order for its first picture would be slow.
        row = db.execute(
            f"SELECT {scopes.COLUMNS} FROM album_photos m CROSS JOIN photos p ON p.id = m.photo_id "  # noqa: S608
            "CROSS JOIN files f ON f.sha256 = p.sha256 WHERE m.album_id = ? AND m.removed_at IS NULL LIMIT 1",
            (album["id"],),
        ).fetchone()
    return dict(row) if row else None


def album(db: Connection, name: str) -> dict[str, Any] | None:
    """One album by its number in the catalog or by its id on Facebook."""
    row = None
    if name.isascii() and name.isdigit() and len(name) < 19:
        row = db.execute(f"{_ALBUM} WHERE a.id = ?", (int(name),)).fetchone()
    row = row or db.execute(f"{_ALBUM} WHERE a.remote_id = ? ORDER BY a.id LIMIT 1", (name,)).fetchone()
    if row is None:
        return None
    verdict = db.execute(
        "SELECT expected, listed, stored, verdict FROM album_audits WHERE album_id = ? AND run_id = "
        "(SELECT max(id) FROM runs WHERE account_id = ? AND finished_at IS NOT NULL)",
        (row["id"], row["account_id"]),
    ).fetchone()
    changes = db.execute(
        "SELECT field, old, new, seen_at FROM revisions WHERE album_id = ? ORDER BY id DESC LIMIT 20", (row["id"],)
    )
    return {
        **dict(row),
        "count": album_size(db, row["id"]),
        "verdict": dict(verdict) if verdict else None,
        "revisions": [dict(change) for change in changes],
    }


_ALBUM = (
    "SELECT a.id, a.remote_id, a.account_id, a.title, a.description, a.link, a.kind, a.privacy, a.virtual, "
    "a.created_at, a.updated_at, a.listed_at, a.gone_at, l.name AS place "
    "FROM albums a LEFT JOIN places l ON l.id = a.place_id"
)


def people(db: Connection) -> list[dict[str, Any]]:
    """People marked in photos, most often first, each with one photo and where in it they are."""
    rows = db.execute(
        "SELECT t.person_id AS id, q.name, count(*) AS photos, max(t.id) AS mark FROM photo_people t "
        "JOIN people q ON q.id = t.person_id GROUP BY t.person_id ORDER BY photos DESC, q.name LIMIT 1000"
    ).fetchall()
    return [{**dict(row), "mark": _mark(db, row["id"])} for row in rows]


def _mark(db: Connection, person_id: str) -> dict[str, Any] | None:
    row = db.execute(
        f"SELECT t.x, t.y, {scopes.COLUMNS} FROM photo_people t CROSS JOIN photos p ON p.id = t.photo_id "  # noqa: S608
        "CROSS JOIN files f ON f.sha256 = p.sha256 WHERE t.person_id = ? AND f.thumbnail_size IS NOT NULL LIMIT 1",
        (person_id,),
    ).fetchone()
    return dict(row) if row else None


def person(db: Connection, person_id: str) -> dict[str, Any] | None:
    row = db.execute(
        "SELECT q.id, q.name, (SELECT count(DISTINCT photo_id) FROM photo_people WHERE person_id = q.id) AS photos "
        "FROM people q WHERE q.id = ?",
        (person_id,),
    ).fetchone()
    return dict(row) if row else None


def places(db: Connection) -> list[dict[str, Any]]:
    """Places that photos with files were taken at, most often first."""
    rows = db.execute(
        "SELECT l.id, l.name, l.city, l.country, l.latitude, l.longitude, n.photos FROM "
        "(SELECT place_id, count(*) AS photos FROM photos INDEXED BY photos_shown_by_place "
        "WHERE place_id IS NOT NULL AND sha256 IS NOT NULL GROUP BY place_id) n "
        "JOIN places l ON l.id = n.place_id ORDER BY n.photos DESC, l.name LIMIT 2000"
    )
    return [dict(row) for row in rows]


def place(db: Connection, place_id: str) -> dict[str, Any] | None:
    row = db.execute("SELECT * FROM places WHERE id = ?", (place_id,)).fetchone()
    return dict(row) if row else None


def on_this_day(db: Connection, month_and_day: str, limit: int) -> list[tuple[str, list[Row]]]:
    """Photos of one day of the year, `07-05`, by year, newest first; `limit` a year."""
    years = sorted({month[:4] for month, _ in months(db) if month[5:7] == month_and_day[:2]}, reverse=True)
    found = []
    for year in years:
        day = f"{year}-{month_and_day}"
        if rows := scopes.page(db, scopes.between(day, f"{day}T99").narrowed(_TO_THE_DAY), None, limit):
            found.append((year, rows))
    return found


_TO_THE_DAY = "coalesce(p.file_date_precision, '') NOT IN ('year', 'month')"


def same_day(db: Connection, photo_id: str, file_date: str | None, limit: int) -> list[Row]:
    """What else is there of a photo's day."""
    if not file_date:
        return []
    day = file_date[:10]
    scope = scopes.between(day, f"{day}T99").narrowed(f"{_TO_THE_DAY} AND p.id <> ?", photo_id)
    return scopes.page(db, scope, None, limit)


def recent_runs(db: Connection, limit: int) -> list[dict[str, Any]]:
    rows = db.execute(
        "SELECT a.name AS account, r.kind, r.started_at, r.finished_at, r.outcome, r.counters, r.calls, r.bytes, "
        "r.error FROM runs r JOIN accounts a ON a.id = r.account_id ORDER BY r.id DESC LIMIT ?",
        (limit,),
    )
    return [dict(row) for row in rows]


def gaps(db: Connection, limit: int) -> list[dict[str, Any]]:
    """Albums that their account's last judged run did not call complete."""
    rows = db.execute(
        "SELECT l.id, l.title, u.expected, u.listed, u.stored, u.verdict FROM album_audits u "
        "JOIN albums l ON l.id = u.album_id WHERE u.verdict <> 'complete' AND l.gone_at IS NULL AND u.run_id IN "
        "(SELECT max(id) FROM runs WHERE finished_at IS NOT NULL GROUP BY account_id) LIMIT ?",
        (limit,),
    )
    return [dict(row) for row in rows]


def last_good_run(db: Connection) -> str | None:
    """When a run last came to its end with everything stored."""
    found: str | None = db.execute("SELECT max(finished_at) FROM runs WHERE outcome = 'complete'").fetchone()[0]
    return found


def any_photo(db: Connection) -> str | None:
    """The id of some photo, each month as likely as it is large."""
    counted = months(db)
    if not counted:
        return None
    month = random.choices([name for name, _ in counted], [photos for _, photos in counted])[0]
    scope = scopes.between(f"{month}-", f"{month}-99") if month else scopes.UNDATED
    day = f"{month}-{random.randint(1, 31):02}T{random.randint(0, 23):02}"
    rows = scopes.page(db, scope, (day, ""), 1) if month else []
    rows = rows or scopes.page(db, scope, None, 1)
    return rows[0]["id"] if rows else None
