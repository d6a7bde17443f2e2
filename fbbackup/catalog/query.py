"""Search: what a person types becomes a full-text question and conditions; the command line and the pages share it.

lake summer            both words, best matches first      "summer house"   these words in this order
sun*                   words that begin so                 -rain            without this word
album:Lake person:"Ada Example" place:Oslo                 in that field; the newest first
from:2014 to:2016-05   dates, both included                has:caption|people|place|comments, is:video|photo
gone:yes               gone on Facebook
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from sqlite3 import Connection, Row

from fbbackup.catalog.scopes import BY_DATE, COLUMNS, ITEM, TIMELINE, Key, Scope, items, page

FIELDS = {
    "album": "albums", "person": "people", "people": "people", "place": "place", "caption": "caption",
    "title": "title", "alt": "alt_text",
}  # fmt: skip
HAS = {
    "caption": "p.caption IS NOT NULL AND p.caption <> ''",
    "people": "EXISTS (SELECT 1 FROM photo_people t WHERE t.photo_id = p.id)",
    "place": "p.place_id IS NOT NULL",
    "comments": "EXISTS (SELECT 1 FROM comments c WHERE c.photo_id = p.id)",
}
IS = {"video": "p.kind = 'video'", "photo": "p.kind = 'photo'"}
GONE = {"yes": "p.gone_at IS NOT NULL", "no": "p.gone_at IS NULL"}
LONGEST = 500
MOST_TERMS = 32

_TERM = re.compile(r'(-?)(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)
_DATE = re.compile(r"\d{4}(-\d{2}){0,2}")
_WORD = re.compile(r"\w", re.UNICODE)


@dataclass
class Query:
    """What was understood; `problems` are words for what was not, which is left out of the search."""

    words: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def match(self) -> str:
        """The expression for FTS5, empty when no words are asked for."""
        wanted = " AND ".join([*self.words, *self.fields])
        refused = " OR ".join(self.without)
        return f"({wanted}) NOT ({refused})" if wanted and refused else wanted

    @property
    def ranked(self) -> bool:
        """Whether the best matches come first; otherwise the newest do."""
        return bool(self.words)

    @property
    def empty(self) -> bool:
        return not self.match and not self.conditions


def parse(text: str) -> Query:
    """Never fails: whatever can't be understood is searched as words or named in `problems`."""
    query = Query()
    for number, found in enumerate(_TERM.finditer(text[:LONGEST].replace("\0", " "))):
        if number == MOST_TERMS:
            query.problems.append(f"only the first {MOST_TERMS} words count")
            break
        _take(query, found)
    if query.without and not (query.words or query.fields):
        query.problems.append("a word to leave out needs another one to look for")
    return query


def widened(text: str) -> str:
    """The same question where each plain word may also be the beginning of one."""

    def starred(found: re.Match[str]) -> str:
        plain = found[4] is not None and not found[2] and not found[1] and _WORD.search(found[4])
        return f"{found[0]}*" if plain and not found[0].endswith("*") else found[0]

    return _TERM.sub(starred, text[:LONGEST])


def _take(query: Query, found: re.Match[str]) -> None:
    minus, name, quoted, plain = found[1], (found[2] or "").lower(), found[3], found[4]
    value = quoted if quoted is not None else plain
    if name in FIELDS:
        _add(query.without if minus else query.fields, value, f"{FIELDS[name]} : ")
    elif name in _CONDITIONS:
        _CONDITIONS[name](query, value)
    else:
        whole = value if not name else f"{name} {value}"
        _add(query.without if minus else query.words, whole, "")


def _add(terms: list[str], value: str, column: str) -> None:
    prefix = "*" if value.endswith("*") else ""
    if _WORD.search(value):
        text = value.rstrip("*").replace('"', " ")
        terms.append(f'{column}"{text}"{prefix}')


def _date(query: Query, value: str, *, last: bool) -> None:
    if not _DATE.fullmatch(value):
        query.problems.append(f"“{value}” is no date; write 2014, 2014-07 or 2014-07-05")
        return
    query.conditions.append(f"p.file_date {'<=' if last else '>='} ?")
    query.values.append(f"{value}\uffff" if last else value)


