"""The catalog as lines of text: what the manifests hold, so that everything can be made again from them.

A line is a JSON object and ends in a digest of itself, so that damage or an edit in any letter of it shows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from sqlite3 import Connection, Row
from typing import Any

from fbbackup.catalog import schema
from fbbackup.errors import ArchiveUnusable

CHECKED_AT = frozenset({"last_seen_at", "verified_at", "asked_at"})
"""Times of checking, which say nothing of what there is."""

GROUP = 500
CHECK_LENGTH = 16
_CHECKED = re.compile(rb'(\{.*),"check":"([0-9a-f]{16})"\}', re.DOTALL)
_ODD = re.compile(r"[\\\n\r]")
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}

ALBUM_TABLES = {
    "accounts": "SELECT * FROM accounts ORDER BY id",
    "places": "SELECT * FROM places ORDER BY id",
    "people": "SELECT * FROM people ORDER BY id",
    "albums": "SELECT b.*, a.name AS account FROM albums b JOIN accounts a ON a.id = b.account_id ORDER BY b.id",
    "revisions": "SELECT * FROM revisions WHERE photo_id IS NULL ORDER BY id",
    "not_understood": "SELECT * FROM not_understood ORDER BY account_id, as_of, origin, key",
    "listings": "SELECT * FROM listings ORDER BY album_id",
    "listing_pages": "SELECT * FROM listing_pages ORDER BY album_id, number",
}
"""What hangs on no single photo, a line a row, each after what it refers to."""

_JOURNAL_TABLES = {
    "runs": "SELECT * FROM runs WHERE started_at >= ? AND started_at < ? ORDER BY id",
    "album_audits": "SELECT x.* FROM runs r JOIN album_audits x ON x.run_id = r.id "
    "WHERE r.started_at >= ? AND r.started_at < ? ORDER BY x.run_id, x.album_id",
}
_PHOTO = (
    "SELECT p.*, a.name AS account FROM photos p JOIN accounts a ON a.id = p.account_id "
    "WHERE substr(p.key_stem, 1, 14) = ? AND p.number > ? ORDER BY p.number LIMIT ?"
)
_WITH = "FROM json_each(?) w CROSS JOIN"
PARTS = {
    "albums": "SELECT m.photo_id, c.name AS account, b.remote_id AS album, b.title, m.position, m.first_seen_at, "
    f"m.last_seen_at, m.removed_at {_WITH} album_photos m ON m.photo_id = w.value JOIN albums b ON b.id = m.album_id "
    "JOIN accounts c ON c.id = b.account_id ORDER BY w.key, m.album_id",
    "files": "SELECT x.photo_id, x.is_current, x.source, x.stored_at AS linked_at, f.* "
    f"{_WITH} photo_files x ON x.photo_id = w.value JOIN files f ON f.sha256 = x.sha256 ORDER BY w.key, x.sha256",
    "people": f"SELECT t.* {_WITH} photo_people t ON t.photo_id = w.value ORDER BY w.key, t.id",
    "comments": f"SELECT c.* {_WITH} comments c ON c.photo_id = w.value ORDER BY w.key, c.id",
    "reactions": f"SELECT r.* {_WITH} reactions r ON r.photo_id = w.value ORDER BY w.key, r.kind",
    "revisions": f"SELECT r.* {_WITH} revisions r ON r.photo_id = w.value ORDER BY w.key, r.id",
    "mentions": f"SELECT m.* {_WITH} mentions m ON m.photo_id = w.value ORDER BY w.key, m.as_of, m.origin, m.sign",
    "aliases": f"SELECT a.* {_WITH} photo_aliases a ON a.photo_id = w.value ORDER BY w.key, a.alias",
    "fields": f"SELECT t.* {_WITH} photo_fields t ON t.photo_id = w.value ORDER BY w.key, t.field",
    "imported": f"SELECT i.* {_WITH} imported_media i ON i.photo_id = w.value ORDER BY w.key, i.path, i.mark, i.bytes",
    "uploads": f"SELECT u.* {_WITH} uploads u ON u.photo_id = w.value ORDER BY w.key, u.id",
    "variants": f"SELECT v.* {_WITH} variants v ON v.photo_id = w.value ORDER BY w.key, v.rank",
}
"""What hangs on a photo: a list in its line for each, of rows of the table of that name or nearly so."""


def sealed(fields: dict[str, Any]) -> bytes:
    """One line for these fields, with its digest."""
    body = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")[:-1]
    return b'%b,"check":"%b"}\n' % (body, _digest(body))


def opened(line: bytes) -> dict[str, Any]:
    """The fields of a line. Raises ValueError with what is wrong with it, ArchiveUnusable for a newer schema."""
    found = _CHECKED.fullmatch(line.rstrip(b"\r\n"))
    if not found or _digest(found[1]) != found[2]:
        raise ValueError("was edited or is damaged: its check does not fit")
    fields: dict[str, Any] = json.loads(found[1] + b"}")
    if fields.get("schema", 0) > schema.VERSION:
        raise ArchiveUnusable(
            f"the manifests were written by a newer fbbackup (schema {fields['schema']}, this one knows "
            f"{schema.VERSION}); install the newer fbbackup"
        )
    return fields


def split(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The lines of a file that is read in pieces, each with the end it has."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line + b"\n" for line in whole)
    if rest:
        yield rest


def told(line: bytes) -> dict[str, Any]:
    """What a line says, without times of checking and the schema. Raises like `opened`."""
    fields = opened(line)
    del fields["schema"]
    for part in (fields, *(row for rows in fields.values() if isinstance(rows, list) for row in rows)):
        for name in CHECKED_AT & part.keys():
            del part[name]
    return fields


def _digest(body: bytes) -> bytes:
    return sha256(body).hexdigest()[:CHECK_LENGTH].encode()


def photo_lines(db: Connection, folder: str) -> Iterator[bytes]:
    """A line for each photo whose key lies in a month's folder, with all that is known of it, by their numbers."""
    after = 0
    while rows := db.execute(_PHOTO, (folder, after, GROUP)).fetchall():
        after = rows[-1]["number"]
        yield from _lines(db, rows)


