"""One account with three albums, and its empty archive."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fake_source import FakeSource
from tests.jobs import Bench, bench


@pytest.fixture
def facebook() -> FakeSource:
    source = FakeSource()
    source.add_album("1", "Lake", photos=25)
    source.add_album("2", "Town", photos=3)
    source.add_album("3", "Empty")
    return source


@pytest.fixture
def ada(facebook: FakeSource) -> Iterator[Bench]:
    with bench(facebook) as made:
        yield made
