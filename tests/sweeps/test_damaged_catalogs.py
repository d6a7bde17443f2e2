"""Catalogs with flipped bits, zeroed, swapped and cut pages: no traceback, no other photo's answer, nothing lost."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fbbackup.catalog import open_reader
from fbbackup.cli import cli
from fbbackup.errors import FbbackupError
from fbbackup.recovery import open_sound
from tests.restored import NOW, differences, grounded, make, rebuilt

PAGE = 4096
READING = (["status"], ["audit"], ["search", "caption"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make(tmp_path_factory.mktemp("everything") / "archive")
    (root / ".fbbackup").write_text(json.dumps({"archive_id": "a" * 32, "format": 1, "created_at": "2026-01-01"}))
    return root


def mutated(body: bytes, chance: random.Random) -> bytes:
    """The file with one harm of a kind that disks and people do."""
    changed, pages = bytearray(body), len(body) // PAGE
    page, other = (chance.randrange(pages) * PAGE for _ in range(2))
    match chance.randrange(7):
        case 0:
            changed[page : page + PAGE] = bytes(PAGE)
        case 1:
            changed[page + PAGE // 2 : page + PAGE] = bytes(PAGE // 2)
        case 2:
            changed[page : page + PAGE], changed[other : other + PAGE] = (
                changed[other : other + PAGE], changed[page : page + PAGE],
            )  # fmt: skip
        case 3:
            changed[page : page + 16] = chance.randbytes(16)
        case 4:
            del changed[page:]
        case _:
            for _ in range(chance.choice([1, 1, 8])):
                changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def truth(root: Path) -> dict[str, tuple[str, str] | None]:
    """Key and digest of each photo's current file."""
    with closing(open_reader(root / "catalog.sqlite")) as db:
        rows = db.execute("SELECT p.id, f.key, f.sha256 FROM photos p LEFT JOIN files f ON f.sha256 = p.sha256")
        return {id_: (key, digest) if key else None for id_, key, digest in rows}


def asked(root: Path, arguments: list[str]) -> Any:
    """What a command answers; None when it refuses in words. Anything else fails the test."""
    done = CliRunner().invoke(cli, ["--archive", str(root), *arguments, "--json"], standalone_mode=False)
    if isinstance(done.exception, FbbackupError):
        assert "\n" not in str(done.exception)
        return None
    assert done.exception is None or isinstance(done.exception, SystemExit), (arguments, done.exc_info)
    return json.loads(done.stdout) if done.stdout else None


def survive(root: Path, made: Path, body: bytes, photos: dict[str, tuple[str, str] | None]) -> bool:
    """Puts the catalog in place and asks everything of it; returns whether a writer noticed the damage."""
    path = root / "catalog.sqlite"
    for old in root.glob("catalog.sqlite*"):
        old.unlink()
    path.write_bytes(body)
    for arguments in READING:
        asked(root, arguments)
    for photo, file in photos.items():
        answer = asked(root, ["show", photo])
        if answer is not None:
            assert answer["id"] == photo
            told = [(one["key"], one["sha256"]) for one in answer["files"] if one["is_current"]]
            assert told in ([], [file]), (photo, told, file)
    with grounded(root) as ground:
        catalog, told_lines = open_sound(ground, NOW)
        catalog.close()
    for beside in root.glob("catalog.sqlite*"):
        beside.unlink()
    path.write_bytes(body)
    assert rebuilt(root).found.sound
    assert differences(root, made / "catalog.sqlite") == []
    return bool(told_lines)


def sweep(made: Path, root: Path, seeds: range) -> int:
    shutil.copytree(made, root)
    sound = (made / "catalog.sqlite").read_bytes()
    every = truth(made)
    noticed = 0
    for seed in seeds:
        chance = random.Random(seed)
        photos = {id_: every[id_] for id_ in chance.sample(sorted(every), 4)}
        noticed += survive(root, made, mutated(sound, chance), photos)
    return noticed


def without_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_a_sample_of_damaged_catalogs(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Callable[[str], None]
) -> None:
    without_environment(monkeypatch, tmp_path)
    noticed = sweep(made, tmp_path / "archive", range(12))
    figure(f"damaged catalogs: 12 mutations, {noticed} noticed at the start of a run, 12 of 12 rebuilt row for row")


@pytest.mark.sweep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(4))
def test_damaged_catalogs(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Callable[[str], None], part: int
) -> None:
    without_environment(monkeypatch, tmp_path)
    noticed = sweep(made, tmp_path / "archive", range(250 * part, 250 * (part + 1)))
    figure(f"damaged catalogs, part {part}: 250 mutations, {noticed} noticed at the start of a run, "
           "0 tracebacks, 0 answers about another photo, 250 of 250 rebuilt row for row")  # fmt: skip


HAND_EDITS = {
    "a date": "UPDATE photos SET file_date = 'last summer' WHERE id = '1001'",
    "a node": "UPDATE photos SET raw = '{' WHERE id = '1001'",
    "a file's photo": "UPDATE photos SET sha256 = (SELECT sha256 FROM photos WHERE id = '1002') WHERE id = '1001'",
    "counters": "UPDATE runs SET counters = 'many'",
    "a time": "UPDATE runs SET started_at = 'yesterday', finished_at = 'today'",
    "permissions": "UPDATE accounts SET permissions = 'all'",
    "a source's memory": "UPDATE source_states SET state = 'forgotten'",
    "a missing view": "DROP VIEW library",
    "a missing table": "DROP TABLE comments",
}


@pytest.mark.parametrize("edit", HAND_EDITS)
def test_a_hand_edited_catalog_gives_one_line_and_stays_as_it_is(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edit: str
) -> None:
    import sqlite3

    without_environment(monkeypatch, tmp_path)
    root = Path(shutil.copytree(made, tmp_path / "archive"))
    with closing(sqlite3.connect(root / "catalog.sqlite")) as db:
        db.execute(HAND_EDITS[edit])
        db.commit()
    before = (root / "catalog.sqlite").read_bytes()
    answers = [asked(root, arguments) for arguments in (*READING, ["show", "1001"], ["show", "1002"])]
    assert (root / "catalog.sqlite").read_bytes() == before
    assert any(answer is None for answer in answers) or edit in ("a date", "a missing view")
    assert rebuilt(root).found.sound
    assert differences(root, made / "catalog.sqlite") == []
