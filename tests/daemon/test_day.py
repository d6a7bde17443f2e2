"""A day and more of the daemon's life in fast-forward: edits, limits, an outage, an expiry, revocation, new logins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from fbbackup.config import Notify, Schedule
from fbbackup.credentials import Credentials, Login, Secret
from fbbackup.daemon.trade import ArchiveTrade
from fbbackup.daemon.worker import Worker
from fbbackup.health import health, metrics
from fbbackup.notices import Memory
from fbbackup.simulator import Clock
from tests.daemon.wheel import Wheel
from tests.end_to_end.conftest import MakeHome, make_home
from tests.end_to_end.harness import Home, small

__all__ = ["make_home"]
HOUR = 3600.0
BEGIN = 1_772_445_600.0


class Life:
    """A home with a daemon's worker whose clock is the pretend Facebook's, and acts at their hours."""

    def __init__(self, home: Home, acts: dict[float, Callable[[], Any]]) -> None:
        self.home = home
        self.acts = sorted(acts.items())
        self.wheel = Wheel(date=datetime.fromtimestamp(BEGIN, UTC), moved=self._move)
        self.environ = {key: value for key, value in home.environ.items() if not key.startswith("FBBACKUP_TOKEN")}
        self.config = replace(
            home.config(), schedule=Schedule(every="1 h", jitter_seconds=0), notify=Notify(digest="changes")
        )
        self.trade = ArchiveTrade(self.config, home.archive, self.wheel.clock, self.environ)

    def _move(self, seconds: float) -> None:
        self.home.sim.clock.advance(seconds)
        while self.acts and self.acts[0][0] * HOUR <= self.wheel.passed:
            self.acts.pop(0)[1]()

    def login(self, hours: float) -> None:
        """Somebody logs in."""
        token = Secret(self.home.sim.access.issue("user", hours * HOUR).text)
        Credentials(self.environ).save("ada", Login(token, self.home.sim.library.owner_id))

    async def go_on_until(self, hour: float) -> None:
        self.wheel.until = hour * HOUR
        with pytest.raises(asyncio.CancelledError):
            await Worker(self.config, self.trade, self.wheel.clock).work()

    @property
    def told(self) -> list[tuple[int, str, str]]:
        """Hour, kind and title of each notice."""
        found = []
        for notice in reversed(Memory(self.home.folder / "state" / "fbbackup").recent()):
            passed = datetime.fromisoformat(notice["at"]).timestamp() - BEGIN
            found.append((round(passed / HOUR), notice["event"], notice["title"]))
        return found

    @property
    def runs(self) -> list[tuple[int, str, str]]:
        """Hour, outcome and error of each run."""
        rows = self.home.rows("SELECT started_at, outcome, coalesce(error, '') FROM runs ORDER BY id")
        return [(round((datetime.fromisoformat(a).timestamp() - BEGIN) / HOUR), o, e) for a, o, e in rows]

    @property
    def well(self) -> tuple[str, ...]:
        return health(self.config, self.home.archive, self.wheel.date, self.environ).reasons


async def test_thirty_hours(make_home: MakeHome, figure: Callable[[str], None]) -> None:
    home = make_home(small(clock=Clock(BEGIN)))
    library, sim = home.sim.library, home.sim
    album = max(library.album_list(), key=lambda one: len(list(library.album_photos(one))))
    photos = list(library.album_photos(album))

    def edit() -> None:
        library.add_photo(album, "one more")
        library.add_photo(album, "and another")
        library.recaption(photos[0], "told differently")
        library.rename_album(album, "A better name")

    life = Life(home, {
        2.5: edit,
        4.5: lambda: sim.faults.set("app-limit", times=1),
        8.5: lambda: sim.faults.set("graph-outage"),
        10.5: lambda: sim.faults.clear("graph-outage"),
        12.5: lambda: sim.access.revoke(460),
        15.5: lambda: life.login(40),
        17.5: lambda: library.delete_photo(photos[1]),
        19.5: lambda: sim.access.revoke(459),
        20.5: lambda: life.login(6),
        29.5: lambda: life.login(24 * 60),
    })  # fmt: skip
    life.login(24 * 60)
    before = home.calls
    await life.go_on_until(5.0)
    blocked = home.calls
    await life.go_on_until(5.9)
    assert home.calls == blocked, "called while Facebook took none"
    assert blocked > before
    await life.go_on_until(31)

    for number, (hour, kind, title) in enumerate(life.told):
        figure(f"a day of the daemon, notice {number:2}: hour {hour:2}, {kind}: {title}")
    for number, (hour, outcome, error) in enumerate(life.runs):
        figure(f"a day of the daemon, run {number:2}: hour {hour:2}, {outcome}{error and f': {error[:60]}'}")
    expected = [
        (0, "changes"), (3, "changes"), (13, "login-ended"), (16, "works-again"), (16, "login-ends"),
        (18, "changes"), (20, "login-ended"), (21, "works-again"), (21, "login-ends"), (27, "login-ended"),
        (30, "works-again"),
    ]  # fmt: skip
    assert [kind for _, kind, _ in life.told] == [kind for _, kind in expected]
    assert all(abs(told[0] - hour) <= 1 for told, (hour, _) in zip(life.told, expected, strict=True)), life.told
    titles = [title for _, _, title in life.told]
    assert "2 new, 1 caption changed, 1 album renamed" in titles[1]
    assert "1 gone from Facebook (kept here)" in titles[5]
    texts = {notice["text"] for notice in Memory(home.folder / "state" / "fbbackup").recent()}
    for why in ("the password was changed", "log in on facebook.com", "the token has expired"):
        assert any(why in text for text in texts), why
    outages = [run for run in life.runs if 8 <= run[0] <= 11 and run[2]]
    assert 2 <= len(outages) <= 6, "an outage is tried on and off, not all the time"
    assert len(life.runs) < 45
    assert life.well == ()
    assert home.current() == home.expected()


async def test_a_login_is_renewed_before_it_ends(make_home: MakeHome) -> None:
    home = make_home(
        small(clock=Clock(BEGIN)), app_secret="canary-of-the-app-2f7c1d", account={"app_id": "100000000000001"}
    )
    life = Life(home, {})
    life.login(2 * 24)
    await life.go_on_until(50)
    assert [kind for _, kind, _ in life.told] == ["login-renewed", "changes"]
    ends = home.sim.access.tokens[Credentials(life.environ).token("ada").reveal()].expires_at
    assert ends - BEGIN > 59 * 24 * HOUR
    assert all(not error for _, _, error in life.runs)


async def test_a_login_that_ends_between_rare_runs_is_told_in_time(make_home: MakeHome) -> None:
    home = make_home(small(clock=Clock(BEGIN)))
    life = Life(home, {})
    life.config = life.trade.config = replace(life.config, schedule=replace(life.config.schedule, every="7 d"))
    life.login(4.5 * 24)
    await life.go_on_until(6 * 24)
    assert [(hour // 24, kind) for hour, kind, _ in life.told] == [
        (0, "login-ends"), (0, "changes"), (2, "login-ends"), (4, "login-ends"), (5, "login-ended"),
    ]  # fmt: skip
    assert len([run for run in life.runs if run[0] < 5 * 24]) == 1


async def test_health_names_what_is_wrong(make_home: MakeHome) -> None:
    home = make_home(small(clock=Clock(BEGIN)))
    life = Life(home, {})
    assert "no catalog" in life.well[0]
    assert "fbbackup_up 0" in metrics(life.config, home.archive, life.wheel.date, life.environ)
    life.login(24 * 60)
    await life.go_on_until(1.5)
    assert life.well == ()
    home.sim.access.revoke(458)
    await life.go_on_until(3)
    assert any("the app was removed" in reason for reason in life.well)
    life.wheel.date = datetime.fromtimestamp(BEGIN + 9 * HOUR, UTC)
    assert any("more than 2 hours ago" in reason for reason in life.well)
    full = replace(life.config, limits=replace(life.config.limits, keep_free_bytes=1 << 60))
    assert any("nearly full" in one for one in health(full, home.archive, life.wheel.date, life.environ).reasons)


async def test_metrics_are_what_prometheus_reads(make_home: MakeHome) -> None:
    home = make_home(small(clock=Clock(BEGIN)))
    life = Life(home, {})
    life.login(24 * 60)
    await life.go_on_until(2.5)
    text = metrics(life.config, home.archive, life.wheel.date, life.environ)
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(values['fbbackup_photos{state="stored"}']) == len(home.expected())
    assert float(values['fbbackup_runs_total{account="ada",outcome="complete"}']) == 3
    assert float(values['fbbackup_calls_total{account="ada"}']) > 10
    assert float(values['fbbackup_login_expires_timestamp_seconds{account="ada"}']) == BEGIN + 60 * 24 * HOUR
    assert values["fbbackup_healthy"] == "1"
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert {key.split("{")[0] for key in values} <= names
    assert text.endswith("\n")


async def test_damage_is_found_mended_and_told(make_home: MakeHome) -> None:
    home = make_home(small(clock=Clock(BEGIN)))
    life = Life(home, {})
    life.config = replace(life.config, schedule=replace(life.config.schedule, verify_days=1))
    life.trade.config = life.config
    life.login(24 * 60)
    await life.go_on_until(2)
    victim = next(path for path in (home.archive / "photos").rglob("*.jpg"))
    good = victim.read_bytes()
    victim.chmod(0o600)
    victim.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    await life.go_on_until(26)
    assert victim.read_bytes() == good
    assert [kind for _, kind, _ in life.told] == ["changes", "damage"]
    assert home.current() == home.expected()
