"""`/healthz` and `/metrics`: 503 says why, strangers of a protected gallery learn no names, asking costs little."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from fbbackup.config import Config
from fbbackup.health import Health, health
from fbbackup.notices import Memory
from fbbackup.web.wellbeing import Wellbeing
from tests.web.served import Filled, inside

NOW = datetime.now(UTC)


def nothing(filled: Filled, archive: Path, state: Path) -> Config:
    return filled.config


def late(filled: Filled, archive: Path, state: Path) -> Config:
    before = (NOW - timedelta(hours=3)).isoformat(timespec="seconds").replace("+00:00", "Z")
    with sqlite3.connect(archive / "catalog.sqlite") as db:
        db.execute("UPDATE runs SET finished_at = ?", (before,))
    db.close()
    return filled.config


def ended(filled: Filled, archive: Path, state: Path) -> Config:
    trouble = {"kind": "login-ended", "why": "the password was changed", "since": NOW.isoformat()}
    Memory(state / "fbbackup").save("ada", {"trouble": trouble})
    return filled.config


def full(filled: Filled, archive: Path, state: Path) -> Config:
    return replace(filled.config, limits=replace(filled.config.limits, keep_free_bytes=1 << 60))


def torn(filled: Filled, archive: Path, state: Path) -> Config:
    (archive / "catalog.sqlite").write_bytes(b"no catalog" * 1000)
    return filled.config


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (nothing, None, ""),
        (late, "the last good run is older than two periods", "ada: the last good run was at "),
        (ended, "a login has ended", "ada: the login has ended: the password was changed"),
        (full, "the disk is nearly full", " MB free at "),
        (torn, "the archive can't be read", "the catalog at "),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_what_is_wrong_is_told(filled: Filled, tmp_path: Path, fault: Any, kind: str | None, words: str) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    shutil.copy(filled.archive / "catalog.sqlite", archive)
    config = fault(filled, archive, tmp_path)
    look = partial(health, config, archive, NOW, {"XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path)})
    for password in (False, True):
        async with inside(archive, tmp_path, wellbeing=Wellbeing(look), password_needed=password) as found:
            answer = await found.client.get("/healthz")
            stranger = await found.stranger().get("/healthz")
        assert answer.status_code == stranger.status_code == (503 if kind else 200)
        assert answer.json()["ok"] is stranger.json()["ok"] is (kind is None)
        if kind is None:
            assert answer.json()["reasons"] == stranger.json()["reasons"] == []
            continue
        assert len(answer.json()["reasons"]) == 1
        assert words in answer.json()["reasons"][0]
        assert stranger.json()["reasons"] == ([kind] if password else answer.json()["reasons"])


async def test_asking_often_looks_once_a_second(tmp_path: Path) -> None:
    now, looks = 100.0, 0

    def look() -> Health:
        nonlocal looks
        looks += 1
        return Health(())

    wellbeing = Wellbeing(look, lambda: now)
    async with inside(tmp_path, tmp_path, wellbeing=wellbeing) as found:
        for _ in range(50):
            await found.client.get("/healthz")
        assert looks == 1
        now += 1.5
        await found.client.get("/healthz")
        assert looks == 2


def test_serve_alone_tells_both(filled: Filled) -> None:
    with filled.serving(FBBACKUP_LIMITS_KEEP_FREE_BYTES=str(1 << 60)) as found:
        answer = httpx.get(f"{found.url}/healthz")
        assert (answer.status_code, "nearly full" in answer.json()["reasons"][0]) == (503, True)
        assert "fbbackup_healthy 0" in httpx.get(f"{found.url}/metrics").text
