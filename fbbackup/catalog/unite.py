"""Two rows that are proven to be one photo, or one album, become one. Whatever is not proven stays apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from sqlite3 import Connection

from fbbackup.catalog.import_albums import forget_album, tidy
from fbbackup.catalog.photos import better_date
from fbbackup.catalog.said import drop_twins
from fbbackup.catalog.search import index_photos

_MADE_UP = "p.id >= 'export-' AND p.id < 'export.'"
_PROVEN = "NOT (q.id >= 'export-' AND q.id < 'export.')"
_NOT_PURGED = "coalesce(p.last_error, '') NOT GLOB 'purged *' AND coalesce(q.last_error, '') NOT GLOB 'purged *'"
_FIELDS = ("caption", "link", "place_id", "latitude", "longitude", "created_at", "backdated_at")

SAME_BYTES = "the same bytes"
SAME_FILE = "the same bytes under the same name"
SAME_NUMBER = "middle number of the file name, and the day"
SAME_LOOK = "the same second, and it looks the same"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A photo of an export that may be any of several photos; nothing was merged."""

    photo_id: str
    candidates: tuple[str, ...]
    why: str

    def line(self) -> str:
        return f"{self.photo_id} may be any of {', '.join(self.candidates)} ({self.why}); kept as a photo of its own"


def unite(db: Connection) -> list[Doubt]:
    """Merges photos whose id was made up with those of Facebook's id that have the same bytes, or whose id their old
    file name holds; copies of one file; and albums likewise. Cheap when no export was imported."""
    doubts = []
    for rule, sql in ((SAME_BYTES, _BY_BYTES), (SAME_NUMBER, _BY_NUMBER)):
        for photo_id, candidates in _pairs(db, sql).items():
            if len(candidates) == 1:
                merge_photo(db, photo_id, candidates[0], rule)
            else:
                doubts.append(Doubt(photo_id, tuple(candidates), rule))
    for photo_id, into in _copies(db):
        merge_photo(db, photo_id, into, SAME_FILE)
    doubts += _unite_albums(db)
    if db.execute("SELECT 1 FROM accounts WHERE source = 'export'").fetchone():
        tidy(db)
    return doubts


_BY_BYTES = (
    "SELECT DISTINCT p.id, q.id FROM photos p JOIN photo_files x ON x.photo_id = p.id "  # noqa: S608 - constants
    f"JOIN photo_files y ON y.sha256 = x.sha256 JOIN photos q ON q.id = y.photo_id WHERE {_MADE_UP} AND {_PROVEN} "
    "ORDER BY p.id, q.id"
)
_BY_NUMBER = (
    "SELECT DISTINCT p.id, q.id FROM photos p JOIN mentions m ON m.photo_id = p.id AND m.hint IS NOT NULL "  # noqa: S608 - constants
    f"JOIN photos q ON q.id = m.hint WHERE {_MADE_UP} AND {_NOT_PURGED} "
    "AND abs(julianday(p.created_at) - julianday(q.created_at)) <= 1 ORDER BY p.id, q.id"
)


