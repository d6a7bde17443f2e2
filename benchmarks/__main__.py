"""Runs the benchmarks, all or the named ones, one after the other: `python -m benchmarks [NAME…]`."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from benchmarks.figures import Figure, Missing, number

NAMES = (
    "whole_run",
    "download",
    "slow_link",
    "calls",
    "memory",
    "startup",
    "thumbnails",
    "catalog",
    "gallery",
    "gallery_server",
    "imports",
    "verify",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}")
    names = parser.parse_args().names
    if unknown := set(names) - set(NAMES):
        parser.error(f"no benchmark is named {', '.join(sorted(unknown))}")
    figures: list[Figure] = []
    skipped: list[str] = []
    for name in names or NAMES:
        print(f"# {name}", flush=True)
        try:
            figures += importlib.import_module(f"benchmarks.{name}").run()
        except Missing as missing:
            skipped.append(f"{name}: skipped, {missing}")
            print(skipped[-1])
    _table(figures)
    for line in skipped:
        print(line)
    return 0


def _table(figures: list[Figure]) -> None:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"\n{len(os.sched_getaffinity(0))} cores; load of all programs: {load}")
    rows = [("figure", "unit", "ours", "peer", "", "ratio", "goal", "best runs", "")]
    rows += [
        (
            f.name, f.unit, number(f.ours), f.peer, number(f.theirs), f"{f.ratio:.2f}", f.goal_text,
            "" if f.best is None else f"{f.best:.2f}",
            "" if f.reached else "short",
        )
        for f in figures
    ]  # fmt: skip
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    sys.exit(main())
