"""`verify` and `purge` as people run them: real processes, exit codes, JSON, and what is on the disk afterwards."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fbbackup.catalog import open_catalog
from fbbackup.stores.archive import create_or_open
from tests.damages import DAMAGES
from tests.end_to_end.conftest import MakeHome
from tests.end_to_end.harness import Home, small


def reported(home: Home, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and object of a command, which prints nothing else."""
    code, out, err = home.command(*arguments, "--json")
    assert err == ""
    return code, json.loads(out)


def victims(home: Home, count: int) -> list[Path]:
    """Some pictures that differ in their bytes."""
    keys = [key for (key,) in home.rows("SELECT key FROM files WHERE key GLOB 'photos/*' ORDER BY key")]
    return [home.archive / key for key in keys[:count]]


def damage(home: Home) -> dict[str, bytes]:
    """Every kind of damage once; returns all files as they were."""
    before = home.files()
    paths = victims(home, len(DAMAGES) + 1)
    for harm, path, other in zip(DAMAGES.values(), paths, paths[1:], strict=False):
        if harm is DAMAGES["swapped"]:
            harm(random.Random(1), path, paths[-1])
        else:
            harm(random.Random(1), path, other)
    return before


def checksums_hold(home: Home) -> bool:
    done = subprocess.run(["sha256sum", "-c", "--quiet", "manifest-sha256.txt"], cwd=home.archive, capture_output=True)
    return done.returncode == 0


def test_a_sound_archive_ends_with_0(home: Home) -> None:
    home.complete()
    code, record = reported(home, "verify")
    files = home.files()
    assert (code, record["ok"], record["damaged"]) == (0, True, [])
    assert record["checked"] == record["files"] == home.value("SELECT count(*) FROM files")
    assert record["bytes"] == sum(len(body) for key, body in files.items() if not key.endswith("manifest.jsonl"))
    code, out, _ = home.command("verify", "--sample", "10")
    assert code == 0
    assert out.endswith("all are as recorded\n")


def test_damage_ends_with_5_and_a_repair_with_0(home: Home) -> None:
    home.complete()
    before = damage(home)
    code, record = reported(home, "verify")
    assert code == 5
    hurt = {key for key, body in before.items() if home.files().get(key) != body}
    assert {entry["key"] for entry in record["damaged"]} == hurt
    assert [entry["repaired"] for entry in record["damaged"]] == [False] * len(hurt)
    assert [entry["problem"] for entry in record["damaged"]].count("missing") == 1
    for entry in record["damaged"]:
        assert entry["photo_ids"]
        assert home.value("SELECT key FROM files WHERE sha256 = ?", entry["sha256"]) == entry["key"]
    assert home.command("audit")[0] == 4
    assert home.command("doctor")[0] == 5
    home.forget()
    code, record = reported(home, "verify", "--repair")
    assert (code, record["ok"]) == (0, True)
    assert all(entry["repaired"] for entry in record["damaged"])
    assert home.downloads == len(hurt) - 2, "the swapped ones are in the archive"
    assert {key: body for key, body in home.files().items() if key in before} == before
    home.forget()
    home.complete(deep=True)
    assert home.downloads == 0
    assert checksums_hold(home)


def test_a_repair_without_a_login_says_so_and_ends_with_5(home: Home) -> None:
    home.complete()
    (path,) = victims(home, 1)
    body = path.read_bytes()
    path.write_bytes(b"x")
    process = home.start("verify", "--repair", environ={"FBBACKUP_TOKEN_ADA": ""})
    out, err = process.communicate(timeout=60)
    assert process.returncode == 5
    assert "FBBACKUP_TOKEN_ADA" in out
    assert "Traceback" not in out + err
    assert path.read_bytes() == b"x"
    path.write_bytes(body)
    assert home.command("verify")[0] == 0


