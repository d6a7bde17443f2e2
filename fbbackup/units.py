"""Puts fbbackup's systemd unit into place, with the program, user and archive that it is installed for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from fbbackup.credentials import without_secrets
from fbbackup.errors import ConfigError

NAME = "fbbackup.service"
SYSTEM_FOLDER = Path("/etc/systemd/system")
SECRETS = Path("/etc/fbbackup/credentials.toml")
_HOMES = ("/home/", "/root/", "/run/user/")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be installed: `user` and `archive` make it the variant for a fixed user; with `into` only the file."""

    own: bool = False
    user: str | None = None
    archive: Path | None = None
    program: Path | None = None
    into: Path | None = None


def install(wanted: Wanted) -> list[str]:
    """Writes the unit and enables it; lines about what was done and what is next. Raises ConfigError."""
    text = _filled(wanted)
    folder = wanted.into or (_own_folder() if wanted.own else SYSTEM_FOLDER)
    manager = ["systemctl", "--user"] if wanted.own else ["systemctl"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / NAME).write_text(text)
        if wanted.into is None and not wanted.own:
            _make_secrets()
    except OSError as error:
        system = wanted.into is None and not wanted.own
        remedy = (
            "run as root, or add --user for a service of your own" if system else "check the folder and who owns it"
        )
        raise ConfigError(f"{error.filename}: {error.strerror}; {remedy}") from None
    lines = [f"written: {folder / NAME}"]
    if wanted.into is None:
        for words in (["daemon-reload"], ["enable", NAME]):
            _run([*manager, *words], folder / NAME)
        lines += [f"enabled; start it with: {' '.join(manager)} start fbbackup", *_next_steps(wanted)]
    return lines


def _next_steps(wanted: Wanted) -> list[str]:
    if wanted.own:
        return ["to let it run while you are not logged in: loginctl enable-linger"]
    return [
        f"its configuration is /etc/fbbackup/config.toml, its secrets go into {SECRETS} (both are read at its start)"
    ]


def _filled(wanted: Wanted) -> str:
    program = wanted.program or _own_program()
    if not wanted.own and str(program).startswith(_HOMES):
        raise ConfigError(
            f"{program} lies in a home folder, which a service of the machine can't see; install with --user, or "
            "install fbbackup for everyone (pipx install --global fbbackup)"
        )
    if (wanted.user is None) != (wanted.archive is None):
        raise ConfigError("--for USER and --keep DIR belong together: the user who owns the archive, and where it is")
    kind = "-user" if wanted.own else "-fixed-user" if wanted.user else ""
    text = (_templates() / f"fbbackup{kind}.service").read_text()
    text = text.replace("ExecStart=/usr/bin/fbbackup ", f"ExecStart={_escaped(str(program))} ")
    if wanted.user and wanted.archive:
        if not re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}", wanted.user):
            raise ConfigError(f"{wanted.user!r} is no name of a user; name the one who owns the archive")
        text = text.replace("User=fbbackup\n", f"User={wanted.user}\n")
        if set(str(wanted.archive)) & set(" \t\"'\\") or not wanted.archive.is_absolute():
            raise ConfigError(f"--keep {wanted.archive}: name a full path without spaces, quotes and backslashes")
        text = text.replace("/srv/photos", str(wanted.archive).replace("%", "%%"))
    return text


def _escaped(path: str) -> str:
    """A path as systemd reads it back: specifiers doubled, spaces and quotes by number."""
    return "".join(f"\\x{ord(letter):02x}" if letter in " \t\"'\\" else letter for letter in path).replace("%", "%%")


def _templates() -> Path:
    for folder in (Path(sys.prefix) / "share" / "fbbackup" / "systemd", Path(__file__).parents[1] / "systemd"):
        if (folder / NAME).is_file():
            return folder
    raise ConfigError("the systemd units are not part of this installation; copy them from the source's systemd folder")


def _own_program() -> Path:
    found = shutil.which("fbbackup") or shutil.which("fbbackup", path=os.path.dirname(sys.executable))
    if found is None:
        raise ConfigError("the command fbbackup is not on the PATH; name it with --program")
    return Path(os.path.abspath(found))


def _own_folder() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME", "")
    return Path(home if os.path.isabs(home) else os.path.expanduser("~/.config"), "systemd", "user")


def _make_secrets() -> None:
    """The file that the unit loads; without it systemd refuses to start the unit."""
    SECRETS.parent.mkdir(0o755, parents=True, exist_ok=True)
    SECRETS.touch(0o600)


def _run(words: list[str], unit: Path) -> None:
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=without_secrets())  # noqa: S603 - constants above
    except FileNotFoundError:
        raise ConfigError(f"{unit} is written, but systemctl is not there; this machine does not run systemd") from None
    if done.returncode != 0:
        problem = " ".join(done.stderr.split())
        raise ConfigError(
            f"{unit} is written, but `{' '.join(words)}` failed ({problem or done.returncode}); does systemd run here? "
            "Then run this again"
        )
