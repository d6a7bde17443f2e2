"""Marks on what has to be written anew: manifests whose rows changed since, and what is made from them.

Triggers set the marks in the transaction of the change, whoever makes it, so that a crash forgets none of them and a
run without changes finds none. Times of checking (`last_seen_at`, `verified_at`, `asked_at`) change nothing. New photos
and new memberships come by the hundred, and a trigger a row costs a tenth of a crawl's writes: whoever inserts them
calls `mark_months` once for all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from sqlite3 import Connection

from fbbackup.models import StoredFile

ALBUMS = "albums"
JOURNAL = "journal/"
SOURCES = "journal/sources"
CHECKSUMS = "checksums"
SNAPSHOT = "snapshot"
LINKS = "links"
FROM_MANIFESTS = (CHECKSUMS, SNAPSHOT, LINKS)
"""What is made anew after any manifest but the journal was."""

# A month's folder has 14 letters in every key: photos/2014/07, videos/2014/07, photos/undated, videos/undated.
# ON CONFLICT, because a trigger takes over the conflict rule of the statement that fires it in place of OR IGNORE.
TABLES = """
-- What has to be written anew: folders of months, months of the journal, `albums`, and what is made from them.
CREATE TABLE outdated (what TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- The manifests as they are on disk, without the journal.
CREATE TABLE manifests (key TEXT PRIMARY KEY, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- What keeps the catalog sound, by name: when it was checked last.
CREATE TABLE care (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE INDEX photos_by_key_stem ON photos(key_stem);

INSERT INTO outdated SELECT DISTINCT substr(key_stem, 1, 14) FROM photos;
INSERT INTO outdated SELECT 'journal/' || substr(started_at, 1, 7) FROM runs WHERE true ON CONFLICT DO NOTHING;
INSERT INTO outdated SELECT 'journal/' || substr(saved_at, 1, 7) FROM source_states WHERE true ON CONFLICT DO NOTHING;
INSERT INTO outdated SELECT 'albums' WHERE EXISTS (SELECT 1 FROM accounts);
INSERT INTO outdated SELECT 'checksums' WHERE EXISTS (SELECT 1 FROM files);

CREATE TRIGGER mark_photo_new AFTER INSERT ON photos BEGIN
    INSERT INTO outdated VALUES (substr(NEW.key_stem, 1, 14)) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo AFTER UPDATE OF kind, caption, title, alt_text, link, file_date, file_date_source,
    file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude,
    created_at, updated_at, backdated_at, state, attempts, last_error, tried_at, next_try_at, gone_at,
    gone_evidence, sha256, raw ON photos BEGIN
    INSERT INTO outdated VALUES (substr(NEW.key_stem, 1, 14)) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_gone AFTER DELETE ON photos BEGIN
    INSERT INTO outdated VALUES (substr(OLD.key_stem, 1, 14)) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_album_photos_new AFTER INSERT ON album_photos BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_album_photos_gone AFTER DELETE ON album_photos BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_files_new AFTER INSERT ON photo_files BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_files_gone AFTER DELETE ON photo_files BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_people_new AFTER INSERT ON photo_people BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_people_gone AFTER DELETE ON photo_people BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_comments_new AFTER INSERT ON comments BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_comments_gone AFTER DELETE ON comments BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_reactions_new AFTER INSERT ON reactions BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_reactions_gone AFTER DELETE ON reactions BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_album_photos AFTER UPDATE OF position, first_seen_at, removed_at ON album_photos BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_files AFTER UPDATE ON photo_files BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_people AFTER UPDATE ON photo_people BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_comments AFTER UPDATE ON comments BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_reactions AFTER UPDATE ON reactions BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_variants AFTER UPDATE ON variants BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_file AFTER UPDATE OF key, bytes, content_type, width, height, orientation, color, stored_at,
    damaged_at, thumbnail_size, thumbnail_error ON files
    WHEN (OLD.key, OLD.bytes, OLD.content_type, OLD.width, OLD.height, OLD.orientation, OLD.color,
    OLD.stored_at, OLD.damaged_at, OLD.thumbnail_size, OLD.thumbnail_error) IS NOT (NEW.key, NEW.bytes,
    NEW.content_type, NEW.width, NEW.height, NEW.orientation, NEW.color, NEW.stored_at, NEW.damaged_at,
    NEW.thumbnail_size, NEW.thumbnail_error) BEGIN
    INSERT INTO outdated SELECT substr(p.key_stem, 1, 14) FROM photo_files x JOIN photos p ON p.id = x.photo_id
      WHERE x.sha256 = NEW.sha256 ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_file_new AFTER INSERT ON files BEGIN
    INSERT INTO outdated VALUES ('checksums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_file_gone AFTER DELETE ON files BEGIN
    INSERT INTO outdated VALUES ('checksums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_revision AFTER INSERT ON revisions
    WHEN NEW.photo_id IS NOT NULL BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_accounts_new AFTER INSERT ON accounts BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_accounts AFTER UPDATE ON accounts
    WHEN (OLD.name, OLD.source, OLD.remote_id, OLD.display_name, OLD.permissions, OLD.login_expires_at,
    OLD.data_access_expires_at) IS NOT (NEW.name, NEW.source, NEW.remote_id, NEW.display_name, NEW.permissions,
    NEW.login_expires_at, NEW.data_access_expires_at) BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_accounts_gone AFTER DELETE ON accounts BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_albums_new AFTER INSERT ON albums BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_albums AFTER UPDATE ON albums
    WHEN (OLD.remote_id, OLD.title, OLD.description, OLD.link, OLD.kind, OLD.privacy, OLD.place_id,
    OLD.cover_photo_id, OLD.remote_count, OLD.file_date, OLD.created_at, OLD.updated_at, OLD.virtual,
    OLD.position, OLD.raw, OLD.gone_at, OLD.gone_evidence, OLD.listed_at, OLD.listed_sign) IS NOT
    (NEW.remote_id, NEW.title, NEW.description, NEW.link, NEW.kind, NEW.privacy, NEW.place_id,
    NEW.cover_photo_id, NEW.remote_count, NEW.file_date, NEW.created_at, NEW.updated_at, NEW.virtual,
    NEW.position, NEW.raw, NEW.gone_at, NEW.gone_evidence, NEW.listed_at, NEW.listed_sign) BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_albums_gone AFTER DELETE ON albums BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_places_new AFTER INSERT ON places BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_places AFTER UPDATE ON places
    WHEN (OLD.name, OLD.city, OLD.country, OLD.latitude, OLD.longitude) IS NOT (NEW.name, NEW.city, NEW.country,
    NEW.latitude, NEW.longitude) BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_places_gone AFTER DELETE ON places BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_people_new AFTER INSERT ON people BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_people AFTER UPDATE ON people
    WHEN (OLD.name) IS NOT (NEW.name) BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_people_gone AFTER DELETE ON people BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_listings_insert AFTER INSERT ON listings BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_listings_update AFTER UPDATE ON listings BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_listings_delete AFTER DELETE ON listings BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_listing_pages_insert AFTER INSERT ON listing_pages BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_listing_pages_update AFTER UPDATE ON listing_pages BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_listing_pages_delete AFTER DELETE ON listing_pages BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_album_revision AFTER INSERT ON revisions
    WHEN NEW.album_id IS NOT NULL BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_album_title AFTER UPDATE OF title ON albums
    WHEN (OLD.title) IS NOT (NEW.title) BEGIN
    INSERT INTO outdated SELECT substr(p.key_stem, 1, 14) FROM album_photos m JOIN photos p ON p.id = m.photo_id
      WHERE m.album_id = NEW.id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_place AFTER UPDATE ON places
    WHEN (OLD.name, OLD.city, OLD.country, OLD.latitude, OLD.longitude) IS NOT (NEW.name, NEW.city, NEW.country,
    NEW.latitude, NEW.longitude) BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE place_id = NEW.id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_run_insert AFTER INSERT ON runs BEGIN
    INSERT INTO outdated VALUES ('journal/' || substr(NEW.started_at, 1, 7)) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_source_state_insert AFTER INSERT ON source_states BEGIN
    INSERT INTO outdated VALUES ('journal/' || substr(NEW.saved_at, 1, 7)) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_run_update AFTER UPDATE ON runs BEGIN
    INSERT INTO outdated VALUES ('journal/' || substr(NEW.started_at, 1, 7)) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_source_state_update AFTER UPDATE ON source_states BEGIN
    INSERT INTO outdated VALUES ('journal/' || substr(NEW.saved_at, 1, 7)) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_audit AFTER INSERT ON album_audits BEGIN
    INSERT INTO outdated SELECT 'journal/' || substr(started_at, 1, 7) FROM runs WHERE id = NEW.run_id ON CONFLICT
      DO NOTHING;
END;
"""

CHEAPER_INSERTS = """
DROP TRIGGER mark_photo_new;
DROP TRIGGER mark_album_photos_new;
DROP INDEX photos_by_key_stem;
-- Only a manifest's photos are looked up by their keys: a third of the size of an index of whole keys.
CREATE INDEX photos_by_month ON photos(substr(key_stem, 1, 14));
"""


def outdated(db: Connection) -> list[str]:
    """What has to be written anew: months' folders, `journal/` and a month, and the names above."""
    return [row[0] for row in db.execute("SELECT what FROM outdated ORDER BY what")]


def whole(db: Connection) -> list[str]:
    """Everything that a manifest is written for, whether it is up to date or not."""
    rows = db.execute(
        "SELECT DISTINCT substr(key_stem, 1, 14) FROM photos UNION SELECT 'journal/' || substr(started_at, 1, 7) "
        "FROM runs UNION SELECT 'albums' WHERE EXISTS (SELECT 1 FROM accounts) "
        "UNION SELECT 'journal/sources' WHERE EXISTS (SELECT 1 FROM source_states)"
    )
    return [row[0] for row in rows]


def recorded(db: Connection) -> list[StoredFile]:
    """The manifests as they were written, but the journal."""
    rows = db.execute("SELECT key, sha256, bytes FROM manifests ORDER BY key")
    return [StoredFile(row["key"], row["sha256"], row["bytes"]) for row in rows]


def is_outdated(db: Connection, what: str) -> bool:
    return db.execute("SELECT 1 FROM outdated WHERE what = ?", (what,)).fetchone() is not None


def mark(db: Connection, what: Sequence[str]) -> None:
    """Has these written anew at the end of the next run."""
    db.executemany("INSERT INTO outdated VALUES (?) ON CONFLICT DO NOTHING", [(one,) for one in what])


def mark_months(db: Connection, photo_ids: Sequence[str]) -> None:
    """Has the manifests that hold these photos written anew; for what no trigger sees."""
    db.execute(
        "INSERT INTO outdated SELECT DISTINCT substr(p.key_stem, 1, 14) FROM json_each(?) w "
        "CROSS JOIN photos p ON p.id = w.value WHERE true ON CONFLICT DO NOTHING",
        (json.dumps(list(photo_ids)),),
    )


def mark_stems(db: Connection, stems: Iterable[str]) -> None:
    """`mark_months` for those who know the photos' `key_stem`."""
    mark(db, sorted({stem[:14] for stem in stems}))


def settle(db: Connection, what: Sequence[str]) -> None:
    """Takes the marks off what is durable as the catalog has it now."""
    db.executemany("DELETE FROM outdated WHERE what = ?", [(one,) for one in what])


def record_manifests(db: Connection, done: Sequence[str], written: Sequence[StoredFile]) -> None:
    """Manifests that are durable now: takes off the marks `done`, and marks what is made from manifests."""
    db.executemany(
        "INSERT INTO manifests (key, sha256, bytes) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
        "sha256 = excluded.sha256, bytes = excluded.bytes",
        [(file.key, file.sha256, file.bytes) for file in written],
    )
    settle(db, done)
    if written:
        mark(db, FROM_MANIFESTS)
