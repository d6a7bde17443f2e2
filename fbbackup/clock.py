"""Time as long-running parts see it: the date, a count of seconds that no one can set, and waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def _steady() -> float:
    # Counts the hours of a suspended laptop as well, which `time.monotonic` does not on Linux.
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


@dataclass(frozen=True, slots=True)
class Clock:
    """`now` is the date (aware, UTC), which may jump. `steady` counts seconds and never jumps.

    `wait` returns when the event is set or the seconds have passed.
    """

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    steady: Callable[[], float] = _steady
    wait: Callable[[asyncio.Event, float], Awaitable[None]] = _wait
