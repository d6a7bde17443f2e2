"""Who may come in and who may not, swept over every route of the table."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from starlette.routing import Route, WebSocketRoute

from fbbackup.web.guard import CSP
from fbbackup.web.routes import RULES, SOCKETS, Policy, Rule, application
from fbbackup.web.visitors import Password, Visitors
from tests.web.served import HOST, URL, Filled, Inside, inside

BAD_HOSTS = (
    "evil.com", "localhost.evil.com", "127.0.0.1.nip.io", "", "localhost.", "127.0.0.1.", "localhost@evil.com",
    "evil.com:8765", "localhost:8765@evil.com", "localhost:evil", "localhost:0", "localhost:99999", "localhost:80:80",
    "localhost:-1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "10.0.0.1", "192.168.1.1",
    "[::]", "[::ffff:127.0.0.1]", "::1", "[::1", "[::1]evil", "[fe80::1%25eth0]", "localhost/", "localhost#",
    "localhost?",
    "http://localhost", " localhost", "localhost ", "local host", "localhost\t", "localhost,evil.com", "xn--localhost",
    "LOCALHOST.EVIL.COM", "localhost:", "*", "127.0.0.1:8765:8765", "\x7f",
)  # fmt: skip
GOOD_HOSTS = ("localhost", "127.0.0.1", "[::1]", "localhost:8765", "127.0.0.1:1", "[::1]:65535", "LocalHost:80")
FOREIGN_ORIGINS = (
    "null", "http://evil.com", "https://evil.com", "http://localhost.evil.com", "http://127.0.0.1:8766",
    "http://127.0.0.1", "http://localhost:8765", "http://[::1]:8765", "file://", "chrome-extension://abc",
    "http://127.0.0.1:8765.evil.com", "http://evil.com:8765", "http://user@127.0.0.1:8765", "ws://127.0.0.1:8765",
    "http://127.0.0.1:8765/", "http://127.0.0.1:8765, http://evil.com", "", "about:blank", "http://0.0.0.0:8765",
    "http://127.0.0.1:87650",
)  # fmt: skip


def real(rule: Rule) -> str:
    return rule.path.replace("{id}", "1").replace("{version}", "x").replace("{name}", "style.css").replace(
        "{method}", "fb.getUserAlbums"
    )  # fmt: skip


def test_every_route_of_the_application_has_a_policy(filled: Filled, gallery: Inside) -> None:
    guard = application(gallery.site)
    routes = guard._app.routes  # type: ignore[attr-defined]
    known = {f"{rule.method} {rule.path} {rule.policy}" for rule in RULES}
    known |= {f"WEBSOCKET {path} {policy}" for path, (policy, _) in SOCKETS.items()}
    assert {route.name for route in routes} == known
    assert all(isinstance(route, Route | WebSocketRoute) for route in routes)
    assert all(rule.policy in Policy for rule in RULES)


@pytest.mark.parametrize("host", BAD_HOSTS)
async def test_other_names_are_refused_on_every_route(gallery: Inside, host: str) -> None:
    for rule in RULES:
        answer = await gallery.client.request(rule.method, real(rule), headers={"host": host})
        assert answer.status_code == 421, (rule.path, host)
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("host", GOOD_HOSTS)
async def test_our_own_names_are_accepted(gallery: Inside, host: str) -> None:
    assert (await gallery.client.get("/healthz", headers={"host": host})).status_code == 200


async def test_two_hosts_or_none_are_refused(gallery: Inside) -> None:
    for hosts in ([b"localhost", b"localhost"], [b"localhost", b"evil.com"], []):
        sent: list[dict[str, object]] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, object], sent: list[dict[str, object]] = sent) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/healthz", "query_string": b"", "scheme": "http",
                 "http_version": "1.1", "headers": [(b"host", host) for host in hosts], "root_path": ""}  # fmt: skip
        await application(gallery.site)(scope, receive, send)  # type: ignore[arg-type]
        assert sent[0]["status"] == 421


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.method} {rule.path}")
async def test_strangers_see_nothing(gallery: Inside, rule: Rule) -> None:
    async with gallery.stranger() as stranger:
        answer = await stranger.request(rule.method, real(rule), headers={"content-type": "application/json"})
    if rule.policy in (Policy.OPEN, Policy.ENTER):
        assert answer.status_code in (200, 403, 404)
    elif rule.policy is Policy.PAGE:
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    else:
        assert answer.status_code in (401, 403)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.method} {rule.path}")
async def test_every_answer_carries_the_headers(gallery: Inside, rule: Rule) -> None:
    async with gallery.stranger() as stranger:
        answers = [
            await stranger.request(rule.method, real(rule)),
            await gallery.client.request(rule.method, real(rule)),
        ]
    answers.append(await gallery.client.request("PATCH", real(rule)))
    for answer in answers:
        headers = answer.headers
        assert headers["content-security-policy"] == CSP or "sandbox" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
        assert "cache-control" in headers
        assert "server" not in headers
        assert not [name for name in headers if name.startswith("access-control")]
        if "/api/" in rule.path:
            assert headers["cache-control"] == "private, no-store"


CHANGES = [rule for rule in RULES if rule.policy is Policy.CHANGE]


@pytest.mark.parametrize("rule", CHANGES, ids=lambda rule: rule.path)
async def test_changes_need_a_page_of_ours(gallery: Inside, rule: Rule) -> None:
    good = {"origin": URL, "content-type": "application/json"}
    async with gallery.stranger() as stranger:
        assert (await stranger.post(rule.path, headers=good, content="{}")).status_code == 401
    for origin in FOREIGN_ORIGINS:
        answer = await gallery.client.post(rule.path, headers={**good, "origin": origin}, content="{}")
        assert answer.status_code == 403, origin
    for headers in (
        {"content-type": "application/json"},
        {**good, "sec-fetch-site": "cross-site"},
        {**good, "sec-fetch-site": "same-site"},
    ):
        assert (await gallery.client.post(rule.path, headers=headers, content="{}")).status_code == 403
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", ""):
        answer = await gallery.client.post(rule.path, headers={**good, "content-type": kind}, content="{}")
        assert answer.status_code == 415, kind
    assert (await gallery.client.get(rule.path)).status_code in (404, 405)
    assert (await gallery.client.post(rule.path, headers=good, content="{}")).status_code in (303, 404, 409)


FORMS = [rule for rule in RULES if rule.policy is Policy.FORM]


class AtWork:
    """A daemon that counts what it was asked for."""

    asked = 0
    away = False

    async def line(self) -> str | None:
        return None if self.away else "ada: next run in 3 hours <b>"

    async def run_now(self) -> bool:
        self.asked += not self.away
        return not self.away


def token_of(page: str) -> str:
    found = re.search(r'name="token" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


@pytest.mark.parametrize("rule", FORMS, ids=lambda rule: rule.path)
async def test_forms_need_a_page_of_ours_and_its_token(filled: Filled, tmp_path: Path, rule: Rule) -> None:
    daemon = AtWork()
    good = {"origin": URL}
    async with inside(filled.archive, tmp_path, daemon=daemon) as found:
        token = token_of(await found.page("/status"))
        other = found.stranger()
        other.cookies.set(found.site.cookie, found.site.visitors.enter(), domain="127.0.0.1")
        others_token = token_of((await other.get("/status")).text)
        assert others_token != token
        async with found.stranger() as stranger:
            answer = await stranger.post(rule.path, headers=good, data={"token": token})
            assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        for origin in FOREIGN_ORIGINS:
            answer = await found.client.post(rule.path, headers={"origin": origin}, data={"token": token})
            assert answer.status_code == 403, origin
        for headers in ({}, {**good, "sec-fetch-site": "cross-site"}, {"origin": "null", "sec-fetch-site": "none"},
                        {"origin": "null", "sec-fetch-site": "same-site"}):  # fmt: skip
            assert (await found.client.post(rule.path, headers=headers, data={"token": token})).status_code == 403
        for wrong in (others_token, "", "x", token.upper(), token[:-1], "\udc80é"):
            answer = await found.client.post(
                rule.path, headers=good, content=b"token=" + wrong.encode("utf-8", "replace")
            )
            assert answer.status_code == 403, wrong
        assert (await found.client.get(rule.path)).status_code == 405
        assert daemon.asked == 0
        for headers in (good, {"origin": "null", "sec-fetch-site": "same-origin"}):
            found.client.cookies.set(found.site.cookie, found.site.visitors.enter(), domain="127.0.0.1")
            fresh = token_of(await found.page("/status"))
            assert (await found.client.post(rule.path, headers=headers, data={"token": fresh})).status_code == 303
        await other.aclose()


async def test_backing_up_now_asks_the_daemon_once(filled: Filled, tmp_path: Path) -> None:
    daemon = AtWork()
    async with inside(filled.archive, tmp_path, daemon=daemon) as found:
        page = await found.page("/status")
        assert "Back up now" in page
        assert "ada: next run in 3 hours &lt;b&gt;" in page
        answer = await found.client.post(
            "/api/v1/backup", headers={"origin": URL, "content-type": "application/json"}, content="{}"
        )
        assert (answer.status_code, daemon.asked) == (202, 1)
        answer = await found.client.post("/backup", headers={"origin": URL}, data={"token": token_of(page)})
        assert (answer.headers["location"], daemon.asked) == ("/status?asked=yes#backup", 2)
        assert "was asked for a run" in await found.page(answer.headers["location"])
        daemon.away = True
        assert "Back up now" not in await found.page("/status")
        answer = await found.client.post("/backup", headers={"origin": URL}, data={"token": token_of(page)})
        assert (answer.headers["location"], daemon.asked) == ("/status?asked=no#backup", 2)
        assert "no run was started" in await found.page(answer.headers["location"])
        answer = await found.client.post(
            "/api/v1/backup", headers={"origin": URL, "content-type": "application/json"}, content="{}"
        )
        assert answer.status_code == 409
    async with inside(filled.archive, tmp_path) as alone:
        assert "fbbackup sync" in await alone.page("/status")


async def test_a_link_opens_once(gallery: Inside) -> None:
    link = gallery.site.new_link()
    async with gallery.stranger() as first, gallery.stranger() as second:
        first.cookies.set(gallery.site.cookie, "chosen-by-somebody-else", domain="127.0.0.1")
        answer = await first.get(link)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        assert "chosen-by-somebody-else" not in cookie
        assert (await first.get("/")).status_code == 200
        assert (await second.get(link)).status_code == 403
        assert (await second.get("/")).status_code == 303
        assert (await second.get("/login?link=")).status_code == 200
    assert "login?link=" in gallery.said[0]
    assert link not in gallery.said[0]


async def test_leaving_ends_the_session(gallery: Inside) -> None:
    cookie = dict(gallery.client.cookies)
    token = token_of(await gallery.page("/status"))
    assert (await gallery.client.post("/logout", headers={"origin": URL}, data={"token": token})).status_code == 303
    async with gallery.stranger() as again:
        again.cookies.update(cookie)
        assert (await again.get("/")).status_code == 303


def test_sessions_of_browsers_end_by_age_and_by_idleness() -> None:
    now = [0.0]
    visitors = Visitors(lambda: now[0])
    token = visitors.enter()
    for _ in range(9):
        now[0] += 3 * 86_400
        assert visitors.knows(token)
    now[0] += 4 * 86_400
    assert not visitors.knows(token)
    idle = visitors.enter()
    now[0] += 8 * 86_400
    assert not visitors.knows(idle)
    assert not visitors.knows("")


async def test_guessing_passwords_is_slow(tmp_path: Path) -> None:
    now = [0.0]
    password = Password(tmp_path, lambda: now[0])
    password.set("correct horse")
    assert "correct horse" not in (tmp_path / "web-password").read_text()
    assert "$argon2id$" in (tmp_path / "web-password").read_text()
    assert (tmp_path / "web-password").stat().st_mode & 0o777 == 0o600
    checked = 0
    for guess in range(10_000):
        now[0] += 0.06
        address = f"10.0.0.{guess % 50}"
        if password.wait_seconds(address) == 0:
            checked += 1
            if checked < 4:
                assert not await password.is_right("wrong", address)
            else:
                password._tries.setdefault(address, []).append(now[0])
                password._all_tries.append(now[0])
    assert checked <= 100
    alone = Password(tmp_path, lambda: now[0])
    for _ in range(10):
        assert alone.wait_seconds("10.0.0.1") == 0
        alone._tries.setdefault("10.0.0.1", []).append(now[0])
        alone._all_tries.append(now[0])
    assert 0 < alone.wait_seconds("10.0.0.1") <= 60
    assert alone.wait_seconds("10.0.0.2") == 0
    now[0] += 61
    assert alone.wait_seconds("10.0.0.1") == 0
    assert await alone.is_right("correct horse", "10.0.0.1")


async def test_the_password_opens_and_wrong_ones_wait(filled: Filled, tmp_path: Path) -> None:
    Password(tmp_path).set("correct horse")
    async with inside(filled.archive, tmp_path, password_needed=True) as found, found.stranger() as browser:
        assert "Password" in (await browser.get("/login")).text
        assert (await browser.get(f"/login?link={found.site.visitors.new_link_token()}")).status_code == 403
        for headers in ({"origin": "http://evil.com"}, {"sec-fetch-site": "cross-site"}):
            answer = await browser.post("/login", data={"password": "correct horse"}, headers=headers)
            assert answer.status_code == 403
        answer = await browser.post("/login", data={"password": "wrong"}, headers={"x-forwarded-for": "9.9.9.9"})
        assert answer.status_code == 401
        assert (await browser.post("/login", data={"password": "correct horse"})).status_code == 303
        assert (await browser.get("/")).status_code == 200
        other = found.stranger()
        for guess in range(11):
            answer = await other.post("/login", data={"password": "x"}, headers={"x-forwarded-for": f"9.9.9.{guess}"})
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        await other.aclose()


async def test_other_requests_stay_quick_while_passwords_are_checked(filled: Filled, tmp_path: Path) -> None:
    Password(tmp_path).set("correct horse")
    async with inside(filled.archive, tmp_path, password_needed=True) as found, found.stranger() as browser:
        guesses = [asyncio.create_task(browser.post("/login", data={"password": "x"})) for _ in range(8)]
        loop = asyncio.get_running_loop()
        took = []
        while not all(guess.done() for guess in guesses):
            began = loop.time()
            await browser.get("/healthz")
            took.append(loop.time() - began)
            await asyncio.sleep(0)
        assert sorted(took)[int(len(took) * 0.99) - 1] < 0.5


async def test_large_bodies_are_refused_announced_or_not(gallery: Inside) -> None:
    async def endless() -> object:
        for _ in range(300):
            yield b"x" * 8192

    headers = {"content-type": "application/json", "x-session-id": "x"}
    _, token = gallery.site.sessions.new("ada", "read", None)
    for content in (b"x" * (2 << 20), endless()):
        answer = await gallery.client.post(
            "/api/v0/rpc/fb.getUserAlbums", content=content, headers={**headers, "x-session-id": token}
        )
        assert answer.status_code == 413


def test_the_host_of_the_tests_is_a_good_one() -> None:
    assert httpx.URL(URL).netloc.decode() == HOST
