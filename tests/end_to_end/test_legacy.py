"""`source = "legacy"` from its first run to a deletion, over the same pretend Facebook as the Graph API."""

from __future__ import annotations

from pathlib import Path

import pytest

from fbbackup.catalog import open_reader
from fbbackup.errors import ConfigError
from fbbackup.simulator import Simulator
from fbbackup.simulator.legacy import API_KEY, SECRET, USER
from tests.end_to_end.harness import Home, small


def legacy_home(sim: Simulator, folder: Path, **account: str) -> Home:
    given = {"source": "legacy", "api_url": sim.legacy_url, "app_id": API_KEY, "user_id": str(USER)}
    return Home(sim, folder, SECRET, {**given, **account})


def test_a_legacy_account_is_backed_up_and_kept(tmp_path: Path) -> None:
    with Simulator(small(album_sizes=(6, 3), tagged=2), budget=1_000_000) as sim:
        home = legacy_home(sim, tmp_path)
        first = home.sync()
        assert (first.outcome, first.counters["photos_stored"]) == ("complete", 11)
        album = next(iter(sim.library.album_list()))
        lost = next(iter(sim.library.album_photos(album)))
        sim.library.delete_photo(lost)
        sim.library.add_photo(album, caption="New here")
        second = home.sync()
        assert (second.exit_code, second.counters["photos_stored"], second.counters["photos_gone"]) == (0, 1, 1)
        with open_reader(home.archive / "catalog.sqlite") as db:
            rows = db.execute("SELECT p.id, p.gone_at, f.key FROM photos p JOIN files f ON f.sha256 = p.sha256")
            kept = {row["id"]: row for row in rows}
        assert len(kept) == 12
        assert sum(row["gone_at"] is not None for row in kept.values()) == 1
        assert all(row["id"].startswith("pid:") and "_pid_" in row["key"] for row in kept.values())
        assert all((home.archive / row["key"]).is_file() for row in kept.values())
        assert sim.leaks == []


@pytest.mark.parametrize("missing", ["app_id", "user_id"])
def test_what_a_legacy_account_lacks_is_named(tmp_path: Path, missing: str) -> None:
    with Simulator(small(album_sizes=(1,))) as sim:
        home = legacy_home(sim, tmp_path)
        del home.account[missing]
        with pytest.raises(ConfigError, match=missing):
            home.sync()


def test_without_its_app_secret_nothing_is_asked(tmp_path: Path) -> None:
    with Simulator(small(album_sizes=(1,))) as sim:
        home = legacy_home(sim, tmp_path)
        home.app_secret = None
        with pytest.raises(ConfigError, match="app secret"):
            home.sync()
        assert sim.calls == {}
