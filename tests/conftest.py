"""What all tests share: sweeps run only when they are asked for."""

from __future__ import annotations

import os

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("FBBACKUP_SWEEP"):
        return
    left_out = pytest.mark.skip(reason="a sweep: set FBBACKUP_SWEEP=1 or run `make sweep`")
    for item in items:
        if item.get_closest_marker("sweep"):
            item.add_marker(left_out)
