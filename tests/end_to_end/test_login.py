"""Logins that end or lose a permission at any moment: told with exit code 3, and never read as an empty account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from fbbackup.app import SyncOptions, sync_accounts
from fbbackup.backup import RunResult
from fbbackup.errors import LoginNeeded
from fbbackup.simulator import Simulator
from fbbackup.simulator.access import Token
from tests.end_to_end.conftest import MakeHome
from tests.end_to_end.harness import Home, sampled, small

CALLS = range(1, 25)
"""Numbers of the Graph calls of a first run at which something may happen; the run makes some twenty."""


@pytest.fixture
def paged(make_home: MakeHome) -> Home:
    return make_home(small(album_sizes=[13, 5, 0, 6, 1], loose=7, tagged=6, videos=2), page_cap=4)


def revoke(subcode: int) -> Callable[[Simulator], None]:
    return lambda sim: sim.access.revoke(subcode)


SUBCODES = sampled([None, 458, 459, 460, 463, 464, 467, 492], 460, 463)


@pytest.mark.parametrize("subcode", SUBCODES)
def test_a_token_that_ends_mid_crawl(paged: Home, subcode: int | None) -> None:
    paged.at(9, lambda: paged.sim.access.revoke(subcode), on="graph")
    result = paged.sync()
    assert result.exit_code == LoginNeeded.exit_code
    assert paged.tombstones() == {}
    assert sum(paged.sim.world.ledger.errors.values()) == 1, "a refused token was used again"
    assert "FBBACKUP_TOKEN_ADA" in result.line
    listed = paged.value("SELECT count(*) FROM listing_pages") + paged.value(
        "SELECT count(*) FROM albums WHERE listed_at IS NOT NULL"
    )
    assert listed > 0
    paged.sim.faults.clear()
    paged.sim.access.restore()
    paged.complete()
    spent = paged.sim.calls["/{id}/photos"]
    paged.forget()
    paged.complete(deep=True)
    assert spent - 1 <= paged.sim.calls["/{id}/photos"], "albums that were read are read again"


def test_a_token_that_ended_before_the_run_changes_nothing(home: Home) -> None:
    home.complete()
    before = home.snapshot()
    home.sim.access.revoke(460)
    assert home.exit_code() == 3
    assert home.snapshot() == before
    home.sim.access.restore()
    home.complete()


@pytest.mark.parametrize("known", [True, False], ids=["known", "first"])
@pytest.mark.parametrize("deep", [True, False], ids=["deep", "quick"])
def test_a_declined_permission_is_no_empty_account(home: Home, known: bool, deep: bool) -> None:
    if known:
        home.complete()
    home.sim.access.decline("user_photos")
    result = home.sync(deep=deep)
    assert result.exit_code == 3
    assert "user_photos" in result.line
    assert home.tombstones() == {}
    home.sim.access.grant("user_photos")
    home.complete(deep=deep)


@pytest.mark.parametrize("known", [True, False], ids=["known", "first"])
@pytest.mark.parametrize("match", ["/albums?", "/photos?"])
def test_a_list_that_is_empty_because_the_permission_went(paged: Home, known: bool, match: str) -> None:
    if known:
        paged.complete()
    paged.sim.faults.set("lost-permission", times=1, match=match)
    assert paged.exit_code(deep=True) == 3
    assert paged.tombstones() == {}
    paged.sim.faults.clear()
    paged.sim.access.grant("user_photos")
    paged.sim.access.grant("pages_read_engagement")
    paged.complete()


def interrupted(home: Home, known: bool, number: int, act: Callable[[], None]) -> int:
    """A run in which something happens to the login at the `number`-th call; its exit code."""
    if known:
        home.complete()
        home.forget()
        home.sim.faults.clear()
    home.at(number, act, on="graph")
    code = home.exit_code(deep=known)
    assert home.tombstones() == {}
    assert home.kept().items() <= home.expected().items()
    home.sim.faults.clear()
    return code


def test_permission_lost_at_some_call(paged: Home) -> None:
    assert interrupted(paged, False, 12, lambda: paged.sim.access.decline("user_photos")) == 3
    paged.sim.access.grant("user_photos")
    paged.complete()


@pytest.mark.sweep
@pytest.mark.parametrize("known", [True, False], ids=["known", "first"])
@pytest.mark.parametrize("number", CALLS)
def test_permission_lost_at_any_call(paged: Home, known: bool, number: int) -> None:
    code = interrupted(paged, known, number, lambda: paged.sim.access.decline("user_photos"))
    assert code in (0, 3, 4)
    assert code != 0 or paged.members() == paged.expected_members()
    paged.sim.access.grant("user_photos")
    paged.complete()


@pytest.mark.sweep
@pytest.mark.parametrize("known", [True, False], ids=["known", "first"])
@pytest.mark.parametrize("number", CALLS)
def test_token_revoked_at_any_call(paged: Home, known: bool, number: int) -> None:
    code = interrupted(paged, known, number, lambda: paged.sim.access.revoke(467))
    assert code in (0, 3)
    paged.sim.access.restore()
    paged.complete()


def test_videos_without_permission_are_told_and_come_with_it(home: Home) -> None:
    home.sim.access.decline("user_videos")
    result = home.sync()
    assert home.tombstones() == {}
    assert any("user_videos" in note for note in result.notes)
    home.sim.access.grant("user_videos")
    home.complete(deep=True)


def test_videos_stay_when_only_their_permission_goes(home: Home) -> None:
    home.complete()
    kept = home.kept()
    home.sim.access.decline("user_videos")
    home.exit_code(deep=True)
    assert home.tombstones() == {}
    assert home.kept() == kept
    home.sim.access.grant("user_videos")
    home.complete(deep=True)


def both(home: Home, bob: Token) -> list[RunResult]:
    """One `sync` over two accounts that see the same library; ada's comes second."""
    config = replace(home.config(), accounts=(replace(home.config().accounts[0], name="bob"), *home.config().accounts))
    environ = home.environ | {"FBBACKUP_TOKEN_BOB": bob.text}
    environ |= {"FBBACKUP_APP_SECRET_BOB": home.app_secret} if home.app_secret else {}
    return [r.run for r in sync_accounts(config, home.archive, SyncOptions(), quiet=True, environ=environ)]


