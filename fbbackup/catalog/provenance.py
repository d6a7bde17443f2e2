"""Which source a photo's fields are from, and what becomes of an export's rows when the API shows the same photo."""

from __future__ import annotations

import json
from collections.abc import Sequence
from sqlite3 import Connection, Row
from typing import Any

EXACT = 5
"""Weight of a position from the picture's own EXIF values; a place is where somebody says it was."""


def take_over(db: Connection, account_id: int, photo_ids: Sequence[str]) -> None:
    """Gives photos that only an export knew to the account that shows them now.

    Their raw node is forgotten here, so that the account's own node replaces it; the export's stays in `mentions`.
    """
    exports = export_accounts(db, account_id)
    if exports:
        db.execute(
            "UPDATE photos SET account_id = ?, raw = '{}' WHERE id IN (SELECT value FROM json_each(?)) "
            "AND account_id IN (SELECT value FROM json_each(?))",
            (account_id, json.dumps(list(photo_ids)), json.dumps(exports)),
        )


def take_over_albums(db: Connection, account_id: int, remote_ids: Sequence[str]) -> None:
    """Gives albums that only an export knew, by Facebook's id, to the account that shows them now."""
    exports = export_accounts(db, account_id)
    if exports:
        db.execute(
            "UPDATE albums SET account_id = ?, raw = '{}' WHERE remote_id IN (SELECT value FROM json_each(?)) "
            "AND account_id IN (SELECT value FROM json_each(?)) AND virtual = 0 AND NOT EXISTS "
            "(SELECT 1 FROM albums own WHERE own.account_id = ? AND own.remote_id = albums.remote_id)",
            (account_id, json.dumps(list(remote_ids)), json.dumps(exports), account_id),
        )


def export_accounts(db: Connection, besides: int | None = None) -> list[int]:
    """The accounts whose source is an export; none when `besides` is one itself."""
    rows = db.execute("SELECT id FROM accounts WHERE source = 'export'").fetchall()
    found = [row["id"] for row in rows]
    return [] if besides in found else found


def keep_exported(db: Connection, old: Row, new: dict[str, Any]) -> None:
    """Keeps in `new` what an export said of the photo and the API does not; forgets where the API knows better."""
    rows = db.execute("SELECT field, weight FROM photo_fields WHERE photo_id = ?", (old["id"],)).fetchall()
    for row in rows:
        name = row["field"]
        if name in ("file_date", "people") or name not in new:
            continue
        if new[name] is None or (name in ("latitude", "longitude") and row["weight"] >= EXACT):
            new[name] = old[name]
        else:
            db.execute("DELETE FROM photo_fields WHERE photo_id = ? AND field = ?", (old["id"], name))


def fields_of(db: Connection, photo_id: str) -> dict[str, tuple[int, str, str]]:
    """Weight, day and file of each field that an export gave."""
    rows = db.execute("SELECT * FROM photo_fields WHERE photo_id = ?", (photo_id,))
    return {row["field"]: (row["weight"], row["as_of"], row["origin"]) for row in rows}


def mentions_of(db: Connection, photo_id: str) -> list[dict[str, Any]]:
    """Every place of an export that names the photo, oldest export first."""
    rows = db.execute(
        "SELECT as_of, origin, rule, hint, uri, raw FROM mentions WHERE photo_id = ? ORDER BY as_of, origin, sign",
        (photo_id,),
    )
    return [dict(row) for row in rows]


def camera_of(db: Connection, photo_id: str) -> tuple[str, str, str] | None:
    """Maker and model of the camera as an export has them, with the export's day and file; the latest one's."""
    for mention in reversed(mentions_of(db, photo_id)):
        raw = json.loads(mention["raw"])
        found = _values_named(
            raw.get("media_metadata") if isinstance(raw, dict) else None, ("camera_make", "camera_model")
        )
        if found:
            return " ".join(dict.fromkeys(found)), mention["as_of"], mention["origin"]
    return None


def _values_named(node: Any, names: tuple[str, ...]) -> list[str]:
    """Texts under these keys, in the order of the keys, however deep."""
    if isinstance(node, list):
        return [value for item in node for value in _values_named(item, names)]
    if not isinstance(node, dict):
        return []
    own = [node[name].strip() for name in names if isinstance(node.get(name), str) and node[name].strip()]
    return own or [value for item in node.values() for value in _values_named(item, names)]
