"""`python -m fbbackup.simulator` says where it listens and ends when told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import httpx
import pytest

from fbbackup.simulator import FAULTS
from fbbackup.simulator.__main__ import main

ROOT = Path(__file__).resolve().parents[2]


def started(*options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "fbbackup.simulator", "--photos", "20", "--albums", "2", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )


def stream(one: IO[str] | None) -> IO[str]:
    assert one is not None
    return one


@pytest.mark.parametrize("ending", ["signal", "stdin"])
def test_it_listens_until_told_to_end(ending: str) -> None:
    with started("--exit-with-stdin", "--fault", "graph-service:1") as process:
        ready = json.loads(stream(process.stdout).readline())
        assert set(ready) == {"url", "token", "port", "pid"}
        assert ready["pid"] == process.pid
        with httpx.Client(trust_env=False) as http:
            replies = [http.get(f"{ready['url']}/me", params={"access_token": ready["token"]}) for _ in range(2)]
        assert [reply.status_code for reply in replies] == [500, 200]
        if ending == "signal":
            process.send_signal(signal.SIGTERM)
        else:
            stream(process.stdin).close()
        assert process.wait(10) == 0


def test_it_lists_every_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list-faults"]) == 0
    printed = capsys.readouterr().out
    assert all(kind.does in printed for kind in FAULTS.values())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--fault", "nope"], "no fault is called 'nope'"),
        (["--fault", "cut:often"], "a whole number, as in cut:3"),
        (["--photos-from", "/proc/nowhere"], "/proc/nowhere"),
        (["--port", "99999"], "0-65535"),
        (["--export-pictures", "/proc/nowhere"], "/proc/nowhere"),
    ],
)
def test_a_wrong_option_is_one_line(options: list[str], words: str) -> None:
    with started(*options) as process:
        said = stream(process.stderr).read()
        assert (process.wait(10), stream(process.stdout).read()) == (2, "")
    (line,) = said.splitlines()
    assert words in line


def test_a_reader_that_has_enough_ends_it_without_a_word() -> None:
    with started("--list-faults") as process:
        stream(process.stdout).close()
        said = stream(process.stderr).read()
        assert (process.wait(10), said) == (1, "")


def test_the_page_of_the_documentation_lists_every_fault() -> None:
    page = (ROOT / "docs" / "simulator.md").read_text()
    assert [name for name, kind in FAULTS.items() if f"`{name}`" not in page or kind.does not in page] == []
