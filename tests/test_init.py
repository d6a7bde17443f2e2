"""`fbbackup init`: the configuration that it writes works, and nothing that exists is touched."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from fbbackup.simulator import Simulator
from fbbackup.simulator.library import Library


def run(folder: Path, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "FBBACKUP_LIMITS_KEEP_FREE_BYTES": "0"}
    environ |= {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "fbbackup", *arguments], env=environ, input=given, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


def written(folder: Path) -> dict[str, object]:
    return tomllib.loads((folder / ".config/fbbackup/config.toml").read_text())


def test_answers_become_a_configuration_and_an_archive(tmp_path: Path) -> None:
    archive = tmp_path / 'photos "of" Zoë'
    done = run(tmp_path, "init", given=f"{archive}\nada\n1234567890\n")
    assert done.returncode == 0, done.stderr
    assert written(tmp_path) == {"archive": str(archive), "accounts": [{"name": "ada", "app_id": "1234567890"}]}
    assert (archive / ".fbbackup").exists()
    assert "fbbackup login ada" in done.stdout
    assert run(tmp_path, "status").returncode == 0
    again = run(tmp_path, "init", given="elsewhere\n\n\n")
    assert (again.returncode, "there is a configuration already" in again.stderr) == (2, True)
    assert written(tmp_path)["archive"] == str(archive)


def test_without_questions_and_for_exports_only(tmp_path: Path) -> None:
    done = run(tmp_path, "--archive", str(tmp_path / "a"), "init", "--yes", "--account", "none", "--json")
    assert (done.returncode, json.loads(done.stdout)["account"]) == (0, None), done.stderr
    assert written(tmp_path) == {"archive": str(tmp_path / "a")}
    (tmp_path / "other").mkdir()
    done = run(tmp_path / "other", "init", "--yes")
    assert written(tmp_path / "other") == {
        "archive": str(tmp_path / "other" / "facebook-archive"), "accounts": [{"name": "me"}],
    }  # fmt: skip


@pytest.mark.parametrize("answers", ["", "/proc/nowhere\nada\n\n", "a\nada lovelace\n\n"])
def test_a_wrong_answer_leaves_nothing_behind(tmp_path: Path, answers: str) -> None:
    done = run(tmp_path, "init", given=answers)
    assert done.returncode in (2, 7)
    assert len(done.stderr.strip().splitlines()[-1]) > 20
    assert not (tmp_path / ".config/fbbackup/config.toml").exists()


def test_on_a_terminal_it_offers_the_login(tmp_path: Path) -> None:
    with Simulator(library=Library(photos=3, albums=1)) as sim:
        master, slave = pty.openpty()
        environ = {**os.environ, "HOME": str(tmp_path), "FBBACKUP_LIMITS_KEEP_FREE_BYTES": "0"}
        environ |= {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
        environ["FBBACKUP_ACCOUNTS"] = json.dumps([{"name": "me", "api_url": sim.url}])
        process = subprocess.Popen(
            [sys.executable, "-m", "fbbackup", "--archive", str(tmp_path / "a"), "init", "--account", "me"],
            stdin=slave, stdout=slave, stderr=slave, env=environ,
        )  # fmt: skip
        os.close(slave)
        said = b""
        answers = {b"if you have one": b"\n", b"Log in now?": b"paste\n", b"Paste the token": f"{sim.token}\n".encode()}
        try:
            while True:
                try:
                    piece = os.read(master, 4096)
                except OSError:
                    break
                said += piece
                for question in [one for one in answers if one in said]:
                    os.write(master, answers.pop(question))
                if not piece:
                    break
        finally:
            process.wait(60)
            os.close(master)
        assert process.returncode == 0, said.decode()
        assert b"logged in as" in said
        assert sim.token.encode() not in said
        assert (tmp_path / "state/fbbackup/credentials.toml").stat().st_mode & 0o777 == 0o600
