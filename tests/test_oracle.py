"""The oracle of `doctor`: each rule is broken by hand on a real small archive and has to be named."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fbbackup.app import SyncOptions, sync_accounts
from fbbackup.catalog import open_catalog, open_reader, rules
from fbbackup.config import Account, Config, Limits, Thumbnails
from fbbackup.doctor import examine_setup
from fbbackup.oracle import RULES, oracle
from fbbackup.simulator import Library, Simulator
from fbbackup.stores.archive import create_or_open
from fbbackup.stores.directory import DirectoryStore
from tests.catalog.stored_dumps import load

ONE = "(SELECT id FROM photos WHERE state = 'stored' ORDER BY id LIMIT 1)"
OTHER = "(SELECT id FROM photos WHERE state = 'stored' ORDER BY id LIMIT 1 OFFSET 1)"
DIGEST = f"(SELECT sha256 FROM photos WHERE id = {ONE})"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive after one complete run; to be copied, never changed."""
    folder = tmp_path_factory.mktemp("sound")
    with Simulator(library=Library(photos=12, albums=3, videos=1, largest=64)) as simulator:
        config = Config(
            archive=folder / "archive",
            accounts=(Account(name="ada", api_url=simulator.url),),
            thumbnails=Thumbnails(size=32),
            limits=Limits(keep_free_bytes=0),
        )
        environ = {"FBBACKUP_TOKEN_ADA": simulator.token, "XDG_STATE_HOME": str(folder / "state")}
        done = sync_accounts(config, folder / "archive", SyncOptions(), quiet=True, environ=environ)
        assert done[0].exit_code == 0
    return folder / "archive"


@pytest.fixture
def archive(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "archive"))


def broken(archive: Path, *, read_all: bool = True, at_rest: bool = True) -> set[str]:
    """The names of the rules that do not hold."""
    with closing(open_reader(archive / "catalog.sqlite")) as db, closing(DirectoryStore(archive, threads=1)) as store:
        return {finding.rule for finding in oracle(db, store, read_all=read_all, at_rest=at_rest)}


def sql(*statements: str) -> Callable[[Path], None]:
    """Breaks something in the catalog, as someone with any SQLite tool could."""

    def act(archive: Path) -> None:
        with closing(sqlite3.connect(archive / "catalog.sqlite")) as db, db:
            for statement in statements:
                assert db.execute(statement).rowcount != 0, "nothing was changed"

    return act


def zero_an_index(archive: Path) -> None:
    with closing(sqlite3.connect(archive / "catalog.sqlite")) as db:
        page, size = (
            db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'photos_by_digest'").fetchone()[0],
            4096,
        )
        assert db.execute("PRAGMA page_size").fetchone()[0] == size
    with (archive / "catalog.sqlite").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\0" * size)


def picture(archive: Path, act: Callable[[Path], Any]) -> None:
    act(next((archive / "photos").rglob("*.jpg")))


def flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(bytes(body))


def forget_words(archive: Path) -> None:
    """Drops words from the index behind the back of its rows."""
    with closing(sqlite3.connect(archive / "catalog.sqlite")) as db, db:
        rowid, caption = db.execute("SELECT rowid, caption FROM photos_fts WHERE caption <> '' LIMIT 1").fetchone()
        db.execute("UPDATE photos_fts_content SET c0 = c0 || ' more' WHERE id = ?", (rowid,))
        db.execute("UPDATE photos SET caption = ? WHERE number = ?", (f"{caption} more", rowid))


def thumbnail(archive: Path) -> Path:
    return next((archive / "thumbnails").rglob("*.webp"))


def manifest(archive: Path) -> Path:
    return next((archive / "photos").rglob("manifest.jsonl"))


