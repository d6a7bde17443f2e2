"""The counts that the gallery's timeline stands on: kept by the catalog, whatever happens to a photo."""

from __future__ import annotations

from sqlite3 import Connection
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fbbackup.catalog import memory

DATES = (None, "2014-07-05T10:00:00Z", "2014-07-31T23:59:59Z", "2015-01-01T00:00:00Z")
_steps = st.lists(
    st.tuples(st.sampled_from("1234"), st.sampled_from(DATES), st.sampled_from([None, "aa", "bb"])), max_size=12
)


def _play(db: Connection, steps: list[tuple[str, Any, Any]]) -> None:
    db.execute("INSERT INTO accounts (name, source, added_at) VALUES ('ada', 'graph', '')")
    for digest in ("aa", "bb"):
        db.execute(
            "INSERT INTO files (sha256, key, bytes, content_type, stored_at) VALUES (?, ?, 1, 'image/jpeg', '')",
            (digest, digest),
        )
    for id_, date, digest in steps:
        if not db.execute("SELECT 1 FROM photos WHERE id = ?", (id_,)).fetchone():
            db.execute(
                "INSERT INTO photos (id, account_id, kind, first_seen_at, last_seen_at, state, key_stem) "
                "VALUES (?, 1, 'photo', '', '', 'wanted', '')",
                (id_,),
            )
        db.execute("UPDATE photos SET file_date = ?, sha256 = ? WHERE id = ?", (date, digest, id_))
    if len(steps) > 9:
        db.execute("DELETE FROM photos WHERE id = '1'")


@settings(max_examples=60, deadline=None)
@given(_steps)
def test_kept_counts_equal_counted_ones(steps: list[tuple[str, Any, Any]]) -> None:
    with memory() as catalog:
        catalog.write_now(_play, steps)
        counted = catalog.read_now(
            lambda db: dict(
                db.execute(
                    "SELECT coalesce(substr(file_date, 1, 7), ''), count(*) FROM photos "
                    "WHERE sha256 IS NOT NULL GROUP BY 1"
                ).fetchall()
            )
        )
        kept = catalog.read_now(
            lambda db: dict(db.execute("SELECT month, photos FROM months WHERE photos <> 0").fetchall())
        )
        assert kept == counted
