"""What every source promises, whatever it reads from: the double of the tests goes through it like the Graph API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from fbbackup.errors import CursorRejected
from fbbackup.models import Absence, Album, Page, Photo
from fbbackup.protocols import Source
from fbbackup.simulator import Library, Simulator
from fbbackup.simulator.legacy import API_KEY, SECRET, USER, Legacy, pid_of, rendition_within
from fbbackup.simulator.world import World
from fbbackup.sources.graph import GraphSettings, GraphSource
from fbbackup.sources.legacy import LegacySettings, LegacySource
from fbbackup.sources.rpc import RpcSettings, RpcSource
from tests.fake_source import FakeSource
from tests.sources.rpc_server import SESSION, RpcServer, running

SIZES = (23, 4, 0, 10, 1)
UNKNOWN = "4"
"""An id that no photo and no album has."""


@dataclass
class Account:
    """A source together with what it has to show."""

    source: Source
    albums: dict[str, list[str]]
    bodies: Callable[[str], bytes]
    remove_photo: Callable[[str], Any]
    remove_album: Callable[[str], Any]
    next_run: Callable[[], Source]
    """The source as a later run has it: a new object with the state of the old one."""


def faked() -> Account:
    fake = FakeSource(page_size=4)
    for number, size in enumerate(SIZES, 1):
        fake.add_album(str(number * 10), photos=size)

    def remove_album(id_: str) -> None:
        del fake.library[id_]

    members = {album: list(ids) for album, ids in fake.library.items()}
    return Account(fake, members, fake.bodies.__getitem__, fake.remove, remove_album, lambda: fake)


@dataclass
class Opened:
    """Sources that a test opened one after the other, each with the state of the one before."""

    make: Callable[[dict[str, Any]], Source]
    sources: list[Source] = field(default_factory=list)

    def next_run(self) -> Source:
        self.sources.append(self.make(self.sources[-1].state if self.sources else {}))
        return self.sources[-1]


class Names:
    """What the legacy interface calls the simulator's albums and photos, and what it hands out of them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[str, str] = {}

    def album(self, id_: str) -> str:
        album = self._world.library.album(id_)
        assert album is not None
        return self._keep("aid:" + Legacy(self._world).aid(album), id_)

    def photo(self, id_: str) -> str:
        item = self._world.library.item(id_)
        assert item is not None
        return self._keep("pid:" + pid_of(item), id_)

    def _keep(self, name: str, id_: str) -> str:
        self._known[name] = id_
        return name

    def graph_id(self, name: str) -> str:
        return self._known[name]

    def body(self, pid: str) -> bytes:
        """The bytes of the largest picture that the interface hands out."""
        item = self._world.library.item(self._known[pid])
        assert item is not None
        sizes = (rendition_within(self._world, item, name) for name in ("src_big", "src", "src_small"))
        return self._world.pictures.of(item, next(size for size in sizes if size))


def graph(sim: Simulator) -> tuple[Account, Opened]:
    settings = GraphSettings(name="ada", token=sim.token, api_url=sim.url)
    opened = Opened(lambda state: GraphSource(settings, state))
    library = sim.library
    albums = {one: list(library.album_photos(one)) for one in library.album_list()}
    given = (albums, sim.largest_bytes, library.delete_photo, library.delete_album, opened.next_run)
    return Account(opened.next_run(), *given), opened


def legacy(sim: Simulator) -> tuple[Account, Opened]:
    """The same library with the numbers of the legacy interface."""
    settings = LegacySettings("ada", sim.legacy_url, API_KEY, str(USER), SECRET, sim.token)
    opened = Opened(lambda state: LegacySource(settings, state, page_photos=4))
    library, names = sim.library, Names(sim.world)
    albums = {
        names.album(one): [names.photo(photo) for photo in library.album_photos(one)] for one in library.album_list()
    }
    account = Account(
        opened.next_run(),
        albums,
        lambda pid: names.body(pid),
        lambda pid: library.delete_photo(names.graph_id(pid)),
        lambda aid: library.delete_album(names.graph_id(aid)),
        opened.next_run,
    )
    return account, opened


def rpc(server: RpcServer, transport: str) -> tuple[Account, Opened]:
    settings = RpcSettings("ada", server.url, "ada", SESSION, transport)
    opened = Opened(lambda state: RpcSource(settings, state))
    albums = {album: list(members) for album, members in server.albums.items()}
    given = (albums, server.bodies.__getitem__, server.remove, server.albums.__delitem__, opened.next_run)
    return Account(opened.next_run(), *given), opened


@asynccontextmanager
async def followed(transport: str) -> AsyncIterator[Account]:
    """An account at a server of the local API with pages of four."""
    server = RpcServer(most=4)
    for number, size in enumerate(SIZES, 1):
        server.albums[str(number * 10)] = []
        server.add(str(number * 10), *(str(number * 1000 + photo) for photo in range(size)))
    async with running(server):
        made, opened = rpc(server, transport)
        yield made
        for source in opened.sources:
            await source.close()


@pytest.fixture(params=["fake", "graph", "legacy", "rpc http", "rpc websocket"])
async def account(request: pytest.FixtureRequest) -> AsyncIterator[Account]:
    if request.param == "fake":
        yield faked()
        return
    if request.param.startswith("rpc"):
        async with followed(request.param.split()[1]) as made:
            yield made
        return
    library = Library(album_sizes=SIZES, largest=64)
    with Simulator(library, budget=100_000, page_cap=4) as sim:
        made, opened = graph(sim) if request.param == "graph" else legacy(sim)
        yield made
        for source in opened.sources:
            await source.close()
        assert sim.leaks == []


async def listed(account: Account) -> list[Album]:
    return [album async for albums in account.source.albums() for album in albums]


