"""Single calls to the legacy interface: signed, numbered, retried; errors as what has to be done about them."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fbbackup.errors import BudgetSpent, ConfigError, ItemError, LoginNeeded, SourceUnavailable
from fbbackup.http import Http, register_secret
from fbbackup.sources.legacy.answers import Node, Refused, UnreadableAnswer, read_answer

_VERSION = "1.0"
_RETRIED = {1, 2, 4}
_OWN_FAULT = {
    5: "the service refuses calls from this machine's address; allow it in the app's settings",
    101: "the service knows no app with this app_id; correct app_id",
    104: "the service finds the signature wrong; correct the app secret",
}
_LOGIN = 102
_LATER_NUMBER = 103
_LIMIT = 4
_LIMIT_SECONDS = 3600.0
_FAILED_CALLS_UNTIL_DOWN = 3
_LEAPS_SECONDS = (10.0, 86_400.0, 3_153_600_000.0)
"""How far the number of a call is moved on when another program used larger ones in the same session."""


@dataclass(frozen=True, slots=True)
class LegacySettings:
    """One account's access: `api_url` is the whole address of the endpoint, `api_key` names the app, `secret` signs."""

    name: str
    api_url: str
    api_key: str
    user_id: str
    secret: str = field(repr=False)
    session_key: str = field(repr=False)
    attempts: int = 4
    backoff_seconds: float = 1.0
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


def signature(params: Mapping[str, str], secret: str) -> str:
    """The `sig` of a call: MD5 of its sorted `key=value` pairs, nothing between them, and the secret."""
    base = "".join(f"{key}={params[key]}" for key in sorted(params) if key != "sig")
    return hashlib.md5((base + secret).encode(), usedforsecurity=False).hexdigest()


class LegacyApi:
    """Asks one question at a time, since each call needs a larger number than the one before.

    `state["call_id"]` keeps the last number between runs; `count` is told of every call.
    """

    def __init__(
        self, settings: LegacySettings, state: dict[str, Any], http: Http, count: Callable[[int], None]
    ) -> None:
        self.settings, self._state, self._http, self._count = settings, state, http, count
        self._turn = asyncio.Lock()
        self.show: Callable[[str], None] = lambda words: None
        self._failed = 0
        register_secret(settings.secret)
        register_secret(settings.session_key)

    async def ask(self, method: str, **arguments: str) -> list[Node]:
        """The objects that a method answers with.

        Raises LoginNeeded, ConfigError or BudgetSpent for what ends the run, SourceUnavailable after several calls
        that all failed, and ItemError where only this question can't be answered.
        """
        async with self._turn:
            last: Exception | None = None
            for attempt in range(self.settings.attempts):
                if attempt:
                    self.show(f"the server fails ({str(last)[:100]}); trying again")
                    await self.settings.sleep(self.settings.backoff_seconds * 2 ** (attempt - 1))
                    self.show("")
                try:
                    found = await self._once(method, arguments)
                except (SourceUnavailable, UnreadableAnswer) as error:
                    last = error
                except Refused as refused:
                    last = refused
                    if refused.code not in _RETRIED:
                        raise _told(refused, self.settings) from None
                else:
                    self._failed = 0
                    return found
        raise self._given_up(last) from None

    async def _once(self, method: str, arguments: Mapping[str, str]) -> list[Node]:
        """One question; asked again only when the number of the call was not large enough."""
        for leap in (0.0, *_LEAPS_SECONDS):
            form = self._form(method, arguments, leap)
            self._count(1)
            reply = await self._http.post(self.settings.api_url, form)
            try:
                found = read_answer(reply.body)
            except Refused as refused:
                if refused.code != _LATER_NUMBER or leap == _LEAPS_SECONDS[-1]:
                    raise
            except UnreadableAnswer as odd:
                raise UnreadableAnswer(f"{odd} (HTTP {reply.status})") from None
            else:
                if reply.status >= 400:
                    raise UnreadableAnswer(f"HTTP {reply.status}")
                return found
        raise UnreadableAnswer("no call number is large enough")

    def _form(self, method: str, arguments: Mapping[str, str], leap: float) -> dict[str, str]:
        form = {
            "method": f"facebook.{method}", "api_key": self.settings.api_key, "v": _VERSION, "format": "JSON",
            "session_key": self.settings.session_key, "call_id": self._next_number(leap), **arguments,
        }  # fmt: skip
        return form | {"sig": signature(form, self.settings.secret)}

    def _next_number(self, leap: float) -> str:
        """Milliseconds since 1970, or the last number plus one where the clock went back."""
        last = self._state.get("call_id")
        number = max(int(self.settings.clock() * 1000), last + 1 if isinstance(last, int) else 0) + int(leap * 1000)
        self._state["call_id"] = number
        return f"{number // 1000}.{number % 1000:03d}"

    def _given_up(self, last: Exception | None) -> Exception:
        if isinstance(last, Refused) and last.code == _LIMIT:
            return BudgetSpent(f"the service counts too many calls ({last}); a later run goes on", _LIMIT_SECONDS)
        self._failed += 1
        words = f"the service gave no usable answer: {last}"
        if self._failed >= _FAILED_CALLS_UNTIL_DOWN:
            return SourceUnavailable(f"{words}; a later run tries again")
        return ItemError(words)


def _told(refused: Refused, settings: LegacySettings) -> Exception:
    """What a person has to do about an error that no retry mends."""
    account = f'account "{settings.name}"'
    if refused.code == _LOGIN:
        return LoginNeeded(f"{account}: the session is no longer valid ({refused}); get a new session key")
    if refused.code in _OWN_FAULT:
        return ConfigError(f"{account}: {_OWN_FAULT[refused.code]} ({refused})")
    if refused.code == _LATER_NUMBER:
        return SourceUnavailable(f"{account}: another program uses the same session ({refused}); a later run goes on")
    return ItemError(f"the service refuses the question ({refused})")
