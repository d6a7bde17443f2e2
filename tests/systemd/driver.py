"""Runs inside the booted machine as its only job: starts the unit, harms it, and writes what it saw to /out."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests import canary

UNIT = "fbbackup.service"
STATE = Path("/var/lib/private/fbbackup")
ARCHIVE = STATE / "archive"
OUTSIDE = ("/etc", "/usr", "/var", "/var/lib", "/root", "/home", "/srv", "/opt", "/boot", "/out")
PATIENCE_SECONDS = 60.0
seen: dict[str, Any] = {}


def command(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
    return done.stdout.strip() + (f" [{done.returncode}] {done.stderr.strip()}" if done.returncode else "")


def shown(what: str) -> str:
    return command("systemctl", "show", "--value", "--property", what, UNIT)


def until(true: Callable[[], Any], what: str) -> float:
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE_SECONDS:
        with contextlib.suppress(sqlite3.Error):
            if true():
                return time.monotonic() - begun
        time.sleep(0.05)
    raise AssertionError(f"never happened: {what}")


def rows(sql: str, archive: Path = ARCHIVE) -> list[Any]:
    db = sqlite3.connect(f"file:{archive}/catalog.sqlite?mode=ro", uri=True)
    try:
        return [row[0] for row in db.execute(sql)]
    finally:
        db.close()


def runs(outcome: str) -> int:
    found = rows(f"SELECT count(*) FROM runs WHERE outcome = '{outcome}'")
    return int(found[0])


def control(url: str, verb: str, **given: Any) -> None:
    request = urllib.request.Request(f"{url}/__control__/{verb}", json.dumps(given).encode(), method="POST")
    urllib.request.urlopen(request, timeout=10).read()


def may_write(pid: str, folder: str) -> bool:
    """Whether root itself, seeing the files as the service sees them, may write there."""
    done = subprocess.run(
        ["nsenter", "-t", pid, "-m", "sh", "-c", f"touch {folder}/written-by-fbbackup"],
        capture_output=True, check=False, timeout=20,
    )  # fmt: skip
    return done.returncode == 0


def drive(url: str, token: str) -> None:
    begun = time.monotonic()
    seen["start"] = command("systemctl", "start", UNIT)
    seen["ready_seconds"] = time.monotonic() - begun
    seen["active"] = shown("ActiveState")
    until(lambda: runs("complete"), "the first run")
    seen["stored"] = rows("SELECT count(*) FROM photos WHERE state = 'stored'")[0]
    until(lambda: "next run in" in shown("StatusText"), "the words of a daemon at rest")
    pid = shown("MainPID")
    look_around(pid, token)
    survive_a_kill(url, pid)
    survive_a_hang()
    begun = time.monotonic()
    seen["stop"] = command("systemctl", "stop", UNIT)
    seen["stop_seconds"] = time.monotonic() - begun
    seen["result"] = shown("Result")


def look_around(pid: str, token: str) -> None:
    status = Path(f"/proc/{pid}/status").read_text()
    seen["uid"] = int(status.split("\nUid:")[1].split()[0])
    seen["capabilities"] = int(status.split("\nCapEff:")[1].split()[0], 16)
    seen["state_mode"] = oct(STATE.stat().st_mode & 0o777)
    seen["written_inside"] = may_write(pid, "/var/lib/private/fbbackup")
    (STATE / "written-by-fbbackup").unlink(missing_ok=True)
    seen["written_outside"] = [folder for folder in OUTSIDE if may_write(pid, folder)]
    credential = Path("/run/credentials/fbbackup.service/credentials.toml")
    # As root inside the service's own view; outside of it others see not even the folder.
    inside = ["nsenter", "-t", pid, "-m", "stat", "-c", "%a %u", str(credential)]
    seen["credential"] = command(*inside)
    for name, who in {"nobody": 65534, "another": 61_999}.items():
        reading = ["setpriv", f"--reuid={who}", f"--regid={who}", "--clear-groups", "cat", str(credential)]
        seen[f"credential_read_by_{name}"] = token in command(*reading)
    seen["secret_in"] = [
        name for name in ("cmdline", "environ") if canary.FORMS.search(Path(f"/proc/{pid}/{name}").read_bytes())
    ]  # fmt: skip
    seen["socket"] = oct(os.stat("/run/fbbackup/daemon.sock").st_mode & 0o777)


def survive_a_kill(url: str, pid: str) -> None:
    control(url, "add-photo", caption="after the first run")
    control(url, "fault", name="drip", times=3, seconds=30)
    os.kill(int(pid), signal.SIGUSR1)
    until(lambda: rows("SELECT count(*) FROM runs WHERE outcome IS NULL")[0], "a run under way")
    os.kill(int(pid), signal.SIGKILL)
    control(url, "clear-faults")
    until(lambda: shown("NRestarts") == "1" and shown("ActiveState") == "active", "the restart after a kill")
    until(lambda: runs("complete") == 2, "the run after a kill")
    seen["after_kill"] = rows("SELECT count(*) FROM photos WHERE state = 'stored'")[0]


def survive_a_hang() -> None:
    pid = int(shown("MainPID"))
    os.kill(pid, signal.SIGSTOP)
    begun = time.monotonic()
    until(lambda: shown("NRestarts") == "2" and shown("ActiveState") == "active", "the restart after a hang")
    seen["hang_seconds"] = time.monotonic() - begun


def run_for_another_user() -> None:
    """The daemon for a user that exists, with the archive on another disk, and beside it the gallery alone."""
    subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "fbbackup"], check=True)
    seen["fixed_uid"] = pwd.getpwnam("fbbackup").pw_uid
    archive = Path("/srv/photos")
    archive.mkdir(0o700, parents=True)
    shutil.chown(archive, "fbbackup", "fbbackup")
    daemon, web = "fbbackup-fixed-user.service", "fbbackup-web.service"
    seen["fixed_start"] = command("systemctl", "start", daemon)
    until(lambda: rows("SELECT count(*) FROM runs WHERE outcome = 'complete'", archive)[0], "a run of the other user")
    seen["fixed_stored"] = rows("SELECT count(*) FROM photos WHERE state = 'stored'", archive)[0]
    seen["web_start"] = command("systemctl", "start", web)
    until(lambda: answers("http://127.0.0.1:8765/healthz"), "the gallery")
    seen["web_health"] = json.loads(answers("http://127.0.0.1:8765/healthz") or "null")
    pids = [command("systemctl", "show", "--value", "--property", "MainPID", unit) for unit in (daemon, web)]
    seen["fixed_uids"] = [os.stat(f"/proc/{pid}").st_uid for pid in pids]
    for name, pid in zip(("fixed", "web"), pids, strict=True):
        seen[f"{name}_written_outside"] = [folder for folder in OUTSIDE if may_write(pid, folder)]
    status = archive.stat()
    seen["fixed_archive_owner"], seen["fixed_archive_mode"] = status.st_uid, oct(status.st_mode & 0o777)
    command("systemctl", "stop", web, daemon)
    seen["others_result"] = [
        command("systemctl", "show", "--value", "--property", "Result", unit) for unit in (daemon, web)
    ]


def run_for_oneself(url: str, token: str) -> None:
    """The daemon in a manager of a person's own, installed as that person does it."""
    subprocess.run(["useradd", "--create-home", "ada"], check=True)
    home = Path("/home/ada")
    program = Path("/usr/local/bin/fbbackup")
    program.write_text(
        f'#!/bin/sh\nexport PYTHONPATH="{os.environ["PYTHONPATH"]}" LD_LIBRARY_PATH="{os.environ["LD_LIBRARY_PATH"]}"\n'
        f'exec {sys.executable} -m fbbackup "$@"\n'
    )
    program.chmod(0o755)
    texts = {
        ".config/fbbackup/config.toml": 'archive = "~/photos"\n[limits]\nkeep_free_bytes = 0\n'
        f'[[accounts]]\nname = "me"\napi_url = "{url}"\n',
        ".local/state/fbbackup/credentials.toml": f'[me]\ntoken = "{token}"\n',
    }
    for name, text in texts.items():
        (home / name).parent.mkdir(parents=True)
        (home / name).touch(0o600)
        (home / name).write_text(text)
    subprocess.run(["chown", "-R", "ada:ada", str(home)], check=True)
    seen["own_manager"] = command("systemctl", "start", "manager.service")
    seen["own_install"] = as_ada(str(program), "systemd", "install", "--user", "--program", str(program))
    seen["own_verify"] = as_ada("systemd-analyze", "--user", "verify", f"{home}/.config/systemd/user/{UNIT}")
    seen["own_start"] = as_ada("systemctl", "--user", "start", UNIT)
    until(
        lambda: rows("SELECT count(*) FROM runs WHERE outcome = 'complete'", home / "photos")[0], "a run of one's own"
    )
    seen["own_stored"] = rows("SELECT count(*) FROM photos WHERE state = 'stored'", home / "photos")[0]
    os.kill(int(of_ada("MainPID")), signal.SIGKILL)
    until(lambda: of_ada("NRestarts") == "1" and of_ada("ActiveState") == "active", "the restart of one's own")
    os.kill(int(of_ada("MainPID")), signal.SIGHUP)
    until(lambda: "next run in" in of_ada("StatusText"), "the words of one's own daemon")
    seen["own_enabled"] = as_ada("systemctl", "--user", "is-enabled", UNIT)
    seen["own_stop"] = as_ada("systemctl", "--user", "stop", UNIT)
    seen["own_result"] = of_ada("Result")


