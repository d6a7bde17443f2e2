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

-- The marks of `marks`: a change of any of these rows has the manifest that holds it written anew.
CREATE TRIGGER mark_mentions_insert AFTER INSERT ON mentions BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_mentions_update AFTER UPDATE ON mentions BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_mentions_delete AFTER DELETE ON mentions BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_fields_insert AFTER INSERT ON photo_fields BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_fields_update AFTER UPDATE ON photo_fields BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_fields_delete AFTER DELETE ON photo_fields BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_imported_media_insert AFTER INSERT ON imported_media BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_imported_media_update AFTER UPDATE ON imported_media BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_imported_media_delete AFTER DELETE ON imported_media BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_not_understood_insert AFTER INSERT ON not_understood BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_not_understood_update AFTER UPDATE ON not_understood BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_not_understood_delete AFTER DELETE ON not_understood BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
-- Photos and albums may go over to another account, and albums get Facebook's id when it becomes known.
CREATE TRIGGER mark_photo_taken_over AFTER UPDATE OF account_id ON photos BEGIN
    INSERT INTO outdated VALUES (substr(NEW.key_stem, 1, 14)) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_album_taken_over AFTER UPDATE OF account_id, remote_id ON albums BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
    INSERT INTO outdated SELECT substr(p.key_stem, 1, 14) FROM album_photos m JOIN photos p ON p.id = m.photo_id
      WHERE m.album_id = NEW.id ON CONFLICT DO NOTHING;
END;
"""

ALIASES = """
-- Ids that were made from file names and turned out to be other photos; the next import of the same names knows it.
CREATE TABLE photo_aliases (
    alias TEXT PRIMARY KEY,
    photo_id TEXT NOT NULL REFERENCES photos(id),
    rule TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX photo_aliases_by_photo ON photo_aliases(photo_id);
CREATE TRIGGER mark_photo_aliases_insert AFTER INSERT ON photo_aliases BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_aliases_update AFTER UPDATE ON photo_aliases BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_aliases_delete AFTER DELETE ON photo_aliases BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
"""
