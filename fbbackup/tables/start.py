"""Starts Datasette over the catalog, until it is told to stop: one link that opens it once, on this machine only."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import PlainTextResponse

from fbbackup.config import Config
from fbbackup.errors import ConfigError
from fbbackup.tables.metadata import DATABASE, metadata
from fbbackup.web.addresses import allowed_names, host_is_allowed
from fbbackup.web.listening import Bind, answer, listen, until_signalled

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

HOST = "127.0.0.1"
MISSING = "Datasette is not installed; `pipx install --force '.[datasette]'` in its checkout adds it"
_SETTINGS = {"sql_time_limit_ms": 5000, "facet_time_limit_ms": 500, "allow_download": False}


def serve_tables(config: Config, root: Path, port: int, say: Callable[[str], None]) -> None:
    """Serves until SIGTERM or Ctrl-C. Raises ConfigError without the extra, ArchiveUnusable without a catalog."""
    catalog = config.catalog.path or root / "catalog.sqlite"
    try:
        found, pictures = _datasette(catalog, root, config.thumbnails.size)
    except ImportError:
        raise ConfigError(MISSING) from None
    listener = listen(Bind(HOST, port))

    def announce() -> None:
        address = f"http://{HOST}:{listener.getsockname()[1]}"
        say("Datasette shows the catalog, read-only; this link works once and keeps your browser logged in:")
        say(f"{address}/-/auth-token?token={found._root_token}")

    async def work(stop: asyncio.Event) -> None:
        await found.invoke_startup()
        await answer(_KnownByName(found.app()), listener, stop, announce)

    try:
        until_signalled(work)
    finally:
        listener.close()
        pictures.close()


def _datasette(catalog: Path, root: Path, size: int) -> tuple[Any, Any]:
    """A Datasette over this one catalog, and its plugin."""
    from datasette.app import Datasette
    from datasette.database import Database
    from datasette.plugins import pm

    from fbbackup.catalog import open_reader
    from fbbackup.tables.pictures import Pictures

    open_reader(catalog).close()
    # With rich Datasette prints the values of all variables when a query is wrong, cookies among them.
    sys.modules["datasette.handle_exception"].rich = None  # type: ignore[attr-defined]

    class ReadOnly(Database):  # type: ignore[misc]
        """The catalog on connections that can't write, whatever is asked of them."""

        def connect(self, write: bool = False) -> Any:
            if write:
                raise PermissionError("the catalog is open for reading only")
            db = open_reader(catalog, any_thread=True)
            db.execute("PRAGMA query_only = 1")
            self._all_file_connections.append(db)
            return db

        async def execute(self, *given: Any, **named: Any) -> Any:
            """Whoever wrote a wrong query reads on the page what is wrong with it."""
            return await super().execute(*given, **{**named, "log_sql_errors": False})

    pictures = Pictures(root, size)
    pm.register(pictures)
    found = Datasette([], metadata=metadata(), settings=_SETTINGS)
    found.remove_database("_memory")
    found.add_database(ReadOnly(found, str(catalog)), name=DATABASE)
    return found, pictures


class _KnownByName:
    """Answers only to names of this machine: a page elsewhere can't make a browser send one of them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._names = allowed_names(HOST, ())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            hosts = [value for name, value in scope["headers"] if name == b"host"]
            if not host_is_allowed(hosts, self._names):
                await PlainTextResponse("this server is not known by that name\n", 421)(scope, receive, send)
                return
        elif scope["type"] != "lifespan":
            return
        await self._app(scope, receive, send)
