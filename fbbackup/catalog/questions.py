"""Questions that people ask their catalog, as plain SQL: Datasette offers them, `docs/catalog.md` explains them.

A column named `photo_id` holds a photo's id; `:names` are values that a person gives, each of which may be empty.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """One question: `name` is its address, `title` and `meaning` are for people."""

    name: str
    title: str
    meaning: str
    sql: str


QUESTIONS = (
    Question(
        "search", "Photos with these words",
        "Best matches first. Quotes keep words together; `lake*` finds beginnings.",
        """\
SELECT p.id AS photo_id, p.file_date, p.caption, l.albums, l.people, l.place
  FROM photos_fts t JOIN photos p ON p.number = t.rowid JOIN library l ON l.id = p.id
 WHERE photos_fts MATCH coalesce(nullif(:words, ''), '""') ORDER BY t.rank LIMIT 100""",
    ),
    Question(
        "on_this_day", "On this day", "A day is written like 07-05; without one it is today.",
        """\
SELECT year, id AS photo_id, caption, path FROM timeline
 WHERE substr(file_date, 6, 5) = coalesce(nullif(:day, ''), strftime('%m-%d', 'now'))
 ORDER BY file_date DESC""",
    ),
    Question(
        "years", "Year by year", "How much there is of each year.",
        """\
SELECT substr(file_date, 1, 4) AS year, sum(kind = 'photo') AS photos, sum(kind = 'video') AS videos,
       round(sum(bytes) / 1e6, 1) AS megabytes
  FROM library WHERE state = 'stored' GROUP BY year ORDER BY year""",
    ),
    Question(
        "favourites", "What others liked most", "Reactions and comments, counted.",
        """\
SELECT p.id AS photo_id, p.caption, sum(r.count) AS reactions,
       (SELECT count(*) FROM comments c WHERE c.photo_id = p.id) AS comments
  FROM reactions r JOIN photos p ON p.id = r.photo_id
 GROUP BY p.id ORDER BY reactions DESC, comments DESC LIMIT 50""",
    ),
    Question(
        "together", "Two people in one photo", "Both are marked in it. Parts of their names are enough.",
        """\
SELECT DISTINCT p.id AS photo_id, p.file_date, p.caption
  FROM photo_people a JOIN photo_people b ON b.photo_id = a.photo_id AND b.id <> a.id
  JOIN photos p ON p.id = a.photo_id
 WHERE a.name LIKE '%' || :one || '%' AND b.name LIKE '%' || :other || '%'
 ORDER BY p.file_date DESC LIMIT 100""",
    ),
    Question(
        "where", "Where photos were taken", "With how many photos, the first and the last.",
        """\
SELECT l.name, l.city, l.country, count(*) AS photos, min(p.file_date) AS first, max(p.file_date) AS last,
       l.latitude, l.longitude
  FROM photos p JOIN places l ON l.id = p.place_id GROUP BY l.id ORDER BY photos DESC LIMIT 200""",
    ),
    Question(
        "several_ids", "One picture, several ids", "The same bytes under more than one id; they are stored once.",
        """\
SELECT min(p.id) AS photo_id, count(*) AS ids, group_concat(p.id, ' ') AS all_ids, f.key AS path
  FROM photos p JOIN files f ON f.sha256 = p.sha256
 GROUP BY p.sha256 HAVING ids > 1 ORDER BY ids DESC LIMIT 100""",
    ),
    Question(
        "rewritten", "Words that were changed", "What stood there before, the newest changes first.",
        """\
SELECT h.photo_id, coalesce(a.title, p.caption, p.title) AS now, h.field, h.old, h.new, h.seen_at
  FROM caption_history h LEFT JOIN photos p ON p.id = h.photo_id LEFT JOIN albums a ON a.id = h.album_id
 ORDER BY h.seen_at DESC LIMIT 100""",
    ),
    Question(
        "not_stored", "What is not stored, and why", "With the time of the next try; none means that it waits for you.",
        """\
SELECT m.id AS photo_id, m.kind, m.state, m.last_error, m.attempts, m.next_try_at, m.link
  FROM missing m ORDER BY m.state, m.next_try_at LIMIT 200""",
    ),
    Question(
        "largest", "The largest files", "What takes the room.",
        """\
SELECT p.id AS photo_id, f.content_type, round(f.bytes / 1e6, 1) AS megabytes, f.width, f.height, f.key AS path
  FROM files f JOIN photos p ON p.sha256 = f.sha256 ORDER BY f.bytes DESC LIMIT 50""",
    ),
)  # fmt: skip