def lines_of_photos(db: Connection, ids: Sequence[str]) -> Iterator[bytes]:
    """The same for single photos."""
    rows = db.execute(
        f"SELECT p.*, a.name AS account {_WITH} photos p ON p.id = w.value JOIN accounts a ON a.id = p.account_id",
        (json.dumps(list(ids)),),
    ).fetchall()
    return _lines(db, rows)


def _lines(db: Connection, rows: Sequence[Row]) -> Iterator[bytes]:
    ids = json.dumps([row["id"] for row in rows])
    parts = {name: _by_photo(db.execute(sql, (ids,))) for name, sql in PARTS.items()}
    wanted = json.dumps([row["place_id"] for row in rows if row["place_id"] is not None])
    places = {
        row["id"]: _fields(row)
        for row in db.execute(f"SELECT DISTINCT l.* {_WITH} places l ON l.id = w.value", (wanted,))
    }
    for row in rows:
        fields = {"schema": schema.VERSION, **_fields(row)}
        del fields["account_id"]
        fields["place"] = places.get(row["place_id"])
        yield sealed(fields | {name: found.get(row["id"], []) for name, found in parts.items()})


def _by_photo(rows: Iterator[Row]) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for id_, group in groupby(map(_fields, rows), key=itemgetter("photo_id")):
        found[id_] = list(group)
        for fields in found[id_]:
            del fields["photo_id"]
    return found


def _fields(row: Row) -> dict[str, Any]:
    return dict(zip(row.keys(), row, strict=True))


def album_lines(db: Connection) -> Iterator[bytes]:
    """Accounts, albums, people, places, and listings under way, a line a row."""
    for table, sql in ALBUM_TABLES.items():
        yield from _rows(table, db.execute(sql))


def journal_lines(db: Connection, month: str) -> Iterator[bytes]:
    """What the runs of a month did; `month` is `2014-07`."""
    for table, sql in _JOURNAL_TABLES.items():
        yield from _rows(table, db.execute(sql, (month, f"{month}~")))


def source_lines(db: Connection) -> Iterator[bytes]:
    """What sources remember between runs."""
    yield from _rows("source_states", db.execute("SELECT * FROM source_states ORDER BY account_id"))


def _rows(table: str, rows: Iterator[Row]) -> Iterator[bytes]:
    for row in rows:
        yield sealed({"schema": schema.VERSION, "table": table, **_fields(row)})


def checksum_lines(db: Connection) -> Iterator[bytes]:
    """Every file and every manifest as `sha256sum` writes them, in the order of their names."""
    for digest, key in db.execute(
        "SELECT sha256, key FROM files UNION ALL SELECT sha256, key FROM manifests ORDER BY key"
    ):
        yield checksum_line(digest, key)


def checksum_line(digest: str, key: str) -> bytes:
    """A line of `sha256sum`, which marks names with odd letters by a backslash in front."""
    escaped = _ODD.sub(lambda found: _ESCAPES[found[0]], key)
    return f"{'' if escaped == key else chr(92)}{digest}  {escaped}\n".encode("utf-8", "surrogateescape")


def checksum(line: bytes) -> tuple[str, str]:
    """Digest and key of such a line. Raises ValueError."""
    text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
    odd = text.startswith("\\")
    digest, key = text[odd:][:64], text[odd:][66:]
    if text[odd:][64:66] not in ("  ", " *") or not re.fullmatch("[0-9a-f]{64}", digest) or not key:
        raise ValueError("is no line of sha256sum")
    if odd:
        key = re.sub(r"\\(.)", lambda found: {"n": "\n", "r": "\r"}.get(found[1], found[1]), key)
    return digest, key
