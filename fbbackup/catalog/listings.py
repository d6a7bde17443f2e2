"""Listings of albums, page by page: what was seen, where to go on after a crash, and what a finished one lacks.

A listing's pages stay until it is settled, so that absence is judged from a whole listing even when it took two runs.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection, Row

from fbbackup.catalog.bulk import insert_rows
from fbbackup.catalog.marks import mark_months
from fbbackup.catalog.photos import Recorded, record_photos
from fbbackup.catalog.search import index_photos
from fbbackup.catalog.times import stamp
from fbbackup.models import Kind, Page, Photo

RESUMABLE = timedelta(hours=24)
"""An unfinished listing that is older starts again: cursors are short-lived."""


_SHOWN = "p.account_id NOT IN (SELECT id FROM accounts WHERE source = 'export')"
"""Of photos that only an export knows the API has never shown anything, so that nothing follows from their absence."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A listing to go on with: `cursor` is None when no page has been recorded yet, or none is left to read."""

    album_id: int
    cursor: str | None
    finished: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """Members that a finished listing did not show, and how many members were active before."""

    album_id: int
    photo_ids: tuple[str, ...]
    members: int


def begin_listing(db: Connection, album_id: int, sign: str, now: datetime) -> Unfinished:
    """Starts to list an album, or goes on with a listing of the same `sign` that is still fresh.

    An end that showed nothing is looked at once more: an earlier run saw it, maybe with a login that had lost its
    permission, which empties every page. A page that shows photos proves that the permission was there.
    """
    row = db.execute("SELECT * FROM listings WHERE album_id = ?", (album_id,)).fetchone()
    if row is not None:
        fresh = row["started_at"] >= stamp(now - RESUMABLE) and row["sign"] == sign
        if fresh and row["finished_at"] is not None and _ended_empty(db, album_id):
            return Unfinished(album_id, _reopened(db, album_id))
        if fresh and (row["finished_at"] or row["cursor"]):
            return Unfinished(album_id, row["cursor"], row["finished_at"] is not None)
        drop_listing(db, album_id)
    db.execute("INSERT INTO listings (album_id, started_at, sign) VALUES (?, ?, ?)", (album_id, stamp(now), sign))
    return Unfinished(album_id, None)


def _ended_empty(db: Connection, album_id: int) -> bool:
    """Whether a finished listing ended just once, with a page without members, short of what the album claims."""
    row = db.execute(
        "SELECT p.ids = '[]' AND coalesce(a.remote_count > p.first_position, 1) AS doubtful, "
        "(SELECT count(*) FROM listing_pages e WHERE e.album_id = p.album_id AND e.cursor IS NULL) AS ends "
        "FROM listing_pages p JOIN albums a ON a.id = p.album_id WHERE p.album_id = ? ORDER BY p.number DESC LIMIT 1",
        (album_id,),
    ).fetchone()
    return row is not None and bool(row["doubtful"]) and row["ends"] == 1


def _reopened(db: Connection, album_id: int) -> str | None:
    """Goes back behind the page at which a listing ended; returns the cursor to read it with."""
    db.execute(
        "UPDATE listings SET finished_at = NULL, cursor = (SELECT p.cursor FROM listing_pages p "
        "WHERE p.album_id = listings.album_id ORDER BY p.number DESC LIMIT 1 OFFSET 1) WHERE album_id = ?",
        (album_id,),
    )
    cursor: str | None = db.execute("SELECT cursor FROM listings WHERE album_id = ?", (album_id,)).fetchone()[0]
    return cursor


def drop_listing(db: Connection, album_id: int) -> None:
    """Forgets how far a listing is; nothing that it recorded is lost."""
    db.execute("DELETE FROM listings WHERE album_id = ?", (album_id,))


def doubt_listings(db: Connection, account_id: int, album_ids: Collection[int] | None = None) -> None:
    """Forgets the listings of these albums, or of all the account's, and has the next run list them whatever they
    look like then."""
    chosen = None if album_ids is None else json.dumps(list(album_ids))
    rows = db.execute(
        "SELECT l.album_id FROM listings l JOIN albums a ON a.id = l.album_id "
        "WHERE a.account_id = ? AND (? IS NULL OR l.album_id IN (SELECT value FROM json_each(?)))",
        (account_id, chosen, chosen),
    )
    for (album_id,) in rows.fetchall():
        db.execute("UPDATE albums SET listed_sign = NULL WHERE id = ?", (album_id,))
        drop_listing(db, album_id)


