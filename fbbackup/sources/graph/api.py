"""Single calls to the Graph API: token, proof, retries, limits; errors as what has to be done about them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from fbbackup.errors import ConfigError, LoginNeeded, SourceUnavailable
from fbbackup.http import Http, Reply, SlowAnswer, register_secret, without
from fbbackup.http.bodies import retry_after_seconds
from fbbackup.sources.graph.budget import Budget
from fbbackup.sources.graph.failures import (
    Failure,
    GraphFailed,
    Kind,
    UnreadableAnswer,
    failure_of,
    read_json,
    unreadable,
)

_BACKOFF_CAP_SECONDS = 30.0
_WAIT_CAP_SECONDS = 60.0
_EXHAUSTED_CALLS_UNTIL_DOWN = 3
_SLOW_CALLS_UNTIL_DOWN = 3
_TOO_SLOW = 504
_WRONG_DATE_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class GraphSettings:
    """One account's access. Percents are of the call allowance; `node_budget` is how many
    photos the first nested answer may hold; later ones grow or shrink as the service allows.
    """

    name: str
    token: str = field(repr=False)
    api_url: str = "https://graph.facebook.com"
    api_version: str = "v21.0"
    app_secret: str | None = field(default=None, repr=False)
    videos: bool = True
    tagged: bool = True
    uploads: bool = True
    usage_slow_percent: float = 75.0
    usage_stop_percent: float = 95.0
    attempts: int = 4
    node_budget: int = 450
    backoff_seconds: float = 1.0
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[float, float], float] = random.uniform

    @property
    def token_remedy(self) -> str:
        """What a person does about a refused token."""
        variable = "FBBACKUP_TOKEN_" + re.sub(r"[^A-Z0-9]", "_", self.name.upper())
        return f"run `fbbackup login {self.name}`, or put a fresh token into {variable} or credentials.toml"


class GraphApi:
    """Asks one question at a time and tells `count` how many calls Facebook takes it for.

    `notes` collects what a person should know once; `state` is the account's memory across runs.
    """

    def __init__(
        self, settings: GraphSettings, state: dict[str, Any], http: Http, count: Callable[[int], None]
    ) -> None:
        self.settings = settings
        self._count = count
        self.notes: list[str] = []
        budget_state = state.setdefault("budget", {})
        self.budget = Budget(budget_state, settings.clock, settings.usage_slow_percent, settings.usage_stop_percent)
        self._http = http
        self._exhausted = self._slow = 0
        self.show: Callable[[str], None] = lambda words: None
        self._proof = appsecret_proof(settings.app_secret, settings.token) if settings.app_secret else None
        for secret in (settings.token, settings.app_secret, self._proof):
            register_secret(secret)

    def note(self, text: str) -> None:
        """Records a remark, once."""
        if text not in self.notes:
            self.notes.append(text)

    async def ask(self, path: str, params: Mapping[str, str], *, cost: int = 1, heavy: bool = False) -> dict[str, Any]:
        """The answer's JSON object. `heavy` answers may be asked for in smaller parts when they time out.

        Raises GraphFailed for what the caller has to judge; LoginNeeded, BudgetSpent, SourceUnavailable and
        ConfigError for what ends the run.
        """
        settings = self.settings
        failure = Failure(Kind.TRANSIENT, "nothing was asked")
        for attempt in range(1, settings.attempts + 1):
            outcome, value, wait = await self._once(path, params, cost)
            if outcome is None:
                self._exhausted = self._slow = 0
                return value
            failure = outcome
            if failure.kind is not Kind.TRANSIENT:
                raise GraphFailed(failure)
            if heavy and attempt > 1 and failure.status == _TOO_SLOW and self._slow < _SLOW_CALLS_UNTIL_DOWN:
                self._slow += 1
                raise GraphFailed(Failure(Kind.SHRINK, failure.message))
            if attempt < settings.attempts:
                ceiling = min(_BACKOFF_CAP_SECONDS, settings.backoff_seconds * 2**attempt)
                await self._wait(max(wait, settings.jitter(0, ceiling)), f"Facebook fails ({failure.message[:100]})")
        self._exhausted += 1
        if self._exhausted < _EXHAUSTED_CALLS_UNTIL_DOWN and (
            failure.may_be_one_object or await self._answers_but(path, failure)
        ):
            raise GraphFailed(failure)  # one sick object must not end the run; a sick service does
        if not failure.status:
            raise SourceUnavailable(f"Facebook can't be reached ({failure.message}); check the network, then try again")
        raise SourceUnavailable(f"Facebook keeps failing ({failure.evidence}); try again later")

    async def _answers_but(self, path: str, failure: Failure) -> bool:
        """Whether the service fails for this path only, asked with one small call where it answers at all."""
        if path == "me" or failure.status in (0, _TOO_SLOW):
            return False
        found, _, _ = await self._once("me", {"fields": "id"}, 1)
        return found is None

    async def _once(
        self, path: str, params: Mapping[str, str], cost: int
    ) -> tuple[Failure | None, dict[str, Any], float]:
        self.budget.check()
        if pause := self.budget.pause_seconds():
            await self._wait(pause, f"{self.budget.usage:.0f} % of the call allowance are used")
        self._count(cost)
        try:
            reply = await self._http.call(self._url(path), self._signed(params), token=self.settings.token)
        except SlowAnswer as error:
            return Failure(Kind.TRANSIENT, str(error), status=_TOO_SLOW), {}, 0.0
        except SourceUnavailable as error:
            return Failure(Kind.TRANSIENT, str(error)), {}, 0.0
        self.budget.took(reply)
        self._compare_version(reply)
        self._compare_date(reply)
        # Addresses of further pages hold the token; so may any other value, and all of them are kept in the catalog.
        failure, value = _judge(replace(reply, body=without(reply.body, self.settings.token)))
        if failure is not None:
            self._raise_what_ends_the_run(failure, reply)
        wait = retry_after_seconds(reply.headers.get("retry-after", ""), self.settings.clock()) or 0.0
        return failure, value, min(wait, _WAIT_CAP_SECONDS)

    async def _wait(self, seconds: float, why: str) -> None:
        self.show(f"{why}; going on in {math.ceil(seconds)} s")
        await self.settings.sleep(seconds)
        self.show("")

    def _raise_what_ends_the_run(self, failure: Failure, reply: Reply) -> None:
        settings = self.settings
        if failure.kind is Kind.LIMIT:
            raise self.budget.refused(failure, reply.headers)
        if failure.kind is Kind.LOGIN:
            raise LoginNeeded(
                f"the login of account “{settings.name}” no longer works: {failure.login_reason}; "
                + settings.token_remedy
            )
        if failure.kind is Kind.CONFIG:
            raise ConfigError(
                f"Facebook refuses the app's settings of account “{settings.name}” ({failure.evidence}); "
                "check the app's secret and its allowed addresses"
            )

    def _url(self, path: str) -> str:
        settings = self.settings
        return f"{settings.api_url.rstrip('/')}/{settings.api_version.strip('/')}/{path}"

    def _signed(self, params: Mapping[str, str]) -> dict[str, str]:
        return {**params, "appsecret_proof": self._proof} if self._proof else dict(params)

    def _compare_date(self, reply: Reply) -> None:
        try:
            theirs = parsedate_to_datetime(reply.headers.get("date", ""))
            ours = datetime.fromtimestamp(self.settings.clock(), UTC)
        except (ValueError, OverflowError, OSError):
            return
        if abs(ours.timestamp() - theirs.timestamp()) > _WRONG_DATE_SECONDS:
            self.note(
                f"this machine's date is wrong: it says {ours:%Y-%m-%d}, Facebook says {theirs:%Y-%m-%d}; correct it, "
                "nothing is lost, but times of runs and ends of logins are told wrong until then"
            )

    def _compare_version(self, reply: Reply) -> None:
        used = reply.headers.get("facebook-api-version", "").strip()
        if used and used != self.settings.api_version:
            self.note(f"Facebook answers with version {used[:12]} instead of {self.settings.api_version}")


def appsecret_proof(secret: str, token: str) -> str:
    """The proof that a call comes from the app: hex HMAC-SHA256 of the token."""
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def _judge(reply: Reply) -> tuple[Failure | None, dict[str, Any]]:
    try:
        value = read_json(reply.body)
    except UnreadableAnswer as problem:
        return replace(unreadable(reply.status, str(problem)), status=reply.status), {}
    failure = failure_of(reply.status, value)
    if failure is not None:
        return replace(failure, status=reply.status), {}
    return None, value
