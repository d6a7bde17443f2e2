"""A reader from outside: what the catalog tells other programs to be stored, at any moment.

`python -m tests.sweeps.power.witness CATALOG` is that reader: a line in, a line out.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import sqlite3
import subprocess
import sys
from pathlib import Path

PATIENCE_SECONDS = 1.0
NEW_USER_NAMESPACE = 0x10000000
Stored = dict[str, str]
"""SHA-256 by photo id."""


class Witness:
    """Asks a process of its own, which can be given up when it would wait for the very operation that is held."""

    def __init__(self, catalog: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(catalog)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        )  # fmt: skip
        self._asked = 0
        self.seen: Stored = {}

    def look(self, *, alone: bool) -> Stored:
        """What was stored when it was last possible to look, which is now unless the catalog is held.

        `alone` tells that the catalog has neither log nor shared memory: a reader must not make them.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._asked += 1
        self._process.stdin.write(json.dumps([self._asked, alone]).encode() + b"\n")
        while select.select([self._process.stdout], [], [], PATIENCE_SECONDS)[0]:
            number, seen = json.loads(self._process.stdout.readline())
            if number == self._asked:
                self.seen = self.seen if seen is None else seen
                break
        return self.seen

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def look(catalog: Path, *, alone: bool) -> Stored | None:
    """What the catalog has as stored; None when it is held or not made yet."""
    mode = "mode=ro&immutable=1" if alone else "mode=ro"
    try:
        db = sqlite3.connect(f"{catalog.as_uri()}?{mode}", uri=True, timeout=0)
        try:
            return dict(db.execute("SELECT id, sha256 FROM photos WHERE state = 'stored'").fetchall())
        finally:
            db.close()
    except sqlite3.Error:
        return None


def be_nobody() -> None:
    """For root SQLite sets the owner of the log whenever it opens it, which waits for whoever writes to the log.

    In a user namespace without names everybody is somebody else, and may still do what they may.
    """
    if os.geteuid() == 0:
        ctypes.CDLL(None).unshare(NEW_USER_NAMESPACE)


def main(catalog: str) -> None:
    be_nobody()
    for line in sys.stdin:
        number, alone = json.loads(line)
        print(json.dumps([number, look(Path(catalog), alone=alone)]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
