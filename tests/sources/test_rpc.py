"""The RPC source against a server that moves things, errs, leaves keys out, or never comes to an end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from fbbackup.errors import BudgetSpent, CursorRejected, ItemError, LoginNeeded, SourceUnavailable
from fbbackup.models import Absence, Album, Kind, Photo
from fbbackup.sources.rpc import RpcSettings, RpcSource
from fbbackup.sources.rpc.nodes import Server, album_from_item, photo_from_item
from fbbackup.sources.rpc.source import OUTSIDE
from tests.loopback import loopback, reply
from tests.sources.rpc_server import SESSION, Json, RpcServer, error, running

BOTH = pytest.mark.parametrize("transport", ["http", "websocket"])
PAGE = 4


class Pauses(list[float]):
    """Waits that are only counted."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


@asynccontextmanager
async def source_of(server: RpcServer, transport: str = "http", **given: Any) -> AsyncIterator[RpcSource]:
    settings = {"session": SESSION, "sleep": Pauses(), "limit": PAGE, **given}
    source = RpcSource(RpcSettings("ada", server.url, "ada", transport=transport, **settings))
    try:
        yield source
    finally:
        await source.close()


async def photos_of(source: RpcSource, album: Album) -> list[str]:
    """The ids of a listing from its first page to its last, as the crawl would record them."""
    found: list[str] = []
    cursor: str | None = None
    cursors = set()
    while True:
        page = await source.page(album, cursor)
        found += [photo.id for photo in page.photos]
        cursor = page.next_cursor
        if cursor is None:
            return found
        assert cursor not in cursors, "the crawl would take this for a loop"
        cursors.add(cursor)


def library(*, size: int = 30) -> RpcServer:
    server = RpcServer(most=PAGE)
    server.add("1", *(f"p{number:02}" for number in range(size)))
    return server


def the_album(server: RpcServer, *, count: bool = True) -> Album:
    return Album("1", "One", remote_count=len(server.albums["1"]) if count else None)


def once(at: int, act: Callable[[], None]) -> Callable[[str, str, int], None]:
    """Acts before the first question for photos from `at` on."""
    left = [act]

    def before(kind: str, album: str, offset: int) -> None:
        if kind == "photos" and offset >= at and left:
            left.pop()()

    return before


def moved(members: list[str], id_: str, to: int) -> None:
    members.remove(id_)
    members.insert(to, id_)


MOVES: dict[str, Callable[[list[str]], None]] = {
    "from the end to the front": lambda ids: moved(ids, "p28", 0),
    "from the front to the end": lambda ids: moved(ids, "p00", 29),
    "two swapped across": lambda ids: (moved(ids, "p01", 25), moved(ids, "p26", 1))[0],
    "all turned round": lambda ids: ids.reverse(),
    "one removed before": lambda ids: ids.remove("p02"),
    "five removed before": lambda ids: ids.__delitem__(slice(0, 5)),
    "one put in before": lambda ids: ids.insert(0, "new"),
    "one put in behind": lambda ids: ids.append("new"),
}


@BOTH
@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("counted", [True, False])
async def test_nothing_is_lost_or_doubled_when_items_move_between_pages(
    transport: str, move: str, counted: bool
) -> None:
    server = library()
    server.bodies["new"] = b""
    album, members = the_album(server, count=counted), server.albums["1"]
    server.before = once(12, lambda: MOVES[move](members))
    async with running(server), source_of(server, transport) as source:
        found = await photos_of(source, album)
    assert len(found) == len(set(found))
    assert set(members) <= set(found), "something that the album holds now was not seen"


async def test_a_list_that_stands_still_is_read_once() -> None:
    server = library()
    async with running(server), source_of(server) as source:
        assert await photos_of(source, the_album(server)) == server.albums["1"]
    assert [offset for _, _, offset, _ in server.asked] == [0, 3, 6, 9, 12, 15, 18, 21, 24, 27]


async def test_a_list_that_never_rests_is_no_whole_listing() -> None:
    server = library(size=12)
    numbers = iter(range(1000))

    def insert(kind: str, album: str, offset: int) -> None:
        server.add("1", f"new{next(numbers)}")
        moved(server.albums["1"], server.albums["1"][-1], 0)

    server.before = insert
    async with running(server), source_of(server) as source:
        with pytest.raises(ItemError, match="kept moving"):
            await photos_of(source, the_album(server, count=False))


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_servers_with_tiny_pages_are_read_to_the_end(size: int) -> None:
    server = library(size=9)
    server.most = size
    async with running(server), source_of(server) as source:
        assert await photos_of(source, the_album(server)) == server.albums["1"]


