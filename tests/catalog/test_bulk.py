"""Rows that are written many at a time are those that were given, in their order."""

from __future__ import annotations

from sqlite3 import IntegrityError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fbbackup.catalog import memory
from fbbackup.catalog.bulk import ROWS, insert_rows

_values = st.one_of(st.none(), st.text(max_size=5))


@settings(deadline=None, max_examples=40)
@given(st.one_of(st.just(0), st.integers(1, 3 * ROWS + 1)), st.lists(_values, min_size=1, max_size=9))
def test_all_rows_are_written_in_their_order(count: int, names: list[str | None]) -> None:
    rows = [(str(number), names[number % len(names)], number / 7) for number in range(count)]
    with memory() as catalog:
        catalog.write_now(insert_rows, "places (id, name, latitude)", rows)
        found = catalog.read_now(
            lambda db: db.execute("SELECT id, name, latitude FROM places ORDER BY CAST(id AS INTEGER)").fetchall()
        )
    assert [tuple(row) for row in found] == rows


@pytest.mark.parametrize("twice", [0, ROWS - 1, ROWS, 2 * ROWS])
def test_a_row_that_can_not_be_written_takes_back_all_of_them(twice: int) -> None:
    rows = [(str(number), "somebody") for number in range(2 * ROWS + 1)]
    with memory() as catalog:
        with pytest.raises(IntegrityError):
            catalog.write_now(insert_rows, "people (id, name)", [*rows, rows[twice]])
        assert catalog.read_now(lambda db: db.execute("SELECT count(*) FROM people").fetchone()[0]) == 0
