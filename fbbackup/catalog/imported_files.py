"""Files that came from exports: which were read already, and which of a photo's files is the current one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

from fbbackup.catalog.downloads import Kept, record_files, record_thumbnails
from fbbackup.catalog.photos import IS_PURGED
from fbbackup.catalog.unite import choose_current


@dataclass(frozen=True, slots=True)
class Taken:
    """A picture of an export that is durable. `path`, `mark` and `size` name it there."""

    kept: Kept
    path: str
    mark: str
    size: int


@dataclass(frozen=True, slots=True)
class Read:
    """What an earlier import made of a file: the photo it belongs to, and where its bytes are."""

    photo_id: str
    key: str
    bytes: int


def key_stems(db: Connection, photo_ids: Sequence[str]) -> dict[str, str]:
    """The key of each photo's files without extension; not of photos that were purged."""
    rows = db.execute(
        "SELECT p.id, p.key_stem FROM json_each(?) w CROSS JOIN photos p ON p.id = w.value "  # noqa: S608 - a constant
        f"WHERE NOT {IS_PURGED}",
        (json.dumps(list(photo_ids)),),
    )
    return {row["id"]: row["key_stem"] for row in rows}


def already_read(db: Connection, media: Sequence[tuple[str, str, int]]) -> list[Read | None]:
    """For each path, mark and size what an earlier import made of it, None where it was not read or got lost."""
    found = []
    for path, mark, size in media:
        row = db.execute(
            "SELECT i.photo_id, f.key, f.bytes FROM imported_media i JOIN files f ON f.sha256 = i.sha256 "
            "WHERE i.path = ? AND i.mark = ? AND i.bytes = ? AND f.damaged_at IS NULL",
            (path, mark, size),
        ).fetchone()
        found.append(Read(row["photo_id"], row["key"], row["bytes"]) if row else None)
    return found


def record_taken(db: Connection, taken: Sequence[Taken], now: datetime) -> None:
    """Turns durable files into stored photos. A photo that had a file keeps both; the larger picture is current."""
    before = _current(db, [each.kept.photo_id for each in taken])
    larger = _announced_larger(db, taken)
    record_files(db, [each.kept for each in taken], now)
    for photo_id in dict.fromkeys(each.kept.photo_id for each in taken):
        if photo_id in before:
            db.execute(
                "UPDATE photo_files SET is_current = (sha256 = ?) WHERE photo_id = ?", (before[photo_id], photo_id)
            )
        choose_current(db, photo_id)
    db.executemany("UPDATE photos SET state = 'wanted' WHERE id = ? AND gone_at IS NULL", [(id_,) for id_ in larger])
    db.executemany(
        "INSERT INTO imported_media (path, mark, bytes, photo_id, sha256) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET photo_id = excluded.photo_id, sha256 = excluded.sha256",
        [(each.path, each.mark, each.size, each.kept.photo_id, each.kept.file.sha256) for each in taken],
    )


def _current(db: Connection, photo_ids: Sequence[str]) -> dict[str, str]:
    rows = db.execute(
        "SELECT x.photo_id, x.sha256 FROM json_each(?) w CROSS JOIN photo_files x ON x.photo_id = w.value "
        "JOIN files f ON f.sha256 = x.sha256 WHERE x.is_current AND f.damaged_at IS NULL",
        (json.dumps(list(photo_ids)),),
    )
    return {row["photo_id"]: row["sha256"] for row in rows}


def _announced_larger(db: Connection, taken: Sequence[Taken]) -> list[str]:
    """Photos that the API announced larger than what the export has: they are still to be fetched."""
    found = []
    for each in taken:
        picture = each.kept.picture
        row = db.execute(
            "SELECT v.width * v.height AS pixels FROM variants v JOIN photos p ON p.id = v.photo_id "
            "WHERE v.photo_id = ? AND v.rank = 0 AND p.state IN ('wanted', 'failed')",
            (each.kept.photo_id,),
        ).fetchone()
        if row is not None and (row["pixels"] or 0) > (picture.width or 0) * (picture.height or 0):
            found.append(each.kept.photo_id)
    return found


def record_looks(
    db: Connection, made: Sequence[tuple[str, int, str | None]], failed: Sequence[tuple[str, str]]
) -> None:
    """`made`: digest, size of the thumbnail, mean colour; `failed`: digest and reason."""
    record_thumbnails(db, [(digest, size) for digest, size, _ in made], failed)
    db.executemany("UPDATE files SET color = ? WHERE sha256 = ?", [(color, digest) for digest, _, color in made])


def record_refused(db: Connection, photo_id: str, reason: str) -> None:
    """Says at the photo why its file could not come in, if it has none."""
    db.execute(
        "UPDATE photos SET last_error = ? WHERE id = ? AND state = 'unavailable' AND sha256 IS NULL",
        (reason, photo_id),
    )


def without_file(db: Connection, photo_ids: Sequence[str]) -> int:
    """How many of these photos have no file."""
    row = db.execute(
        "SELECT count(*) FROM json_each(?) w CROSS JOIN photos p ON p.id = w.value WHERE p.sha256 IS NULL",
        (json.dumps(list(photo_ids)),),
    ).fetchone()
    return int(row[0])
