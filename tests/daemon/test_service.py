"""The daemon as people run it: a process of its own, its signals, its socket, and what it tells systemd."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fbbackup import remote
from fbbackup.remote import daemon_state
from tests.end_to_end.conftest import MakeHome, make_home
from tests.end_to_end.harness import Home, small

__all__ = ["make_home"]
PATIENCE_SECONDS = 60.0


def until(true: Callable[[], Any], what: str) -> Any:
    """Looks again until it is so."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.1)
    raise AssertionError(f"never happened: {what}")


class Running:
    """A daemon process of a home, and what it says to a pretend systemd."""

    def __init__(self, home: Home, *, verbose: bool = False, **environ: str) -> None:
        self.home = home
        self.said: list[str] = []
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.bind(f"\0fbbackup-test-{os.getpid()}-{id(self)}")
        self._ear.setblocking(False)
        address = "@" + self._ear.getsockname()[1:].decode()
        arguments = ["-v", "daemon"] if verbose else ["daemon"]
        self.process = home.start(*arguments, environ={"NOTIFY_SOCKET": address, **environ})

    def listen(self) -> list[str]:
        while True:
            try:
                self.said += self._ear.recv(65_536).decode().split("\n")
            except BlockingIOError:
                return self.said

    def ready(self) -> Running:
        until(lambda: "READY=1" in self.listen(), "READY=1")
        return self

    def state(self) -> dict[str, Any]:
        return daemon_state(self.home.archive, self.home.environ) or {}

    def idle(self) -> bool:
        state = self.state()
        return bool(state) and state["doing"] is None and bool(self.home.run_count())

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, float]:
        """Exit code, log, and seconds that it took."""
        begun = time.monotonic()
        self.process.send_signal(number)
        _, log = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, log, time.monotonic() - begun

    def close(self) -> None:
        self._ear.close()
        if self.process.poll() is None:
            self.process.terminate()
        if self.process.stdout is not None and not self.process.stdout.closed:
            self.process.communicate()


@pytest.fixture
def run(make_home: MakeHome) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(home: Home | None = None, *, verbose: bool = False, **environ: str) -> Running:
        started.append(Running(home or make_home(small()), verbose=verbose, **environ))
        return started[-1]

    yield start
    for one in started:
        one.close()


def test_a_day_at_work_from_ready_to_stopping(run: Callable[..., Running]) -> None:
    daemon = run().ready()
    home = daemon.home
    until(daemon.idle, "the first run")
    assert home.current() == home.expected()
    door = home.folder / "state" / "fbbackup" / remote.SOCKET
    assert stat.S_IMODE(door.stat().st_mode) == 0o600
    assert (home.folder / "state" / "fbbackup" / remote.SOCKET).is_socket()
    code, out, _ = home.command("status", "--json")
    assert code == 0
    assert json.loads(out)["daemon"]["pid"] == daemon.process.pid
    code, log, seconds = daemon.end()
    assert (code, "Traceback" in log) == (0, False)
    assert seconds < 5
    assert "ada: complete" in log
    assert "STOPPING=1" in daemon.listen()
    assert any(line.startswith("STATUS=ada: next run in") for line in daemon.said)
    assert not door.exists()


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="needs /proc")
def test_no_core_of_it_is_ever_written(run: Callable[..., Running]) -> None:
    daemon = run().ready()
    limits = Path(f"/proc/{daemon.process.pid}/limits").read_text()
    assert next(line for line in limits.splitlines() if line.startswith("Max core")).split()[4:6] == ["0", "0"]
    until(daemon.idle, "the first run")
    assert daemon.end()[0] == 0


def test_sync_asks_the_daemon_and_tells_its_result(run: Callable[..., Running]) -> None:
    daemon = run().ready()
    home = daemon.home
    until(daemon.idle, "the first run")
    home.sim.library.add_photo(None, "a new one")
    code, out, err = home.command("sync", "--deep", "--json")
    record = json.loads(out)
    assert (code, record["outcome"], record["kind"]) == (0, "complete", "deep"), err
    assert record["counters"]["photos_stored"] == 1
    assert home.current() == home.expected()
    code, out, _ = home.command("sync")
    assert (code, out.startswith("ada: complete")) == (0, True)
    code, _, err = home.command("sync", "--account", "nobody")
    assert (code, "nobody" in err) == (2, True)
    assert daemon.end()[0] == 0
    assert home.run_count() == 3


def test_sync_during_the_first_run_waits_instead_of_failing(run: Callable[..., Running]) -> None:
    daemon = run()
    daemon.home.at(3, lambda: time.sleep(1))
    daemon.ready()
    until(lambda: daemon.state().get("doing"), "the first run's begin")
    code, out, err = daemon.home.command("sync")
    assert (code, out.startswith("ada: complete")) == (0, True), err


