"""After a failed fsync the bytes count as lost: nothing is synced twice, and nothing that was not synced is stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.sweeps.crash.lane import FIRST, Lane, Outcome, recover
from tests.sweeps.crash.subjects import bad, summary
from tests.sweeps.crash.tracing import why_not

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
Figure = Callable[[str], None]
ONE_DOWNLOAD = replace(FIRST, environ={"FBBACKUP_DOWNLOAD_WORKERS": "1"})
# Ours are fsyncs. SQLite syncs by fdatasync, what it writes and the folders it makes files in: it fails the write, and
# syncs again while it takes that back.
SYNC = re.compile(r"(?P<call>fsync|fdatasync)\(\d+<(?P<path>[^>]*)>\) += (?P<code>-?\d+)(?P<rest>.*)")
MOVE = re.compile(r'renameat2\(\d+<[^>]*>, "[^"]*", \d+<(?P<folder>[^>]*)>, "(?P<name>[^"]*)", RENAME_NOREPLACE\) += 0')


@dataclass(frozen=True)
class Traced:
    """What a run synced and moved, in its order: paths, each with whether it went well."""

    events: list[tuple[str, str, bool]]

    def synced_again(self) -> Iterator[str]:
        """Files that we synced once more after that had failed."""
        failed: set[str] = set()
        for what, path, well in self.events:
            if what == "fsync" and path in failed:
                yield path
            if what == "fsync" and not well:
                failed.add(path)

    def durable(self) -> set[str]:
        """Files whose folder was synced after they had got their name."""
        found: set[str] = set()
        waiting: dict[str, set[str]] = {}
        for what, path, well in self.events:
            if what == "move":
                waiting.setdefault(path.rpartition("/")[0], set()).add(path)
            elif well:
                found |= waiting.pop(path, set())
        return found


def read(log: Path) -> Traced:
    events = []
    for line in whole_lines(log.read_text()):
        if sync := SYNC.search(line):
            events.append((sync["call"], sync["path"], sync["code"] == "0"))
        elif move := MOVE.search(line):
            events.append(("move", f"{move['folder']}/{move['name']}", True))
    return Traced(events)


def whole_lines(text: str) -> Iterator[str]:
    """A line a call where it ended; strace cuts those that last while another thread calls."""
    begun: dict[str, str] = {}
    for line in text.splitlines():
        thread, call = line.split(maxsplit=1)
        if call.endswith("<unfinished ...>"):
            begun[thread] = call.removesuffix("<unfinished ...>").rstrip()
        elif resumed := re.match(r"<\.\.\. \w+ resumed>(.*)", call):
            yield begun.pop(thread) + resumed[1]
        else:
            yield call


def failed(lane: Lane, log: Path, call: str, number: int) -> Outcome | None:
    """A first run with a failing fsync; None when it makes fewer."""
    lane.restore(ONE_DOWNLOAD)
    trace = ["-e", "trace=fsync,fdatasync,renameat2", "-e", f"inject={call}:error=EIO:when={number}"]
    lane.command(ONE_DOWNLOAD, prefix=["strace", "-f", "-y", "-qq", "--seccomp-bpf", "-o", str(log), *trace])
    traced = read(log)
    if all(well for _, _, well in traced.events):
        return None
    wrong = [f"{path} was synced again" for path in traced.synced_again()]
    wrong += [f"{path} is called stored and was never synced" for path in stored(lane) - traced.durable()]
    outcome = recover(lane, ONE_DOWNLOAD, f"{call} {number}", lambda: lane.run(ONE_DOWNLOAD))
    return replace(outcome, trouble=(*wrong, *outcome.trouble))


def stored(lane: Lane) -> set[str]:
    """Paths of the files that the catalog has after the fault."""
    keys = lane.asked_of_copy("SELECT f.key FROM files f JOIN photos p ON p.sha256 = f.sha256 WHERE p.state = 'stored'")
    return {str(lane.home.archive / key) for (key,) in keys}


@pytest.mark.parametrize(("call", "number"), [("fsync", 9), ("fdatasync", 30)])
def test_a_failed_fsync_is_not_repeated(lane: Lane, tmp_path: Path, call: str, number: int) -> None:
    outcome = failed(lane, tmp_path / "log", call, number)
    assert outcome is not None
    assert not bad([outcome])


@pytest.mark.sweep
@pytest.mark.timeout(3600)
def test_no_failed_fsync_is_repeated(lane: Lane, tmp_path: Path, figure: Figure) -> None:
    outcomes: list[Outcome] = []
    for call in ("fsync", "fdatasync"):
        number = missed = 0
        # Runs share their calls out among threads a little differently each time.
        while missed < 3:
            number += 1
            outcome = failed(lane, tmp_path / "log", call, number)
            missed = missed + 1 if outcome is None else 0
            outcomes += [outcome] if outcome is not None else []
    figure(summary(f"EIO at each of {len(outcomes)} fsyncs of a first run, none synced again", outcomes))
    assert not bad(outcomes)
