"""People at a browser: one-time links, the password, and the cookies that both lead to. Nothing here outlives the
process except the password's hash."""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from fbbackup import private_file
from fbbackup.errors import ConfigError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

PASSWORD_FILE = "web-password"  # noqa: S105 - a file's name
SHORTEST_PASSWORD = 8
LASTS_SECONDS = 30 * 86_400.0
IDLE_SECONDS = 7 * 86_400.0
MOST_VISITORS = 1000

TRIES_A_MINUTE = 10
WINDOW_SECONDS = 600.0
TRIES_A_WINDOW = 100


def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19 << 10, parallelism=1)


class Visitors:
    """Browser sessions in memory. Times are of a clock that never goes back. `key` is what opens the door just now:
    when it changes, everybody is out who came in by the old one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, key: Callable[[], object] = lambda: None) -> None:
        self._clock = clock
        self._key = key
        self._came_by = key()
        self._links: set[str] = set()
        self._ends: dict[str, tuple[float, float]] = {}
        self._form_key = secrets.token_bytes(32)

    def new_link_token(self) -> str:
        """A token that opens one session; earlier ones that were not used end."""
        token = secrets.token_urlsafe(32)
        self._links = {_digest(token)}
        return token

    def use_link(self, token: str) -> bool:
        digest = _digest(token)
        if not any(hmac.compare_digest(digest, link) for link in self._links):
            return False
        self._links.clear()
        return True

    def enter(self) -> str:
        """A new session; its cookie's value. Whatever cookie the browser had before is worth nothing."""
        now = self._clock()
        self._look_at_the_key()
        self._ends = {key: ends for key, ends in self._ends.items() if min(ends) > now}
        while len(self._ends) >= MOST_VISITORS:
            self._ends.pop(next(iter(self._ends)))
        token = secrets.token_urlsafe(32)
        self._ends[_digest(token)] = (now + LASTS_SECONDS, now + IDLE_SECONDS)
        return token

    def _look_at_the_key(self) -> None:
        if (key := self._key()) != self._came_by:
            self._ends.clear()
            self._came_by = key

    def knows(self, token: str) -> bool:
        self._look_at_the_key()
        digest = _digest(token)
        ends = self._ends.get(digest)
        now = self._clock()
        if ends is None:
            return False
        if min(ends) <= now:
            del self._ends[digest]
            return False
        if ends[1] < now + IDLE_SECONDS - 60:
            self._ends[digest] = (ends[0], now + IDLE_SECONDS)
        return True

    def form_token(self, token: str) -> str:
        """What the forms of a session carry; nobody can make it from the outside."""
        return hmac.new(self._form_key, token.encode("utf-8", "surrogateescape"), "sha256").hexdigest()

    def leave(self, token: str) -> None:
        self._ends.pop(_digest(token), None)


class Password:
    """The gallery's password as an argon2id hash in the state folder, and how often it may be guessed."""

    def __init__(self, state_folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = state_folder / PASSWORD_FILE
        self._clock = clock
        self._tries: dict[str, list[float]] = {}
        self._all_tries: list[float] = []
        self._one_at_a_time = asyncio.Semaphore(1)

    @property
    def is_set(self) -> bool:
        return bool(private_file.read(self._file).strip())

    def version(self) -> object:
        """What differs after each change of the password."""
        try:
            facts = os.stat(self._file)
        except OSError:
            return None
        return facts.st_ino, facts.st_mtime_ns, facts.st_size

    def set(self, password: str) -> None:
        if len(password) < SHORTEST_PASSWORD:
            raise ConfigError(f"the password needs at least {SHORTEST_PASSWORD} characters; choose a longer one")
        private_file.write(self._file, _hasher().hash(password).encode() + b"\n")

    def remove(self) -> None:
        self._file.unlink(missing_ok=True)

    def wait_seconds(self, address: str) -> float:
        """How long this address has to wait before its next guess is looked at; 0 = not at all.

        Addresses are those of connections; headers that claim another are not believed.
        """
        now = self._clock()
        self._all_tries = [at for at in self._all_tries if at > now - WINDOW_SECONDS]
        if len(self._all_tries) >= TRIES_A_WINDOW:
            return self._all_tries[0] + WINDOW_SECONDS - now
        tries = [at for at in self._tries.get(address, []) if at > now - WINDOW_SECONDS]
        self._tries[address] = tries
        if len(tries) < TRIES_A_MINUTE:
            return 0.0
        pause: float = 60.0 * 2 ** min(len(tries) - TRIES_A_MINUTE, 4)
        return max(0.0, tries[-1] + pause - now)

    async def is_right(self, password: str, address: str) -> bool:
        """Checks a guess in a thread, one at a time; a right one is not counted."""
        now = self._clock()
        self._tries.setdefault(address, []).append(now)
        self._all_tries.append(now)
        if len(self._tries) > 10_000:
            self._tries = {address: self._tries[address]}
        async with self._one_at_a_time:
            right = await asyncio.to_thread(self._matches, password)
        if right:
            self._tries.pop(address, None)
            self._all_tries.remove(now)
        return right

    def _matches(self, password: str) -> bool:
        from argon2.exceptions import Argon2Error, InvalidHashError

        try:
            return _hasher().verify(private_file.read(self._file).decode().strip(), password)
        except (Argon2Error, InvalidHashError):
            return False


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
