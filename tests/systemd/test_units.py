"""The units as files: how exposed they are by systemd's own reckoning, and that they differ only where they must."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from fbbackup.cli import cli
from fbbackup.errors import ConfigError

FOLDER = Path(__file__).parents[2] / "systemd"
UNITS = [unit for unit in sorted(FOLDER.glob("*.service")) if unit.name != "fbbackup-user.service"]
"""A user's own manager can't give most of the protection that is reckoned with."""


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_exposure(unit: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (Debian: systemd)")
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--json=short", "--threshold=11", str(unit)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    open_ends = [line["description"] for line in json.loads(done.stdout) if not line["set"]]
    assert done.returncode == 0, f"more than 1.1: {open_ends}"


def test_units_differ_in_user_and_place_only() -> None:
    one, other = (
        {line for line in (FOLDER / name).read_text().splitlines() if line and not line.startswith("#")}
        for name in ("fbbackup.service", "fbbackup-fixed-user.service")
    )
    assert {line.partition("=")[0] for line in one ^ other} == {
        "DynamicUser", "User", "Environment", "ReadWritePaths", "RequiresMountsFor",
    }  # fmt: skip


def install(*arguments: str) -> str:
    done = CliRunner().invoke(cli, ["systemd", "install", *arguments], catch_exceptions=False, standalone_mode=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_install_writes_the_unit_with_this_program_and_archive(tmp_path: Path) -> None:
    program = tmp_path / "fbbackup"
    words = install("--into", str(tmp_path), "--program", str(program), "--for", "ada", "--keep", "/mnt/100%/photos")
    text = (tmp_path / "fbbackup.service").read_text()
    assert f"ExecStart={program} daemon\n" in text
    assert "User=ada\n" in text
    assert "DynamicUser" not in text
    assert text.count("/mnt/100%%/photos") == 3
    assert "/srv/photos" not in text
    assert str(tmp_path / "fbbackup.service") in words


def test_an_archive_that_systemd_would_read_as_two_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="without spaces"):
        install("--into", str(tmp_path), "--program", "/opt/fbbackup", "--for", "ada", "--keep", "/mnt/disk 1")


def test_install_for_oneself(tmp_path: Path) -> None:
    install("--user", "--into", str(tmp_path), "--program", "/home/ada/.local/bin/fbbackup")
    text = (tmp_path / "fbbackup.service").read_text()
    assert "ExecStart=/home/ada/.local/bin/fbbackup daemon\n" in text
    assert "WantedBy=default.target" in text


def test_a_program_in_a_home_folder_can_be_no_service_of_the_machine(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--user"):
        install("--into", str(tmp_path), "--program", "/home/ada/.local/bin/fbbackup")
    assert not (tmp_path / "fbbackup.service").exists()


@pytest.mark.parametrize("program", ["/opt/a%b/fbbackup", "/opt/a b/fbbackup", '/opt/a"b/fbbackup'])
def test_odd_paths_reach_systemd_whole(tmp_path: Path, program: str) -> None:
    install("--into", str(tmp_path), "--program", program)
    line = next(x for x in (tmp_path / "fbbackup.service").read_text().splitlines() if x.startswith("ExecStart="))
    spelled = line.removeprefix("ExecStart=").removesuffix(" daemon")
    assert " " not in spelled
    assert spelled.replace("%%", "%").encode().decode("unicode_escape") == program
