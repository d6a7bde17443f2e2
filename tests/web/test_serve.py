"""The server as a process: its link, its end, its sockets, and what strangers on the wire can't do."""

from __future__ import annotations

import fcntl
import json
import re
import shutil
import socket
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from fbbackup.credentials import Credentials
from fbbackup.stores.lock import LOCK
from tests.web.served import Filled, Served
from tests.web.test_doors import FOREIGN_ORIGINS


@pytest.fixture(scope="module")
def served(filled: Filled) -> Any:
    with filled.serving() as found:
        yield found


def session(filled: Filled, *options: str) -> dict[str, Any]:
    code, out, err = filled.command("session", "new", "--account", "ada", *options, "--json")
    assert code == 0, err
    made: dict[str, Any] = json.loads(out)
    return made


def test_the_link_opens_the_gallery_and_sigterm_ends_it_well(filled: Filled) -> None:
    with filled.serving() as found:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/login\?link=[\w-]{43}", found.address)
        assert httpx.get(f"{found.url}/healthz").json() == {"ok": True, "reasons": []}
        with closing(found.come_in()) as browser:
            assert "<h1>Photos</h1>" in browser.get("/").text
        assert httpx.get(found.address).status_code == 403


@pytest.mark.parametrize("version", [0, 2])
def test_a_catalog_that_is_being_made_is_left_to_its_maker(filled: Filled, tmp_path: Path, version: int) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    with closing(sqlite3.connect(archive / "catalog.sqlite", isolation_level=None)) as maker:
        maker.execute(f"PRAGMA user_version = {version}")
        with closing((archive / LOCK).open("w")) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with filled.serving(FBBACKUP_ARCHIVE=str(archive)) as found:
                assert httpx.get(f"{found.url}/login").status_code == 200
        assert maker.execute("PRAGMA user_version").fetchone() == (version,)


def test_a_taken_port_and_an_open_address_are_told_in_one_line(filled: Filled) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, out, err = filled.command("serve", "--port", str(taken.getsockname()[1]))
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "--port" in err
    for host in ("0.0.0.0", "::"):
        code, out, err = filled.command("serve", "--port", "0", "--host", host)
        assert (code, out) == (2, "")
        assert "password" in err
    code, _, err = filled.command("serve", "--host", "example.com")
    assert code == 2


def test_a_password_opens_other_addresses(filled: Filled, tmp_path: Path) -> None:
    own = {"XDG_STATE_HOME": str(tmp_path)}
    assert filled.command("password", given="short\n", **own)[0] == 2
    assert filled.command("password", given="correct horse\n", **own)[0] == 0
    with filled.serving("--host", "0.0.0.0", **own) as found:
        assert "link=" not in found.address
        url = f"http://127.0.0.1:{found.port}"
        with httpx.Client(base_url=url, follow_redirects=True) as browser:
            assert browser.post("/login", data={"password": "wrong"}).status_code == 401
            assert "<h1>Photos</h1>" in browser.post("/login", data={"password": "correct horse"}).text
            assert filled.command("password", given="another horse\n", **own)[0] == 0
            assert "<h1>Photos</h1>" not in browser.get("/").text
            assert browser.post("/login", data={"password": "correct horse"}).status_code == 401
            assert "<h1>Photos</h1>" in browser.post("/login", data={"password": "another horse"}).text


def talk(served: Served, token: str, **options: Any) -> ClientConnection:
    headers = {"X-Session-Id": token} if token else {}
    return connect(f"ws://127.0.0.1:{served.port}/api/v0/ws", additional_headers=headers, **options)


def ask(line: ClientConnection, endpoint: str, data: Any, event: Any = None) -> Any:
    line.send(json.dumps({"endpoint": endpoint, "data": data, "event": event or {"id": "e1", "date": 1}}))
    return json.loads(line.recv(timeout=20))


def test_frames_to_the_letter(filled: Filled, served: Served) -> None:
    made = session(filled)
    with talk(served, made["token"]) as line:
        reply = ask(line, "facebook:getAlbums", {"album": "", "offset": 0, "limit": 200})
        assert set(reply) == {"endpoint", "data", "error", "event"}
        assert reply["endpoint"] == "facebook:getAlbums"
        assert reply["event"]["id"] == "e1"
        assert isinstance(reply["event"]["date"], int)
        assert set(reply["data"]) == {"albums", "next", "offset", "limit"}
        assert len(reply["data"]["albums"]) == filled.rows("SELECT count(*) FROM albums")[0][0]
        reply = ask(line, "facebook:getPhotos", {"album": "", "offset": 3, "limit": 2}, {"id": "other", "date": 2})
        assert (len(reply["data"]["photos"]), reply["data"]["next"], reply["event"]["id"]) == (2, True, "other")
        reply = ask(line, "facebook:updateToken", {"token": "EAA", "scopes": []})
        assert set(reply) == {"endpoint", "error", "event"}
        assert (reply["error"]["status"], reply["error"]["code"]) == (True, 403)
        for endpoint in ("facebook:nope", "", None, 1):
            assert ask(line, endpoint, {})["error"]["status"] is True
        assert ask(line, "facebook:getAlbums", {"limit": 0})["error"]["code"] == 400
        assert ask(line, "facebook:getAlbums", [])["error"]["code"] == 400
        assert ask(line, "facebook:getAlbums", {}, {"id": 5})["error"]["code"] == 400
        for text in ("", "{", "[]", "1", "[" * 1000):
            line.send(text)
            assert json.loads(line.recv(timeout=20))["error"]["status"] is True
        line.send(b"\x00\xff")
        assert json.loads(line.recv(timeout=20))["error"]["status"] is True


