"""An archive filled from the pretend Facebook, and the server over it, as an application or as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from fbbackup.app import SyncOptions, sync_accounts
from fbbackup.catalog import open_reader
from fbbackup.config import Account, Config, Limits
from fbbackup.simulator import Simulator
from fbbackup.web.addresses import allowed_names
from fbbackup.web.readers import Readers
from fbbackup.web.routes import application
from fbbackup.web.sessions import Sessions
from fbbackup.web.site import Site
from fbbackup.web.visitors import Password, Visitors
from tests import canary

HOST = "127.0.0.1:8765"
URL = f"http://{HOST}"


@dataclass
class Filled:
    """A folder with an archive of the account `ada`, and its surroundings."""

    folder: Path
    sim: Simulator

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    @property
    def environ(self) -> dict[str, str]:
        found = {
            "FBBACKUP_TOKEN_ADA": self.sim.token,
            "XDG_STATE_HOME": str(self.folder / "state"),
            "HOME": str(self.folder),
        }
        return found | ({"FBBACKUP_APP_SECRET_ADA": canary.APP_SECRET} if canary.is_wanted() else {})

    @property
    def state(self) -> Path:
        return self.folder / "state" / "fbbackup"

    @property
    def config(self) -> Config:
        return Config(
            archive=self.archive,
            accounts=(Account(name="ada", api_url=self.sim.url),),
            limits=Limits(keep_free_bytes=0),
        )

    def sync(self) -> None:
        done = sync_accounts(self.config, self.archive, SyncOptions(), quiet=True, environ=self.environ)
        assert done[0].exit_code == 0, done[0].lines()

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        db = open_reader(self.archive / "catalog.sqlite")
        try:
            return [tuple(row) for row in db.execute(sql, values)]
        finally:
            db.close()

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        """A command as a process of its own, with the same account and archive."""
        accounts = f'[{{"name": "ada", "api_url": "{self.sim.url}"}}]'
        own = {"FBBACKUP_ACCOUNTS": accounts, "FBBACKUP_ARCHIVE": str(self.archive), "PATH": os.environ["PATH"]}
        return subprocess.Popen(
            [sys.executable, "-m", "fbbackup", *arguments],
            env={**own, **self.environ, **_PYTHONPATH, **environ},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def command(self, *arguments: str, given: str | None = None, **environ: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of a command."""
        process = self.start(*arguments, **environ)
        out, err = process.communicate(given, timeout=60)
        return process.returncode, out, err

    @contextmanager
    def serving(self, *arguments: str, **environ: str) -> Iterator[Served]:
        """`fbbackup serve` on any free port, until the block ends."""
        process = self.start("serve", "--port", "0", *arguments, **environ)
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            address = process.stdout.readline().strip()
            assert address.startswith("http"), (said, address, process.stderr and process.stderr.read())
            yield Served(process, address)
        finally:
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=20)
            assert "Traceback" not in err, err
            assert process.returncode == 0, err


_PYTHONPATH = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}


@dataclass
class Served:
    """A server at work. `address` is the line to click, with the one-time link unless there is a password."""

    process: subprocess.Popen[str]
    address: str
    used: int = 0

    @property
    def url(self) -> str:
        return self.address.partition("/login")[0]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def next_link(self) -> str:
        """A link for one more browser: each use of one prints the next."""
        self.used += 1
        if self.used == 1:
            return self.address
        assert self.process.stdout is not None
        return self.process.stdout.readline().split()[-1]

    def come_in(self) -> httpx.Client:
        """A browser that has used the link."""
        client = httpx.Client(base_url=self.url, follow_redirects=True)
        assert client.get(self.address).status_code == 200
        return client


@dataclass
class Inside:
    """The application without a socket, and a client that is logged in unless told otherwise."""

    site: Site
    client: httpx.AsyncClient
    said: list[str] = field(default_factory=list)
    replaced: list[tuple[str, str, Sequence[str]]] = field(default_factory=list)

    async def page(self, path: str, **given: Any) -> str:
        answer = await self.client.get(path, **given)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        return answer.text

    def stranger(self) -> httpx.AsyncClient:
        """A client of the same server without the cookie."""
        return httpx.AsyncClient(transport=self.client._transport, base_url=URL, event_hooks=canary.hooks())


@asynccontextmanager
async def inside(root: Path, state: Path, **changes: Any) -> AsyncIterator[Inside]:
    """Serves an archive in this very process."""
    readers = Readers(root / "catalog.sqlite")
    found = Inside.__new__(Inside)

    async def replace(account: str, token: str, scopes: Sequence[str]) -> None:
        found.replaced.append((account, token, scopes))

    said: list[str] = []
    site = Site(
        root=root, readers=readers, sessions=Sessions(state), visitors=Visitors(), password=Password(state),
        accounts=("ada",), update_token=replace, names=allowed_names("127.0.0.1", ()), say=said.append, url=URL,
        **changes,
    )  # fmt: skip
    transport = httpx.ASGITransport(application(site), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=URL, event_hooks=canary.hooks()) as client:
        client.cookies.set(site.cookie, site.visitors.enter(), domain="127.0.0.1")
        found.__init__(site, client, said)  # type: ignore[misc]
        try:
            yield found
        finally:
            site.close()
