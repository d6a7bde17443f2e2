"""Importing an export beside `unzip` and `sha256sum` of the same zip, by `fbbackup import` as a process.

python -m benchmarks.imports [--pictures 1000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Cost, Figure, Pairs, in_turns, measured, need, show
from benchmarks.pictures import pictures

UNIT = "MB/s"


def export(folder: Path, count: int) -> Path:
    """A zip in the newest layout, with this many pictures in albums of a hundred, deflated as Facebook's are."""
    path = folder / "facebook-ada-2025-01-02-abcdefgh.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        albums: dict[str, list[dict[str, object]]] = {}
        for number, file in enumerate(sorted(pictures(count).albums.rglob("*.jpg"))):
            album = str(10150000000000000 + number // 100)
            name = f"your_facebook_activity/posts/media/Album_{album}/{10151000000000000 + number}.jpg"
            packed.write(file, name)
            node = {
                "uri": name,
                "creation_timestamp": 1_300_000_000 + number * 1000,
                "description": f"picture {number}",
            }
            albums.setdefault(album, []).append(node)
        for index, (album, photos) in enumerate(albums.items()):
            node = {"name": f"Album {album}", "photos": photos, "cover_photo": photos[0]}
            packed.writestr(f"your_facebook_activity/posts/album/{index}.json", json.dumps(node))
    return path


class Bench:
    """One zip, imported and unpacked again and again into folders that are thrown away."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.zip, self.count = folder, export(folder, count), count

    @property
    def size(self) -> float:
        return self.zip.stat().st_size / 1e6

    def imported(self, thumbnails: bool) -> Cost:
        """`fbbackup import` into a new archive."""
        home = self.folder / "home"
        home.mkdir()
        config = home / "config.toml"
        config.write_text(f'archive = "{home}/archive"\n[thumbnails]\nenabled = {str(thumbnails).lower()}\n')
        command = [sys.executable, "-m", "fbbackup", "--config", str(config), "-q", "import", "--json", str(self.zip)]
        environ = {**os.environ, "XDG_STATE_HOME": str(home / "state"), "HOME": str(home)}
        with measured() as cost:
            done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
        assert json.loads(done.stdout)["stored"] == self.count, done.stdout
        shutil.rmtree(home)
        return cost

    def unpacked(self) -> Cost:
        """`unzip`, then `sha256sum` of what came out; both to the disk, as an archive would be."""
        out = self.folder / "out"
        script = 'unzip -q "$0" -d "$1" && find "$1" -type f -print0 | xargs -0 sha256sum > "$1.sums"'
        with measured() as cost:
            subprocess.run(["bash", "-c", script, str(self.zip), str(out)], check=True)
        shutil.rmtree(out)
        return cost


def run(arguments: Sequence[str] = ()) -> list[Figure]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    need("unzip", "sha256sum")
    with tempfile.TemporaryDirectory(prefix="fbbackup-bench-") as name:
        bench = Bench(Path(name), options.pictures)
        works = {"ours": lambda: bench.imported(False), "peer": bench.unpacked, "whole": lambda: bench.imported(True)}
        costs = in_turns(works, options.rounds)
        speeds = {key: [bench.size / cost.seconds for cost in runs] for key, runs in costs.items()}
    for key, runs in costs.items():
        print(f"{key}: {min(c.seconds for c in runs):.2f} s, {min(c.cpu for c in runs):.2f} s of the processor")
    peer = "unzip + sha256sum"
    return show(
        [
            Pairs(speeds["ours"], speeds["peer"]).figure("import, every byte durable", UNIT, peer, 0.8),
            Pairs(speeds["whole"], speeds["peer"]).figure("import with thumbnails", UNIT, peer, 0.3),
        ]
    )


if __name__ == "__main__":
    run(sys.argv[1:])
