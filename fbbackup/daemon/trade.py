"""What the worker has done for it: runs in the archive, and questions to the catalog and to the credentials."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from sqlite3 import Connection
from typing import Concatenate, ParamSpec, TypeVar

from fbbackup.app import Place, SyncOptions, SyncResult, archive_place, ask_login, sync_account
from fbbackup.catalog import changes, open_reader, plans
from fbbackup.clock import Clock
from fbbackup.config import Account, Config
from fbbackup.credentials import Credentials, fingerprint, state_folder
from fbbackup.daemon.worker import Ended
from fbbackup.errors import FbbackupError, LoginNeeded
from fbbackup.login import renew
from fbbackup.notices import Clocks, Memory, Notice, Run, Speaker
from fbbackup.protocols import Report
from fbbackup.upkeep import VerifyOptions, existing_place, verify_place

log = logging.getLogger("fbbackup.daemon")
RENEW_BEFORE = timedelta(days=45)
_ARCHIVE = ""
"""Where the memory keeps what belongs to no account."""
_A_DAY = timedelta(days=1)
P = ParamSpec("P")
T = TypeVar("T")


class ArchiveTrade:
    """Runs over the archive of the newest configuration. The archive is held during a run only, so that other
    commands may have it in between."""

    def __init__(self, config: Config, root: Path, clock: Clock, environ: Mapping[str, str] = os.environ) -> None:
        self.config, self.root = config, root
        self._clock = clock
        self._environ = environ
        self._credentials = Credentials(environ)
        self._memory = Memory(state_folder(environ))

    async def run(self, account: Account, options: SyncOptions, report: Report) -> SyncResult:
        """One run. Raises what makes the archive unusable, and bugs."""
        config = self.config
        async with self._opened(archive_place(config, self.root, self._environ)) as place:
            run = await sync_account(config, account, options, place, self._credentials, report)
        return SyncResult(run, dry=False)

    @asynccontextmanager
    async def _opened(self, held: AbstractContextManager[Place]) -> AsyncIterator[Place]:
        # In threads: opening may migrate the catalog, closing may wait for the disk.
        place = await asyncio.to_thread(held.__enter__)
        try:
            yield place
        finally:
            await asyncio.shield(asyncio.to_thread(held.__exit__, None, None, None))

    def last_run(self, account: str) -> datetime | None:
        """When the account's last run ended in order, None when there was none such."""
        return self._ask(None, plans.last_run_at, account)

    def blocked_seconds(self, account: str) -> float:
        """How long Facebook still takes no calls, as far as is known."""
        return max(0.0, self._ask(0.0, plans.blocked_until, account) - self._clock.now().timestamp())

    def deep_is_due(self, account: str) -> bool:
        """Whether the last deep run is `deep_days` ago."""
        before = self._clock.now() - timedelta(days=self.config.schedule.deep_days)
        return self._ask(False, plans.deep_is_overdue, account, before)

    def _ask(
        self, otherwise: T, question: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The catalog's answer; `otherwise` while there is no catalog, or none that can be read."""
        try:
            db = open_reader(self.config.catalog.path or self.root / "catalog.sqlite")
        except FbbackupError:
            return otherwise
        try:
            return question(db, *args, **kwargs)
        except sqlite3.Error:
            return otherwise
        finally:
            db.close()

    def login(self, account: str) -> str | None:
        """A mark that changes with the login; None without one."""
        try:
            return fingerprint(self._credentials.token(account))
        except FbbackupError:
            return None

    async def announce(self, account: Account, ended: Ended) -> None:
        """Renews the login while that is possible, and tells people how the run ended. Raises nothing."""
        try:
            run = self._told(account.name, ended)
            speaker = self._speaker()
            if run.error is None and await self._renewed(account, run.clocks):
                words = "Facebook gave a fresh one for it, as long as it still does"
                await speaker.tell(
                    Notice("login-renewed", account.name, f"{account.name}: login renewed", words, quiet=True), run.at
                )
                run = replace(run, clocks=Clocks())
            await speaker.after(run)
        except Exception:
            log.exception("a notice could not be given")

    async def look_at_login(self, account: Account) -> FbbackupError | None:
        """Asks when the login ends unless that was asked within a day, and tells people what there is to tell; the
        refusal where Facebook refuses it. Raises nothing."""
        now = self._clock.now()
        asked_at = self._ask((None, None, None), changes.clocks, account.name)[0]
        if account.source != "graph" or asked_at is None or abs(now - asked_at) < _A_DAY:
            return None
        try:
            async with self._opened(existing_place(self.config, self.root, self._environ)) as place:
                await ask_login(self.config, account, place, self._credentials, now)
            clocks = Clocks(*self._ask((None, None, None), changes.clocks, account.name))
            await self._speaker().on_clocks(Run(account.name, now, "looked", clocks=clocks))
        except LoginNeeded as refused:
            return refused
        except FbbackupError as error:
            log.info("%s: the login was not asked about: %s", account.name, error)
        except Exception:
            log.exception("%s: the login was not asked about", account.name)
        return None

    def _speaker(self) -> Speaker:
        return Speaker(self.config.notify, self._credentials, self._memory, self.config.web.relogin_url)

    def last_check(self) -> datetime | None:
        """When a slice of the archive was last read again; a new one counts as read when it is first seen."""
        at = self._memory.account(_ARCHIVE).get("checked_at")
        if isinstance(at, str):
            return datetime.fromisoformat(at)
        self._remember_check(self._clock.now())
        return self._clock.now()

    def _remember_check(self, at: datetime) -> None:
        known = self._memory.account(_ARCHIVE)
        self._memory.save(_ARCHIVE, {**known, "checked_at": at.isoformat(timespec="seconds")})

    async def check(self, report: Report) -> None:
        """Reads a slice of the archive again, repairs and tells of damage. Raises nothing."""
        now = self._clock.now()
        options = VerifyOptions(oldest=100 / self.config.schedule.verify_days, repair=True)
        try:
            async with self._opened(existing_place(self.config, self.root, self._environ)) as place:
                record = await verify_place(self.config, place, options, self._credentials, report)
        except FbbackupError as error:
            log.warning("the archive was not checked: %s", error)
            return
        except Exception:
            log.exception("the archive was not checked")
            return
        self._remember_check(now)
        log.info("%s", record["lines"][-1])
        if record["damaged"]:
            speaker = self._speaker()
            await speaker.tell(Notice("damage", "", record["lines"][-1], "\n".join(record["lines"])), now)

    def _told(self, account: str, ended: Ended) -> Run:
        now = self._clock.now()
        clocks = Clocks(*self._ask((None, None, None), changes.clocks, account))
        if isinstance(ended, Exception):
            return Run(account, now, "failed", ended, clocks=clocks)
        done = ended.run
        return Run(
            account, now, done.outcome, done.error, ended.record(),
            self._ask(changes.Changes(), changes.changes_of_run, account, done.run_id),
            self._ask(changes.Changes(), changes.changes_since, account, now - timedelta(days=7)), clocks,
        )  # fmt: skip

    async def _renewed(self, account: Account, clocks: Clocks) -> bool:
        """Whether a fresh token came; asked for once a day when the login ends before long."""
        if account.source != "graph" or clocks.login_ends_at is None:
            return False
        known, now = self._memory.account(account.name), self._clock.now()
        tried = known.get("renewal_tried_at")
        if clocks.login_ends_at - now > RENEW_BEFORE or (tried and now - datetime.fromisoformat(tried) < _A_DAY):
            return False
        self._memory.save(account.name, {**known, "renewal_tried_at": now.isoformat(timespec="seconds")})
        try:
            return await renew(self.config, account, self._credentials)
        except FbbackupError as error:
            log.info("%s: the login was not renewed: %s", account.name, error)
            return False