@pytest.mark.parametrize(
    "arguments", [("--sample", "0"), ("--oldest", "101"), ("--sample", "1", "--oldest", "1"), ("--account", "eve")]
)
def test_impossible_wishes_end_with_2(home: Home, arguments: tuple[str, ...]) -> None:
    home.complete()
    code, out, err = home.command("verify", *arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1)


def test_nothing_to_verify_is_not_sound(home: Home) -> None:
    assert home.command("verify")[0] == 7
    assert not home.archive.exists()
    home.complete()
    away = home.folder / "catalog.sqlite"
    (home.archive / "catalog.sqlite").rename(away)
    assert home.command("verify")[0] == 7
    assert not (home.archive / "catalog.sqlite").exists()
    away.rename(home.archive / "catalog.sqlite")


@pytest.mark.parametrize("command", [("verify",), ("purge", "1", "--yes")])
def test_a_held_archive_ends_with_6(home: Home, command: tuple[str, ...]) -> None:
    home.complete()
    with open_catalog(home.archive / "catalog.sqlite") as catalog:
        catalog.write_now(lambda db: db.execute("UPDATE photos SET id = id") and None)
    photo = home.value("SELECT id FROM photos LIMIT 1")
    archive = create_or_open(home.archive, state_folder=home.folder / "state" / "fbbackup", keep_free_bytes=0)
    with archive.lock():
        code, _, err = home.command(*(photo if part == "1" else part for part in command))
    assert code == 6
    assert str(os.getpid()) in err


@pytest.fixture
def endless(home: Home) -> Iterator[Path]:
    """A recorded file that takes for ever to read, last of all."""
    home.complete()
    key = "videos/endless.mp4"
    path = home.archive / key
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        file.truncate(1 << 40)
    row = ("f" * 64, key, 1 << 40, "video/mp4", "2026-01-01T00:00:00Z")
    sql = "INSERT INTO files (sha256, key, bytes, content_type, stored_at) VALUES (?, ?, ?, ?, ?)"
    with open_catalog(home.archive / "catalog.sqlite") as catalog:
        catalog.write_now(lambda db: db.execute(sql, row) and None)
    yield path
    path.unlink()
    with open_catalog(home.archive / "catalog.sqlite") as catalog:
        catalog.write_now(lambda db: db.execute("DELETE FROM files WHERE key = ?", (key,)) and None)


def test_a_check_that_is_terminated_ends_at_once(home: Home, endless: Path) -> None:
    process = home.start("--quiet", "verify")
    while process.poll() is None and not has_open(process.pid, endless):
        pass
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, len(err.strip().splitlines())) == (130, "", 1)


def has_open(pid: int, path: Path) -> bool:
    """Whether a process has a file open at this moment."""
    try:
        return any(os.path.realpath(link) == str(path) for link in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def test_moved_files_cost_no_download_and_the_checksums_follow(home: Home) -> None:
    home.complete()
    (path,) = victims(home, 1)
    (home.archive / "Mum").mkdir()
    path.rename(home.archive / "Mum" / "lake.jpg")
    home.forget()
    home.complete()
    assert home.downloads == 0
    assert checksums_hold(home)
    assert reported(home, "verify")[0] == 0


def test_purge_tells_first_and_acts_only_when_told_to(home: Home) -> None:
    home.complete()
    photo = home.value("SELECT id FROM photos WHERE kind = 'photo' AND state = 'stored' LIMIT 1")
    key = home.value("SELECT key FROM files JOIN photos USING (sha256) WHERE id = ?", photo)
    before, thumbnails = home.files(), list((home.archive / "thumbnails").rglob("*.webp"))
    code, out, _ = home.command("purge", photo)
    assert (code, home.files()) == (2, before)
    assert f"would remove {key}" in out
    assert "--yes" in out
    code, _, err = home.command("purge", photo, "nobody", "--yes")
    assert (code, home.files(), "'nobody'" in err) == (2, before, True)
    code, record = reported(home, "purge", photo, "--yes")
    assert (code, record["purged"], [file["key"] for file in record["files"]]) == (0, True, [key])
    assert (home.archive / key).exists() is False
    assert len(list((home.archive / "thumbnails").rglob("*.webp"))) == len(thumbnails) - 1
    assert checksums_hold(home)
    for deep in (False, True):
        home.forget()
        assert home.sync(deep=deep).exit_code == 0
        assert home.downloads == 0
    assert not (home.archive / key).exists()
    assert home.command("show", photo)[1].startswith(f"photo {photo}: purged\n")
    assert "not fetched again: 1 photo\n" in home.command("status")[1]
    code, out, _ = home.command("audit")
    assert (code, "counted for nothing here: 1 photo\n" in out) == (0, True)


KILL_CALLS = ("renameat2", "fsync", "unlinkat", "pwrite64", "mkdirat")


def killed(home: Home, call: str, number: int, *command: str) -> bool:
    """Kills a command at its `number`-th call of a kind; False when it makes fewer."""
    inject = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
              "-e", f"inject={call}:signal=KILL:when={number}"]  # fmt: skip
    process = home.start("--quiet", *command, prefix=inject)
    process.communicate(timeout=120)
    return process.returncode not in (0, 5)


