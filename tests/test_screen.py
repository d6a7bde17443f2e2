"""Words for sizes and times, and progress: plain lines where nobody watches, bars on a terminal."""

from __future__ import annotations

import io
import os
import pty
import re
from contextlib import suppress

import pytest

from fbbackup import screen
from fbbackup.protocols import Progress
from fbbackup.screen import progress, size_in_words, time_in_words


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_450_000, "1.4 MB"), (300_000, "300 kB"), (2e12, "2.0 TB")],
)
def test_sizes(size: float, words: str) -> None:
    assert size_in_words(size) == words


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (59, "59 s"), (150, "2 min"), (11_100, "3 h 5 min")])
def test_times(seconds: float, words: str) -> None:
    assert time_in_words(seconds) == words


def test_plain_lines_come_seldom_and_tell_all() -> None:
    out = io.StringIO()
    moments = iter([0.0, 1.0, 6.0, 6.0, 7.0])
    report = screen._lines("ada", out, clock=lambda: next(moments))
    state = Progress(calls=7, listed=300, stored=50, stored_total=300, bytes=15_000_000, failed=2)
    report(state)
    assert out.getvalue() == ""
    report(state)
    assert out.getvalue().startswith("ada: 7 calls, 300 photos listed, 50 of 300 stored, 15.0 MB, 8 photos/s, about ")
    assert out.getvalue().endswith("left, 2 failed\n")
    report(state)
    assert out.getvalue().count("\n") == 1


def test_quiet_shows_nothing() -> None:
    out = io.StringIO()
    with progress("ada", quiet=True, stream=out) as report:
        report(Progress(stored=1))
    assert out.getvalue() == ""


def read_out(terminal: int) -> str:
    """All that was written to a terminal, which gives only so much at a time."""
    pieces = []
    with suppress(BlockingIOError):
        while piece := os.read(terminal, 1 << 16):
            pieces.append(piece)
    return b"".join(pieces).decode()


def test_a_terminal_gets_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    parent, child = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "140")
    with os.fdopen(child, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        with progress("ada", quiet=False) as report:
            report(
                Progress(calls=7, albums=1, albums_total=4, listed=300, stored=50, stored_total=300, bytes=15_000_000)
            )
        terminal.flush()
        os.set_blocking(parent, False)
        shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", read_out(parent))
    os.close(parent)
    assert "50/300" in shown
    assert "15.0 MB" in shown
    assert "7 calls" in shown


def test_a_check_of_files_is_told_in_its_own_words() -> None:
    out = io.StringIO()
    ticks = iter([0.0, 10.0, 10.0])
    report = screen._lines("verify", out, lambda: next(ticks))
    report(Progress(checked=250, to_check=1000, bytes=75_000_000, failed=2))
    assert out.getvalue() == "verify: 250 of 1000 files checked, 75.0 MB, 25 files/s, about 30 s left, 2 bad\n"


def test_a_terminal_gets_a_bar_of_files(monkeypatch: pytest.MonkeyPatch) -> None:
    parent, child = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "140")
    with os.fdopen(child, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        with progress("verify", quiet=False) as report:
            report(Progress(checked=250, to_check=1000, bytes=75_000_000, failed=2))
        terminal.flush()
        os.set_blocking(parent, False)
        shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", read_out(parent))
    os.close(parent)
    assert "verify: files" in shown
    assert "250/1000" in shown
    assert "2 bad" in shown
