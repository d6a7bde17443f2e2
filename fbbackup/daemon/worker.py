"""The daemon's own task: takes what is due, one run at a time, and makes of its end what comes next."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from fbbackup.app import SyncOptions, SyncResult, first_known
from fbbackup.clock import Clock
from fbbackup.config import Account, Config
from fbbackup.daemon.desk import Desk
from fbbackup.errors import FbbackupError
from fbbackup.protocols import Progress, Report
from fbbackup.schedule import Appointment, quiet_seconds
from fbbackup.screen import time_in_words

log = logging.getLogger("fbbackup.daemon")
LONGEST_WAIT_SECONDS = 60.0

Ended = SyncResult | Exception


class Trade(Protocol):
    """What the worker can have done; each question may be asked at any time."""

    async def run(self, account: Account, options: SyncOptions, report: Report) -> SyncResult:
        """One run. Raises what makes the archive unusable, and bugs."""
        ...

    def last_run(self, account: str) -> datetime | None:
        """When the account's last run ended in order, None when there was none such."""
        ...

    def blocked_seconds(self, account: str) -> float:
        """How long Facebook still takes no calls, as far as is known."""
        ...

    def deep_is_due(self, account: str) -> bool:
        """Whether everything has to be listed again."""
        ...

    def login(self, account: str) -> str | None:
        """A mark that changes with the login; None without one."""
        ...

    async def announce(self, account: Account, ended: Ended) -> None:
        """Tells people how a run ended."""
        ...

    async def look_at_login(self, account: Account) -> FbbackupError | None:
        """Asks when the login ends unless that was asked within a day, and tells people what there is to tell; the
        refusal where Facebook refuses it. Raises nothing."""
        ...

    def last_check(self) -> datetime | None:
        """When a slice of the archive was last read again."""
        ...

    async def check(self, report: Report) -> None:
        """Reads a slice of the archive again, repairs and tells of damage. Raises nothing."""
        ...


@dataclass(slots=True)
class Wish:
    """A run that a person asked for and waits for."""

    account: str
    options: SyncOptions
    report: Report
    ended: asyncio.Future[Ended]


@dataclass(slots=True)
class Doing:
    """The run that is under way."""

    account: str
    kind: str
    progress: Progress = field(default_factory=Progress)