def strace_works() -> bool:
    try:
        return subprocess.run(["strace", "-qq", "true"], capture_output=True).returncode == 0
    except OSError:
        return False


needs_strace = pytest.mark.skipif(not strace_works(), reason="needs strace, and the right to trace")


def mended_after_kills(home: Home, call: str, numbers: range) -> int:
    """Kills a repair at each of these calls; the next one has to mend all, and nothing may be lost meanwhile."""
    done = 0
    for number in numbers:
        before = damage(home)
        after = home.files()
        alive = killed(home, call, number, "verify", "--repair")
        kept = {path.read_bytes() for path in home.archive.rglob("*") if path.is_file()}
        assert set(after.values()) <= kept
        home.exit_code()
        assert home.command("verify", "--repair")[0] == 0
        assert {key: body for key, body in home.files().items() if key in before} == before
        if not alive:
            break
        done += 1
    return done


@needs_strace
def test_a_killed_repair_is_finished(make_home: MakeHome) -> None:
    home = make_home(small(album_sizes=[9], loose=0, tagged=0, videos=0))
    home.complete()
    assert mended_after_kills(home, "renameat2", range(4, 5)) == 1


@pytest.mark.sweep
@needs_strace
@pytest.mark.parametrize("call", KILL_CALLS)
def test_a_repair_that_is_killed_anywhere_is_finished(make_home: MakeHome, call: str, figure: Any) -> None:
    home = make_home(small(album_sizes=[9], loose=0, tagged=0, videos=0))
    home.complete()
    done = mended_after_kills(home, call, range(1, 100))
    figure(f"verify --repair killed at each of its first {done} calls of {call}: all mended by the next, nothing lost")


@pytest.mark.sweep
@needs_strace
@pytest.mark.parametrize("call", KILL_CALLS)
def test_a_purge_that_is_killed_anywhere_is_finished(make_home: MakeHome, call: str, figure: Any) -> None:
    home = make_home(small(album_sizes=[30], loose=0, tagged=0, videos=0))
    home.complete()
    done = 0
    for photo in [id_ for (id_,) in home.rows("SELECT id FROM photos WHERE state = 'stored'")]:
        alive = killed(home, call, done + 1, "purge", photo, "--yes")
        marked = home.value("SELECT last_error FROM photos WHERE id = ?", photo)
        home.forget()
        assert home.sync(deep=True).exit_code == 0
        assert home.downloads == 0
        if marked is None:
            assert home.value("SELECT state FROM photos WHERE id = ?", photo) == "stored"
        assert home.command("purge", photo, "--yes")[0] == 0
        assert home.command("doctor", "--strict")[0] == 0
        if not alive:
            break
        done += 1
    figure(f"purge killed at each of its first {done} calls of {call}: all finished by the same command")
