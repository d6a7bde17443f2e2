"""Zips that mean harm: nothing leaves the archive, each fault has a line, and the good photo comes in where it can."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fbbackup.errors import ConfigError
from fbbackup.import_run import Imported
from fbbackup.sources.export.zipentries import MOST_ENTRIES
from tests.exports.home import Home
from tests.exports.hostile import GOOD, HOSTILE, Hostile, many
from tests.exports.layouts import FOUR, Layout
from tests.exports.pack import zips
from tests.exports.truth import drawn


def _brought_in(home: Home, path: Path) -> Imported | ConfigError:
    try:
        return home.bring_in([path])
    except ConfigError as error:
        return error


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda each: each.name)
def test_a_hostile_zip_harms_nothing(hostile: Hostile, tmp_path: Path) -> None:
    path = tmp_path / "in" / "facebook-ada-2025-01-02-abcdefgh.zip"
    path.parent.mkdir()
    path.write_bytes(hostile.make())
    home = Home(tmp_path)
    done = _brought_in(home, path)
    if isinstance(done, ConfigError):
        assert (done.exit_code, hostile.good) == (2, False)
        assert hostile.told in str(done)
        assert path.name in str(done)
    else:
        assert hostile.told in "\n".join(done.refused)
        assert done.exit_code == (0 if hostile.flawless else 4)
        assert all(path.name in line and "\n" not in line and "\x1b" not in line for line in done.refused)
        stored = home.rows("SELECT id FROM photos WHERE state = 'stored' AND id = '10150000000000001'")
        assert bool(stored) == hostile.good
        assert home.findings() == []
    outside = {each.name for each in tmp_path.iterdir()}
    assert outside <= {"in", "archive", "state"}
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_all_of_them_at_once_and_a_good_one(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    truth = drawn(photos=10)
    good = zips(Layout(truth, FOUR).files, folder, parts=2)
    bad = []
    for number, hostile in enumerate(HOSTILE):
        bad.append(folder / f"facebook-ada.example-2025-03-04-{number:08}.zip")
        bad[-1].write_bytes(hostile.make())
    home = Home(tmp_path)
    done = home.bring_in([*bad[:20], *good, *bad[20:]])
    assert done.exit_code == 4
    stored = {id_ for (id_,) in home.rows("SELECT id FROM photos WHERE state = 'stored'")}
    assert {photo.id for photo in truth.photos} <= stored
    assert home.findings() == []


@pytest.mark.parametrize("count", [250_000, pytest.param(1_000_000, marks=pytest.mark.sweep)])
def test_a_million_entries_are_read_in_little_memory(count: int, tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    path.write_bytes(many(count))
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from fbbackup.sources.export.zipfiles import read_directory\n"
        "base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "found = read_directory(Path(sys.argv[1]))\n"
        "print(len(found.entries), found.entries[0].name, found.refused[-1])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True, timeout=60)
    first, grown = done.stdout.splitlines()
    assert first == f"{MOST_ENTRIES} {GOOD} {count - 199_999:,} entries beyond the first 200,000 are left out"
    assert int(grown) < 256 * 1024
