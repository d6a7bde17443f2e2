"""What the commands do to the pictures themselves, seen by strace: nothing, except purge and repair."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.conftest import MakeHome
from tests.end_to_end.harness import Home, small
from tests.end_to_end.test_changes import drawn, roomy
from tests.end_to_end.test_upkeep import needs_strace, victims

CALLS = (
    "open,openat,openat2,creat,unlink,unlinkat,rmdir,rename,renameat,renameat2,link,linkat,symlink,symlinkat,"
    "truncate,ftruncate,fallocate"
)
OWN = re.compile(r"thumbnails|albums|staging|quarantine|journal|snapshots?|catalog\.sqlite.*|manifest-.*|\.fbbackup.*")
_PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
_FD = re.compile(r"^\w+\(\d+<([^>]*)>")


@dataclass(frozen=True)
class Deed:
    """A call that changed what a name of an original stands for, or opened an original for writing."""

    call: str
    key: str
    to: str = ""


def deeds(log: str, archive: Path, cwd: Path) -> Iterator[Deed]:
    """What the calls of a log, made by a program in `cwd`, did to originals below an archive. Calls that failed did
    nothing."""
    for line in whole_lines(log):
        call, _, rest = line.partition("(")
        if not re.search(r"\) += [0-9]", rest):
            continue
        paths = [key_of(cwd / where / name, archive) for where, name in _PATH.findall(rest)]
        if (opened := _FD.match(line)) and not paths:
            paths = [key_of(Path(opened[1]), archive)]
        if call.startswith(("open", "creat")):
            writes = call == "creat" or re.search(r"O_WRONLY|O_RDWR|O_TRUNC|O_CREAT", rest)
            yield from (Deed("write", key) for key in paths if writes and is_original(key))
        elif call.startswith("rename"):
            old, new = paths
            if is_original(old):
                yield Deed("rename", old, new)
            if is_original(new) and "RENAME_NOREPLACE" not in rest:
                yield Deed("replace", new)
        elif call.startswith(("unlink", "rmdir", "truncate", "ftruncate", "fallocate")):
            yield from (Deed(call.removesuffix("at"), key) for key in paths if is_original(key))


def whole_lines(log: str) -> Iterator[str]:
    """The log's calls without the process in front, those that were interrupted by others put together."""
    waiting: dict[str, str] = {}
    for line in log.splitlines():
        pid, _, call = line.partition(" ")
        call = call.strip()
        if call.endswith("<unfinished ...>"):
            waiting[pid] = call.removesuffix("<unfinished ...>")
        elif call.startswith("<... "):
            yield waiting.pop(pid, "") + call.partition(" resumed>")[2]
        else:
            yield call


def key_of(path: Path, archive: Path) -> str:
    """The path from the archive; empty for what lies elsewhere."""
    return str(path.relative_to(archive)) if path.is_relative_to(archive) else ""


def is_original(key: str) -> bool:
    parts = key.split("/")
    return bool(key) and key != "." and parts[-1] != "manifest.jsonl" and not OWN.fullmatch(parts[0])


