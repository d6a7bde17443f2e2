"""The oracle of `doctor`: every rule that a sound archive obeys, and who breaks which.

The tests that kill, starve and unplug the program judge it by these same rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice, zip_longest
from sqlite3 import Connection
from typing import Protocol

from fbbackup.catalog import downloads, fixity, lines, marks, rules
from fbbackup.errors import FbbackupError
from fbbackup.layout import PICTURE_FOLDERS, thumbnail_key
from fbbackup.manifests import CHECKSUMS, manifest_key, manifest_lines

CHUNK = 1000
FETCHED_AGAIN = "the next `fbbackup sync` fetches it again"
WRITTEN_ANEW = "the next `fbbackup sync` writes it anew"
MADE_AGAIN = "`fbbackup sync --deep` makes it again"
REPAIRED = "`fbbackup verify --repair` fetches it again and sets aside what is there"


class Files(Protocol):
    """What the oracle needs of a store, without an event loop."""

    def sizes(self, keys: Sequence[str]) -> list[int | None]: ...

    def keys(self, prefix: str) -> Iterator[tuple[str, int]]: ...

    def chunks(self, key: str) -> Iterator[bytes]: ...

    def unfinished(self) -> Iterator[str]:
        """Paths of files that were never finished."""
        ...


@dataclass(frozen=True, slots=True)
class Rule:
    """`name` says what is wrong where the rule does not hold, `states` what holds otherwise.

    `strict` rules take reading every file or word; `at_rest` rules may be broken while a run is under way, and until
    the run after one that was killed.
    """

    name: str
    states: str
    strict: bool = False
    at_rest: bool = False
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that does not hold, and for whom."""

    rule: str
    subject: str

    def line(self) -> str:
        remedy = RULES[self.rule].remedy
        return f"{self.rule}: {self.subject}" + (f" ({remedy})" if remedy else "")


_FILE_MISSING = Rule("recorded file is missing", "every recorded file is there", remedy=FETCHED_AGAIN)
_FILE_SIZE = Rule("recorded file has another size", "every recorded file has its recorded size", remedy=REPAIRED)
_FILE_BYTES = Rule(
    "recorded file has other bytes", "every recorded file has its recorded SHA-256", strict=True, remedy=REPAIRED
)
_FILE_CHANGED = Rule(
    "recorded file was changed", "no recorded file was found to be changed or unreadable", remedy=REPAIRED
)
_UNRECORDED = Rule(
    "file without a record", "every file under photos/ and videos/ is recorded", at_rest=True,
)  # fmt: skip
_UNFINISHED = Rule(
    "partial file left behind", "no file is left unfinished", at_rest=True, remedy="the next `fbbackup sync` removes it"
)  # fmt: skip
_THUMBNAIL_MISSING = Rule(
    "thumbnail is missing", "every recorded thumbnail is there", at_rest=True, remedy=MADE_AGAIN
)  # fmt: skip
_THUMBNAIL_TORN = Rule(
    "thumbnail is torn",
    "every recorded thumbnail is a whole WebP file",
    strict=True,
    at_rest=True,
    remedy=f"remove it, then {MADE_AGAIN}",
)
_MANIFEST_MISSING = Rule("manifest is missing", "every manifest is there", at_rest=True, remedy=WRITTEN_ANEW)
_MANIFEST_DIFFERS = Rule(
    "manifest differs from the catalog",
    "every manifest says what the catalog says",
    strict=True,
    at_rest=True,
    remedy=f"if the catalog is right, remove that file: {WRITTEN_ANEW}; else `fbbackup rebuild`",
)
_CHECKSUMS_DIFFER = Rule(
    "list of checksums differs",
    f"{CHECKSUMS} has every file and manifest with its digest",
    strict=True,
    at_rest=True,
    remedy=f"remove that file: {WRITTEN_ANEW}",
)
_CATALOG_RULES = (
    Rule(rules.DAMAGED_PAGES, "SQLite finds the catalog whole (integrity_check)"),
    Rule(rules.DANGLING_KEYS, "every row points at rows that are there (foreign_key_check)"),
    Rule("stored without a file", "every stored photo has a recorded file that is not known to be damaged"),
    Rule("current file differs from the photo's", "the current file of a stored photo is the one its row names"),
    Rule("more than one current file", "a photo has one current file at most"),
    Rule("file of no photo", "every recorded file belongs to a photo"),
    Rule("purged photo still has a file", "no purged photo has a file", remedy="purge it again"),
    Rule("digest that is none", "every recorded SHA-256 is one"),
    Rule("address of a stored photo", "addresses are kept only for photos that are not stored"),
    Rule("gone photo still wanted", "a photo that is gone upstream is not waited for"),
    Rule("tombstone without evidence", "every tombstone has Facebook's answer as evidence"),
    Rule("failure without a reason", "every photo that could not be stored has the reason beside it"),
    Rule("position below zero", "positions in albums count from zero"),
    Rule("file date without a source", "every file date is in UTC and says where it comes from"),
    Rule("miscounted month", "the kept count of photos a month is right"),
    Rule("search row missing", "every photo can be searched for"),
    Rule("search row of no photo", "every search row belongs to a photo"),
    Rule(rules.STALE_SEARCH_ROW, "search rows hold the words of their photos", strict=True),
    Rule(rules.STALE_SEARCH_INDEX, "the search index holds the words of its rows", strict=True),
)
_FILE_RULES = (
    _FILE_MISSING, _FILE_SIZE, _FILE_BYTES, _FILE_CHANGED, _UNRECORDED, _UNFINISHED, _THUMBNAIL_MISSING,
    _THUMBNAIL_TORN, _MANIFEST_MISSING, _MANIFEST_DIFFERS, _CHECKSUMS_DIFFER,
)  # fmt: skip
RULES = {rule.name: rule for rule in (*_CATALOG_RULES, *_FILE_RULES)}
"""Every rule by its name, in the order in which they are checked."""


