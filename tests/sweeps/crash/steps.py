"""An event loop that counts its steps and has a signal sent to the process at one of them.

A step is one callback: what a coroutine does between two awaits, or the end of what it waited for.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextvars import Context
from signal import Signals
from typing import Any


class Steps:
    """Counts from 1; before step number `at` is taken, the process gets `signal`."""

    def __init__(self, at: int | None = None, signal: Signals = Signals.SIGKILL) -> None:
        self.taken = 0
        self._at, self._signal = at, signal

    def take(self) -> None:
        self.taken += 1
        if self.taken == self._at:
            os.kill(os.getpid(), self._signal)

    def policy(self) -> asyncio.AbstractEventLoopPolicy:
        """Has every new event loop count here."""
        steps = self

        class Policy(asyncio.DefaultEventLoopPolicy):
            def new_event_loop(self) -> asyncio.AbstractEventLoop:
                return _CountingLoop(steps)

        return Policy()


class _CountingLoop(asyncio.SelectorEventLoop):
    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        super().__init__()

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> asyncio.Handle:
        return super().call_soon(self._counted, callback, *args, context=context)

    def call_soon_threadsafe(
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return super().call_soon_threadsafe(self._counted, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return super().call_at(when, self._counted, callback, *args, context=context)

    def _counted(self, callback: Callable[..., Any], *args: Any) -> None:
        self._steps.take()
        callback(*args)
