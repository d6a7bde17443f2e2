"""The legacy interface against the simulator: albums and pages, errors as remedies, retries, numbers of calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from fbbackup.errors import BudgetSpent, ConfigError, CursorRejected, ItemError, LoginNeeded, SourceUnavailable
from fbbackup.models import Album, Photo
from fbbackup.simulator import Library, Simulator
from fbbackup.simulator.legacy import API_KEY, SECRET, USER
from fbbackup.sources.legacy import LegacySettings, LegacySource


async def no_pause(seconds: float) -> None:
    """Retries without waiting."""


def settings(sim: Simulator, **changes: Any) -> LegacySettings:
    known = {"name": "ada", "api_url": sim.legacy_url, "api_key": API_KEY, "user_id": str(USER), "secret": SECRET,
             "session_key": sim.token, "sleep": no_pause}  # fmt: skip
    return LegacySettings(**{**known, **changes})


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    library = Library(album_sizes=(7, 0, 3), tagged=2, largest=640)
    with Simulator(library, budget=1_000_000) as running:
        yield running


@pytest.fixture
async def source(sim: Simulator) -> AsyncIterator[LegacySource]:
    sim.faults.clear()
    opened = LegacySource(settings(sim), page_photos=4)
    yield opened
    await opened.close()


async def photos(source: LegacySource, album: Album) -> list[Photo]:
    page = await source.page(album, None)
    found = list(page.photos)
    while page.next_cursor is not None:
        page = await source.page(album, page.next_cursor)
        found += page.photos
    return found


async def test_albums_photos_and_tagged_photos_are_all_there(source: LegacySource, sim: Simulator) -> None:
    await source.identity()
    albums = [album for found in [one async for one in source.albums()] for album in found]
    assert [album.remote_count for album in albums] == [7, 0, 3, None]
    listed = [await photos(source, album) for album in albums]
    assert [len(found) for found in listed] == [7, 0, 3, 2]
    first = listed[0][0]
    assert first.largest is not None
    assert (await source.read(first.largest))[:2] in (b"\xff\xd8", b"\x89P", b"RI")
    assert source.calls == 1 + len(albums)


async def test_a_cursor_of_a_changed_album_is_rejected(source: LegacySource, sim: Simulator) -> None:
    album = [album for found in [one async for one in source.albums()] for album in found][0]
    page = await source.page(album, None)
    later = LegacySource(settings(sim), source.state, page_photos=4)
    assert len((await later.page(album, page.next_cursor)).photos) == 3
    with pytest.raises(CursorRejected):
        await later.page(album, "4-0123456789abcdef")
    await later.close()


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [(102, LoginNeeded, "session"), (101, ConfigError, "app_id"), (104, ConfigError, "app secret"),
     (5, ConfigError, "address"), (100, SourceUnavailable, "100"), (4, BudgetSpent, "too many calls")],
)  # fmt: skip
async def test_errors_name_their_remedy(
    source: LegacySource, sim: Simulator, code: int, error: type[Exception], words: str
) -> None:
    sim.faults.set("graph-error", times=50, code=code)
    with pytest.raises(error, match=words):
        await source.identity()
    assert source.calls <= 4


async def test_a_wrong_secret_and_a_wrong_app_are_told_apart(sim: Simulator) -> None:
    sim.faults.clear()
    for change, words in (({"secret": "x" * 32}, "app secret"), ({"api_key": "x"}, "app_id")):
        wrong = LegacySource(settings(sim, **change))
        with pytest.raises(ConfigError, match=words):
            await wrong.identity()
        await wrong.close()


async def test_a_passing_error_is_outlived_and_a_lasting_one_ends_within_few_calls(
    source: LegacySource, sim: Simulator
) -> None:
    shown: list[str] = []
    source.show_waits(shown.append)
    sim.faults.set("graph-error", times=3, code=1)
    await source.identity()
    albums = [album for found in [one async for one in source.albums()] for album in found]
    assert [bool(words) for words in shown] == [True, False] * 3
    sim.faults.set("graph-error", times=500, code=2)
    before = source.calls
    for album in albums[:2]:
        with pytest.raises(ItemError):
            await source.page(album, None)
    with pytest.raises(SourceUnavailable):
        await source.page(albums[2], None)
    assert source.calls - before <= 12


async def test_call_numbers_rise_even_when_the_clock_goes_back() -> None:
    state: dict[str, Any] = {}
    with Simulator(Library(album_sizes=(1,)), budget=1_000_000) as own:
        for now in (2_000_000_000.0, 1_000.0, 1_000.0):
            source = LegacySource(settings(own, clock=lambda now=now: now), state)
            await source.identity()
            assert source.calls == 1
            await source.close()
        fresh = LegacySource(settings(own, clock=lambda: 1_000.0))
        await fresh.identity()
        assert fresh.calls > 1
        await fresh.close()
