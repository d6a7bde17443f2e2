"""`fbbackup verify` beside `sha256sum` on the same files, both as whole processes, of many pictures and of small files.

python -m benchmarks.verify [--pictures 3000] [--small 20000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from sqlite3 import Connection

from benchmarks.figures import Cost, Figure, Pairs, in_turns, need, show, stopwatch
from benchmarks.pictures import pictures
from fbbackup.catalog import albums, open_catalog, photos
from fbbackup.catalog.downloads import Kept, record_files
from fbbackup.models import Photo, Picture, StoredFile
from fbbackup.stores.archive import create_or_open

NOW = datetime(2026, 1, 1, tzinfo=UTC)
IN_A_FOLDER = 1000
DRAWN = 1000
SMALL_BYTES = 4000


def archive_of(home: Path, bodies: Iterator[bytes]) -> None:
    """An archive that holds a stored photo for each of these bodies, which differ."""
    root = home / "archive"
    create_or_open(root, state_folder=home / "state" / "fbbackup", keep_free_bytes=0)
    kept = []
    for number, body in enumerate(bodies):
        key = f"photos/2014/{number // IN_A_FOLDER + 1:03}/2014-07-05_{number}.jpg"
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(body)
        file = StoredFile(key, sha256(body).hexdigest(), len(body))
        kept.append(Kept(str(number), file, Picture("image/jpeg", "jpg", 64, 48), "graph", None))
    with open_catalog(root / "catalog.sqlite") as catalog:
        catalog.write_now(_record, catalog.write_now(albums.account, "ada", "graph", NOW), kept)


def _record(db: Connection, account_id: int, kept: list[Kept]) -> None:
    photos.record_photos(db, account_id, [Photo(one.photo_id) for one in kept], NOW)
    record_files(db, kept, NOW)


def by_fbbackup(home: Path, files: int) -> Cost:
    environ = os.environ | {"HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "FBBACKUP_CONFIG": os.devnull}
    command = [sys.executable, "-m", "fbbackup", "--archive", str(home / "archive"), "verify", "--json"]
    with stopwatch() as cost:
        done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout)["checked"] == files, done.stdout
    return cost


def by_sha256sum(home: Path, processes: int = 1) -> Cost:
    """The shell's way: every file is named, none is compared with anything."""
    parallel = f"-n 200 -P {processes}" if processes > 1 else ""
    command = f"find photos -type f -name '*.jpg' -print0 | sort -z | xargs -0 {parallel} sha256sum > /dev/null"
    with stopwatch() as cost:
        subprocess.run(command, shell=True, cwd=home / "archive", check=True)
    return cost


def measure(name: str, bodies: Sequence[bytes] | Iterator[bytes], files: int, rounds: int) -> list[Figure]:
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="fbbackup-bench-") as folder:
        home = Path(folder)
        archive_of(home, iter(bodies))
        os.sync()
        works = {
            "fbbackup": partial(by_fbbackup, home, files),
            "sha256sum": partial(by_sha256sum, home),
            "parallel": partial(by_sha256sum, home, cores),
        }
        in_turns(works, 1)
        found = in_turns(works, rounds)
    rates = {name: [files / cost.seconds for cost in costs] for name, costs in found.items()}
    alone = Pairs(rates["fbbackup"], rates["sha256sum"]).figure(f"verify of {name}", "files/s", "sha256sum", 0.9)
    peer = f"sha256sum in {cores} processes"
    return [alone, Pairs(rates["fbbackup"], rates["parallel"]).figure(f"verify of {name}", "files/s", peer, 0.9)]


def different(count: int) -> Iterator[bytes]:
    """So many pictures, each with a number of its own behind its end."""
    paths = sorted(path for path in pictures(DRAWN).albums.rglob("*.jpg"))
    for number in range(count):
        yield paths[number % len(paths)].read_bytes() + number.to_bytes(4, "big")


def run(arguments: Sequence[str] = ()) -> list[Figure]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=3000)
    parser.add_argument("--small", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    need("sha256sum", "xargs")
    dice = random.Random(1)
    small = (dice.randbytes(SMALL_BYTES) for _ in range(options.small))
    return show(
        [
            *measure(f"{options.pictures:,} pictures", different(options.pictures), options.pictures, options.rounds),
            *measure(f"{options.small:,} files of 4 KB", small, options.small, options.rounds),
        ]
    )


if __name__ == "__main__":
    run(sys.argv[1:])
