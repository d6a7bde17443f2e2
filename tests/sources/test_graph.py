"""The Graph source against the simulator: what it reads, and what that costs."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from fbbackup.errors import (
    AddressExpired,
    CursorRejected,
    ItemError,
    SourceUnavailable,
)
from fbbackup.http import HostRules, Http
from fbbackup.models import Absence, Album, Kind
from fbbackup.simulator import Library, Simulator
from fbbackup.sources.graph import GraphSettings, GraphSource
from fbbackup.sources.graph.walk import plan
from tests.sources.accounts import SIZES, Account, albums_of, all_of, ids_in, rest_of

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
        photos = {photo.id for photo in everything.values() if photo.kind is Kind.PHOTO}
        assert photos == set(sim.library.photo_ids())
        assert everything.keys() - photos == set(sim.library.video_list())
        some = [photo for photo in everything.values() if photo.kind is Kind.PHOTO and photo.largest][:10]
        for photo in some:
            assert photo.largest is not None
            assert await source.read(photo.largest) == sim.largest_bytes(photo.id)


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


@pytest.mark.parametrize(
    ("small", "first", "quiet"),
    [pytest.param(392, 100, 12, marks=pytest.mark.sweep), (92, 40, 6)],
)
async def test_calls_of_a_first_and_of_a_quiet_run(small: int, first: int, quiet: int) -> None:
    sizes = [8 + i * 37 % 70 for i in range(small)] + [150, 300, 120, 400, 101, 99, 100, 250]
    library = Library(album_sizes=sizes, loose=0, tagged=50, videos=10, largest=64)
    with Simulator(library, budget=100_000) as sim:
        account = Account(sim)
        async with account as source:
            await source.identity()
            albums = await albums_of(source)
            async for album, page in source.first_pages([album for album in albums if album.kind != "uploads"]):
                if page.next_cursor:
                    await rest_of(source, album, page.next_cursor)
            assert source.calls <= first
            assert source.calls == sim.world.ledger.graph_calls
        async with account as source:
            await source.identity()
            probes = [await source.probe(album) for album in await albums_of(source) if album.virtual]
            assert all(probes)
            assert source.calls <= quiet
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


# -- by id -------------------------------------------------------------------------------------------------------


async def test_photos_videos_and_the_missing_by_id(sim: Simulator) -> None:
    async with Account(sim) as source:
        ids = sorted(sim.library.photo_ids())[:60]
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
    ids = sorted(sim.library.photo_ids())[:3]
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
