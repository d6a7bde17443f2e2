"""Logging in to Facebook again from the gallery's pages, where the configuration allows it: by code or by token."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fbbackup.credentials import Secret
from fbbackup.errors import FbbackupError
from fbbackup.http.redaction import redact
from fbbackup.login import Screen, Wish

if TYPE_CHECKING:
    from fbbackup.sources.graph.login import DeviceCode

LogIn = Callable[[Wish, Screen], Awaitable[dict[str, Any]]]
"""The whole login of an account; its record with `lines`. Raises FbbackupError."""

TRIES, WINDOW_SECONDS = 10, 600.0


class TooManyTries(Exception):
    """Each try asks Facebook; `seconds` until the next one may."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many logins were tried; try again in {int(seconds) + 1} seconds")
        self.seconds = seconds


@dataclass(slots=True)
class _Ticket:
    """One login by code that is under way or over."""

    shown: asyncio.Event = field(default_factory=asyncio.Event)
    device: DeviceCode | None = None
    ends_at: float = 0.0
    lines: list[str] = field(default_factory=list)
    problem: str = ""
    task: asyncio.Task[None] | None = None

    @property
    def is_over(self) -> bool:
        return self.task is None or self.task.done()


class Relogin:
    """Logs accounts in. `accounts` may be logged in here; `after` is awaited when a login came in."""

    def __init__(
        self,
        accounts: tuple[str, ...],
        log_in: LogIn,
        after: Callable[[], Awaitable[bool]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.accounts = accounts
        self._log_in, self._after, self._clock = log_in, after, clock
        self._tries: list[float] = []
        self._tickets: dict[str, _Ticket] = {}

    async def by_token(self, account: str, token: str) -> list[str]:
        """Takes a pasted token; lines about the login. Raises FbbackupError and TooManyTries."""
        self._count()
        return await self._enter(Wish(account, token=Secret(token), supersedes=True), _silent())

    async def by_code(self, account: str) -> dict[str, Any]:
        """Begins a login by code, or tells of the one under way: see `state`. Raises TooManyTries."""
        ticket = self._tickets.get(account)
        if ticket is None or ticket.is_over:
            self._count()
            ticket = self._tickets[account] = _Ticket()
            ticket.task = asyncio.create_task(self._wait_for_code(account, ticket), name="login by code")
        shown = asyncio.create_task(ticket.shown.wait())
        await asyncio.wait([shown, *filter(None, [ticket.task])], return_when=asyncio.FIRST_COMPLETED)
        shown.cancel()
        return self.state(account)

    def state(self, account: str) -> dict[str, Any]:
        """`state` is none, waiting (with `code`, `address` and `seconds`), done (`lines`) or failed (`error`)."""
        ticket = self._tickets.get(account)
        if ticket is None:
            return {"state": "none"}
        if ticket.is_over:
            done = {"state": "done", "lines": ticket.lines}
            return {"state": "failed", "error": ticket.problem} if ticket.problem else done
        if ticket.device is None:
            return {"state": "none"}
        left = max(0, int(ticket.ends_at - self._clock()))
        return {"state": "waiting", "code": ticket.device.user_code, "address": ticket.device.address, "seconds": left}

    async def close(self) -> None:
        """Gives up what is under way."""
        tasks = [ticket.task for ticket in self._tickets.values() if ticket.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wait_for_code(self, account: str, ticket: _Ticket) -> None:
        def show(device: DeviceCode) -> None:
            ticket.device, ticket.ends_at = device, self._clock() + device.expires_seconds
            ticket.shown.set()

        try:
            ticket.lines = await self._enter(Wish(account, "device", supersedes=True), _silent(show))
        except FbbackupError as error:
            ticket.problem = redact(str(error))
        except Exception:
            ticket.problem = "unexpected; the log of the server says more"
            raise

    async def _enter(self, wish: Wish, screen: Screen) -> list[str]:
        try:
            record = await self._log_in(wish, screen)
        except FbbackupError as error:
            raise type(error)(redact(str(error))) from None
        if self._after is not None:
            await self._after()
        return [redact(line) for line in record["lines"]]

    def _count(self) -> None:
        now = self._clock()
        self._tries = [at for at in self._tries if at > now - WINDOW_SECONDS]
        if len(self._tries) >= TRIES:
            raise TooManyTries(self._tries[0] + WINDOW_SECONDS - now)
        self._tries.append(now)


def _silent(show_code: Callable[[DeviceCode], None] = lambda device: None) -> Screen:
    return Screen(lambda line: None, show_code, lambda address: None)
