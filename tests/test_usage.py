"""What people get wrong at the command line: each mistake is one line with its remedy, and its own exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TOO_LONG = "a" * 300


def run(home: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    known = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "fbbackup", *arguments],
        env={**known, "HOME": str(home), "FBBACKUP_LIMITS_KEEP_FREE_BYTES": "0", **environ},
        cwd=home, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("fbbackup: ")
    return line


@pytest.mark.parametrize(
    ("mistake", "exit_code"), [(["show", "1"], 7), (["--config", "none.toml", "status"], 2), (["sync"], 2)]
)
def test_more_details_leave_the_exit_code(tmp_path: Path, mistake: list[str], exit_code: int) -> None:
    assert run(tmp_path, "--archive", "none", *mistake).returncode == exit_code
    told = run(tmp_path, "--archive", "none", "-v", *mistake)
    assert told.returncode == exit_code
    assert "Traceback" in told.stderr


@pytest.mark.parametrize(
    "command", ["status", "audit", "show 1", "search lake", "accounts", "session new --account a", "serve --port 0"]
)
def test_an_archive_out_of_reach_is_exit_7(tmp_path: Path, command: str) -> None:
    done = run(tmp_path, "--archive", TOO_LONG, *command.split())
    assert done.returncode == 7
    assert "check the path" in one_line(done)


@pytest.mark.parametrize("percent", ["0", "nan", "101", "much"])
def test_a_percentage_is_above_0_and_at_most_100(tmp_path: Path, percent: str) -> None:
    for option in ("--sample", "--oldest"):
        done = run(tmp_path, "--archive", "none", "verify", option, percent)
        assert done.returncode == 2
        assert f"'{option}'" in one_line(done)


def test_an_empty_archive_says_so(tmp_path: Path) -> None:
    done = run(tmp_path, "--archive", "", "status")
    assert done.returncode == 2
    assert "--archive is empty" in one_line(done)


ACCOUNT = json.dumps([{"name": "ada", "api_url": "http://127.0.0.1:1"}])


@pytest.mark.parametrize("place", ["file", "dangling", "foreign"])
def test_a_dry_run_refuses_what_a_run_would_refuse(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign/letter.txt").touch()
    environ = {"FBBACKUP_ACCOUNTS": ACCOUNT, "FBBACKUP_TOKEN_ADA": "t"}
    dry = run(tmp_path, "--archive", place, "sync", "--dry-run", **environ)
    assert dry.returncode == 7
    assert one_line(dry) == one_line(run(tmp_path, "--archive", place, "sync", **environ))


def test_a_dry_run_takes_no_unmounted_disk_for_a_new_archive(tmp_path: Path) -> None:
    assert run(tmp_path, "--archive", "disk", "init", "--yes").returncode == 0
    (tmp_path / "disk").rename(tmp_path / "unplugged")
    (tmp_path / "disk").mkdir()
    done = run(tmp_path, "sync", "--dry-run", FBBACKUP_TOKEN_ME="t")
    assert done.returncode == 7
    assert "is the disk mounted?" in one_line(done)
    assert list((tmp_path / "disk").iterdir()) == []


def test_init_knows_the_home_folder_in_what_it_is_given(tmp_path: Path) -> None:
    done = run(tmp_path, "--config", "~/new folder/c.toml", "--archive", "~/arch", "init", "--yes")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "new folder/c.toml").is_file()
    assert (tmp_path / "arch/.fbbackup").is_file()
    assert f"fbbackup --config '{tmp_path}/new folder/c.toml' login me" in done.stdout


def test_the_demonstration_tells_commands_that_can_be_pasted(tmp_path: Path) -> None:
    done = run(tmp_path, "--archive", "~/a demo", "demo", "--photos", "5")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a demo/archive/.fbbackup").is_file()
    archive = f"'{tmp_path}/a demo/archive'"
    assert f"fbbackup --archive {archive} status" in done.stdout
    assert done.stdout.splitlines()[-1] == f"Look at it: fbbackup --archive {archive} serve"
    query = next(line for line in done.stdout.splitlines() if "sqlite3 " in line)
    assert subprocess.run(["sh", "-nc", query], timeout=10, check=False).returncode == 0
    assert f"sqlite3 '{tmp_path}/a demo/archive/catalog.sqlite' '" in query


def test_a_unit_that_can_not_be_written_names_what_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run(tmp_path, "systemd", "install", "--into", "file")
    assert done.returncode == 2
    assert one_line(done) == "fbbackup: file: File exists; check the folder and who owns it"


def test_a_folder_below_a_file_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run(tmp_path, "--archive", "file/below", "init", "--yes")
    assert done.returncode == 7
    assert f"fbbackup: {tmp_path}/file/below is gone or no plain folder" in one_line(done)


def redirected(home: Path, where: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fbbackup", *arguments]
    known = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {where}', "sh", *command],
        env={**known, "HOME": str(home)}, cwd=home, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("where", ["2>/dev/full", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", ">/dev/full 2>/dev/full"])
def test_an_error_that_nobody_can_be_told_keeps_its_exit_code(tmp_path: Path, where: str) -> None:
    assert redirected(tmp_path, where, "--archive", "none", "sync").returncode == 2
    assert redirected(tmp_path, where, "--archive", "none", "status").returncode == 7
    assert redirected(tmp_path, where, "--archive", "none", "-v", "status").returncode == 7


@pytest.mark.parametrize("command", [["doctor"], ["doctor", "--json"]])
def test_an_answer_that_can_not_be_written_is_one_line(tmp_path: Path, command: list[str]) -> None:
    done = redirected(tmp_path, ">/dev/full", *command)
    assert done.returncode == 1
    assert "can't be written to stdout (No space left on device)" in one_line(done)
    assert redirected(tmp_path, ">/dev/full 2>/dev/full", *command).returncode == 1
