"""Logging in again from the gallery: allowed by the configuration only, one's own pages only, not too often."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from fbbackup.credentials import Credentials
from fbbackup.errors import LoginNeeded
from fbbackup.login import Screen, Wish
from fbbackup.notices import Memory
from fbbackup.simulator import Simulator
from fbbackup.simulator.library import Library
from fbbackup.sources.graph.login import DeviceCode
from fbbackup.web.relogin import TRIES, WINDOW_SECONDS, Relogin
from tests.web.served import URL, Filled, Inside, inside

OWN = {"origin": URL, "content-type": "application/json"}
PASTED = "EAApasted-token-canary-77"


class Facebook:
    """A login that a test decides."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.begun = 0

    async def log_in(self, wish: Wish, screen: Screen) -> dict[str, Any]:
        self.wishes.append(wish)
        if wish.way == "device":
            screen.show_code(DeviceCode("ABCD1234", "https://www.facebook.com/device", 420, 5, "secret-of-the-device"))
            await self.answer
        if wish.token is not None and wish.token.reveal() != PASTED:
            raise LoginNeeded(f"Facebook does not accept access_token={wish.token.reveal()}")
        return {"lines": ["logged in as Ada Example"]}

    async def run(self) -> bool:
        self.begun += 1
        return True


async def post(found: Inside, path: str, value: dict[str, Any]) -> httpx.Response:
    return await found.client.post(f"/api/v1/accounts/{path}", headers=OWN, json=value)


async def test_without_the_setting_nothing_opens(filled: Filled, tmp_path: Path) -> None:
    async with inside(filled.archive, tmp_path) as found:
        assert "fbbackup login ada" in await found.page("/accounts/ada/login")
        assert "data-relogin" not in await found.page("/accounts/ada/login")
        for answer in (await post(found, "ada/token", {"token": "x"}), await post(found, "ada/code", {})):
            assert (answer.status_code, "web.relogin_url" in answer.json()["error"]) == (404, True)
        assert (await found.client.get("/api/v1/accounts/ada/code")).status_code == 404
        assert (await found.client.get("/accounts/nobody/login")).status_code == 404


async def test_a_token_and_a_code_lead_in(filled: Filled, tmp_path: Path) -> None:
    facebook = Facebook()
    relogin = Relogin(("ada",), facebook.log_in, facebook.run)
    async with inside(filled.archive, tmp_path, relogin=relogin) as found:
        assert "data-relogin" in await found.page("/accounts/ada/login")
        assert (await found.stranger().get("/accounts/ada/login")).status_code == 303
        assert (await found.stranger().get("/api/v1/accounts/ada/code")).status_code == 401
        assert (await post(found, "bob/token", {"token": PASTED})).status_code == 404
        for body in ({}, {"token": 3}, {"token": ""}, {"token": "a b"}, {"token": "ä"}, {"token": "x" * 5000}):
            assert (await post(found, "ada/token", body)).status_code == 400
        answer = await post(found, "ada/token", {"token": "EAAwrong-token-1"})
        assert (answer.status_code, "EAAwrong" in answer.text) == (422, False)
        assert facebook.begun == 0
        answer = await post(found, "ada/token", {"token": PASTED})
        assert (answer.status_code, answer.json()) == (200, {"lines": ["logged in as Ada Example"]})
        assert facebook.begun == 1

        assert (await found.client.get("/api/v1/accounts/ada/code")).json() == {"state": "none"}
        first, second = (await post(found, "ada/code", {})).json(), (await post(found, "ada/code", {})).json()
        assert (first["state"], first["code"], first["seconds"] > 400) == ("waiting", "ABCD1234", True)
        assert second["code"] == first["code"]
        assert "secret-of-the-device" not in str(first)
        assert [wish.way for wish in facebook.wishes].count("device") == 1
        facebook.answer.set_result(None)
        await asyncio.sleep(0)
        done = await found.client.get("/api/v1/accounts/ada/code")
        assert done.json() == {"state": "done", "lines": ["logged in as Ada Example"]}
        assert all(wish.supersedes and not wish.replace for wish in facebook.wishes)
    await relogin.close()


async def test_a_code_that_was_declined_says_so(filled: Filled, tmp_path: Path) -> None:
    facebook = Facebook()
    relogin = Relogin(("ada",), facebook.log_in)
    async with inside(filled.archive, tmp_path, relogin=relogin) as found:
        await post(found, "ada/code", {})
        facebook.answer.set_exception(LoginNeeded("the login was declined on Facebook"))
        await asyncio.sleep(0)
        answer = (await found.client.get("/api/v1/accounts/ada/code")).json()
        assert answer == {"state": "failed", "error": "the login was declined on Facebook"}
    await relogin.close()


async def test_tries_are_few(filled: Filled, tmp_path: Path) -> None:
    now = 0.0
    facebook = Facebook()
    async with inside(filled.archive, tmp_path, relogin=Relogin(("ada",), facebook.log_in, clock=lambda: now)) as found:
        for _ in range(TRIES):
            assert (await post(found, "ada/token", {"token": "guess"})).status_code == 422
        answer = await post(found, "ada/token", {"token": PASTED})
        assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (429, True)
        assert (await post(found, "ada/code", {})).status_code == 429
        assert len(facebook.wishes) == TRIES
        now += WINDOW_SECONDS + 1
        assert (await post(found, "ada/token", {"token": PASTED})).status_code == 200


async def test_notices_and_alarms_are_shown_where_people_look(filled: Filled, tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    async with inside(filled.archive, tmp_path, memory=memory, relogin=Relogin(("ada",), Facebook().log_in)) as found:
        assert "alarm" not in await found.page("/")
        why = "the password was changed <script>"
        memory.save("ada", {"trouble": {"kind": "login-ended", "why": why, "since": "2026-03-02T10:00:00Z"}})
        memory.keep({"event": "login-ended", "at": "2026-03-02T10:00:00Z", "title": "ada: login needed", "text": why})
        memory.keep({"nonsense": True})
        for page in ("/", "/status"):
            text = await found.page(page)
            assert "the password was changed &lt;script&gt;" in text
            assert 'href="/accounts/ada/login"' in text
        assert "ada: login needed" in await found.page("/status")


@pytest.fixture
def home(tmp_path: Path) -> Any:
    with Simulator(library=Library(photos=6, albums=1), budget=100_000) as sim:
        home = Filled(tmp_path, sim)
        home.sync()
        yield home


def test_a_served_gallery_keeps_the_new_login(home: Filled) -> None:
    token = home.sim.access.issue("user", 3600).text
    allowed = {"FBBACKUP_WEB_RELOGIN_URL": "http://nas.local:8765"}
    with home.serving(**allowed) as found, closing(found.come_in()) as browser:
        headers = {"origin": found.url, "content-type": "application/json"}
        path = f"{found.url}/api/v1/accounts/ada/token"
        assert browser.post(path, json={"token": "nonsense"}, headers=headers).status_code == 422
        answer = browser.post(path, json={"token": token}, headers=headers)
        assert (answer.status_code, token in answer.text) == (200, False), answer.text
        by_name = httpx.get(f"{found.url}/login", headers={"host": "nas.local:8765"})
        assert by_name.status_code == 200
    # It counts although the environment goes on giving the old one.
    assert Credentials(home.environ).token("ada").reveal() == token
