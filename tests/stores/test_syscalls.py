"""The order of the store's system calls and what it makes of their faults, seen and provoked by strace."""

from __future__ import annotations

import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from fbbackup.stores.directory import DirectoryStore

PROJECT = Path(__file__).parents[2]
KEY = "photos/2014/07/a.jpg"
CALLS = "openat,write,fsync,syncfs,renameat2,linkat,renameat,rename,mkdirat,unlinkat,unlink,close"
needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")

PUT = "await store.put('photos/2014/07/a.jpg', b'x' * 1000)"
SETTLE = "await store.settle(['photos/2014/07/a.jpg'])"
STAGE = """
async def chunks():
    yield b'x' * 1000
staged = await store.stage(chunks())
"""


def program(root: Path, work: str) -> str:
    lines = "\n".join("    " + line for line in work.strip().splitlines())
    return f"""
import asyncio
from pathlib import Path
from fbbackup.errors import FbbackupError
from fbbackup.stores.directory import DirectoryStore
store = DirectoryStore(Path({str(root)!r}), threads=1)
async def work():
{lines}
try:
    asyncio.run(work())
except FbbackupError as error:
    print(type(error).__name__, error)
for warning in store.warnings:
    print("warning", warning)
store.close()
"""


def traced(
    root: Path, work: str, *injections: str, only: Sequence[str] = (), calls: str = CALLS
) -> tuple[str, list[str]]:
    """What the program prints, and its calls on files below the root, with the paths relative to it."""
    log = root.parent / "strace.log"
    options = [option for injection in injections for option in ("-e", f"inject={injection}")]
    strace = ["strace", "-f", "-y", "-o", log, "-e", f"trace={calls}", *only, *options]
    run = subprocess.run(
        [*strace, sys.executable, "-c", program(root, work)],
        capture_output=True, text=True, cwd=PROJECT, timeout=60, check=True,
    )  # fmt: skip
    lines = [line.split(maxsplit=1)[1] for line in log.read_text().splitlines() if str(root) in line]
    return run.stdout, [line.replace(str(root), "ROOT") for line in lines if not line.startswith("close")]


def first(calls: list[str], pattern: str, start: int = 0) -> int:
    """Where the first such call stands; fails when there is none."""
    for number in range(start, len(calls)):
        if re.search(pattern, calls[number]):
            return number
    raise AssertionError(f"no {pattern} from {start} in\n" + "\n".join(calls))


@needs_strace
@pytest.mark.parametrize(
    ("injection", "move"),
    [
        ((), r"renameat2\(.*staging.*a\.jpg\", RENAME_NOREPLACE\) = 0"),
        (("renameat2:error=EINVAL",), r"linkat\(.*staging.*a\.jpg\", 0\) = 0"),
        (("renameat2:error=ENOSYS", "linkat:error=EPERM"), r"rename(at)?\(.*\.part.*a\.jpg\"\) = 0"),
    ],
    ids=["renameat2", "link", "claim"],
)
def test_bytes_are_durable_before_the_name_and_the_name_before_settle_ends(
    root: Path, injection: tuple[str, ...], move: str
) -> None:
    said, calls = traced(root, f"{PUT}\n{SETTLE}", *injection)
    assert said == ""
    written = first(calls, r"write\(.*staging/\w+\.part>.*= 1000")
    synced = first(calls, r"fsync\(.*staging/\w+\.part>\) += 0", written)
    moved = first(calls, move, synced)
    assert first(calls, r"(renameat2|linkat|rename|renameat)\(.*a\.jpg") > synced
    for folder in ("ROOT/photos/2014/07", "ROOT", "ROOT/photos", "ROOT/photos/2014"):
        first(calls, rf"fsync\(\d+<{folder}>\) += 0", moved)
    assert (root / KEY).read_bytes() == b"x" * 1000
    assert list((root / "staging").iterdir()) == []


@needs_strace
def test_each_folder_is_synced_once_a_group_and_ancestors_once_a_process(root: Path) -> None:
    work = "for n in range(6): await store.put(f'photos/2014/07/{n}', b'x')\n"
    work += "await store.settle([f'photos/2014/07/{n}' for n in range(5)])\nawait store.settle(['photos/2014/07/5'])"
    _, calls = traced(root, work)
    counts = [sum(f"<{folder}>)" in call for call in calls if call.startswith("fsync"))
              for folder in ("ROOT/photos/2014/07", "ROOT/photos/2014", "ROOT/photos", "ROOT")]  # fmt: skip
    assert counts == [2, 1, 1, 1]


@needs_strace
def test_folders_that_an_older_run_left_unsettled_are_settled(root: Path) -> None:
    traced(root, PUT)
    _, calls = traced(root, f"{PUT}\n{SETTLE}")
    first(calls, r"fsync\(\d+<ROOT/photos/2014/07/a\.jpg>\) += 0")
    for folder in ("ROOT", "ROOT/photos", "ROOT/photos/2014", "ROOT/photos/2014/07"):
        first(calls, rf"fsync\(\d+<{folder}>\) += 0")


