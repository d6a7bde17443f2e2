"""Logging in by token, code and browser against the pretend Facebook, and what is refused on the way."""

from __future__ import annotations

import asyncio
import json
import socket
import string
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fbbackup.cli.letters import large
from fbbackup.config import Config
from fbbackup.credentials import Credentials, Login, Secret, fingerprint
from fbbackup.errors import ConfigError, LoginNeeded
from fbbackup.http import HostRules, Http
from fbbackup.login import Screen, Wish, log_in, renew
from fbbackup.simulator import Simulator
from fbbackup.sources.graph.login import SCOPES, AppSettings, DeviceCode, GraphLogin
from tests.end_to_end.conftest import MakeHome
from tests.end_to_end.harness import Home, small
from tests.loopback import Asked, loopback, reply

SECRET = "canary-of-the-app-2f7c1d"
DAY = 86_400.0


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    """An account whose app and secret are known, and no token yet."""
    return make_home(app_secret=SECRET, account={"app_id": "100000000000001"})


def environ(home: Home) -> dict[str, str]:
    return {key: value for key, value in home.environ.items() if key != "FBBACKUP_TOKEN_ADA"}


def screen(**parts: Callable[[Any], None]) -> Screen:
    def nothing(_: Any) -> None:
        return

    return Screen(**{"say": nothing, "show_code": nothing, "open_page": nothing, **parts})


def enter(
    home: Home, wish: Wish | None = None, shown: Screen | None = None, config: Config | None = None
) -> dict[str, Any]:
    wish = wish or Wish("ada", token=Secret(home.sim.access.issue("user", 3600).text))
    return log_in(config or home.config(), home.archive, wish, shown or screen(), environ(home))


def kept(home: Home) -> str:
    return Credentials(environ(home)).token("ada").reveal()


def test_a_pasted_token_becomes_long_lived_and_is_kept(home: Home) -> None:
    short = home.sim.access.issue("user", 3600)
    record = enter(home, Wish("ada", token=Secret(short.text)))
    assert kept(home) != short.text
    ends = home.sim.access.tokens[kept(home)].expires_at
    assert ends - home.sim.clock.now() > 59 * DAY
    assert record["remote_id"] == home.sim.library.owner_id
    words = "\n".join(record["lines"])
    assert "may read your albums and photos" in words
    assert "the login ends in 59 days" in words
    assert "access to your data ends in 89 days" in words
    assert short.text not in words


def test_without_the_apps_secret_a_token_stays_as_it_is(make_home: MakeHome) -> None:
    home = make_home()
    record = enter(home, Wish("ada", token=Secret(home.sim.token)))
    assert kept(home) == home.sim.token
    assert any("not made long-lived" in line for line in record["lines"])


@pytest.mark.parametrize(
    ("subcode", "words"), [(463, "expired"), (460, "password"), (459, "facebook.com"), (458, "removed")]
)
def test_a_token_that_no_longer_works_is_not_kept(home: Home, subcode: int, words: str) -> None:
    token = home.sim.access.issue("user", 3600)
    token.revoked = (subcode, None)
    with pytest.raises(LoginNeeded, match=words):
        enter(home, Wish("ada", token=Secret(token.text)))
    assert not Credentials(environ(home)).file.exists()


def test_a_declined_permission_is_told_and_nothing_is_kept(home: Home) -> None:
    home.sim.access.decline("user_photos")
    with pytest.raises(LoginNeeded, match="user_photos is declined.*nothing was saved"):
        enter(home)
    home.sim.access.grant("user_photos")
    home.sim.access.decline("user_videos")
    assert any("may NOT read (declined) your videos" in line for line in enter(home)["lines"])


