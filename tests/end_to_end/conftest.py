"""Homes for end-to-end tests; whatever a test did, its archive is sound in the end and no secret got out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fbbackup.simulator import Library, Simulator
from tests import canary
from tests.end_to_end.harness import Home, small, without_waiting

MakeHome = Callable[..., Home]


@pytest.fixture
def make_home(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[MakeHome]:
    """Makes the home: `library`, `account`, `limits` and `app_secret` for it, the rest for the simulator."""
    caplog.set_level(logging.DEBUG)
    homes: list[Home] = []
    started: list[Simulator] = []

    def make(library: Library | None = None, *, sim: Simulator | None = None, **given: Any) -> Home:
        own = {name: given.pop(name) for name in ("account", "limits", "app_secret", "served") if name in given}
        if sim is None:
            if canary.is_wanted():
                own.setdefault("app_secret", canary.APP_SECRET)
            settings = {"budget": 100_000, "app_secret": own.get("app_secret"), **given}
            sim = Simulator(library or small(), **settings)
            sim.start()
            started.append(sim)
        folder = tmp_path / f"home{len(homes)}"
        folder.mkdir()
        homes.append(Home(sim, folder, **own))
        without_waiting(monkeypatch, homes[-1])
        return homes[-1]

    yield make
    shown = capfd.readouterr()
    for sim in started:
        sim.stop()
    for home in homes:
        assert home.findings() == []
        assert home.sim.leaks == []
        assert home.sim.world.ledger.canaries == []
        assert home.secrets_on_disk() == []
        for secret in (*home.sim.access.tokens, *filter(None, [home.app_secret])):
            assert secret not in caplog.text
            assert secret not in shown.out + shown.err


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    """A small account in every situation."""
    return make_home()
