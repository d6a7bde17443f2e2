"""The Graph source when the login, the allowance or the service fails."""

from __future__ import annotations

import time

import pytest

from fbbackup.errors import (
    BudgetSpent,
    ConfigError,
    ItemError,
    LoginNeeded,
    SourceUnavailable,
)
from fbbackup.http import HttpSettings
from fbbackup.models import Page, Permission
from fbbackup.simulator import Library, Simulator
from tests.sources.accounts import IN_ALBUMS, SIZES, Account, albums_of, all_of

# -- login and allowance -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("subcode", "words"), [(463, "expired"), (460, "password was changed"), (458, "removed")])
async def test_a_refused_token_says_why_and_what_to_do(sim: Simulator, subcode: int, words: str) -> None:
    sim.access.revoke(subcode)
    async with Account(sim) as source:
        with pytest.raises(LoginNeeded, match=words) as caught:
            await source.identity()
    assert "FBBACKUP_TOKEN_ADA" in str(caught.value)
    assert sim.token not in str(caught.value)


@pytest.mark.parametrize("form", ["now", "old", "no-code"])
async def test_errors_in_every_form(sim: Simulator, form: str) -> None:
    sim.settings.error_form = form
    sim.access.revoke(None)
    async with Account(sim) as source:
        with pytest.raises(LoginNeeded):
            await albums_of(source)


async def test_a_declined_permission_is_no_empty_library(sim: Simulator) -> None:
    sim.access.decline("user_photos")
    async with Account(sim) as source:
        with pytest.raises(LoginNeeded, match="user_photos is declined"):
            await source.identity()


async def test_a_permission_lost_on_the_way_empties_lists_and_is_told_when_asked(sim: Simulator) -> None:
    async with Account(sim) as source:
        await source.identity()
        tagged = next(album for album in await albums_of(source) if album.kind == "tagged")
        sim.faults.set("lost-permission", times=1)
        assert (await source.page(tagged, None)).photos == ()
        with pytest.raises(LoginNeeded, match="declined"):
            await source.identity()


@pytest.mark.parametrize("code", [10, 200])
async def test_a_refused_album_is_left_out_while_the_login_is_sound(sim: Simulator, code: int) -> None:
    async with Account(sim) as source:
        albums = [album for album in await albums_of(source) if album.kind == "normal"]
        sim.faults.set("permission-error", code=code, match=albums[0].remote_id)
        with pytest.raises(ItemError):
            await source.page(albums[0], None)
        sim.access.decline("user_photos")
        assert sim.calls["/me"] == 1


async def test_videos_are_left_out_without_their_permission(sim: Simulator) -> None:
    sim.access.decline("user_videos")
    async with Account(sim) as source:
        await source.identity()
        assert "videos" not in {album.kind for album in await albums_of(source)}
        assert any("user_videos" in note for note in source.notes)


async def test_a_page_is_read_by_its_own_permission() -> None:
    library = Library(album_sizes=(5, 3), loose=0, tagged=0, videos=0, page=True, largest=64)
    with Simulator(library, budget=100_000) as sim:
        account = Account(sim)
        async with account as source:
            identity = await source.identity()
            assert identity.permissions.get("pages_read_engagement") is Permission.GRANTED
            found = await all_of(source)
            assert sorted(len(photos) for key, photos in found.items() if key.isdigit()) == [3, 5]
        sim.access.decline("pages_read_engagement")
        account.state.pop("debug_token")
        async with account as source:
            with pytest.raises(LoginNeeded, match="pages_read_engagement"):
                await source.identity()


@pytest.mark.parametrize("fault", ["app-limit", "user-limit", "page-limit", "custom-limit", "graph-429", "usage-full"])
async def test_nothing_is_asked_while_the_allowance_is_used_up(sim: Simulator, fault: str) -> None:
    account = Account(sim)
    sim.faults.set(fault, times=1)
    async with account as source:
        with pytest.raises(BudgetSpent) as caught:
            await all_of(source)
        assert caught.value.regain_seconds > 0
        asked = sim.world.ledger.graph_calls
        for _ in range(3):
            with pytest.raises(BudgetSpent):
                await albums_of(source)
    async with account as later:
        with pytest.raises(BudgetSpent):
            await later.identity()
    assert sim.world.ledger.graph_calls == asked <= 2


async def test_the_own_allowance_ends_a_run_before_facebook_does(sim: Simulator) -> None:
    sim.settings.budget = 20
    async with Account(sim, usage_stop_percent=50) as source:
        for _ in range(10):
            await albums_of(source)
        with pytest.raises(BudgetSpent):
            await albums_of(source)
        assert source.calls == 10
    assert sim.world.ledger.errors == {}


# -- a service that fails ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        "graph-unknown",
        "graph-service",
        "graph-outage",
        "graph-reset",
        "graph-cut",
        "graph-html",
        "graph-empty",
        "true-body",
        "false-body",
        "null-body",
    ],
)
async def test_passing_failures_are_tried_again(sim: Simulator, fault: str) -> None:
    sim.faults.set(fault, times=2)
    account = Account(sim)
    shown: list[str] = []
    async with account as source:
        source.show_waits(shown.append)
        assert len(await all_of(source)) == len(SIZES) + 3
    assert len(shown) == 2 * len(account.waits)
    assert shown[0].startswith("Facebook fails (")
    assert shown[-1] == ""
    assert 1 <= len(account.waits) <= 2  # aiohttp itself repeats a GET on a connection that was kept open
    assert max(account.waits) <= 30


