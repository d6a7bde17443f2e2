"""Photo rows: inserting and revising what a source says of photos, without ever losing what was said before."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from sqlite3 import Connection, Row
from typing import Any

from fbbackup.catalog.bulk import insert_rows
from fbbackup.catalog.marks import mark_months, mark_stems
from fbbackup.catalog.places import record_places
from fbbackup.catalog.provenance import keep_exported, take_over
from fbbackup.catalog.said import record_people, record_words
from fbbackup.catalog.times import stamp, text
from fbbackup.models import Kind, Photo

DATE_SOURCES = ("created", "backdated", "exif", "taken")
"""Where a file date may come from, worst first; a worse one never replaces a better one."""

SEEN_PRECISION = timedelta(days=1)
"""`last_seen_at` moves at most this often, so that a pass without changes writes next to nothing."""

NO_FILE = "the source hands out no file for it"

IS_PURGED = "(state = 'unavailable' AND coalesce(last_error, '') GLOB 'purged *')"
"""The condition on a photo that its files were removed by `purge`. It is never asked for nor fetched again."""

IS_LEFT_ALONE = f"({IS_PURGED} OR (state = 'failed' AND next_try_at IS NULL))"
"""The condition that nothing fetches the photo by itself: it was purged, or its file was changed."""

WRITTEN_FIELDS = ("caption", "title", "alt_text")
"""What people (or Facebook on their behalf) wrote: a change leaves its old value in `revisions`."""

_LEGACY_ID = re.compile(r"pid:[0-9A-Za-z_-]{1,90}")
_PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_COLUMNS = (
    "kind", "caption", "title", "alt_text", "link", "file_date", "file_date_source", "file_date_precision",
    "width", "height", "from_id", "from_name", "place_id", "latitude", "longitude",
    "created_at", "updated_at", "backdated_at", "raw",
)  # fmt: skip
_NEW_PHOTOS = (
    f"photos (key_stem, id, account_id, first_seen_at, last_seen_at, state, last_error, {', '.join(_COLUMNS)})"
)
_VARIANTS = "variants (photo_id, rank, width, height, format, url, expires_at)"
_UPDATE = (
    f"UPDATE photos SET {', '.join(f'{column} = ?' for column in _COLUMNS)}, "  # noqa: S608 - column names only
    "state = ?, last_seen_at = ?, gone_at = NULL, gone_evidence = NULL WHERE id = ?"
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording a group of photos changed, by photo id."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def record_photos(db: Connection, account_id: int, photos: Sequence[Photo], now: datetime) -> Recorded:
    """Inserts new photos, revises changed ones, leaves the rest untouched. Ids within `photos` must differ.

    Full-text rows are the caller's to refresh (`index_photos`), since album titles are part of them.
    """
    take_over(db, account_id, [photo.id for photo in photos])
    known = _known(db, [photo.id for photo in photos])
    new = [photo for photo in photos if photo.id not in known]
    changed = []
    stale = stamp(now - SEEN_PRECISION)
    seen_again = []
    for photo in photos:
        row = known.get(photo.id)
        if row is None:
            continue
        if row["gone_at"] is not None or not _says_the_same(row["raw"], photo):
            _revise(db, photo, now)
            changed.append(photo.id)
        elif row["last_seen_at"] < stale:
            seen_again.append(photo.id)
        if row["state"] != "stored" and not row["left_alone"]:
            _refresh_variants(db, photo, row["state"])
    db.executemany("UPDATE photos SET last_seen_at = ? WHERE id = ?", [(stamp(now), id_) for id_ in seen_again])
    if new:
        # Last: until their caller indexes them, new photos have no full-text rows that a renamed place could refresh.
        _insert(db, account_id, new, now)
    return Recorded(tuple(photo.id for photo in new), tuple(changed))


def key_stem(photo: Photo) -> str:
    """The file's key without extension: folder by kind and month of the file date (UTC), name by date and id."""
    folder = "videos" if photo.kind is Kind.VIDEO else "photos"
    name = photo.id if _PLAIN_ID.fullmatch(photo.id) else _name_of_odd(photo.id)
    if photo.file_date is None:
        return f"{folder}/undated/undated_{name}"
    day = stamp(photo.file_date)[:10]
    return f"{folder}/{day[:4]}/{day[5:7]}/{day}_{name}"


