"""Notices on their ways, to real receivers on loopback: a web service by apprise, a hook, a dead man's switch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fbbackup.credentials import Secret
from fbbackup.notices.channels import ping, push, run_hook
from tests.notices.receiving import Receiver, receiving

TOKEN = "EAACanary1234567890"
APPRISE_WARNS = pytest.mark.filterwarnings("ignore::DeprecationWarning")
"""About its own imports."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@APPRISE_WARNS
async def test_services_get_title_and_text(receiver: Receiver) -> None:
    pytest.importorskip("apprise")
    await push([Secret(f"json://127.0.0.1:{receiver.port}/to-me")], "fbbackup: a title", "a text — with ü")
    ((method, path, body),) = receiver.got
    sent = json.loads(body)
    assert (method, path) == ("POST", "/to-me")
    assert (sent["title"], sent["message"]) == ("fbbackup: a title", "a text — with ü")


@APPRISE_WARNS
async def test_a_service_that_refuses_is_told_without_its_address(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("apprise")
    receiver.status = 500
    await push([Secret(f"json://127.0.0.1:{receiver.port}/{TOKEN}")], "title", "text")
    own = [record.getMessage() for record in caplog.records if record.name.startswith("fbbackup")]
    assert any("could not be sent" in line for line in own)
    assert TOKEN not in " ".join(own)


def script(folder: Path, text: str) -> Path:
    file = folder / "hook"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o700)
    return file


async def test_a_hook_gets_the_event_and_no_secret(tmp_path: Path) -> None:
    hook = script(tmp_path, f"cat > {tmp_path}/event; env > {tmp_path}/env")
    environ = {
        "PATH": "/usr/bin:/bin", "FBBACKUP_TOKEN_ADA": TOKEN, "FBBACKUP_PING_URL": TOKEN, "FBBACKUP_ARCHIVE": "/kept",
        "CREDENTIALS_DIRECTORY": "/run/credentials/x",
    }  # fmt: skip
    await run_hook(hook, {"event": "run", "account": "ada"}, environ)
    assert json.loads((tmp_path / "event").read_text()) == {"event": "run", "account": "ada"}
    seen = (tmp_path / "env").read_text()
    assert "/kept" in seen
    assert TOKEN not in seen
    assert "CREDENTIALS_DIRECTORY" not in seen


@pytest.mark.parametrize(("text", "words"), [("exit 3", "ended with 3"), (None, "can't be started")])
async def test_a_hook_that_fails_is_told_and_harms_nothing(
    tmp_path: Path, text: str | None, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    hook = script(tmp_path, text) if text else tmp_path / "absent"
    await run_hook(hook, {"event": "run"})
    assert words in caplog.text


async def test_the_dead_mans_switch_hears_of_good_and_bad_ends(receiver: Receiver) -> None:
    address = Secret(f"http://127.0.0.1:{receiver.port}/ping/1234")
    await ping(address, well=True)
    await ping(address, well=False)
    await ping(None, well=True)
    assert [(method, path) for method, path, _ in receiver.got] == [("GET", "/ping/1234"), ("GET", "/ping/1234/fail")]


async def test_a_switch_that_is_away_is_told_without_its_address(caplog: pytest.LogCaptureFixture) -> None:
    await ping(Secret(f"http://127.0.0.1:9/{TOKEN}"), well=True)
    await ping(Secret(f"http://example.org/{TOKEN}"), well=True)
    assert "could not be reached" in caplog.text
    assert "https://" in caplog.text
    assert TOKEN not in caplog.text
