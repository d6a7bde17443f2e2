"""Albums and photos as the local API offers them to other programs: by offset, as its clients count."""

from __future__ import annotations

from sqlite3 import Connection, Row

_PHOTO = (
    "SELECT p.number, p.id, coalesce(p.title, '') AS title, coalesce(p.caption, '') AS description, "
    "coalesce(p.link, '') AS link, p.file_date, coalesce(p.content_type, '') AS content_type, "
    "substr(p.sha256, 1, 12) AS version FROM "
)


def account_of(db: Connection, user: str) -> str | None:
    """The account's name for its name or its Facebook id."""
    row = db.execute(
        "SELECT name FROM accounts WHERE name = ? OR remote_id = ? ORDER BY name = ? DESC LIMIT 1", (user, user, user)
    ).fetchone()
    return row["name"] if row else None


def remote_id_of(db: Connection, account: str) -> str | None:
    row = db.execute("SELECT remote_id FROM accounts WHERE name = ?", (account,)).fetchone()
    return row["remote_id"] if row else None


def albums(db: Connection, account: str, remote_id: str, offset: int, limit: int) -> list[Row]:
    """Albums of an account in Facebook's order, virtual ones last; all for an empty `remote_id`.

    `count` is how many photos the album has, `cover` a photo of it with a file, whose date is that of an album
    without one of its own (virtual albums).
    """
    return db.execute(
        "SELECT a.id, a.remote_id, a.title, coalesce(a.description, '') AS description, "
        "coalesce(a.file_date, c.file_date) AS file_date, coalesce(a.link, '') AS link, c.id AS cover, "
        "coalesce(c.content_type, '') AS content_type, substr(c.sha256, 1, 12) AS version, "
        "(SELECT count(*) FROM album_photos m WHERE m.album_id = a.id AND m.removed_at IS NULL) AS count "
        "FROM albums a JOIN accounts u ON u.id = a.account_id LEFT JOIN photos c ON c.number = coalesce("
        "(SELECT p.number FROM photos p WHERE p.id = a.cover_photo_id AND p.sha256 IS NOT NULL), "
        "(SELECT p.number FROM album_photos m CROSS JOIN photos p ON p.id = m.photo_id "
        "WHERE m.album_id = a.id AND m.removed_at IS NULL AND p.sha256 IS NOT NULL LIMIT 1)) "
        "WHERE u.name = ? AND (? = '' OR a.remote_id = ?) ORDER BY a.virtual, a.position, a.id LIMIT ? OFFSET ?",
        (account, remote_id, remote_id, limit, offset),
    ).fetchall()


def album_number(db: Connection, account: str, remote_id: str) -> int | None:
    row = db.execute(
        "SELECT a.id FROM albums a JOIN accounts u ON u.id = a.account_id WHERE u.name = ? AND a.remote_id = ?",
        (account, remote_id),
    ).fetchone()
    return row["id"] if row else None


def album_photos(db: Connection, album_id: int, offset: int, limit: int) -> list[Row]:
    """Photos of an album in its own order."""
    return db.execute(
        f"{_PHOTO} album_photos m CROSS JOIN photos p ON p.id = m.photo_id "
        "WHERE m.album_id = ? AND m.removed_at IS NULL ORDER BY m.position, p.id LIMIT ? OFFSET ?",
        (album_id, limit, offset),
    ).fetchall()


def photos(db: Connection, account: str, after: int, offset: int, limit: int) -> list[Row]:
    """Photos of an account in the order they were first seen, so that a run meanwhile moves none of them.

    Counting starts behind the photo whose `number` is `after` (0: the first).
    """
    return db.execute(
        f"{_PHOTO} photos p "  # noqa: S608 - constants above
        "WHERE p.account_id = (SELECT id FROM accounts WHERE name = ?) AND p.number > ? "
        "ORDER BY p.number LIMIT ? OFFSET ?",
        (account, after, limit, offset),
    ).fetchall()
