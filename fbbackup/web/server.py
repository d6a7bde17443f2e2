"""Starts and stops the gallery's server: its address, the password rule, the link to click."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
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


def serve(
    config: Config, root: Path, bind: Bind, say: Callable[[str], None], environ: Mapping[str, str] = os.environ
) -> None:
    """Serves until SIGTERM or Ctrl-C; `say` gets the lines for people, the address to click on a line of its own."""
    until_signalled(lambda stop: run(config, root, bind, say, stop, environ=environ))


async def run(
    config: Config,
    root: Path,
    bind: Bind,
    say: Callable[[str], None],
    stop: asyncio.Event,
    *,
    environ: Mapping[str, str] = os.environ,
    daemon: Daemon | None = None,
    health: Callable[[], Health] | None = None,
    metrics: Callable[[], str] | None = None,
    opened: Callable[[Site], None] | None = None,
) -> None:
    """Serves until `stop` is set. The daemon gives itself, and `health` and `metrics` by the configuration as it is
    read anew; `opened` gets the site once the address is known."""
    password = Password(state_folder(environ))
    protected = password.is_set
    if not protected and not is_loopback(bind.host):
        raise ConfigError(
            f"serving on {bind.host} shows the gallery to the network and needs a password; set one with "
            "`fbbackup password`, or serve on 127.0.0.1"
        )
    listener, at_work = listen(bind), daemon or Neighbour(root, environ)
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
        names=allowed_names(bind.host, (*config.web.hosts, *_own_name(config))),
        thumbnail_size=config.thumbnails.size,
        cookie=f"fbbackup-{port}",
        password_needed=protected,
        daemon=at_work,
        wellbeing=Wellbeing(health or partial(_health, config, root, environ)),
        metrics=metrics or partial(_metrics, config, root, environ),
        relogin=_relogin(config, root, environ, at_work),
        memory=Memory(state_folder(environ)),
        say=say,
        url=f"http://{host}:{port}",
    )
    _bring_up_to_date(root, readers.path)
    try:
        if opened is not None:
            opened(site)
        await answer(application(site), listener, stop, lambda: _announce(site))
    finally:
        if site.relogin is not None:
            await site.relogin.close()
        site.close()
        listener.close()


def _own_name(config: Config) -> tuple[str, ...]:
    name = urlsplit(config.web.relogin_url or "").hostname
    return (name,) if name else ()


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

    from fbbackup.catalog import open_catalog
    from fbbackup.catalog.connection import version_of
    from fbbackup.stores.lock import LOCK, is_held

    if not path.is_file() or not 0 < version_of(path) < schema.VERSION or is_held(root / LOCK):
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