class Worker:
    """Works until cancelled. Everybody else only leaves a sign: `wish`, `run_now`, `use`."""

    def __init__(self, config: Config, trade: Trade, clock: Clock) -> None:
        self.doing: Doing | None = None
        self._trade, self._clock = trade, clock
        self._wake = asyncio.Event()
        self._check = Appointment("1 d", clock, last=trade.last_check())
        self._look = Appointment("1 d", clock, last=None)
        self._wishes: list[Wish] = []
        self._desks: dict[str, Desk] = {}
        self.use(config)

    def use(self, config: Config) -> None:
        """Takes over a configuration; a run under way goes on with the one it began with."""
        self._config = config
        known, self._desks = self._desks, {}
        for account in config.accounts:
            desk = Desk.of(account, config.schedule, self._clock, self._trade.last_run(account.name))
            if (old := known.get(account.name)) is not None:
                desk.last_word, desk.wanted = old.last_word, old.wanted
                desk.hold = old.hold if old.hold is not None and old.hold.blocked else None
            elif (seconds := self._trade.blocked_seconds(account.name)) > 0:
                desk.block(seconds, "Facebook's call limit, from the last run")
            self._desks[account.name] = desk
        self._wake.set()

    def run_now(self) -> None:
        """Every account is due."""
        for desk in self._desks.values():
            desk.ask()
        self._wake.set()

    def wish(self, options: SyncOptions, report: Report) -> list[Wish]:
        """Puts runs in front of everything else. Raises ConfigError for an account that is not configured."""
        loop = asyncio.get_running_loop()
        wishes = [
            Wish(account.name, options, report, loop.create_future())
            for account in self._config.selected(options.account)
        ]
        self._wishes += wishes
        self._wake.set()
        return wishes

    async def work(self) -> None:
        """Does what is due, then waits; at most a minute at once, since the world changes meanwhile."""
        while True:
            self._wake.clear()
            if self._wishes:
                await self._grant(self._wishes.pop(0))
            elif (desk := self._due()) is not None:
                deep = self._trade.deep_is_due(desk.account.name)
                await self._run(desk, SyncOptions(desk.account.name, deep=deep, patient=True), lambda _: None)
            elif self._look.seconds_left() <= 0:
                await self._look_at_logins()
            elif self._config.schedule.verify_days and self._check_left() <= 0:
                await self._check_archive()
            else:
                await self._clock.wait(self._wake, min(LONGEST_WAIT_SECONDS, self._seconds_left()))

    def _check_left(self) -> float:
        return max(self._check.seconds_left(), self._quiet_seconds())

    async def _check_archive(self) -> None:
        doing = self.doing = Doing("archive", "check")
        try:
            await self._trade.check(lambda now: self._show(doing, now))
        finally:
            self.doing = None
            self._check.met()

    async def _look_at_logins(self) -> None:
        """Once a day, however rare the runs are: a login that ends must not go unnoticed until the next one."""
        for desk in list(self._desks.values()):
            if desk.hold is None:
                login = self._trade.login(desk.account.name)
                if (refused := await self._trade.look_at_login(desk.account)) is not None:
                    desk.ended(refused, login)
                    self._say(desk, refused, refused)
                    await self._trade.announce(desk.account, refused)
        self._look.met()

    def _due(self) -> Desk | None:
        quiet = self._quiet_seconds() > 0
        for desk in self._desks.values():
            if desk.hold is not None:
                desk.look_at_login(self._trade.login(desk.account.name))
            if desk.seconds_left() <= 0 and (desk.wanted or not quiet):
                return desk
        return None

    def _quiet_seconds(self) -> float:
        return quiet_seconds(self._config.schedule.quiet_hours, self._clock.now())

    def _seconds_left(self) -> float:
        left = [max(desk.seconds_left(), self._quiet_seconds()) for desk in self._desks.values()]
        left.append(self._look.seconds_left())
        if self._config.schedule.verify_days:
            left.append(self._check_left())
        return max(1.0, min(left, default=LONGEST_WAIT_SECONDS))

    async def _grant(self, wish: Wish) -> None:
        desk = self._desks.get(wish.account)
        if desk is None or wish.ended.cancelled():
            wish.ended.cancel()
            return
        ended = await self._run(desk, wish.options, wish.report)
        if not wish.ended.done():
            wish.ended.set_result(ended)

    async def _run(self, desk: Desk, options: SyncOptions, report: Report) -> Ended:
        doing = self.doing = Doing(desk.account.name, "deep" if options.deep else "quick")

        def both(now: Progress) -> None:
            self._show(doing, now)
            report(now)

        desk.wanted = False
        login = self._trade.login(desk.account.name)
        try:
            ended: Ended = await self._trade.run(desk.account, options, both)
        except (Exception, BaseExceptionGroup) as failure:
            ended = _told(failure)
        finally:
            self.doing = None
        error = ended if isinstance(ended, Exception) else ended.run.error
        # The configuration may have been read again meanwhile.
        desk = self._desks.get(desk.account.name, desk)
        desk.ended(error, login)
        self._say(desk, ended, error)
        await self._trade.announce(desk.account, ended)
        return ended

    def _show(self, doing: Doing, now: Progress) -> None:
        """Progress goes to whoever asks, and to people whose runs wait for this one."""
        doing.progress = now
        for wish in self._wishes:
            wish.report(now)

    def _say(self, desk: Desk, ended: Ended, error: Exception | None) -> None:
        known = error is None or isinstance(error, FbbackupError)
        words = f"{desk.account.name}: {error}" if isinstance(ended, Exception) else " | ".join(ended.lines())
        if not known:
            log.error("%s: the run failed unexpectedly", desk.account.name, exc_info=error)
        elif words != desk.last_word or error is None:
            log.log(logging.INFO if error is None else logging.WARNING, "%s", words)
        desk.last_word = words

    # -- what people see -----------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """What is under way, and when each account is next; times are dates in UTC."""
        doing = self.doing
        quiet = self._quiet_seconds()
        return {
            "doing": doing and {"account": doing.account, "kind": doing.kind, "stored": doing.progress.stored,
                                "listed": doing.progress.listed, "calls": doing.progress.calls,
                                "message": doing.progress.message},
            "quiet_until": self._date(quiet) if quiet else None,
            "accounts": [
                {"name": desk.account.name, "next_run_at": self._date(max(desk.seconds_left(), quiet)),
                 "waits_for": desk.hold.reason if desk.hold else None}
                for desk in self._desks.values()
            ],
        }  # fmt: skip

    def line(self) -> str:
        """The state in one line, for STATUS= and people."""
        if (doing := self.doing) is not None:
            now = doing.progress
            if doing.kind == "check":
                return "reading a part of the archive again, to find damage"
            return (
                f"{doing.account}: {doing.kind} run, {now.calls} calls, {now.stored} of {now.stored_total} stored"
                + (f", {now.failed} failed" if now.failed else "")
                + (f"; {now.message}" if now.message else "")
            )
        quiet = self._quiet_seconds()
        words = []
        for desk in self._desks.values():
            wait = time_in_words(max(desk.seconds_left(), quiet))
            words.append(f"{desk.account.name}: {f'{desk.hold.reason}; ' if desk.hold else ''}next run in {wait}")
        return "; ".join(words) or "no account is configured"

    def _date(self, seconds: float) -> str:
        at = self._clock.now() + timedelta(seconds=seconds)
        return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _told(failure: BaseException) -> Exception:
    """The error to tell of; what is no Exception ends the daemon."""
    found = first_known(failure) if isinstance(failure, BaseExceptionGroup) else failure
    if not isinstance(found, Exception):
        raise found
    return found
