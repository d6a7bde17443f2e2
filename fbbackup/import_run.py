"""Wires an import: paths and configuration in, live objects and a record out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fbbackup.app import Place, archive_place, look_after, run_loop
from fbbackup.config import Config
from fbbackup.errors import ArchiveUnusable
from fbbackup.importing import ImportJob, ImportResult, import_export
from fbbackup.job import utc_now
from fbbackup.models import Picture
from fbbackup.protocols import Report
from fbbackup.screen import counted, progress, size_in_words
from fbbackup.sources.export import Export, open_export
from fbbackup.thumbnails import alike, kind_of
from fbbackup.thumbnails.child import Decoders
from fbbackup.thumbnails.headers import describe


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What `import` was asked for."""

    paths: tuple[Path, ...]
    messages: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """An import as a record for `--json` and as lines for people."""

    result: ImportResult
    notes: tuple[str, ...] = ()
    """What hindered that which follows an import, a snapshot of the catalog for one."""

    @property
    def exit_code(self) -> int:
        return self.result.exit_code

    @property
    def refused(self) -> list[str]:
        """What could not come in, a line each that names the part and the entry."""
        return self.result.refused

    def record(self) -> dict[str, Any]:
        result = self.result
        return {
            "account": result.account,
            "accounts": result.accounts,
            "run": result.run_id,
            "outcome": "complete" if result.complete else "incomplete",
            **{key: value for key, value in result.counters().items() if key not in ("ambiguous", "coverage")},
            "bytes": result.bytes,
            "refused": result.refused,
            "ambiguous": result.ambiguous,
            "coverage": result.coverage,
            "notes": list(self.notes),
            "exit_code": result.exit_code,
        }

    def lines(self) -> list[str]:
        result, coverage = self.result, self.result.coverage
        several = len(result.accounts) > 1
        texts = coverage["json_files"] + coverage["html_files"] + coverage["saved_answers"]
        said = [
            *([f"exports of several people, each with an account: {', '.join(result.accounts)}"] if several else []),
            f"{texts} texts read, {coverage['understood']} understood, {coverage['kept_raw']} kept raw"
            + (f", {coverage['messages_left_out']} of messages left out" if coverage["messages_left_out"] else ""),
            *(f"not decided: {line}" for line in result.ambiguous),
        ]
        parts = [counted(result.new, "new photo"), f"{result.stored} stored ({size_in_words(result.bytes)})"]
        parts.append(f"{result.unchanged} were here already" if result.unchanged else "")
        parts.append(f"{result.unlisted} that no list names" if result.unlisted else "")
        parts.append(f"{result.absent} listed without a file" if result.absent else "")
        parts.append(f"{result.dead} of which a saved answer has no more than an address" if result.dead else "")
        parts.append(f"{len(result.refused)} left out" if result.refused else "")
        words = ", ".join(part for part in parts if part)
        remedy = "; import the missing parts as well" if result.absent else ""
        outcome = "incomplete" if not result.complete else "up to date" if result.dead else "complete"
        return [*said, *self.notes, f"{result.account}: {outcome}: {words}{remedy}"]


def import_paths(
    config: Config, root: Path, options: ImportOptions, *, quiet: bool, environ: Mapping[str, str] = os.environ
) -> Imported:
    """One import into the archive at `root`, made when there is none."""
    export = open_export(options.paths, messages=options.messages)
    try:
        with archive_place(config, root, environ) as place, progress("import", quiet=quiet) as report:
            return run_loop(_import(config, root, export, place, report))
    finally:
        export.close()


async def _import(config: Config, root: Path, export: Export, place: Place, report: Report) -> Imported:
    cores = os.cpu_count() or 1
    decoders = Decoders()
    with ThreadPoolExecutor(cores, thread_name_prefix="decode") as pool:
        try:
            result = await import_export(
                ImportJob(
                    export,
                    export.as_of,
                    place.store,
                    place.catalog,
                    _describer(decoders),
                    decoders.examine,
                    kind_of,
                    alike,
                    pool,
                    report,
                    _room(config, root),
                    utc_now,
                    config.thumbnails.size if config.thumbnails.enabled else None,
                    2 * cores,
                )  # fmt: skip
            )
            return Imported(result, tuple(await look_after(config, place)))
        finally:
            decoders.close()


def _describer(decoders: Decoders) -> Callable[[bytes], Picture]:
    """Headers are read here where that takes no decoder, else by a child."""

    def described(body: bytes) -> Picture:
        return describe(body) or decoders.examine(body, None)[0]

    return described


def _room(config: Config, root: Path) -> Callable[[], None]:
    def check() -> None:
        free, kept = shutil.disk_usage(root).free, config.limits.keep_free_bytes
        if free < kept:
            raise ArchiveUnusable(
                f"disk full: {size_in_words(free)} free at {root}, {size_in_words(kept)} have to stay free; "
                "free some space and import again, it goes on where it was"
            )

    return check
