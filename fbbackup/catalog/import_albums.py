"""Albums of exports: found again whatever name their folder has, and filled."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from sqlite3 import Connection

from fbbackup.catalog.albums import record_albums
from fbbackup.catalog.marks import mark_months
from fbbackup.catalog.provenance import export_accounts
from fbbackup.catalog.search import index_photos
from fbbackup.catalog.times import stamp, text
from fbbackup.mentions import AlbumFound
from fbbackup.models import Album

UNLISTED = Album("export:unlisted", "Unlisted media", "unlisted", virtual=True)
"""Where pictures go that lie in an export and that none of its texts names."""

_LOOSE = ("uploads", "unlisted")


def record_export_album(db: Connection, account_id: int, found: AlbumFound, now: datetime) -> str | None:
    """Records an album and its members. Returns a line when several albums may be meant, else None."""
    album_id, doubt = _album(db, account_id, found, now)
    joined = _join(db, album_id, found.photo_ids, now)
    db.execute(
        "UPDATE albums SET listed_at = ?, last_seen_at = ?, remote_count = "
        "max(coalesce(remote_count, 0), (SELECT count(*) FROM album_photos WHERE album_id = albums.id)) "
        "WHERE id = ? AND account_id IN (SELECT value FROM json_each(?)) AND (listed_at IS NULL OR ?)",
        (stamp(now), stamp(now), album_id, json.dumps(export_accounts(db)), bool(joined)),
    )
    index_photos(db, joined)
    return doubt


def _album(db: Connection, account_id: int, found: AlbumFound, now: datetime) -> tuple[int, str | None]:
    album, doubt = found.album, None
    if not album.virtual:
        known = None if _is_made_up(album) else _by_id(db, album.remote_id)
        if known is None:
            twins = _twins(db, found)
            if len(twins) == 1:
                known = twins[0]
                if not _is_made_up(album):
                    _name(db, known, album)
            elif twins:
                doubt = f"{found.origin}: {len(twins)} albums are named “{album.title}” and share photos with it"
        if known is not None:
            _refresh(db, known, album, now)
            return known, doubt
    _write(db, account_id, album, now)
    row = db.execute(
        "SELECT id FROM albums WHERE account_id = ? AND remote_id = ?", (account_id, album.remote_id)
    ).fetchone()
    return row["id"], doubt


def _is_made_up(album: Album) -> bool:
    """Whether the export has no id for the album; those of the legacy interface have a colon too."""
    return album.remote_id.startswith("export:")


def _by_id(db: Connection, remote_id: str) -> int | None:
    row = db.execute(
        "SELECT a.id FROM albums a JOIN accounts c ON c.id = a.account_id WHERE a.remote_id = ? AND a.virtual = 0 "
        "ORDER BY c.source = 'export', a.id LIMIT 1",
        (remote_id,),
    ).fetchone()
    return row["id"] if row else None


def _twins(db: Connection, found: AlbumFound) -> list[int]:
    """Albums of the same title that share a photo, or that are as empty as this one.

    A photo lives in one album only, so one shared photo proves it; the ids must not contradict each other.
    """
    made_up = _is_made_up(found.album)
    if found.photo_ids:
        condition = "EXISTS (SELECT 1 FROM json_each(:ids) w CROSS JOIN album_photos m ON m.album_id = a.id "
        condition += "AND m.photo_id = w.value)"
    else:
        condition = "NOT EXISTS (SELECT 1 FROM album_photos m WHERE m.album_id = a.id)"
    rows = db.execute(
        "SELECT a.id FROM albums a WHERE a.title = :title AND a.virtual = 0 "  # noqa: S608 - one of two constants
        f"AND (:made_up OR a.remote_id GLOB 'export:*') AND {condition} ORDER BY a.id",
        {"title": found.album.title, "made_up": made_up, "ids": json.dumps(found.photo_ids)},
    )
    return [row["id"] for row in rows]


def _name(db: Connection, album_id: int, album: Album) -> None:
    """An album that had a made-up id gets Facebook's."""
    db.execute("UPDATE albums SET remote_id = ?, link = ? WHERE id = ?", (album.remote_id, album.link, album_id))