BREAKERS: dict[str, Callable[[Path], Any]] = {
    rules.DAMAGED_PAGES: zero_an_index,
    rules.DANGLING_KEYS: sql(
        f"INSERT INTO photo_people (photo_id, name) SELECT 'nobody', 'x' FROM photos WHERE id = {ONE}"
    ),
    "stored without a file": sql(f"UPDATE files SET damaged_at = '2026-01-01T00:00:00Z' WHERE sha256 = {DIGEST}"),
    "current file differs from the photo's": sql(
        f"UPDATE photos SET sha256 = (SELECT sha256 FROM photos WHERE id = {OTHER}) WHERE id = {ONE}"
    ),
    "more than one current file": sql(
        "INSERT INTO photo_files (photo_id, sha256, is_current, source, stored_at) "
        f"SELECT {ONE}, sha256, 1, 'graph', stored_at FROM photo_files WHERE photo_id = {OTHER}"
    ),
    "file of no photo": sql(f"DELETE FROM photo_files WHERE sha256 = {DIGEST}"),
    "purged photo still has a file": sql(
        f"UPDATE photos SET state = 'unavailable', last_error = 'purged then' WHERE id = {ONE}"
    ),
    "digest that is none": sql("UPDATE files SET sha256 = upper(sha256) || 'x'"),
    "address of a stored photo": sql(
        "INSERT INTO variants (photo_id, rank, format, url) "
        f"SELECT id, 0, 'jpg', 'https://x' FROM photos WHERE id = {ONE}"
    ),
    "gone photo still wanted": sql(
        f"UPDATE photos SET state = 'wanted', gone_at = '2026-01-01T00:00:00Z', gone_evidence = 'x' WHERE id = {ONE}"
    ),
    "tombstone without evidence": sql("UPDATE albums SET gone_at = '2026-01-01T00:00:00Z' WHERE id = 1"),
    "failure without a reason": sql(f"UPDATE photos SET state = 'failed' WHERE id = {ONE}"),
    "position below zero": sql("UPDATE album_photos SET position = -1 - position"),
    "file date without a source": sql(f"UPDATE photos SET file_date = '05.07.2014' WHERE id = {ONE}"),
    "search row missing": sql(f"DELETE FROM photos_fts WHERE rowid = (SELECT number FROM photos WHERE id = {ONE})"),
    "search row of no photo": sql("INSERT INTO photos_fts (rowid, caption) SELECT max(number) + 9, 'x' FROM photos"),
    "miscounted month": sql("UPDATE months SET photos = photos + 1"),
    rules.STALE_SEARCH_ROW: sql(f"UPDATE photos SET caption = 'other words' WHERE id = {ONE}"),
    rules.STALE_SEARCH_INDEX: forget_words,
    "recorded file is missing": lambda archive: picture(archive, Path.unlink),
    "recorded file has another size": lambda archive: picture(archive, lambda path: path.write_bytes(b"short")),
    "recorded file has other bytes": lambda archive: picture(archive, flip),
    "recorded file was changed": sql(f"UPDATE files SET damaged_at = '2026-01-01T00:00:00Z' WHERE sha256 = {DIGEST}"),
    "file without a record": lambda archive: shutil.copy(
        next((archive / "photos").rglob("*.jpg")), archive / "photos" / "copy.jpg"
    ),
    "partial file left behind": lambda archive: (archive / "staging" / "1.part").write_bytes(b"x"),
    "thumbnail is missing": lambda archive: thumbnail(archive).unlink(),
    "manifest is missing": lambda archive: manifest(archive).unlink(),
    "manifest differs from the catalog": lambda archive: flip(manifest(archive)),
    "list of checksums differs": lambda archive: flip(archive / "manifest-sha256.txt"),
    "thumbnail is torn": lambda archive: thumbnail(archive).write_bytes(b"\0" * thumbnail(archive).stat().st_size),
}


def test_a_sound_archive_breaks_no_rule(archive: Path) -> None:
    before = (archive / "catalog.sqlite").read_bytes()
    assert broken(archive) == set()
    assert (archive / "catalog.sqlite").read_bytes() == before


def test_there_is_a_way_to_break_every_rule() -> None:
    assert BREAKERS.keys() == RULES.keys()


@pytest.mark.parametrize("rule", RULES)
def test_a_broken_rule_is_named(archive: Path, rule: str) -> None:
    BREAKERS[rule](archive)
    assert rule in broken(archive)
    checked_always = not (RULES[rule].strict or RULES[rule].at_rest)
    assert (rule in broken(archive, read_all=False, at_rest=False)) == checked_always


@pytest.mark.parametrize("name", ["staging/1.part", ".fbbackup.123.part"])
def test_the_next_run_removes_unfinished_files(archive: Path, tmp_path: Path, name: str) -> None:
    (archive / name).write_bytes(b"x")
    assert broken(archive) == {"partial file left behind"}
    held = create_or_open(archive, state_folder=tmp_path / "state", keep_free_bytes=0)
    with held.lock(), closing(DirectoryStore(archive, threads=1)) as store:
        store.clean_staging()
    assert broken(archive) == set()


