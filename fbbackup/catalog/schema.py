"""The catalog's tables and views as plain SQL, and the migrations that bring an older catalog up to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fbbackup.catalog import marks, uploads
from fbbackup.catalog.import_tables import ALIASES, IMPORTS

if TYPE_CHECKING:
    from sqlite_utils import Database

VERSION = 9
"""`PRAGMA user_version` of a catalog that this program reads and writes."""

TABLES = """
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,
    remote_id TEXT,
    display_name TEXT,
    added_at TEXT NOT NULL,
    -- As the source last told them: permissions as a JSON object, and when the login and its data access end.
    permissions TEXT,
    login_expires_at TEXT,
    data_access_expires_at TEXT,
    asked_at TEXT
) STRICT;

-- What a source remembers between runs: call budget, learned page sizes, login clocks. Never a secret.
CREATE TABLE source_states (
    account_id INTEGER PRIMARY KEY REFERENCES accounts(id),
    state TEXT NOT NULL,
    saved_at TEXT NOT NULL
) STRICT;

CREATE TABLE places (
    id TEXT PRIMARY KEY,
    name TEXT,
    city TEXT,
    country TEXT,
    latitude REAL,
    longitude REAL
) STRICT, WITHOUT ROWID;

CREATE TABLE albums (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts(id),
    remote_id TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT,
    link TEXT,
    kind TEXT NOT NULL,
    privacy TEXT,
    place_id TEXT REFERENCES places(id),
    cover_photo_id TEXT,
    remote_count INTEGER,
    file_date TEXT,
    created_at TEXT,
    updated_at TEXT,
    virtual INTEGER NOT NULL DEFAULT 0,
    position INTEGER NOT NULL DEFAULT 0,
    raw TEXT NOT NULL DEFAULT '{}',
    first_seen_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    gone_at TEXT,
    gone_evidence TEXT,
    -- How the album looked when its photos were last listed to the end; a difference means: list again.
    listed_at TEXT,
    listed_sign TEXT,
    UNIQUE (account_id, remote_id)
) STRICT;

-- `number` is the row's stable integer (full-text rows hang on it); `key_stem` the file's key without its extension,
-- decided at first sight.
CREATE TABLE photos (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account_id INTEGER NOT NULL REFERENCES accounts(id),
    kind TEXT NOT NULL CHECK (kind IN ('photo', 'video')),
    caption TEXT,
    title TEXT,
    alt_text TEXT,
    link TEXT,
    file_date TEXT,
    file_date_source TEXT,
    file_date_precision TEXT,
    content_type TEXT,
    width INTEGER,
    height INTEGER,
    from_id TEXT,
    from_name TEXT,
    place_id TEXT REFERENCES places(id),
    latitude REAL,
    longitude REAL,
    created_at TEXT,
    updated_at TEXT,
    backdated_at TEXT,
    first_seen_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('wanted', 'stored', 'failed', 'unavailable')),
    attempts INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    tried_at TEXT,
    next_try_at TEXT,
    gone_at TEXT,
    gone_evidence TEXT,
    sha256 TEXT REFERENCES files(sha256),
    key_stem TEXT NOT NULL,
    raw TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX photos_by_state ON photos(state, account_id, next_try_at);
