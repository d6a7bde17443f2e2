"""The call allowance: read from usage headers, kept across runs, and never overdrawn."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fbbackup.errors import BudgetSpent
from fbbackup.http import Reply
from fbbackup.http.bodies import retry_after_seconds
from fbbackup.sources.graph.failures import Failure

HOUR_SECONDS = 3600.0
_ABUSE = 368
_ABUSE_SECONDS = 6 * HOUR_SECONDS
_LONGEST_SECONDS = 24 * HOUR_SECONDS
_PERCENTS = ("call_count", "total_time", "total_cputime")
_HEADERS = ("x-app-usage", "x-page-usage", "x-business-use-case-usage")

State = dict[str, Any]


class Budget:
    """How much of the allowance is used, and until when nothing may be asked.

    `state` keeps `usage` (percent), `seen_at` and `blocked_until` (unix seconds) for the next run.
    """

    def __init__(self, state: State, clock: Callable[[], float], slow: float, stop: float) -> None:
        self._state, self._clock = state, clock
        self._slow, self._stop = slow, stop

    @property
    def usage(self) -> float:
        """Percent of the allowance in use as last told; 0 when that is more than an hour old."""
        fresh = self._clock() - _number(self._state.get("seen_at")) < HOUR_SECONDS
        return _number(self._state.get("usage")) if fresh else 0.0

    def check(self) -> None:
        """Raises BudgetSpent while nothing may be asked."""
        left = _number(self._state.get("blocked_until")) - self._clock()
        if left > 0:
            why = self._state.get("reason") or "the allowance is used up"
            raise BudgetSpent(f"Facebook's call limit: {why}; go on in {math.ceil(left / 60)} minutes", left)

    def pause_seconds(self) -> float:
        """How long to wait before the next call: grows from 0 when much is used."""
        return min(10.0, max(0.0, (self.usage - self._slow) * 0.25))

    def took(self, reply: Reply) -> None:
        """Reads the usage headers; broken ones are ignored."""
        percents, regain = [], 0.0
        for name in _HEADERS:
            for entry in _entries(reply.headers.get(name, "")):
                percents += [_number(entry.get(key)) for key in _PERCENTS]
                regain = max(regain, _number(entry.get("estimated_time_to_regain_access")) * 60)
        if not percents:
            return
        self._state["usage"] = max(percents)
        self._state["seen_at"] = self._clock()
        if max(percents) >= self._stop or regain > 0:
            self._block(regain or HOUR_SECONDS, f"{max(percents):.0f} % are used")

    def refused(self, failure: Failure, headers: Mapping[str, str]) -> BudgetSpent:
        """Records that Facebook refuses more calls; returns the error to raise."""
        left = _number(self._state.get("blocked_until")) - self._clock()
        if left <= 0:
            asked = retry_after_seconds(headers.get("retry-after", ""), self._clock())
            seconds = _ABUSE_SECONDS if failure.code == _ABUSE else HOUR_SECONDS
            self._block(asked if asked is not None and failure.code != _ABUSE else seconds, failure.message)
        try:
            self.check()
        except BudgetSpent as spent:
            return spent
        return BudgetSpent(f"Facebook's call limit: {failure.message}", 0.0)

    def _block(self, seconds: float, reason: str) -> None:
        self._state["blocked_until"] = self._clock() + min(seconds, _LONGEST_SECONDS)
        self._state["reason"] = reason


def _entries(header: str) -> Iterator[Mapping[str, Any]]:
    """Every usage object in a header: flat, keyed by business, single-quoted, or a bare `17%`."""
    text = header.strip()
    if not text:
        return
    if text.rstrip("% ").replace(".", "", 1).isdigit():
        yield {"call_count": text.rstrip("% ")}
        return
    value: Any = None
    for attempt in (text, text.replace("'", '"')):
        try:
            value = json.loads(attempt)
            break
        except (ValueError, RecursionError):
            continue
    if not isinstance(value, dict):
        return
    if any(key in value for key in _PERCENTS):
        yield value
    for inner in value.values():
        entries = inner if isinstance(inner, list) else [inner]
        yield from (entry for entry in entries if isinstance(entry, dict))


def _number(value: Any) -> float:
    """A finite number ≥ 0; everything else is 0."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0.0
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0
