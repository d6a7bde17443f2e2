"""One filled archive for all tests of the server in a process; tests that change it fill their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from fbbackup.simulator import Simulator
from fbbackup.simulator.library import Library
from tests.web.served import Filled, Inside, inside


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with Simulator(library=Library(photos=120, albums=6), videos_without_source=False, budget=100_000) as sim:
        home = Filled(tmp_path_factory.mktemp("served"), sim)
        home.sync()
        yield home


@pytest.fixture
async def gallery(filled: Filled, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Inside]:
    async with inside(filled.archive, tmp_path_factory.mktemp("state")) as found:
        yield found
