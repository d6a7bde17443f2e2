"""`python -m tests.sweeps.crash.racing ROOT STATE ROUNDS RACERS`: many start at once, and one may write at a time.

In each round the racers, processes of their own, are let go together; each makes or opens the archive and takes its
lock. Who has it says so in shared memory for a moment and looks whether another one says so too; every fourth round
ends for him by kill -9. Prints how the racers fared, as JSON.
"""

from __future__ import annotations

import json
import mmap
import os
import re
import shutil
import struct
import sys
import time
from collections import Counter
from pathlib import Path
from signal import SIGKILL

from fbbackup.errors import ArchiveBusy
from fbbackup.stores.archive import create_or_open

WRITING_SECONDS = 0.003
ENDS = {
    0: "wrote", 10: "was told who writes", 11: "was told nobody", 12: "was told someone else",
    13: "wrote with another", -SIGKILL: "was killed",
}  # fmt: skip


def race(root: Path, state: Path, board: mmap.mmap, killed: bool) -> int:
    """A racer's exit code."""
    try:
        with create_or_open(root, state_folder=state, keep_free_bytes=0).lock():
            return write(board, killed)
    except ArchiveBusy as busy:
        named = re.search(r"\(process (\d+)\)", str(busy))
        if named is None:
            return 11
        return 10 if int(named[1]) in racers_of(board) else 12


def write(board: mmap.mmap, killed: bool) -> int:
    board[:8] = struct.pack("<Q", os.getpid())
    time.sleep(WRITING_SECONDS)
    if board[:8] != struct.pack("<Q", os.getpid()):
        return 13
    if killed:
        os.kill(os.getpid(), SIGKILL)
    return 0


def racers_of(board: mmap.mmap) -> set[int]:
    return set(struct.unpack("<8Q", board[8:72]))


def one_round(root: Path, state: Path, racers: int, board: mmap.mmap, killed: bool) -> list[int]:
    gate, opener = os.pipe()
    children = []
    for _ in range(racers):
        child = os.fork()
        if child == 0:
            os.close(opener)
            os.read(gate, 1)
            os._exit(race(root, state, board, killed))
        children.append(child)
    board[8:72] = struct.pack("<8Q", *(*children, *[0] * (8 - racers)))
    os.close(gate)
    os.close(opener)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def main() -> None:
    root, state, rounds, racers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    board = mmap.mmap(-1, 4096)
    ends: Counter[str] = Counter()
    for number in range(rounds):
        if number % 2:
            # Every other time there is no archive yet, and they race to make it.
            shutil.rmtree(root, ignore_errors=True)
            shutil.rmtree(state, ignore_errors=True)
        codes = one_round(root, state, racers, board, killed=number % 4 == 3)
        ends.update(ENDS.get(code, f"ended with {code}") for code in codes)
        if not {0, -SIGKILL} & set(codes):
            ends["nobody wrote"] += 1
    print(json.dumps(ends))


if __name__ == "__main__":
    main()
