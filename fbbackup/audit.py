"""Completeness and health, answered from catalog and store: `audit` and `doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from sqlite3 import Connection
from typing import Any, Protocol

from fbbackup.catalog import downloads, reports, runs

MISSING_SHOWN = 1000
CHUNK = 1000
PICTURE_FOLDERS = ("photos/", "videos/")


class Files(Protocol):
    """What the oracle needs of a store, without an event loop."""

    def sizes(self, keys: list[str]) -> list[int | None]: ...

    def keys(self, prefix: str) -> Iterator[tuple[str, int]]: ...

    def chunks(self, key: str) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that does not hold, and for what."""

    rule: str
    subject: str

    def line(self) -> str:
        return f"{self.rule}: {self.subject}"


def completeness(db: Connection) -> dict[str, Any]:
    """Every account's albums with their numbers and verdict, and the photos that are missing with reasons."""
    accounts: list[dict[str, Any]] = []
    for name, account_id in reports.account_ids(db).items():
        verdicts = runs.verdicts(db, account_id)
        accounts.append(
            {
                "account": name,
                "albums": [
                    {
                        "id": v.remote_id, "title": v.title, "expected": v.expected, "listed": v.listed,
                        "stored": v.stored, "verdict": v.verdict, "listed_to_the_end": v.finished,
                    }
                    for v in verdicts
                ],
                "missing": reports.missing_photos(db, account_id, MISSING_SHOWN),
            }
        )  # fmt: skip
    verdicts_of_all = [album["verdict"] for account in accounts for album in account["albums"]]
    complete = bool(verdicts_of_all) and all(verdict == "complete" for verdict in verdicts_of_all)
    return {"complete": complete and not any(account["missing"] for account in accounts), "accounts": accounts}


def oracle(db: Connection, files: Files, *, read_all: bool) -> Iterator[Finding]:
    """Every rule that the archive has to obey; yields what does not. `read_all` compares all digests as well."""
    for line in reports.broken_rules(db):
        rule, _, subject = line.partition(": ")
        yield Finding(rule, subject)
    after = ""
    while rows := downloads.stored_files(db, after, CHUNK):
        after = rows[-1][0]
        sizes = files.sizes([key for key, _, _ in rows])
        for (key, digest, recorded), size in zip(rows, sizes, strict=True):
            if size is None:
                yield Finding("recorded file is missing", key)
            elif size != recorded:
                yield Finding("recorded file has another size", f"{key} ({size} instead of {recorded} bytes)")
            elif read_all and digest_of(files, key) != digest:
                yield Finding("recorded file has other bytes", key)
    for folder in PICTURE_FOLDERS:
        yield from _unrecorded(db, files, folder)
    for key, _ in files.keys("staging/"):
        yield Finding("partial file left behind", key)


def _unrecorded(db: Connection, files: Files, folder: str) -> Iterator[Finding]:
    keys = files.keys(folder)
    while chunk := list(islice(keys, CHUNK)):
        for key in downloads.unknown_keys(db, [key for key, _ in chunk]):
            yield Finding("file without a record", key)


def digest_of(files: Files, key: str) -> str:
    digest = sha256()
    for chunk in files.chunks(key):
        digest.update(chunk)
    return digest.hexdigest()