def test_browsers_bring_the_session_as_a_sub_protocol(filled: Filled, served: Served) -> None:
    protocol = f"fbbackup.session.{session(filled)['token']}"
    with talk(served, "", subprotocols=["chat", protocol], origin=served.url) as line:
        assert line.subprotocol == protocol
        assert ask(line, "facebook:getAlbums", {})["error"]["status"] is False


def test_pages_of_other_origins_get_no_socket(filled: Filled, served: Served) -> None:
    token = session(filled)["token"]
    for origin in FOREIGN_ORIGINS:
        for options in (
            {"additional_headers": {"X-Session-Id": token, "Origin": origin}},
            {"additional_headers": {"Origin": origin}, "subprotocols": [f"fbbackup.session.{token}"]},
        ):
            with pytest.raises(InvalidStatus) as refused:
                connect(f"ws://127.0.0.1:{served.port}/api/v0/ws", **options)
            assert refused.value.response.status_code == 403, origin
            error = json.loads(refused.value.response.body or b"")["error"]
            assert (error["status"], error["code"], set(error)) == (True, 403, {"status", "code", "message"})
    for token in ("", "wrong"):
        with pytest.raises(InvalidStatus) as refused:
            talk(served, token)
        assert refused.value.response.status_code == 401
    with pytest.raises(InvalidStatus):
        connect(f"ws://127.0.0.1:{served.port}/api/v0/ws", additional_headers={"Host": "evil.com"})


def test_revoking_ends_open_sockets(filled: Filled, served: Served) -> None:
    made = session(filled)
    with talk(served, made["token"]) as line:
        assert ask(line, "facebook:getAlbums", {})["error"]["status"] is False
        assert filled.command("session", "revoke", made["id"])[0] == 0
        with pytest.raises(ConnectionClosed) as closed:
            line.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
    with pytest.raises(InvalidStatus):
        talk(served, made["token"])


def test_an_expired_session_ends_too(filled: Filled, served: Served) -> None:
    made = session(filled, "--expires", str(2.5 / 86_400))
    with talk(served, made["token"]) as line, pytest.raises(ConnectionClosed):
        line.recv(timeout=15)


def raw(served: Served, *pieces: bytes, seconds: float = 5) -> bytes:
    """What the server answers to exactly these bytes, until it hangs up or is silent."""
    answer = b""
    with socket.create_connection(("127.0.0.1", served.port), seconds) as line:
        for piece in pieces:
            line.sendall(piece)
        line.settimeout(seconds)
        try:
            while got := line.recv(65536):
                answer += got
        except (TimeoutError, ConnectionResetError):
            pass
    return answer


HOST = b"Host: 127.0.0.1\r\n"
NEXT = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
SMUGGLED = (
    b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + NEXT,
    b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + NEXT,
    b"POST /login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"POST /login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: +5\r\n\r\nhello",
    b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n folded: x\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: evil.com\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET http://evil.com/healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET //evil.com/healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
    b"CONNECT evil.com:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 20_000 + b"\r\n\r\n",
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"GET /healthz HTTP/9.9\r\n" + HOST + b"\r\n",
)  # fmt: skip


@pytest.mark.parametrize("sent", SMUGGLED, ids=range(len(SMUGGLED)))
def test_requests_that_could_be_read_in_two_ways_are_refused(served: Served, sent: bytes) -> None:
    answer = raw(served, sent, seconds=2)
    assert b'{"ok":true}' not in answer
    assert answer == b"" or re.match(rb"HTTP/1\.1 4\d\d ", answer), answer[:200]
    assert answer.count(b"HTTP/1.1 ") <= 1


def test_silent_connections_are_hung_up_on(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port)) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0")
        line.settimeout(15)
        began = time.monotonic()
        assert line.recv(1000) == b""
        assert 8 < time.monotonic() - began < 13


