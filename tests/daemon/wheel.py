"""A clock that a test turns: waiting takes no time, and the date may be set."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fbbackup.clock import Clock

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@dataclass
class Wheel:
    """`until` ends the waiting task after so many seconds; `moved` is told of every second that passes."""

    date: datetime = START
    passed: float = 0.0
    until: float = 86_400.0
    waits: list[float] = field(default_factory=list)
    moved: Callable[[float], None] = lambda seconds: None

    def turn(self, seconds: float) -> None:
        self.date += timedelta(seconds=seconds)
        self.passed += seconds
        self.moved(seconds)

    def set_date(self, by: timedelta) -> None:
        """Somebody sets the date; no time passes."""
        self.date += by

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        await asyncio.sleep(0)
        if event.is_set():
            return
        if self.passed >= self.until:
            raise asyncio.CancelledError
        self.waits.append(seconds)
        self.turn(seconds)

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.date, steady=lambda: self.passed, wait=self.wait)
