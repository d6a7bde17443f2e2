"""The daemon's gallery comes back by itself from what kept it away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest

from fbbackup.daemon.showing import AGAIN_SECONDS, Showing
from fbbackup.errors import ArchiveUnusable
from fbbackup.web.site import Site
from tests.daemon.wheel import Wheel


async def test_what_passes_keeps_the_gallery_away_only_so_long(caplog: pytest.LogCaptureFixture) -> None:
    wheel, ending, tries = Wheel(), asyncio.Event(), 0
    caplog.set_level(logging.INFO)

    async def serve(opened: Callable[[Site], None]) -> None:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise ArchiveUnusable("the catalog was never finished")
        ending.set()

    await Showing(serve, wheel.clock).go_on(ending)
    assert (tries, wheel.waits) == (4, [AGAIN_SECONDS] * 3)
    assert caplog.text.count("the gallery is not served") == 1


async def test_a_bug_in_the_gallery_ends_no_daemon(caplog: pytest.LogCaptureFixture) -> None:
    wheel, ending = Wheel(), asyncio.Event()

    async def serve(opened: Callable[[Site], None]) -> None:
        if wheel.passed:
            ending.set()
        raise RuntimeError("a bug")

    showing = Showing(serve, wheel.clock)
    await showing.go_on(ending)
    assert (showing.address, showing.link(), wheel.waits) == (None, None, [AGAIN_SECONDS])
