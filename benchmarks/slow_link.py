"""Downloads over slow links beside the same peers: a capped rate, where nobody may waste any, and a long way.

python -m benchmarks.slow_link [--photos 400] [--rounds 5]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from benchmarks.download import ours, rates, theirs
from benchmarks.figures import Figure, Pairs, in_turns, need, show
from benchmarks.pictures import pictures
from benchmarks.servers import link, nginx

RATE = 20_000_000
ROUND_TRIP = 0.040


def capped(port: int, paths: Sequence[str], rounds: int) -> list[Figure]:
    """20 MB/s for all connections together."""
    with link(port, bytes_per_second=RATE) as slow:
        addresses = [f"http://127.0.0.1:{slow}{path}" for path in paths]
        works = {
            "curl": lambda: theirs("curl", addresses, table=False),
            "fbbackup": lambda: ours(addresses),
            "aria2": lambda: theirs("aria2", addresses),
        }
        found = rates(in_turns(works, rounds), len(paths))
    return [
        Pairs(found["fbbackup"], found[peer]).figure("download at 20 MB/s", "pictures/s", title, 0.98)
        for peer, title in (("curl", "curl -Z"), ("aria2", "aria2c -j16"))
    ]


def far(port: int, paths: Sequence[str], rounds: int) -> list[Figure]:
    """40 ms there and back."""
    with link(port, round_trip=ROUND_TRIP) as slow:
        addresses = [f"http://127.0.0.1:{slow}{path}" for path in paths]
        works = {
            "curl": lambda: theirs("curl", addresses, table=False),
            "fbbackup": lambda: ours(addresses),
            "aria2": lambda: theirs("aria2", addresses, connections=32),
        }
        found = rates(in_turns(works, rounds), len(paths))
    return [
        Pairs(found["fbbackup"], found[peer]).figure("download at 40 ms round trip", "pictures/s", title, goal)
        for peer, title, goal in (("curl", "curl -Z", 0.6), ("aria2", "aria2c -j32", 1.05))
    ]


def run(arguments: Sequence[str] = ()) -> list[Figure]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=400, help="pictures of a round at the capped rate")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    need("nginx", "aria2c", "curl", "sqlite3")
    made = pictures(max(1000, options.photos))
    paths = made.paths()
    with nginx(made.served) as port:
        figures = capped(port, paths[: options.photos], min(3, options.rounds))
        return show(figures + far(port, paths, options.rounds))


if __name__ == "__main__":
    run(sys.argv[1:])
