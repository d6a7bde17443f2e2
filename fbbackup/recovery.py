"""A catalog that can be used, whatever became of the old one: where it has to be, it is made anew from the files."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from fbbackup.catalog import Catalog, care, lines, open_catalog, runs
from fbbackup.catalog.connection import build, built, translated, version_of
from fbbackup.errors import CatalogDamaged, DamageFound
from fbbackup.manifests import JOURNAL, MONTHS
from fbbackup.models import Picture
from fbbackup.rebuild import Files, Help, Rebuilt, rebuild

SHOWN = 20
DAMAGED = "damaged"
OLDER = "older"
BEFORE_REBUILD = "before-rebuild"


_COUNTS = {
    "photos": "SELECT count(*) FROM photos",
    "albums": "SELECT count(*) FROM albums WHERE gone_at IS NULL",
    "files": "SELECT count(*) FROM files",
}


@dataclass(frozen=True, slots=True)
class Ground:
    """What a catalog stands on: the files of its archive, its own place, the folder of snapshots, the checks of
    pictures, and name and source of the account that unknown files are given to."""

    files: Files
    path: Path
    snapshots: Path
    examine: Callable[[bytes], Picture]
    owner: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Recovered:
    """A catalog that was made anew. `set_aside` is where the old one lies now."""

    found: Rebuilt
    counts: dict[str, int]
    set_aside: Path | None

    @property
    def exit_code(self) -> int:
        return 0 if self.found.sound else DamageFound.exit_code

    def record(self) -> dict[str, Any]:
        found = self.found
        return {
            **self.counts, "manifests": found.manifests, "refused": found.refused, "adopted": found.adopted,
            "remembered": found.remembered, "unknown": found.unknown, "missing": found.missing,
            "set_aside": str(self.set_aside) if self.set_aside else None, "lines": self.lines(),
            "exit_code": self.exit_code,
        }  # fmt: skip

    def lines(self) -> list[str]:
        """What people should know of it, the last line first to be read."""
        found = self.found
        told = [*shortened(found.refused, "line"), *shortened(found.missing, "recorded file")]
        told += shortened([f"taken in by its name: {key}" for key in found.adopted], "file")
        told += shortened([f"taken in from an older catalog: {key}" for key in found.remembered], "file")
        told += shortened([f"left alone: {line}" for line in found.unknown], "file")
        if found.refused:
            told.append("the next `fbbackup sync` lists all albums again, to find what the lost lines said")
        if self.set_aside is not None:
            told.append(f"the old catalog is kept as {self.set_aside}")
        counts = self.counts
        return [*told, f"made anew from {found.manifests} manifests: {counts['photos']} photos in {counts['albums']} "
                f"albums, {counts['files']} files" + ("" if found.sound else "; see the lines above")]  # fmt: skip


def shortened(told: list[str], what: str) -> list[str]:
    """The first of many lines, and how many more there are."""
    rest = len(told) - SHOWN
    return told[:SHOWN] + ([f"… and {rest} more {what}s (--json lists all)"] if rest > 0 else [])


def open_sound(ground: Ground, now: datetime) -> tuple[Catalog, list[str]]:
    """The writer of the archive's catalog, and what a person should know if that had to be made anew.

    Raises ArchiveUnusable for a catalog of a newer schema, with nothing changed.
    """
    why = _reason(ground)
    if why is None:
        unclean = care.ended_uncleanly(ground.path)
        try:
            catalog = open_catalog(ground.path)
            try:
                catalog.write_now(care.check, now, at_once=unclean)
                if not _is_older(catalog, ground.files):
                    return catalog, []
            except BaseException:
                catalog.close()
                raise
            catalog.close()
            why = OLDER
        except CatalogDamaged:
            why = DAMAGED
    if not why:
        return open_catalog(ground.path), []
    recovered = recover(ground, why, now)
    reasons = {DAMAGED: "damaged", OLDER: "an older copy"}
    line = f"the catalog was {reasons.get(why, 'not there')}; it was {recovered.lines()[-1]}"
    return open_catalog(ground.path), [*recovered.lines()[:-1], line]


def _reason(ground: Ground) -> str | None:
    """Why the catalog has to be made anew, as far as its file shows; None to look closer, "" for a new archive."""
    try:
        if ground.path.exists() and version_of(ground.path) > 0:
            return None
    except CatalogDamaged:
        return DAMAGED
    folders = (*MONTHS, JOURNAL)
    return BEFORE_REBUILD if any(list(islice(ground.files.keys(folder), 1)) for folder in folders) else ""


def _is_older(catalog: Catalog, files: Files) -> bool:
    """Whether the journal tells of a run that the catalog does not know: someone put back an older copy of it."""
    newest = newest_run(files)
    return newest is not None and not catalog.read_now(runs.is_known, *newest)


def newest_run(files: Files) -> tuple[int, str] | None:
    """Number and start of the last run in the journal."""
    newest = None
    for key, _ in files.keys(JOURNAL):
        if re.fullmatch(rf"{JOURNAL}\d{{4}}-\d{{2}}\.jsonl", key):
            newest = key
    found = None
    for line in b"".join(files.chunks(newest)).splitlines() if newest else ():
        try:
            fields = lines.opened(line)
        except ValueError:
            continue
        if fields.get("table") == "runs":
            found = (fields["id"], fields["started_at"])
    return found


def recover(ground: Ground, why: str, now: datetime) -> Recovered:
    """Makes the catalog anew beside the old one, sets that aside, and puts the new one in its place."""
    path = ground.path
    beside = path.with_name(f"{path.name}.rebuilding")
    recovered = rebuilt_at(beside, ground, now)
    old = care.set_aside(path, why, now)
    care.put_in_place(beside, path)
    return Recovered(recovered.found, recovered.counts, old)


def rebuilt_at(path: Path, ground: Ground, now: datetime, *, alone: bool = False) -> Recovered:
    """A catalog at `path` from the archive's files; `alone` asks no older catalog. On any error it is removed.

    Raises ArchiveUnusable, also for a disk without room, and OSError.
    """
    older = [] if alone else [ground.path, *care.snapshots(ground.snapshots)]
    try:
        with (
            translated(path),
            tempfile.TemporaryDirectory(prefix="rebuild-", dir=path.parent) as scratch,
            ExitStack() as opened,
        ):
            ask = cache(lambda: opened.enter_context(care.newest_sound(older, Path(scratch))))
            db = build(path)
            try:
                found = rebuild(db, ground.files, Help(ground.examine, ask, ground.owner, now))
                counts = {table: db.execute(sql).fetchone()[0] for table, sql in _COUNTS.items()}
            except BaseException:
                db.close()
                raise
            built(db, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Recovered(found, counts, None)
