"""Runs the pretend Facebook: routing, and the `Simulator` that tests and the demo hold in their hands."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fbbackup.simulator import control
from fbbackup.simulator.cdn import Cdn
from fbbackup.simulator.graph import Graph
from fbbackup.simulator.graph_faults import spoil
from fbbackup.simulator.legacy import PATH as LEGACY_PATH
from fbbackup.simulator.legacy import Legacy
from fbbackup.simulator.library import Library
from fbbackup.simulator.oneall import PREFIX as ONEALL_PREFIX
from fbbackup.simulator.oneall import OneAll
from fbbackup.simulator.settings import Settings
from fbbackup.simulator.wire import Reply, Request, Server
from fbbackup.simulator.world import PageHook, World

log = logging.getLogger("fbbackup.simulator")
_DRAWING_THREADS = 2


class Simulator:
    """A server thread on loopback; use it as a context manager. Options are those of `Settings`."""

    def __init__(self, library: Library | None = None, *, port: int = 0, **settings: Any) -> None:
        self.world = World(library or Library(), Settings(**settings))
        self.settings = self.world.settings
        self.library = self.world.library
        self.clock = self.library.clock
        self.faults = self.world.faults
        self.access = self.world.access
        self.logins = self.world.logins
        self.budget = self.world.budget
        self.pictures = self.world.pictures
        self._graph, self._cdn = Graph(self.world), Cdn(self.world)
        self._legacy, self._oneall = Legacy(self.world), OneAll(self.world)
        self._server = Server(self._answer, port)
        self._drawing = ThreadPoolExecutor(_DRAWING_THREADS, "simulator-pictures")
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None
        self._started = threading.Event()
        self._failure: BaseException | None = None

    # -- life ---------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; returns when the port is known."""
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """End all connections and the thread."""
        if self._loop is not None and self._ending is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(self._ending.set)
        if self._thread is not None:
            self._thread.join()
        self._drawing.shutdown(wait=True, cancel_futures=True)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except (OSError, OverflowError) as error:
            self._failure = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        port = await self._server.start()
        self.world.url = f"http://127.0.0.1:{port}"
        self.world.signer.base = self.world.url
        self._started.set()
        await self._ending.wait()
        await self._server.stop()

    async def _answer(self, request: Request) -> Reply:
        try:
            return await self._route(request)
        except Exception:
            log.exception("the simulator itself failed on %s %s", request.method, request.path)
            return Reply(500, {"Content-Type": "text/plain"}, b"the simulator itself failed; see its log")

    async def _route(self, request: Request) -> Reply:
        path = request.path
        if path.startswith(control.PREFIX):
            return await asyncio.to_thread(control.control, self.world, request)
        if path.startswith("/v/"):
            reply = await asyncio.get_running_loop().run_in_executor(self._drawing, self._cdn.reply, request)
        elif path.startswith("/__canary__"):
            self.world.ledger.canaries.append(f"{request.headers.get('host')} {path}")
            self.world.ledger.note_cdn(request, list(self.access.tokens))
            reply = Reply(200, {"Content-Type": "text/plain"}, b"canary")
        elif path == LEGACY_PATH:
            reply = spoil(self.world, request, self._legacy.reply(request))
        elif path.startswith(ONEALL_PREFIX):
            reply = spoil(self.world, request, self._oneall.reply(request))
        else:
            reply = spoil(self.world, request, self._graph.reply(request))
        self.world.ledger.by_status[reply.status] += 1
        log.info("%s %s -> %d", request.method, path, reply.status)
        return reply

    # -- what tests ask -----------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where the Graph API begins, without version."""
        return self.world.url

    @property
    def legacy_url(self) -> str:
        """The whole address of the legacy interface."""
        return self.world.url + LEGACY_PATH

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._server.port

    @property
    def token(self) -> str:
        """A valid access token."""
        return self.access.token

    @property
    def calls(self) -> dict[str, int]:
        """Graph calls by path; ids are written {id}."""
        return dict(self.world.ledger.by_path)

    @property
    def leaks(self) -> list[str]:
        """Every time that a secret was sent where none belongs."""
        return list(self.world.ledger.leaks)

    def stats(self) -> dict[str, Any]:
        """All counts."""
        return control.stats(self.world)

    def on_page(self, hook: PageHook) -> None:
        """Call `hook(path, ids)` after every page of a list, for edits in the middle of a crawl."""
        self.world.page_hooks.append(hook)

    def largest_bytes(self, photo_id: str) -> bytes:
        """What a faithful backup stores for a photo or video."""
        item = self.library.item(photo_id)
        if item is None:
            raise KeyError(photo_id)
        return self.pictures.largest(item)

    def expected(self) -> Iterator[tuple[str, str]]:
        """Every photo's id with the SHA-256 of its largest rendition."""
        found: Iterator[tuple[str, str]] = control.expected(self.world)
        return found

    def export_pictures(self, folder: Path) -> int:
        """Write the largest renditions under the paths that their URLs have, for another web server."""
        count = 0
        videos = self.library.video_list()
        for one in [*self.library.photo_ids(), *videos]:
            item = self.library.item(one)
            if item is None:
                continue
            path = folder / self.world.signer.path(item).lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.pictures.largest(item))
            count += 1
        return count
