"""`drill`: passes on a whole archive, fails in words on any other, and changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from fbbackup.drill import Drilled, drill
from fbbackup.errors import ArchiveUnusable
from fbbackup.stores.directory import DirectoryStore
from tests.restored import MONTH, NOW, edit, grounded, make, pictures, tree

PICTURE = "photos/2014/07/2014-07-05_1002.jpg"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("everything") / "archive")


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "archive")
    return tmp_path / "archive"


def drilled(root: Path) -> Drilled:
    with closing(DirectoryStore(root)) as store, grounded(root) as ground:
        return drill(ground, store, NOW)


def test_a_whole_archive_passes_and_nothing_changes(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    before = tree(root)
    found = drilled(root)
    assert found.problems == []
    assert found.files == len(pictures(root))
    assert found.bytes == sum(path.stat().st_size for path in pictures(root))
    assert found.record()["exit_code"] == 0
    assert found.lines()[-1].startswith(f"drill passed: {found.photos} photos restored")
    assert {name: digest for name, digest in tree(root).items() if not name.endswith(("-shm", "-wal"))} == before
    assert list((tmp_path / "scratch").iterdir()) == []


def flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(bytes(body))


def change_catalog(root: Path) -> None:
    with closing(sqlite3.connect(root / "catalog.sqlite")) as db:
        db.execute("UPDATE photos SET caption = 'only in the catalog' WHERE id = '1002'")
        db.commit()


HARMS: dict[str, tuple[Callable[[Path], object], str]] = {
    "flipped": (lambda root: flip(root / PICTURE), f"{PICTURE} has other bytes than were recorded"),
    "gone": (lambda root: (root / PICTURE).unlink(), f"{PICTURE} is missing"),
    "cut": (lambda root: (root / PICTURE).write_bytes(b""), f"{PICTURE} has 0 bytes instead of"),
    "manifest gone": (lambda root: (root / MONTH).unlink(), f"{MONTH} is missing"),
    "manifest edited": (lambda root: flip(root / MONTH), f"{MONTH}:"),
    "line gone": (lambda root: edit(root / MONTH, lambda lines: lines[1:]), f"{MONTH} is not as manifest-sha256.txt"),
    "albums gone": (lambda root: (root / "manifest-albums.jsonl").unlink(), "manifest-albums.jsonl is missing"),
    "journal gone": (lambda root: shutil.rmtree(root / "journal"), "the manifests differ from the catalog in"),
    "sums gone": (lambda root: (root / "manifest-sha256.txt").unlink(), "manifest-sha256.txt is missing"),
    "sums edited": (lambda root: flip(root / "manifest-sha256.txt"), "manifest-sha256.txt"),
    "catalog ahead": (change_catalog, "the manifests differ from the catalog in photos 2; the last run did not end"),
}


@pytest.mark.parametrize("harm", HARMS)
def test_what_is_not_whole_fails_in_one_line(root: Path, harm: str) -> None:
    act, words = HARMS[harm]
    act(root)
    found = drilled(root)
    assert any(problem.startswith(words) for problem in found.problems), found.problems
    assert found.record()["exit_code"] == 5
    assert found.lines()[-1].startswith("drill failed: ")


def test_without_a_catalog_there_is_nothing_to_compare(root: Path) -> None:
    (root / "catalog.sqlite").unlink()
    with pytest.raises(ArchiveUnusable, match="no catalog"):
        drilled(root)


def test_the_command_in_one_line_and_as_json(root: Path, tmp_path: Path) -> None:
    (root / ".fbbackup").write_text(json.dumps({"archive_id": "a" * 32, "format": 1, "created_at": "2026-01-01"}))
    environ = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "fbbackup", "--archive", str(root), *arguments]
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=90, check=False)

    done = run("drill")
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)
    assert json.loads(run("drill", "--json").stdout)["problems"] == []
    flip(root / PICTURE)
    assert run("drill").returncode == 5
    assert run("rebuild", "--json").returncode == 0
    (root / ".fbbackup").unlink()
    for command in ("drill", "rebuild"):
        done = run(command)
        assert (done.returncode, done.stderr.count("\n")) == (7, 1)
