"""The unit under a real systemd, booted in a container over a copy of this machine's files that nobody keeps."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BOOT_SECONDS = 110.0
WATCHDOG_SECONDS = 3

UNIT_FOR_TESTS = f"""
[Service]
ExecStart=
ExecStart=/opt/python/bin/python{sys.version_info[0]}.{sys.version_info[1]} -m fbbackup daemon
Environment=PYTHONPATH=/opt/source:/opt/site PYTHONDONTWRITEBYTECODE=1 LD_LIBRARY_PATH=/opt/python/lib
WatchdogSec={WATCHDOG_SECONDS}s
RestartSec=200ms
"""

OTHERS_FOR_TESTS = {
    "fbbackup-fixed-user": UNIT_FOR_TESTS + "Environment=FBBACKUP_WEB_ENABLED=false\n",
    "fbbackup-web": UNIT_FOR_TESTS.replace("-m fbbackup daemon", "-m fbbackup serve").replace("WatchdogSec", "#"),
}
"""The units for a user that exists: the daemon without its gallery, and the gallery alone."""

DRIVER = f"""
[Unit]
Description=Drives the test
After=systemd-journald.service systemd-user-sessions.service
[Service]
Type=oneshot
Environment=PYTHONPATH=/opt/source:/opt/site PYTHONDONTWRITEBYTECODE=1 LD_LIBRARY_PATH=/opt/python/lib
ExecStart=/opt/python/bin/python{sys.version_info[0]}.{sys.version_info[1]} /opt/source/tests/systemd/driver.py
"""

MANAGER = """
[Service]
User=ada
Type=notify
ExecStart=/lib/systemd/systemd --user
Environment=XDG_RUNTIME_DIR=/run/manager HOME=/home/ada
RuntimeDirectory=manager
RuntimeDirectoryMode=0700
Delegate=yes
"""
"""A person's own manager, as `user@.service` starts it at login; that one would need PAM, D-Bus and logind here."""

TARGET = """
[Unit]
Description=Only what the test needs
Requires=basic.target driver.service
After=basic.target
AllowIsolate=yes
"""


def why_not() -> str | None:
    if sys.platform != "linux" or os.geteuid() != 0:
        return "booting systemd in a container needs root on Linux"
    for tool in ("systemd-nspawn", "nsenter", "setpriv"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed (Debian: systemd-container, util-linux)"
    return None


@contextmanager
def overlay(folder: Path) -> Iterator[Path]:
    """This machine's files with a layer of memory above, which takes every change."""
    layer, root = folder / "layer", folder / "root"
    layer.mkdir()
    root.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m", "fbbackup-test", layer], check=True)
    try:
        (layer / "upper").mkdir()
        (layer / "work").mkdir()
        options = f"lowerdir=/,upperdir={layer}/upper,workdir={layer}/work"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, root], check=True)
        try:
            yield root
        finally:
            subprocess.run(["umount", "-l", root], check=False)
    finally:
        subprocess.run(["umount", "-l", layer], check=False)


def furnish(root: Path) -> None:
    units = root / "etc/systemd/system"
    for wants in units.glob("*.wants"):
        shutil.rmtree(wants)
    shutil.copy(ROOT / "systemd" / "fbbackup.service", units / "fbbackup.service")
    (units / "fbbackup.service.d").mkdir()
    (units / "fbbackup.service.d" / "test.conf").write_text(UNIT_FOR_TESTS)
    for name, text in OTHERS_FOR_TESTS.items():
        shutil.copy(ROOT / "systemd" / f"{name}.service", units)
        (units / f"{name}.service.d").mkdir()
        (units / f"{name}.service.d" / "test.conf").write_text(text)
    (units / "driver.service").write_text(DRIVER)
    (units / "manager.service").write_text(MANAGER)
    (units / "test.target").write_text(TARGET)
    shutil.rmtree(root / "var/lib/fbbackup", ignore_errors=True)
    (root / "etc/machine-id").write_text("")


