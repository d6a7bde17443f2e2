"""Lanes for tests that disturb the program: preparing one takes seconds, so tests of a process share theirs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sweeps.crash.lane import Lane, open_lane


@pytest.fixture(scope="session")
def _shared_lane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lane]:
    with open_lane(tmp_path_factory.mktemp("lanes") / "lane") as lane:
        yield lane


@pytest.fixture
def lane(_shared_lane: Lane) -> Lane:
    """An account on which anything may be tried after `restore`."""
    return _shared_lane