def record_page(db: Connection, account_id: int, album_id: int, page: Page, now: datetime) -> Recorded:
    """Photos, memberships and the cursor of one page, together. Repeated photos count once.

    Raises ValueError when the page's cursor was already followed in this listing (a loop).
    """
    number, first = _place_of_page(db, album_id, page.next_cursor)
    photos = list({photo.id: photo for photo in page.photos}.values())
    recorded = record_photos(db, account_id, photos, now)
    members = _members_only(db, account_id, album_id, photos)
    new = set(recorded.new)
    # A photo that the catalog did not know is a member of nothing yet.
    known = [id_ for id_ in members if id_ not in new]
    seen = _already_listed(db, album_id, known, first)
    fresh = [id_ for id_ in members if id_ not in seen]
    joined = _record_memberships(db, album_id, fresh, _memberships(db, album_id, known), first, now)
    index_photos(db, recorded.new, fresh=True)
    index_photos(db, [id_ for id_ in {*recorded.changed, *joined} if id_ not in new])
    mark_months(db, [id_ for id_ in joined if id_ not in new])
    db.execute(
        "INSERT INTO listing_pages (album_id, number, cursor, first_position, ids) VALUES (?, ?, ?, ?, ?)",
        (album_id, number, page.next_cursor, first, json.dumps(fresh)),
    )
    db.execute(
        "UPDATE listings SET cursor = ?, finished_at = ? WHERE album_id = ?",
        (page.next_cursor, None if page.next_cursor else stamp(now), album_id),
    )
    return recorded


def _place_of_page(db: Connection, album_id: int, next_cursor: str | None) -> tuple[int, int]:
    """The number of the page to come and the position of its first photo."""
    if next_cursor is not None:
        looped = db.execute(
            "SELECT 1 FROM listing_pages WHERE album_id = ? AND cursor = ?", (album_id, next_cursor)
        ).fetchone()
        if looped:
            raise ValueError("the listing repeats a page that it already gave")
    last = db.execute(
        "SELECT number, first_position, ids FROM listing_pages WHERE album_id = ? ORDER BY number DESC LIMIT 1",
        (album_id,),
    ).fetchone()
    if last is None:
        return 0, 0
    return last["number"] + 1, last["first_position"] + len(json.loads(last["ids"]))


def _members_only(db: Connection, account_id: int, album_id: int, photos: Sequence[Photo]) -> list[str]:
    """The photos that belong to the album: all of them, except for uploads that live in an album of their own."""
    kind = db.execute("SELECT kind FROM albums WHERE id = ?", (album_id,)).fetchone()["kind"]
    if kind not in ("uploads", "outside"):
        return [photo.id for photo in photos]
    rows = db.execute("SELECT remote_id FROM albums WHERE account_id = ? AND virtual = 0", (account_id,))
    own = {row["remote_id"] for row in rows}
    outside = [photo.id for photo in photos if photo.album is None or photo.album.remote_id not in own]
    inside = _housed(db, outside)
    return [id_ for id_ in outside if id_ not in inside]


def _housed(db: Connection, ids: Sequence[str]) -> set[str]:
    """Those of `ids` that are in a real album, as far as this run's album list and finished listings still have it."""
    rows = db.execute(
        "SELECT m.photo_id, l.finished_at IS NOT NULL AS listed, (SELECT g.ids FROM listing_pages g "
        "WHERE g.album_id = m.album_id AND g.first_position <= m.position ORDER BY g.number DESC LIMIT 1) AS page_ids "
        "FROM json_each(?) w CROSS JOIN album_photos m ON m.photo_id = w.value JOIN albums a ON a.id = m.album_id "
        "JOIN accounts c ON c.id = a.account_id LEFT JOIN listings l ON l.album_id = m.album_id "
        "WHERE a.virtual = 0 AND m.removed_at IS NULL AND a.gone_at IS NULL "
        "AND a.last_seen_at >= coalesce(c.asked_at, '')",
        (json.dumps(list(ids)),),
    )
    return {row["photo_id"] for row in rows if not row["listed"] or row["photo_id"] in json.loads(row["page_ids"])}


def join_uploads(db: Connection, account_id: int, photos: Sequence[Photo], now: datetime) -> None:
    """Puts photos of one's own that left their last album behind the “uploads outside albums”: they were not read
    from that list, so that their place in it is not known."""
    album = db.execute(
        "SELECT a.id, (SELECT coalesce(max(m.position) + 1, 0) FROM album_photos m "
        "WHERE m.album_id = a.id AND m.removed_at IS NULL) AS first FROM albums a "
        "WHERE a.account_id = ? AND a.kind = 'uploads' AND a.virtual = 1 AND a.listed_at IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM listings l WHERE l.album_id = a.id)",
        (account_id,),
    ).fetchone()
    if album is not None and photos:
        outside = _members_only(db, account_id, album["id"], photos)
        old = _memberships(db, album["id"], outside)
        joined = _record_memberships(db, album["id"], outside, old, album["first"], now)
        index_photos(db, joined)
        mark_months(db, joined)