def _choice(query: Query, value: str, name: str, choices: dict[str, str]) -> None:
    if (condition := choices.get(value.lower())) is None:
        query.problems.append(f"“{name}:{value}” is not known; write {', '.join(f'{name}:{one}' for one in choices)}")
    else:
        query.conditions.append(condition)


_CONDITIONS = {
    "from": lambda query, value: _date(query, value, last=False),
    "to": lambda query, value: _date(query, value, last=True),
    "has": lambda query, value: _choice(query, value, "has", HAS),
    "is": lambda query, value: _choice(query, value, "is", IS),
    "gone": lambda query, value: _choice(query, value, "gone", GONE),
}


def scope(query: Query) -> Scope | None:
    """The list of what is found; None for an empty question."""
    if query.empty:
        return None
    conditions = " AND ".join(["p.sha256 IS NOT NULL", *query.conditions])
    if not query.match:
        return Scope(TIMELINE.tables, conditions, tuple(query.values), BY_DATE, True)
    tables = "photos_fts CROSS JOIN photos p ON p.number = photos_fts.rowid"
    order = ("photos_fts.rank", "photos_fts.rowid") if query.ranked else BY_DATE
    return Scope(tables, f"photos_fts MATCH ? AND {conditions}", (query.match, *query.values), order, not query.ranked)


def found(db: Connection, query: Query, after: Key | None, limit: int) -> list[Row]:
    """A page of results, each with `first_key` and `second_key` to go on from."""
    wanted = scope(query)
    if wanted is None:
        return []
    return _ranked(db, COLUMNS, query, after, limit) if query.ranked else page(db, wanted, after, limit)


def found_items(db: Connection, query: Query, after: Key | None, limit: int) -> tuple[list[str], Key | None]:
    """The same as JSON objects, and the key to go on from."""
    wanted = scope(query)
    if wanted is None:
        return [], None
    if not query.ranked:
        return items(db, wanted, after, limit)
    rows = _ranked(db, ITEM, query, after, limit)
    more = (rows[-1]["first_key"], rows[-1]["second_key"]) if len(rows) == limit else None
    return [row[0] for row in rows], more


def _ranked(db: Connection, columns: str, query: Query, after: Key | None, limit: int) -> list[Row]:
    # Ordered by the rank alone, which the index delivers by itself; equals come in the order of their rows.
    conditions = " AND ".join(["p.sha256 IS NOT NULL", *query.conditions])
    start = "AND (t.rank > ? OR (t.rank = ? AND t.rowid > ?))" if after is not None else ""
    values = (after[0], after[0], after[1]) if after is not None else ()
    return db.execute(
        f"SELECT {columns}, t.rank AS first_key, t.rowid AS second_key FROM photos_fts t "  # noqa: S608 - constants
        "CROSS JOIN photos p ON p.number = t.rowid CROSS JOIN files f ON f.sha256 = p.sha256 "
        f"WHERE t.photos_fts MATCH ? {start} AND {conditions} ORDER BY t.rank LIMIT ?",
        (query.match, *values, *query.values, limit),
    ).fetchall()


def suggestions(db: Connection, text: str, limit: int) -> Iterator[tuple[str, str, str]]:
    """People, albums and places whose name begins like the last word: the kind, the name, and the filter for it."""
    start = text.strip().rsplit(" ", 1)[-1].partition(":")[2] or text.strip().rsplit(" ", 1)[-1]
    if not start or len(start) > 60:
        return
    pattern = "".join(f"\\{letter}" if letter in "\\%_" else letter for letter in start.strip('"'))
    for kind, sql in _SUGGESTED.items():
        for row in db.execute(sql, (f"{pattern}%", f"% {pattern}%", limit)):
            name = row[0].replace('"', " ")
            yield kind, row[0], f'{kind}:"{name}"' if re.search(r"\W", name) else f"{kind}:{name}"


_SUGGESTED = {
    "person": "SELECT name FROM people WHERE name LIKE ? ESCAPE '\\' OR name LIKE ? ESCAPE '\\' ORDER BY name LIMIT ?",
    "album": "SELECT DISTINCT title FROM albums WHERE title LIKE ? ESCAPE '\\' OR title LIKE ? ESCAPE '\\' "
    "ORDER BY title LIMIT ?",
    "place": "SELECT DISTINCT name FROM places WHERE name LIKE ? ESCAPE '\\' OR name LIKE ? ESCAPE '\\' "
    "ORDER BY name LIMIT ?",
}
