"""What the whole suite removes: every process of it is watched, and of originals only `purge` may unlink one.

Python tells each removal, replacement and cut before it happens (audit events). Where a frame of fbbackup does it to a
file below an archive's `photos/` or `videos/`, a line goes into a file of the process. Tests that play a user who
deletes files are told apart by their frames. Child processes get the watch through a `sitecustomize` of their own.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import MutableMapping
from pathlib import Path
from types import FrameType
from typing import Any

_ORIGINAL = re.compile(r"(.+)/(?:photos|videos)/(?:\d{4}/\d\d|undated)/(?!manifest\.jsonl)[^/]+")
_MARKER = ".fbbackup"
_PLACES_OF = {"os.remove": ((0, 1),), "os.rename": ((1, 3),), "os.truncate": ((0, None),), "open": ((0, None),)}
"""Where an event has the path that would be lost, and the descriptor of the folder that it is relative to."""
_SITECUSTOMIZE = """import sys
sys.path.append({project!r})
try:
    from tests.removals_watch import watch
    watch({folder!r})
finally:
    sys.path.remove({project!r})
"""


def watch(folder: str) -> None:
    """Watches this process; lines go below the folder."""
    sys.addaudithook(lambda event, args: _note(folder, event, args) if event in _PLACES_OF else None)


def watch_children(folder: Path, environ: MutableMapping[str, str]) -> None:
    """Has all Python processes watched that are started with this environment."""
    text = _SITECUSTOMIZE.format(project=str(Path(__file__).parents[1]), folder=str(folder))
    (folder / "sitecustomize.py").write_text(text, encoding="utf-8")
    known = environ.get("PYTHONPATH")
    environ["PYTHONPATH"] = f"{folder}{os.pathsep}{known}" if known else str(folder)


def removed(folder: Path) -> list[str]:
    """A line for each original that fbbackup unlinked, replaced or cut: function, event, path, command."""
    return [line for file in sorted(folder.glob("*.removed")) for line in file.read_text("utf-8").splitlines()]


def is_by_purge(line: str) -> bool:
    """Whether a line tells of the removal that only `purge` asks for (`tests/test_removals.py`)."""
    function, event, *_ = line.split("\t")
    return (function, event) == ("fbbackup.stores.tree.delete", "os.remove")


def _note(folder: str, event: str, args: tuple[Any, ...]) -> None:
    if event == "open" and not _cuts(args[2]):
        return
    function = _asking()
    if function is None:
        return
    for path_at, folder_at in _PLACES_OF[event]:
        path = _resolved(args[path_at], args[folder_at] if folder_at is not None else -1)
        found = _ORIGINAL.fullmatch(path)
        if found and os.path.lexists(path) and os.path.exists(f"{found[1]}/{_MARKER}"):
            _write(folder, "\t".join([function, event, path, " ".join(sys.argv)]))


def _cuts(flags: Any) -> bool:
    return isinstance(flags, int) and bool(flags & os.O_TRUNC)


def _resolved(path: Any, folder: Any) -> str:
    if isinstance(path, int):
        return os.readlink(f"/proc/self/fd/{path}")
    path = os.fsdecode(path)
    if isinstance(folder, int) and folder >= 0:
        return f"{os.readlink(f'/proc/self/fd/{folder}')}/{path}"
    return os.path.abspath(path)


def _asking() -> str | None:
    """The function of fbbackup that asks for it; None when a test does, or nobody of ours."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith("fbbackup."):
            return f"{module}.{frame.f_code.co_name}"
        if module.startswith("tests.") and module != __name__:
            return None
        frame = frame.f_back
    return None


def _write(folder: str, line: str) -> None:
    descriptor = os.open(
        f"{folder}/{os.getpid()}.removed", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
    )
    try:
        os.write(descriptor, (line + "\n").encode("utf-8", "surrogateescape"))
    finally:
        os.close(descriptor)