def _already_listed(db: Connection, album_id: int, ids: Sequence[str], first: int) -> set[str]:
    """Those of `ids` that an earlier page of this listing showed (overlapping pages).

    What this listing showed has its position from this listing, so one look at the page there decides.
    """
    if not first or not ids:
        return set()
    rows = db.execute(
        "SELECT w.value AS id, (SELECT l.ids FROM listing_pages l WHERE l.album_id = m.album_id "
        "AND l.first_position <= m.position ORDER BY l.number DESC LIMIT 1) AS page_ids "
        "FROM json_each(?) w CROSS JOIN album_photos m ON m.album_id = ? AND m.photo_id = w.value WHERE m.position < ?",
        (json.dumps(list(ids)), album_id, first),
    )
    return {row["id"] for row in rows if row["id"] in json.loads(row["page_ids"] or "[]")}


def _memberships(db: Connection, album_id: int, ids: Sequence[str]) -> dict[str, Row]:
    """Place and removal of those of `ids` that are, or were, members."""
    if not ids:
        return {}
    rows = db.execute(
        "SELECT m.photo_id, m.position, m.removed_at FROM json_each(?) w "
        "CROSS JOIN album_photos m ON m.album_id = ? AND m.photo_id = w.value",
        (json.dumps(list(ids)), album_id),
    )
    return {row["photo_id"]: row for row in rows}


def _record_memberships(
    db: Connection, album_id: int, ids: Sequence[str], old: Mapping[str, Row], first: int, now: datetime
) -> list[str]:
    """Writes who is a member and where, beside the `old` memberships; returns those that were none before."""
    at = stamp(now)
    new = [(album_id, id_, position, at, at) for position, id_ in enumerate(ids, first) if id_ not in old]
    moved = [
        (position, at, album_id, id_)
        for position, id_ in enumerate(ids, first)
        if id_ in old and (old[id_]["position"] != position or old[id_]["removed_at"] is not None)
    ]
    insert_rows(db, "album_photos (album_id, photo_id, position, first_seen_at, last_seen_at)", new)
    db.executemany(
        "UPDATE album_photos SET position = ?, last_seen_at = ?, removed_at = NULL WHERE album_id = ? AND photo_id = ?",
        moved,
    )
    back = [id_ for id_ in ids if id_ in old and old[id_]["removed_at"] is not None]
    return [row[1] for row in new] + back


def finished_listings(db: Connection, account_id: int) -> list[Missing]:
    """What each finished, not yet settled listing lacks of the album's active members."""
    rows = db.execute(
        "SELECT l.album_id FROM listings l JOIN albums a ON a.id = l.album_id "
        "WHERE a.account_id = ? AND l.finished_at IS NOT NULL ORDER BY l.album_id",
        (account_id,),
    ).fetchall()
    return [_missing(db, row["album_id"]) for row in rows]


def _missing(db: Connection, album_id: int) -> Missing:
    rows = db.execute(
        "SELECT m.photo_id FROM album_photos m JOIN photos p ON p.id = m.photo_id "  # noqa: S608 - constants
        f"WHERE m.album_id = ? AND m.removed_at IS NULL AND p.gone_at IS NULL AND {_SHOWN} AND m.photo_id NOT IN "
        "(SELECT j.value FROM listing_pages l, json_each(l.ids) j WHERE l.album_id = ?)",
        (album_id, album_id),
    )
    absent = tuple(row["photo_id"] for row in rows)
    count = db.execute(
        "SELECT count(*) FROM album_photos m JOIN photos p ON p.id = m.photo_id "  # noqa: S608 - constants
        f"WHERE m.album_id = ? AND m.removed_at IS NULL AND p.gone_at IS NULL AND {_SHOWN}",
        (album_id,),
    ).fetchone()[0]
    return Missing(album_id, absent, count)


def beyond_doubt(db: Connection, account_id: int) -> list[int]:
    """Albums whose finished listing lacks no member, and which surely hides nothing new either: it shows all that the
    album claims, or the login was looked at after it ended."""
    rows = db.execute(
        "SELECT a.id, a.remote_count, coalesce(l.finished_at < c.asked_at, 0) AS confirmed FROM listings l "
        "JOIN albums a ON a.id = l.album_id JOIN accounts c ON c.id = a.account_id "
        "WHERE a.account_id = ? AND l.finished_at IS NOT NULL",
        (account_id,),
    ).fetchall()
    sure = []
    for row in rows:
        missing = _missing(db, row["id"])
        shows_all = row["remote_count"] is not None and missing.members >= row["remote_count"]
        if not missing.photo_ids and (shows_all or row["confirmed"]):
            sure.append(row["id"])
    return sure


