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
TALKING_THEMSELVES = ("tests/simulator/",)
"""Tests that call the pretend Facebook with a client of their own, whose log tells the addresses."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("FBBACKUP_SWEEP"):
        return
    left_out = pytest.mark.skip(reason="a sweep: set FBBACKUP_SWEEP=1 or run `make sweep`")
    for item in items:
        if item.get_closest_marker("sweep"):
            item.add_marker(left_out)


@pytest.fixture(scope="session", autouse=True)
def no_secret_is_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """See `tests/canary.py`."""
    if not canary.is_wanted():
        yield
        return
    with canary.Sampler() as sampler:
        yield
    assert sampler.hits == set()
    assert canary.in_files(tmp_path_factory.getbasetemp()) == []


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """What a test that passed wrote to logs and screens holds no secret."""
    if not canary.is_wanted() or not report.passed or report.nodeid.startswith(TALKING_THEMSELVES):
        return
    if hits := [name for name, text in report.sections if canary.in_text(text)]:
        report.outcome = "failed"
        report.longrepr = f"a secret of the pretend Facebook is in: {', '.join(hits)}"


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
