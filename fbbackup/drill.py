"""The proof that the backup is one: all is restored from the archive's files, and compared with what there is."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice, zip_longest
from pathlib import Path
from sqlite3 import Connection
from typing import Any, Protocol

from fbbackup.catalog import adopted, compare, lines, marks, open_reader
from fbbackup.errors import DamageFound, FbbackupError
from fbbackup.manifests import CHECKSUMS, manifest_key
from fbbackup.models import Reading
from fbbackup.recovery import Ground, rebuilt_at, shortened
from fbbackup.screen import counted, size_in_words

SLICE = 32
CHUNK = 1000
DIFFERENCES_KEPT = 1000


class Digests(Protocol):
    """What a drill needs of a store besides its files: to read them to the end."""

    def digests(self, keys: Sequence[str]) -> list[Reading | None]: ...


@dataclass(slots=True)
class Drilled:
    """What a drill found. `problems` are one line each; none is the proof."""

    photos: int = 0
    files: int = 0
    bytes: int = 0
    rows: int = 0
    problems: list[str] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        return {
            "photos": self.photos, "files": self.files, "bytes": self.bytes, "rows": self.rows,
            "problems": self.problems, "lines": self.lines(),
            "exit_code": DamageFound.exit_code if self.problems else 0,
        }  # fmt: skip

    def lines(self) -> list[str]:
        if self.problems:
            more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
            return [*shortened(self.problems[1:], "problem"), f"drill failed: {self.problems[0]}{more}"]
        return [
            f"drill passed: {counted(self.photos, 'photo')} restored from the archive's files alone, "
            f"{counted(self.files, 'file')} ({size_in_words(self.bytes)}) read and right, "
            f"all {self.rows} rows like the catalog's"
        ]


def drill(ground: Ground, store: Digests, now: datetime) -> Drilled:
    """Makes a catalog anew in a temporary place, asking no older one, compares it with the archive's own, and reads
    every file to its end. Nothing in the archive changes. Raises ArchiveUnusable when there is no usable catalog."""
    found = Drilled()
    with tempfile.TemporaryDirectory(prefix="fbbackup-drill-") as scratch, closing(open_reader(ground.path)) as live:
        copy = Path(scratch) / "catalog.sqlite"
        restored = rebuilt_at(copy, ground, now, alone=True)
        found.photos = restored.counts["photos"]
        found.problems += restored.found.refused + restored.found.missing
        found.problems += [f"{key} is in no manifest" for key in restored.found.adopted]
        with closing(open_reader(copy)) as db:
            _compare(found, live, db)
            _compare_checksums(found, ground, db)
            _read_files(found, store, db)
    return found


def _compare(found: Drilled, live: Connection, restored: Connection) -> None:
    found.rows = compare.count_rows(restored)
    differing = list(islice(compare.differences(live, restored), DIFFERENCES_KEPT))
    outdated = any(manifest_key(what) for what in marks.outdated(live))
    hint = "; the last run did not end, `fbbackup sync` writes what is missing" if outdated else ""
    found.problems += [f"the manifests differ from the catalog in {table} {key}{hint}" for table, key in differing]


def _compare_checksums(found: Drilled, ground: Ground, restored: Connection) -> None:
    """`manifest-sha256.txt` has to say what the manifests say."""
    try:
        listed = b"".join(ground.files.chunks(CHECKSUMS)).splitlines(keepends=True)
    except (KeyError, FbbackupError):
        found.problems.append(f"{CHECKSUMS} is missing")
        return
    for ours, theirs in zip_longest(lines.checksum_lines(restored), listed):
        if ours != theirs:
            words = (theirs or ours or b"").decode("utf-8", "replace").strip()
            found.problems.append(f"{CHECKSUMS} differs from the manifests at: {words}")
            return


def _read_files(found: Drilled, store: Digests, restored: Connection) -> None:
    cores = os.cpu_count() or 1
    after = ""
    with ThreadPoolExecutor(cores, thread_name_prefix="drill") as readers:
        while rows := adopted.digests_of_files(restored, after, CHUNK):
            after = rows[-1][0]
            slices = [rows[first : first + SLICE] for first in range(0, len(rows), SLICE)]
            for part, readings in zip(slices, readers.map(_reader(store), slices), strict=True):
                for (key, digest), reading in zip(part, readings, strict=True):
                    _judge(found, key, digest, reading)


def _reader(store: Digests) -> Any:
    return lambda part: store.digests([key for key, _ in part])


def _judge(found: Drilled, key: str, digest: str, reading: Reading | None) -> None:
    if reading is None:
        found.problems.append(f"{key} is missing")
    elif reading.fault:
        found.problems.append(f"{key} can't be read ({reading.fault})")
    elif reading.sha256 != digest:
        found.problems.append(f"{key} has other bytes than were recorded")
    else:
        found.files += 1
        found.bytes += reading.bytes
