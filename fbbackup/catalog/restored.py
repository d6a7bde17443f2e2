"""Lines of manifests as rows again: an empty catalog is filled with what `lines` wrote from another one."""

from __future__ import annotations

from collections.abc import Mapping
from sqlite3 import Connection
from typing import Any

from fbbackup.catalog import lines, marks
from fbbackup.catalog.connection import Error
from fbbackup.catalog.search import index_photos

_TABLES = (*lines.ALBUM_TABLES, "runs", "album_audits", "source_states")
_NAMED_OTHERWISE = {
    "aliases": "photo_aliases",
    "people": "photo_people",
    "fields": "photo_fields",
    "imported": "imported_media",
}
_OF_PHOTOS = {name: _NAMED_OTHERWISE.get(name, name) for name in lines.PARTS if name not in ("albums", "files")}
_DATE_SOURCES_BEFORE_5 = {"created_time": "created", "backdated_time": "backdated"}
_INDEXED = 1000

# What points at a row whose line was lost says nothing by itself.
_DANGLING = (
    "DELETE FROM runs WHERE account_id NOT IN (SELECT id FROM accounts)",
    "DELETE FROM source_states WHERE account_id NOT IN (SELECT id FROM accounts)",
    "DELETE FROM album_audits WHERE album_id NOT IN (SELECT id FROM albums) OR run_id NOT IN (SELECT id FROM runs)",
    "DELETE FROM not_understood WHERE account_id NOT IN (SELECT id FROM accounts)",
    "DELETE FROM imported_media WHERE sha256 NOT IN (SELECT sha256 FROM files)",
    "DELETE FROM listings WHERE album_id NOT IN (SELECT id FROM albums)",
    "DELETE FROM listing_pages WHERE album_id NOT IN (SELECT album_id FROM listings)",
    "DELETE FROM revisions WHERE album_id NOT IN (SELECT id FROM albums)",
    "UPDATE albums SET place_id = NULL WHERE place_id NOT IN (SELECT id FROM places)",
)


