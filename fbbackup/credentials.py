"""Where tokens and app secrets come from: the environment, systemd's credentials, or a file of mode 0600.

No text of any error or representation here holds a secret, and nothing is kept in memory between two calls.
"""

from __future__ import annotations

import hmac
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from fbbackup.errors import ConfigError, LoginNeeded

FILE_NAME = "credentials.toml"

_LARGEST_FILE_BYTES = 64 << 10
_ACCOUNT_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_GRAPHIC = re.compile(r"[!-~]+")
_HIDDEN = "Secret(…)"
_KEYS = ("token", "app_secret")


class Secret:
    """A text that shows itself to nobody but the caller of `reveal`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that sends it or signs with it."""
        return self._text

    def __repr__(self) -> str:
        return _HIDDEN

    def __format__(self, spec: str) -> str:
        return format(_HIDDEN, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __copy__(self) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never pickled: the pickle would hold it in the clear")


class Credentials:
    """The secrets of accounts, looked up anew at each call, so that a fresh login is seen at once."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ

    def token(self, account: str) -> Secret:
        """The account's access token."""
        secret = self._find(account, "token")
        if secret is None:
            variable = _variable(account, "token")
            raise LoginNeeded(f'account "{account}" has no token; set {variable}, or put it into {self.file}')
        return secret

    def app_secret(self, account: str) -> Secret | None:
        """The secret of the account's app; None when there is none, which is usual."""
        return self._find(account, "app_secret")

    @property
    def file(self) -> Path:
        """The file of mode 0600 that is asked last."""
        return state_folder(self._environ) / FILE_NAME

    def _find(self, account: str, key: str) -> Secret | None:
        if not _ACCOUNT_NAME.fullmatch(account):
            raise ConfigError("the name of an account must be 1 to 64 letters, digits, - or _; correct it")
        variable = _variable(account, key)
        if text := self._environ.get(variable, "").strip():
            return _checked(text, variable)
        folder = self._environ.get("CREDENTIALS_DIRECTORY")
        if folder:
            given = Path(folder, f"{key.replace('_', '-')}-{account}")
            if text := _systemd_text(given):
                return _checked(text, str(given))
        text = _file_text(self.file, account, key)
        return _checked(text, f"{self.file}: {key} of [{account}]") if text else None


def state_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder for what this machine knows: logins, and which archives exist."""
    # systemd separates several folders with colons.
    if given := environ.get("STATE_DIRECTORY", "").split(":")[0]:
        return Path(given)
    folder = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(folder):
        folder = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".local", "state")
    return Path(folder, "fbbackup")


def _variable(account: str, key: str) -> str:
    return f"FBBACKUP_{key}_{account}".upper().replace("-", "_")


def _checked(text: str, place: str) -> Secret:
    if not _GRAPHIC.fullmatch(text):
        raise _wrong(place, "holds a space, a control character or a letter outside ASCII; copy the secret again")
    return Secret(text)


def _wrong(place: str | Path, problem: str) -> ConfigError:
    words = f"{place}: {problem}"
    return ConfigError("".join(letter if letter.isprintable() else "?" for letter in words))


def _systemd_text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(_LARGEST_FILE_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise _wrong(file, f"can't be read: {error.strerror}; check LoadCredential= in the unit") from None
    return _decoded(content, file).strip()


def _decoded(content: bytes, file: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        problem = "is not UTF-8; save the file with the encoding UTF-8"
    # Raised out here because the decoder's own error carries the whole content along.
    raise _wrong(file, problem)


def _file_text(file: Path, account: str, key: str) -> str:
    tables = _parsed(_private_content(file), file)
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise _wrong(file, "a secret stands outside a table; put it below a line [account-name]")
        if name == account and not set(table) <= set(_KEYS):
            raise _wrong(file, f"[{account}] may hold only token and app_secret; remove the other keys")
    text = tables.get(account, {}).get(key, "")
    if not isinstance(text, str):
        raise _wrong(file, f"{key} of [{account}] must be text; put it in quotes")
    return text.strip()


def _parsed(content: bytes, file: Path) -> dict[str, Any]:
    text = _decoded(content, file)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        place = re.search(r"\(at line (\d+), column \d+\)$", str(error))
        line = place[1] if place else text.rstrip().count("\n") + 1
    # tomllib's message may quote the text, and its newer errors carry all of it: neither leaves this function.
    raise _wrong(f"{file}:{line}", 'not valid TOML; write [account-name], below it token = "…"')


def _private_content(file: Path) -> bytes:
    try:
        # Opened before it is checked, so that nobody can swap the file in between; O_NONBLOCK is for a FIFO.
        opened = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        if os.path.islink(file):
            raise _wrong(file, "is a symbolic link; put the file itself there") from None
        # systemd's ProtectHome= locks the whole home folder: that is an absent file, not an unreadable one.
        if isinstance(error, PermissionError) and not os.access(file.parent, os.X_OK):
            return b""
        raise _wrong(file, f"can't be read: {error.strerror}; its owner must be the user of fbbackup") from None
    try:
        _check_private(os.fstat(opened), file)
        content = os.read(opened, _LARGEST_FILE_BYTES + 1)
    finally:
        os.close(opened)
    if len(content) > _LARGEST_FILE_BYTES:
        raise _wrong(file, "is larger than 64 KiB, which no credentials file is; check what it holds")
    return content


def _check_private(status: os.stat_result, file: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _wrong(file, "is no regular file; remove it and log in again")
    if status.st_uid != os.geteuid():
        raise _wrong(file, f"belongs to another user; run: chown {os.geteuid()} {file}")
    if stat.S_IMODE(status.st_mode) & ~0o600:
        mode = stat.S_IMODE(status.st_mode)
        raise _wrong(file, f"has mode {mode:04o}, others could read the secrets; run: chmod 600 {file}")