class Watched:
    """A home whose commands run under strace."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def run(self, *arguments: str) -> list[Deed]:
        """What a command did to originals, in files and not in folders; it may end with any code."""
        log = self.home.folder / "strace.log"
        prefix = ["strace", "-f", "-y", "-s", "4096", "-o", str(log), "-e", f"trace={CALLS}"]
        process = self.home.start("--quiet", *arguments, prefix=prefix)
        _, err = process.communicate(timeout=110)
        assert process.returncode in (0, 2, 4, 5), (arguments, err)
        return list(deeds(log.read_text(), self.home.archive, Path.cwd()))


@pytest.fixture
def watched(make_home: MakeHome) -> Watched:
    return Watched(make_home(small(album_sizes=[9, 4], loose=1, tagged=1, videos=1)))


@needs_strace
def test_no_command_touches_an_original_but_purge_and_repair(watched: Watched) -> None:
    home = watched.home
    assert watched.run("sync") == []
    touched = edit_upstream(home)
    moved, edited, deleted, purged = [path for path in victims(home, 12) if photo_of(home, path)[0] not in touched][:4]
    (home.archive / "Mum").mkdir()
    moved.rename(home.archive / "Mum" / "lake.jpg")
    edited.write_bytes(b"edited")
    deleted.unlink()
    (home.archive / "photos" / "my own.jpg").write_bytes(drawn())
    before = home.files()
    for command in ("sync", "sync --deep", "verify", "verify --sample 50", "doctor --strict", "audit", "status"):
        assert watched.run(*command.split()) == [], command
    after = home.files()
    assert before.items() <= after.items() | manifests(after).items() | manifests(before).items()
    key = str(edited.relative_to(home.archive))
    assert watched.run("verify", "--repair") == [Deed("rename", key, f"quarantine/{key}")]
    photo, gone = photo_of(home, purged)
    assert watched.run("purge", photo) == []
    assert watched.run("purge", photo, "--yes") == [Deed("unlink", gone)]
    assert watched.run("sync", "--deep") == []
    (home.archive / "photos" / "my own.jpg").unlink()


def edit_upstream(home: Home) -> list[str]:
    """A new photo, another caption, a photo taken down, and one that Facebook encoded anew."""
    library = home.sim.library
    album = roomy(home)[0]
    ids = [one for one in library.album_photos(album) if library.item(one).kind == "photo"]  # type: ignore[union-attr]
    library.add_photo(album, "New")
    library.recaption(ids[0], "Words that were written anew")
    library.delete_photo(ids[1])
    library.own_bytes[ids[2]] = drawn((640, 480), "navy")
    library.own_sizes[ids[2]] = (640, 480, "jpeg")
    home.sim.pictures._kept.clear()
    return ids[:3]


def manifests(files: dict[str, bytes]) -> dict[str, bytes]:
    return {key: body for key, body in files.items() if key.endswith("manifest.jsonl")}


def photo_of(home: Home, path: Path) -> tuple[str, str]:
    """The photo that a file belongs to, and its key."""
    key = str(path.relative_to(home.archive))
    found = home.rows("SELECT x.photo_id FROM photo_files x JOIN files f USING (sha256) WHERE f.key = ?", key)
    assert len(found) == 1
    return str(found[0][0]), key


@needs_strace
@pytest.mark.parametrize(
    ("deed", "seen"),
    [
        ("os.unlink('photos/a')", Deed("unlink", "photos/a")),
        ("os.rename('photos/a', 'quarantine/a')", Deed("rename", "photos/a", "quarantine/a")),
        ("os.rename('staging/b', 'photos/a')", Deed("replace", "photos/a")),
        ("os.truncate('photos/a', 0)", Deed("truncate", "photos/a")),
        ("open('photos/a', 'r+b').close()", Deed("write", "photos/a")),
        ("os.unlink('a', dir_fd=os.open('photos', os.O_RDONLY))", Deed("unlink", "photos/a")),
        ("threading.Thread(target=lambda: os.unlink('photos/a')).start()", Deed("unlink", "photos/a")),
    ],
)
def test_every_such_deed_would_be_seen(tmp_path: Path, deed: str, seen: Deed) -> None:
    for key in ("photos/a", "staging/b", "quarantine/b"):
        (tmp_path / key).parent.mkdir()
        (tmp_path / key).write_bytes(b"x")
    log = tmp_path / "log"
    strace = ["strace", "-f", "-y", "-o", str(log), "-e", f"trace={CALLS}"]
    command = [*strace, sys.executable, "-c", f"import os, threading\n{deed}"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60, capture_output=True)
    assert [one for one in deeds(log.read_text(), tmp_path, tmp_path) if one.key.startswith("photos/")] == [seen]
