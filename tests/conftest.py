"""What all tests share: sweeps run only when asked for and print what they measured; no test fails for being slow."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings

from tests import canary, removals_watch

settings.register_profile("fbbackup", deadline=None)
settings.load_profile("fbbackup")

FIGURE = "figure"
TALKING_THEMSELVES = ("tests/simulator/",)
"""Tests that call the pretend Facebook with a client of their own, whose log tells the addresses."""
REMOVALS = "REMOVALS_OF_TESTS"
"""Names the folder of `tests/removals_watch.py`, one for each process that runs tests."""


def pytest_configure(config: pytest.Config) -> None:
    # This early, because modules of tests copy their environment when they are imported.
    folder = tempfile.mkdtemp(prefix="fbbackup-removals-")
    config.add_cleanup(partial(shutil.rmtree, folder, ignore_errors=True))
    os.environ[REMOVALS] = folder
    removals_watch.watch(folder)
    removals_watch.watch_children(Path(folder), os.environ)


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


@pytest.fixture(scope="session", autouse=True)
def removals() -> Iterator[Path]:
    """Where the removals of all tests are noted. No code but that of `purge` may unlink, replace or cut an original."""
    folder = Path(os.environ[REMOVALS])
    yield folder
    assert [line for line in removals_watch.removed(folder) if not removals_watch.is_by_purge(line)] == []


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
