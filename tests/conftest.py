"""What all tests share: sweeps run only when asked for and print what they measured; no test fails for being slow."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from tests import canary

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


@pytest.fixture(scope="session", autouse=True)
def no_token_is_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """See `tests/canary.py`."""
    yield
    if canary.is_wanted():
        assert canary.in_files(tmp_path_factory.getbasetemp()) == []


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """What a test that passed wrote to logs and screens holds no token."""
    if canary.is_wanted() and report.passed and any(canary.in_text(text) for _, text in report.sections):
        report.outcome = "failed"
        report.longrepr = "a token of the pretend Facebook is in what this test wrote"


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