CREATE INDEX photos_by_date ON photos(file_date, id);
CREATE INDEX photos_by_digest ON photos(sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX photos_gone ON photos(gone_at) WHERE gone_at IS NOT NULL;

CREATE TABLE album_photos (
    album_id INTEGER NOT NULL REFERENCES albums(id),
    photo_id TEXT NOT NULL REFERENCES photos(id),
    position INTEGER NOT NULL,
    first_seen_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    removed_at TEXT,
    PRIMARY KEY (album_id, photo_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX album_photos_by_photo ON album_photos(photo_id);

-- The largest representations of photos that are not stored yet, best first.
CREATE TABLE variants (
    photo_id TEXT NOT NULL REFERENCES photos(id),
    rank INTEGER NOT NULL,
    width INTEGER,
    height INTEGER,
    format TEXT NOT NULL,
    url TEXT NOT NULL,
    expires_at TEXT,
    PRIMARY KEY (photo_id, rank)
) STRICT, WITHOUT ROWID;

CREATE TABLE files (
    sha256 TEXT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    bytes INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    width INTEGER,
    height INTEGER,
    orientation INTEGER NOT NULL DEFAULT 1,
    color TEXT,
    stored_at TEXT NOT NULL,
    verified_at TEXT,
    damaged_at TEXT,
    thumbnail_size INTEGER,
    thumbnail_error TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX files_by_thumbnail ON files(thumbnail_size);
CREATE INDEX files_by_bytes ON files(bytes);
CREATE INDEX files_damaged ON files(damaged_at) WHERE damaged_at IS NOT NULL;

CREATE TABLE photo_files (
    photo_id TEXT NOT NULL REFERENCES photos(id),
    sha256 TEXT NOT NULL REFERENCES files(sha256),
    is_current INTEGER NOT NULL,
    source TEXT NOT NULL,
    stored_at TEXT NOT NULL,
    PRIMARY KEY (photo_id, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX photo_files_by_digest ON photo_files(sha256);

CREATE TABLE people (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE photo_people (
    id INTEGER PRIMARY KEY,
    photo_id TEXT NOT NULL REFERENCES photos(id),
    person_id TEXT REFERENCES people(id),
    name TEXT NOT NULL,
    x REAL,
    y REAL
) STRICT;
CREATE INDEX photo_people_by_photo ON photo_people(photo_id);
CREATE INDEX photo_people_by_person ON photo_people(person_id);

CREATE TABLE comments (
    id TEXT PRIMARY KEY,
    photo_id TEXT NOT NULL REFERENCES photos(id),
    parent_id TEXT,
    from_id TEXT,
    from_name TEXT,
    message TEXT NOT NULL,
    created_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX comments_by_photo ON comments(photo_id);

CREATE TABLE reactions (
    photo_id TEXT NOT NULL REFERENCES photos(id),
    kind TEXT NOT NULL,
    count INTEGER NOT NULL,
    seen_at TEXT NOT NULL,
    PRIMARY KEY (photo_id, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE revisions (
    id INTEGER PRIMARY KEY,
    photo_id TEXT REFERENCES photos(id),
    album_id INTEGER REFERENCES albums(id),
    field TEXT NOT NULL,
    old TEXT,
    new TEXT,
    seen_at TEXT NOT NULL
) STRICT;
CREATE INDEX revisions_by_photo ON revisions(photo_id);
CREATE INDEX revisions_by_album ON revisions(album_id);

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts(id),
    kind TEXT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    outcome TEXT,
    counters TEXT NOT NULL DEFAULT '{}',
    calls INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    error TEXT
) STRICT;
CREATE INDEX runs_by_account ON runs(account_id, id);

CREATE TABLE album_audits (
    run_id INTEGER NOT NULL REFERENCES runs(id),
    album_id INTEGER NOT NULL REFERENCES albums(id),
    expected INTEGER,
    listed INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('complete', 'short', 'unknown')),
    PRIMARY KEY (run_id, album_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX album_audits_by_album ON album_audits(album_id, run_id);

-- Listings that are under way or not yet settled: where to go on, and which photos were seen. One row a page.
CREATE TABLE listings (
    album_id INTEGER PRIMARY KEY REFERENCES albums(id),
    started_at TEXT NOT NULL,
    sign TEXT NOT NULL,
    cursor TEXT,
    finished_at TEXT
) STRICT;
CREATE TABLE listing_pages (
    album_id INTEGER NOT NULL REFERENCES listings(album_id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    cursor TEXT,
    first_position INTEGER NOT NULL,
    ids TEXT NOT NULL,
    PRIMARY KEY (album_id, number)
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE photos_fts USING fts5 (
    caption, title, alt_text, albums, people, place,
    tokenize = 'unicode61 remove_diacritics 2'
);

CREATE VIEW library AS
SELECT p.id, p.kind, p.file_date, p.caption, p.title, p.alt_text,
       (SELECT group_concat(a.title, ' · ') FROM album_photos m JOIN albums a ON a.id = m.album_id
         WHERE m.photo_id = p.id AND m.removed_at IS NULL) AS albums,
       (SELECT group_concat(t.name, ', ') FROM photo_people t WHERE t.photo_id = p.id) AS people,
       l.name AS place, f.key AS path, f.bytes, f.width, f.height, f.content_type, p.link, p.from_name,
       p.state, p.gone_at, p.sha256
  FROM photos p
  LEFT JOIN files f ON f.sha256 = p.sha256
  LEFT JOIN places l ON l.id = p.place_id;

CREATE VIEW timeline AS
SELECT substr(p.file_date, 1, 4) AS year, substr(p.file_date, 1, 7) AS month, p.file_date, p.id, p.caption,
       f.key AS path
  FROM photos p JOIN files f ON f.sha256 = p.sha256
 ORDER BY p.file_date, p.id;

CREATE VIEW missing AS
SELECT p.id, p.kind, p.state, p.attempts, p.last_error, p.tried_at, p.next_try_at, p.file_date, p.caption, p.link
  FROM photos p WHERE p.state <> 'stored';

CREATE VIEW gone AS
SELECT p.id, p.gone_at, p.gone_evidence, p.file_date, p.caption, f.key AS path
  FROM photos p LEFT JOIN files f ON f.sha256 = p.sha256 WHERE p.gone_at IS NOT NULL;

CREATE VIEW caption_history AS
SELECT r.photo_id, r.album_id, r.field, r.old, r.new, r.seen_at FROM revisions r ORDER BY r.seen_at, r.id;
"""

GALLERY = """
-- The gallery shows what has a file; counting and paging at a million photos take an index and kept counts.
DROP INDEX photos_by_date;
CREATE INDEX photos_shown ON photos(file_date, id) WHERE sha256 IS NOT NULL;
CREATE INDEX photos_shown_by_place ON photos(place_id) WHERE place_id IS NOT NULL AND sha256 IS NOT NULL;

-- How many photos with a file each month has, `2014-07`; those without a date are under an empty text.
CREATE TABLE months (month TEXT PRIMARY KEY, photos INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO months SELECT coalesce(substr(file_date, 1, 7), ''), count(*) FROM photos
 WHERE sha256 IS NOT NULL GROUP BY 1;

CREATE TRIGGER photos_counted_in AFTER INSERT ON photos WHEN new.sha256 IS NOT NULL BEGIN
    INSERT INTO months VALUES (coalesce(substr(new.file_date, 1, 7), ''), 1)
        ON CONFLICT (month) DO UPDATE SET photos = photos + 1;
END;
CREATE TRIGGER photos_counted_out AFTER DELETE ON photos WHEN old.sha256 IS NOT NULL BEGIN
    UPDATE months SET photos = photos - 1 WHERE month = coalesce(substr(old.file_date, 1, 7), '');
END;
CREATE TRIGGER photos_counted_anew AFTER UPDATE OF file_date, sha256 ON photos
WHEN (old.sha256 IS NULL) <> (new.sha256 IS NULL) OR old.file_date IS NOT new.file_date BEGIN
    UPDATE months SET photos = photos - 1
     WHERE old.sha256 IS NOT NULL AND month = coalesce(substr(old.file_date, 1, 7), '');
    INSERT INTO months SELECT coalesce(substr(new.file_date, 1, 7), ''), 1 WHERE new.sha256 IS NOT NULL
        ON CONFLICT (month) DO UPDATE SET photos = photos + 1;
END;
"""

NO_ADDRESSES_OF_STORED_PHOTOS = """
DELETE FROM variants WHERE photo_id IN (SELECT id FROM photos WHERE state = 'stored');
CREATE INDEX photos_by_place ON photos(place_id) WHERE place_id IS NOT NULL;
"""

WORDS_MERGED_LATER = """
-- A crawl commits a page at a time, and each commit is a segment of its own: eight of a size are merged, not four.
INSERT INTO photos_fts (photos_fts, rank) VALUES ('automerge', 8);
"""

MONTHS_COUNTED_LATER = """
-- A photo is met before it has a file, so that changes are what is counted; who inserts it with one counts it itself.
DROP TRIGGER photos_counted_in;
"""

STATES_IN_A_LIST = "state IN ('wanted', 'stored', 'failed', 'unavailable')"
STATES_ONE_BY_ONE = "state = 'wanted' OR state = 'stored' OR state = 'failed' OR state = 'unavailable'"
"""The same check, for which SQLite does not make an index of the list anew at each row."""


def statements(script: str) -> Iterator[str]:
    """A script's statements one by one, since `executescript` would end the transaction around it."""
    from sqlite3 import complete_statement

    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if line.rstrip().endswith(";") and complete_statement(pending):
            yield pending
            pending = ""


def migrate(db: Database) -> None:
    """Applies what this catalog lacks, each step in a transaction of its own. The steps never change once released."""
    from sqlite_utils import Migrations

    steps = Migrations("fbbackup")

    @steps()
    def m001_first_tables(db: Database) -> None:
        run(db, TABLES, 1)

    @steps()
    def m002_gallery(db: Database) -> None:
        run(db, GALLERY, 2)

    @steps()
    def m003_no_addresses_of_stored_photos(db: Database) -> None:
        run(db, NO_ADDRESSES_OF_STORED_PHOTOS, 3)

    @steps()
    def m004_marks_for_manifests(db: Database) -> None:
        run(db, marks.TABLES, 4)

    @steps()
    def m005_imports(db: Database) -> None:
        run(db, IMPORTS, 5)

    @steps()
    def m006_uploads(db: Database) -> None:
        run(db, uploads.TABLES, 6)

    @steps()
    def m007_aliases(db: Database) -> None:
        run(db, ALIASES, 7)

    @steps()
    def m008_cheaper_inserts(db: Database) -> None:
        run(db, marks.CHEAPER_INSERTS + WORDS_MERGED_LATER, 8)

    @steps()
    def m009_cheaper_photos(db: Database) -> None:
        reword(db, "photos", STATES_IN_A_LIST, STATES_ONE_BY_ONE)
        run(db, MONTHS_COUNTED_LATER, 9)

    # Both together: where the table is, the library never makes its index.
    with db.atomic():
        steps.ensure_migrations_table(db)
    steps.apply(db)


def run(db: Any, script: str, version: int) -> None:
    for statement in statements(script):
        db.conn.execute(statement)
    db.conn.execute(f"PRAGMA user_version = {version:d}")


def reword(db: Any, table: str, old: str, new: str) -> None:
    """Says a table's constraint in other words of the same meaning, so that no row has to be looked at.

    Where SQLite guards its schema (some systems build it so), the constraint stays as it was, and only slower.
    """
    from sqlite3 import SQLITE_AUTH, SQLITE_ERROR

    db.conn.execute("PRAGMA writable_schema = ON")
    try:
        db.conn.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?", (old, new, table)
        )
    except db.conn.DatabaseError as error:
        if error.sqlite_errorcode not in (SQLITE_AUTH, SQLITE_ERROR):
            raise
    db.conn.execute("PRAGMA writable_schema = RESET")
