"""Loops that a command runs: what a stop does before, in and after the work."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from fbbackup.holding import run_loop


@pytest.fixture(autouse=True)
def as_in_a_command() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


async def _stopped() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.Event().wait()


def test_a_stop_ends_the_work_like_ctrl_c() -> None:
    with pytest.raises(KeyboardInterrupt):
        run_loop(_stopped())


def test_a_stop_after_the_work_ends_the_command_like_ctrl_c() -> None:
    run_loop(asyncio.sleep(0))
    assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