def rules_for(*, read_all: bool, at_rest: bool) -> list[Rule]:
    """The rules that `oracle` checks when it is called like this."""
    return [rule for rule in RULES.values() if (read_all or not rule.strict) and (at_rest or not rule.at_rest)]


def oracle(db: Connection, files: Files, *, read_all: bool, at_rest: bool = True) -> Iterator[Finding]:
    """Every rule of `rules_for` that does not hold, and for whom; nothing is health. Changes nothing.

    `read_all` reads every file and indexes every word once more; without `at_rest` the archive may be in use.
    """
    checked = rules_for(read_all=read_all, at_rest=at_rest)
    for rule in _CATALOG_RULES:
        if rule in checked:
            yield from (Finding(rule.name, subject) for subject in rules.broken(db, rule.name))
    try:
        yield from _recorded_files(db, files, read_all)
        yield from _changed_files(db, files)
        if at_rest:
            yield from _thumbnails(db, files, read_all)
            for folder in PICTURE_FOLDERS:
                yield from _unrecorded(db, files, folder)
            yield from _manifests(db, files, read_all)
    except db.DatabaseError as error:
        yield Finding(rules.DAMAGED_PAGES, f"the list of files can't be read ({error})")
    if at_rest:
        yield from (Finding(_UNFINISHED.name, path) for path in files.unfinished())


def _recorded_files(db: Connection, files: Files, read_all: bool) -> Iterator[Finding]:
    after = ""
    while rows := downloads.stored_files(db, after, CHUNK):
        after = rows[-1][0]
        sizes = files.sizes([key for key, _, _ in rows])
        for (key, digest, recorded), size in zip(rows, sizes, strict=True):
            if size is None:
                yield Finding(_FILE_MISSING.name, key)
            elif size != recorded:
                yield Finding(_FILE_SIZE.name, f"{key} ({size} instead of {recorded} bytes)")
            elif read_all and (problem := _other_bytes(files, key, digest)):
                yield Finding(_FILE_BYTES.name, problem)