def doctor(archive: Path, *, strict: bool) -> dict[str, Any]:
    return examine_setup(Config(archive=archive), None, strict=strict, environ={})


def test_doctor_states_every_rule_and_what_became_of_it(archive: Path) -> None:
    record = doctor(archive, strict=True)
    assert [rule["rule"] for rule in record["rules"]] == list(RULES)
    assert all(rule["checked"] and rule["ok"] and rule["findings"] == 0 for rule in record["rules"])
    assert record["exit_code"] == 0
    for rule in RULES.values():
        assert any(rule.states in line for line in record["lines"])


def test_a_catalog_of_an_older_fbbackup_is_not_judged(archive: Path) -> None:
    (archive / "catalog.sqlite").unlink()
    load(3, archive / "catalog.sqlite")
    record = doctor(archive, strict=True)
    assert (record["ok"], record["exit_code"], record["rules"], record["findings"]) == (False, 4, [], [])
    assert "of an older fbbackup (schema 3," in record["checks"][-1]["message"]
    with open_catalog(archive / "catalog.sqlite"):
        assert doctor(archive, strict=False)["rules"]


def test_every_rule_is_documented() -> None:
    page = (Path(__file__).parents[1] / "docs" / "commands.md").read_text()
    page = page[page.index("## What `doctor` checks") :].replace("`… has", "`recorded file has")
    assert [rule for rule in RULES if f"`{rule}`" not in page] == []


def test_doctor_says_which_rules_it_did_not_check(archive: Path) -> None:
    unchecked = {rule["rule"]: rule for rule in doctor(archive, strict=False)["rules"] if not rule["checked"]}
    assert unchecked.keys() == {rule.name for rule in RULES.values() if rule.strict}
    assert {(rule["ok"], rule["why_not"]) for rule in unchecked.values()} == {(None, "needs --strict")}


def test_doctor_counts_the_findings_of_each_rule(archive: Path) -> None:
    BREAKERS["recorded file has other bytes"](archive)
    BREAKERS["partial file left behind"](archive)
    record = doctor(archive, strict=True)
    assert record["exit_code"] == 5
    assert {rule["rule"]: rule["findings"] for rule in record["rules"] if not rule["ok"]} == {
        "recorded file has other bytes": 1,
        "partial file left behind": 1,
    }
    assert len(record["findings"]) == 2
    assert "2 rules broken" in record["lines"]


def test_an_archive_at_work_is_not_blamed_for_it(archive: Path, tmp_path: Path) -> None:
    BREAKERS["partial file left behind"](archive)
    held = create_or_open(archive, state_folder=tmp_path / "state", keep_free_bytes=0)
    with held.lock():
        record = doctor(archive, strict=True)
    assert record["exit_code"] == 0
    assert {rule["why_not"] for rule in record["rules"] if not rule["checked"]} == {"a run is under way"}
    assert doctor(archive, strict=True)["exit_code"] == 5


@pytest.mark.parametrize("name", ["manifest-albums.jsonl", "journal/sources.jsonl", "journal/*-*.jsonl"])
def test_no_manifest_may_differ(archive: Path, name: str) -> None:
    path = next(archive.glob(name))
    flip(path)
    assert broken(archive) == {"manifest differs from the catalog"}
    path.unlink()
    assert broken(archive, read_all=False) == {"manifest is missing"}


def test_what_a_killed_run_left_unwritten_is_no_finding(archive: Path) -> None:
    sql(f"UPDATE photos SET link = 'https://elsewhere' WHERE id = {ONE}")(archive)
    assert broken(archive) == set()


def test_addresses_of_stored_photos_leave_with_the_third_schema(archive: Path) -> None:
    BREAKERS["address of a stored photo"](archive)
    sql(
        "DROP INDEX photos_by_place",
        "PRAGMA user_version = 2",
        "DELETE FROM _sqlite_migrations WHERE name LIKE 'm003%'",
    )(archive)
    open_catalog(archive / "catalog.sqlite").close()
    assert broken(archive) == set()


def test_a_wrecked_catalog_breaks_rules_instead_of_the_doctor(archive: Path) -> None:
    catalog = archive / "catalog.sqlite"
    body = catalog.read_bytes()
    catalog.write_bytes(body[:4096] + bytes(len(body) - 4096))
    record = doctor(archive, strict=True)
    assert record["exit_code"] == 5
    assert {finding["rule"] for finding in record["findings"]} >= {rules.DAMAGED_PAGES, "stored without a file"}
