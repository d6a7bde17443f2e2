"""What cuts leave of the manifests: each is whole at any moment, and after a run they say what the catalog says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from fbbackup.catalog import marks, open_reader
from fbbackup.manifests import CHECKSUMS, JOURNAL, manifest_key, manifest_lines

PICTURES = ("photos/", "videos/")
TIMES_OF_CHECKING = frozenset({"last_seen_at", "verified_at", "asked_at", "check"})
"""With the check sum of a line, which covers them."""


def torn_manifests(archive: Path) -> Iterator[str]:
    """Manifests that are no whole lines of JSON."""
    for path in sorted(archive.rglob("*.jsonl")):
        *lines, rest = path.read_bytes().split(b"\n")
        if rest or not all(_is_json(line) for line in lines):
            yield str(path.relative_to(archive))


def outdated_manifests(archive: Path) -> Iterator[str]:
    """What is wrong with the manifests after a run, a line each."""
    wanted = _wanted(archive / "catalog.sqlite")
    found = {str(path.relative_to(archive)): path.read_bytes() for path in archive.rglob("*.jsonl")}
    for name in sorted(found.keys() | wanted.keys()):
        if name not in found or name not in wanted or _facts(found[name]) != _facts(wanted[name]):
            yield f"{name} is not what the catalog says"
    names = {str(path.relative_to(archive)) for path in archive.rglob("*") if path.is_file()}
    listed = {name for name in names if name.startswith(PICTURES) or (name in found and not name.startswith(JOURNAL))}
    sums = {f"{sha256((archive / name).read_bytes()).hexdigest()}  {name}" for name in listed}
    if sums != set((archive / CHECKSUMS).read_text().splitlines()):
        yield f"{CHECKSUMS} does not hold"


def _facts(body: bytes) -> list[Any]:
    """The lines of a manifest without times of checking, which may be older than in the catalog."""
    return [_without_checking(json.loads(line)) for line in body.splitlines()]


def _without_checking(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_checking(below) for name, below in value.items() if name not in TIMES_OF_CHECKING}
    return [_without_checking(below) for below in value] if isinstance(value, list) else value


def _wanted(catalog: Path) -> dict[str, bytes]:
    db = open_reader(catalog)
    try:
        months = [row[0] for row in db.execute("SELECT DISTINCT substr(key_stem, 1, 14) FROM photos")]
        journal = [row[0] for row in db.execute("SELECT DISTINCT 'journal/' || substr(started_at, 1, 7) FROM runs")]
        every = (*months, *journal, marks.ALBUMS)
        return {str(manifest_key(what)): b"".join(manifest_lines(db, what)) for what in every}
    finally:
        db.close()


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