def endless(kind: str) -> Callable[[Json], Any]:
    """A reply that claims that more follows."""
    numbers = iter(range(10**9))

    def reshape(told: Json) -> Json:
        data = told["data"]
        items = data.get("photos", data.get("albums"))
        if kind == "empty pages":
            items.clear()
        if kind == "the first page again" and items:
            items[:] = [{**items[0], "remoteId": f"p{number:02}"} for number in range(PAGE)]
        if kind == "always something new" and items is not None:
            items[:] = [{"remoteId": f"n{next(numbers)}"} for _ in range(200)]
        data["next"] = True
        return told

    return reshape


@BOTH
@pytest.mark.parametrize("kind", ["empty pages", "the first page again", "always something new"])
async def test_a_next_that_never_ends_is_noticed(transport: str, kind: str) -> None:
    server = library()
    server.most = 200
    server.reshape = endless(kind)
    async with running(server), source_of(server, transport, limit=200) as source:
        with pytest.raises(ItemError, match="never ends"):
            await photos_of(source, the_album(server))
        server.reshape = endless("the first page again")
        with pytest.raises(SourceUnavailable, match="never ends"):
            _ = [one async for one in source.albums()]
    assert len(server.asked) < 60


@BOTH
async def test_a_list_of_unknown_length_that_invents_new_items_for_ever_is_noticed_soon(transport: str) -> None:
    server = library()
    server.most = 200
    server.reshape = endless("always something new")
    async with running(server), source_of(server, transport, limit=200) as source:
        with pytest.raises(SourceUnavailable, match="never ends"):
            _ = [one async for one in source.albums()]
    assert len(server.asked) < 60


async def test_a_long_list_of_unknown_length_is_read_to_its_end() -> None:
    server = library()
    server.most = 20
    server.add(None, *(f"long{number:03}" for number in range(500)))
    async with running(server), source_of(server, "http", limit=20) as source:
        assert await photos_of(source, OUTSIDE) == server.all_ids()


@BOTH
async def test_an_expired_session_needs_a_new_login(transport: str) -> None:
    server = library()
    async with running(server), source_of(server, transport, session="no-session-of-this-server") as source:
        with pytest.raises(LoginNeeded, match="session"):
            await source.identity()
    assert server.asked == []


LOGIN_ERRORS = [
    error(401, "unauthorized"),
    error(403, "the session is not for this user"),
    error(0, "") | {"error": {"status": True, "code": 1, "message": "Session has expired"}},
    {"error": {"status": "true", "code": "401", "message": "log in again"}},
    {"error": {"code": -32001, "message": "no session"}, "id": 1, "jsonrpc": "2.0"},
    {"data": None, "error": {"status": True, "code": 190, "message": "the access token expired"}},
]


@BOTH
@pytest.mark.parametrize("told", LOGIN_ERRORS, ids=str)
async def test_errors_of_the_session_inside_of_replies(transport: str, told: Json) -> None:
    server = library()
    server.failing = lambda kind, album, offset: told
    async with running(server), source_of(server, transport) as source:
        with pytest.raises(LoginNeeded):
            await photos_of(source, the_album(server))
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("closing", "kind"),
    [((4401, ""), LoginNeeded), ((1008, "policy"), LoginNeeded), ((4002, "session expired"), LoginNeeded),
     ((4408, "idle too long"), ItemError), ((1011, "broken"), SourceUnavailable), ((1000, ""), SourceUnavailable)],
)  # fmt: skip
async def test_a_socket_that_is_closed_tells_why(closing: tuple[int, str], kind: type[Exception]) -> None:
    server = library()
    server.closing = closing
    async with running(server), source_of(server, "websocket") as source:
        with pytest.raises(kind):
            await source.page(the_album(server), None)


async def test_a_socket_that_was_closed_is_opened_again() -> None:
    server = library()
    server.closing = (1001, "going away")

    async def meanwhile(seconds: float) -> None:
        server.closing = None

    async with running(server), source_of(server, "websocket", sleep=meanwhile) as source:
        assert await photos_of(source, the_album(server)) == server.albums["1"]


async def test_an_album_that_is_forbidden_is_no_end_of_the_session() -> None:
    server = library()
    server.failing = lambda kind, album, offset: error(403, "this user hides the album") if album else None
    async with running(server), source_of(server) as source:
        with pytest.raises(ItemError, match="hides"):
            await source.page(the_album(server), None)


@BOTH
async def test_an_error_that_passes_is_asked_again(transport: str) -> None:
    server = library()
    left = [error(500, "out of order"), error(503, "busy")]
    server.failing = lambda kind, album, offset: left.pop() if left else None
    shown: list[str] = []
    async with running(server), source_of(server, transport) as source:
        source.show_waits(shown.append)
        assert await photos_of(source, the_album(server)) == server.albums["1"]
    assert ["busy" in shown[0], "out of order" in shown[2], len(shown), shown[-1]] == [True, True, 4, ""]


