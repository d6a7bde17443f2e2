"""The pretend Facebook's clock: real time plus an offset that tests move, or a frozen time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass
class Clock:
    """`start` freezes the clock at that unix time; otherwise it runs with the machine's."""

    start: float | None = None
    offset: float = 0.0

    def now(self) -> float:
        """Unix seconds."""
        return (time.time() if self.start is None else self.start) + self.offset

    def advance(self, seconds: float) -> None:
        """Move on (or back) without waiting."""
        self.offset += seconds


def graph_date(unix: float) -> str:
    """Facebook's date text: numeric offset without a colon."""
    return datetime.fromtimestamp(int(unix), UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
