"""What the daemon asks before it starts anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from fbbackup.catalog import Catalog, albums, memory, plans, runs
from fbbackup.catalog.runs import RunRecord

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    with memory() as made:
        yield made


def ran(catalog: Catalog, at: datetime, kind: str = "quick", outcome: str | None = "complete") -> None:
    account = catalog.write_now(albums.account, "ada", "graph", at)
    number = catalog.write_now(runs.start_run, account, kind, at)
    if outcome is not None:
        catalog.write_now(runs.finish_run, number, RunRecord(outcome, {}, 0, 0, None), (), at)


def test_the_last_run_counts_only_when_it_came_to_its_end(catalog: Catalog) -> None:
    assert catalog.read_now(plans.last_run_at, "ada") is None
    ran(catalog, NOW - 2 * DAY)
    ran(catalog, NOW - DAY, outcome="incomplete")
    assert catalog.read_now(plans.last_run_at, "ada") == NOW - DAY
    assert catalog.read_now(plans.last_run_at, "bob") is None
    for outcome in ("failed", None):
        ran(catalog, NOW, outcome=outcome)
        assert catalog.read_now(plans.last_run_at, "ada") is None


def test_a_deep_run_is_due_so_long_after_the_last_or_the_first(catalog: Catalog) -> None:
    assert not catalog.read_now(plans.deep_is_overdue, "ada", NOW)
    ran(catalog, NOW - 20 * DAY)
    ran(catalog, NOW - DAY)
    assert catalog.read_now(plans.deep_is_overdue, "ada", NOW - 14 * DAY)
    assert not catalog.read_now(plans.deep_is_overdue, "ada", NOW - 30 * DAY)
    ran(catalog, NOW - 3 * DAY, "deep", "failed")
    assert catalog.read_now(plans.deep_is_overdue, "ada", NOW - 14 * DAY)
    ran(catalog, NOW - 2 * DAY, "deep", "incomplete")
    assert not catalog.read_now(plans.deep_is_overdue, "ada", NOW - 14 * DAY)


def test_until_when_facebook_takes_no_calls(catalog: Catalog) -> None:
    assert catalog.read_now(plans.blocked_until, "ada") == 0
    account = catalog.write_now(albums.account, "ada", "graph", NOW)
    catalog.write_now(albums.save_source_state, account, {"budget": {"blocked_until": 1_800_000_000.5}}, NOW)
    assert catalog.read_now(plans.blocked_until, "ada") == 1_800_000_000.5