def _name_of_odd(id_: str) -> str:
    """Ids are digits in every known answer; any other must neither leave the folder nor collide."""
    if _LEGACY_ID.fullmatch(id_):
        return id_.replace(":", "_")
    return "x" + sha256(id_.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def photo_of_key_stem(db: Connection, stem: str) -> str | None:
    """The photo whose files carry this key, up to the extension."""
    name = stem.rsplit("/", 1)[-1].partition("_")[2]
    row = db.execute("SELECT id FROM photos WHERE id = ? AND key_stem = ?", (name, stem)).fetchone()
    if row is None and not name.isdigit():
        # Ids with other signs than letters and digits look different in a key.
        row = db.execute(
            "SELECT id FROM photos WHERE substr(key_stem, 1, 14) = ? AND key_stem = ?", (stem[:14], stem)
        ).fetchone()
    return row["id"] if row else None


def videos_among(db: Connection, ids: Sequence[str]) -> set[str]:
    """Those of `ids` that are known to be videos, which have other fields than photos."""
    rows = db.execute(
        "SELECT p.id FROM json_each(?) w CROSS JOIN photos p ON p.id = w.value WHERE p.kind = 'video'",
        (json.dumps(list(ids)),),
    )
    return {row["id"] for row in rows}


def _known(db: Connection, ids: Sequence[str]) -> dict[str, Row]:
    rows = db.execute(
        f"SELECT p.id, p.raw, p.state, p.gone_at, p.last_seen_at, {IS_LEFT_ALONE} AS left_alone "  # noqa: S608 - a constant
        "FROM json_each(?) w CROSS JOIN photos p ON p.id = w.value",
        (json.dumps(list(ids)),),
    )
    return {row["id"]: row for row in rows}


def _insert(db: Connection, account_id: int, photos: Sequence[Photo], now: datetime) -> None:
    record_places(db, list({photo.place.id: photo.place for photo in photos if photo.place}.values()))
    at = stamp(now)
    rows = [(key_stem(photo), photo.id, account_id, at, at, *_first_state(photo), *_values(photo)) for photo in photos]
    insert_rows(db, _NEW_PHOTOS, rows)
    mark_stems(db, [row[0] for row in rows])
    insert_rows(db, _VARIANTS, _variant_rows(photos))
    for photo in photos:
        if photo.people:
            record_people(db, photo)
        record_words(db, photo, now)


def _first_state(photo: Photo) -> tuple[str, str | None]:
    return ("wanted", None) if photo.variants else ("unavailable", NO_FILE)


def _values(photo: Photo) -> tuple[Any, ...]:
    place = photo.place
    return (
        str(photo.kind), photo.caption, photo.title, photo.alt_text, photo.link,
        text(photo.file_date), photo.file_date_source, photo.file_date_precision, photo.width, photo.height,
        photo.from_id, photo.from_name, place and place.id, place and place.latitude, place and place.longitude,
        text(photo.created_at), text(photo.updated_at), text(photo.backdated_at), photo.raw,
    )  # fmt: skip


def _revise(db: Connection, photo: Photo, now: datetime) -> None:
    old = db.execute("SELECT * FROM photos WHERE id = ?", (photo.id,)).fetchone()
    if photo.place:
        record_places(db, [photo.place])
    new = dict(zip(_COLUMNS, _values(photo), strict=True))
    _keep_unasked(photo, old, new)
    keep_exported(db, old, new)
    _keep_better_date(old, new)
    db.executemany(
        "INSERT INTO revisions (photo_id, field, old, new, seen_at) VALUES (?, ?, ?, ?, ?)",
        [(photo.id, name, old[name], new[name], stamp(now)) for name in WRITTEN_FIELDS if _rewritten(name, old, new)],
    )
    state = old["state"]
    if state == "stored" and _outgrown(db, photo, old["sha256"]):
        state = "wanted"
        _write_variants(db, [photo])
    db.execute(_UPDATE, (*new.values(), state, stamp(now), photo.id))
    record_people(db, photo)
    record_words(db, photo, now)


def _rewritten(name: str, old: Row, new: dict[str, Any]) -> bool:
    """Whether words changed; a title or alt text that becomes known for the first time is no change."""
    return bool(old[name] != new[name] and (old[name] is not None or name == "caption"))


def _keep_unasked(photo: Photo, old: Row, new: dict[str, Any]) -> None:
    if not photo.absent_fields:
        return
    for column in photo.absent_fields & new.keys():
        new[column] = old[column]
    if "place" in photo.absent_fields:
        for column in ("place_id", "latitude", "longitude"):
            new[column] = old[column]
    new["raw"] = _merged(old["raw"], photo.raw)


def _says_the_same(raw: str, photo: Photo) -> bool:
    if raw == photo.raw:
        return True
    return bool(photo.absent_fields) and _merged(raw, photo.raw) == raw


def _merged(old: str, new: str) -> str:
    """Two canonical nodes of which the newer was asked for fewer fields."""
    merged = {**json.loads(old), **json.loads(new)}
    return json.dumps(merged, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _keep_better_date(old: Row, new: dict[str, Any]) -> None:
    if _date_rank(old["file_date_source"]) > _date_rank(new["file_date_source"]):
        for column in ("file_date", "file_date_source", "file_date_precision"):
            new[column] = old[column]


def _date_rank(source: str | None) -> int:
    return DATE_SOURCES.index(source) if source in DATE_SOURCES else -1


def better_date(old_source: str | None, new_source: str) -> bool:
    """Whether a file date from `new_source` should replace one from `old_source`."""
    return _date_rank(new_source) > _date_rank(old_source)


def _outgrown(db: Connection, photo: Photo, digest: str | None) -> bool:
    """Whether the source now has a larger picture than the stored file."""
    largest = photo.largest
    row = db.execute("SELECT width, height FROM files WHERE sha256 = ?", (digest,)).fetchone()
    if largest is None or row is None or row["width"] is None or row["height"] is None:
        return False
    return bool(largest.pixels > row["width"] * row["height"])


def _refresh_variants(db: Connection, photo: Photo, state: str) -> None:
    if not photo.variants:
        return
    _write_variants(db, [photo])
    # The only addresses that come without any other change of the photo, which would mark its manifest.
    mark_months(db, [photo.id])
    if state == "unavailable":
        db.execute("UPDATE photos SET state = 'wanted' WHERE id = ?", (photo.id,))


def _write_variants(db: Connection, photos: Sequence[Photo]) -> None:
    db.executemany(
        f"INSERT INTO {_VARIANTS} VALUES (?, ?, ?, ?, ?, ?, ?) "  # noqa: S608 - constants
        "ON CONFLICT (photo_id, rank) DO UPDATE SET width = excluded.width, "
        "height = excluded.height, format = excluded.format, url = excluded.url, expires_at = excluded.expires_at",
        _variant_rows(photos),
    )


def _variant_rows(photos: Sequence[Photo]) -> list[tuple[Any, ...]]:
    return [
        (photo.id, rank, v.width, v.height, v.format, v.url, text(v.expires_at))
        for photo in photos
        for rank, v in enumerate(photo.variants)
    ]


def mark_gone(db: Connection, photo_id: str, evidence: str, now: datetime) -> None:
    """The tombstone: upstream denies the photo by id. Its file and everything known of it stay."""
    db.execute(
        "UPDATE photos SET gone_at = ?, gone_evidence = ?, last_error = coalesce(last_error, ?), "
        "state = CASE WHEN EXISTS (SELECT 1 FROM files f WHERE f.sha256 = photos.sha256 AND f.damaged_at IS NULL) "
        "THEN 'stored' ELSE 'unavailable' END WHERE id = ? AND gone_at IS NULL",
        (stamp(now), evidence, evidence, photo_id),
    )
    forget_addresses(db, [photo_id])


def forget_addresses(db: Connection, ids: Sequence[str]) -> None:
    """Signed addresses end within days; a photo that is wanted again is asked for by its id."""
    db.executemany("DELETE FROM variants WHERE photo_id = ?", [(id_,) for id_ in ids])