def as_ada(*words: str) -> str:
    environ = ["env", "XDG_RUNTIME_DIR=/run/manager", "HOME=/home/ada"]
    return command("setpriv", "--reuid=ada", "--regid=ada", "--init-groups", *environ, *words)


def of_ada(what: str) -> str:
    return as_ada("systemctl", "--user", "show", "--value", "--property", what, UNIT)


def answers(address: str) -> str | None:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode()
    except OSError:
        return None


def main() -> None:
    pretend = subprocess.Popen(
        [sys.executable, "-m", "fbbackup.simulator", "--photos", "30", "--albums", "4", "--largest", "96"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert pretend.stdout is not None
        facebook = json.loads(pretend.stdout.readline())
        folder = Path("/etc/fbbackup")
        folder.mkdir(exist_ok=True)
        (folder / "config.toml").write_text(
            f'[limits]\nkeep_free_bytes = 0\n[[accounts]]\nname = "me"\napi_url = "{facebook["url"]}"\n'
        )
        secret = folder / "credentials.toml"
        secret.touch(0o600)
        secret.write_text(f'[me]\ntoken = "{facebook["token"]}"\napp_secret = "{canary.APP_SECRET}"\n')
        drive(facebook["url"], facebook["token"])
        run_for_another_user()
        run_for_oneself(facebook["url"], facebook["token"])
        journal = command("journalctl", "--no-pager", "-o", "cat", "-u", UNIT)
        seen["journal"] = journal
        seen["secret_in_journal"] = canary.in_text(command("journalctl", "--no-pager", "-a"))
        seen["secret_in_files"] = [
            file for folder in (STATE, Path("/srv/photos"), Path("/home/ada")) for file in canary.in_files(folder)
        ]
        doctor = [sys.executable, "-m", "fbbackup", "--archive", str(ARCHIVE), "doctor", "--strict", "--json"]
        environ = {**os.environ, "FBBACKUP_TOKEN_ME": "x" * 20}
        done = subprocess.run(doctor, capture_output=True, text=True, check=False, env=environ, timeout=60)
        seen["doctor"] = json.loads(done.stdout)
    except BaseException:
        seen["failed"] = traceback.format_exc()
        seen["journal"] = command("journalctl", "--no-pager", "-o", "cat", "-u", UNIT)
    finally:
        Path("/out/seen.json").write_text(json.dumps(seen))
        pretend.kill()
        subprocess.run(["systemctl", "--no-block", "poweroff"], check=False)


main()
