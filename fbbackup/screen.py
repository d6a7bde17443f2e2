"""What people see: progress while a run works (bars on a terminal, plain lines elsewhere) and sizes in words."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from fbbackup.protocols import Progress, Report

LINE_SECONDS = 5.0
BAR_SECONDS = 0.1
UNITS = ("B", "kB", "MB", "GB", "TB")


def size_in_words(size: float) -> str:
    """Bytes as people read them: `300 kB`, `1.4 GB`."""
    unit = 0
    while size >= 1000 and unit < len(UNITS) - 1:
        size /= 1000
        unit += 1
    return f"{size:.0f} {UNITS[unit]}" if unit == 0 or size >= 100 else f"{size:.1f} {UNITS[unit]}"


def time_in_words(seconds: float) -> str:
    """A duration as people read it: `45 s`, `12 min`, `3 h 5 min`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def counted(number: int, one: str) -> str:
    """A number with its noun: `1 photo`, `12 photos`."""
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


@contextmanager
def progress(title: str, *, quiet: bool, stream: TextIO | None = None) -> Iterator[Report]:
    """Yields the receiver for a run's progress; shows it on stderr unless `quiet`."""
    out = stream or sys.stderr
    if quiet:
        yield lambda _: None
    elif out.isatty():
        with _bars(title) as report:
            yield report
    else:
        yield _lines(title, out)


def _lines(title: str, out: TextIO, clock: Callable[[], float] = time.monotonic) -> Report:
    began = clock()
    shown = began

    def report(now: Progress) -> None:
        nonlocal shown
        if clock() - shown < LINE_SECONDS:
            return
        shown = clock()
        out.write(f"{title}: {_summary(now, shown - began)}\n")
        out.flush()

    return report


def _summary(now: Progress, seconds: float) -> str:
    if now.to_check:
        return _summary_of_check(now, seconds)
    parts = [
        f"{now.calls} calls" if now.calls else "",
        f"{now.listed} photos listed",
        f"{now.stored} of {now.stored_total} stored",
    ]
    parts.append(size_in_words(now.bytes))
    if seconds > 0 and now.stored:
        rate = now.stored / seconds
        parts.append(f"{rate:.0f} photos/s")
        left = max(0, now.stored_total - now.stored) / rate
        parts.append(f"about {time_in_words(left)} left" if left else "")
    if now.failed:
        parts.append(f"{now.failed} failed")
    parts.append(now.message)
    return ", ".join(part for part in parts if part)


def _summary_of_check(now: Progress, seconds: float) -> str:
    parts = [f"{now.checked} of {now.to_check} files checked", size_in_words(now.bytes) if now.bytes else ""]
    if seconds > 0 and now.checked:
        rate = now.checked / seconds
        parts += [f"{rate:.0f} files/s", f"about {time_in_words((now.to_check - now.checked) / rate)} left"]
    parts += [f"{now.failed} bad" if now.failed else "", now.message]
    return ", ".join(part for part in parts if part)


@contextmanager
def _bars(title: str) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        albums = bars.add_task(f"{title}: albums", total=None, detail="")
        photos = bars.add_task(f"{title}: photos", total=None, detail="")
        shown = 0.0
        began = time.monotonic()

        def report(now: Progress) -> None:
            nonlocal shown
            moment = time.monotonic()
            if moment - shown < BAR_SECONDS:
                return
            shown = moment
            speed = f"{size_in_words(now.bytes)} · {size_in_words(now.bytes / max(moment - began, 0.001))}/s"
            if now.to_check:
                bars.update(albums, visible=False)
                bars.update(photos, description=f"{title}: files", **_checked(now, speed))
                return
            failed = f" · [red]{now.failed} failed[/]" if now.failed else ""
            bars.update(
                albums, completed=now.albums, total=now.albums_total, detail=f"{now.calls} calls · {now.listed} listed"
            )
            bars.update(
                photos,
                completed=now.stored,
                total=now.stored_total or None,
                detail=f"{speed}{failed} {now.message}",
            )

        yield report


def _checked(now: Progress, speed: str) -> dict[str, Any]:
    bad = f" · [red]{now.failed} bad[/]" if now.failed else ""
    return {"completed": now.checked, "total": now.to_check, "detail": f"{speed}{bad} {now.message}"}
