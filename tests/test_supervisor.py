"""Words to systemd: sent where somebody listens, and never waited for."""

from __future__ import annotations

import os
import socket

import pytest

from fbbackup.supervisor import tell, watchdog_seconds


def test_words_arrive_and_a_full_queue_is_not_waited_for() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(f"\0fbbackup-test-supervisor-{os.getpid()}")
        environ = {"NOTIFY_SOCKET": f"@fbbackup-test-supervisor-{os.getpid()}"}
        assert tell("READY=1", "STATUS=a\nb", environ=environ)
        assert ear.recv(1000) == b"READY=1\nSTATUS=a b"
        sent = [tell("WATCHDOG=1", environ=environ) for _ in range(5000)]
    assert sent[0]
    assert not sent[-1], "nobody reads, yet all were taken"


def test_without_a_supervisor_nothing_is_said() -> None:
    assert not tell("READY=1", environ={})
    assert not tell("READY=1", environ={"NOTIFY_SOCKET": "/nowhere/at/all"})


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_how_often_a_sign_of_life_is_wanted(environ: dict[str, str], seconds: float | None) -> None:
    assert watchdog_seconds(environ) == seconds
