"""The local API by HTTP: every call to the letter, sessions, envelopes, batches, and replies to nonsense."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from fbbackup.errors import ConfigError, LoginNeeded, SourceUnavailable
from fbbackup.web.sessions import Sessions
from tests.web.served import Filled, Inside, inside

ERROR = {"status", "code", "message"}
ITEM = {"remoteId", "title", "description", "thumbnail", "metadata"}


class Program:
    """A client with a session."""

    def __init__(self, found: Inside, scope: str = "read", account: str = "ada") -> None:
        self.session, self.token = found.site.sessions.new(account, scope, None)
        self.http = found.stranger()

    async def post(self, method: str, body: object, **headers: str) -> httpx.Response:
        sent = {"x-session-id": self.token, "content-type": "application/json", **headers}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.http.post(f"/api/v0/rpc/{method}", content=content, headers=sent)

    async def call(self, method: str, **params: Any) -> Any:
        answer = await self.post(method, {"User": "ada", **params})
        return answer.json()


async def test_albums_to_the_letter(filled: Filled, gallery: Inside) -> None:
    program = Program(gallery)
    reply = await program.call("fb.getUserAlbums", Album="", Offset=0, Limit=200)
    assert set(reply) == {"data", "error"}
    assert reply["error"] == {"status": False, "code": 0, "message": ""}
    data = reply["data"]
    assert set(data) == {"albums", "next", "offset", "limit"}
    assert (data["next"], data["offset"], data["limit"]) == (False, 0, 200)
    known = dict(filled.rows("SELECT remote_id, title FROM albums"))
    assert {one["remoteId"]: one["title"] for one in data["albums"]} == known
    for one in data["albums"]:
        assert set(one) == ITEM | {"count"}
        assert set(one["metadata"]) == {"fileDate", "contentType", "link"}
        photos = await program.call("fb.getUserPhotos", Album=one["remoteId"], Offset=0, Limit=200)
        assert len(photos["data"]["photos"]) == one["count"]
        dated = [photo for photo in photos["data"]["photos"] if photo["metadata"]["fileDate"]]
        assert isinstance(one["metadata"]["fileDate"], int) or not dated
        if one["thumbnail"]:
            answer = await program.http.get(one["thumbnail"], headers={"x-session-id": program.token})
            assert answer.headers["content-type"] == "image/webp"
    one = data["albums"][0]
    alone = await program.call("fb.getUserAlbums", Album=one["remoteId"], Offset=0, Limit=10)
    assert alone["data"]["albums"] == [one]


@pytest.mark.parametrize("limit", [1, 7, 50, 200])
async def test_photos_page_by_page_are_all_photos(filled: Filled, gallery: Inside, limit: int) -> None:
    program = Program(gallery)
    wanted = dict(filled.rows("SELECT id, coalesce(caption, '') FROM photos"))
    found: list[Any] = []
    while True:
        data = (await program.call("fb.getUserPhotos", Album="", Offset=len(found), Limit=limit))["data"]
        assert (data["offset"], data["limit"]) == (len(found), limit)
        found += data["photos"]
        if not data["next"]:
            break
        assert len(data["photos"]) == limit
    assert len(found) == len(wanted)
    assert {one["remoteId"]: one["description"] for one in found} == wanted
    seen = filled.rows("SELECT id, file_date, content_type, link FROM photos WHERE file_date IS NOT NULL LIMIT 20")
    by_id = {one["remoteId"]: one for one in found}
    for id_, date, kind, link in seen:
        seconds = int(datetime.fromisoformat(date).timestamp())
        assert by_id[id_]["metadata"] == {"fileDate": seconds, "contentType": kind or "", "link": link or ""}
        assert set(by_id[id_]) == ITEM
    beyond = await program.call("fb.getUserPhotos", Album="", Offset=10**9, Limit=5)
    assert beyond["data"] == {"photos": [], "next": False, "offset": 10**9, "limit": 5}


async def test_photos_of_an_album_come_in_its_order(filled: Filled, gallery: Inside) -> None:
    album, remote = filled.rows(
        "SELECT a.id, a.remote_id FROM albums a JOIN album_photos m ON m.album_id = a.id GROUP BY 1 "
        "ORDER BY count(*) DESC LIMIT 1"
    )[0]
    sql = "SELECT photo_id FROM album_photos WHERE album_id = ? AND removed_at IS NULL ORDER BY position"
    wanted = [row[0] for row in filled.rows(sql, album)]
    program = Program(gallery)
    found = []
    for offset in range(0, len(wanted) + 3, 4):
        data = (await program.call("fb.getUserPhotos", Album=remote, Offset=offset, Limit=4))["data"]
        assert data["next"] == (offset + 4 < len(wanted))
        found += [one["remoteId"] for one in data["photos"]]
    assert found == wanted


async def test_the_user_may_be_the_facebook_id(filled: Filled, gallery: Inside) -> None:
    program = Program(gallery)
    remote_id = filled.rows("SELECT remote_id FROM accounts")[0][0]
    reply = (await program.post("fb.getUserAlbums", {"User": remote_id})).json()
    assert reply["error"]["status"] is False
    for stranger in ("grace", "", "ADA", f"{remote_id}1"):
        answer = await program.post("fb.getUserAlbums", {"User": stranger})
        assert (answer.status_code, answer.json()["error"]["status"]) == (403, True)
        assert set(answer.json()) == {"data", "error"}


WRONG_PARAMS: list[dict[str, Any]] = [
    {}, {"User": None}, {"User": 1}, {"User": "ada", "Album": 1}, {"User": "ada", "Album": None},
    {"User": "ada", "Offset": -1}, {"User": "ada", "Offset": "0"}, {"User": "ada", "Offset": 1.5},
    {"User": "ada", "Offset": True}, {"User": "ada", "Offset": 1 << 70}, {"User": "ada", "Offset": None},
    {"User": "ada", "Limit": 0}, {"User": "ada", "Limit": 201}, {"User": "ada", "Limit": -5},
    {"User": "ada", "Limit": "10"}, {"User": "ada", "Limit": [1]}, {"User": "ada", "Limit": False},
    {"User": ["ada"]}, {"User": "a" * 10_000},
]  # fmt: skip


@pytest.mark.parametrize("params", WRONG_PARAMS, ids=str)
@pytest.mark.parametrize("method", ["fb.getUserAlbums", "fb.getUserPhotos"])
async def test_wrong_params_are_told(gallery: Inside, method: str, params: dict[str, Any]) -> None:
    answer = await Program(gallery).post(method, params)
    reply = answer.json()
    assert answer.status_code == 400
    assert set(reply) == {"data", "error"}
    assert set(reply["error"]) == ERROR
    assert reply["error"]["status"] is True
    assert reply["error"]["message"]


async def test_unknown_albums_and_methods(gallery: Inside) -> None:
    program = Program(gallery)
    for method in ("fb.getUserAlbums", "fb.getUserPhotos"):
        reply = await program.call(method, Album="nope")
        assert (reply["error"]["status"], reply["error"]["code"]) == (True, 404)
    for method in ("fb.nope", "getUserAlbums", "fb.getUserAlbums/"):
        answer = await program.post(method, {"User": "ada"})
        assert answer.status_code == 404


BODIES = (
    b"", b"{", b"null", b"1", b'"x"', b"[", b"\xff\xfe", b'{"User": NaN}', b"[" * 100_000, b'{"a":' * 5000,
    b'{"User": "\\ud800"}', b'{"User": "ada", "User": "x"}', b"{}\x00", b"User=ada",
)  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
async def test_nonsense_is_answered_and_never_an_error_of_ours(gallery: Inside, body: bytes) -> None:
    answer = await Program(gallery).post("fb.getUserAlbums", body)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]["status"] is True


async def test_any_json_at_all(gallery: Inside) -> None:
    """Whatever is sent, no call ends in a server error."""
    program = Program(gallery)
    pick = random.Random(25)
    leaves: list[Any] = [
        None,
        True,
        0,
        -1,
        1e308,
        10**30,
        "",
        "ada",
        "\x00",
        "💥" * 50,
        "' OR 1=1 --",
        "2.0",
        "fb.getUserAlbums",
    ]
    keys = ["User", "Album", "Offset", "Limit", "jsonrpc", "method", "params", "id", "Token", "Scopes", "x"]

    def made(depth: int) -> Any:
        kind = pick.random()
        if depth > 3 or kind < 0.5:
            return pick.choice(leaves)
        if kind < 0.6:
            return [made(depth + 1) for _ in range(pick.randrange(4))]
        return {pick.choice(keys): made(depth + 1) for _ in range(pick.randrange(6))}

    for _ in range(1500):
        method = pick.choice(["fb.getUserAlbums", "fb.getUserPhotos", "fb.updateToken"])
        answer = await program.post(method, made(0))
        assert answer.status_code < 500 or answer.status_code == 503, answer.text
        if answer.status_code != 204:
            assert "Traceback" not in answer.text


async def test_every_reply_has_the_error_object(gallery: Inside) -> None:
    program = Program(gallery)
    keys = {"fb.updateToken": {"error"}, "fb.getUserAlbums": {"data", "error"}, "fb.getUserPhotos": {"data", "error"}}

    async def replaced(*_: object) -> None:
        raise RuntimeError("unforeseen")

    gallery.site.update_token = replaced
    writing = Program(gallery, "write")
    for method, wanted in keys.items():
        asked = {"User": "ada", "Token": "EAA", "Scopes": []}
        answers = [
            await program.post(method, asked, **{"content-type": "text/plain"}),
            await program.post(method, asked, origin="http://evil.com"),
            await program.post(method, asked, **{"x-session-id": "wrong"}),
            await program.post(method, b"x" * (2 << 20)),
            await program.http.get(f"/api/v0/rpc/{method}"),
            await program.http.put(f"/api/v0/rpc/{method}", json=asked),
        ]
        if method == "fb.updateToken":
            answers.append(await writing.post(method, asked))
        assert [answer.status_code for answer in answers] == [415, 403, 401, 413, 405, 405, 500][: len(answers)]
        for answer in answers:
            reply = answer.json()
            assert set(reply) == wanted, answer.status_code
            assert set(reply["error"]) == ERROR
            assert (reply["error"]["status"], reply["error"]["code"]) == (True, answer.status_code)
    for path in ("/api/v0/rpc/fb.nope", "/api/v0/rpc/", "/api/v0/nope"):
        assert set((await program.http.post(path, json={})).json()["error"]) == ERROR
    gallery.site.sessions._file.chmod(0o644)
    gallery.site.sessions._seen = None
    answer = await program.post("fb.getUserAlbums", {"User": "ada"})
    assert (answer.status_code, set(answer.json()["error"])) == (503, ERROR)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1e400"])
async def test_numbers_without_end_are_refused(gallery: Inside, number: str) -> None:
    for body in (f'{{"jsonrpc": "2.0", "method": "fb.getUserAlbums", "params": {{"User": "ada"}}, "id": {number}}}',
                 f'[{{"jsonrpc": "2.0", "method": "fb.getUserAlbums", "params": {{"User": "ada"}}, "id": {number}}}]',
                 f'{{"User": "ada", "Offset": {number}}}'):  # fmt: skip
        answer = await Program(gallery).post("fb.getUserAlbums", body.encode())
        assert (answer.status_code, answer.json()["error"]["status"]) == (400, True)


# --- sessions


async def test_without_a_living_session_nothing_is_answered(filled: Filled, tmp_path: Path) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    async with inside(filled.archive, tmp_path) as found:
        found.site.sessions = Sessions(tmp_path, lambda: now[0])
        program = Program(found)
        session, token = found.site.sessions.new("ada", "read", 0.5)
        revoked, gone = found.site.sessions.new("ada", "read", None)
        other = Sessions(tmp_path, lambda: now[0])
        assert other.revoke(revoked.id)
        assert not other.revoke(revoked.id)

        async def status(sent: str) -> int:
            return (await program.post("fb.getUserAlbums", {"User": "ada"}, **{"x-session-id": sent})).status_code

        assert await status(token) == 200
        for wrong in ("", "x", token[:-1], token + "x", token.swapcase(), session.digest, session.id, gone):
            assert await status(wrong) == 401
        now[0] += timedelta(hours=12)
        assert await status(token) == 401
        now[0] -= timedelta(hours=1)
        assert await status(token) == 200


def test_tokens_are_kept_as_hashes_in_a_private_file(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "state")
    made = [sessions.new("ada", scope, days) for scope in ("read", "write") for days in (None, 0.001)]
    file = tmp_path / "state" / "sessions.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    for session, token in made:
        assert len(token) >= 43
        assert token not in file.read_text()
        assert sessions.find(token) == session
        assert "digest" not in session.public()
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="0600"):
        Sessions(tmp_path / "state").all()


@pytest.mark.parametrize("scope", ["read", "write"])
@pytest.mark.parametrize("method", ["fb.updateToken", "fb.getUserAlbums", "fb.getUserPhotos"])
async def test_scopes(gallery: Inside, scope: str, method: str) -> None:
    reply = await Program(gallery, scope).call(method, Token="EAAnew", Scopes=[], Scope="write", scope="write")
    refused = (scope, method) == ("read", "fb.updateToken")
    assert reply["error"]["status"] is refused
    assert gallery.replaced == ([("ada", "EAAnew", [])] if (scope, method) == ("write", "fb.updateToken") else [])
    assert set(reply) == ({"error"} if method == "fb.updateToken" else {"data", "error"})


async def test_bodies_of_other_kinds_and_pages_of_other_sites_are_refused(gallery: Inside) -> None:
    program = Program(gallery, "write")
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ""):
        answer = await program.post("fb.getUserAlbums", {"User": "ada"}, **{"content-type": kind})
        assert answer.status_code == 415
    for headers in ({"origin": "http://evil.com"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        assert (await program.post("fb.getUserAlbums", {"User": "ada"}, **headers)).status_code == 403
    cookie = await gallery.client.post("/api/v0/rpc/fb.getUserAlbums", json={"User": "ada"})
    assert cookie.status_code == 401


@pytest.mark.parametrize(
    ("raised", "code"), [(LoginNeeded("refused"), 401), (SourceUnavailable("down"), 503), (ConfigError("no"), 409)]
)
async def test_a_token_that_is_not_accepted_is_told(gallery: Inside, raised: Exception, code: int) -> None:
    async def refuse(account: str, token: str, scopes: object) -> None:
        raise raised

    gallery.site.update_token = refuse
    reply = await Program(gallery, "write").call("fb.updateToken", Token="EAAsecretcanary", Scopes=[])
    assert reply == {"error": {"status": True, "code": code, "message": str(raised)}}
    for bad in ("", "a b", "ü", "x" * 5000, 1, None):
        reply = await Program(gallery, "write").call("fb.updateToken", Token=bad, Scopes=[])
        assert reply["error"]["status"] is True
    for bad in ("user_photos", [1], None, ["x"] * 1000):
        reply = await Program(gallery, "write").call("fb.updateToken", Token="EAA", Scopes=bad)
        assert reply["error"]["code"] == 400


# --- envelopes


def envelope(call_id: object = 1, method: str = "fb.getUserAlbums", **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": {"User": "ada", **params}, "id": call_id}


async def test_an_envelope_is_answered_in_kind(gallery: Inside) -> None:
    program = Program(gallery)
    plain = await program.call("fb.getUserAlbums", Limit=2)
    for call_id in (1, "seven", None, 2.5):
        reply = (await program.post("fb.getUserAlbums", envelope(call_id, Limit=2))).json()
        assert reply == {"jsonrpc": "2.0", "result": plain, "id": call_id}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"method": "fb.getUserPhotos"}, -32601), ({"method": 1}, -32600), ({"jsonrpc": "1.0"}, -32600),
        ({"params": [1]}, -32602), ({"params": {"User": "ada", "Limit": 0}}, -32602), ({"params": {}}, -32602),
        ({"params": {"User": "grace"}}, -32003), ({"id": {}}, -32600), ({"id": True}, -32600),
    ],
)  # fmt: skip
async def test_wrong_envelopes(gallery: Inside, changed: dict[str, Any], code: int) -> None:
    reply = (await Program(gallery).post("fb.getUserAlbums", {**envelope(), **changed})).json()
    assert set(reply) == {"jsonrpc", "error", "id"}
    assert (reply["error"]["code"], reply["error"]["status"]) == (code, True)
    assert set(reply["error"]) == ERROR


async def test_without_a_session_an_envelope_is_answered_in_kind(gallery: Inside) -> None:
    program = Program(gallery)
    answer = await program.post("fb.getUserAlbums", envelope("seven"), **{"x-session-id": "wrong"})
    assert (answer.status_code, set(answer.json()), answer.json()["id"]) == (401, {"jsonrpc", "error", "id"}, "seven")
    assert (answer.json()["error"]["status"], answer.json()["error"]["code"]) == (True, -32001)
    answer = await program.post("fb.getUserAlbums", [envelope()], **{"x-session-id": ""})
    assert (answer.json()["error"]["code"], answer.json()["id"]) == (-32001, None)
    for body in (b"{", b"[" * 5000, b'{"jsonrpc": "' + b"x" * 100_000):
        answer = await program.post("fb.getUserAlbums", body, **{"x-session-id": "wrong"})
        assert (answer.status_code, set(answer.json())) == (401, {"data", "error"})


async def test_batches(gallery: Inside) -> None:
    program = Program(gallery)
    one = envelope("a", Limit=1)
    silent = {key: value for key, value in envelope().items() if key != "id"}
    replies = (await program.post("fb.getUserAlbums", [one, silent, 1, envelope("b", Limit=0)])).json()
    assert [(reply["id"], "result" in reply) for reply in replies] == [("a", True), (None, False), ("b", False)]
    assert (await program.post("fb.getUserAlbums", [silent, silent])).status_code == 204
    assert len((await program.post("fb.getUserAlbums", [one] * 50)).json()) == 50
    for wrong in ([], [one] * 51):
        answer = await program.post("fb.getUserAlbums", wrong)
        assert answer.status_code == 400
        assert answer.json()["error"]["status"] is True
