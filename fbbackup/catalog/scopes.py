"""Lists of photos as people look at them (timeline, album, person, place), page by page and by key.

A `Scope` names a list; every list can be read forwards and backwards from any photo in it, at a cost that does not
grow with the place in the list. Made for `open_reader`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Connection, Row

Key = tuple[str | int | float, str | int]
"""Where a photo stands in a list: the list's own order first, then an id that tells equals apart."""

_WIDTH = "coalesce(iif(f.orientation >= 5, f.height, f.width), p.width)"
_HEIGHT = "coalesce(iif(f.orientation >= 5, f.width, f.height), p.height)"
COLUMNS = (
    "p.id, p.kind, p.file_date, p.file_date_precision, p.caption, p.title, p.alt_text, p.gone_at, "
    f"{_WIDTH} AS width, {_HEIGHT} AS height, f.color, f.content_type, substr(f.sha256, 1, 12) AS version, f.key"
)
ITEM = (
    "json_object('id', p.id, 'kind', p.kind, 'date', p.file_date, "
    f"'width', {_WIDTH}, 'height', {_HEIGHT}, 'color', f.color, "
    "'alt', substr(coalesce(p.caption, p.alt_text, p.title, ''), 1, 200), "
    "'gone', json(iif(p.gone_at IS NULL, 'false', 'true')), 'version', substr(f.sha256, 1, 12))"
)
_FILE = "CROSS JOIN files f ON f.sha256 = p.sha256"


@dataclass(frozen=True, slots=True)
class Scope:
    """A list of photos with files: where its rows come from, and the two columns that order it.

    `tables` ends with photos as `p`; `newest_first` says that both order columns descend.
    """

    tables: str
    condition: str
    values: tuple[object, ...]
    order: tuple[str, str]
    newest_first: bool

    def narrowed(self, condition: str, *values: object) -> Scope:
        """The same list with one more condition."""
        return Scope(
            self.tables, f"({self.condition}) AND {condition}", (*self.values, *values), self.order, self.newest_first
        )


BY_DATE = ("coalesce(p.file_date, '')", "p.id")
TIMELINE = Scope("photos p INDEXED BY photos_shown", "p.sha256 IS NOT NULL", (), ("p.file_date", "p.id"), True)
UNDATED = Scope(
    "photos p INDEXED BY photos_shown", "p.sha256 IS NOT NULL AND p.file_date IS NULL", (), ("''", "p.id"), True
)


def between(first: str, last: str) -> Scope:
    """The timeline from one moment to another, both included, as texts that sort like dates."""
    return TIMELINE.narrowed("p.file_date BETWEEN ? AND ?", first, last)


def album(album_id: int) -> Scope:
    """An album in its own order."""
    return Scope(
        "album_photos m CROSS JOIN photos p ON p.id = m.photo_id",
        "m.album_id = ? AND m.removed_at IS NULL AND p.sha256 IS NOT NULL",
        (album_id,), ("m.position", "p.id"), False,
    )  # fmt: skip


def person(person_id: str) -> Scope:
    """Photos in which a person is marked."""
    return Scope(
        "(SELECT DISTINCT photo_id FROM photo_people WHERE person_id = ?) m CROSS JOIN photos p ON p.id = m.photo_id",
        "p.sha256 IS NOT NULL", (person_id,), BY_DATE, True,
    )  # fmt: skip


def place(place_id: str) -> Scope:
    """Photos of a place."""
    return Scope("photos p", "p.sha256 IS NOT NULL AND p.place_id = ?", (place_id,), BY_DATE, True)


def page(db: Connection, scope: Scope, after: Key | None, limit: int, *, backwards: bool = False) -> list[Row]:
    """Up to `limit` photos that follow `after` in the list (or come before it, nearest first)."""
    rows = _rows(db, COLUMNS, scope, after, limit, backwards)
    if scope is TIMELINE and len(rows) < limit and not backwards:
        rows += _rows(db, COLUMNS, UNDATED, _undated(after), limit - len(rows), backwards)
    return rows


def items(db: Connection, scope: Scope, after: Key | None, limit: int) -> tuple[list[str], Key | None]:
    """The same as JSON objects, and the key to go on from; None at the end of the list."""
    rows = _rows(db, ITEM, scope, after, limit, False)
    if scope is TIMELINE and len(rows) < limit:
        rows += _rows(db, ITEM, UNDATED, _undated(after), limit - len(rows), False)
    more = (rows[-1]["first_key"], rows[-1]["second_key"]) if len(rows) == limit else None
    return [row[0] for row in rows], more


def _undated(after: Key | None) -> Key | None:
    return after if after is not None and not after[0] else None


def _rows(db: Connection, columns: str, scope: Scope, after: Key | None, limit: int, backwards: bool) -> list[Row]:
    first, second = scope.order
    falling = scope.newest_first is not backwards
    if scope is TIMELINE and after is not None and not after[0]:
        if not backwards:
            return []
        # Going back from the undated ones leads to the oldest dated photo.
        earlier = _rows(db, columns, UNDATED, after, limit, True)
        return earlier + _rows(db, columns, scope, ("0", ""), limit - len(earlier), True)
    start = f"AND ({first}, {second}) {'<' if falling else '>'} (?, ?)" if after is not None else ""
    direction = "DESC" if falling else "ASC"
    dated = "AND p.file_date IS NOT NULL" if scope is TIMELINE else ""
    sql = (
        f"SELECT {columns}, {first} AS first_key, {second} AS second_key FROM {scope.tables} {_FILE} "  # noqa: S608
        f"WHERE {scope.condition} {start} {dated} ORDER BY {first} {direction}, {second} {direction} LIMIT ?"
    )
    return db.execute(sql, (*scope.values, *(after or ()), limit)).fetchall()


def key_of(db: Connection, scope: Scope, photo_id: str) -> Key | None:
    """Where a photo stands in the list; None when it is not in it."""
    first, second = scope.order
    first = f"coalesce({first}, '')"
    row = db.execute(
        f"SELECT {first}, {second} FROM {scope.tables.replace(' INDEXED BY photos_shown', '')} "  # noqa: S608
        f"WHERE {scope.condition} AND p.id = ? LIMIT 1",
        (*scope.values, photo_id),
    ).fetchone()
    return (row[0], row[1]) if row else None


def neighbours(db: Connection, scope: Scope, photo_id: str) -> tuple[Row | None, Row | None]:
    """The photos before and after this one in the list."""
    key = key_of(db, scope, photo_id)
    if key is None:
        return None, None
    before: Sequence[Row] = page(db, scope, key, 1, backwards=True)
    after: Sequence[Row] = page(db, scope, key, 1)
    return (before[0] if before else None), (after[0] if after else None)
