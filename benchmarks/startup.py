"""Whole processes of `fbbackup --help` and of `status` on a large catalog beside Python with click and sqlite3.

python -m benchmarks.startup [--photos 100000] [--rounds 15]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.catalog import Crawl, pages
from benchmarks.figures import Cost, Figure, Pairs, in_turns, need, show, stopwatch


def started(*command: str) -> Cost:
    """One process from its start to its end."""
    with stopwatch() as cost:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"FBBACKUP_CONFIG": os.devnull})
    return cost


def run(arguments: Sequence[str] = ()) -> list[Figure]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args(arguments)
    fbbackup = str(Path(sys.executable).with_name("fbbackup"))
    need(fbbackup)
    with tempfile.TemporaryDirectory(prefix="fbbackup-bench-") as home:
        crawl = Crawl(Path(home), list(pages(options.photos)))
        crawl.record()
        crawl.catalog.close()
        works = {
            "python": lambda: started(sys.executable, "-c", "import click, sqlite3"),
            "help": lambda: started(fbbackup, "--help"),
            "status": lambda: started(fbbackup, "--archive", home, "status"),
        }
        in_turns(works, 1)
        found = in_turns(works, options.rounds)
    taken = {name: [1000 * cost.seconds for cost in costs] for name, costs in found.items()}
    peer, status = "python -c 'import click, sqlite3'", f"fbbackup status of {options.photos:,} photos"
    return show(
        [
            Pairs(taken["help"], taken["python"]).figure("fbbackup --help", "ms", peer, 2, at_most=True),
            Pairs(taken["status"], taken["python"]).figure(status, "ms", peer, 4, at_most=True),
        ]
    )


if __name__ == "__main__":
    run(sys.argv[1:])
