"""Starts a pretend Facebook from the command line: `python -m fbbackup.simulator --photos 300`."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from fbbackup.simulator import FAULTS, Library, Simulator


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fbbackup.simulator", description=__doc__)
    add = parser.add_argument
    add("--photos", type=int, default=300, help="photos of the account (default 300)")
    add("--albums", type=int, default=12, help="albums (default 12)")
    add("--seed", type=int, default=1, help="another seed is another account (default 1)")
    add("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    add("--largest", type=int, default=1280, help="longest side of most pictures (default 1280)")
    add("--heavy", action="store_true", help="grainy pictures of 2048 pixels, several hundred kilobytes each")
    add("--hostile", action="store_true", help="names and captions that break careless programs")
    add("--page", action="store_true", help="the account is a Page")
    add("--photos-from", type=Path, metavar="DIR", help="serve the pictures of a folder instead of drawn ones")
    add("--cdn", metavar="URL", help="let picture URLs point to another server")
    add("--budget", type=int, default=1_000_000, help="calls an hour (default 1000000; Facebook: 200 for each user)")
    add("--fault", action="append", default=[], metavar="NAME[:TIMES]", help="switch a fault on; see --list-faults")
    add("--export-pictures", type=Path, metavar="DIR", help="write all largest pictures below DIR and exit")
    add("--exit-with-stdin", action="store_true", help="end when standard input closes")
    add("--list-faults", action="store_true", help="print the names of all faults and exit")
    add("--json", action="store_true", help="accepted for clarity: the line on stdout is always JSON")
    add("-v", "--verbose", action="store_true", help="log requests to stderr")
    return parser


def _simulator(options: argparse.Namespace) -> Simulator:
    library = Library(
        photos=options.photos, albums=options.albums, seed=options.seed, hostile=options.hostile, page=options.page,
        largest=2048 if options.heavy else options.largest, heavy=options.heavy, photos_from=options.photos_from,
    )  # fmt: skip
    simulator = Simulator(library, port=options.port, budget=options.budget, cdn_base=options.cdn)
    for text in options.fault:
        name, _, times = text.partition(":")
        if times and not times.isdecimal():
            raise ValueError(f"--fault {text}: how often it strikes is a whole number, as in {name}:3")
        simulator.faults.set(name, times=int(times) if times else None)
    return simulator


def _wait_for_end(with_stdin: bool) -> None:
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())

    def watch() -> None:
        # A buffered read would hold a lock that the interpreter needs when it ends by a signal.
        while os.read(0, 4096):
            pass
        ending.set()

    if with_stdin:
        threading.Thread(target=watch, daemon=True).start()
    while not ending.wait(3600):
        pass


def main(arguments: list[str] | None = None) -> int:
    """Listen until SIGTERM, SIGINT or the end of standard input. What is wrong with the options is one line, and 2."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.verbose:
        logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    try:
        return _run(options)
    except BrokenPipeError:
        # Whoever read has enough; at its end Python would flush into the same pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, OverflowError, ValueError) as error:
        sys.stderr.write(f"{parser.prog}: {error}; see --help\n")
        return 2


def _run(options: argparse.Namespace) -> int:
    if options.list_faults:
        for kind in FAULTS.values():
            sys.stdout.write(f"{kind.name:20} {kind.on:6} {kind.does}\n")
        return 0
    simulator = _simulator(options)
    if options.export_pictures:
        count = simulator.export_pictures(options.export_pictures)
        sys.stdout.write(json.dumps({"written": count}) + "\n")
        return 0
    with simulator:
        ready = {"url": simulator.url, "token": simulator.token, "port": simulator.port, "pid": os.getpid()}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        _wait_for_end(options.exit_with_stdin)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
