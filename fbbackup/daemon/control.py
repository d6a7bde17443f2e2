"""The daemon's door on this machine: a socket of mode 0600 on which its own user asks for its state and for runs."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fbbackup.app import SyncOptions
from fbbackup.daemon.worker import Wish, Worker
from fbbackup.errors import ArchiveBusy, ArchiveUnusable, ConfigError, FbbackupError
from fbbackup.protocols import Progress
from fbbackup.remote import LONGEST_LINE, SOCKET, address_in

log = logging.getLogger("fbbackup.daemon")
_QUESTION_LIMIT = 1 << 16
_PROGRESS_SECONDS = 0.1


class Control:
    """Answers questions. `state` tells what the daemon is doing, `link` opens the gallery."""

    def __init__(
        self, worker: Worker, state: Callable[[], dict[str, Any]], link: Callable[[], str | None] = lambda: None
    ) -> None:
        self._worker, self._state, self._link = worker, state, link
        self._folder: Path | None = None
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def open(self, folder: Path) -> None:
        """Raises ArchiveBusy when another daemon answers there already."""
        listener = _listen(folder)
        self._folder = folder
        self._server = await asyncio.start_unix_server(self._meet, sock=listener, limit=_QUESTION_LIMIT)

    async def close(self) -> None:
        """Hangs up and takes the socket away."""
        if self._server is None or self._folder is None:
            return
        self._server.close()
        for task in self._open:
            task.cancel()
        (self._folder / SOCKET).unlink(missing_ok=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._open.add(task)
        try:
            if _is_own_user(writer.get_extra_info("socket")):
                while line := await reader.readline():
                    await self._answer(line, writer)
        except (ConnectionError, ValueError, asyncio.CancelledError):
            return
        finally:
            if task is not None:
                self._open.discard(task)
            writer.close()

    async def _answer(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        question = json.loads(line)
        if not isinstance(question, dict):
            question = {}
        if question.get("ask") == "state":
            await _send(writer, self._state())
            return
        if question.get("ask") == "link":
            await _send(writer, {"link": self._link()})
            return
        if question.get("ask") == "run":
            log.info("a run of every account was asked for")
            self._worker.run_now()
            await _send(writer, {"started": True})
            return
        if question.get("ask") != "sync":
            await _send(writer, {"error": "the daemon does not know this question", "exit_code": 2})
            return
        wanted = SyncOptions(
            account=question.get("account"),
            deep=question.get("deep") is True,
            accept_vanished=question.get("accept_vanished") is True,
        )
        await self._sync(wanted, writer)

    async def _sync(self, wanted: SyncOptions, writer: asyncio.StreamWriter) -> None:
        newest: list[Progress] = []
        try:
            wishes = self._worker.wish(wanted, lambda now: newest.__setitem__(slice(0, 1), [now]))
        except ConfigError as error:
            await _send(writer, {"error": str(error), "exit_code": error.exit_code})
            return
        waiting = asyncio.gather(*(wish.ended for wish in wishes), return_exceptions=True)
        while not waiting.done():
            await asyncio.wait([waiting], timeout=_PROGRESS_SECONDS)
            if newest and not waiting.done():
                await _send(writer, {"progress": asdict(newest.pop())})
        await _send(writer, _results(wishes))


def _results(wishes: list[Wish]) -> dict[str, Any]:
    results: list[dict[str, Any]] = []
    for wish in wishes:
        if wish.ended.cancelled():
            return {"error": f"account {wish.account} is no longer configured", "exit_code": ConfigError.exit_code}
        ended = wish.ended.result()
        if isinstance(ended, Exception):
            code = ended.exit_code if isinstance(ended, FbbackupError) else FbbackupError.exit_code
            words = str(ended) if isinstance(ended, FbbackupError) else "the run failed; the daemon's log says why"
            return {"error": f"{wish.account}: {words}" if len(wishes) > 1 else words, "exit_code": code}
        results.append({"record": ended.record(), "lines": ended.lines()})
    answer = {"results": results}
    if len(json.dumps(answer)) >= LONGEST_LINE:
        for result in results:
            result["record"]["albums_not_complete"] = []
    return answer


async def _send(writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
    writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
    await writer.drain()


def _listen(folder: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
        with address_in(folder) as address:
            _remove_stale(folder, address)
            before = os.umask(0o177)
            try:
                listener.bind(address)
            finally:
                os.umask(before)
            listener.listen(8)
    except OSError as error:
        listener.close()
        raise ArchiveUnusable(
            f"the daemon's socket can't be made in {folder} ({error.strerror}); check the folder's owner"
        ) from None
    except BaseException:
        listener.close()
        raise
    return listener


def _remove_stale(folder: Path, address: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        try:
            caller.connect(address)
        except ConnectionRefusedError:
            (folder / SOCKET).unlink(missing_ok=True)
        except FileNotFoundError:
            return
        else:
            raise ArchiveBusy(f"another daemon is at work already (it answers at {folder / SOCKET}); stop it first")


def _is_own_user(connection: socket.socket) -> bool:
    """The mode of the socket keeps others out; this holds where a file system ignores modes."""
    with suppress(AttributeError, OSError):
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return struct.unpack("3i", peer)[1] in (0, os.geteuid())
    return True