@pytest.mark.parametrize(("told", "kind"), [(error(429, "slower"), BudgetSpent), (error(500, "broken"), ItemError)])
async def test_an_error_that_stays_ends_within_bounds(told: Json, kind: type[Exception]) -> None:
    server = library()
    server.failing = lambda *_: told
    pauses = Pauses()
    async with running(server), source_of(server, sleep=pauses) as source:
        with pytest.raises(kind):
            await photos_of(source, the_album(server))
    assert len(server.asked) <= 4
    assert sum(pauses) <= 10


async def test_one_album_that_is_refused_stops_no_other() -> None:
    server = library()
    server.add("2", "q1", "q2")
    server.failing = lambda kind, album, offset: error(404, "gone") if (kind, album) == ("photos", "1") else None
    async with running(server), source_of(server) as source:
        opened = [album.remote_id async for album, _ in source.first_pages([the_album(server), Album("2", "Two")])]
        assert opened == ["2"]
        assert any("One" in note for note in source.notes)


async def test_a_server_that_takes_only_small_limits_gets_them() -> None:
    server = library()
    server.most = 200
    server.failing = lambda kind, album, offset: error(400, "limit too large") if server.asked[-1][3] > 50 else None
    async with running(server), source_of(server, limit=200) as source:
        assert await photos_of(source, the_album(server)) == server.albums["1"]


@pytest.mark.parametrize("user", ["ada", "10001"])
async def test_the_user_is_the_name_or_the_key(user: str) -> None:
    server = library()
    server.user = user
    async with running(server):
        source = RpcSource(RpcSettings("ada", server.url, user, SESSION))
        assert (await source.identity()).remote_id == user
        await source.close()


async def test_replies_that_repeat_nothing_are_taken_in_their_order() -> None:
    server = library()
    server.terse = True
    async with running(server), source_of(server, "websocket") as source:
        assert await photos_of(source, the_album(server)) == server.albums["1"]


def lean(kind: str, item: Json) -> Json:
    """Only what an item can't be without, and its id as a number."""
    return {"remoteId": int(item["remoteId"])} | ({"title": item["title"]} if kind == "albums" else {})


@BOTH
async def test_optional_keys_may_be_missing(transport: str) -> None:
    server = RpcServer(most=PAGE)
    server.add("7", *(str(number) for number in range(100, 110)))
    server.shape = lean
    server.reshape = lambda told: {"data": {key: value for key, value in told["data"].items() if key != "limit"}}
    async with running(server), source_of(server, transport) as source:
        albums = [album for part in [found async for found in source.albums()] for album in part]
        assert [album.remote_id for album in albums] == ["7", "outside"]
        assert await photos_of(source, albums[0]) == server.albums["7"]


async def test_a_next_that_is_missing_is_told_by_the_length_of_the_page() -> None:
    server = library(size=10)

    def without_next(told: Json) -> Json:
        told["data"].pop("next")
        return told

    server.reshape = without_next
    async with running(server), source_of(server) as source:
        assert await photos_of(source, the_album(server)) == server.albums["1"]


async def test_items_that_make_no_sense_are_named_and_left_out() -> None:
    server = library(size=6)
    server.most = 10

    def reshape(told: Json) -> Json:
        told["data"]["photos"][2:2] = ["nonsense", {"title": "without an id"}, {"remoteId": None}]
        return told

    server.reshape = reshape
    async with running(server), source_of(server, limit=10) as source:
        page = await source.page(the_album(server), None)
    assert [photo.id for photo in page.photos] == server.albums["1"]
    assert len(page.problems) == 3


async def test_what_is_denied_was_in_no_list() -> None:
    server = library()
    server.add(None, "loose")
    async with running(server), source_of(server) as source:
        answers = await source.photos_by_id(["p07", "loose", "nowhere"])
        assert {photo.id for photo in answers.photos} == {"p07", "loose"}
        assert [absence.id for absence in answers.absent] == ["nowhere"]
        server.failing = lambda kind, album, offset: error(500, "out of order") if album == "1" else None
        doubtful = await source.photos_by_id(["nowhere"])
        assert (doubtful.absent, [absence.id for absence in doubtful.unclear]) == ((), ["nowhere"])


async def test_a_server_without_a_list_of_everything_is_followed_album_by_album() -> None:
    server = library(size=5)
    server.failing = lambda kind, album, offset: error(400, "which album?") if (kind, album) == ("photos", "") else None
    async with running(server), source_of(server) as source:
        albums = [album for part in [found async for found in source.albums()] for album in part]
        assert await photos_of(source, albums[-1]) == []
        answers = await source.photos_by_id(["p03", "nowhere"])
        assert ([photo.id for photo in answers.photos], [one.id for one in answers.absent]) == (["p03"], ["nowhere"])


