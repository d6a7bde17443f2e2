"""An archive to import into, and what it holds afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from fbbackup.catalog import open_reader
from fbbackup.config import Config, Limits, Thumbnails
from fbbackup.import_run import Imported, ImportOptions, import_paths
from fbbackup.oracle import oracle
from fbbackup.stores.directory import DirectoryStore
from tests.exports.truth import Truth, stamp

CONTAINERS = {"post": "Uploads outside albums", "uncategorized": "Uploads outside albums", "video": "Videos",
              "story": "Stories", "archive": "Archive", "trash": "Trash"}  # fmt: skip


@dataclass
class Home:
    folder: Path
    keep_free_bytes: int = 0

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    def bring_in(self, paths: Sequence[Path], *, messages: bool = False) -> Imported:
        config = Config(
            archive=self.archive, thumbnails=Thumbnails(size=32), limits=Limits(keep_free_bytes=self.keep_free_bytes)
        )
        environ = {"XDG_STATE_HOME": str(self.folder / "state"), "HOME": str(self.folder)}
        return import_paths(config, self.archive, ImportOptions(tuple(paths), messages), quiet=True, environ=environ)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        db = open_reader(self.archive / "catalog.sqlite")
        try:
            return [tuple(row) for row in db.execute(sql, values)]
        finally:
            db.close()

    def value(self, sql: str, *values: Any) -> Any:
        return self.rows(sql, *values)[0][0]

    def findings(self) -> list[str]:
        """What `doctor --strict` would complain about."""
        store = DirectoryStore(self.archive, threads=1)
        db = open_reader(self.archive / "catalog.sqlite")
        try:
            return [finding.line() for finding in oracle(db, store, read_all=True)]
        finally:
            db.close()
            store.close()

    def bodies(self) -> dict[str, str]:
        """Digests of the current files on disk, read anew, by photo id."""
        rows = self.rows("SELECT p.id, f.key FROM photos p JOIN files f ON f.sha256 = p.sha256 WHERE state = 'stored'")
        return {id_: sha256((self.archive / key).read_bytes()).hexdigest() for id_, key in rows}

    def members(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {title: set() for (title,) in self.rows("SELECT title FROM albums")}
        for title, photo_id in self.rows(
            "SELECT a.title, m.photo_id FROM album_photos m JOIN albums a ON a.id = m.album_id "
            "WHERE m.removed_at IS NULL"
        ):
            found[title].add(photo_id)
        return found

    def told(self) -> dict[str, tuple[Any, ...]]:
        """Caption, file date and its source, place, people and comments of each photo."""
        found = {}
        for row in self.rows(
            "SELECT p.id, p.caption, p.file_date, p.file_date_source, l.name, p.latitude, p.longitude, p.kind "
            "FROM photos p LEFT JOIN places l ON l.id = p.place_id"
        ):
            people = {name for (name,) in self.rows("SELECT name FROM photo_people WHERE photo_id = ?", row[0])}
            said = set(self.rows("SELECT created_at, from_name, message FROM comments WHERE photo_id = ?", row[0]))
            found[row[0]] = (*row[1:], people, said)
        return found

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """The catalog without what an import may move: run records and times of looking."""
        tables = ("photos", "albums", "album_photos", "files", "photo_files", "photo_people", "comments", "places",
                  "photo_aliases", "mentions", "photo_fields",
                  "imported_media", "revisions", "not_understood")  # fmt: skip
        moving = {"last_seen_at", "listed_at", "verified_at", "tried_at", "stored_at"}
        found = {}
        for table in tables:
            columns = [name for _, name, *_ in self.rows(f"PRAGMA table_info({table})") if name not in moving]
            found[table] = sorted(self.rows(f"SELECT {', '.join(columns)} FROM {table}"), key=repr)
        return found


def expected_bodies(truth: Truth) -> dict[str, str]:
    return {photo.id: sha256(photo.body).hexdigest() for photo in truth.photos}


def expected_members(truth: Truth) -> dict[str, set[str]]:
    found = {album.title: {photo.id for photo in truth.of(album)} for album in truth.albums}
    for where, title in CONTAINERS.items():
        ids = {photo.id for photo in truth.loose(where)}
        if ids:
            found.setdefault(title, set()).update(ids)
    return found


def expected_told(truth: Truth) -> dict[str, tuple[Any, ...]]:
    found = {}
    for photo in truth.photos:
        place, spot = photo.place, photo.spot
        caption = photo.caption or ("some words" if photo.where == "post" else None)
        if spot is None and place is not None:
            spot = place[1:]
        said = {(stamp(at), author, text) for at, author, text in photo.comments}
        found[photo.id] = (caption, *photo.file_date, place and place[0], *(spot or (None, None)),
                           "video" if photo.video else "photo", set(photo.people), said)  # fmt: skip
    return found