def test_another_person_is_refused_unless_wanted(home: Home) -> None:
    Credentials(environ(home)).save("ada", Login(Secret("EAAold"), "4711"))
    with pytest.raises(ConfigError, match=r"always id 4711.*--replace"):
        enter(home)
    assert kept(home) == "EAAold"
    token = Secret(home.sim.access.issue("user", 3600).text)
    enter(home, Wish("ada", token=token, replace=True))
    assert Credentials(environ(home)).user_id("ada") == home.sim.library.owner_id


def test_another_persons_token_does_not_mix_into_an_account(make_home: MakeHome) -> None:
    home = make_home(app_secret=SECRET, account={"app_id": "100000000000001"})
    home.complete()
    before = home.snapshot()
    other = make_home(small(seed=77, photos=3, albums=1), app_secret=SECRET)
    assert other.sim.library.owner_id != home.sim.library.owner_id
    strange = Home(other.sim, home.folder, app_secret=SECRET, account={"app_id": "100000000000001"})
    result = strange.sync()
    assert result.exit_code == 3
    assert "--replace" in result.line
    assert home.snapshot() == before
    with pytest.raises(ConfigError, match="--replace"):
        enter(strange)
    token = Secret(other.sim.access.issue("user", 3600).text)
    log_in(strange.config(), home.archive, Wish("ada", token=token, replace=True), screen(), environ(strange))
    assert strange.sync().exit_code in (0, 4)


def test_a_page_gets_its_own_token(make_home: MakeHome) -> None:
    home = make_home(small(page=True), app_secret=SECRET, account={"app_id": "100000000000001"})
    token = Secret(home.sim.access.issue("user", 3600).text)
    with pytest.raises(ConfigError, match="no Page 'Another'"):
        enter(home, Wish("ada", token=token, page="Another"))
    enter(home, Wish("ada", token=token, page=home.sim.library.owner_id))
    assert kept(home) == home.sim.access.page_token.text


def test_pages_are_listed_to_their_end_and_a_refusal_is_told(make_home: MakeHome) -> None:
    home = make_home(small(page=True), app_secret=SECRET, account={"app_id": "100000000000001"})
    token = home.sim.access.issue("user", 3600).text
    home.sim.faults.set("app-limit", times=1, match="/me/accounts")
    with pytest.raises(LoginNeeded, match="does not list the Pages of this login .code 4:"):
        enter(home, Wish("ada", token=Secret(token), page=home.sim.library.owner_id))
    home.sim.faults.set("app-limit", times=1, match="/me/accounts")
    assert any("does not list the Pages" in line for line in enter(home, Wish("ada", token=Secret(token)))["lines"])


async def test_a_long_list_of_pages_is_read_on() -> None:
    def answer(asked: Asked) -> bytes:
        after = int(parse_qs(urlsplit(asked.target).query).get("after", ["0"])[0])
        data = [{"id": str(after), "name": "One", "access_token": f"EAApage{after}"}]
        more = {"next": "https://graph.facebook.com/x", "cursors": {"after": str(after + 1)}} if after < 2 else {}
        return reply(json.dumps({"data": data, "paging": more}).encode())

    async with loopback(answer) as server:
        http = Http(HostRules.of(server.url))
        found = await GraphLogin(AppSettings("1", server.url), http).pages("EAAtoken-of-nobody")
        await http.close()
    assert [page.id for page in found] == ["0", "1", "2"]


# --- by code


class Hours:
    """Waiting that takes no time and moves the pretend Facebook's clock."""

    def __init__(self, sim: Simulator, acts: dict[int, Callable[[], None]]) -> None:
        self.sim, self.acts, self.waits = sim, acts, list[float]()

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.sim.clock.advance(seconds)
        self.acts.get(len(self.waits), lambda: None)()