def members_elsewhere(db: Connection, ids: Sequence[str]) -> set[str]:
    """Those of `ids` that a settled or finished listing of another album still shows: alive without a question."""
    rows = db.execute(
        "SELECT DISTINCT w.value AS id FROM json_each(?) w "
        "CROSS JOIN album_photos m ON m.photo_id = w.value AND m.removed_at IS NULL "
        "JOIN listings l ON l.album_id = m.album_id AND l.finished_at IS NOT NULL "
        "WHERE EXISTS (SELECT 1 FROM listing_pages g, json_each(g.ids) j "
        "WHERE g.album_id = m.album_id AND j.value = w.value)",
        (json.dumps(list(ids)),),
    )
    return {row["id"] for row in rows}


def of_other_kinds(db: Connection, ids: Sequence[str], kinds: Collection[Kind]) -> set[str]:
    """Those of `ids` that are of none of these kinds."""
    rows = db.execute(
        "SELECT p.id FROM json_each(?) w CROSS JOIN photos p ON p.id = w.value "
        "WHERE p.kind NOT IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)), json.dumps(list(kinds))),
    )
    return {row["id"] for row in rows}


def homeless(db: Connection, account_id: int, states: Collection[str], limit: int) -> list[str]:
    """Photos in these states that are in no album any more and not known to be gone, longest not seen first."""
    rows = db.execute(
        "SELECT p.id FROM photos p WHERE p.state IN (SELECT value FROM json_each(?)) AND p.account_id = ? "
        "AND p.gone_at IS NULL AND NOT EXISTS (SELECT 1 FROM album_photos m JOIN albums a ON a.id = m.album_id "
        "WHERE m.photo_id = p.id AND m.removed_at IS NULL AND a.gone_at IS NULL) ORDER BY p.last_seen_at LIMIT ?",
        (json.dumps(list(states)), account_id, limit),
    )
    return [row["id"] for row in rows]


def members_of(db: Connection, album_ids: Sequence[int]) -> list[Missing]:
    """All active, not gone members of these albums, as if a listing had shown none of them."""
    rows = db.execute(
        "SELECT m.album_id, m.photo_id FROM json_each(?) w CROSS JOIN album_photos m ON m.album_id = w.value "  # noqa: S608 - constants
        f"JOIN photos p ON p.id = m.photo_id WHERE m.removed_at IS NULL AND p.gone_at IS NULL AND {_SHOWN}",
        (json.dumps(list(album_ids)),),
    )
    members: dict[int, list[str]] = {}
    for row in rows:
        members.setdefault(row["album_id"], []).append(row["photo_id"])
    return [Missing(album_id, tuple(ids), len(ids)) for album_id, ids in members.items()]


def remove_members(db: Connection, album_id: int, ids: Sequence[str], now: datetime) -> None:
    """Ends memberships of photos that live on elsewhere; the old membership stays on record."""
    db.executemany(
        "UPDATE album_photos SET removed_at = ? WHERE album_id = ? AND photo_id = ? AND removed_at IS NULL",
        [(stamp(now), album_id, id_) for id_ in ids],
    )
    index_photos(db, ids)


def settle_listing(db: Connection, album_id: int, now: datetime) -> None:
    """Closes a finished listing: from now on the album counts as listed the way it looked when that began."""
    db.execute(
        "UPDATE albums SET listed_at = l.finished_at, listed_sign = l.sign FROM listings l "
        "WHERE albums.id = ? AND l.album_id = albums.id AND l.finished_at IS NOT NULL",
        (album_id,),
    )
    db.execute(
        "UPDATE album_photos SET last_seen_at = ? WHERE album_id = ? AND removed_at IS NULL AND last_seen_at < ? "
        "AND photo_id IN (SELECT j.value FROM listing_pages l, json_each(l.ids) j WHERE l.album_id = ?)",
        (stamp(now), album_id, stamp(now - timedelta(days=1)), album_id),
    )
    drop_listing(db, album_id)


def known_photos(db: Connection, account_id: int) -> int:
    """How many photos of the account are known and not gone; from indexes alone, never from the wide rows."""
    every, gone = db.execute(
        "SELECT (SELECT count(*) FROM photos WHERE account_id = :account "
        "AND state IN ('wanted', 'stored', 'failed', 'unavailable')), "
        "(SELECT count(*) FROM photos WHERE account_id = :account AND gone_at IS NOT NULL)",
        {"account": account_id},
    ).fetchone()
    return int(every) - int(gone)
