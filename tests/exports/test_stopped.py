"""Imports that are killed, and what comes back from the archive's files alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.exports.home import Home, expected_bodies, expected_members, expected_told
from tests.exports.layouts import FOUR, TWO, Layout
from tests.exports.pack import zips
from tests.exports.truth import drawn


def command(home: Home, *arguments: str) -> subprocess.Popen[str]:
    config = home.folder / "config.toml"
    config.write_text(
        f"archive = {json.dumps(str(home.archive))}\n[limits]\nkeep_free_bytes = 0\n[thumbnails]\nsize = 32\n"
    )
    environ = {**os.environ, "XDG_STATE_HOME": str(home.folder / "state"), "HOME": str(home.folder)}
    return subprocess.Popen(
        [sys.executable, "-m", "fbbackup", "--config", str(config), *arguments],
        env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def kept(home: Home) -> int:
    return sum(1 for path in (home.archive / "photos").rglob("*.jpg")) if (home.archive / "photos").is_dir() else 0


@pytest.mark.parametrize("files", [1, 20])
def test_a_killed_import_goes_on_where_it_was(files: int, tmp_path: Path) -> None:
    truth = drawn(photos=60)
    home = Home(tmp_path)
    parts = [str(part) for part in zips(Layout(truth, TWO).files, tmp_path / "in", parts=2)]
    process = command(home, "import", *parts)
    deadline = time.monotonic() + 60
    while kept(home) < files and process.poll() is None and time.monotonic() < deadline:
        os.sched_yield()
    process.kill()
    process.communicate()
    again = command(home, "import", "--json", *parts)
    out, err = again.communicate(timeout=100)
    assert (again.returncode, err) == (0, "")
    record = json.loads(out)
    assert record["stored"] + record["unchanged"] == 60
    assert home.bodies() == expected_bodies(truth)
    assert home.members() == expected_members(truth)
    assert home.told() == expected_told(truth)
    assert home.findings() == []


def test_the_command_needs_nothing_but_an_archive(tmp_path: Path) -> None:
    truth = drawn(photos=10)
    home = Home(tmp_path)
    process = command(home, "import", *map(str, zips(Layout(truth, FOUR).files, tmp_path / "in")))
    out, err = process.communicate(timeout=100)
    assert (process.returncode, err) == (0, "")
    assert out.splitlines()[-1].startswith("facebook-ada-example: complete: 10 new photos, 10 stored")
    assert home.rows("SELECT name, source, display_name FROM accounts") == [
        ("facebook-ada-example", "export", truth.owner)
    ]
    said, _ = command(home, "why", truth.photos[0].id).communicate(timeout=100)
    assert "from export" in said


def test_nothing_to_import_is_said_in_one_line(tmp_path: Path) -> None:
    process = command(Home(tmp_path), "import", str(tmp_path / "absent.zip"))
    out, err = process.communicate(timeout=100)
    assert (process.returncode, out, err.count("\n")) == (2, "", 1)
    assert "absent.zip" in err


def test_all_of_it_comes_back_without_the_catalog(tmp_path: Path) -> None:
    truth = drawn(photos=30)
    home = Home(tmp_path)
    parts = zips(Layout(truth, FOUR).files, tmp_path / "in")
    home.bring_in(parts)
    before = home.everything()
    for path in home.archive.glob("catalog.sqlite*"):
        path.unlink()
    process = command(home, "rebuild")
    _, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    assert home.everything() == before
    assert home.bring_in(parts).record()["unchanged"] == 30
    assert home.everything() == before