def _changed_files(db: Connection, files: Files) -> Iterator[Finding]:
    """Files that were found otherwise before. Missing ones are pending like any photo that is still to be fetched."""
    after = ""
    while rows := fixity.damaged_files(db, after, CHUNK):
        after = rows[-1].key
        for row, size in zip(rows, files.sizes([row.key for row in rows]), strict=True):
            if size is not None:
                yield Finding(_FILE_CHANGED.name, row.key)


def _other_bytes(files: Files, key: str, digest: str) -> str | None:
    try:
        return None if digest_of(files, key) == digest else key
    except (FbbackupError, KeyError) as error:
        return f"{key} ({error})"


def _thumbnails(db: Connection, files: Files, read_all: bool) -> Iterator[Finding]:
    after = ""
    while rows := downloads.thumbnails_made(db, after, CHUNK):
        after = rows[-1][0]
        keys = [thumbnail_key(digest, edge) for digest, edge in rows]
        for key, size in zip(keys, files.sizes(keys), strict=True):
            if size is None:
                yield Finding(_THUMBNAIL_MISSING.name, key)
            elif read_all and not _is_whole_webp(next(files.chunks(key), b""), size):
                yield Finding(_THUMBNAIL_TORN.name, key)


def _is_whole_webp(body: bytes, size: int) -> bool:
    """Whether the file is as long as its own header says; RIFF leaves out its first eight bytes."""
    return body[:4] == b"RIFF" and body[8:12] == b"WEBP" and int.from_bytes(body[4:8], "little") + 8 == size


def _unrecorded(db: Connection, files: Files, folder: str) -> Iterator[Finding]:
    keys = files.keys(folder)
    while chunk := list(islice(keys, CHUNK)):
        for key in downloads.unknown_keys(db, [key for key, _ in chunk]):
            yield Finding(_UNRECORDED.name, key)


def _manifests(db: Connection, files: Files, read_all: bool) -> Iterator[Finding]:
    """What a run that was killed left unwritten is known as outdated, and no finding."""
    outdated = frozenset(marks.outdated(db))
    at_work = any(what.startswith(marks.JOURNAL) for what in outdated)
    keys = {manifest_key(what): what for what in marks.whole(db)}
    for key, what in keys.items():
        if key is None or what in outdated or (what == marks.SOURCES and at_work):
            continue
        try:
            if not read_all:
                if files.sizes([key]) == [None]:
                    yield Finding(_MANIFEST_MISSING.name, key)
            elif (number := _first_difference(db, files, what, key)) is not None:
                yield Finding(_MANIFEST_DIFFERS.name, f"{key}:{number}")
        except KeyError:
            yield Finding(_MANIFEST_MISSING.name, key)
        except FbbackupError as error:
            yield Finding(_MANIFEST_DIFFERS.name, f"{key} ({error})")
    if read_all and not outdated - {marks.SNAPSHOT, marks.LINKS} and not _checksums_agree(db, files):
        yield Finding(_CHECKSUMS_DIFFER.name, CHECKSUMS)


def _first_difference(db: Connection, files: Files, what: str, key: str) -> int | None:
    """The number of the first line that says something else than the catalog, apart from times of checking."""
    pairs = zip_longest(manifest_lines(db, what), lines.split(files.chunks(key)))
    for number, (ours, theirs) in enumerate(pairs, 1):
        if ours == theirs:
            continue
        try:
            if ours is None or theirs is None or lines.told(ours) != lines.told(theirs):
                return number
        except ValueError:
            return number
    return None


def _checksums_agree(db: Connection, files: Files) -> bool:
    try:
        found = lines.split(files.chunks(CHECKSUMS))
        return all(ours == theirs for ours, theirs in zip_longest(lines.checksum_lines(db), found))
    except (KeyError, FbbackupError):
        return False


def digest_of(files: Files, key: str) -> str:
    """The SHA-256 of a file as it is on disk now, in hex. Raises KeyError when there is none."""
    digest = sha256()
    for chunk in files.chunks(key):
        digest.update(chunk)
    return digest.hexdigest()