async def real_albums(account: Account) -> list[Album]:
    return [album for album in await listed(account) if not album.virtual]


async def fullest(account: Account) -> Album:
    return max(await real_albums(account), key=lambda album: len(account.albums[album.remote_id]))


async def pages(source: Source, album: Album, cursor: str | None = None) -> list[Page]:
    found = [await source.page(album, cursor)]
    while (following := found[-1].next_cursor) is not None:
        found.append(await source.page(album, following))
        assert len(found) < 100, "the listing never ends"
    return found


def ids(found: list[Page]) -> list[str]:
    return [photo.id for page in found for photo in page.photos]


async def one_photo(account: Account) -> Photo:
    return (await account.source.page(await fullest(account), None)).photos[0]


async def test_the_login_has_a_name_and_may_read(account: Account) -> None:
    identity = await account.source.identity()
    assert identity.remote_id
    assert identity.readable


async def test_the_album_list_ends_and_names_every_album_once(account: Account) -> None:
    found = await real_albums(account)
    assert [album.remote_id for album in found] == list(account.albums)
    assert all(album.title for album in found)


async def test_virtual_albums_come_last(account: Account) -> None:
    marks = [album.virtual for album in await listed(account)]
    assert marks == sorted(marks)


async def test_the_album_list_can_be_read_twice(account: Account) -> None:
    assert await listed(account) == await listed(account)


async def test_pages_cover_an_album_exactly_and_in_order(account: Account) -> None:
    for album in await real_albums(account):
        assert ids(await pages(account.source, album)) == account.albums[album.remote_id]


async def test_only_the_last_page_has_no_cursor(account: Account) -> None:
    found = await pages(account.source, await fullest(account))
    assert len(found) > 1
    assert [page.next_cursor is None for page in found] == [False] * (len(found) - 1) + [True]
    assert all(page.problems == () for page in found)


async def test_a_later_run_goes_on_from_any_cursor(account: Account) -> None:
    album = await fullest(account)
    whole = await pages(account.source, album)
    for number, page in enumerate(whole[:-1], 1):
        rest = await pages(account.next_run(), album, page.next_cursor)
        assert ids(rest) == ids(whole[number:])


async def test_a_listing_starts_again_after_it_ended(account: Account) -> None:
    album = await fullest(account)
    assert ids(await pages(account.source, album)) == ids(await pages(account.source, album))


async def test_a_cursor_that_means_nothing_is_rejected(account: Account) -> None:
    with pytest.raises(CursorRejected):
        await account.source.page(await fullest(account), "no cursor of this list")


async def test_first_pages_open_each_album_once_and_begin_its_listing(account: Account) -> None:
    wanted = await real_albums(account)
    opened = {album.remote_id: page async for album, page in account.source.first_pages(wanted)}
    assert opened.keys() == account.albums.keys()
    for album in wanted:
        first = opened[album.remote_id]
        rest = await pages(account.source, album, first.next_cursor) if first.next_cursor else []
        assert ids([first, *rest]) == account.albums[album.remote_id]


async def test_first_pages_open_nothing_else(account: Account) -> None:
    wanted = (await real_albums(account))[1::2]
    opened = [album.remote_id async for album, _ in account.source.first_pages(wanted)]
    assert sorted(opened) == sorted(album.remote_id for album in wanted)


async def test_photos_are_told_the_same_by_list_and_by_id(account: Account) -> None:
    photo = await one_photo(account)
    answers = await account.source.photos_by_id([photo.id])
    (again,) = answers.photos
    assert (again.id, again.kind, again.caption, again.raw) == (photo.id, photo.kind, photo.caption, photo.raw)
    assert (answers.absent, answers.unclear) == ((), ())


async def test_every_id_gets_one_answer(account: Account) -> None:
    there = [id_ for members in account.albums.values() for id_ in members]
    account.remove_photo(there[3])
    answers = await account.source.photos_by_id([*there, UNKNOWN])
    assert sorted(photo.id for photo in answers.photos) == sorted(set(there) - {there[3]})
    assert {absence.id for absence in answers.absent} == {there[3], UNKNOWN}
    assert all("does not exist" in absence.evidence for absence in answers.absent)
    assert answers.unclear == ()


async def test_no_ids_need_no_answer(account: Account) -> None:
    before = account.source.calls
    answers = await account.source.photos_by_id([])
    assert (answers.photos, answers.absent, answers.unclear) == ((), (), ())
    assert account.source.calls - before <= 1


async def test_an_album_is_there_or_denied(account: Account) -> None:
    album = await fullest(account)
    answer = await account.source.album_by_id(album)
    assert isinstance(answer, Album)
    assert (answer.remote_id, answer.title) == (album.remote_id, album.title)
    account.remove_album(album.remote_id)
    denied = await account.source.album_by_id(album)
    assert isinstance(denied, Absence)
    assert denied.evidence


async def test_the_largest_variant_gives_the_whole_body(account: Account) -> None:
    for album in await real_albums(account):
        for photo in (await account.source.page(album, None)).photos:
            variant = photo.largest
            assert variant is not None
            assert max(photo.variants, key=lambda one: one.pixels) == variant
            body = account.bodies(photo.id)
            assert await account.source.read(variant) == body
            assert b"".join([piece async for piece in account.source.stream(variant)]) == body


async def test_calls_are_counted_and_reading_pictures_costs_none(account: Account) -> None:
    before = account.source.calls
    photo = await one_photo(account)
    listed_at = account.source.calls
    assert listed_at > before
    assert photo.largest is not None
    await account.source.read(photo.largest)
    assert account.source.calls == listed_at


async def test_what_is_kept_between_runs_is_json(account: Account) -> None:
    await real_albums(account)
    assert json.loads(json.dumps(account.source.state)) == account.source.state
