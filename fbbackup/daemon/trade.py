"""What the worker has done for it: runs in the archive, and questions to the catalog and to the credentials."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from sqlite3 import Connection
from typing import Concatenate, ParamSpec, TypeVar

from fbbackup.app import Place, SyncOptions, SyncResult, archive_place, sync_account
from fbbackup.catalog import open_reader, plans
from fbbackup.clock import Clock
from fbbackup.config import Account, Config
from fbbackup.credentials import Credentials, fingerprint
from fbbackup.daemon.worker import Ended
from fbbackup.errors import FbbackupError
from fbbackup.protocols import Report

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

    async def run(self, account: Account, options: SyncOptions, report: Report) -> SyncResult:
        """One run. Raises what makes the archive unusable, and bugs."""
        config = self.config
        async with self._place() as place:
            run = await sync_account(config, account, options, place, self._credentials, report)
        return SyncResult(run, dry=False)

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[Place]:
        # In threads: opening may migrate the catalog, closing may wait for the disk.
        held = archive_place(self.config, self.root, self._environ)
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
        """Nobody but the journal is told yet."""
