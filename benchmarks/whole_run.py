"""A whole first run beside aria2c, sync, sha256sum, vipsthumbnail and sqlite3 one after the other: rate and processor.

python -m benchmarks.whole_run [--photos 1000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.figures import Cost, Figure, Pairs, in_turns, measured, need, show
from benchmarks.pictures import pictures
from benchmarks.servers import nginx, simulator

TOKEN = "FBBACKUP_TOKEN_BENCH"


def prepared(home: Path, facebook: dict[str, Any], *options: str) -> tuple[list[str], dict[str, str]]:
    """The command and the environment of a `fbbackup sync` into an archive below `home`."""
    config = home / "config.toml"
    config.write_text(
        f'archive = "{home}/archive"\n[[accounts]]\nname = "bench"\nsource = "graph"\napi_url = "{facebook["url"]}"\n'
    )
    environ = {k: v for k, v in os.environ.items() if not k.startswith("FBBACKUP_")}
    environ |= {TOKEN: facebook["token"], "XDG_STATE_HOME": f"{home}/state", "HOME": str(home)}
    return [sys.executable, "-m", "fbbackup", "--config", str(config), "sync", "--json", *options], environ


def first_run(facebook: dict[str, Any], count: int) -> Cost:
    with tempfile.TemporaryDirectory(prefix="fbbackup-bench-") as home:
        command, environ = prepared(Path(home), facebook)
        with measured() as cost:
            done = subprocess.run(command, env=environ, stdout=subprocess.PIPE)
        record = json.loads(done.stdout)
        assert (record["outcome"], record["counters"]["photos_stored"]) == ("complete", count), record
        assert record["counters"]["thumbnails"] == count, record
    return cost


def tools(addresses: list[str]) -> Cost:
    with tempfile.TemporaryDirectory(prefix="fbbackup-bench-") as home:
        return peers.whole_run(addresses, Path(home))


def run(arguments: Sequence[str] = ()) -> list[Figure]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    need("nginx", "aria2c", "vipsthumbnail", "sqlite3")
    made = pictures(options.photos)
    with nginx(made.served) as port:
        cdn = f"http://127.0.0.1:{port}"
        addresses = [cdn + path for path in made.paths()]
        with simulator("--photos-from", made.albums, "--cdn", cdn) as facebook:
            works = {
                "fbbackup": lambda: first_run(facebook, options.photos),
                "tools": lambda: tools(addresses),
            }
            costs = in_turns(works, options.rounds)
    rates = {name: [options.photos / cost.seconds for cost in found] for name, found in costs.items()}
    spent = {name: [1000 * cost.cpu / options.photos for cost in found] for name, found in costs.items()}
    return show(
        [
            Pairs(rates["fbbackup"], rates["tools"]).figure("whole run", "pictures/s", "tools in turn", 1.15),
            Pairs(spent["fbbackup"], spent["tools"]).figure(
                "processor time of a whole run", "ms/picture", "tools in turn", 0.85, at_most=True
            ),
        ]
    )


if __name__ == "__main__":
    run(sys.argv[1:])
