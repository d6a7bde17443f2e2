"""The whole account: stored byte for byte, found unchanged in few calls, followed when it changes."""

from __future__ import annotations

from tests.end_to_end.harness import Home


def test_first_run_stores_exactly_what_facebook_holds(home: Home) -> None:
    result = home.complete()
    assert result.counters["photos_stored"] == len(home.expected())


def test_second_run_downloads_nothing_in_few_calls(home: Home) -> None:
    home.complete()
    before = home.snapshot()
    home.forget()
    result = home.complete()
    assert home.downloads == 0
    assert home.calls <= 6
    assert result.counters["photos_new"] == result.counters["photos_changed"] == 0
    assert home.snapshot() == before