@needs_strace
def test_streams_are_synced_on_the_descriptor_that_wrote_them(root: Path) -> None:
    _, calls = traced(root, STAGE + "await store.keep(staged, 'videos/a.mp4')")
    opened = first(calls, r"openat\(.*\.part.*O_EXCL.*O_NOFOLLOW")
    written = first(calls, r"write\(.*\.part>.*= 1000", opened)
    synced = first(calls, r"fsync\(.*\.part>\) += 0", written)
    descriptor = re.search(r"write\((\d+)<", calls[written])
    assert descriptor
    assert calls[synced].startswith(f"fsync({descriptor[1]}<")
    assert first(calls, r"renameat2\(.*a\.mp4", synced)
    assert sum(".part" in call and "openat" in call for call in calls) == 1


@needs_strace
def test_derived_files_wait_for_one_syncfs(root: Path) -> None:
    work = "for n in range(5): await store.put_derived(f'thumbnails/{n}', b'x')\nawait store.sync_derived()"
    _, calls = traced(root, work)
    assert not [call for call in calls if call.startswith("fsync")]
    assert first(calls, r"syncfs\(\d+<ROOT>\) += 0") == len(calls) - 1


@needs_strace
@pytest.mark.parametrize("work", [PUT, STAGE], ids=["put", "stage"])
@pytest.mark.parametrize(
    ("injection", "words"),
    [
        ("fsync:error=EIO:when=1", "fails (Input/output error)"),
        ("fsync:error=ENOSPC:when=1", "disk full"),
        ("fsync:error=EDQUOT:when=1", "disk full"),
        ("renameat2,mkdirat:error=EROFS:when=1", "is read-only"),
    ],
)
def test_a_disk_that_fails_leaves_no_file_and_is_asked_once(root: Path, work: str, injection: str, words: str) -> None:
    said, calls = traced(root, work, injection)
    assert said.startswith("ArchiveUnusable")
    assert words in said
    assert said.count("\n") == 1
    assert sum("INJECTED" in call for call in calls) == 1
    assert sum(call.startswith("fsync") for call in calls) <= 1
    assert not [path for path in root.rglob("*") if path.is_file()]


@needs_strace
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_a_failing_settle_promises_nothing(root: Path, error: str) -> None:
    said, calls = traced(root, f"{PUT}\n{SETTLE}\nprint('promised')", f"fsync:error={error}:when=2")
    assert said.startswith("ArchiveUnusable")
    assert "promised" not in said
    assert sum(call.startswith("fsync") for call in calls) == 2


@needs_strace
@pytest.mark.parametrize("error", ["EINVAL", "EOPNOTSUPP"])
def test_a_file_system_without_fsync_is_warned_of_once(root: Path, error: str) -> None:
    said, _ = traced(root, f"{PUT}\n{SETTLE}", f"fsync:error={error}")
    assert said.startswith("warning durability can't be proved on this file system")
    assert said.count("\n") == 1
    assert (root / KEY).exists()


@needs_strace
def test_a_failing_syncfs_is_told(root: Path) -> None:
    said, _ = traced(root, "await store.sync_derived()", "syncfs:error=EIO")
    assert said.startswith("ArchiveUnusable")


def test_a_file_larger_than_allowed_leaves_nothing(root: Path) -> None:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    work = "await store.put('photos/a', b'x' * 100_001)"
    run = subprocess.run(
        [sys.executable, "-c", program(root, work)],
        capture_output=True, text=True, cwd=PROJECT, timeout=60, check=True, preexec_fn=limit,
    )  # fmt: skip
    assert run.stdout.startswith("ArchiveUnusable a file is larger than")
    assert not [path for path in root.rglob("*") if path.is_file()]


DIGESTS = "print([(r.fault or r.bytes) if r else r for r in store.digests(['photos/a', 'photos/b', 'photos/c'])])"


@needs_strace
@pytest.mark.parametrize("call", ["read", "openat", "fstat,newfstatat"])
def test_a_file_that_can_not_be_read_is_a_finding_and_the_next_is_read(root: Path, call: str) -> None:
    (root / "photos").mkdir()
    for name in "ac":
        (root / "photos" / name).write_bytes(b"x" * 10)
    traced_file = ["-P", str(root / "photos" / "a")] if call != "openat" else ["-P", "a"]
    said, _ = traced(root, DIGESTS, f"{call}:error=EIO", only=traced_file, calls=call)
    assert said == "['Input/output error', None, 10]\n"


@needs_strace
def test_a_folder_that_can_not_be_opened_spoils_its_files_only(root: Path) -> None:
    (root / "photos").mkdir()
    (root / "photos" / "a").write_bytes(b"x")
    said, _ = traced(root, DIGESTS, "openat:error=EIO", only=["-P", "photos"], calls="openat")
    assert said == "['Input/output error', 'Input/output error', 'Input/output error']\n"


def test_a_reader_that_is_told_to_stop_ends_soon(root: Path) -> None:
    """A file without end is read until then."""
    (root / "photos").mkdir()
    with (root / "photos" / "a").open("wb") as file:
        file.truncate(1 << 40)
    store = DirectoryStore(root, threads=1)
    stop = threading.Event()
    reader = threading.Thread(target=store.digests, args=(["photos/a"] * 1000, stop))
    reader.start()
    stop.set()
    reader.join(30)
    assert not reader.is_alive()
    store.close()
