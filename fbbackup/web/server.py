"""Starts and stops the server: address, password rule, the link to click, signals."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket as sockets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from fbbackup.catalog import schema
from fbbackup.config import Config
from fbbackup.credentials import state_folder
from fbbackup.errors import ConfigError
from fbbackup.web.addresses import allowed_names, is_loopback
from fbbackup.web.connections import Connection, OneLine
from fbbackup.web.readers import Readers
from fbbackup.web.routes import application
from fbbackup.web.sessions import Sessions
from fbbackup.web.site import Site
from fbbackup.web.tokens import token_updater
from fbbackup.web.visitors import Password, Visitors

FRAME_LIMIT = 64 << 10
WAITING_FRAMES = 4
KEEP_ALIVE_SECONDS = 15
LAST_WORDS_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Bind:
    """Where to listen; port 0 is any free one."""

    host: str
    port: int


class _Server(uvicorn.Server):
    """Leaves signals to its caller: uvicorn's own handling ends the process by the signal, not with exit code 0."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[sockets.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(
    config: Config, root: Path, bind: Bind, say: Callable[[str], None], environ: Mapping[str, str] = os.environ
) -> None:
    """Serves until SIGTERM or Ctrl-C; `say` gets the lines for people, the address to click on a line of its own."""

    async def until_signalled() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await run(config, root, bind, say, stop, environ=environ)

    with contextlib.suppress(ImportError):
        import uvloop

        uvloop.run(until_signalled())
        return
    asyncio.run(until_signalled())


async def run(
    config: Config,
    root: Path,
    bind: Bind,
    say: Callable[[str], None],
    stop: asyncio.Event,
    *,
    environ: Mapping[str, str] = os.environ,
    backup_now: Callable[[], Awaitable[None]] | None = None,
    healthy: Callable[[], Awaitable[bool]] | None = None,
    metrics: Callable[[], Awaitable[str]] | None = None,
    opened: Callable[[Site], None] | None = None,
) -> None:
    """Serves until `stop` is set. The daemon gives `backup_now`, `healthy` and `metrics`; `opened` gets the site once
    the address is known."""
    password = Password(state_folder(environ))
    protected = password.is_set
    if not protected and not is_loopback(bind.host):
        raise ConfigError(
            f"serving on {bind.host} shows the gallery to the network and needs a password; set one with "
            "`fbbackup password`, or serve on 127.0.0.1"
        )
    listener = _listen(bind)
    port = listener.getsockname()[1]
    readers = Readers(config.catalog.path or root / "catalog.sqlite")
    host = f"[{bind.host}]" if ":" in bind.host else bind.host
    site = Site(
        root=root,
        readers=readers,
        sessions=Sessions(state_folder(environ)),
        visitors=Visitors(),
        password=password,
        accounts=tuple(account.name for account in config.accounts),
        update_token=token_updater(config, readers, environ),
        names=allowed_names(bind.host, config.web.hosts),
        thumbnail_size=config.thumbnails.size,
        cookie=f"fbbackup-{port}",
        password_needed=protected,
        backup_now=backup_now,
        healthy=healthy,
        metrics=metrics,
        say=say,
        url=f"http://{host}:{port}",
    )
    _bring_up_to_date(root, readers.path)
    try:
        if opened is not None:
            opened(site)
        await _serve(site, listener, stop)
    finally:
        site.close()
        listener.close()


def _bring_up_to_date(root: Path, path: Path) -> None:
    """A catalog of an older fbbackup gets the tables that the pages ask.

    Whoever holds the archive does that by itself; one that is being made just now is left to its maker.
    """
    import sqlite3

    from fbbackup.catalog import open_catalog
    from fbbackup.catalog.connection import version_of
    from fbbackup.stores.lock import LOCK, is_held

    if not path.is_file() or not 0 < version_of(path) < schema.VERSION or is_held(root / LOCK):
        return
    try:
        open_catalog(path).close()
    except sqlite3.DatabaseError as error:
        raise ConfigError(f"the catalog {path} is of an older fbbackup and can't be updated: {error}") from None


def _listen(bind: Bind) -> sockets.socket:
    family = sockets.AF_INET6 if ":" in bind.host else sockets.AF_INET
    listener = sockets.socket(family, sockets.SOCK_STREAM)
    listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
    try:
        listener.bind((bind.host, bind.port))
        listener.listen(512)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"can't listen on {bind.host} port {bind.port}: {error.strerror}; choose another with --port"
        ) from None
    listener.setblocking(False)
    return listener


async def _serve(site: Site, listener: sockets.socket, stop: asyncio.Event) -> None:
    server = _Server(
        uvicorn.Config(
            application(site), http=Connection, ws="websockets-sansio", ws_max_size=FRAME_LIMIT,
            ws_max_queue=WAITING_FRAMES, ws_per_message_deflate=False, lifespan="off", log_config=None,
            access_log=False, server_header=False, date_header=True, proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS, timeout_graceful_shutdown=LAST_WORDS_SECONDS,
        ),
        lambda: _announce(site),
    )  # fmt: skip
    logger = logging.getLogger("uvicorn.error")
    logger.setLevel(logging.ERROR)
    one_line = OneLine()
    logger.addFilter(one_line)
    work = asyncio.create_task(server.serve([listener]))
    wish = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({work, wish}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        server.should_exit = True
        wish.cancel()
        await work
        logger.removeFilter(one_line)


def _announce(site: Site) -> None:
    if site.password_needed:
        site.say("The gallery is open for those who know the password:")
        site.say(site.url)
    else:
        site.say("The gallery is open; this link works once and keeps your browser logged in:")
        site.say(site.new_link())
