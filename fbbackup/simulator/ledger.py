"""What came in: counts by path, the last requests, and everything that a well-behaved client never sends."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fbbackup.simulator.wire import Request

_DIGITS = re.compile(r"/\d{6,}")
_VERSION = re.compile(r"^/v\d+\.\d+(?=/|$)")


def pattern(path: str) -> str:
    """A path without version and ids, for counting."""
    return _DIGITS.sub("/{id}", _VERSION.sub("", path)) or "/"


@dataclass
class Ledger:
    """Counts since the start, or since `forget`."""

    graph_calls: int = 0
    cdn_requests: int = 0
    cdn_bytes: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    by_path: Counter[str] = field(default_factory=Counter)
    by_status: Counter[int] = field(default_factory=Counter)
    pictures: Counter[str] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)
    canaries: list[str] = field(default_factory=list)
    recent: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=200))

    def note_call(self, path: str, params: dict[str, str], status: int) -> None:
        """One Graph call; entries of a batch are calls of their own."""
        self.graph_calls += 1
        name = pattern(path)
        self.by_path[name] += 1
        shown = {key: value for key, value in params.items() if key not in ("access_token", "appsecret_proof")}
        self.recent.append({"path": path, "params": shown, "status": status})

    def note_cdn(self, request: Request, tokens: Iterable[str]) -> None:
        """One picture request, searched for anything secret."""
        self.cdn_requests += 1
        everything = request.target + "\n" + "\n".join(f"{k}: {v}" for k, v in request.headers.items())
        for sign in ("access_token", "appsecret_proof", *tokens):
            if sign in everything:
                self.leaks.append(f"{sign[:12]} in a request for {request.path}")
        if "authorization" in request.headers or "cookie" in request.headers:
            self.leaks.append(f"credentials header in a request for {request.path}")

    def forget(self) -> None:
        """Start counting again."""
        fresh = Ledger()
        for name, value in vars(fresh).items():
            setattr(self, name, value)

    def report(self) -> dict[str, Any]:
        """Everything as JSON."""
        return {
            "graph_calls": self.graph_calls,
            "cdn_requests": self.cdn_requests,
            "cdn_bytes": self.cdn_bytes,
            "calls_by_path": dict(self.by_path),
            "errors": dict(self.errors),
            "statuses": {str(status): count for status, count in self.by_status.items()},
            "leaks": list(self.leaks),
            "canaries": list(self.canaries),
            "last_requests": list(self.recent),
        }
