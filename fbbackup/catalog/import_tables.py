"""Tables of what came from exports, as plain SQL: a step of `schema`."""

from __future__ import annotations

IMPORTS = """
-- Every place of an export that names a photo: the raw node, and the rule by which it was taken for this photo.
-- `as_of` is the day that the export describes, `sign` tells two mentions in one file apart.
CREATE TABLE mentions (
    photo_id TEXT NOT NULL REFERENCES photos(id),
    as_of TEXT NOT NULL,
    origin TEXT NOT NULL,
    sign TEXT NOT NULL,
    rule TEXT NOT NULL,
    hint TEXT,
    uri TEXT NOT NULL,
    raw TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    PRIMARY KEY (photo_id, as_of, origin, sign)
) STRICT, WITHOUT ROWID;
CREATE INDEX mentions_with_hint ON mentions(hint) WHERE hint IS NOT NULL;

-- Which fields of a photo are from an export; all others are from its account's source.
CREATE TABLE photo_fields (
    photo_id TEXT NOT NULL REFERENCES photos(id),
    field TEXT NOT NULL,
    weight INTEGER NOT NULL,
    as_of TEXT NOT NULL,
    origin TEXT NOT NULL,
    PRIMARY KEY (photo_id, field)
) STRICT, WITHOUT ROWID;

-- Pictures of exports that were read already, so that importing them again reads only what is new.
CREATE TABLE imported_media (
    path TEXT NOT NULL,
    mark TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    photo_id TEXT NOT NULL REFERENCES photos(id),
    sha256 TEXT NOT NULL REFERENCES files(sha256),
    PRIMARY KEY (path, mark, bytes)
) STRICT, WITHOUT ROWID;
CREATE INDEX imported_media_by_photo ON imported_media(photo_id);

-- Keys of export files that this program does not understand, as they were written.
CREATE TABLE not_understood (
    account_id INTEGER NOT NULL REFERENCES accounts(id),
    as_of TEXT NOT NULL,
    origin TEXT NOT NULL,
    key TEXT NOT NULL,
    count INTEGER NOT NULL,
    raw TEXT NOT NULL,
    PRIMARY KEY (account_id, as_of, origin, key)
) STRICT, WITHOUT ROWID;

UPDATE photos SET file_date_source = 'created' WHERE file_date_source = 'created_time';
UPDATE photos SET file_date_source = 'backdated' WHERE file_date_source = 'backdated_time';
"""
