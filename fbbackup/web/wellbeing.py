"""Whether all is well, for `/healthz`: asked in a thread, and not more often than once a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from fbbackup.health import Health

KEPT_SECONDS = 1.0


class Wellbeing:
    """Answers everyone with the same look at the archive; the door is open, so looking must stay cheap."""

    def __init__(self, look: Callable[[], Health], clock: Callable[[], float] = time.monotonic) -> None:
        self._look, self._clock = look, clock
        self._one_at_a_time = asyncio.Lock()
        self._kept: tuple[float, Health] | None = None

    async def found(self) -> Health:
        async with self._one_at_a_time:
            now = self._clock()
            if self._kept is None or now - self._kept[0] > KEPT_SECONDS:
                self._kept = now, await asyncio.to_thread(self._look)
            return self._kept[1]