def _pairs(db: Connection, sql: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for photo_id, candidate in db.execute(sql).fetchall():
        found.setdefault(photo_id, []).append(candidate)
    return found


_COPY = re.compile(r"\s*\(\d{1,3}\)$")


def _copies(db: Connection) -> list[tuple[str, str]]:
    """Photos that no text names, each with the one of the same bytes and name that is named, or else the first."""
    rows = db.execute(
        "SELECT x.sha256, p.id, min(m.uri), max(m.raw <> '{}') FROM photos p "  # noqa: S608 - constants
        "JOIN photo_files x ON x.photo_id = p.id JOIN mentions m ON m.photo_id = p.id "
        f"WHERE {_MADE_UP} AND EXISTS (SELECT 1 FROM photo_files y "
        "WHERE y.sha256 = x.sha256 AND y.photo_id <> p.id AND y.photo_id >= 'export-' AND y.photo_id < 'export.') "
        "GROUP BY x.sha256, p.id ORDER BY p.id"
    ).fetchall()
    alike: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for digest, photo_id, uri, named in rows:
        stem = _COPY.sub("", PurePosixPath(uri).stem).casefold()
        alike.setdefault((digest, stem), ([], []))[not named].append(photo_id)
    found: dict[str, str] = {}
    for named, loose in alike.values():
        if len(named) == 1 or not named:
            into = (named or loose)[0]
            found |= {photo_id: into for photo_id in loose if photo_id != into}
    return list(found.items())


def look_alikes(db: Connection) -> list[tuple[str, str, str, str]]:
    """Made-up id, proven id and their digests, where both were created in the same second and have other bytes."""
    rows = db.execute(
        "SELECT p.id, q.id, p.sha256, q.sha256 FROM photos p JOIN photos q "  # noqa: S608 - constants
        "ON q.created_at = p.created_at AND q.kind = p.kind AND q.sha256 IS NOT NULL "
        f"WHERE {_MADE_UP} AND {_PROVEN} AND p.sha256 IS NOT NULL AND p.kind = 'photo' ORDER BY p.id, q.id"
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def merge_photo(db: Connection, photo_id: str, into: str, rule: str) -> None:
    """Gives everything that is known of `photo_id` to `into` and removes the emptied row; files stay."""
    old = db.execute("SELECT * FROM photos WHERE id = ?", (photo_id,)).fetchone()
    new = db.execute("SELECT * FROM photos WHERE id = ?", (into,)).fetchone()
    db.execute(
        "INSERT OR IGNORE INTO mentions (photo_id, as_of, origin, sign, rule, uri, raw, seen_at) "
        "SELECT ?, as_of, origin, sign, ?, uri, raw, seen_at FROM mentions WHERE photo_id = ?",
        (into, rule, photo_id),
    )
    for name in _FIELDS:
        if new[name] is None and old[name] is not None:
            db.execute(f"UPDATE photos SET {name} = ? WHERE id = ?", (old[name], into))  # noqa: S608 - constants
            _move_origin(db, photo_id, into, name)
    if old["file_date_source"] and better_date(new["file_date_source"], old["file_date_source"]):
        db.execute(
            "UPDATE photos SET file_date = ?, file_date_source = ?, file_date_precision = ? WHERE id = ?",
            (old["file_date"], old["file_date_source"], old["file_date_precision"], into),
        )
        _move_origin(db, photo_id, into, "file_date")
    db.execute("UPDATE photo_aliases SET photo_id = ? WHERE photo_id = ?", (into, photo_id))
    db.execute("INSERT INTO photo_aliases (alias, photo_id, rule) VALUES (?, ?, ?)", (photo_id, into, rule))
    _move_files(db, photo_id, into)
    _move_said(db, photo_id, into)
    _remove(db, photo_id, old["number"])
    index_photos(db, [into])


def _move_origin(db: Connection, photo_id: str, into: str, field: str) -> None:
    db.execute(
        "INSERT OR REPLACE INTO photo_fields (photo_id, field, weight, as_of, origin) "
        "SELECT ?, field, weight, as_of, origin FROM photo_fields WHERE photo_id = ? AND field = ?",
        (into, photo_id, field),
    )


def _move_files(db: Connection, photo_id: str, into: str) -> None:
    """Both keep their bytes; the larger picture is current, of equal ones the one that was."""
    db.execute(
        "INSERT OR IGNORE INTO photo_files (photo_id, sha256, is_current, source, stored_at) "
        "SELECT ?, sha256, 0, source, stored_at FROM photo_files WHERE photo_id = ?",
        (into, photo_id),
    )
    db.execute("UPDATE imported_media SET photo_id = ? WHERE photo_id = ?", (into, photo_id))
    choose_current(db, into)


def choose_current(db: Connection, photo_id: str) -> None:
    """Makes the photo's largest undamaged file its current one; of equal ones the one that is, then the oldest."""
    best = db.execute(
        "SELECT f.* FROM photo_files x JOIN files f ON f.sha256 = x.sha256 WHERE x.photo_id = ? "
        "AND f.damaged_at IS NULL ORDER BY coalesce(f.width, 0) * coalesce(f.height, 0) DESC, "
        "x.is_current DESC, x.stored_at, f.bytes DESC, f.sha256 LIMIT 1",
        (photo_id,),
    ).fetchone()
    if best is None:
        return
    db.execute("UPDATE photo_files SET is_current = (sha256 = ?) WHERE photo_id = ?", (best["sha256"], photo_id))
    db.execute(
        "UPDATE photos SET sha256 = ?, content_type = ?, width = coalesce(?, width), height = coalesce(?, height), "
        "state = CASE WHEN state IN ('unavailable', 'failed') THEN 'stored' ELSE state END, "
        "last_error = CASE WHEN state IN ('unavailable', 'failed') THEN NULL ELSE last_error END WHERE id = ?",
        (best["sha256"], best["content_type"], best["width"], best["height"], photo_id),
    )
    db.execute(
        "DELETE FROM variants WHERE photo_id = ?1 AND (SELECT state FROM photos WHERE id = ?1) = 'stored'", (photo_id,)
    )


def _move_said(db: Connection, photo_id: str, into: str) -> None:
    db.execute(
        "INSERT OR IGNORE INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) "
        "SELECT album_id, ?, position, first_seen_at, last_seen_at, removed_at FROM album_photos WHERE photo_id = ?",
        (into, photo_id),
    )
    db.execute(
        "INSERT INTO photo_people (photo_id, person_id, name, x, y) SELECT ?1, person_id, name, x, y "
        "FROM photo_people o WHERE o.photo_id = ?2 AND NOT EXISTS "
        "(SELECT 1 FROM photo_people k WHERE k.photo_id = ?1 AND k.name = o.name)",
        (into, photo_id),
    )
    db.execute(
        "UPDATE comments SET photo_id = ?1 WHERE photo_id = ?2 AND NOT EXISTS (SELECT 1 FROM comments k "
        "WHERE k.photo_id = ?1 AND k.message = comments.message AND k.created_at IS comments.created_at)",
        (into, photo_id),
    )
    drop_twins(db, into)
    db.execute("UPDATE revisions SET photo_id = ? WHERE photo_id = ?", (into, photo_id))
    db.execute("UPDATE albums SET cover_photo_id = ? WHERE cover_photo_id = ?", (into, photo_id))


def _remove(db: Connection, photo_id: str, number: int) -> None:
    for table in ("mentions", "photo_fields", "album_photos", "photo_people", "comments", "photo_files", "variants",
                  "reactions"):  # fmt: skip
        db.execute(f"DELETE FROM {table} WHERE photo_id = ?", (photo_id,))  # noqa: S608 - constants above
    db.execute("DELETE FROM photos_fts WHERE rowid = ?", (number,))
    db.execute("DELETE FROM photos WHERE id = ?", (photo_id,))


def _unite_albums(db: Connection) -> list[Doubt]:
    """Albums with a made-up id, and the one album of Facebook's id with the same title that shares a photo."""
    rows = db.execute(
        "SELECT DISTINCT a.id, b.id, a.title FROM albums a JOIN albums b ON b.title = a.title AND b.virtual = 0 "
        "AND b.remote_id NOT GLOB 'export:*' WHERE a.remote_id GLOB 'export:*' AND a.virtual = 0 AND ("
        "EXISTS (SELECT 1 FROM album_photos m JOIN album_photos n ON n.photo_id = m.photo_id "
        "WHERE m.album_id = a.id AND n.album_id = b.id) OR (NOT EXISTS (SELECT 1 FROM album_photos m "
        "WHERE m.album_id = a.id) AND NOT EXISTS (SELECT 1 FROM album_photos n WHERE n.album_id = b.id))) "
        "ORDER BY a.id, b.id"
    ).fetchall()
    found: dict[int, list[int]] = {}
    titles = {}
    for album_id, other, title in rows:
        found.setdefault(album_id, []).append(other)
        titles[album_id] = title
    doubts = []
    for album_id, others in found.items():
        if len(others) > 1:
            names = tuple(str(other) for other in others)
            doubts.append(Doubt(f"album “{titles[album_id]}”", names, "same title, shared photos"))
            continue
        _merge_album(db, album_id, others[0])
    return doubts


def _merge_album(db: Connection, album_id: int, into: int) -> None:
    db.execute(
        "INSERT OR IGNORE INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) "
        "SELECT ?1, photo_id, position + (SELECT coalesce(max(position), -1) + 1 FROM album_photos "
        "WHERE album_id = ?1), first_seen_at, last_seen_at, removed_at FROM album_photos WHERE album_id = ?2",
        (into, album_id),
    )
    forget_album(db, album_id)
    members = db.execute("SELECT photo_id FROM album_photos WHERE album_id = ?", (into,)).fetchall()
    index_photos(db, [row["photo_id"] for row in members])
