"""Peak memory of listing a huge library beside listing 10,000 photos, by `fbbackup sync --dry-run` as a process.

python -m benchmarks.memory [--photos 200000]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Figure, show
from benchmarks.servers import simulator
from benchmarks.whole_run import prepared

SMALL = 10_000
IN_AN_ALBUM = 500


def peak(photos: int) -> float:
    """Megabytes at the peak of a dry run, whose catalog is a file that is thrown away."""
    account = ("--photos", photos, "--albums", max(2, photos // IN_AN_ALBUM))
    with tempfile.TemporaryDirectory(prefix="fbbackup-bench-") as home, simulator(*account) as facebook:
        command, environ = prepared(Path(home), facebook, "--dry-run")
        began = time.monotonic()
        process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        told = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    listed = json.loads(told)["counters"]["photos_new"]
    assert listed >= 0.98 * photos, told
    print(f"{listed:,} photos listed: {used.ru_maxrss / 1024:.1f} MB, {time.monotonic() - began:.0f} s", flush=True)
    return used.ru_maxrss / 1024


def run(arguments: Sequence[str] = ()) -> list[Figure]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=200_000)
    options = parser.parse_args(arguments)
    small, large = peak(SMALL), peak(options.photos)
    name = f"peak memory of listing {options.photos:,} photos"
    return show([Figure(name, "MB", large, f"listing {SMALL:,}", small, large / small, 1.15, at_most=True)])


if __name__ == "__main__":
    run(sys.argv[1:])