UPGRADE = (
    b"GET /api/v0/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Session-Id: "
)
FRAMES = (
    b"\x83\x80\x00\x00\x00\x00", b"\x81\x02hi", b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xf1\x80\x00\x00\x00\x00",
    b"\x81\x82\x00\x00\x00\x00\xff\xfe", b"\x80\x80\x00\x00\x00\x00", b"\x89\xfe\x00\x7e\x00\x00\x00\x00" + b"x" * 126,
    b"\x01\x81\x00\x00\x00\x00a\x81\x81\x00\x00\x00\x00b", b"\x88\x81\x00\x00\x00\x00\x01", b"garbage" * 100,
    b"\x81\xff\x00\x00\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00" + b"a" * 65_537,
)  # fmt: skip


def test_broken_frames_leave_no_trace_in_the_log(filled: Filled) -> None:
    token = session(filled)["token"].encode()
    with filled.serving() as found:
        for frame in FRAMES:
            answer = raw(found, UPGRADE + token + b"\r\n\r\n", frame, seconds=1)
            assert answer.startswith(b"HTTP/1.1 101")
        for head in (UPGRADE.replace(b"13", b"99"), UPGRADE.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"x")):
            assert raw(found, head + token + b"\r\n\r\n", seconds=1).startswith(b"HTTP/1.1 4")
        with closing(found.come_in()) as browser:
            assert browser.get("/").status_code == 200
    # `serving` checks that no traceback was written.


def test_a_new_token_is_asked_of_facebook_before_it_replaces_the_old_one(filled: Filled, served: Served) -> None:
    made = session(filled, "--scope", "write")
    headers = {"X-Session-Id": made["token"]}
    address = f"{served.url}/api/v0/rpc/fb.updateToken"

    def update(token: str, scopes: list[str]) -> Any:
        body = {"User": "ada", "Token": token, "Scopes": scopes}
        return httpx.post(address, json=body, headers=headers, timeout=30).json()["error"]

    file = filled.state / "credentials.toml"
    before = file.read_text() if file.exists() else ""
    refused = update("EAAnotatoken", [])
    assert refused["status"] is True
    assert "EAAnotatoken" not in refused["message"]
    assert update(filled.sim.token, ["publish_everything"])["status"] is True
    assert (file.read_text() if file.exists() else "") == before
    assert update(filled.sim.token, ["user_photos"]) == {"status": False, "code": 0, "message": ""}
    assert filled.sim.token in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert Credentials(filled.environ).token("ada").reveal() == filled.sim.token


def test_sessions_on_the_command_line(filled: Filled) -> None:
    made = session(filled, "--expires", "0.5", "--scope", "write")
    assert {"id", "token", "account", "scope", "created_at", "expires_at"} == set(made)
    code, out, _ = filled.command("session", "list", "--json")
    listed = {one["id"]: one for one in json.loads(out)["sessions"]}
    assert listed[made["id"]]["scope"] == "write"
    assert made["token"] not in out
    assert made["id"] in filled.command("session", "list")[1]
    ends = [("--account", "ada", "--expires", days) for days in ("-1", "0", "nan", "1e300")]
    for wrong in (("--account", "nobody"), *ends):
        code, out, err = filled.command("session", "new", *wrong)
        assert (code, out, len(err.splitlines())) == (2, "", 1), err
    assert filled.command("session", "revoke", made["id"])[0] == 0
    assert filled.command("session", "revoke", made["id"])[0] == 2


def test_searching_on_the_command_line(filled: Filled) -> None:
    word = filled.rows("SELECT caption FROM photos WHERE caption GLOB '[A-Za-z]* *' LIMIT 1")[0][0].split()[0]
    code, out, _ = filled.command("search", word, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["photos"]
    assert found["photos"][0]["id"] in filled.command("search", word)[1]
    assert filled.command("search", "zzzznothing")[1] == "nothing found\n"
    assert "no date" in filled.command("search", "from:yesterday")[1]


DOCS = Path(__file__).parent.parent.parent / "docs" / "api.md"


def test_the_clients_of_the_docs_work(filled: Filled, served: Served, tmp_path: Path) -> None:
    token = session(filled)["token"]
    wanted = [row[0] for row in filled.rows("SELECT id FROM photos ORDER BY number")]
    blocks = dict(re.findall(r"```(python|javascript)\n(.*?)```", DOCS.read_text(), re.DOTALL))
    names: dict[str, Any] = {}
    exec(blocks["python"], names)
    assert [photo["remoteId"] for photo in names["photos"](token, "ada", served.url)] == wanted
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed; the JavaScript of docs/api.md was not run")
    script = tmp_path / "client.mjs"
    script.write_text(
        f"{blocks['javascript']}\nconst found = [];\n"
        f"for await (const photo of photos({json.dumps(token)}, 'ada', {json.dumps(served.url)}))\n"
        "  found.push(photo.remoteId);\n"
        "console.log(JSON.stringify(found));\n"
    )
    ran = subprocess.run([node, script], capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(ran.stdout) == wanted
