"""The worker on a clock that a test turns: what it starts when, and what it makes of each end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from fbbackup.app import SyncOptions, SyncResult
from fbbackup.backup import RunResult
from fbbackup.config import Account, Config, Schedule
from fbbackup.daemon.worker import Ended, Worker
from fbbackup.errors import (
    ArchiveBusy,
    ArchiveUnusable,
    BudgetSpent,
    ConfigError,
    FbbackupError,
    Incomplete,
    LoginNeeded,
    MassVanish,
    SourceUnavailable,
)
from fbbackup.protocols import Progress, Report
from tests.daemon.wheel import START, Wheel

HOUR = 3600.0
ADA, BOB = Account(name="ada"), Account(name="bob")


def result(account: str, error: Any = None) -> SyncResult:
    outcome = "complete" if error is None else "incomplete"
    return SyncResult(RunResult(1, account, "quick", outcome, outcome, {}, 1, 0, (), (), error), False)


@dataclass
class FakeTrade:
    """Ends runs as a test wants; `runs` are the moments at which they began."""

    wheel: Wheel
    ends: list[Any] = field(default_factory=list)
    runs: list[tuple[float, str]] = field(default_factory=list)
    asked: list[SyncOptions] = field(default_factory=list)
    told: list[Ended] = field(default_factory=list)
    checks: list[float] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    refusals: list[FbbackupError | None] = field(default_factory=list)
    last: datetime | None = None
    blocked: float = 0.0
    deep: bool = False
    token: str = "first"
    during: Callable[[Report], None] = lambda report: None

    async def run(self, account: Account, options: SyncOptions, report: Report) -> SyncResult:
        self.runs.append((self.wheel.passed, account.name))
        self.asked.append(options)
        self.during(report)
        self.wheel.turn(1)
        end = self.ends.pop(0) if self.ends else None
        if isinstance(end, BaseException) and not isinstance(end, Incomplete | LoginNeeded):
            raise end
        return result(account.name, end)

    def last_run(self, account: str) -> datetime | None:
        return self.last

    def blocked_seconds(self, account: str) -> float:
        return self.blocked

    def deep_is_due(self, account: str) -> bool:
        return self.deep

    def login(self, account: str) -> str | None:
        return self.token

    async def announce(self, account: Account, ended: Ended) -> None:
        self.told.append(ended)

    async def look_at_login(self, account: Account) -> FbbackupError | None:
        self.looks.append(self.wheel.passed)
        return self.refusals.pop(0) if self.refusals else None

    def last_check(self) -> datetime | None:
        return self.last

    async def check(self, report: Report) -> None:
        self.checks.append(self.wheel.passed)

    def begun(self, account: str = "ada") -> list[float]:
        return [at for at, name in self.runs if name == account]


def config(*accounts: Account, **schedule: Any) -> Config:
    return Config(accounts=accounts or (ADA,), schedule=Schedule(**{"every": "2 h", "jitter_seconds": 0, **schedule}))


async def live(wheel: Wheel, trade: FakeTrade, seconds: float, settings: Config | None = None) -> Worker:
    wheel.until = wheel.passed + seconds
    worker = Worker(settings or config(), trade, wheel.clock)
    with pytest.raises(asyncio.CancelledError):
        await worker.work()
    return worker


async def lived(ends: list[Any], seconds: float, **given: Any) -> FakeTrade:
    wheel = Wheel()
    trade = FakeTrade(wheel, ends, **given)
    await live(wheel, trade, seconds)
    return trade


async def test_runs_come_in_their_rhythm_and_leave_failed_photos_their_time() -> None:
    trade = await lived([], 5 * HOUR)
    assert [round(at / HOUR) for at in trade.begun()] == [0, 2, 4]
    assert all(options.patient and not options.deep for options in trade.asked)


async def test_a_deep_run_when_one_is_due() -> None:
    trade = await lived([], HOUR, deep=True)
    assert [options.deep for options in trade.asked] == [True]


async def test_idle_waits_are_long() -> None:
    wheel = Wheel()
    await live(wheel, FakeTrade(wheel), 10 * HOUR)
    assert sum(wheel.waits) / len(wheel.waits) > 55, "the worker looks around more than once a minute"


async def test_no_call_while_facebook_takes_none_and_one_right_after() -> None:
    trade = await lived([BudgetSpent("limit", 5 * HOUR)], 6 * HOUR)
    assert trade.begun()[0] == 0
    assert 5 * HOUR < trade.begun()[1] < 5 * HOUR + 180


async def test_a_block_outlives_a_restart() -> None:
    trade = await lived([], 4 * HOUR, blocked=3 * HOUR)
    assert 3 * HOUR < trade.begun()[0] < 3 * HOUR + 180


async def test_a_block_told_by_a_wrong_clock_ends_within_a_day() -> None:
    trade = await lived([], 26 * HOUR, blocked=365 * 24 * HOUR)
    assert 24 * HOUR < trade.begun()[0] < 24.1 * HOUR


async def test_an_outage_is_tried_less_and_less_often_and_the_rhythm_comes_back() -> None:
    trade = await lived([SourceUnavailable("down")] * 8, 24 * HOUR)
    gaps = [b - a for a, b in zip(trade.begun(), trade.begun()[1:], strict=False)]
    assert 60 < gaps[0] < 240
    assert gaps[4] > 4 * gaps[0]
    assert max(gaps[:8]) < 1.3 * HOUR
    assert 1.9 * HOUR < gaps[-1] < 2.1 * HOUR


async def test_a_refused_login_is_not_used_again_the_same_day() -> None:
    trade = await lived([LoginNeeded("expired")] * 9, 25 * HOUR)
    assert [round(at / HOUR) for at in trade.begun()] == [0, 24]


async def test_a_new_login_is_used_at_once() -> None:
    wheel = Wheel()
    trade = FakeTrade(wheel, [LoginNeeded("expired")])

    def renew(seconds: float) -> None:
        if wheel.passed > 7 * HOUR:
            trade.token = "second"

    wheel.moved = renew
    await live(wheel, trade, 8 * HOUR)
    assert trade.begun()[0] == 0
    assert 7 * HOUR < trade.begun()[1] < 7 * HOUR + 130


async def test_space_that_comes_back_is_used_within_a_minute() -> None:
    trade = await lived([ArchiveUnusable("full")] * 10, HOUR)
    assert len(trade.begun()) == 11
    assert all(b - a <= 60 for a, b in zip(trade.begun(), trade.begun()[1:], strict=False))


@pytest.mark.parametrize(
    ("error", "low", "high"),
    [(ArchiveBusy("held"), 50, 130), (ConfigError("app"), HOUR - 5, HOUR + 70), (RuntimeError("a bug"), 80, 200)],
)
async def test_other_ends_and_their_pauses(error: Exception, low: float, high: float) -> None:
    trade = await lived([error], 3 * HOUR)
    first, second = trade.begun()[:2]
    assert low <= second - first <= high
    assert trade.told[0] is error


async def test_a_run_that_saw_too_much_vanish_is_not_repeated_before_its_time() -> None:
    trade = await lived([MassVanish("half is gone")], 3 * HOUR)
    assert [round(at / HOUR) for at in trade.begun()] == [0, 2]


async def test_one_account_that_waits_does_not_stop_the_other() -> None:
    wheel = Wheel()
    trade = FakeTrade(wheel, [LoginNeeded("expired")])
    await live(wheel, trade, 5 * HOUR, config(ADA, BOB))
    assert len(trade.begun("ada")) == 1
    assert [round(at / HOUR) for at in trade.begun("bob")] == [0, 2, 4]


async def test_quiet_hours_delay_runs_and_a_person_does_not_wait_for_them() -> None:
    wheel = Wheel()
    trade = FakeTrade(wheel)
    local = START.astimezone()
    quiet = f"{local:%H:%M}-{local + timedelta(hours=3):%H:%M}"
    wheel.until = 4 * HOUR
    worker = Worker(config(quiet_hours=quiet), trade, wheel.clock)
    wheel.moved = lambda seconds: worker.run_now() if len(wheel.waits) == 60 and not trade.runs else None
    with pytest.raises(asyncio.CancelledError):
        await worker.work()
    assert [round(at / HOUR, 1) for at in trade.begun()] == [1.0, 3.0]


async def test_a_wish_comes_first_and_hears_of_its_end() -> None:
    wheel = Wheel()
    trade = FakeTrade(wheel, last=START, during=lambda report: report(Progress(calls=7)))
    heard: list[Progress] = []
    worker = Worker(config(ADA, BOB), trade, wheel.clock)
    working = asyncio.create_task(worker.work())
    wishes = worker.wish(SyncOptions("bob", deep=True), heard.append)
    ended = await wishes[0].ended
    working.cancel()
    assert isinstance(ended, SyncResult)
    assert ended.run.account == "bob"
    assert trade.runs == [(0, "bob")]
    assert trade.asked[0].deep
    assert heard == [Progress(calls=7)]


async def test_a_run_that_is_asked_for_during_one_comes_after_it() -> None:
    wheel = Wheel()
    trade = FakeTrade(wheel)
    wheel.until = HOUR
    worker = Worker(config(), trade, wheel.clock)
    trade.during = lambda _: worker.run_now() if len(trade.runs) == 1 else None
    with pytest.raises(asyncio.CancelledError):
        await worker.work()
    assert len(trade.begun()) == 2


async def test_a_configuration_that_is_read_during_a_run_starts_no_second_one() -> None:
    wheel = Wheel()
    trade = FakeTrade(wheel, [BudgetSpent("limit", 5 * HOUR)])
    wheel.until = 4 * HOUR
    worker = Worker(config(), trade, wheel.clock)
    trade.during = lambda _: worker.use(config(deep_days=3))
    with pytest.raises(asyncio.CancelledError):
        await worker.work()
    assert len(trade.begun()) == 1
    assert "limit; next run in" in worker.line()


async def test_who_waits_for_another_run_sees_its_progress() -> None:
    wheel = Wheel()
    heard: list[Progress] = []
    trade = FakeTrade(wheel)
    worker = Worker(config(), trade, wheel.clock)

    def during(report: Report) -> None:
        if len(trade.runs) == 1:
            worker.wish(SyncOptions(), heard.append)
        report(Progress(calls=len(trade.runs)))

    trade.during = during
    wheel.until = HOUR
    with pytest.raises(asyncio.CancelledError):
        await worker.work()
    assert heard == [Progress(calls=1), Progress(calls=2)]


async def test_a_wish_for_nobody_is_refused() -> None:
    wheel = Wheel()
    with pytest.raises(ConfigError, match="carol"):
        Worker(config(), FakeTrade(wheel), wheel.clock).wish(SyncOptions("carol"), lambda _: None)


async def test_another_configuration_ends_what_waited_for_one_but_not_a_block() -> None:
    wheel = Wheel()
    trade = FakeTrade(wheel, [ConfigError("a wrong secret"), BudgetSpent("limit", 5 * HOUR)], last=None)
    worker = await live(wheel, trade, 60, config(ADA, BOB))
    worker.use(replace(config(ADA, BOB), archive=None))
    wheel.until = wheel.passed + HOUR
    with pytest.raises(asyncio.CancelledError):
        await worker.work()
    assert len(trade.begun("ada")) >= 2
    assert len(trade.begun("bob")) == 1


async def test_what_it_waits_for_can_be_read() -> None:
    wheel = Wheel()
    worker = await live(wheel, FakeTrade(wheel, [BudgetSpent("Facebook's call limit", 5 * HOUR)]), HOUR)
    state = worker.state()
    assert state["doing"] is None
    assert state["accounts"][0]["waits_for"] == "Facebook's call limit"
    assert state["accounts"][0]["next_run_at"] > "2026-03-02T14:"
    assert "Facebook's call limit; next run in 4 h" in worker.line()


async def test_progress_is_in_the_line() -> None:
    wheel = Wheel()
    lines: list[str] = []
    trade = FakeTrade(wheel, during=lambda report: report(Progress(calls=3, stored=5, stored_total=9)))
    worker = Worker(config(), trade, wheel.clock)
    wheel.moved = lambda seconds: lines.append(worker.line())
    wheel.until = 1
    with pytest.raises(asyncio.CancelledError):
        await worker.work()
    assert "ada: quick run, 3 calls, 5 of 9 stored" in lines
    trade.during = lambda report: report(Progress(calls=4, failed=1, message="Facebook fails; trying again in 8 s"))
    worker.run_now()
    wheel.until += 1
    with pytest.raises(asyncio.CancelledError):
        await worker.work()
    assert "ada: quick run, 4 calls, 0 of 0 stored, 1 failed; Facebook fails; trying again in 8 s" in lines


async def test_logins_are_looked_at_daily_however_rare_the_runs_are() -> None:
    wheel = Wheel()
    ended = LoginNeeded("expired")
    trade = FakeTrade(wheel, refusals=[None, None, ended])
    await live(wheel, trade, 71 * HOUR, config(every="7 d"))
    assert [round(at / HOUR) for at in trade.looks] == [0, 24, 48]
    assert trade.told[1:] == [ended]
    await live(wheel, trade, 2 * HOUR, config(every="7 d"))
    assert len(trade.begun()) == 2


async def test_a_slice_of_the_archive_is_read_again_each_day() -> None:
    trade = await lived([], 50 * HOUR)
    assert [round(at / HOUR) for at in trade.checks] == [0, 24, 48]
    wheel = Wheel()
    never = FakeTrade(wheel)
    await live(wheel, never, 50 * HOUR, config(verify_days=0))
    assert never.checks == []
