"""`source = "rpc"` from its first run on: at a server of the document, and one fbbackup that follows another."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from fbbackup.app import SyncOptions, sync_accounts
from fbbackup.backup import RunResult
from fbbackup.catalog import open_reader
from fbbackup.config import Account, Config, Limits, Thumbnails
from fbbackup.errors import ConfigError, FbbackupError
from fbbackup.oracle import oracle
from fbbackup.simulator import Library, Simulator
from fbbackup.stores.directory import DirectoryStore
from tests.end_to_end.harness import PATIENT
from tests.sources.rpc_server import SESSION, RpcServer, error, picture, running
from tests.web.served import Filled

BOTH = pytest.mark.parametrize("transport", ["http", "websocket"])


@dataclass
class Follower:
    """The archive of an account of an RPC server."""

    folder: Path
    account: Account
    token: str = SESSION

    @property
    def archive(self) -> Path:
        return self.folder / "follower"

    def sync(self, **options: Any) -> RunResult:
        config = Config(
            archive=self.archive,
            accounts=(self.account,),
            download=PATIENT,
            thumbnails=Thumbnails(size=32),
            limits=Limits(keep_free_bytes=0),
        )
        environ = {
            "FBBACKUP_TOKEN_ADA": self.token,
            "XDG_STATE_HOME": str(self.folder / "follower-state"),
            "HOME": str(self.folder),
        }
        return sync_accounts(config, self.archive, SyncOptions(**options), quiet=True, environ=environ)[0].run

    def exit_code(self) -> int:
        try:
            return self.sync().exit_code
        except FbbackupError as error:
            return error.exit_code

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with open_reader(self.archive / "catalog.sqlite") as db:
            return [tuple(row) for row in db.execute(sql)]

    def findings(self) -> list[str]:
        store = DirectoryStore(self.archive, threads=1)
        try:
            with open_reader(self.archive / "catalog.sqlite") as db:
                return [finding.line() for finding in oracle(db, store, read_all=True)]
        finally:
            store.close()


@contextmanager
def at_work(server: RpcServer) -> Iterator[RpcServer]:
    """Serves from a thread of its own, since a run has an event loop of its own."""
    loop, ready, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with running(server):
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()


def follower(server: RpcServer, folder: Path, transport: str = "http", **given: Any) -> Follower:
    return Follower(
        folder, Account(**{"name": "ada", "source": "rpc", "api_url": server.url, "transport": transport, **given})
    )


def filled_server() -> RpcServer:
    server = RpcServer(most=4)
    server.add("1", *(f"10{number}" for number in range(9)))
    server.add("2", "201", "202", "100")
    server.add(None, "301", "302")
    return server


@BOTH
def test_an_account_is_backed_up_and_kept(tmp_path: Path, transport: str) -> None:
    with at_work(filled_server()) as server:
        home = follower(server, tmp_path, transport)
        first = home.sync()
        assert (first.exit_code, first.outcome, first.counters["photos_stored"]) == (0, "complete", 13), first.line
        stored = home.rows("SELECT p.id, p.sha256, x.source FROM photos p JOIN photo_files x ON x.photo_id = p.id")
        assert {id_: digest for id_, digest, _ in stored} == {
            id_: sha256(body).hexdigest() for id_, body in server.bodies.items()
        }
        assert {source for _, _, source in stored} == {"rpc:link"}
        members: dict[str, list[str]] = {}
        for album, photo in home.rows(
            "SELECT a.remote_id, m.photo_id FROM album_photos m JOIN albums a ON a.id = m.album_id "
            "WHERE m.removed_at IS NULL ORDER BY a.id, m.position"
        ):
            members.setdefault(album, []).append(photo)
        assert members == {**server.albums, "outside": ["301", "302"]}

        asked = len(server.asked)
        assert home.sync().outcome == "complete"
        assert len(server.asked) - asked <= 6, "a run without changes opens nothing"

        server.add("2", "203")
        server.add(None, "303")
        server.remove("105")
        third = home.sync()
        assert (third.exit_code, third.counters["photos_stored"], third.counters["photos_gone"]) == (0, 2, 1), (
            third.line
        )
        assert home.rows("SELECT id, state FROM photos WHERE gone_at IS NOT NULL") == [("105", "stored")]
        assert home.findings() == []


def page() -> web.Response:
    return web.Response(text="<html>a page for people</html>", content_type="text/html")


def missing() -> web.Response:
    return web.Response(status=404, text="not found")


def broken() -> web.Response:
    return web.Response(status=500, text="out of order")


def no_picture() -> web.Response:
    return web.Response(body=b"%PDF-1.7 and so on", content_type="application/pdf")


def elsewhere() -> web.Response:
    return web.Response(status=302, headers={"Location": "http://127.0.0.1:9/closed"})


@pytest.mark.parametrize("leads_to", [page, missing, no_picture, elsewhere, broken])
def test_where_a_link_leads_to_no_picture_the_thumbnail_is_kept(tmp_path: Path, leads_to: Any) -> None:
    server = RpcServer()
    server.add("1", "1", "2")
    small = picture(77, 8)
    server.paths = {"/full/2.png": leads_to, "/small/2.png": lambda: web.Response(body=small)}
    with at_work(server):
        home = follower(server, tmp_path)
        result = home.sync()
        assert (result.exit_code, result.outcome) == (0, "complete"), result.line
        kept = home.rows("SELECT photo_id, source, sha256 FROM photo_files ORDER BY photo_id")
        assert kept == [
            ("1", "rpc:link", sha256(server.bodies["1"]).hexdigest()),
            ("2", "rpc:thumbnail", sha256(small).hexdigest()),
        ]


def test_a_link_that_fails_for_a_moment_is_tried_again(tmp_path: Path) -> None:
    server = RpcServer()
    server.add("1", "1")
    left = [broken]
    whole = server.bodies["1"]
    server.paths = {"/full/1.png": lambda: left.pop()() if left else web.Response(body=whole)}
    with at_work(server):
        home = follower(server, tmp_path)
        assert home.sync().exit_code == 0
        assert home.rows("SELECT source FROM photo_files") == [("rpc:link",)]


def test_without_any_picture_the_photo_is_recorded_all_the_same(tmp_path: Path) -> None:
    server = RpcServer()
    server.add("1", "1")
    server.shape = lambda kind, item: {**item, "thumbnail": "", "metadata": None}
    with at_work(server):
        home = follower(server, tmp_path)
        assert home.sync().exit_code == 0
        assert home.rows("SELECT id, caption, state FROM photos") == [("1", "Words of 1", "unavailable")]


@BOTH
def test_exit_codes(tmp_path: Path, transport: str) -> None:
    with at_work(filled_server()) as server:
        home = follower(server, tmp_path, transport)
        assert replace(home, token="no-session-of-this-server").exit_code() == 3
        server.failing = lambda kind, album, offset: error(401, "session expired") if kind == "photos" else None
        assert home.exit_code() == 3
        server.failing = lambda *_: None
        server.reshape = lambda told: {**told, "data": {**told["data"], "next": True}}
        assert home.exit_code() == 4
        server.reshape = lambda told: told
        assert home.exit_code() == 0


def test_the_server_has_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="api_url"):
        Follower(tmp_path, Account(name="ada", source="rpc")).sync()


COMPARED = {
    "photos": "SELECT id, kind, caption, title, link, file_date, content_type, state, sha256 FROM photos ORDER BY id",
    "albums": "SELECT remote_id, title, description, link, iif(remote_id IN ('tagged', 'uploads', 'videos'), "
    "'', file_date) FROM albums WHERE remote_id <> 'outside' ORDER BY remote_id",
    "members": "SELECT a.remote_id, m.photo_id FROM album_photos m JOIN albums a ON a.id = m.album_id "
    "WHERE m.removed_at IS NULL AND a.remote_id <> 'outside' ORDER BY 1, 2",
    "files": "SELECT sha256, bytes, content_type, orientation FROM files ORDER BY sha256",
}
# A virtual album has no date of its own: it is offered with that of a photo in it.
DATED = (
    "SELECT count(*), sum(EXISTS (SELECT * FROM album_photos m JOIN photos p ON p.id = m.photo_id "
    "WHERE m.album_id = a.id AND p.file_date = a.file_date)) "
    "FROM albums a WHERE a.remote_id IN ('tagged', 'uploads', 'videos')"
)


@BOTH
def test_one_fbbackup_follows_another(tmp_path: Path, transport: str) -> None:
    library = Library(photos=60, albums=5, videos=2, loose=3, tagged=2, largest=96)
    with Simulator(library, videos_without_source=False, budget=100_000) as sim:
        leader = Filled(tmp_path, sim)
        leader.sync()
        code, out, _ = leader.command("session", "new", "--account", "ada", "--scope", "read", "--json")
        assert code == 0
        with leader.serving() as served:
            account = Account(name="ada", source="rpc", api_url=served.url, transport=transport, user="ada")
            home = Follower(tmp_path, account, json.loads(out)["token"])
            result = home.sync()
            assert (result.exit_code, result.outcome) == (0, "complete"), (result.line, result.notes)
            for name, sql in COMPARED.items():
                assert home.rows(sql) == leader.rows(sql), name
            assert home.rows(DATED) == [(3, 3)]
            sources = {source for (source,) in home.rows("SELECT source FROM photo_files")}
            assert sources == {"rpc:original"}
            assert home.sync().counters["photos_stored"] == 0
            assert home.findings() == []
            assert leader.command("session", "revoke", json.loads(out)["id"])[0] == 0
            assert home.exit_code() == 3


def test_a_session_that_ends_while_pictures_are_fetched_needs_a_new_login(tmp_path: Path) -> None:
    server = filled_server()

    def over() -> web.Response:
        server.session = "a-newer-session"
        return web.json_response(error(401, "the session is over"), status=401)

    server.paths = {f"/full/{id_}.png": over for id_ in server.bodies}
    with at_work(server):
        home = follower(server, tmp_path)
        assert home.exit_code() == 3
        assert home.rows("SELECT count(*) FROM photo_files") == [(0,)], "no thumbnail stands in for a picture"
        server.session, server.paths = SESSION, {}
        assert home.exit_code() == 0
        assert home.rows("SELECT DISTINCT source FROM photo_files") == [("rpc:link",)]