def test_a_run_that_fails_ends_sync_with_its_exit_code(run: Callable[..., Running]) -> None:
    daemon = run().ready()
    until(daemon.idle, "the first run")
    daemon.home.sim.access.revoke(460)
    code, out, err = daemon.home.command("sync")
    assert (code, "the password was changed" in out + err) == (3, True)
    code, out, _ = daemon.home.command("status")
    assert "the password was changed" in out
    assert daemon.end()[0] == 0


def test_signals_start_a_run_and_read_the_configuration(run: Callable[..., Running]) -> None:
    daemon = run().ready()
    home = daemon.home
    until(daemon.idle, "the first run")
    home.sim.library.add_photo(None, "a new one")
    daemon.process.send_signal(signal.SIGUSR1)
    until(lambda: daemon.idle() and home.run_count() == 2, "the run that was asked for")
    file = home.folder / "config.toml"
    right = file.read_text()
    file.write_text(right + "[schedule]\nevery = 'sometimes'\n")
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: daemon.listen().count("READY=1") == 2, "the broken configuration was read")
    file.write_text(right.replace('name = "ada"', 'name = "ada"\ntagged = false') + "[schedule]\nevery = '5 h'\n")
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: daemon.listen().count("READY=1") == 3, "the new configuration was read")
    code, log, _ = daemon.end()
    assert code == 0
    assert log.count("the configuration stays as it was") == 1
    assert f"{file}:" in log
    assert log.count("configuration read again") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_time_in_the_middle_of_a_run(run: Callable[..., Running], number: int) -> None:
    daemon = run()
    daemon.home.sim.faults.set("stall-body", every=5)
    daemon.ready()
    until(lambda: daemon.state().get("doing", {}) and daemon.state()["doing"]["listed"], "a run under way")
    code, log, seconds = daemon.end(number)
    assert (code, "Traceback" in log) == (0, False)
    assert seconds < 5
    daemon.home.sim.faults.clear()
    daemon.home.complete()


def test_a_killed_daemon_is_no_obstacle(run: Callable[..., Running]) -> None:
    daemon = run()
    daemon.home.at(6, lambda: os.kill(daemon.process.pid, signal.SIGKILL))
    until(lambda: daemon.process.poll() is not None, "the kill")
    second = run(daemon.home).ready()
    until(second.idle, "the run after the kill")
    assert second.home.current() == second.home.expected()
    assert second.end()[0] == 0


def test_a_second_daemon_is_refused(run: Callable[..., Running]) -> None:
    daemon = run().ready()
    until(daemon.idle, "the first run")
    code, _, err = daemon.home.command("daemon")
    assert (code, "another daemon" in err) == (6, True)


def test_signs_of_life_come_from_the_loop(run: Callable[..., Running]) -> None:
    daemon = run(WATCHDOG_USEC="300000").ready()
    until(daemon.idle, "the first run")
    until(lambda: daemon.listen().count("WATCHDOG=1") >= 3, "three signs of life")
    os.kill(daemon.process.pid, signal.SIGSTOP)
    count = daemon.listen().count("WATCHDOG=1")
    time.sleep(0.5)
    assert daemon.listen().count("WATCHDOG=1") <= count + 1
    os.kill(daemon.process.pid, signal.SIGCONT)
    assert daemon.end()[0] == 0


def test_idling_costs_no_call_and_next_to_no_processor_time(run: Callable[..., Running]) -> None:
    daemon = run().ready()
    until(daemon.idle, "the first run")
    calls, used = daemon.home.calls, cpu_seconds(daemon.process)
    time.sleep(2)
    assert daemon.home.calls == calls
    assert cpu_seconds(daemon.process) - used <= 0.02


def cpu_seconds(process: subprocess.Popen[str]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_the_gallery_and_the_numbers_are_served_beside_the_runs(
    run: Callable[..., Running],
    make_home: MakeHome,
) -> None:
    daemon = run(make_home(small(), served=True)).ready()
    until(daemon.idle, "the first run")
    address = until(lambda: daemon.state().get("gallery"), "the gallery")
    with urllib.request.urlopen(f"{address}/healthz", timeout=10) as answer:
        assert json.loads(answer.read()) == {"ok": True, "reasons": []}
    with urllib.request.urlopen(f"{address}/metrics", timeout=10) as answer:
        assert b"fbbackup_healthy 1" in answer.read()
    code, out, err = daemon.home.command("serve")
    assert (code, "/login?link=" in out + err) == (0, True)
    link = (out + err).split()[-1]
    with urllib.request.urlopen(link, timeout=10) as answer:
        assert b"<title>" in answer.read()
    code, log, seconds = daemon.end()
    assert (code, "/login?link=" in log) == (0, False)
    assert seconds < 5