class Restorer:
    """Fills one empty catalog, whose foreign keys are off until `finish`. Everything happens in one transaction."""

    def __init__(self, db: Connection) -> None:
        self.db = db
        self._columns: dict[str, frozenset[str]] = {}
        self._accounts: dict[str, int] = {}
        self._albums: dict[tuple[str, str], int] = {}
        db.execute("BEGIN IMMEDIATE")

    def restore(self, line: bytes) -> None:
        """One line of any manifest, all of it or nothing. Raises ValueError with what is wrong with it."""
        self.db.execute("SAVEPOINT line")
        try:
            fields = _brought_up(lines.opened(line))
            if "table" in fields:
                self._row(fields)
            else:
                self._photo(fields)
        except (Error, LookupError, TypeError, AttributeError, ValueError) as error:
            self.db.execute("ROLLBACK TO line")
            self._accounts.clear()
            self._albums.clear()
            if type(error) is ValueError:
                raise
            raise ValueError(f"says what can't be taken in ({error})") from error
        finally:
            self.db.execute("RELEASE line")

    def fill_albums(self, older: Connection) -> None:
        """Takes from an older catalog of the same schema what hangs on no photo and is not there yet."""
        for line in lines.album_lines(older):
            fields = lines.opened(line)
            del fields["schema"]
            self._row(fields, "INSERT OR IGNORE")

    def finish(self, *, list_again: bool) -> None:
        """Removes what points nowhere, makes search rows, and takes the marks off that the filling set.

        With `list_again` the next run opens all albums, to find what was lost.
        """
        for statement in _DANGLING:
            self.db.execute(statement)
        ids = [row["id"] for row in self.db.execute("SELECT id FROM photos ORDER BY number")]
        for first in range(0, len(ids), _INDEXED):
            index_photos(self.db, ids[first : first + _INDEXED], fresh=True)
        marks.settle(self.db, marks.outdated(self.db))
        if list_again:
            self.db.execute("UPDATE albums SET listed_sign = NULL")
        self.db.execute("COMMIT")

    def _row(self, fields: dict[str, Any], verb: str = "INSERT") -> None:
        table = fields.pop("table")
        if table not in _TABLES:
            raise ValueError(f"is of no known table ({table!r})")
        if table == "albums":
            account = fields.pop("account")
            if self._account(account, fields["first_seen_at"], fields["account_id"]) != fields["account_id"]:
                raise ValueError(f"is of another account than {account!r}")
        self._insert(table, fields, verb)

    def _photo(self, fields: dict[str, Any]) -> None:
        parts = {name: fields.pop(name, ()) for name in lines.PARTS}
        place, account = fields.pop("place"), fields.pop("account")
        fields["account_id"] = self._account(account, fields["first_seen_at"])
        id_ = fields["id"]
        if place:
            self._insert("places", place, "INSERT OR IGNORE")
        for file in parts["files"]:
            link = {"photo_id": id_, "sha256": file["sha256"], "stored_at": file.pop("linked_at"),
                    "is_current": file.pop("is_current"), "source": file.pop("source")}  # fmt: skip
            self._file(file)
            self._insert("photo_files", link)
        self._insert("photos", fields)
        if fields.get("sha256") is not None:
            self._count(fields.get("file_date"))
        for album in parts["albums"]:
            self._membership(id_, album)
        for name, table in _OF_PHOTOS.items():
            for row in parts[name]:
                self._insert(table, {"photo_id": id_, **row})
        for tag in parts["people"]:
            if tag["person_id"] is not None:
                self._insert("people", {"id": tag["person_id"], "name": tag["name"]}, "INSERT OR IGNORE")

    def _count(self, file_date: str | None) -> None:
        """Triggers keep the counts of months when a photo changes; only here one is inserted that has its file."""
        self.db.execute(
            "INSERT INTO months VALUES (?, 1) ON CONFLICT (month) DO UPDATE SET photos = photos + 1",
            ((file_date or "")[:7],),
        )

    def _file(self, file: Mapping[str, Any]) -> None:
        """A file of several photos stands in the lines of each; they agree."""
        known = self.db.execute("SELECT key FROM files WHERE sha256 = ?", (file["sha256"],)).fetchone()
        if known is None:
            self._insert("files", file)
        elif known["key"] != file["key"]:
            raise ValueError(f"has the digest of {known['key']} under another key")

    def _membership(self, photo_id: str, album: dict[str, Any]) -> None:
        account, remote_id, title = album.pop("account"), album.pop("album"), album.pop("title")
        known = self._albums.get((account, remote_id))
        if known is None:
            account_id = self._account(account, album["first_seen_at"])
            known = self._album(account_id, remote_id, title, album["first_seen_at"])
            self._albums[account, remote_id] = known
        self._insert("album_photos", {"album_id": known, "photo_id": photo_id, **album})

    def _album(self, account_id: int, remote_id: str, title: str, seen_at: str) -> int:
        row = self.db.execute(
            "SELECT id FROM albums WHERE account_id = ? AND remote_id = ?", (account_id, remote_id)
        ).fetchone()
        if row is not None:
            return int(row["id"])
        # Its own line was lost; the next listing tells the rest of it.
        return self._insert(
            "albums",
            {"account_id": account_id, "remote_id": remote_id, "title": title, "kind": "normal",
             "first_seen_at": seen_at, "last_seen_at": seen_at},
        )  # fmt: skip

    def _account(self, name: str, seen_at: str, id_: int | None = None) -> int:
        if name not in self._accounts:
            row = self.db.execute("SELECT id FROM accounts WHERE name = ?", (name,)).fetchone()
            made = {"name": name, "source": "graph", "added_at": seen_at} | ({"id": id_} if id_ is not None else {})
            self._accounts[name] = row["id"] if row else self._insert("accounts", made)
        return self._accounts[name]

    def _insert(self, table: str, fields: Mapping[str, Any], verb: str = "INSERT") -> int:
        if table not in self._columns:
            rows = self.db.execute("SELECT name FROM pragma_table_info(?)", (table,))
            self._columns[table] = frozenset(row["name"] for row in rows)
        if unknown := fields.keys() - self._columns[table]:
            raise ValueError(f"has a field that is unknown here: {', '.join(sorted(unknown))}")
        names, values = ", ".join(fields), ", ".join("?" * len(fields))
        cursor = self.db.execute(f"{verb} INTO {table} ({names}) VALUES ({values})", tuple(fields.values()))
        return int(cursor.lastrowid or 0)


def _brought_up(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a line as today's schema names them, as the migrations since then did with the rows."""
    if fields.pop("schema") < 5 and "file_date_source" in fields:
        source = fields["file_date_source"]
        fields["file_date_source"] = _DATE_SOURCES_BEFORE_5.get(source, source)
    return fields


def record_found(db: Connection, manifests: Mapping[str, tuple[str, int]]) -> None:
    """The manifests as they are on disk: digest and size by key."""
    db.executemany(
        "INSERT INTO manifests (key, sha256, bytes) VALUES (?, ?, ?)",
        [(key, digest, size) for key, (digest, size) in manifests.items()],
    )
