"""Odd, broken and refused answers of the API: the whole account is stored all the same, now or by a later run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.end_to_end.conftest import MakeHome
from tests.end_to_end.harness import HASTY, Home, sampled, small

SHAPES: list[dict[str, Any]] = [
    {"ids_as_numbers": True},
    {"old_covers": True},
    {"javascript_type": True},
    {"usage_format": "quoted"},
    {"usage_format": "percent"},
    {"usage_format": "absent"},
    {"header_version": "v25.0"},
    {"page_default": 1},
    {"digest": False},
    {"ranges": False},
]
HARMLESS = ["invalid-utf8", "nan", "duplicate-keys"]
PASSING = [
    "graph-unknown", "graph-service", "graph-outage", "graph-reset", "graph-cut", "graph-html", "graph-empty",
    "reduce-data", "graph-429",
]  # fmt: skip
FINAL = ["true-body", "false-body", "null-body", "deep-nesting", "photo-hidden", "permission-error"]
ENDING = {
    "app-limit": 4, "user-limit": 4, "page-limit": 4, "custom-limit": 4, "usage-full": 4, "graph-unknown": 4,
    "graph-outage": 4, "graph-reset": 4, "graph-cut": 4, "graph-html": 4, "graph-empty": 4, "reduce-data": 4,
    "token-revoked": 3, "error-200": 3, "old-error": 3,
}  # fmt: skip


def label(settings: dict[str, Any]) -> str:
    return "-".join(f"{name}={value}" for name, value in settings.items())


@pytest.mark.parametrize("settings", sampled(SHAPES, *SHAPES[:5]), ids=label)
def test_shapes_of_answers(make_home: MakeHome, settings: dict[str, Any]) -> None:
    home = make_home(**settings)
    home.complete()
    before = home.snapshot()
    home.forget()
    home.complete(deep=True)
    assert home.downloads == 0
    assert home.snapshot() == before


@pytest.mark.parametrize("form", sampled(["old", "no-code", "text"], "no-code"))
def test_errors_in_old_forms_are_understood(make_home: MakeHome, form: str) -> None:
    home = make_home(error_form=form, missing_fields={"reactions", "alt_text"}, cost_limit=30)
    if form != "text":
        home.complete()
    home.sim.access.revoke(463)
    assert home.exit_code() == 3
    assert home.tombstones() == {}
    home.sim.access.restore()


def test_names_made_to_break_things(make_home: MakeHome) -> None:
    home = make_home(small(photos=60, hostile=True))
    home.complete()
    home.complete(deep=True)
    for key in home.files():
        assert key.isascii()
        assert ".." not in key


@pytest.mark.parametrize("limit", sampled([200, 40, 12, 3], 12))
def test_answers_that_are_too_large_are_asked_for_in_smaller_parts(make_home: MakeHome, limit: int) -> None:
    home = make_home(small(album_sizes=[30, 9, 4], loose=3), cost_limit=limit)
    home.complete()
    spent = home.calls
    home.forget()
    home.complete(deep=True)
    assert home.calls <= spent, "what was learned was forgotten"


def test_fields_that_are_gone_are_left_out_one_by_one(make_home: MakeHome) -> None:
    gone = {"reactions", "comments", "tags", "alt_text", "place", "name_tags", "privacy", "location", "link"}
    home = make_home(missing_fields=gone)
    result = home.complete()
    for name in ("reactions", "comments", "tags", "alt_text"):
        assert any(f"“{name}”" in note for note in result.notes)
    home.forget()
    home.complete(deep=True)
    assert home.sim.world.ledger.errors == {}, "fields known to be gone were asked for again"


@pytest.mark.sweep
@pytest.mark.parametrize(
    "name", ["updated_time", "backdated_time", "width", "from", "place", "album", "cover_photo", "count",
             "description", "type", "title", "length", "format", "permalink_url", "name_tags"]
)  # fmt: skip
def test_any_field_that_is_gone(make_home: MakeHome, name: str) -> None:
    home = make_home(missing_fields={name})
    home.exit_code()
    assert home.current() == home.expected()
    home.sim.settings.missing_fields.clear()
    home.complete(deep=True)


def test_a_field_that_goes_later_loses_no_word(home: Home) -> None:
    home.complete()
    before = home.rows("SELECT id, alt_text, link FROM photos ORDER BY id")
    home.sim.settings.missing_fields.update({"alt_text", "link"})
    home.complete(deep=True)
    assert home.rows("SELECT id, alt_text, link FROM photos ORDER BY id") == before


@pytest.mark.parametrize("fault", HARMLESS)
def test_oddities_of_json(home: Home, fault: str) -> None:
    home.sim.faults.set(fault)
    home.complete()


@pytest.mark.parametrize("fault", sampled(PASSING, "graph-outage", "graph-reset", "reduce-data"))
def test_a_call_that_fails_now_and_then(home: Home, fault: str) -> None:
    home.sim.faults.set(fault, every=4, times=4)
    home.exit_code()
    home.sim.faults.clear()
    home.sim.clock.advance(4000)
    home.complete()
    assert home.tombstones() == {}


@pytest.mark.parametrize("fault", sampled(FINAL, "false-body", "permission-error"))
@pytest.mark.parametrize("known", [True, False], ids=["known", "first"])
def test_a_call_that_is_refused_without_reason(home: Home, fault: str, known: bool) -> None:
    if known:
        home.complete()
    home.sim.faults.set(fault, every=3)
    home.exit_code(deep=known)
    assert home.tombstones() == {}
    home.sim.faults.clear()
    home.complete()


@pytest.mark.parametrize("fault", sampled(ENDING, "app-limit", "usage-full", "graph-cut", "token-revoked", "old-error"))
def test_answers_that_end_the_run(home: Home, fault: str) -> None:
    home.at(6, lambda: home.sim.faults.set(fault), on="graph")
    result = home.sync()
    assert result.exit_code == ENDING[fault]
    assert "incomplete" in result.line
    assert home.calls < 60
    home.sim.faults.clear()
    home.sim.clock.advance(3700)
    home.complete()


@pytest.mark.parametrize("fault", ["null-fields", "broken-item"])
def test_items_that_can_not_be_understood_stop_no_others(home: Home, fault: str) -> None:
    home.sim.faults.set(fault, match="/photos")
    result = home.sync()
    assert len(home.current()) >= len(home.expected()) // 2
    assert home.tombstones() == {}
    assert result.exit_code in (0, 4)
    home.sim.faults.clear()
    home.complete(deep=True)


def test_api_redirected_to_another_host_no_token_travels(home: Home) -> None:
    home.sim.faults.set("redirect-graph", times=1)
    home.exit_code()
    assert home.sim.world.ledger.canaries == []
    home.sim.faults.clear()
    home.complete()


def test_a_stalled_api_is_given_up(home: Home) -> None:
    home.sim.faults.set("graph-stall")
    assert home.sync(HASTY).exit_code == 4
    home.sim.faults.clear()
    home.complete()


@pytest.mark.parametrize("code", sampled([4, 17, 32, 613], 4))
def test_a_spent_budget_waits_and_goes_on(make_home: MakeHome, code: int) -> None:
    home = make_home(small(album_sizes=[30, 9, 4, 2, 7], loose=3), budget=8, limit_code=code, usage_format="absent",
                     page_cap=5)  # fmt: skip
    for _ in range(12):
        result = home.sync()
        if result.exit_code == 0:
            break
        assert result.exit_code == 4
        assert "minutes" in result.line
        home.forget()
        assert home.exit_code() == 4
        assert home.calls == 0, "the API was called while it had said no"
        home.sim.clock.advance(3700)
    else:
        raise AssertionError("it never comes to an end")
    home.sim.clock.advance(3700)
    home.complete()
    assert home.sim.budget.rejected <= 12


def test_usage_headers_stop_before_the_limit_does(make_home: MakeHome) -> None:
    home = make_home(small(album_sizes=[30, 9, 4, 2, 7], loose=3), budget=20, page_cap=5)
    for _ in range(12):
        if home.exit_code() == 0:
            break
        home.sim.clock.advance(3700)
    else:
        raise AssertionError("it never comes to an end")
    assert home.sim.budget.rejected == 0
    home.sim.clock.advance(3700)
    home.complete()


def test_pictures_whose_addresses_hold_come_though_the_budget_is_spent(make_home: MakeHome) -> None:
    home = make_home(small(album_sizes=[30, 9], loose=3), budget=9, usage_format="absent", page_cap=5)
    result = home.sync()
    assert result.exit_code == 4
    assert len(home.current()) == home.value("SELECT count(*) FROM photos") > 0
    home.sim.settings.budget = 1000
    home.sim.clock.advance(3700)
    home.complete()
