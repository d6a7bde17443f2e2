"""A socket, an application behind it, and an orderly end by a signal."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket as sockets
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn

from fbbackup.errors import ConfigError
from fbbackup.web.connections import KEEP_ALIVE_SECONDS, Connection, OneLine

if TYPE_CHECKING:
    from starlette.types import ASGIApp

FRAME_LIMIT = 64 << 10
WAITING_FRAMES = 4
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


def until_signalled(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Runs `work` on an event loop of its own; SIGTERM and Ctrl-C set the event that it gets."""

    async def watched() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await work(stop)

    with contextlib.suppress(ImportError):
        import uvloop

        uvloop.run(watched())
        return
    asyncio.run(watched())


def listen(bind: Bind) -> sockets.socket:
    """A listening socket. Raises ConfigError when the address is taken or not of this machine."""
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


async def answer(app: ASGIApp, listener: sockets.socket, stop: asyncio.Event, on_start: Callable[[], None]) -> None:
    """Serves `app` until `stop` is set; `on_start` is called once requests are taken."""
    server = _Server(
        uvicorn.Config(
            app, http=Connection, ws="websockets-sansio", ws_max_size=FRAME_LIMIT, ws_max_queue=WAITING_FRAMES,
            ws_per_message_deflate=False, lifespan="off", log_config=None, access_log=False, server_header=False,
            date_header=True, proxy_headers=False, timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=LAST_WORDS_SECONDS,
        ),
        on_start,
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
