"""Rot, cuts, swaps and losses among many files: `verify` names each of them, and nothing that is sound."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from sqlite3 import Connection

import pytest

from fbbackup.catalog import albums, open_catalog, photos
from fbbackup.catalog.downloads import Kept, record_files
from fbbackup.models import Photo, Picture, StoredFile
from fbbackup.stores.archive import create_or_open
from tests.damages import DAMAGES

NOW = datetime(2026, 1, 1, tzinfo=UTC)
IN_A_FOLDER = 1000
GROUP = 1000
Figure = Callable[[str], None]


def archive_of(home: Path, sizes: Sequence[int], dice: random.Random) -> list[Path]:
    """An archive that holds a stored photo for each of these sizes; returns its files."""
    root = home / "archive"
    create_or_open(root, state_folder=home / "state" / "fbbackup", keep_free_bytes=0)
    kept = []
    for number, size in enumerate(sizes):
        key = f"photos/2014/{number // IN_A_FOLDER + 1:03}/2014-07-05_{number}.jpg"
        body = dice.randbytes(size)
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        file = StoredFile(key, sha256(body).hexdigest(), size)
        kept.append(Kept(str(number), file, Picture("image/jpeg", "jpg", 64, 48), "graph", None))
    with open_catalog(root / "catalog.sqlite") as catalog:
        account_id = catalog.write_now(albums.account, "ada", "graph", NOW)
        for start in range(0, len(kept), GROUP):
            catalog.write_now(_record, account_id, kept[start : start + GROUP])
    return [root / one.file.key for one in kept]


def _record(db: Connection, account_id: int, kept: list[Kept]) -> None:
    photos.record_photos(db, account_id, [Photo(one.photo_id) for one in kept], NOW)
    record_files(db, kept, NOW)


def verified(home: Path) -> tuple[int, int, list[str]]:
    """Exit code of `fbbackup verify`, how many files it checked, and the keys that it found damaged."""
    done = subprocess.run(
        [sys.executable, "-m", "fbbackup", "--archive", str(home / "archive"), "verify", "--json"],
        env={**os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "FBBACKUP_CONFIG": os.devnull},
        capture_output=True, text=True, timeout=1000, check=False,
    )  # fmt: skip
    record = json.loads(done.stdout)
    return done.returncode, record["checked"], sorted(damage["key"] for damage in record["damaged"])


def harm(paths: list[Path], count: int, dice: random.Random) -> dict[str, int]:
    """Damages this many files in all the ways there are, about as many in each; returns how many in which way."""
    victims = dice.sample(paths, count)
    done = dict.fromkeys(DAMAGES, 0)
    while victims:
        kind = min((kind for kind in DAMAGES if kind != "swapped" or len(victims) > 1), key=lambda kind: done[kind])
        path = victims.pop()
        other = victims.pop() if kind == "swapped" else path
        DAMAGES[kind](dice, path, other)
        done[kind] += 2 if kind == "swapped" else 1
    return done


def every_damage_is_found(home: Path, files: int, damages: int, largest: int) -> str:
    dice = random.Random(f"{files} {damages}")
    paths = archive_of(home, [dice.randrange(8, largest) for _ in range(files)], dice)
    before = {path: path.read_bytes() for path in paths}
    done = harm(paths, damages, dice)
    hurt = sorted(
        str(path.relative_to(home / "archive"))
        for path in paths
        if not path.exists() or path.read_bytes() != before[path]
    )
    assert len(hurt) == damages
    assert verified(home) == (5, files, hurt)
    ways = ", ".join(f"{count} {kind}" for kind, count in done.items())
    return f"verify: {damages} of {damages} damages found ({ways}), 0 false alarms in {files - damages:,} other files"


def test_damages_are_found_and_nothing_else(tmp_path: Path, figure: Figure) -> None:
    figure(every_damage_is_found(tmp_path, files=400, damages=40, largest=20_000))


@pytest.mark.sweep
def test_500_damages_are_found_and_nothing_else(tmp_path: Path, figure: Figure) -> None:
    figure(every_damage_is_found(tmp_path, files=5000, damages=500, largest=50_000))


@pytest.mark.sweep
@pytest.mark.timeout(1200)
def test_no_false_alarm_in_100_000_files(tmp_path: Path, figure: Figure) -> None:
    dice = random.Random(5)
    archive_of(tmp_path, [dice.randrange(3000) + 8 for _ in range(100_000)], dice)
    code, checked, damaged = verified(tmp_path)
    figure(f"verify: {len(damaged)} false alarms in {checked:,} files")
    assert (code, checked, damaged) == (0, 100_000, [])
