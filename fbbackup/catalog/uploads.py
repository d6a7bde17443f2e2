"""The journal of uploads: what is being sent is written down before it is sent, so that nothing is sent twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection, Row

from fbbackup.catalog.times import stamp
from fbbackup.models import Published

TABLES = """
-- What was published where. `sending` is written before anything is sent; it may or may not have arrived.
CREATE TABLE uploads (
    id INTEGER PRIMARY KEY,
    photo_id TEXT NOT NULL REFERENCES photos(id),
    destination TEXT NOT NULL,
    album TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL CHECK (state IN ('sending', 'done', 'failed', 'undone')),
    remote_id TEXT,
    post_id TEXT,
    link TEXT,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    error TEXT
) STRICT;
CREATE INDEX uploads_by_photo ON uploads(photo_id);
CREATE UNIQUE INDEX uploads_once ON uploads(destination, album, photo_id) WHERE state IN ('sending', 'done');
CREATE TRIGGER mark_uploads_new AFTER INSERT ON uploads BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_uploads_gone AFTER DELETE ON uploads BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_uploads AFTER UPDATE ON uploads BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
"""


@dataclass(frozen=True, slots=True)
class Sendable:
    """A photo as its row has it, with the file that would be sent; `key` is None while none is stored."""

    photo_id: str
    kind: str
    state: str
    key: str | None
    content_type: str | None
    width: int | None
    height: int | None
    caption: str | None
    alt_text: str | None
    file_date: datetime | None
    file_date_precision: str | None
    place_id: str | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One upload in the journal. `sending` without an end means that nobody knows whether it arrived."""

    id: int
    photo_id: str
    state: str
    started_at: datetime
    published: Published | None


def sendable(db: Connection, photo_id: str) -> Sendable | None:
    """The photo; None when there is none of this id."""
    row = db.execute(
        "SELECT p.id, p.kind, p.state, f.key, f.content_type, f.width, f.height, p.caption, p.alt_text, p.file_date, "
        "p.file_date_precision, p.place_id, f.sha256 FROM photos p LEFT JOIN files f ON f.sha256 = p.sha256 "
        "AND f.damaged_at IS NULL WHERE p.id = ?",
        (photo_id,),
    ).fetchone()
    if row is None:
        return None
    values = dict(zip(Sendable.__slots__, row, strict=True))
    values["file_date"] = datetime.fromisoformat(row["file_date"]) if row["file_date"] else None
    return Sendable(**values)


def open_entry(db: Connection, destination: str, album: str | None, photo_id: str) -> Entry | None:
    """The upload of this photo that is under way or done, if there is one."""
    row = db.execute(
        "SELECT * FROM uploads WHERE destination = ? AND album = ? AND photo_id = ? AND state IN ('sending', 'done')",
        (destination, album or "", photo_id),
    ).fetchone()
    return _entry(row) if row else None


def done_entries(db: Connection, destination: str, photo_id: str) -> list[Entry]:
    """What this destination holds of a photo, as far as we published it."""
    rows = db.execute(
        "SELECT * FROM uploads WHERE destination = ? AND photo_id = ? AND state = 'done' ORDER BY id",
        (destination, photo_id),
    )
    return [_entry(row) for row in rows]


def is_unsettled(db: Connection, destination: str, photo_id: str) -> bool:
    """Whether an upload of this photo had no answer, and nobody has looked for it since."""
    found = db.execute(
        "SELECT 1 FROM uploads WHERE destination = ? AND photo_id = ? AND state = 'sending'", (destination, photo_id)
    )
    return found.fetchone() is not None


def known_remote_ids(db: Connection, destination: str) -> set[str]:
    """Every id that our uploads have there: none of these can be the one that is looked for."""
    rows = db.execute("SELECT remote_id FROM uploads WHERE destination = ? AND remote_id IS NOT NULL", (destination,))
    return {row["remote_id"] for row in rows}


def begin_upload(db: Connection, destination: str, album: str | None, photo_id: str, now: datetime) -> int:
    """Writes down that the photo is about to be sent; an older attempt whose fate is unknown ends as given up."""
    db.execute(
        "UPDATE uploads SET state = 'failed', finished_at = ?, error = 'given up for another attempt' "
        "WHERE destination = ? AND album = ? AND photo_id = ? AND state = 'sending'",
        (stamp(now), destination, album or "", photo_id),
    )
    cursor = db.execute(
        "INSERT INTO uploads (photo_id, destination, album, state, started_at) VALUES (?, ?, ?, 'sending', ?)",
        (photo_id, destination, album or "", stamp(now)),
    )
    return int(cursor.lastrowid or 0)


def record_upload(db: Connection, entry_id: int, published: Published, now: datetime) -> None:
    """The destination has it."""
    db.execute(
        "UPDATE uploads SET state = 'done', remote_id = ?, post_id = ?, link = ?, finished_at = ?, error = NULL "
        "WHERE id = ?",
        (published.remote_id, published.post_id, published.link, stamp(now), entry_id),
    )


def end_upload(db: Connection, entry_id: int, state: str, error: str | None, now: datetime) -> None:
    """`failed`: certainly not there. `undone`: taken back."""
    db.execute(
        "UPDATE uploads SET state = ?, error = ?, finished_at = ? WHERE id = ?", (state, error, stamp(now), entry_id)
    )


def note_lost(db: Connection, entry_id: int, error: str) -> None:
    """Why nobody knows whether the upload arrived; it stays `sending`."""
    db.execute("UPDATE uploads SET error = ? WHERE id = ?", (error, entry_id))


def uploads_of(db: Connection, photo_id: str) -> Sequence[Row]:
    """All uploads of a photo, for people."""
    return db.execute(
        "SELECT destination, nullif(album, '') AS album, state, remote_id, post_id, link, started_at, finished_at, "
        "error FROM uploads WHERE photo_id = ? ORDER BY id",
        (photo_id,),
    ).fetchall()


def _entry(row: Row) -> Entry:
    found = Published(row["remote_id"], row["post_id"], row["link"]) if row["remote_id"] else None
    return Entry(row["id"], row["photo_id"], row["state"], datetime.fromisoformat(row["started_at"]), found)
