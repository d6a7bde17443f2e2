"""The search over a whole run of tests: with FBBACKUP_CANARY=1, no token, app secret or proof of the pretend Facebook
may be in a log, a screen, a reply of the gallery, a command line, the environment of what fbbackup starts, or a file
that a test left behind; in no form, except where secrets live.

Every token and every app secret of the tests begins alike, so that one look at each text and file is enough.
"""

from __future__ import annotations

import base64
import math
import os
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

TOKEN = b"EAAsim"
APP_SECRET = "canary-of-the-app-2f7c1d88aa01"
"""What homes have for an app's secret when the search is wanted."""

MARKS = (TOKEN, APP_SECRET.encode()[:17])
WANTED = "FBBACKUP_CANARY"
LARGEST_FILE = 32 << 20
HOMES_OF_SECRETS = frozenset({"credentials.toml", "credentials.cred"})
SAMPLE_SECONDS = 0.05


def _forms() -> Iterator[bytes]:
    yield TOKEN + rb"[0-9a-f]{8}"
    yield re.escape(MARKS[1])
    yield rb"appsecret_proof[\"']?\s*[=:]\s*[\"']?[0-9a-f]{64}"
    for mark in MARKS:
        yield re.escape(mark[::-1])
        yield from (mark.hex().encode(), mark.hex().upper().encode())
        for offset in range(3):
            # Only letters of base64 that are the mark's alone, whatever stands before and behind it.
            first, behind = math.ceil(offset * 8 / 6), (offset + len(mark)) * 8 // 6
            yield re.escape(base64.b64encode(b"\0" * offset + mark + b"\0\0\0")[first:behind])


FORMS = re.compile(b"|".join(_forms()))


def in_text(text: str) -> bool:
    return FORMS.search(text.encode("utf-8", "replace")) is not None


def in_files(folder: Path) -> list[str]:
    """Files below a folder that hold a secret; links and what is too large for a log or a catalog are left out."""
    found = []
    for path in sorted(folder.rglob("*")):
        try:
            if path.is_symlink() or not path.is_file() or path.name in HOMES_OF_SECRETS:
                continue
            if path.stat().st_blocks * 512 <= LARGEST_FILE and path.stat().st_size <= LARGEST_FILE:
                found += [str(path)] if FORMS.search(path.read_bytes()) else []
        except OSError:
            continue
    return found


class Sampler:
    """Looks again and again at the processes that tests start: at command lines, and at the environments that
    fbbackup gives to processes of its own. (Tests give fbbackup its token by its environment, as people may.)"""

    def __init__(self) -> None:
        self.hits: set[str] = set()
        self.looks = 0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ending.wait(SAMPLE_SECONDS):
            self.look()

    def look(self) -> None:
        """One sample of every process below this one."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            parents[stat.parent.name] = _read(stat).rpartition(b")")[2].split()[1:2]
        below = defaultdict(list)
        for pid, found in parents.items():
            if found:
                below[found[0].decode()].append(pid)
        waiting = [(pid, False) for pid in below[str(os.getpid())]]
        while waiting:
            pid, is_fbbackups = waiting.pop()
            command = _read(Path("/proc", pid, "cmdline"))
            self.looks += 1
            if FORMS.search(command):
                self.hits.add(f"command line: {command!r}")
            if is_fbbackups and FORMS.search(_read(Path("/proc", pid, "environ"))):
                self.hits.add(f"environment of {command!r}")
            # Not what starts fbbackup for a test, such as strace.
            own = is_fbbackups or command.split(b"\0")[1:3] == [b"-m", b"fbbackup"]
            waiting += [(child, own) for child in below[pid]]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


async def _look_at(response: httpx.Response) -> None:
    await response.aread()
    assert not FORMS.search(response.content + str(response.headers).encode()), f"a secret in {response.url.path}"


def hooks() -> dict[str, list[Callable[..., Any]]]:
    """For httpx clients: every reply is searched when that is wanted."""
    return {"response": [_look_at]} if is_wanted() else {}


def is_wanted() -> bool:
    return bool(os.environ.get(WANTED))