async def test_lists_without_a_count_tell_that_they_changed() -> None:
    server = library(size=9)
    album = the_album(server, count=False)
    async with running(server), source_of(server) as source:

        async def listed_after(change: Callable[[], None]) -> bool:
            """Whether the sign is another one after a change; the album is listed again."""
            before = await source.probe(album)
            await photos_of(source, album)
            assert await source.probe(album) == before
            change()
            return await source.probe(album) != before

        assert not await listed_after(lambda: None)
        assert await listed_after(lambda: server.add("1", "one more"))
        assert await listed_after(lambda: server.remove("p00"))
        assert await listed_after(lambda: moved(server.albums["1"], "p05", 0)) is False
        assert await listed_after(server.albums["1"].clear)


async def test_cursors_of_other_lists_are_rejected() -> None:
    server = library()
    async with running(server), source_of(server) as source:
        for cursor in ("", "1", "1.x.0.", "99999.1.0.", "http://elsewhere/"):
            with pytest.raises(CursorRejected):
                await source.page(the_album(server), cursor)


async def test_an_album_that_is_no_longer_listed_is_denied() -> None:
    server = library(size=3)
    async with running(server), source_of(server) as source:
        assert isinstance(await source.album_by_id(Album("1", "")), Album)
        assert isinstance(await source.album_by_id(Album("2", "")), Absence)


async def test_the_session_is_shown_to_its_own_server_only() -> None:
    server = RpcServer()
    server.add("1", "here", "there")
    async with (
        running(server),
        loopback(lambda asked: reply(b"\x89PNG elsewhere")) as other,
        source_of(server) as source,
    ):
        here = f"{server.url}/full/here.png"
        await source.read(photo(server, link=here).variants[0])
        await source.read(photo(server, link=f"{other.url}/a.png").variants[0])
    assert server.fetched == [("/full/here.png", SESSION)]
    assert ["x-session-id" in asked.headers for asked in other.asked] == [False]


def photo(server: RpcServer | None = None, **metadata: Any) -> Photo:
    root = server.url if server else "https://nas.example"
    return photo_from_item({"remoteId": "1", "thumbnail": "/small/1.png", "metadata": metadata}, Server(root))


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("/full/1.jpg", "https://nas.example/full/1.jpg"),
        ("full/1.jpg", "https://nas.example/full/1.jpg"),
        ("//cdn.example/1.jpg", "https://cdn.example/1.jpg"),
        ("http://nas.example/1.jpg", "https://nas.example/1.jpg"),
        ("https://cdn.example/1", "https://cdn.example/1"),
    ],
)
def test_links_are_relative_to_the_server(link: str, expected: str) -> None:
    found = photo(link=link)
    assert [(one.format, one.url) for one in found.variants] == [
        ("link", expected), ("thumbnail", "https://nas.example/small/1.png"),
    ]  # fmt: skip
    assert found.link == expected


@pytest.mark.parametrize(
    "link", ["https://www.facebook.com/photo.php?fbid=1", "", None, 7, "javascript:alert(1)", "http://[", "file:///etc"]
)
def test_pages_of_facebook_and_nonsense_are_no_pictures(link: Any) -> None:
    assert [one.format for one in photo(link=link).variants] == ["thumbnail"]


def test_of_an_fbbackup_the_original_is_taken() -> None:
    server = Server("https://nas.example")
    item = {"remoteId": "a/b", "thumbnail": "https://nas.example/thumbnails/a%2Fb?v=abc", "metadata": {}}
    found = photo_from_item(item, server)
    assert [(one.format, one.url) for one in found.variants][0] == ("original", "https://nas.example/files/a%2Fb")
    video = photo_from_item({"remoteId": "9", "thumbnail": "", "metadata": {"contentType": "video/mp4"}}, server)
    assert (video.kind, [one.url for one in video.variants]) == (Kind.VIDEO, ["https://nas.example/files/9"])
    album = album_from_item({"remoteId": "5", "thumbnail": "https://nas.example/thumbnails/12?v=a"}, server)
    assert album.cover_photo_id == "12"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (1404554400, "2014-07-05T10:00:00"), ("1404554400", "2014-07-05T10:00:00"),
        (1404554400000, "2014-07-05T10:00:00"), ("1404554400.9", "2014-07-05T10:00:00"),
        ("2014-07-05T12:00:00+02:00", "2014-07-05T10:00:00"), (-1000000000, "1938-04-24T22:13:20"),
        (0, None), (None, None), (True, None), ("soon", None), (10**30, None), ([], None), (32503680000, None),
    ],
)  # fmt: skip
def test_dates(told: Any, expected: str | None) -> None:
    wanted = datetime.fromisoformat(expected).replace(tzinfo=UTC) if expected else None
    assert photo(fileDate=told).file_date == wanted
