"""Thumbnails that the connection itself answers: as the application does, to the same people, in order."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import httpx
import pytest

from tests.web.served import Filled, Served


@dataclass
class Warm:
    """A server that has a thumbnail in memory, and the cookie of a browser that came in."""

    served: Served
    browser: httpx.Client
    path: str

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.browser.cookies.items())

    def ask(self, *requests: bytes) -> list[tuple[int, dict[str, str], bytes]]:
        """Answers to requests that are sent all at once over one connection."""
        with socket.create_connection(("127.0.0.1", self.served.port), 10) as line:
            line.sendall(b"".join(requests))
            with line.makefile("rb") as answers:
                return [answer(answers) for _ in requests]

    def request(self, path: str = "", method: str = "GET", version: str = "1.1", **headers: str) -> bytes:
        told = {"host": f"127.0.0.1:{self.served.port}", "cookie": self.cookie, **headers}
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in told.items() if value]
        return "\r\n".join([f"{method} {path or self.path} HTTP/{version}", *lines, "", ""]).encode()


def answer(stream):  # type: ignore[no-untyped-def]
    status = int(stream.readline().split()[1])
    headers: dict[str, str] = {}
    while line := stream.readline().strip():
        name, _, value = line.decode().partition(": ")
        assert name not in headers, name
        headers[name] = value
    return status, headers, stream.read(int(headers.get("content-length", 0)))


@pytest.fixture(scope="module")
def warm(filled: Filled) -> Iterator[Warm]:
    id_, digest = filled.rows("SELECT id, sha256 FROM photos WHERE kind = 'photo' AND sha256 IS NOT NULL")[0]
    with filled.serving() as served, closing(served.come_in()) as browser:
        yield Warm(served, browser, f"/thumbnails/{id_}?v={digest[:12]}")


def test_the_second_answer_is_the_first(filled: Filled) -> None:
    rows = filled.rows("SELECT id, sha256 FROM photos WHERE kind = 'photo' AND sha256 IS NOT NULL LIMIT 20")
    with filled.serving() as served, closing(served.come_in()) as browser:
        for id_, digest in rows:
            one = Warm(served, browser, f"/thumbnails/{id_}?v={digest[:12]}")
            [first] = one.ask(one.request())
            second, third = one.ask(one.request(), one.request())
            for again in (second, third):
                assert {**again[1], "date": ""} == {**first[1], "date": ""}
                assert (again[0], again[2]) == (first[0], first[2]) == (200, again[2])
            assert "immutable" in second[1]["cache-control"]
            assert second[2].startswith(b"RIFF")


def test_only_those_who_came_in_see_it(warm: Warm, filled: Filled) -> None:
    warm.ask(warm.request())
    name, _, value = warm.cookie.partition("=")
    for cookie in ("", f"{name}=", f"{name}={value[:-1]}", f"{name}={value}x", f"x{name}={value}", f"other={value}"):
        assert warm.ask(warm.request(cookie=cookie))[0][0] == 401, cookie
    for host in ("evil.com", "localhost.evil.com", "127.0.0.1.nip.io", ""):
        assert warm.ask(warm.request(host=host))[0][0] in (400, 421), host
    two = warm.request().replace(b"\r\ncookie", b"\r\nhost: evil.com\r\ncookie")
    assert warm.ask(two)[0][0] in (400, 421)
    assert warm.ask(warm.request(x_session_id="wrong"))[0][0] == 401


def test_logging_out_ends_it(filled: Filled) -> None:
    id_, digest = filled.rows("SELECT id, sha256 FROM photos WHERE kind = 'photo' AND sha256 IS NOT NULL")[0]
    with filled.serving() as served, closing(served.come_in()) as browser:
        one = Warm(served, browser, f"/thumbnails/{id_}?v={digest[:12]}")
        asked = one.request()
        assert [status for status, _, _ in one.ask(asked, asked)] == [200, 200]
        token = browser.get("/status").text.partition('name="token" value="')[2].partition('"')[0]
        browser.post("/logout", data={"token": token}, headers={"origin": served.url})
        assert one.ask(asked)[0][0] == 401


def test_what_differs_is_left_to_the_application(warm: Warm) -> None:
    [(_, headers, body)] = warm.ask(warm.request())
    [(status, kept, nothing)] = warm.ask(warm.request(if_none_match=headers["etag"]))
    assert (status, nothing, kept["etag"]) == (304, b"", headers["etag"])
    plain, _, _ = warm.path.partition("?")
    for path in (plain, f"{plain}?v=", f"{plain}?v=000000000000", f"{warm.path}&x=1", f"{warm.path}0"):
        [(status, other, same)] = warm.ask(warm.request(path))
        assert (status, same) == (200, body)
        assert ("immutable" in other["cache-control"]) == (path == f"{warm.path}&x=1")
    assert warm.ask(warm.request(warm.path.replace("/thumbnails/", "/thumbnails//")))[0][0] in (404, 303)
    assert warm.ask(warm.request("/thumbnails/nope?v=000000000000"))[0][0] == 404
    assert warm.ask(warm.request(method="POST"))[0][0] == 405


def test_answers_come_in_the_order_of_the_questions(warm: Warm) -> None:
    thumb = warm.path
    paths = [thumb, "/healthz", thumb, "/albums", thumb, thumb, "/nope", thumb, "/status", thumb]
    answers = warm.ask(*(warm.request(path) for path in paths))
    kinds = [headers["content-type"].partition(";")[0] for _, headers, _ in answers]
    wanted = {warm.path: "image/webp", "/healthz": "application/json"}
    assert kinds == [wanted.get(path, "text/html") for path in paths]


@pytest.mark.parametrize(("version", "connection"), [("1.1", "close"), ("1.0", "")])
def test_a_connection_that_wants_to_end_ends(warm: Warm, version: str, connection: str) -> None:
    with socket.create_connection(("127.0.0.1", warm.served.port), 10) as line:
        line.sendall(warm.request(version=version, connection=connection))
        with line.makefile("rb") as stream:
            assert answer(stream)[0] == 200
            assert stream.read() == b""