def _refresh(db: Connection, album_id: int, album: Album, now: datetime) -> None:
    """Takes over a later state of an album that only exports know; the API's word on its own albums stands."""
    row = db.execute("SELECT * FROM albums WHERE id = ?", (album_id,)).fetchone()
    if row["account_id"] not in export_accounts(db):
        return
    same = row["raw"] == album.raw and row["title"] == album.title
    older = (text(album.updated_at) or "") < (row["updated_at"] or "")
    if not (same or older):
        kept = Album(**{name: getattr(album, name) for name in Album.__slots__} | {"remote_id": row["remote_id"]})
        record_albums(db, row["account_id"], [kept], row["position"], now)


def _write(db: Connection, account_id: int, album: Album, now: datetime) -> None:
    """A new album, behind the ones that are there; a known one is left as it is."""
    known = db.execute(
        "SELECT 1 FROM albums WHERE account_id = ? AND remote_id = ?", (account_id, album.remote_id)
    ).fetchone()
    if known is None:
        last = db.execute(
            "SELECT coalesce(max(position), -1) FROM albums WHERE account_id = ?", (account_id,)
        ).fetchone()[0]
        record_albums(db, account_id, [album], last + 1, now)


def _join(db: Connection, album_id: int, ids: Sequence[str], now: datetime) -> list[str]:
    """Makes these photos members; returns those that were none. New ones go behind the members that are there."""
    wanted = json.dumps(list(ids))
    known = db.execute(
        "SELECT w.value AS id FROM json_each(?) w JOIN album_photos m ON m.album_id = ? AND m.photo_id = w.value",
        (wanted, album_id),
    )
    there = {row["id"] for row in known}
    joined = [id_ for id_ in ids if id_ not in there]
    first = db.execute(
        "SELECT coalesce(max(position), -1) + 1 FROM album_photos WHERE album_id = ?", (album_id,)
    ).fetchone()[0]
    db.executemany(
        "INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at) VALUES (?, ?, ?, ?, ?)",
        [(album_id, id_, position, stamp(now), stamp(now)) for position, id_ in enumerate(joined, first)],
    )
    mark_months(db, joined)
    return joined


def tidy(db: Connection) -> None:
    """Photos that have an album leave the lists of those that have none; such lists end when they are empty."""
    exports = json.dumps(export_accounts(db))
    for kind in _LOOSE:
        rows = db.execute(
            "SELECT m.album_id, m.photo_id FROM album_photos m JOIN albums a ON a.id = m.album_id "
            "WHERE a.kind = ?1 AND a.account_id IN (SELECT value FROM json_each(?2)) AND EXISTS ("
            "SELECT 1 FROM album_photos o JOIN albums b ON b.id = o.album_id WHERE o.photo_id = m.photo_id "
            "AND o.album_id <> m.album_id AND o.removed_at IS NULL AND (b.kind NOT IN ('uploads', 'unlisted') "
            "OR (b.kind = 'uploads' AND (?1 = 'unlisted' OR b.account_id NOT IN (SELECT value FROM json_each(?2))))))",
            (kind, exports),
        ).fetchall()
        db.executemany("DELETE FROM album_photos WHERE album_id = ? AND photo_id = ?", [tuple(row) for row in rows])
        index_photos(db, [row["photo_id"] for row in rows])
    empty = db.execute(
        "SELECT id FROM albums a WHERE a.virtual = 1 AND a.account_id IN (SELECT value FROM json_each(?)) "
        "AND NOT EXISTS (SELECT 1 FROM album_photos m WHERE m.album_id = a.id)",
        (exports,),
    ).fetchall()
    for (album_id,) in empty:
        forget_album(db, album_id)
    db.execute(
        "UPDATE albums SET remote_count = (SELECT count(*) FROM album_photos m WHERE m.album_id = albums.id) "
        "WHERE virtual = 1 AND account_id IN (SELECT value FROM json_each(?))",
        (exports,),
    )


def forget_album(db: Connection, album_id: int) -> None:
    """Removes an album row that stands for nothing any more, with what hangs on it."""
    for table in ("album_photos", "album_audits", "revisions", "listing_pages", "listings"):
        db.execute(f"DELETE FROM {table} WHERE album_id = ?", (album_id,))  # noqa: S608 - constants above
    db.execute("DELETE FROM albums WHERE id = ?", (album_id,))
