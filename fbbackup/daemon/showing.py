"""The gallery beside the runs: opened with the daemon, tried again when it can't be, its link for commands."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fbbackup.clock import Clock
from fbbackup.errors import FbbackupError

if TYPE_CHECKING:
    from fbbackup.web.site import Site

log = logging.getLogger("fbbackup.daemon")
AGAIN_SECONDS = 30.0

Serve = Callable[[Callable[["Site"], None]], Awaitable[None]]
"""Serves until the daemon ends; the site goes to the argument as soon as its address is known."""


class Showing:
    """The gallery of a daemon; the runs go on without it when it can't be served."""

    def __init__(self, serve: Serve, clock: Clock) -> None:
        self._serve, self._clock = serve, clock
        self._site: Site | None = None

    async def go_on(self, ending: asyncio.Event) -> None:
        """Serves until `ending`. What hinders it may pass: a port that is taken, a catalog that is being made."""
        told = ""
        while not ending.is_set():
            try:
                await self._serve(self._opened)
            except FbbackupError as error:
                if str(error) != told:
                    log.error("the gallery is not served: %s", error)
                told = str(error)
            except Exception as error:
                log.exception("the gallery is not served")
                told = str(error)
            finally:
                self._site = None
            await self._clock.wait(ending, AGAIN_SECONDS)

    def _opened(self, site: Site) -> None:
        self._site = site

    @property
    def address(self) -> str | None:
        """Where the gallery is; None while it is not served."""
        return self._site.url if self._site is not None else None

    def link(self) -> str | None:
        """An address that opens the gallery once in one browser; None while it is not served."""
        if self._site is None:
            return None
        return self._site.url if self._site.password_needed else self._site.new_link()


class Here:
    """This very daemon, as the pages of its own gallery ask it."""

    def __init__(self, line: Callable[[], str], run_now: Callable[[], None]) -> None:
        self._line, self._run_now = line, run_now

    async def line(self) -> str:
        return self._line()

    async def run_now(self) -> bool:
        self._run_now()
        return True
