"""Asks a daemon that is at work: what it does, and to start a run and tell how it goes. One JSON object a line."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fbbackup.credentials import state_folder
from fbbackup.errors import FbbackupError, Incomplete
from fbbackup.protocols import Progress, Report

SOCKET = "daemon.sock"
LONGEST_LINE = 1 << 20
_SYSTEM_FOLDER = Path("/run/fbbackup")
_GREETING_SECONDS = 2.0


class DaemonError(FbbackupError):
    """What the daemon's run ended with, in the daemon's words."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def socket_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where a daemon puts its socket: what systemd gives it, else the state folder."""
    given = environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return Path(given) if given else state_folder(environ)


@contextmanager
def address_in(folder: Path) -> Iterator[str]:
    """The socket's address by way of an open folder, since addresses may have 107 bytes only. Raises OSError."""
    if not os.path.isdir("/proc/self/fd"):
        yield str(folder / SOCKET)
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{opened}/{SOCKET}"
    finally:
        os.close(opened)


class Line:
    """An open line to a daemon."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = connection.makefile("rb")

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Sends a question; the first answer to it. Raises Incomplete when the daemon hangs up."""
        try:
            self._connection.sendall(json.dumps(question).encode() + b"\n")
            return self.answer()
        except OSError as error:
            raise _hung_up(error) from None

    def answer(self) -> dict[str, Any]:
        """The next answer."""
        try:
            answer = json.loads(self._reader.readline(LONGEST_LINE) or b"null")
        except (OSError, ValueError) as error:
            raise _hung_up(error) from None
        if not isinstance(answer, dict):
            raise _hung_up("it ended")
        return answer

    def wait_long(self) -> None:
        """From now on answers may take any time."""
        self._connection.settimeout(None)

    def close(self) -> None:
        self._reader.close()
        self._connection.close()


def _hung_up(why: object) -> Incomplete:
    return Incomplete(f"the daemon no longer answers ({why}); see its log, then run `fbbackup status`")


def call_daemon(environ: Mapping[str, str] = os.environ) -> Line | None:
    """An open line to the daemon of this user or machine; None when none is there."""
    for folder in dict.fromkeys((socket_folder(environ), state_folder(environ), _SYSTEM_FOLDER)):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        connection.settimeout(_GREETING_SECONDS)
        try:
            with address_in(folder) as address:
                connection.connect(address)
            return Line(connection)
        except OSError:
            connection.close()
    return None


def daemon_state(root: Path, environ: Mapping[str, str] = os.environ) -> dict[str, Any] | None:
    """What the daemon of this archive is doing; None when none is at work there."""
    line = _line_for(root, environ)
    if line is None:
        return None
    opened, state = line
    opened.close()
    return state


def gallery_link(root: Path, environ: Mapping[str, str] = os.environ) -> str | None:
    """The address of the gallery that the daemon of this archive serves; None when it serves none."""
    found = _line_for(root, environ)
    if found is None:
        return None
    line, _ = found
    try:
        link = line.ask({"ask": "link"}).get("link")
    finally:
        line.close()
    return str(link) if link else None


def start_run(root: Path, environ: Mapping[str, str] = os.environ) -> bool:
    """Has the daemon of this archive begin a run of every account; false when none is at work there."""
    found = _line_for(root, environ)
    if found is None:
        return False
    line, _ = found
    try:
        return line.ask({"ask": "run"}).get("started") is True
    except Incomplete:
        return False
    finally:
        line.close()


def _line_for(root: Path, environ: Mapping[str, str]) -> tuple[Line, dict[str, Any]] | None:
    line = call_daemon(environ)
    if line is None:
        return None
    try:
        state = line.ask({"ask": "state"})
    except Incomplete:
        line.close()
        return None
    if state.get("archive") != os.path.realpath(root):
        line.close()
        return None
    return line, state


def sync_by_daemon(
    root: Path, wish: Mapping[str, Any], report: Report, environ: Mapping[str, str] = os.environ
) -> list[dict[str, Any]] | None:
    """Has the daemon of this archive make a run; its results, each `{record, lines}`, or None without a daemon.

    `wish` holds `account` (a name or None), `deep` and `accept_vanished`. Raises DaemonError as a run itself would.
    """
    found = _line_for(root, environ)
    if found is None:
        return None
    line, _ = found
    try:
        line.wait_long()
        answer = line.ask({"ask": "sync", **wish})
        while "results" not in answer:
            if "error" in answer:
                raise DaemonError(str(answer["error"]), int(answer["exit_code"]))
            report(Progress(**answer["progress"]))
            answer = line.answer()
        return list(answer["results"])
    finally:
        line.close()
