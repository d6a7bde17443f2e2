"""Starts and stops the gallery's server: its address, the password rule, the link to click."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fbbackup.catalog import schema
from fbbackup.config import Config
from fbbackup.credentials import state_folder
from fbbackup.errors import ConfigError
from fbbackup.health import Health
from fbbackup.health import health as health_of
from fbbackup.health import metrics as metrics_of
from fbbackup.links import Links
from fbbackup.login import Screen, Wish, visit
from fbbackup.notices import Memory
from fbbackup.web.addresses import allowed_names, is_loopback
from fbbackup.web.listening import Bind, answer, listen, until_signalled
from fbbackup.web.neighbour import Neighbour
from fbbackup.web.readers import Readers
from fbbackup.web.relogin import Relogin
from fbbackup.web.routes import application
from fbbackup.web.sessions import Sessions
from fbbackup.web.site import Daemon, Site
from fbbackup.web.tokens import token_updater
from fbbackup.web.visitors import Password, Visitors
from fbbackup.web.wellbeing import Wellbeing


@dataclass(frozen=True, slots=True)
class Opening:
    """What is served and where; `say` gets the lines for people, the address to click on a line of its own."""

    config: Config
    root: Path
    bind: Bind
    say: Callable[[str], None]
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)


@dataclass(frozen=True, slots=True)
class Beside:
    """What the server has of a daemon in its own process: the daemon itself, and answers by the configuration as that
    is read anew. `opened` gets the site once its address is known."""

    daemon: Daemon
    health: Callable[[], Health]
    metrics: Callable[[], str]
    opened: Callable[[Site], None]


def serve(opening: Opening) -> None:
    """Serves until SIGTERM or Ctrl-C. Raises ConfigError when it may not or can't."""
    until_signalled(lambda stop: run(opening, stop))


async def run(opening: Opening, stop: asyncio.Event, beside: Beside | None = None) -> None:
    """Serves until `stop` is set. Raises ConfigError when it may not or can't."""
    password = Password(state_folder(opening.environ))
    host = opening.bind.host
    if not password.is_set and not is_loopback(host):
        raise ConfigError(
            f"serving on {host} shows the gallery to the network and needs a password; set one with "
            "`fbbackup password`, or serve on 127.0.0.1"
        )
    listener = listen(opening.bind)
    site = _site(opening, listener.getsockname()[1], password, beside)
    try:
        _bring_up_to_date(opening.root, site.readers.path)
        if beside is not None:
            beside.opened(site)
        await answer(application(site), listener, stop, lambda: _announce(site))
    finally:
        if site.relogin is not None:
            await site.relogin.close()
        site.close()
        listener.close()


def _site(opening: Opening, port: int, password: Password, beside: Beside | None) -> Site:
    config, root, environ = opening.config, opening.root, opening.environ
    readers = Readers(config.catalog.path or root / "catalog.sqlite")
    daemon = beside.daemon if beside else Neighbour(root, environ)
    host = opening.bind.host
    return Site(
        root=root,
        readers=readers,
        sessions=Sessions(state_folder(environ)),
        visitors=Visitors(key=password.version) if password.is_set else Visitors(),
        password=password,
        accounts=tuple(account.name for account in config.accounts),
        update_token=token_updater(config, readers, environ),
        names=allowed_names(host, (*config.web.hosts, *_own_names(config))),
        thumbnail_size=config.thumbnails.size,
        cookie=f"fbbackup-{port}",
        password_needed=password.is_set,
        daemon=daemon,
        wellbeing=Wellbeing(beside.health if beside else partial(_health, config, root, environ)),
        metrics=beside.metrics if beside else partial(_metrics, config, root, environ),
        relogin=_relogin(config, root, environ, daemon),
        memory=Memory(state_folder(environ)),
        links=Links(state_folder(environ)) if config.web.public_url else None,
        say=opening.say,
        url=f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}",
    )


def _own_names(config: Config) -> tuple[str, ...]:
    names = (urlsplit(url or "").hostname for url in (config.web.relogin_url, config.web.public_url))
    return tuple(name for name in names if name)


def _relogin(config: Config, root: Path, environ: Mapping[str, str], daemon: Daemon) -> Relogin | None:
    if config.web.relogin_url is None:
        return None

    async def log_in(wish: Wish, screen: Screen) -> dict[str, Any]:
        return await visit(config, root, wish, screen, environ)

    names = tuple(account.name for account in config.accounts if account.source == "graph")
    return Relogin(names, log_in, daemon.run_now)


def _health(config: Config, root: Path, environ: Mapping[str, str]) -> Health:
    return health_of(config, root, datetime.now(UTC), environ)


def _metrics(config: Config, root: Path, environ: Mapping[str, str]) -> str:
    return metrics_of(config, root, datetime.now(UTC), environ)


def _bring_up_to_date(root: Path, path: Path) -> None:
    """A catalog of an older fbbackup gets the tables that the pages ask.

    Whoever holds the archive does that by itself; one that is being made just now is left to its maker.
    """
    import sqlite3

    from fbbackup.catalog import is_there, open_catalog
    from fbbackup.catalog.connection import version_of
    from fbbackup.stores.lock import LOCK, is_held

    if not is_there(path) or not 0 < version_of(path) < schema.VERSION or is_held(root / LOCK):
        return
    try:
        open_catalog(path).close()
    except sqlite3.DatabaseError as error:
        raise ConfigError(f"the catalog {path} is of an older fbbackup and can't be updated: {error}") from None


def _announce(site: Site) -> None:
    if site.password_needed:
        site.say("The gallery is open for those who know the password:")
        site.say(site.url)
    else:
        site.say("The gallery is open; this link works once and keeps your browser logged in:")
        site.say(site.new_link())
