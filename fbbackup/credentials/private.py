"""The credentials file: TOML of mode 0600 of this user, read whole or refused, written whole or not at all.

No text of any error here holds a secret.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fbbackup.errors import ArchiveUnusable, ConfigError

LARGEST_FILE_BYTES = 64 << 10
SHARED_KEYS = {"notify_urls": list, "ping_url": str}
"""What stands above the accounts' tables: secrets that belong to none of them."""

ACCOUNT_KEYS = {
    "token": str, "app_secret": str, "client_token": str, "user_id": str, "renewed_from": str, "keyring": bool,
}  # fmt: skip

Tables = dict[str, Any]


def tables_of(file: Path, account: str | None = None) -> Tables:
    """What the file of this user holds, nothing when there is none; `account`'s table is checked closely."""
    return checked_tables(private_content(file), file, account)


def checked_tables(content: bytes, file: Path, account: str | None = None) -> Tables:
    """The tables of a file's content."""
    tables = _parsed(content, file)
    for name, table in tables.items():
        if name in SHARED_KEYS and isinstance(table, SHARED_KEYS[name]):
            continue
        if not isinstance(table, dict):
            raise wrong(file, "a secret stands outside a table; put it below a line [account-name]")
        if name == account:
            _check_table(table, account, file)
    return tables


def _check_table(table: Mapping[str, Any], account: str, file: Path) -> None:
    if not set(table) <= set(ACCOUNT_KEYS):
        raise wrong(file, f"[{account}] may hold only {', '.join(ACCOUNT_KEYS)}; remove the other keys")
    for key, kind in ACCOUNT_KEYS.items():
        if key in table and not isinstance(table[key], kind):
            problem = "must be text; put it in quotes" if kind is str else "must be true or false"
            raise wrong(file, f"{key} of [{account}] {problem}")


def change_tables(file: Path, change: Callable[[Tables], None]) -> None:
    """Reads, changes and replaces the file, one program at a time. Raises ConfigError and ArchiveUnusable."""
    try:
        file.parent.mkdir(0o700, parents=True, exist_ok=True)
        with _alone_in(file.parent) as folder:
            tables = tables_of(file)
            change(tables)
            _replace(folder, file.name, _spelled(tables).encode())
    except OSError as error:
        raise ArchiveUnusable(
            f"{file} can't be written: {error.strerror}; check the folder's owner and space"
        ) from None


@contextmanager
def _alone_in(path: Path) -> Iterator[int]:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(folder)


def _replace(folder: int, name: str, content: bytes) -> None:
    part = f"{name}.{os.getpid()}.part"
    opened = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)
    try:
        try:
            os.write(opened, content)
            os.fsync(opened)
        finally:
            os.close(opened)
        os.replace(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(part, dir_fd=folder)
        raise
    os.fsync(folder)


def _spelled(tables: Tables) -> str:
    """TOML of shared keys and tables; JSON's text, lists and booleans are TOML's."""
    lines = [f"{key} = {json.dumps(tables[key])}" for key in SHARED_KEYS if key in tables]
    for name, table in tables.items():
        if isinstance(table, dict):
            lines += ["", f"[{json.dumps(name)}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    return "\n".join(lines).lstrip() + "\n"


def wrong(place: str | Path, problem: str) -> ConfigError:
    """The problem with a place, on one line that a terminal can show."""
    words = f"{place}: {problem}"
    return ConfigError("".join(letter if letter.isprintable() else "?" for letter in words))


def decoded(content: bytes, file: Path) -> str:
    """The text of a file in UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        problem = "is not UTF-8; save the file with the encoding UTF-8"
    # Raised out here because the decoder's own error carries the whole content along.
    raise wrong(file, problem)


def _parsed(content: bytes, file: Path) -> dict[str, Any]:
    text = decoded(content, file)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        place = re.search(r"\(at line (\d+), column \d+\)$", str(error))
        line = place[1] if place else text.rstrip().count("\n") + 1
    # tomllib's message may quote the text, and its newer errors carry all of it: neither leaves this function.
    raise wrong(f"{file}:{line}", 'not valid TOML; write [account-name], below it token = "…"')


def private_content(file: Path) -> bytes:
    """The bytes of a file that only its user may read; nothing when there is none. Raises ConfigError."""
    try:
        # Opened before it is checked, so that nobody can swap the file in between; O_NONBLOCK is for a FIFO.
        opened = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        if os.path.islink(file):
            raise wrong(file, "is a symbolic link; put the file itself there") from None
        # systemd's ProtectHome= locks the whole home folder: that is an absent file, not an unreadable one.
        if isinstance(error, PermissionError) and not os.access(file.parent, os.X_OK):
            return b""
        raise wrong(file, f"can't be read: {error.strerror}; its owner must be the user of fbbackup") from None
    try:
        _check_private(os.fstat(opened), file)
        content = os.read(opened, LARGEST_FILE_BYTES + 1)
    finally:
        os.close(opened)
    if len(content) > LARGEST_FILE_BYTES:
        raise wrong(file, "is larger than 64 KiB, which no credentials file is; check what it holds")
    return content


def _check_private(status: os.stat_result, file: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise wrong(file, "is no regular file; remove it and log in again")
    if status.st_uid != os.geteuid():
        raise wrong(file, f"belongs to another user; run: chown {os.geteuid()} {file}")
    if stat.S_IMODE(status.st_mode) & ~0o600:
        mode = stat.S_IMODE(status.st_mode)
        raise wrong(file, f"has mode {mode:04o}, others could read the secrets; run: chmod 600 {file}")
