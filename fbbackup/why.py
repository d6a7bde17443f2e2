"""`why`: what a photo's state comes from, and which source each of its values is from."""

from __future__ import annotations

import json
from sqlite3 import Connection
from typing import Any

from fbbackup.catalog import provenance, reports
from fbbackup.errors import ConfigError

FIELDS = ("caption", "title", "alt_text", "link", "file_date", "place", "latitude", "longitude", "people", "from_name",
          "created_at", "updated_at", "backdated_at")  # fmt: skip


def why_record(db: Connection, photo_id: str) -> dict[str, Any]:
    """Each field with its value and source, the files, and the export's mentions. Raises ConfigError."""
    photo = reports.photo(db, photo_id)
    if photo is None:
        raise ConfigError(f"there is no photo {photo_id!r} in the catalog; ids are in the `library` view, column id")
    source = reports.source_of(db, photo_id)
    origins = provenance.fields_of(db, photo_id)
    mentions = provenance.mentions_of(db, photo_id)
    return {
        "id": photo_id,
        "state": photo["state"],
        "why": _why(photo),
        "account": photo["account"],
        "source": source,
        "fields": [_field(photo, name, source, origins) for name in FIELDS if photo.get(name)] + _camera(db, photo_id),
        "files": photo["files"],
        "mentions": [{key: each[key] for key in ("as_of", "origin", "rule", "uri")} for each in mentions],
        "other_values": _other_values(photo, mentions),
        "revisions": photo["revisions"],
    }


def _camera(db: Connection, photo_id: str) -> list[dict[str, Any]]:
    found = provenance.camera_of(db, photo_id)
    if found is None:
        return []
    camera, as_of, origin = found
    return [{"field": "camera", "value": _repaired(camera), "source": "export", "as_of": as_of, "origin": origin}]


def _field(photo: dict[str, Any], name: str, source: str, origins: dict[str, tuple[int, str, str]]) -> dict[str, Any]:
    """A field's value; `source` is `graph` or `export`, `origin` the export's file or the kind of date."""
    value: Any = photo[name]
    if name == "people":
        value = [tag["name"] for tag in value]
    origin = origins.get("place_id" if name == "place" else name)
    found = {"field": name, "value": value, "source": "export" if origin else source}
    if origin:
        found |= {"as_of": origin[1], "origin": origin[2]}
    if name == "file_date":
        kind = photo["file_date_source"]
        found["kind"] = kind
        if kind == "exif":
            found |= {"source": "file"}
    return found


def _why(photo: dict[str, Any]) -> str:
    files = photo["files"]
    if photo["state"] == "stored" and files:
        current = files[0]
        size = f"{current['width']}×{current['height']}, " if current["width"] else ""
        return f"stored: {size}{current['bytes']} bytes from {current['source']}" + (
            f"; the largest of {len(files)} files" if len(files) > 1 else ""
        )
    reasons = {
        "wanted": "still to be fetched",
        "failed": f"could not be fetched: {photo['last_error']}",
        "unavailable": f"not to be had: {photo['last_error']}",
    }
    return reasons[photo["state"]]


def _other_values(photo: dict[str, Any], mentions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Captions that an export has and that did not win."""
    found = []
    for mention in mentions:
        raw = json.loads(mention["raw"])
        said = raw.get("description") if isinstance(raw, dict) else None
        if isinstance(said, str) and said.strip():
            caption = _repaired(said)
            if caption != photo["caption"]:
                found.append({"field": "caption", "value": caption, "origin": mention["origin"],
                              "as_of": mention["as_of"]})  # fmt: skip
    return found


def _repaired(text: str) -> str:
    from fbbackup.sources.export.repair import words

    return words(text) or ""


def why_lines(record: dict[str, Any]) -> list[str]:
    """The record for people."""
    lines = [f"{record['id']}: {record['why']}"]
    for field in record["fields"]:
        value = ", ".join(field["value"]) if isinstance(field["value"], list) else field["value"]
        origin = f", {field['origin']} of {field['as_of']}" if "origin" in field else ""
        kind = f" ({field['kind']})" if "kind" in field else ""
        lines.append(f"{field['field']}: {value}{kind} — from {field['source']}{origin}")
    for file in record["files"]:
        which = "current" if file["is_current"] else "kept as well"
        lines.append(f"file: {file['key']} ({file['width']}×{file['height']}, {which}) — from {file['source']}")
    lines += [f"also said: {each['value']} — {each['origin']}" for each in record["other_values"]]
    lines += [f"named in {each['origin']} of {each['as_of']}, found by: {each['rule']}" for each in record["mentions"]]
    lines += [f"{each['field']} was {each['old']!r} until {each['seen_at']}" for each in record["revisions"]]
    return lines