@pytest.mark.parametrize("years", [-56, -3, 0, 3, 12])
async def test_a_date_that_is_wrong_by_years_is_told_and_changes_nothing(sim: Simulator, years: int) -> None:
    async with Account(sim, clock=lambda: max(0.0, time.time() + years * 31_557_600)) as source:
        assert len(await all_of(source)) == len(SIZES) + 3
        assert [note.startswith("this machine's date is wrong: it says ") for note in source.notes] == [True] * bool(
            years
        )


@pytest.mark.parametrize("fault", ["graph-service", "graph-outage", "graph-reset"])
async def test_lasting_failures_end_the_run_soon(sim: Simulator, fault: str) -> None:
    sim.faults.set(fault)
    async with Account(sim) as source:
        with pytest.raises(SourceUnavailable) as caught:
            await all_of(source)
        assert source.calls == 4
    assert sim.token not in str(caught.value)


async def test_one_sick_album_ends_no_run_but_a_sick_service_does(sim: Simulator) -> None:
    async with Account(sim) as source:
        albums = await albums_of(source)
        sim.faults.set("graph-unknown", match=albums[0].remote_id)
        with pytest.raises(ItemError):
            await source.page(albums[0], None)
        assert (await source.page(albums[1], None)).photos
        sim.faults.set("graph-unknown")
        with pytest.raises(SourceUnavailable):
            [page async for page in source.first_pages(albums)]


async def test_a_stalling_service_is_asked_for_less_and_then_given_up(sim: Simulator) -> None:
    sim.faults.set("graph-stall")
    account = Account(sim)
    account.limits = HttpSettings(read_seconds=0.05)
    async with account as source:
        with pytest.raises(SourceUnavailable):
            await albums_of(source)
        assert source.calls <= 10


async def test_too_much_data_is_asked_for_in_smaller_parts_and_that_is_learned(sim: Simulator) -> None:
    sim.settings.cost_limit = 60
    account = Account(sim)
    async with account as source:
        found = await all_of(source)
        assert sum(len(photos) for key, photos in found.items() if key.isdigit()) == IN_ALBUMS
        first = source.calls
    async with account as source:
        await all_of(source)
        assert source.calls < first - 3


async def test_even_the_smallest_request_may_be_too_large(sim: Simulator) -> None:
    async with Account(sim) as source:
        albums = await albums_of(source)
        sim.faults.set("reduce-data")
        with pytest.raises(ItemError, match="too large"):
            await source.page(albums[0], None)
        assert source.calls < 12


async def test_fields_that_are_gone_are_left_out_and_remembered(sim: Simulator) -> None:
    sim.settings.missing_fields = {"reactions", "tags", "alt_text"}
    account = Account(sim)
    async with account as source:
        found = await all_of(source)
        assert sum("reactions" in note for note in source.notes) == 1
    photos = [photo for key, photos in found.items() if key.isdigit() for photo in photos]
    assert len(photos) == IN_ALBUMS
    assert all({"reactions", "people", "alt_text"} <= photo.absent_fields for photo in photos)
    assert all(photo.people is None and photo.reactions is None for photo in photos)
    async with account as source:
        await source.page(next(iter(await albums_of(source))), None)
        assert source.calls == 2


@pytest.mark.parametrize("fault", ["invalid-utf8", "nan", "duplicate-keys"])
async def test_odd_json_is_read(sim: Simulator, fault: str) -> None:
    sim.faults.set(fault)
    async with Account(sim) as source:
        found = await all_of(source)
    assert sum(len(photos) for key, photos in found.items() if key.isdigit()) == IN_ALBUMS


@pytest.mark.parametrize(("fault", "photos", "problems"), [("broken-item", 39, 1), ("null-fields", 40, 0)])
async def test_one_bad_item_is_told_and_the_rest_is_read(
    sim: Simulator, fault: str, photos: int, problems: int
) -> None:
    async with Account(sim) as source:
        album = next(album for album in await albums_of(source) if album.remote_count == 40)
        sim.faults.set(fault, match=album.remote_id)
        page: Page = await source.page(album, None)
        assert (len(page.photos), len(page.problems)) == (photos, problems)


@pytest.mark.parametrize(("fault", "options"), [("deep-nesting", {}), ("huge-json", {"size": 400_000})])
async def test_an_answer_that_can_not_be_read_ends_one_album(
    sim: Simulator, fault: str, options: dict[str, int]
) -> None:
    account = Account(sim)
    account.limits = HttpSettings(reply_limit=300_000)
    async with account as source:
        albums = [album for album in await albums_of(source) if album.remote_count in (8, 25)]
        sim.faults.set(fault, match=albums[0].remote_id, **options)
        with pytest.raises((ItemError, SourceUnavailable)):
            await source.page(albums[0], None)
        assert (await source.page(albums[1], None)).photos


async def test_another_version_is_mentioned_once(sim: Simulator) -> None:
    sim.settings.header_version = "v22.0"
    async with Account(sim) as source:
        await all_of(source)
        assert [note for note in source.notes if "v22.0" in note] == source.notes


async def test_every_call_proves_the_app(sim: Simulator) -> None:
    sim.settings.app_secret = "a-secret-of-the-app"
    async with Account(sim, app_secret="a-secret-of-the-app") as source:
        await all_of(source)
    async with Account(sim) as source:
        with pytest.raises(ConfigError, match="secret"):
            await source.identity()
