PRAGMA user_version = 9;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
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
CREATE TABLE album_audits (
    run_id INTEGER NOT NULL REFERENCES runs(id),
    album_id INTEGER NOT NULL REFERENCES albums(id),
    expected INTEGER,
    listed INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('complete', 'short', 'unknown')),
    PRIMARY KEY (run_id, album_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE album_photos (
    album_id INTEGER NOT NULL REFERENCES albums(id),
    photo_id TEXT NOT NULL REFERENCES photos(id),
    position INTEGER NOT NULL,
    first_seen_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    removed_at TEXT,
    PRIMARY KEY (album_id, photo_id)
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
CREATE TABLE care (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE comments (
    id TEXT PRIMARY KEY,
    photo_id TEXT NOT NULL REFERENCES photos(id),
    parent_id TEXT,
    from_id TEXT,
    from_name TEXT,
    message TEXT NOT NULL,
    created_at TEXT
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
CREATE TABLE imported_media (
    path TEXT NOT NULL,
    mark TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    photo_id TEXT NOT NULL REFERENCES photos(id),
    sha256 TEXT NOT NULL REFERENCES files(sha256),
    PRIMARY KEY (path, mark, bytes)
) STRICT, WITHOUT ROWID;
CREATE TABLE listing_pages (
    album_id INTEGER NOT NULL REFERENCES listings(album_id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    cursor TEXT,
    first_position INTEGER NOT NULL,
    ids TEXT NOT NULL,
    PRIMARY KEY (album_id, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE listings (
    album_id INTEGER PRIMARY KEY REFERENCES albums(id),
    started_at TEXT NOT NULL,
    sign TEXT NOT NULL,
    cursor TEXT,
    finished_at TEXT
) STRICT;
CREATE TABLE manifests (key TEXT PRIMARY KEY, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
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
CREATE TABLE months (month TEXT PRIMARY KEY, photos INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE not_understood (
    account_id INTEGER NOT NULL REFERENCES accounts(id),
    as_of TEXT NOT NULL,
    origin TEXT NOT NULL,
    key TEXT NOT NULL,
    count INTEGER NOT NULL,
    raw TEXT NOT NULL,
    PRIMARY KEY (account_id, as_of, origin, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE outdated (what TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE people (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE photo_aliases (
    alias TEXT PRIMARY KEY,
    photo_id TEXT NOT NULL REFERENCES photos(id),
    rule TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE photo_fields (
    photo_id TEXT NOT NULL REFERENCES photos(id),
    field TEXT NOT NULL,
    weight INTEGER NOT NULL,
    as_of TEXT NOT NULL,
    origin TEXT NOT NULL,
    PRIMARY KEY (photo_id, field)
) STRICT, WITHOUT ROWID;
CREATE TABLE photo_files (
    photo_id TEXT NOT NULL REFERENCES photos(id),
    sha256 TEXT NOT NULL REFERENCES files(sha256),
    is_current INTEGER NOT NULL,
    source TEXT NOT NULL,
    stored_at TEXT NOT NULL,
    PRIMARY KEY (photo_id, sha256)
) STRICT, WITHOUT ROWID;
CREATE TABLE photo_people (
    id INTEGER PRIMARY KEY,
    photo_id TEXT NOT NULL REFERENCES photos(id),
    person_id TEXT REFERENCES people(id),
    name TEXT NOT NULL,
    x REAL,
    y REAL
) STRICT;
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
    state TEXT NOT NULL CHECK (state = 'wanted' OR state = 'stored' OR state = 'failed' OR state = 'unavailable'),
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
CREATE VIRTUAL TABLE photos_fts USING fts5 (
    caption, title, alt_text, albums, people, place,
    tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TABLE places (
    id TEXT PRIMARY KEY,
    name TEXT,
    city TEXT,
    country TEXT,
    latitude REAL,
    longitude REAL
) STRICT, WITHOUT ROWID;
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
CREATE TABLE source_states (
    account_id INTEGER PRIMARY KEY REFERENCES accounts(id),
    state TEXT NOT NULL,
    saved_at TEXT NOT NULL
) STRICT;
CREATE TABLE uploads (
    id INTEGER PRIMARY KEY,
    photo_id TEXT NOT NULL REFERENCES photos(id),
    destination TEXT NOT NULL,
    album TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL CHECK (state IN ('sending', 'done', 'failed', 'undone')),
    remote_id TEXT,
    post_id TEXT,
    link TEXT,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    error TEXT
) STRICT;
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
INSERT INTO _sqlite_migrations (id, migration_set, name, applied_at) VALUES (1, 'fbbackup', 'm001_first_tables', 'applied_at');
INSERT INTO _sqlite_migrations (id, migration_set, name, applied_at) VALUES (2, 'fbbackup', 'm002_gallery', 'applied_at');
INSERT INTO _sqlite_migrations (id, migration_set, name, applied_at) VALUES (3, 'fbbackup', 'm003_no_addresses_of_stored_photos', 'applied_at');
INSERT INTO _sqlite_migrations (id, migration_set, name, applied_at) VALUES (4, 'fbbackup', 'm004_marks_for_manifests', 'applied_at');
INSERT INTO _sqlite_migrations (id, migration_set, name, applied_at) VALUES (5, 'fbbackup', 'm005_imports', 'applied_at');
INSERT INTO _sqlite_migrations (id, migration_set, name, applied_at) VALUES (6, 'fbbackup', 'm006_uploads', 'applied_at');
INSERT INTO _sqlite_migrations (id, migration_set, name, applied_at) VALUES (7, 'fbbackup', 'm007_aliases', 'applied_at');
INSERT INTO _sqlite_migrations (id, migration_set, name, applied_at) VALUES (8, 'fbbackup', 'm008_cheaper_inserts', 'applied_at');
INSERT INTO _sqlite_migrations (id, migration_set, name, applied_at) VALUES (9, 'fbbackup', 'm009_cheaper_photos', 'applied_at');
INSERT INTO accounts (id, name, source, remote_id, display_name, added_at, permissions, login_expires_at, data_access_expires_at, asked_at) VALUES (1, 'ada', 'graph', '1', 'Ada', '2026-01-01T00:00:01Z', '{"user_photos": "granted"}', NULL, NULL, '2026-01-01T00:00:02Z');
INSERT INTO accounts (id, name, source, remote_id, display_name, added_at, permissions, login_expires_at, data_access_expires_at, asked_at) VALUES (2, 'page', 'graph', '1', 'Ada', '2026-01-01T00:00:01Z', '{"user_photos": "granted"}', NULL, NULL, '2026-01-01T00:00:03Z');
INSERT INTO album_audits (run_id, album_id, expected, listed, stored, verdict) VALUES (1, 1, 13, 13, 12, 'short');
INSERT INTO album_audits (run_id, album_id, expected, listed, stored, verdict) VALUES (3, 1, 11, 11, 10, 'short');
INSERT INTO album_audits (run_id, album_id, expected, listed, stored, verdict) VALUES (5, 4, 4, 3, 3, 'unknown');
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (1, '1001', 0, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (1, '1002', 1, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (1, '1003', 2, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (1, '1004', 3, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (1, '1005', 4, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (1, '1006', 5, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z');
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (1, '1007', 4, '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (1, '1008', 5, '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (1, '1009', 6, '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (1, '1010', 7, '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (1, '1011', 8, '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (1, '1012', 9, '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (1, '1019', 10, '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (2, '1006', 6, '2026-01-01T00:00:02Z', '2026-01-01T00:00:02Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (2, '1013', 0, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (2, '1014', 1, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (2, '1015', 2, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (2, '1016', 3, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (2, '1017', 4, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (2, '1018', 5, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (4, '5001', 0, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (4, '5002', 1, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (4, '5003', 2, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (5, '5004', 0, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL);
INSERT INTO album_photos (album_id, photo_id, position, first_seen_at, last_seen_at, removed_at) VALUES (5, '5005', 1, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL);
INSERT INTO albums (id, account_id, remote_id, title, description, link, kind, privacy, place_id, cover_photo_id, remote_count, file_date, created_at, updated_at, virtual, position, raw, first_seen_at, last_seen_at, gone_at, gone_evidence, listed_at, listed_sign) VALUES (1, 1, '1', 'Lake, renamed', NULL, NULL, 'normal', NULL, NULL, NULL, 11, NULL, NULL, '2015-07-05T10:15:00Z', 0, 0, '{}', '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', NULL, NULL, '2026-01-01T00:00:02Z', '["2015-07-05T10:15:00Z", 11, null, null, ""]');
INSERT INTO albums (id, account_id, remote_id, title, description, link, kind, privacy, place_id, cover_photo_id, remote_count, file_date, created_at, updated_at, virtual, position, raw, first_seen_at, last_seen_at, gone_at, gone_evidence, listed_at, listed_sign) VALUES (2, 1, '2', 'new
line, tab	, \ back, “quotes”,  , , 👩‍👩‍👧, ￿, long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long ', NULL, NULL, 'normal', NULL, NULL, NULL, 7, NULL, NULL, '2015-07-05T10:06:00Z', 0, 1, '{}', '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', NULL, NULL, '2026-01-01T00:00:02Z', '["2015-07-05T10:06:00Z", 7, null, null, ""]');
INSERT INTO albums (id, account_id, remote_id, title, description, link, kind, privacy, place_id, cover_photo_id, remote_count, file_date, created_at, updated_at, virtual, position, raw, first_seen_at, last_seen_at, gone_at, gone_evidence, listed_at, listed_sign) VALUES (3, 1, '3', 'Empty', NULL, NULL, 'normal', NULL, NULL, NULL, 0, NULL, NULL, '2015-07-05T10:00:00Z', 0, 2, '{}', '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', 'code 100/33: does not exist', '2026-01-01T00:00:01Z', '["2015-07-05T10:00:00Z", 0, null, null, ""]');
INSERT INTO albums (id, account_id, remote_id, title, description, link, kind, privacy, place_id, cover_photo_id, remote_count, file_date, created_at, updated_at, virtual, position, raw, first_seen_at, last_seen_at, gone_at, gone_evidence, listed_at, listed_sign) VALUES (4, 2, '1', 'Lake', NULL, NULL, 'normal', NULL, NULL, NULL, 4, NULL, NULL, '2015-07-05T10:04:00Z', 0, 0, '{}', '2026-01-01T00:00:01Z', '2026-01-01T00:00:03Z', NULL, NULL, '2026-01-01T00:00:02Z', '["2015-07-05T10:03:00Z", 3, null, null, ""]');
INSERT INTO albums (id, account_id, remote_id, title, description, link, kind, privacy, place_id, cover_photo_id, remote_count, file_date, created_at, updated_at, virtual, position, raw, first_seen_at, last_seen_at, gone_at, gone_evidence, listed_at, listed_sign) VALUES (5, 2, '8', 'To be removed', NULL, NULL, 'normal', NULL, NULL, NULL, 2, NULL, NULL, '2015-07-05T10:02:00Z', 0, 1, '{}', '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', NULL, NULL, '2026-01-01T00:00:02Z', '["2015-07-05T10:02:00Z", 2, null, null, ""]');
INSERT INTO comments (id, photo_id, parent_id, from_id, from_name, message, created_at) VALUES ('c1', '1017', NULL, NULL, NULL, 'edited', NULL);
INSERT INTO comments (id, photo_id, parent_id, from_id, from_name, message, created_at) VALUES ('c2', '1017', 'c1', '9', 'Grace', '😀', '2020-01-02T00:00:00Z');
INSERT INTO files (sha256, key, bytes, content_type, width, height, orientation, color, stored_at, verified_at, damaged_at, thumbnail_size, thumbnail_error) VALUES ('05bf2df2eacc4605abe12cbacbbbdbfcbbc7bffdb000b3df29429e80e7646846', 'photos/2014/07/2014-07-05_1003.jpg', 714, 'image/jpeg', 64, 48, 1, '#6e119e', '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL, 32, NULL);
INSERT INTO files (sha256, key, bytes, content_type, width, height, orientation, color, stored_at, verified_at, damaged_at, thumbnail_size, thumbnail_error) VALUES ('09e67fcb22eea10845886837d472948b0e41ed5fb0dba267bac8f1de7e2db132', 'photos/2014/07/2014-07-05_1003-2.jpg', 858, 'image/jpeg', 128, 96, 1, '#6e119e', '2026-01-01T00:00:02Z', '2026-01-01T00:00:02Z', NULL, 32, NULL);
INSERT INTO files (sha256, key, bytes, content_type, width, height, orientation, color, stored_at, verified_at, damaged_at, thumbnail_size, thumbnail_error) VALUES ('20777646c8aea885433e15483a1326e8d9c17223896b2c325816d2f34adbf462', 'photos/2014/07/2014-07-05_1008.jpg', 704, 'image/jpeg', 64, 48, 1, '#28d8a9', '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL, 32, NULL);
INSERT INTO files (sha256, key, bytes, content_type, width, height, orientation, color, stored_at, verified_at, damaged_at, thumbnail_size, thumbnail_error) VALUES ('28b0f6f97c2e6bd4220a1a75f347ca9fa9c2d6d1a9fe18ff8d667e0d5f16bbd8', 'photos/undated/undated_1015.jpg', 712, 'image/jpeg', 64, 48, 1, '#2c551b', '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL, 32, NULL);
INSERT INTO files (sha256, key, bytes, content_type, width, height, orientation, color, stored_at, verified_at, damaged_at, thumbnail_size, thumbnail_error) VALUES ('2921d922c7f2b02635f339b63cd04832d631c1d86106285293c48b33a5940ee7', 'photos/2014/07/2014-07-05_1007.jpg', 711, 'image/jpeg', 64, 48, 1, '#037c73', '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL, 32, NULL);
INSERT INTO files (sha256, key, bytes, content_type, width, height, orientation, color, stored_at, verified_at, damaged_at, thumbnail_size, thumbnail_error) VALUES ('367ecfed7831d750b3a37516d54f185b8ba14b90972c3fdbacfc891c5f85e14a', 'photos/2014/07/2014-07-05_1011.jpg', 700, 'image/jpeg', 64, 48, 1, '#97e947', '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL, 32, NULL);
INSERT INTO files (sha256, key, bytes, content_type, width, height, orientation, color, stored_at, verified_at, damaged_at, thumbnail_size, thumbnail_error) VALUES ('4e102511c4fbfe5f72502e44a2cb561de2d15c5feeddab0cd3c3cb827766c4d4', 'photos/2014/07/2014-07-05_1004.jpg', 705, 'image/jpeg', 64, 48, 1, '#956cd4', '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL, 32, NULL);
INSERT INTO files (sha256, key, bytes, content_type, width, height, orientation, color, stored_at, verified_at, damaged_at, thumbnail_size, thumbnail_error) VALUES ('60895615e220e4d446af09213becf7e99e854e0f91b1006807a18524e123c91b', 'photos/2014/07/2014-07-05_1005.jpg', 704, 'image/jpeg', 64, 48, 1, '#b8c708', '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL, 32, NULL);
INSERT INTO files (sha256, key, bytes, content_type, width, height, orientation, color, stored_at, verified_at, damaged_at, thumbnail_size, thumbnail_error) VALUES ('78eaf11501226be39486873828dafa6bb2253446029bd02b992f2c58e237e299', 'photos/2014/07/2014-07-05_1009.jpg', 712, 'image/jpeg', 64, 48, 1, '#4d33de', '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL, 32, NULL);
INSERT INTO files (sha256, key, bytes, content_type, width, height, orientation, color, stored_at, verified_at, damaged_at, thumbnail_size, thumbnail_error) VALUES ('7f3d497d87ccc82d5e4ace0c2a328fbddb6a56bd3af84ec4ddf487331775edb9', 'photos/2014/07/2014-07-05_1002.jpg', 706, 'image/jpeg', 64, 48, 1, '#4ab66a', '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL, 32, NULL);
INSERT INTO files (sha256, key, bytes, content_type, width, height, orientation, color, stored_at, verified_at, damaged_at, thumbnail_size, thumbnail_error) VALUES ('8cb05a055f984b2d24162f2aa3dac5001ce37ca7e46b09a485a575c91f71204f', 'videos/2015/01/2015-01-01_1018.mp4', 1048, 'video/mp4', 640, 480, 1, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL, NULL, NULL);
INSERT INTO files (sha256, key, bytes, content_type, width, height, orientation, color, stored_at, verified_at, damaged_at, thumbnail_size, thumbnail_error) VALUES ('94cd277ffcf366249c513ebabd34ee99a3d490c496a827aaaec4d996cee946f6', 'photos/2014/07/2014-07-05_1012.jpg', 709, 'image/jpeg', 64, 48, 1, '#bb447c', '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL, 32, NULL);
INSERT INTO files (sha256, key, bytes, content_type, width, height, orientation, color, stored_at, verified_at, damaged_at, thumbnail_size, thumbnail_error) VALUES ('a3ba6cd07a0a5fdcab78ae62e640dc11059105d4d180c7cc4358088ff7f871c5', 'photos/2014/07/2014-07-05_1006.jpg', 711, 'image/jpeg', 64, 48, 1, '#de213d', '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL, 32, NULL);
INSERT INTO files (sha256, key, bytes, content_type, width, height, orientation, color, stored_at, verified_at, damaged_at, thumbnail_size, thumbnail_error) VALUES ('bc9e798b2ba4436e4b29dabc06038c5972c64f25732ebd55034405883bdcb0f4', 'photos/2014/07/2014-07-05_1001.jpg', 711, 'image/jpeg', 64, 48, 1, '#255c35', '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL, 32, NULL);
INSERT INTO files (sha256, key, bytes, content_type, width, height, orientation, color, stored_at, verified_at, damaged_at, thumbnail_size, thumbnail_error) VALUES ('bcc76765df159742c979e8a05548034e25e9928b7e6c604a38410948090089ae', 'photos/2014/07/2014-07-05_1010.jpg', 708, 'image/jpeg', 64, 48, 1, '#718d12', '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL, 32, NULL);
INSERT INTO files (sha256, key, bytes, content_type, width, height, orientation, color, stored_at, verified_at, damaged_at, thumbnail_size, thumbnail_error) VALUES ('cac99a1d51e71b7f2d1b2d345406b8788301a2384b002f0e45d13ea5641d638c', 'photos/2031/02/2031-02-28_1014.jpg', 706, 'image/jpeg', 64, 48, 1, '#07fae6', '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL, 32, NULL);
INSERT INTO files (sha256, key, bytes, content_type, width, height, orientation, color, stored_at, verified_at, damaged_at, thumbnail_size, thumbnail_error) VALUES ('e2c0fec0d39bf1f338f2c95927e369aedfba03b3aefd7c255198850381e64156', 'photos/2014/07/2014-07-05_1017.jpg', 717, 'image/jpeg', 64, 48, 1, '#750b85', '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL, 32, NULL);
INSERT INTO files (sha256, key, bytes, content_type, width, height, orientation, color, stored_at, verified_at, damaged_at, thumbnail_size, thumbnail_error) VALUES ('ed2e3225229793f73bc44796bca235dc5251913c67e03f78846f7a3beaf9be3f', 'photos/2014/07/2014-07-05_1013.jpg', 699, 'image/jpeg', 64, 48, 1, '#e29fb1', '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', NULL, 32, NULL);
INSERT INTO listing_pages (album_id, number, cursor, first_position, ids) VALUES (4, 0, '2', 0, '["5001", "5002"]');
INSERT INTO listings (album_id, started_at, sign, cursor, finished_at) VALUES (4, '2026-01-01T00:00:03Z', '["2015-07-05T10:04:00Z", 4, null, null, ""]', '2', NULL);
INSERT INTO months (month, photos) VALUES ('', 1);
INSERT INTO months (month, photos) VALUES ('2014-07', 20);
INSERT INTO months (month, photos) VALUES ('2015-01', 1);
INSERT INTO months (month, photos) VALUES ('2031-02', 1);
INSERT INTO outdated (what) VALUES ('albums');
INSERT INTO outdated (what) VALUES ('checksums');
INSERT INTO outdated (what) VALUES ('journal/2026-01');
INSERT INTO outdated (what) VALUES ('photos/2014/07');
INSERT INTO outdated (what) VALUES ('photos/2031/02');
INSERT INTO outdated (what) VALUES ('photos/undated');
INSERT INTO outdated (what) VALUES ('videos/2015/01');
INSERT INTO people (id, name) VALUES ('9', 'Grace');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('1001', 'bc9e798b2ba4436e4b29dabc06038c5972c64f25732ebd55034405883bdcb0f4', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('1002', '7f3d497d87ccc82d5e4ace0c2a328fbddb6a56bd3af84ec4ddf487331775edb9', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('1003', '05bf2df2eacc4605abe12cbacbbbdbfcbbc7bffdb000b3df29429e80e7646846', 0, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('1003', '09e67fcb22eea10845886837d472948b0e41ed5fb0dba267bac8f1de7e2db132', 1, 'graph', '2026-01-01T00:00:02Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('1004', '4e102511c4fbfe5f72502e44a2cb561de2d15c5feeddab0cd3c3cb827766c4d4', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('1005', '60895615e220e4d446af09213becf7e99e854e0f91b1006807a18524e123c91b', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('1006', 'a3ba6cd07a0a5fdcab78ae62e640dc11059105d4d180c7cc4358088ff7f871c5', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('1007', '2921d922c7f2b02635f339b63cd04832d631c1d86106285293c48b33a5940ee7', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('1008', '20777646c8aea885433e15483a1326e8d9c17223896b2c325816d2f34adbf462', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('1009', '78eaf11501226be39486873828dafa6bb2253446029bd02b992f2c58e237e299', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('1010', 'bcc76765df159742c979e8a05548034e25e9928b7e6c604a38410948090089ae', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('1011', '367ecfed7831d750b3a37516d54f185b8ba14b90972c3fdbacfc891c5f85e14a', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('1012', '94cd277ffcf366249c513ebabd34ee99a3d490c496a827aaaec4d996cee946f6', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('1013', 'ed2e3225229793f73bc44796bca235dc5251913c67e03f78846f7a3beaf9be3f', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('1014', 'cac99a1d51e71b7f2d1b2d345406b8788301a2384b002f0e45d13ea5641d638c', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('1015', '28b0f6f97c2e6bd4220a1a75f347ca9fa9c2d6d1a9fe18ff8d667e0d5f16bbd8', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('1016', 'bc9e798b2ba4436e4b29dabc06038c5972c64f25732ebd55034405883bdcb0f4', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('1017', 'e2c0fec0d39bf1f338f2c95927e369aedfba03b3aefd7c255198850381e64156', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('1018', '8cb05a055f984b2d24162f2aa3dac5001ce37ca7e46b09a485a575c91f71204f', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('5001', 'bc9e798b2ba4436e4b29dabc06038c5972c64f25732ebd55034405883bdcb0f4', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('5002', '7f3d497d87ccc82d5e4ace0c2a328fbddb6a56bd3af84ec4ddf487331775edb9', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('5003', '05bf2df2eacc4605abe12cbacbbbdbfcbbc7bffdb000b3df29429e80e7646846', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('5004', '4e102511c4fbfe5f72502e44a2cb561de2d15c5feeddab0cd3c3cb827766c4d4', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) VALUES ('5005', '60895615e220e4d446af09213becf7e99e854e0f91b1006807a18524e123c91b', 1, 'graph', '2026-01-01T00:00:01Z');
INSERT INTO photo_people (id, photo_id, person_id, name, x, y) VALUES (4, '1014', '9', 'Grace Hopper', 50.0, 50.0);
INSERT INTO photo_people (id, photo_id, person_id, name, x, y) VALUES (5, '1015', NULL, 'somebody', NULL, NULL);
INSERT INTO photo_people (id, photo_id, person_id, name, x, y) VALUES (6, '1015', '9', 'Grace', NULL, NULL);
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (1, '1001', 1, 'photo', 'edited', 'now with a title', NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', 'stored', 0, NULL, '2026-01-01T00:00:01.016000Z', NULL, NULL, NULL, 'bc9e798b2ba4436e4b29dabc06038c5972c64f25732ebd55034405883bdcb0f4', 'photos/2014/07/2014-07-05_1001', '{"id": "1001", "node": "Photo(id=''1001'', kind=<Kind.PHOTO: ''photo''>, caption=''edited'', title=''now with a title'', alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (10, '1010', 1, 'photo', 'caption 10', NULL, NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', 64, 48, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'stored', 0, NULL, '2026-01-01T00:00:01.020000Z', NULL, NULL, NULL, 'bcc76765df159742c979e8a05548034e25e9928b7e6c604a38410948090089ae', 'photos/2014/07/2014-07-05_1010', '{"id": "1010", "node": "Photo(id=''1010'', kind=<Kind.PHOTO: ''photo''>, caption=''caption 10'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (11, '1013', 1, 'photo', NULL, 'new
line, tab	, \ back, “quotes”,  , , 👩‍👩‍👧, ￿, long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long ', 'new
line, tab	, \ back, “quotes”,  , , 👩‍👩‍👧, ￿, long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long ', 'https://www.facebook.com/1', '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', NULL, NULL, NULL, NULL, '77', 47.3663412345678, 8.5411098765432, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', 'stored', 0, NULL, '2026-01-01T00:00:01.020000Z', NULL, NULL, NULL, 'ed2e3225229793f73bc44796bca235dc5251913c67e03f78846f7a3beaf9be3f', 'photos/2014/07/2014-07-05_1013', '{"id": "1013", "node": "Photo(id=''1013'', kind=<Kind.PHOTO: ''photo''>, caption=None, title=''new\\nline, tab\\t, \\\\ back, “quotes”, \\u2028, \\x7f, 👩\\u200d👩\\u200d👧, \\uffff, long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long '', alt_text=''new\\nline, tab\\t, \\\\ back, “quotes”, \\u2028, \\x7f, 👩\\u200d👩\\u200d👧, \\uffff, long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long '', link=''https://www.facebook.com/1'', file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=Place(id=''77'', name=''Lake “Über” 湖'', city=''Zürich'', country=''Switzerland'', latitude=47.3663412345678, longitude=8.5411098765432), created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (12, '1014', 1, 'photo', 'caption 14', NULL, NULL, NULL, '2031-02-28T23:59:59Z', 'created', 'second', 'image/jpeg', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', 'stored', 0, NULL, '2026-01-01T00:00:01.020000Z', NULL, NULL, NULL, 'cac99a1d51e71b7f2d1b2d345406b8788301a2384b002f0e45d13ea5641d638c', 'photos/2031/02/2031-02-28_1014', '{"id": "1014", "node": "Photo(id=''1014'', kind=<Kind.PHOTO: ''photo''>, caption=''caption 14'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2031, 2, 28, 23, 59, 59, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=(Tag(name=''Grace Hopper'', person_id=''9'', x=50.0, y=50.0),), comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (13, '1015', 1, 'photo', 'caption 15', NULL, NULL, NULL, NULL, NULL, NULL, 'image/jpeg', NULL, NULL, NULL, NULL, '77', 47.3663412345678, 8.5411098765432, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', 'stored', 0, NULL, '2026-01-01T00:00:01.028000Z', NULL, NULL, NULL, '28b0f6f97c2e6bd4220a1a75f347ca9fa9c2d6d1a9fe18ff8d667e0d5f16bbd8', 'photos/undated/undated_1015', '{"id": "1015", "node": "Photo(id=''1015'', kind=<Kind.PHOTO: ''photo''>, caption=''caption 15'', title=None, alt_text=None, link=None, file_date=None, file_date_source=None, file_date_precision=None, width=None, height=None, from_id=None, from_name=None, place=Place(id=''77'', name=''Lake, renamed'', city=''Zürich'', country=''Switzerland'', latitude=47.3663412345678, longitude=8.5411098765432), created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=(Tag(name=''somebody'', person_id=None, x=None, y=None), Tag(name=''Grace'', person_id=''9'', x=None, y=None)), comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (14, '1016', 1, 'photo', 'the same bytes as 1001', NULL, NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', 64, 48, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'stored', 0, NULL, '2026-01-01T00:00:01.028000Z', NULL, NULL, NULL, 'bc9e798b2ba4436e4b29dabc06038c5972c64f25732ebd55034405883bdcb0f4', 'photos/2014/07/2014-07-05_1016', '{"id": "1016", "node": "Photo(id=''1016'', kind=<Kind.PHOTO: ''photo''>, caption=''the same bytes as 1001'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (15, '1017', 1, 'photo', 'caption 17', NULL, NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', 'stored', 0, NULL, '2026-01-01T00:00:01.028000Z', NULL, NULL, NULL, 'e2c0fec0d39bf1f338f2c95927e369aedfba03b3aefd7c255198850381e64156', 'photos/2014/07/2014-07-05_1017', '{"id": "1017", "node": "Photo(id=''1017'', kind=<Kind.PHOTO: ''photo''>, caption=''caption 17'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=(Comment(id=''c1'', message=''edited'', parent_id=None, from_id=None, from_name=None, created_at=None),), reactions=((''LIKE'', 4),), variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (16, '1018', 1, 'video', 'caption 18', NULL, NULL, NULL, '2015-01-01T00:00:00Z', 'created', 'second', 'video/mp4', 640, 480, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'stored', 0, NULL, '2026-01-01T00:00:01.028000Z', NULL, NULL, NULL, '8cb05a055f984b2d24162f2aa3dac5001ce37ca7e46b09a485a575c91f71204f', 'videos/2015/01/2015-01-01_1018', '{"id": "1018", "node": "Photo(id=''1018'', kind=<Kind.VIDEO: ''video''>, caption=''caption 18'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2015, 1, 1, 0, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=640, height=480, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (17, '1011', 1, 'photo', 'caption 11', NULL, NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', 64, 48, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'stored', 0, NULL, '2026-01-01T00:00:01.028000Z', NULL, NULL, NULL, '367ecfed7831d750b3a37516d54f185b8ba14b90972c3fdbacfc891c5f85e14a', 'photos/2014/07/2014-07-05_1011', '{"id": "1011", "node": "Photo(id=''1011'', kind=<Kind.PHOTO: ''photo''>, caption=''caption 11'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (18, '1012', 1, 'photo', 'caption 12', NULL, NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', 64, 48, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'stored', 0, NULL, '2026-01-01T00:00:01.028000Z', NULL, NULL, NULL, '94cd277ffcf366249c513ebabd34ee99a3d490c496a827aaaec4d996cee946f6', 'photos/2014/07/2014-07-05_1012', '{"id": "1012", "node": "Photo(id=''1012'', kind=<Kind.PHOTO: ''photo''>, caption=''caption 12'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (19, '1019', 1, 'photo', 'can''t be read', NULL, NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'failed', 2, '500', '2026-01-01T00:00:02.037000Z', '2026-01-01T00:10:02Z', NULL, NULL, NULL, 'photos/2014/07/2014-07-05_1019', '{"id": "1019", "node": "Photo(id=''1019'', kind=<Kind.PHOTO: ''photo''>, caption=\"can''t be read\", title=None, alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (2, '1002', 1, 'photo', 'caption 2', NULL, NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', 64, 48, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'stored', 0, NULL, '2026-01-01T00:00:01.016000Z', NULL, NULL, NULL, '7f3d497d87ccc82d5e4ace0c2a328fbddb6a56bd3af84ec4ddf487331775edb9', 'photos/2014/07/2014-07-05_1002', '{"id": "1002", "node": "Photo(id=''1002'', kind=<Kind.PHOTO: ''photo''>, caption=''caption 2'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (20, '5001', 2, 'photo', 'caption 1', NULL, NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', 64, 48, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'stored', 0, NULL, '2026-01-01T00:00:01.017000Z', NULL, NULL, NULL, 'bc9e798b2ba4436e4b29dabc06038c5972c64f25732ebd55034405883bdcb0f4', 'photos/2014/07/2014-07-05_5001', '{"id": "5001", "node": "Photo(id=''5001'', kind=<Kind.PHOTO: ''photo''>, caption=''caption 1'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (21, '5002', 2, 'photo', 'caption 2', NULL, NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', 64, 48, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'stored', 0, NULL, '2026-01-01T00:00:01.019000Z', NULL, NULL, NULL, '7f3d497d87ccc82d5e4ace0c2a328fbddb6a56bd3af84ec4ddf487331775edb9', 'photos/2014/07/2014-07-05_5002', '{"id": "5002", "node": "Photo(id=''5002'', kind=<Kind.PHOTO: ''photo''>, caption=''caption 2'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (22, '5003', 2, 'photo', 'caption 3', NULL, NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', 64, 48, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'stored', 0, NULL, '2026-01-01T00:00:01.019000Z', NULL, NULL, NULL, '05bf2df2eacc4605abe12cbacbbbdbfcbbc7bffdb000b3df29429e80e7646846', 'photos/2014/07/2014-07-05_5003', '{"id": "5003", "node": "Photo(id=''5003'', kind=<Kind.PHOTO: ''photo''>, caption=''caption 3'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (23, '5004', 2, 'photo', 'caption 4', NULL, NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', 64, 48, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'stored', 0, NULL, '2026-01-01T00:00:01.019000Z', NULL, NULL, NULL, '4e102511c4fbfe5f72502e44a2cb561de2d15c5feeddab0cd3c3cb827766c4d4', 'photos/2014/07/2014-07-05_5004', '{"id": "5004", "node": "Photo(id=''5004'', kind=<Kind.PHOTO: ''photo''>, caption=''caption 4'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (24, '5005', 2, 'photo', 'caption 5', NULL, NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', 64, 48, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'stored', 0, NULL, '2026-01-01T00:00:01.019000Z', NULL, NULL, NULL, '60895615e220e4d446af09213becf7e99e854e0f91b1006807a18524e123c91b', 'photos/2014/07/2014-07-05_5005', '{"id": "5005", "node": "Photo(id=''5005'', kind=<Kind.PHOTO: ''photo''>, caption=''caption 5'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (3, '1003', 1, 'photo', 'larger now', NULL, NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', 128, 96, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', 'stored', 0, NULL, '2026-01-01T00:00:02.047000Z', NULL, NULL, NULL, '09e67fcb22eea10845886837d472948b0e41ed5fb0dba267bac8f1de7e2db132', 'photos/2014/07/2014-07-05_1003', '{"id": "1003", "node": "Photo(id=''1003'', kind=<Kind.PHOTO: ''photo''>, caption=''larger now'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (4, '1004', 1, 'photo', 'caption 4', NULL, NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', 64, 48, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'stored', 0, NULL, '2026-01-01T00:00:01.017000Z', NULL, NULL, NULL, '4e102511c4fbfe5f72502e44a2cb561de2d15c5feeddab0cd3c3cb827766c4d4', 'photos/2014/07/2014-07-05_1004', '{"id": "1004", "node": "Photo(id=''1004'', kind=<Kind.PHOTO: ''photo''>, caption=''caption 4'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (5, '1005', 1, 'photo', 'caption 5', NULL, NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', 64, 48, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'stored', 0, NULL, '2026-01-01T00:00:01.018000Z', NULL, '2026-01-01T00:00:02Z', 'code 100/33: does not exist', '60895615e220e4d446af09213becf7e99e854e0f91b1006807a18524e123c91b', 'photos/2014/07/2014-07-05_1005', '{"id": "1005", "node": "Photo(id=''1005'', kind=<Kind.PHOTO: ''photo''>, caption=''caption 5'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (6, '1006', 1, 'photo', 'caption 6', NULL, NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', 64, 48, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'stored', 0, NULL, '2026-01-01T00:00:01.018000Z', NULL, NULL, NULL, 'a3ba6cd07a0a5fdcab78ae62e640dc11059105d4d180c7cc4358088ff7f871c5', 'photos/2014/07/2014-07-05_1006', '{"id": "1006", "node": "Photo(id=''1006'', kind=<Kind.PHOTO: ''photo''>, caption=''caption 6'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (7, '1007', 1, 'photo', 'caption 7', NULL, NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', 64, 48, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'stored', 0, NULL, '2026-01-01T00:00:01.018000Z', NULL, NULL, NULL, '2921d922c7f2b02635f339b63cd04832d631c1d86106285293c48b33a5940ee7', 'photos/2014/07/2014-07-05_1007', '{"id": "1007", "node": "Photo(id=''1007'', kind=<Kind.PHOTO: ''photo''>, caption=''caption 7'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (8, '1008', 1, 'photo', 'caption 8', NULL, NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', 64, 48, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'stored', 0, NULL, '2026-01-01T00:00:01.018000Z', NULL, NULL, NULL, '20777646c8aea885433e15483a1326e8d9c17223896b2c325816d2f34adbf462', 'photos/2014/07/2014-07-05_1008', '{"id": "1008", "node": "Photo(id=''1008'', kind=<Kind.PHOTO: ''photo''>, caption=''caption 8'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos (number, id, account_id, kind, caption, title, alt_text, link, file_date, file_date_source, file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude, created_at, updated_at, backdated_at, first_seen_at, last_seen_at, state, attempts, last_error, tried_at, next_try_at, gone_at, gone_evidence, sha256, key_stem, raw) VALUES (9, '1009', 1, 'photo', 'caption 9', NULL, NULL, NULL, '2014-07-05T10:00:00Z', 'created', 'second', 'image/jpeg', 64, 48, NULL, NULL, NULL, NULL, NULL, '2014-07-05T10:00:00Z', NULL, NULL, '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'stored', 0, NULL, '2026-01-01T00:00:01.020000Z', NULL, NULL, NULL, '78eaf11501226be39486873828dafa6bb2253446029bd02b992f2c58e237e299', 'photos/2014/07/2014-07-05_1009', '{"id": "1009", "node": "Photo(id=''1009'', kind=<Kind.PHOTO: ''photo''>, caption=''caption 9'', title=None, alt_text=None, link=None, file_date=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), file_date_source=''created_time'', file_date_precision=''second'', width=None, height=None, from_id=None, from_name=None, place=None, created_at=datetime.datetime(2014, 7, 5, 10, 0, tzinfo=datetime.timezone.utc), updated_at=None, backdated_at=None, album=None, people=None, comments=None, reactions=None, variants=(), raw=''{}'', absent_fields=frozenset())"}');
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (1, 'edited', 'now with a title', NULL, 'Lake, renamed', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (10, 'caption 10', NULL, NULL, 'Lake, renamed', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (11, NULL, 'new
line, tab	, \ back, “quotes”,  , , 👩‍👩‍👧, ￿, long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long ', 'new
line, tab	, \ back, “quotes”,  , , 👩‍👩‍👧, ￿, long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long ', 'new
line, tab	, \ back, “quotes”,  , , 👩‍👩‍👧, ￿, long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long ', NULL, 'Lake, renamed Zürich Switzerland');
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (12, 'caption 14', NULL, NULL, 'new
line, tab	, \ back, “quotes”,  , , 👩‍👩‍👧, ￿, long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long ', 'Grace Hopper', NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (13, 'caption 15', NULL, NULL, 'new
line, tab	, \ back, “quotes”,  , , 👩‍👩‍👧, ￿, long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long ', 'somebody
Grace', 'Lake, renamed Zürich Switzerland');
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (14, 'the same bytes as 1001', NULL, NULL, 'new
line, tab	, \ back, “quotes”,  , , 👩‍👩‍👧, ￿, long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long ', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (15, 'caption 17', NULL, NULL, 'new
line, tab	, \ back, “quotes”,  , , 👩‍👩‍👧, ￿, long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long ', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (16, 'caption 18', NULL, NULL, 'new
line, tab	, \ back, “quotes”,  , , 👩‍👩‍👧, ￿, long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long ', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (17, 'caption 11', NULL, NULL, 'Lake, renamed', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (18, 'caption 12', NULL, NULL, 'Lake, renamed', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (19, 'can''t be read', NULL, NULL, 'Lake, renamed', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (2, 'caption 2', NULL, NULL, 'Lake, renamed', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (20, 'caption 1', NULL, NULL, 'Lake', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (21, 'caption 2', NULL, NULL, 'Lake', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (22, 'caption 3', NULL, NULL, 'Lake', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (23, 'caption 4', NULL, NULL, 'To be removed', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (24, 'caption 5', NULL, NULL, 'To be removed', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (3, 'larger now', NULL, NULL, 'Lake, renamed', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (4, 'caption 4', NULL, NULL, 'Lake, renamed', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (5, 'caption 5', NULL, NULL, 'Lake, renamed', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (6, 'caption 6', NULL, NULL, 'new
line, tab	, \ back, “quotes”,  , , 👩‍👩‍👧, ￿, long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long ', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (7, 'caption 7', NULL, NULL, 'Lake, renamed', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (8, 'caption 8', NULL, NULL, 'Lake, renamed', NULL, NULL);
INSERT INTO photos_fts (rowid, caption, title, alt_text, albums, people, place) VALUES (9, 'caption 9', NULL, NULL, 'Lake, renamed', NULL, NULL);
INSERT INTO places (id, name, city, country, latitude, longitude) VALUES ('77', 'Lake, renamed', 'Zürich', 'Switzerland', 47.3663412345678, 8.5411098765432);
INSERT INTO reactions (photo_id, kind, count, seen_at) VALUES ('1017', 'LIKE', 4, '2026-01-01T00:00:02Z');
INSERT INTO reactions (photo_id, kind, count, seen_at) VALUES ('1017', 'LOVE', 1, '2026-01-01T00:00:01Z');
INSERT INTO revisions (id, photo_id, album_id, field, old, new, seen_at) VALUES (1, NULL, 1, 'title', 'Lake', 'Lake, renamed', '2026-01-01T00:00:02Z');
INSERT INTO revisions (id, photo_id, album_id, field, old, new, seen_at) VALUES (2, '1001', NULL, 'caption', 'caption 1', 'edited', '2026-01-01T00:00:02Z');
INSERT INTO revisions (id, photo_id, album_id, field, old, new, seen_at) VALUES (3, '1003', NULL, 'caption', 'caption 3', 'larger now', '2026-01-01T00:00:02Z');
INSERT INTO revisions (id, photo_id, album_id, field, old, new, seen_at) VALUES (4, '1013', NULL, 'caption', 'new
line, tab	, \ back, “quotes”,  , , 👩‍👩‍👧, ￿, long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long ', NULL, '2026-01-01T00:00:02Z');
INSERT INTO revisions (id, photo_id, album_id, field, old, new, seen_at) VALUES (5, '1017', NULL, 'comment c1', 'first
line', 'edited', '2026-01-01T00:00:02Z');
INSERT INTO runs (id, account_id, kind, started_at, finished_at, outcome, counters, calls, bytes, error) VALUES (1, 1, 'quick', '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'incomplete', '{"albums_listed": 3, "photos_changed": 0, "photos_failed": 1, "photos_gone": 0, "photos_listed": 19, "photos_new": 19, "photos_stored": 18, "thumbnails": 17}', 7, 13088, NULL);
INSERT INTO runs (id, account_id, kind, started_at, finished_at, outcome, counters, calls, bytes, error) VALUES (2, 2, 'quick', '2026-01-01T00:00:01Z', '2026-01-01T00:00:01Z', 'complete', '{"albums_listed": 2, "photos_changed": 0, "photos_failed": 0, "photos_gone": 0, "photos_listed": 5, "photos_new": 5, "photos_stored": 5, "thumbnails": 5}', 5, 3540, NULL);
INSERT INTO runs (id, account_id, kind, started_at, finished_at, outcome, counters, calls, bytes, error) VALUES (3, 1, 'deep', '2026-01-01T00:00:02Z', '2026-01-01T00:00:02Z', 'incomplete', '{"albums_listed": 2, "photos_changed": 6, "photos_failed": 1, "photos_gone": 1, "photos_listed": 18, "photos_new": 0, "photos_stored": 1, "thumbnails": 1}', 15, 858, NULL);
INSERT INTO runs (id, account_id, kind, started_at, finished_at, outcome, counters, calls, bytes, error) VALUES (4, 2, 'deep', '2026-01-01T00:00:02Z', '2026-01-01T00:00:02Z', 'complete', '{"albums_listed": 2, "photos_changed": 0, "photos_failed": 0, "photos_gone": 0, "photos_listed": 5, "photos_new": 0, "photos_stored": 0, "thumbnails": 0}', 10, 0, NULL);
INSERT INTO runs (id, account_id, kind, started_at, finished_at, outcome, counters, calls, bytes, error) VALUES (5, 2, 'deep', '2026-01-01T00:00:03Z', '2026-01-01T00:00:03Z', 'incomplete', '{"albums_listed": 0, "photos_changed": 0, "photos_failed": 0, "photos_gone": 0, "photos_listed": 2, "photos_new": 0, "photos_stored": 0, "thumbnails": 0}', 14, 0, 'the call allowance is used up');
INSERT INTO source_states (account_id, state, saved_at) VALUES (1, '{}', '2026-01-01T00:00:01Z');
INSERT INTO source_states (account_id, state, saved_at) VALUES (2, '{}', '2026-01-01T00:00:01Z');
INSERT INTO variants (photo_id, rank, width, height, format, url, expires_at) VALUES ('1019', 0, 64, 48, 'jpeg', 'https://cdn.test/1019.jpg?72', NULL);
INSERT INTO variants (photo_id, rank, width, height, format, url, expires_at) VALUES ('1019', 1, 32, 24, 'jpeg', 'https://cdn.test/1019.jpg?72', '2040-01-01T00:00:00Z');
CREATE INDEX album_audits_by_album ON album_audits(album_id, run_id);
CREATE INDEX album_photos_by_photo ON album_photos(photo_id);
CREATE INDEX comments_by_photo ON comments(photo_id);
CREATE INDEX files_by_bytes ON files(bytes);
CREATE INDEX files_by_thumbnail ON files(thumbnail_size);
CREATE INDEX files_damaged ON files(damaged_at) WHERE damaged_at IS NOT NULL;
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX imported_media_by_photo ON imported_media(photo_id);
CREATE INDEX mentions_with_hint ON mentions(hint) WHERE hint IS NOT NULL;
CREATE INDEX photo_aliases_by_photo ON photo_aliases(photo_id);
CREATE INDEX photo_files_by_digest ON photo_files(sha256);
CREATE INDEX photo_people_by_person ON photo_people(person_id);
CREATE INDEX photo_people_by_photo ON photo_people(photo_id);
CREATE INDEX photos_by_digest ON photos(sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX photos_by_month ON photos(substr(key_stem, 1, 14));
CREATE INDEX photos_by_place ON photos(place_id) WHERE place_id IS NOT NULL;
CREATE INDEX photos_by_state ON photos(state, account_id, next_try_at);
CREATE INDEX photos_gone ON photos(gone_at) WHERE gone_at IS NOT NULL;
CREATE INDEX photos_shown ON photos(file_date, id) WHERE sha256 IS NOT NULL;
CREATE INDEX photos_shown_by_place ON photos(place_id) WHERE place_id IS NOT NULL AND sha256 IS NOT NULL;
CREATE INDEX revisions_by_album ON revisions(album_id);
CREATE INDEX revisions_by_photo ON revisions(photo_id);
CREATE INDEX runs_by_account ON runs(account_id, id);
CREATE INDEX uploads_by_photo ON uploads(photo_id);
CREATE UNIQUE INDEX uploads_once ON uploads(destination, album, photo_id) WHERE state IN ('sending', 'done');
CREATE VIEW caption_history AS
SELECT r.photo_id, r.album_id, r.field, r.old, r.new, r.seen_at FROM revisions r ORDER BY r.seen_at, r.id;
CREATE VIEW gone AS
SELECT p.id, p.gone_at, p.gone_evidence, p.file_date, p.caption, f.key AS path
  FROM photos p LEFT JOIN files f ON f.sha256 = p.sha256 WHERE p.gone_at IS NOT NULL;
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
CREATE VIEW missing AS
SELECT p.id, p.kind, p.state, p.attempts, p.last_error, p.tried_at, p.next_try_at, p.file_date, p.caption, p.link
  FROM photos p WHERE p.state <> 'stored';
CREATE VIEW timeline AS
SELECT substr(p.file_date, 1, 4) AS year, substr(p.file_date, 1, 7) AS month, p.file_date, p.id, p.caption,
       f.key AS path
  FROM photos p JOIN files f ON f.sha256 = p.sha256
 ORDER BY p.file_date, p.id;
CREATE TRIGGER mark_accounts AFTER UPDATE ON accounts
    WHEN (OLD.name, OLD.source, OLD.remote_id, OLD.display_name, OLD.permissions, OLD.login_expires_at,
    OLD.data_access_expires_at) IS NOT (NEW.name, NEW.source, NEW.remote_id, NEW.display_name, NEW.permissions,
    NEW.login_expires_at, NEW.data_access_expires_at) BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_accounts_gone AFTER DELETE ON accounts BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_accounts_new AFTER INSERT ON accounts BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_album_photos AFTER UPDATE OF position, first_seen_at, removed_at ON album_photos BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_album_photos_gone AFTER DELETE ON album_photos BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_album_revision AFTER INSERT ON revisions
    WHEN NEW.album_id IS NOT NULL BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_album_taken_over AFTER UPDATE OF account_id, remote_id ON albums BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
    INSERT INTO outdated SELECT substr(p.key_stem, 1, 14) FROM album_photos m JOIN photos p ON p.id = m.photo_id
      WHERE m.album_id = NEW.id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_album_title AFTER UPDATE OF title ON albums
    WHEN (OLD.title) IS NOT (NEW.title) BEGIN
    INSERT INTO outdated SELECT substr(p.key_stem, 1, 14) FROM album_photos m JOIN photos p ON p.id = m.photo_id
      WHERE m.album_id = NEW.id ON CONFLICT DO NOTHING;
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
CREATE TRIGGER mark_albums_new AFTER INSERT ON albums BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_audit AFTER INSERT ON album_audits BEGIN
    INSERT INTO outdated SELECT 'journal/' || substr(started_at, 1, 7) FROM runs WHERE id = NEW.run_id ON CONFLICT
      DO NOTHING;
END;
CREATE TRIGGER mark_comments AFTER UPDATE ON comments BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_comments_gone AFTER DELETE ON comments BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_comments_new AFTER INSERT ON comments BEGIN
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
CREATE TRIGGER mark_file_gone AFTER DELETE ON files BEGIN
    INSERT INTO outdated VALUES ('checksums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_file_new AFTER INSERT ON files BEGIN
    INSERT INTO outdated VALUES ('checksums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_imported_media_delete AFTER DELETE ON imported_media BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_imported_media_insert AFTER INSERT ON imported_media BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_imported_media_update AFTER UPDATE ON imported_media BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_listing_pages_delete AFTER DELETE ON listing_pages BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_listing_pages_insert AFTER INSERT ON listing_pages BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_listing_pages_update AFTER UPDATE ON listing_pages BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_listings_delete AFTER DELETE ON listings BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_listings_insert AFTER INSERT ON listings BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_listings_update AFTER UPDATE ON listings BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_mentions_delete AFTER DELETE ON mentions BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_mentions_insert AFTER INSERT ON mentions BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_mentions_update AFTER UPDATE ON mentions BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_not_understood_delete AFTER DELETE ON not_understood BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_not_understood_insert AFTER INSERT ON not_understood BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_not_understood_update AFTER UPDATE ON not_understood BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_people AFTER UPDATE ON people
    WHEN (OLD.name) IS NOT (NEW.name) BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_people_gone AFTER DELETE ON people BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_people_new AFTER INSERT ON people BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo AFTER UPDATE OF kind, caption, title, alt_text, link, file_date, file_date_source,
    file_date_precision, content_type, width, height, from_id, from_name, place_id, latitude, longitude,
    created_at, updated_at, backdated_at, state, attempts, last_error, tried_at, next_try_at, gone_at,
    gone_evidence, sha256, raw ON photos BEGIN
    INSERT INTO outdated VALUES (substr(NEW.key_stem, 1, 14)) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_aliases_delete AFTER DELETE ON photo_aliases BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_aliases_insert AFTER INSERT ON photo_aliases BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_aliases_update AFTER UPDATE ON photo_aliases BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_fields_delete AFTER DELETE ON photo_fields BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_fields_insert AFTER INSERT ON photo_fields BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_fields_update AFTER UPDATE ON photo_fields BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_files AFTER UPDATE ON photo_files BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_files_gone AFTER DELETE ON photo_files BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_files_new AFTER INSERT ON photo_files BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_gone AFTER DELETE ON photos BEGIN
    INSERT INTO outdated VALUES (substr(OLD.key_stem, 1, 14)) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_people AFTER UPDATE ON photo_people BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_people_gone AFTER DELETE ON photo_people BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_people_new AFTER INSERT ON photo_people BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_photo_taken_over AFTER UPDATE OF account_id ON photos BEGIN
    INSERT INTO outdated VALUES (substr(NEW.key_stem, 1, 14)) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_place AFTER UPDATE ON places
    WHEN (OLD.name, OLD.city, OLD.country, OLD.latitude, OLD.longitude) IS NOT (NEW.name, NEW.city, NEW.country,
    NEW.latitude, NEW.longitude) BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE place_id = NEW.id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_places AFTER UPDATE ON places
    WHEN (OLD.name, OLD.city, OLD.country, OLD.latitude, OLD.longitude) IS NOT (NEW.name, NEW.city, NEW.country,
    NEW.latitude, NEW.longitude) BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_places_gone AFTER DELETE ON places BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_places_new AFTER INSERT ON places BEGIN
    INSERT INTO outdated VALUES ('albums') ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_reactions AFTER UPDATE ON reactions BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_reactions_gone AFTER DELETE ON reactions BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_reactions_new AFTER INSERT ON reactions BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_revision AFTER INSERT ON revisions
    WHEN NEW.photo_id IS NOT NULL BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_run_insert AFTER INSERT ON runs BEGIN
    INSERT INTO outdated VALUES ('journal/' || substr(NEW.started_at, 1, 7)) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_run_update AFTER UPDATE ON runs BEGIN
    INSERT INTO outdated VALUES ('journal/' || substr(NEW.started_at, 1, 7)) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_source_state_insert AFTER INSERT ON source_states BEGIN
    INSERT INTO outdated VALUES ('journal/' || substr(NEW.saved_at, 1, 7)) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_source_state_update AFTER UPDATE ON source_states BEGIN
    INSERT INTO outdated VALUES ('journal/' || substr(NEW.saved_at, 1, 7)) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_uploads AFTER UPDATE ON uploads BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_uploads_gone AFTER DELETE ON uploads BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = OLD.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_uploads_new AFTER INSERT ON uploads BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER mark_variants AFTER UPDATE ON variants BEGIN
    INSERT INTO outdated SELECT substr(key_stem, 1, 14) FROM photos WHERE id = NEW.photo_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER photos_counted_anew AFTER UPDATE OF file_date, sha256 ON photos
WHEN (old.sha256 IS NULL) <> (new.sha256 IS NULL) OR old.file_date IS NOT new.file_date BEGIN
    UPDATE months SET photos = photos - 1
     WHERE old.sha256 IS NOT NULL AND month = coalesce(substr(old.file_date, 1, 7), '');
    INSERT INTO months SELECT coalesce(substr(new.file_date, 1, 7), ''), 1 WHERE new.sha256 IS NOT NULL
        ON CONFLICT (month) DO UPDATE SET photos = photos + 1;
END;
CREATE TRIGGER photos_counted_out AFTER DELETE ON photos WHEN old.sha256 IS NOT NULL BEGIN
    UPDATE months SET photos = photos - 1 WHERE month = coalesce(substr(old.file_date, 1, 7), '');
END;