def test_one_account_without_login_does_not_stop_the_other(home: Home) -> None:
    bob = home.sim.access.issue("user", 0)
    bob.revoked = (463, None)
    assert [run.exit_code for run in both(home, bob)] == [3, 0]
    assert home.current() == home.expected()


def test_two_accounts_that_see_the_same_photos_store_them_once(home: Home) -> None:
    bob = home.sim.access.issue("user", 0)
    assert [run.exit_code for run in both(home, bob)] == [0, 0]
    assert home.current() == home.expected()
    assert home.downloads == len(home.expected())
    before = home.snapshot()
    home.forget()
    assert [run.exit_code for run in both(home, bob)] == [0, 0]
    assert home.downloads == 0
    assert home.snapshot() == before


def test_every_call_carries_the_proof_when_there_is_an_app_secret(make_home: MakeHome) -> None:
    home = make_home(app_secret="canary-of-the-app-2f7c1d")
    home.complete()
    home.complete(deep=True)
    assert home.sim.stats()["errors"] == {}


def test_a_wrong_app_secret_is_told_as_configuration(make_home: MakeHome) -> None:
    home = make_home(app_secret="canary-of-the-app-2f7c1d")
    home.sim.settings.app_secret = "another secret of another app"
    assert home.exit_code() == 2
    assert home.calls == 1
    home.sim.settings.app_secret = home.app_secret


def test_a_page_is_backed_up_with_its_own_token(make_home: MakeHome) -> None:
    home = make_home(small(page=True))
    home.complete()
    home.complete()
