"""One pretend Facebook a test; nothing secret may have reached its pictures, and no address outside."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fbbackup.simulator import Library, Simulator
from tests.sources.accounts import SIZES


@pytest.fixture
def sim() -> Iterator[Simulator]:
    library = Library(album_sizes=SIZES, loose=5, tagged=6, videos=4, shared=0, largest=320)
    with Simulator(library, budget=100_000) as running:
        yield running
    assert running.leaks == []
    assert running.world.ledger.canaries == []
