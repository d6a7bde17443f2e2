"""The daemon as a process: signals, signs of life, its door for commands, and an end within five seconds."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fbbackup.clock import Clock
from fbbackup.config import Config
from fbbackup.daemon.control import Control
from fbbackup.daemon.showing import Here, Showing
from fbbackup.daemon.trade import ArchiveTrade
from fbbackup.daemon.worker import Worker
from fbbackup.errors import FbbackupError
from fbbackup.health import Health, health, metrics
from fbbackup.journal import catch_in_loop, keep_journal
from fbbackup.remote import socket_folder
from fbbackup.supervisor import tell, watchdog_seconds

if TYPE_CHECKING:
    from fbbackup.web.site import Site

log = logging.getLogger("fbbackup.daemon")
LONGEST_END_SECONDS = 3.0
_SIGN_SECONDS = 5.0

Load = Callable[[], tuple[Config, Path]]
"""Reads the configuration anew, and tells the archive's folder. Raises ConfigError."""


def run_daemon(load: Load, *, verbose: bool = False, environ: Mapping[str, str] = os.environ) -> None:
    """Serves until SIGTERM or SIGINT. Raises ConfigError and ArchiveBusy at its start only."""
    import faulthandler

    # A watchdog's SIGABRT then shows where every thread stood: names of functions, no values.
    faulthandler.enable()
    os.umask(0o077)
    # Tokens are in memory. (PR_SET_DUMPABLE would close /proc as well, but makes `ps` show the daemon as root's.)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    keep_journal(verbose=verbose, for_journald="JOURNAL_STREAM" in environ)
    config, root = load()
    config.selected()
    asyncio.run(Daemon(load, environ, Clock(), on_stop=_give_up_later).serve(config, root))
    log.info("stopped")
    sys.stdout.flush()


class Daemon:
    """Everything of one daemon process."""

    def __init__(
        self, load: Load, environ: Mapping[str, str], clock: Clock, *, on_stop: Callable[[], None] = lambda: None
    ) -> None:
        self._load, self._environ, self._clock, self._on_stop = load, environ, clock, on_stop
        self._ending = asyncio.Event()
        self._showing = Showing(self._serve_gallery, clock)
        self._began_at = clock.now()

    async def serve(self, config: Config, root: Path) -> None:
        """Works until `stop`."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(catch_in_loop)
        self._trade = ArchiveTrade(config, root, self._clock, self._environ)
        self._worker = Worker(config, self._trade, self._clock)
        control = Control(self._worker, self.state, self._showing.link)
        await control.open(socket_folder(self._environ))
        work = asyncio.create_task(self._worker.work(), name="worker")
        work.add_done_callback(lambda _: self._ending.set())
        gallery = asyncio.create_task(self._show(), name="gallery")
        life = asyncio.create_task(self._show_life(), name="signs of life")
        self._listen_to_signals(loop)
        log.info("at work: %s in %s", ", ".join(account.name for account in config.accounts), root)
        self._tell("READY=1", f"STATUS={self._worker.line()}")
        try:
            await self._ending.wait()
        finally:
            self._tell("STOPPING=1", "STATUS=stopping")
            self._on_stop()
            life.cancel()
            await control.close()
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
            await gallery

    async def _show(self) -> None:
        if self._trade.config.web.enabled:
            await self._showing.go_on(self._ending)

    async def _serve_gallery(self, opened: Callable[[Site], None]) -> None:
        from fbbackup.web.listening import Bind
        from fbbackup.web.server import Beside, Opening, run

        config, root = self._trade.config, self._trade.root
        # Its lines hold a link that opens the gallery: not for the log.
        opening = Opening(config, root, Bind(config.web.host, config.web.port), lambda _: None, self._environ)
        here = Here(self._worker.line, self.run_now)
        await run(opening, self._ending, Beside(here, self._health, self._metrics, opened))

    def _health(self) -> Health:
        return health(self._trade.config, self._trade.root, self._clock.now(), self._environ)

    def _metrics(self) -> str:
        return metrics(self._trade.config, self._trade.root, self._clock.now(), self._environ)

    def stop(self) -> None:
        """Ends `serve`; a run under way is stopped between two files, and recorded."""
        self._ending.set()

    def reload(self) -> None:
        """Reads the configuration anew; a broken one changes nothing."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")
        try:
            config, root = self._load()
            config.selected()
        except FbbackupError as error:
            log.error("the configuration stays as it was: %s", error)
        else:
            self._trade.config, self._trade.root = config, root
            self._worker.use(config)
            log.info("configuration read again")
        self._tell("READY=1", f"STATUS={self._worker.line()}")

    def run_now(self) -> None:
        """Starts a run of every account."""
        log.info("a run of every account was asked for")
        self._worker.run_now()

    def state(self) -> dict[str, Any]:
        """What the daemon is doing, for `status` and `sync`."""
        return {
            "pid": os.getpid(),
            "archive": os.path.realpath(self._trade.root),
            "began_at": self._began_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "line": self._worker.line(),
            "gallery": self._showing.address,
            **self._worker.state(),
        }

    def _listen_to_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        loop.add_signal_handler(signal.SIGUSR1, self.run_now)

    async def _show_life(self) -> None:
        """Comes from the event loop itself, so that a loop that hangs shows none."""
        wanted = watchdog_seconds(self._environ)
        pause = min(_SIGN_SECONDS, wanted / 3) if wanted else _SIGN_SECONDS
        while True:
            self._tell("WATCHDOG=1", f"STATUS={self._worker.line()}")
            await asyncio.sleep(pause)

    def _tell(self, *lines: str) -> None:
        tell(*lines, environ=self._environ)


def _give_up_later() -> None:
    """Whatever hangs, the process ends in time; the archive is made for being cut off at any instant."""

    def end() -> None:
        log.warning("something did not end in time and was cut off; the next run goes on there")
        logging.shutdown()
        os._exit(0)

    timer = threading.Timer(LONGEST_END_SECONDS, end)
    timer.daemon = True
    timer.start()