async def by_code(home: Home, acts: dict[int, Callable[[DeviceCode], None]]) -> tuple[str, Hours]:
    rules = HostRules.of(home.sim.url)
    http = Http(rules)
    shown: list[DeviceCode] = []
    hours = Hours(home.sim, {number: (lambda act=act: act(shown[0])) for number, act in acts.items()})
    settings = AppSettings(
        "100000000000001", home.sim.url, client_token=home.sim.settings.client_token, clock=home.sim.clock.now,
        sleep=hours.sleep,
    )  # fmt: skip
    login = GraphLogin(settings, http)
    try:
        shown.append(await login.start_device(SCOPES))
        return await login.wait_for_device(shown[0]), hours
    finally:
        await http.close()


async def test_a_code_is_waited_for_until_it_is_allowed(home: Home) -> None:
    token, hours = await by_code(home, {4: lambda code: home.sim.logins.decide(code.user_code, "allowed")})
    assert token in home.sim.access.tokens
    assert len(hours.waits) == 4
    assert min(hours.waits) >= 5


async def test_polling_too_fast_slows_down(home: Home) -> None:
    def hurry(code: DeviceCode) -> None:
        home.sim.clock.advance(-4)

    allow = {4: lambda code: home.sim.logins.decide(code.user_code, "allowed")}
    _, hours = await by_code(home, {2: hurry, **allow})
    assert hours.waits[2] > hours.waits[1]


async def test_a_declined_and_an_unused_code_end_the_waiting(home: Home) -> None:
    with pytest.raises(LoginNeeded, match="declined"):
        await by_code(home, {2: lambda code: home.sim.logins.decide(code.user_code, "declined")})
    with pytest.raises(LoginNeeded, match="expired|not used in time"):
        await by_code(home, {})


async def test_an_outage_while_waiting_is_no_end(home: Home) -> None:
    allow = {5: lambda code: home.sim.logins.decide(code.user_code, "allowed")}
    home.sim.faults.set("graph-outage", times=2, match="login_status")
    token, _ = await by_code(home, allow)
    assert token


def test_a_code_needs_the_apps_client_token(home: Home) -> None:
    with pytest.raises(ConfigError, match="client_token"):
        enter(home, Wish("ada", way="device"))


# --- in the browser


def visit(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address, timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def in_browser(*acts: Callable[[str], Any]) -> Screen:
    def go(address: str) -> None:
        loop = asyncio.get_running_loop()
        for act in acts:
            loop.run_in_executor(None, act, address)

    return screen(open_page=go)


def test_a_browser_comes_back_with_a_login(home: Home) -> None:
    seen: list[tuple[int, str]] = []
    enter(home, Wish("ada", way="browser"), in_browser(lambda address: seen.append(visit(address))))
    assert home.sim.access.tokens[kept(home)].expires_at - home.sim.clock.now() > 59 * DAY
    assert seen[0][0] == 200
    assert "close this page" in seen[0][1]


def test_a_login_denied_in_the_browser_is_told(home: Home) -> None:
    home.sim.logins.answer = "deny"
    with pytest.raises(LoginNeeded, match="not allowed in the browser"):
        enter(home, Wish("ada", way="browser"), in_browser(visit))
    assert not Credentials(environ(home)).file.exists()


def test_only_an_answer_with_our_state_counts(home: Home) -> None:
    answers: list[int] = []

    def forge(address: str) -> None:
        back = parse_qs(urlsplit(address).query)["redirect_uri"][0]
        answers.extend(visit(back + tail)[0] for tail in ("?code=evil&state=wrong", "?code=evil", "x?code=evil", ""))
        visit(address)

    enter(home, Wish("ada", way="browser"), in_browser(forge))
    assert answers == [404] * 4


def test_browser_login_without_an_app_names_the_page_that_helps(make_home: MakeHome) -> None:
    home = make_home()
    with pytest.raises(ConfigError, match=r"app_id.*docs/facebook-app.md"):
        enter(home, Wish("ada", way="browser"))


def test_a_browser_that_keeps_its_caller_until_it_is_closed_is_answered_and_given_no_secret(home: Home) -> None:
    browser, given = home.folder / "browser", home.folder / "given.json"
    browser.write_text(
        f"#!{sys.executable}\nimport json, os, sys, urllib.request\n"
        f"json.dump(dict(os.environ), open({str(given)!r}, 'w'))\n"
        "urllib.request.urlopen(sys.argv[1], timeout=20).read()\n"
    )
    browser.chmod(0o700)
    environ = {"FBBACKUP_TOKEN_ADA": "", "FBBACKUP_TOKEN_BOB": "of-another", "BROWSER": f"{browser} %s"}
    process = home.start("login", "--browser", "--json", environ=environ)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, json.loads(out)["remote_id"]) == (0, home.sim.library.owner_id), err
    names = json.loads(given.read_text())
    assert "BROWSER" in names
    assert not [name for name in names if name.startswith(("FBBACKUP_TOKEN_", "FBBACKUP_APP_SECRET_"))]


