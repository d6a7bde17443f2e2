"""Albums as folders of links for people: which album has which files, in the order of the albums."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import basename, splitext
from sqlite3 import Connection


@dataclass(frozen=True, slots=True)
class LinkedAlbum:
    """An album with its stored files: keys by the name that their links should have, which says date and photo."""

    account: str
    remote_id: str
    title: str
    links: dict[str, str]


def linked_albums(db: Connection) -> Iterator[LinkedAlbum]:
    """Every album that has stored photos, oldest row first, one in memory at a time."""
    albums = db.execute(
        "SELECT b.id, b.remote_id, b.title, a.name AS account FROM albums b JOIN accounts a ON a.id = b.account_id "
        "ORDER BY b.id"
    ).fetchall()
    for album in albums:
        rows = db.execute(
            "SELECT p.key_stem, f.key FROM album_photos m JOIN photos p ON p.id = m.photo_id "
            "JOIN files f ON f.sha256 = p.sha256 "
            "WHERE m.album_id = ? AND m.removed_at IS NULL AND p.state = 'stored' AND f.damaged_at IS NULL",
            (album["id"],),
        )
        links = {basename(row["key_stem"]) + splitext(row["key"])[1]: row["key"] for row in rows}
        if links:
            yield LinkedAlbum(album["account"], album["remote_id"], album["title"], links)