def boot(root: Path, out: Path) -> subprocess.CompletedProcess[str]:
    binds = {sys.base_prefix: "/opt/python", sysconfig.get_path("purelib"): "/opt/site", str(ROOT): "/opt/source"}
    return subprocess.run(
        [
            "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--boot", "-D", str(root),
            "--console=pipe", f"--bind={out}:/out", *(f"--bind-ro={path}:{place}" for path, place in binds.items()),
            "--", "systemd.unit=test.target", "systemd.show_status=no",
        ],
        capture_output=True, text=True, timeout=BOOT_SECONDS, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the driver saw; one boot for all tests."""
    if reason := why_not():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("machine")
    out = folder / "out"
    out.mkdir()
    try:
        with overlay(folder) as root:
            furnish(root)
            done = boot(root, out)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"an overlay can't be mounted here: {error}")
    file = out / "seen.json"
    if not file.exists():
        pytest.skip(f"systemd does not boot in a container here: {(done.stdout + done.stderr)[-300:]}")
    found: dict[str, Any] = json.loads(file.read_text())
    assert "failed" not in found, f"{found['failed']}\n{found['journal']}\n{done.stdout[-2000:]}"
    return found


def test_it_becomes_ready_and_backs_up(seen: dict[str, Any]) -> None:
    assert (seen["start"], seen["active"]) == ("", "active")
    assert seen["ready_seconds"] < 30
    assert seen["stored"] >= 30


def test_it_has_a_user_of_its_own_and_no_rights(seen: dict[str, Any]) -> None:
    assert 61_184 <= seen["uid"] <= 65_519
    assert seen["capabilities"] == 0
    assert seen["state_mode"] == "0o700"
    assert seen["socket"] == "0o600"


def test_it_can_write_nowhere_else(seen: dict[str, Any]) -> None:
    assert seen["written_inside"]
    assert seen["written_outside"] == []


def test_its_secrets_are_readable_to_nobody_else(seen: dict[str, Any]) -> None:
    assert seen["credential"].split()[0] == "400"
    assert not seen["credential_read_by_nobody"]
    assert not seen["credential_read_by_another"]
    assert seen["secret_in"] == seen["secret_in_files"] == []
    assert not seen["secret_in_journal"]


def test_it_comes_back_after_a_kill_and_finishes(seen: dict[str, Any]) -> None:
    assert seen["after_kill"] == seen["stored"] + 1


def test_a_hang_is_noticed_in_time(seen: dict[str, Any]) -> None:
    print(f"hang: back {seen['hang_seconds']:.1f} s after it began, WatchdogSec={WATCHDOG_SECONDS}")
    assert seen["hang_seconds"] < WATCHDOG_SECONDS + 10
    assert "Watchdog timeout" in seen["journal"]


def test_the_archive_obeys_every_rule_afterwards(seen: dict[str, Any]) -> None:
    assert seen["doctor"]["findings"] == []


def test_it_stops_in_order_and_in_time(seen: dict[str, Any]) -> None:
    assert (seen["stop"], seen["result"]) == ("", "success")
    assert seen["stop_seconds"] < 5


def test_a_user_that_exists_backs_up_to_another_disk_and_the_gallery_alone_shows_it(seen: dict[str, Any]) -> None:
    assert (seen["fixed_start"], seen["fixed_stored"]) == ("", seen["after_kill"])
    assert seen["fixed_uids"] == [seen["fixed_uid"]] * 2
    assert (seen["fixed_archive_owner"], seen["fixed_archive_mode"]) == (seen["fixed_uid"], "0o700")
    assert seen["fixed_written_outside"] == seen["web_written_outside"] == []
    assert (seen["web_start"], seen["web_health"]) == ("", {"ok": True, "reasons": []})
    assert seen["others_result"] == ["success", "success"]


def test_the_unit_of_a_persons_own_backs_up_and_comes_back(seen: dict[str, Any]) -> None:
    assert (seen["own_manager"], seen["own_verify"], seen["own_start"]) == ("", "", "")
    assert "enabled; start it with: systemctl --user start fbbackup" in seen["own_install"]
    assert seen["own_enabled"] == "enabled"
    assert seen["own_stored"] == seen["after_kill"]
    assert (seen["own_stop"], seen["own_result"]) == ("", "success")
