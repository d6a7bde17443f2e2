"""Lists that come in every shape that Facebook's lists have: the result is the exact set, whatever the pages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.end_to_end.conftest import MakeHome
from tests.end_to_end.harness import Home, sampled, small

SHAPES: list[tuple[str, dict[str, Any]]] = [
    ("page-short", {}),
    ("page-empty", {}),
    ("page-repeat", {}),
    ("page-overlap", {}),
    ("page-reorder", {}),
    ("paging-absent", {}),
    ("paging-next-only", {"style": "offset"}),
    ("paging-next-only", {"style": "time"}),
    ("next-foreign", {}),
]
DEEP = [
    pytest.param(*shape, marks=() if shape[0] in ("page-empty", "page-overlap") else pytest.mark.sweep)
    for shape in SHAPES
]
NAMES = [f"{name}-{options['style']}" if options else name for name, options in SHAPES]


@pytest.fixture
def paged(make_home: MakeHome) -> Home:
    """Albums of 13, 5, 0, 6 and 1 photos, read four at a time."""
    return make_home(small(album_sizes=[13, 5, 0, 6, 1], loose=7, tagged=6, videos=2, shared=2), page_cap=4)


@pytest.mark.parametrize(("fault", "options"), SHAPES, ids=NAMES)
def test_pages_of_any_shape_give_the_exact_set(paged: Home, fault: str, options: dict[str, Any]) -> None:
    paged.sim.faults.set(fault, **options)
    paged.complete()
    assert paged.sim.faults.fired[fault] > 0


@pytest.mark.parametrize(("fault", "options"), DEEP)
def test_a_deep_run_over_such_pages_changes_nothing(paged: Home, fault: str, options: dict[str, Any]) -> None:
    paged.complete()
    before = paged.snapshot()
    paged.sim.faults.set(fault, **options)
    paged.forget()
    paged.complete(deep=True)
    assert paged.downloads == 0
    assert paged.tombstones() == {}
    if fault != "page-reorder":
        assert paged.snapshot() == before


@pytest.mark.parametrize("style", sampled(["offset", "time"], "time"))
def test_lists_that_only_have_next_addresses(paged: Home, style: str) -> None:
    paged.sim.settings.paging = style
    paged.complete()


def test_a_page_holds_at_most_a_hundred_however_much_is_asked(make_home: MakeHome) -> None:
    home = make_home(small(album_sizes=[130], largest=48), page_cap=100)
    home.complete()


@pytest.mark.parametrize("match", ["/albums?", "/photos?"])
def test_a_list_that_goes_in_circles_once_is_read_again(paged: Home, match: str) -> None:
    paged.sim.faults.set("page-loop", times=1, match=match)
    first = paged.exit_code()
    assert first == 0 or match == "/albums?"
    paged.complete()


@pytest.mark.parametrize("match", ["/albums?", "/photos?"])
def test_a_list_that_goes_in_circles_for_ever_is_given_up_and_said_so(paged: Home, match: str) -> None:
    paged.sim.faults.set("page-loop", match=match)
    result = paged.sync()
    assert (result.exit_code, result.outcome) == (4, "incomplete")
    assert "incomplete" in result.line
    assert paged.calls < 60
    paged.sim.faults.clear()
    paged.complete()


@pytest.mark.parametrize("match", ["/albums?", "/photos?"])
def test_circles_on_a_known_library_bury_nothing(paged: Home, match: str) -> None:
    paged.complete()
    paged.sim.faults.set("page-loop", match=match)
    assert paged.exit_code(deep=True) == 4
    assert paged.tombstones() == {}
    assert paged.members() == paged.expected_members()
    paged.sim.faults.clear()
    paged.complete(deep=True)


def test_a_cursor_that_broke_starts_the_album_again(paged: Home) -> None:
    paged.fault("cursor-invalid", "/photos.*'after'", times=1)
    result = paged.complete()
    assert any("listed again from its start" in note for note in result.notes)


def test_cursors_that_always_break_leave_the_run_incomplete(paged: Home) -> None:
    paged.sim.faults.set("cursor-invalid", match="/photos?")
    assert paged.exit_code() == 4
    paged.sim.faults.clear()
    paged.complete()


def test_cursors_that_break_on_the_album_list_bury_no_album(paged: Home) -> None:
    paged.complete()
    paged.sim.faults.set("cursor-invalid", match="/albums?")
    assert paged.exit_code() == 4
    assert paged.members() == paged.expected_members()
    paged.sim.faults.clear()
    paged.complete()


@pytest.mark.parametrize("match", ["/albums?", "/photos?", "/videos?"])
def test_a_list_that_ends_too_early_buries_nothing(paged: Home, match: str) -> None:
    paged.complete()
    paged.sim.faults.set("page-stop", match=match)
    paged.exit_code(deep=True)
    assert paged.tombstones() == {}
    assert paged.current() == paged.expected()
    paged.sim.faults.clear()
    paged.complete(deep=True)


def test_foreign_next_addresses_without_cursors_are_not_followed(paged: Home) -> None:
    paged.sim.settings.paging = "offset"
    paged.sim.faults.set("next-foreign", match="/photos?")
    assert paged.exit_code() == 4
    paged.sim.faults.clear()
    paged.complete()


def test_strict_cursors_whose_item_was_deleted_meanwhile(paged: Home) -> None:
    paged.sim.settings.strict_cursors = True
    paged.sim.faults.set("remove-during-crawl", times=2, match="/photos?")
    paged.exit_code()
    paged.sim.settings.strict_cursors = False
    paged.complete(deep=True)


@pytest.mark.parametrize("fault", ["add-during-crawl", "remove-during-crawl"])
def test_changes_during_the_crawl_are_all_there_after_the_next_run(paged: Home, fault: str) -> None:
    paged.sim.faults.set(fault, times=4, match="/photos?")
    paged.sync()
    paged.sim.faults.clear()
    paged.complete()
