"""What has to be true inside a sound catalog, and the questions that find where it is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from sqlite3 import Connection

from fbbackup.catalog.photos import DATE_SOURCES, IS_PURGED
from fbbackup.catalog.search import SEARCH_COLUMNS, SEARCH_TEXT

DAMAGED_PAGES = "catalog damaged"
DANGLING_KEYS = "row that points nowhere"
STALE_SEARCH_ROW = "search row differs from the photo"
STALE_SEARCH_INDEX = "search index differs from its rows"

_TOKENIZER = "unicode61 remove_diacritics 2"
_QUESTIONS = {
    DAMAGED_PAGES: "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
    DANGLING_KEYS: "SELECT \"table\" || ' row ' || coalesce(rowid, '?') || ' points at ' || \"parent\" "
    "FROM pragma_foreign_key_check",
    "stored without a file": "SELECT p.id FROM photos p LEFT JOIN files f ON f.sha256 = p.sha256 "
    "WHERE p.state = 'stored' AND (f.sha256 IS NULL OR f.damaged_at IS NOT NULL)",
    "current file differs from the photo's": "SELECT p.id FROM photos p WHERE p.state = 'stored' AND NOT EXISTS "
    "(SELECT 1 FROM photo_files x WHERE x.photo_id = p.id AND x.is_current AND x.sha256 = p.sha256)",
    "more than one current file": "SELECT photo_id FROM photo_files WHERE is_current GROUP BY photo_id "
    "HAVING count(*) > 1",
    "file of no photo": "SELECT f.key FROM files f WHERE NOT EXISTS "
    "(SELECT 1 FROM photo_files x WHERE x.sha256 = f.sha256)",
    "purged photo still has a file": "SELECT DISTINCT p.id FROM photo_files x "  # noqa: S608 - a constant
    f"JOIN photos p ON p.id = x.photo_id WHERE {IS_PURGED}",
    "digest that is none": "SELECT key FROM files WHERE length(sha256) <> 64 OR sha256 GLOB '*[^0-9a-f]*'",
    "address of a stored photo": "SELECT DISTINCT p.id FROM variants v JOIN photos p ON p.id = v.photo_id "
    "WHERE p.state = 'stored'",
    "gone photo still wanted": "SELECT id FROM photos WHERE gone_at IS NOT NULL AND state IN ('wanted', 'failed')",
    "tombstone without evidence": "SELECT id FROM photos WHERE gone_at IS NOT NULL AND gone_evidence IS NULL "
    "UNION ALL SELECT remote_id FROM albums WHERE gone_at IS NOT NULL AND gone_evidence IS NULL",
    "failure without a reason": "SELECT id FROM photos WHERE state IN ('failed', 'unavailable') AND last_error IS NULL",
    "position below zero": "SELECT a.remote_id || ' ' || m.photo_id FROM album_photos m "
    "JOIN albums a ON a.id = m.album_id WHERE m.position < 0",
    "file date without a source": "SELECT id FROM photos WHERE (file_date IS NULL) <> (file_date_source IS NULL) "
    "OR file_date_source NOT IN (SELECT value FROM json_each(:date_sources)) "
    "OR strftime('%Y-%m-%dT%H:%M:%SZ', file_date) IS NOT file_date",
    "miscounted month": "SELECT month FROM (SELECT month, photos FROM months WHERE photos <> 0 UNION ALL "
    "SELECT coalesce(substr(file_date, 1, 7), ''), count(*) FROM photos WHERE sha256 IS NOT NULL GROUP BY 1) "
    "GROUP BY month, photos HAVING count(*) <> 2",
    "search row missing": "SELECT id FROM photos WHERE number NOT IN (SELECT rowid FROM photos_fts)",
    "search row of no photo": "SELECT rowid FROM photos_fts WHERE rowid NOT IN (SELECT number FROM photos)",
}


def knows(rule: str) -> bool:
    """Whether `broken` can tell."""
    return rule in _QUESTIONS or rule in (STALE_SEARCH_ROW, STALE_SEARCH_INDEX)


def broken(db: Connection, rule: str) -> Iterator[str]:
    """For whom a rule does not hold: ids, keys, or words where there is no id. A catalog too damaged for the
    question breaks the rule as well."""
    try:
        if rule == STALE_SEARCH_ROW:
            yield from _stale_search_rows(db)
        elif rule == STALE_SEARCH_INDEX:
            yield from _stale_search_index(db)
        else:
            for row in db.execute(_QUESTIONS[rule], {"date_sources": json.dumps(DATE_SOURCES)}):
                yield str(row[0])
    except db.DatabaseError as error:
        yield f"can't be told ({error})"


def _stale_search_rows(db: Connection) -> Iterator[str]:
    """Photos whose searchable words are not those of their rows; several albums or people may be in any order."""
    rows = db.execute(
        f"WITH said AS ({SEARCH_TEXT} FROM photos p) SELECT * FROM said JOIN photos_fts t ON t.rowid = said.number "  # noqa: S608 - constants only
        f"WHERE ({', '.join('said.' + name for name in SEARCH_COLUMNS)}) "
        f"IS NOT ({', '.join('t.' + name for name in SEARCH_COLUMNS)})"
    )
    for number, *words in rows:
        half = len(SEARCH_COLUMNS)
        if [_lines(text) for text in words[:half]] != [_lines(text) for text in words[half:]]:
            yield db.execute("SELECT id FROM photos WHERE number = ?", (number,)).fetchone()[0]


def _lines(text: str | None) -> list[str] | None:
    return None if text is None else sorted(text.split("\n"))


def _stale_search_index(db: Connection) -> Iterator[str]:
    """Words that the index has in more or fewer photos than its rows do, found by indexing them once more."""
    columns = ", ".join(SEARCH_COLUMNS)
    db.execute(f"CREATE VIRTUAL TABLE temp.again USING fts5 ({columns}, content = '', tokenize = '{_TOKENIZER}')")
    try:
        db.execute(f"INSERT INTO again (rowid, {columns}) SELECT rowid, {columns} FROM photos_fts")  # noqa: S608
        db.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab (main, photos_fts, row)")
        db.execute("CREATE VIRTUAL TABLE temp.words_again USING fts5vocab (temp, again, row)")
        for row in db.execute(
            "SELECT DISTINCT term FROM (SELECT * FROM (SELECT * FROM words EXCEPT SELECT * FROM words_again) "
            "UNION ALL SELECT * FROM (SELECT * FROM words_again EXCEPT SELECT * FROM words))"
        ):
            yield f"the word {row[0]!r}"
    finally:
        if db.in_transaction:
            db.rollback()
        for table in ("words", "words_again", "again"):
            db.execute(f"DROP TABLE IF EXISTS temp.{table}")
