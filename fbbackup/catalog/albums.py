"""Accounts and albums: what exists, how it looked when it was last listed, and what has to be listed again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection, Row
from typing import Any

from fbbackup.catalog.places import record_places
from fbbackup.catalog.provenance import take_over_albums
from fbbackup.catalog.search import index_photos
from fbbackup.catalog.times import moment, stamp, text
from fbbackup.models import Absence, Album, Identity


@dataclass(frozen=True, slots=True)
class KnownAlbum:
    """An album as the catalog has it. `sign` is how it looks now, `listed_sign` how it looked at its last listing;
    `under_way` tells of a listing that was begun and not settled."""

    id: int
    album: Album
    sign: str
    listed_sign: str | None
    listed_at: datetime | None
    first_seen_at: datetime
    under_way: bool = False


def account(db: Connection, name: str, source: str, now: datetime) -> int:
    """The account's row, made when it is new."""
    db.execute(
        "INSERT INTO accounts (name, source, added_at) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING",
        (name, source, stamp(now)),
    )
    found: int = db.execute("SELECT id FROM accounts WHERE name = ?", (name,)).fetchone()["id"]
    return found


def record_identity(db: Connection, account_id: int, identity: Identity, now: datetime) -> None:
    """Who the login is, what it may read and when it ends, as the source tells now."""
    db.execute(
        "UPDATE accounts SET remote_id = ?, display_name = ?, permissions = ?, login_expires_at = ?, "
        "data_access_expires_at = ?, asked_at = ? WHERE id = ?",
        (
            identity.remote_id, identity.display_name, json.dumps(identity.permissions, sort_keys=True),
            text(identity.expires_at), text(identity.data_access_expires_at), stamp(now), account_id,
        ),
    )  # fmt: skip


def source_state(db: Connection, account_id: int) -> dict[str, Any]:
    """What the account's source asked to remember between runs."""
    row = db.execute("SELECT state FROM source_states WHERE account_id = ?", (account_id,)).fetchone()
    return dict(json.loads(row["state"])) if row else {}


def save_source_state(db: Connection, account_id: int, state: dict[str, Any], now: datetime) -> None:
    db.execute(
        "INSERT INTO source_states (account_id, state, saved_at) VALUES (?, ?, ?) "
        "ON CONFLICT (account_id) DO UPDATE SET state = excluded.state, saved_at = excluded.saved_at "
        "WHERE state IS NOT excluded.state",
        (account_id, json.dumps(state, sort_keys=True), stamp(now)),
    )


def sign_of(album: Album, settings: str, probe: str | None = None) -> str:
    """What has to be equal for an album to count as unchanged: its time, count, cover, and what we ask for."""
    return json.dumps([text(album.updated_at), album.remote_count, album.cover_photo_id, probe, settings])


def record_albums(db: Connection, account_id: int, albums: Sequence[Album], first: int, now: datetime) -> None:
    """Inserts or revises albums; `first` is the position of the first of them in the source's order."""
    record_places(db, list({album.place.id: album.place for album in albums if album.place}.values()))
    take_over_albums(db, account_id, [album.remote_id for album in albums])
    for position, album in enumerate(albums, first):
        old = db.execute(
            "SELECT id, title, description FROM albums WHERE account_id = ? AND remote_id = ?",
            (account_id, album.remote_id),
        ).fetchone()
        _write_album(db, account_id, album, position, now)
        if old is not None:
            _keep_old_words(db, old, album, now)


def _write_album(db: Connection, account_id: int, album: Album, position: int, now: datetime) -> None:
    values = (
        album.title, album.description, album.link, album.kind, album.privacy, album.place and album.place.id,
        album.cover_photo_id, album.remote_count, text(album.created_at), text(album.created_at),
        text(album.updated_at), int(album.virtual), position, album.raw, stamp(now),
    )  # fmt: skip
    db.execute(
        "INSERT INTO albums (account_id, remote_id, first_seen_at, title, description, link, kind, privacy, place_id, "
        "cover_photo_id, remote_count, file_date, created_at, updated_at, virtual, position, raw, last_seen_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (account_id, remote_id) DO UPDATE SET "
        "title = excluded.title, description = excluded.description, link = excluded.link, kind = excluded.kind, "
        "privacy = excluded.privacy, place_id = excluded.place_id, cover_photo_id = excluded.cover_photo_id, "
        "remote_count = excluded.remote_count, file_date = excluded.file_date, created_at = excluded.created_at, "
        "updated_at = excluded.updated_at, virtual = excluded.virtual, position = excluded.position, "
        "raw = excluded.raw, last_seen_at = excluded.last_seen_at, gone_at = NULL, gone_evidence = NULL",
        (account_id, album.remote_id, stamp(now), *values),
    )


def _keep_old_words(db: Connection, old: Row, album: Album, now: datetime) -> None:
    changes = [
        (old["id"], name, old[name], getattr(album, name), stamp(now))
        for name in ("title", "description")
        if old[name] != getattr(album, name)
    ]
    db.executemany("INSERT INTO revisions (album_id, field, old, new, seen_at) VALUES (?, ?, ?, ?, ?)", changes)
    if any(change[1] == "title" for change in changes):
        members = db.execute(
            "SELECT photo_id FROM album_photos WHERE album_id = ? AND removed_at IS NULL", (old["id"],)
        )
        index_photos(db, [row["photo_id"] for row in members])


def known_albums(db: Connection, account_id: int, settings: str, probes: dict[str, str | None]) -> list[KnownAlbum]:
    """The account's albums that are not gone, in the source's order, virtual ones last."""
    rows = db.execute(
        "SELECT a.*, EXISTS (SELECT 1 FROM listings l WHERE l.album_id = a.id) AS under_way "
        "FROM albums a WHERE a.account_id = ? AND a.gone_at IS NULL ORDER BY a.virtual, a.position",
        (account_id,),
    )
    return [_known(row, settings, probes) for row in rows]


def _known(row: Row, settings: str, probes: dict[str, str | None]) -> KnownAlbum:
    album = Album(
        remote_id=row["remote_id"],
        title=row["title"],
        kind=row["kind"],
        cover_photo_id=row["cover_photo_id"],
        remote_count=row["remote_count"],
        updated_at=moment(row["updated_at"]),
        virtual=bool(row["virtual"]),
    )
    sign = sign_of(album, settings, probes.get(album.remote_id))
    listed_at, first_seen_at = moment(row["listed_at"]), datetime.fromisoformat(row["first_seen_at"])
    return KnownAlbum(row["id"], album, sign, row["listed_sign"], listed_at, first_seen_at, bool(row["under_way"]))


def albums_missing(db: Connection, account_id: int, seen: Sequence[str]) -> list[tuple[int, Album]]:
    """Albums that a complete album list (`seen`: remote ids) lacks: to be asked for by id before it is believed."""
    rows = db.execute(
        "SELECT id, remote_id, title, kind FROM albums WHERE account_id = ? AND gone_at IS NULL AND virtual = 0 "
        "AND remote_id NOT IN (SELECT value FROM json_each(?))",
        (account_id, json.dumps(list(seen))),
    )
    return [(row["id"], Album(row["remote_id"], row["title"], row["kind"])) for row in rows]


def mark_album_gone(db: Connection, album_id: int, absence: Absence, now: datetime) -> None:
    """The album's tombstone; its photos are judged one by one."""
    db.execute(
        "UPDATE albums SET gone_at = ?, gone_evidence = ? WHERE id = ?",
        (stamp(now), absence.evidence, album_id),
    )
