"""What all tests share: sweeps run only when asked for and print what they measured; no test fails for being slow."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import settings

settings.register_profile("fbbackup", deadline=None)
settings.load_profile("fbbackup")

FIGURE = "figure"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("FBBACKUP_SWEEP"):
        return
    left_out = pytest.mark.skip(reason="a sweep: set FBBACKUP_SWEEP=1 or run `make sweep`")
    for item in items:
        if item.get_closest_marker("sweep"):
            item.add_marker(left_out)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Tells a measured figure, in one plain line that is printed at the end, from parallel tests as well."""
    return lambda line: record_property(FIGURE, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    lines = sorted({str(value) for report in reports for name, value in report.user_properties if name == FIGURE})
    if lines:
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.line(line)