def test_a_port_that_is_taken_is_told(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"port {port} can't be listened on \(Address already in use\).*--port"):
            enter(home, Wish("ada", way="browser", port=port))


# --- renewal


def renewed(home: Home, **more: str) -> bool:
    account = home.config().accounts[0]
    return asyncio.run(renew(home.config(), account, Credentials({**environ(home), **more})))


def test_a_token_is_renewed_and_keeps_its_place(home: Home) -> None:
    enter(home)
    before = kept(home)
    home.sim.clock.advance(30 * DAY)
    assert renewed(home)
    assert kept(home) != before
    assert home.sim.access.tokens[kept(home)].expires_at - home.sim.clock.now() > 59 * DAY


def test_a_token_from_the_environment_is_renewed_until_another_is_given(home: Home) -> None:
    given = home.sim.access.issue("user", DAY).text
    assert renewed(home, FBBACKUP_TOKEN_ADA=given)
    found = Credentials({**environ(home), "FBBACKUP_TOKEN_ADA": given})
    assert found.token("ada").reveal() != given
    assert found.origin("ada") == fingerprint(Secret(given))
    assert renewed(home, FBBACKUP_TOKEN_ADA=given), "a renewed one is renewed again"
    assert Credentials({**environ(home), "FBBACKUP_TOKEN_ADA": "EAAnew"}).token("ada").reveal() == "EAAnew"


def test_an_ended_token_is_not_renewed_and_not_lost(home: Home) -> None:
    enter(home)
    before = kept(home)
    home.sim.clock.advance(70 * DAY)
    with pytest.raises(LoginNeeded):
        renewed(home)
    assert kept(home) == before


# --- the command


def test_the_command_takes_a_token_from_stdin_only(home: Home, tmp_path: Path) -> None:
    short = home.sim.access.issue("user", 3600).text
    process = home.start("login", "--json", stdin=short + "\n", environ={"FBBACKUP_TOKEN_ADA": ""})
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert short not in out + err
    assert kept(home) != ""
    process = home.start("login", "ada", "EAAfrom-the-command-line")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2


def test_the_command_counts_where_the_environment_gives_another_token(home: Home) -> None:
    given = home.sim.access.issue("user", 3600).text
    fresh = home.sim.access.issue("user", 7200).text
    process = home.start("login", "--json", stdin=fresh + "\n", environ={"FBBACKUP_TOKEN_ADA": given})
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    counts = Credentials({**environ(home), "FBBACKUP_TOKEN_ADA": given}).token("ada").reveal()
    assert counts not in (given, "")
    assert home.sim.access.tokens[counts].expires_at - home.sim.clock.now() > 59 * DAY


def test_a_code_is_shown_in_large_letters() -> None:
    lines = large("AB-01")
    assert len(lines) == 5
    assert lines[0].startswith(" ███   ████ ")
    letters = string.ascii_uppercase + string.digits
    assert len({tuple(large(letter)) for letter in letters}) == len(letters), "two letters look alike"
    assert all(len(line) <= 7 * 8 for line in large("MWMWMWMW"))
    assert large("ÄB") == []
