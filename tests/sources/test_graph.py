"""The Graph source against the simulator: what it reads, what it costs, and what it does when things go wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from fbbackup.errors import (
    AddressExpired,
    BudgetSpent,
    ConfigError,
    CursorRejected,
    ItemError,
    LoginNeeded,
    SourceUnavailable,
)
from fbbackup.http import HostRules, Http, HttpSettings
from fbbackup.models import Absence, Album, Kind, Page, Permission, Photo
from fbbackup.protocols import Source
from fbbackup.simulator import Library, Simulator
from fbbackup.sources.graph import GraphSettings, GraphSource
from fbbackup.sources.graph.walk import plan

SIZES = (130, 40, 7, 0, 25)
IN_ALBUMS = sum(SIZES) + 2  # two albums hold a video too


@pytest.fixture
def sim() -> Iterator[Simulator]:
    library = Library(album_sizes=SIZES, loose=5, tagged=6, videos=4, shared=0, largest=320)
    with Simulator(library, budget=100_000) as running:
        yield running
    assert running.leaks == []
    assert running.world.ledger.canaries == []


class Account:
    """Sources of one account that share their state, as runs do; waiting is only counted."""

    def __init__(self, sim: Simulator, **given: Any) -> None:
        self.sim = sim
        self.state: dict[str, Any] = {}
        self.waits: list[float] = []
        self.now = time.time
        self.limits: HttpSettings | None = None
        self.settings = GraphSettings("ada", sim.token, api_url=sim.url, sleep=self._wait, **given)

    async def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def __aenter__(self) -> GraphSource:
        self.http = Http(HostRules.of(self.sim.url), self.limits)
        self.source = GraphSource(self.settings, self.state, self.http)
        return self.source

    async def __aexit__(self, *_: object) -> None:
        await self.source.close()
        await self.http.close()


async def albums_of(source: Source) -> list[Album]:
    return [album async for albums in source.albums() for album in albums]


async def rest_of(source: Source, album: Album, cursor: str | None) -> list[Photo]:
    photos: list[Photo] = []
    while True:
        page = await source.page(album, cursor)
        assert page.problems == ()
        photos += page.photos
        cursor = page.next_cursor
        if cursor is None:
            return photos


async def all_of(source: Source) -> dict[str, list[Photo]]:
    """Everything by album, in the way of a crawl."""
    await source.identity()
    found: dict[str, list[Photo]] = {}
    async for album, page in source.first_pages(await albums_of(source)):
        assert page.problems == ()
        rest = await rest_of(source, album, page.next_cursor) if page.next_cursor else []
        found[album.remote_id] = [*page.photos, *rest]
    return found


def ids_in(library: Library, album_id: str) -> set[str]:
    return set(library.album_photos(album_id))


# -- everything there is -----------------------------------------------------------------------------------------


async def test_everything_is_found_and_bodies_are_the_largest(sim: Simulator) -> None:
    async with Account(sim) as source:
        found = await all_of(source)
        everything = {photo.id: photo for photos in found.values() for photo in photos}
        for album_id, photos in found.items():
            if album_id not in ("tagged", "uploads", "videos"):
                assert {photo.id for photo in photos} == ids_in(sim.library, album_id)
                assert len(photos) == len({photo.id for photo in photos})
        assert len(found) == len(SIZES) + 3
        expected = dict(sim.expected())
        assert expected.keys() <= everything.keys()
        assert {photo.id for photo in everything.values() if photo.kind is Kind.PHOTO} <= expected.keys()
        some = [photo for photo in everything.values() if photo.kind is Kind.PHOTO and photo.largest][:10]
        for photo in some:
            assert photo.largest is not None
            assert sha256(await source.read(photo.largest)).hexdigest() == expected[photo.id]


async def test_videos_are_streamed(sim: Simulator) -> None:
    async with Account(sim) as source:
        videos = [album for album in await albums_of(source) if album.kind == "videos"]
        with_address = [video for video in await rest_of(source, videos[0], None) if video.largest]
        assert with_address
        assert with_address[0].largest is not None
        body = b"".join([piece async for piece in source.stream(with_address[0].largest)])
        assert body == sim.largest_bytes(with_address[0].id)


async def test_unchanged_photos_have_byte_identical_raw_nodes(sim: Simulator) -> None:
    async with Account(sim) as source:
        first, second = await all_of(source), await all_of(source)
    assert {p.id: p.raw for photos in first.values() for p in photos} == {
        p.id: p.raw for photos in second.values() for p in photos
    }
    assert "?" not in "".join(p.raw for photos in first.values() for p in photos if "oh=" in p.raw)


# -- calls -------------------------------------------------------------------------------------------------------


async def test_calls_of_a_first_and_of_a_quiet_run() -> None:
    sizes = [8 + i * 37 % 70 for i in range(392)] + [150, 300, 120, 400, 101, 99, 100, 250]
    library = Library(album_sizes=sizes, loose=0, tagged=50, videos=10, largest=64)
    with Simulator(library, budget=100_000) as sim:
        account = Account(sim)
        async with account as source:
            await source.identity()
            albums = await albums_of(source)
            async for album, page in source.first_pages([album for album in albums if album.kind != "uploads"]):
                if page.next_cursor:
                    await rest_of(source, album, page.next_cursor)
            assert source.calls <= 100
            assert source.calls == sim.world.ledger.graph_calls
        async with account as quiet:
            await quiet.identity()
            probes = [await quiet.probe(album) for album in await albums_of(quiet) if album.virtual]
            assert all(probes)
            assert quiet.calls <= 12
    assert sim.leaks == []


async def test_a_quiet_run_over_a_small_account_takes_six_calls(sim: Simulator) -> None:
    account = Account(sim)
    for calls in (6, 5):  # the token's clocks are asked once a day
        async with account as source:
            await source.identity()
            for album in await albums_of(source):
                await source.probe(album)
            assert source.calls == calls


async def test_the_clocks_of_a_token_are_asked_again_after_a_day_and_for_a_new_token(sim: Simulator) -> None:
    account = Account(sim)
    for settings, asked in (
        (account.settings, 1),
        (account.settings, 1),
        (replace(account.settings, clock=lambda: time.time() + 90_000), 2),
        (replace(account.settings, token=sim.access.issue("user", 9e6).text), 3),
    ):
        account.settings = settings
        async with account as source:
            identity = await source.identity()
            assert identity.expires_at is not None
        assert sim.calls["/debug_token"] == asked


@pytest.mark.parametrize(
    ("counts", "wanted", "steps"),
    [
        ([10] * 20, range(20), [10, 10]),
        ([10] * 20, [0, 1], [10]),
        ([10] * 20, [0], []),
        ([10] * 20, [19, 18], []),  # two calls to get there, two to open them singly
        ([10] * 20, [17, 18, 19], [10, 10]),
        ([500] * 3, range(3), []),  # one each either way
        ([None] * 3, range(3), []),
        ([0] * 150, range(150), [100, 50]),
        ([10] * 20, [], []),
        ([], [], []),
    ],
)
def test_walking_is_planned_by_its_price(counts: list[int | None], wanted: Any, steps: list[int]) -> None:
    albums = [Album(str(place), "", remote_count=count) for place, count in enumerate(counts)]
    assert plan(albums, {str(place) for place in wanted}, 100) == steps


async def test_only_wanted_albums_are_opened(sim: Simulator) -> None:
    async with Account(sim) as source:
        albums = await albums_of(source)
        wanted = [albums[1], albums[4]]
        opened = [album.remote_id async for album, _ in source.first_pages(wanted)]
        assert sorted(opened) == sorted(album.remote_id for album in wanted)
        assert source.calls == 2


async def test_the_probe_of_a_virtual_album_moves_with_it(sim: Simulator) -> None:
    async with Account(sim) as source:
        albums = {album.kind: album for album in await albums_of(source)}
        before = await source.probe(albums["uploads"])
        assert before == await source.probe(albums["uploads"])
        sim.library.add_photo()
        assert before != await source.probe(albums["uploads"])
        assert await source.probe(albums["normal"]) is None


# -- paging ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    ["page-short", "page-empty", "page-repeat", "page-overlap", "page-reorder", "next-foreign", "paging-absent"],
)
async def test_odd_pages_change_nothing_in_the_result(sim: Simulator, fault: str) -> None:
    sim.faults.set(fault, times=3)
    async with Account(sim) as source:
        found = await all_of(source)
    for album_id, photos in found.items():
        if album_id.isdigit():
            assert {photo.id for photo in photos} == ids_in(sim.library, album_id)


@pytest.mark.parametrize("style", ["offset", "time"])
async def test_lists_without_cursors_are_read_by_their_parameters(sim: Simulator, style: str) -> None:
    sim.settings.paging = style
    async with Account(sim) as source:
        big = next(album for album in await albums_of(source) if album.remote_count == 131)
        found = await rest_of(source, big, None)
        assert {photo.id for photo in found} == ids_in(sim.library, big.remote_id)


async def test_a_list_in_circles_is_given_up(sim: Simulator) -> None:
    async with Account(sim) as source:
        big = next(album for album in await albums_of(source) if album.remote_count == 131)
        sim.faults.set("page-loop")
        with pytest.raises(CursorRejected, match="repeats"):
            await rest_of(source, big, None)
        assert source.calls < 6
        with pytest.raises(SourceUnavailable, match="repeats"):
            await albums_of(source)


async def test_a_refused_cursor_starts_the_listing_again(sim: Simulator) -> None:
    async with Account(sim) as source:
        big = next(album for album in await albums_of(source) if album.remote_count == 131)
        page = await source.page(big, None)
        sim.faults.set("cursor-invalid", times=1)
        with pytest.raises(CursorRejected):
            await source.page(big, page.next_cursor)
        assert len(await rest_of(source, big, None)) == 131


def test_cursors_hold_paging_parameters_only(sim: Simulator) -> None:
    source = GraphSource(
        GraphSettings("ada", "TOKEN", api_url="https://graph.test"), http=Http(HostRules.of("https://graph.test"))
    )
    following = "https://graph.test/v1/1/photos?access_token=TOKEN&fields=id&limit=9&until=5&__paging_token=x&offset=2"
    assert source._pages.next_cursor({"next": following}) == "?until=5&offset=2&__paging_token=x"
    assert source._pages.next_cursor({"cursors": {"after": "A"}}) is None
    assert source._pages.next_cursor({"cursors": {"after": "A"}, "next": "https://evil.test/"}) == "A"
    assert source._pages.next_cursor(None) is None
    for foreign in ("https://evil.test/?after=A", "https://graph.test.evil.test/?after=A", "https://[", 5, "/?x=1"):
        with pytest.raises(ItemError):
            source._pages.next_cursor({"next": foreign})


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


async def test_a_permission_lost_on_the_way_is_noticed_at_the_first_empty_list(sim: Simulator) -> None:
    async with Account(sim) as source:
        await source.identity()
        albums = await albums_of(source)
        sim.faults.set("lost-permission", times=1)
        with pytest.raises(LoginNeeded):
            [page async for page in source.first_pages(albums)]


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
    async with account as source:
        assert len(await all_of(source)) == len(SIZES) + 3
    assert 1 <= len(account.waits) <= 2  # aiohttp itself repeats a GET on a connection that was kept open
    assert max(account.waits) <= 30


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


# -- by id -------------------------------------------------------------------------------------------------------


async def test_photos_videos_and_the_missing_by_id(sim: Simulator) -> None:
    async with Account(sim) as source:
        ids = sorted(dict(sim.expected()))[:60]
        gone = ids[10]
        sim.library.delete_photo(gone)
        videos = [one for one in sim.library.video_list()][:2]
        asked = list(dict.fromkeys([*ids, *videos, "404404404404404", ids[0]]))
        answers = await source.photos_by_id(asked)
        assert {photo.id for photo in answers.photos} == set(asked) - {gone, "404404404404404"}
        assert {absence.id for absence in answers.absent} == {gone, "404404404404404"}
        assert all("100/33" in absence.evidence or "803" in absence.evidence for absence in answers.absent)
        assert answers.unclear == ()
        assert {photo.id for photo in answers.photos if photo.kind is Kind.VIDEO} >= set(videos)
        assert source.calls == sim.budget.used()


async def test_fifty_ids_are_one_request(sim: Simulator) -> None:
    async with Account(sim) as source:
        ids = [photo.id for photo in await rest_of(source, (await albums_of(source))[0], None)][:100]
        before = source.calls
        requests = sum(sim.calls.values())
        assert len((await source.photos_by_id(ids)).photos) == len(ids)
        assert source.calls - before == len(ids)
        assert sum(sim.calls.values()) - requests <= len(ids)


@pytest.mark.parametrize("fault", [("permission-error", {}), ("graph-error", {"code": 100, "message": "(#100) Odd"})])
async def test_other_refusals_prove_no_absence(sim: Simulator, fault: tuple[str, dict[str, Any]]) -> None:
    ids = sorted(dict(sim.expected()))[:3]
    sim.faults.set(fault[0], **fault[1])
    async with Account(sim) as source:
        answers = await source.photos_by_id(ids)
    assert answers.photos == answers.absent == ()
    assert [absence.id for absence in answers.unclear] == ids


async def test_albums_by_id(sim: Simulator) -> None:
    async with Account(sim) as source:
        albums = await albums_of(source)
        assert await source.album_by_id(albums[0]) == albums[0]
        assert await source.album_by_id(albums[-1]) == albums[-1]
        sim.library.delete_album(albums[0].remote_id)
        answer = await source.album_by_id(albums[0])
        assert isinstance(answer, Absence)
        assert "100/33" in answer.evidence
        sim.faults.set("permission-error", code=220, match=albums[1].remote_id)
        assert await source.album_by_id(albums[1]) is None


async def test_an_expired_address_asks_for_a_fresh_one(sim: Simulator) -> None:
    async with Account(sim) as source:
        photo = (await source.page((await albums_of(source))[0], None)).photos[0]
        assert photo.largest is not None
        sim.faults.set("url-expired", times=1)
        with pytest.raises(AddressExpired, match="signature expired"):
            await source.read(photo.largest)
        fresh = (await source.photos_by_id([photo.id])).photos[0]
        assert fresh.largest is not None
        assert await source.read(fresh.largest) == sim.largest_bytes(photo.id)
