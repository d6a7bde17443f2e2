"""Where tokens and other secrets come from: the environment, systemd's credentials, or a file of mode 0600.

No text of any error or representation here holds a secret, and nothing is kept in memory between two calls.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fbbackup.credentials.private import (
    LARGEST_FILE_BYTES,
    Tables,
    change_tables,
    checked_tables,
    decoded,
    tables_of,
    wrong,
)
from fbbackup.credentials.secret import Secret
from fbbackup.errors import ConfigError, LoginNeeded

__all__ = ["Credentials", "Login", "Secret", "fingerprint", "state_folder", "without_secrets"]

FILE_NAME = "credentials.toml"

_SECRETS = (
    "FBBACKUP_TOKEN_",
    "FBBACKUP_APP_SECRET_",
    "FBBACKUP_CLIENT_TOKEN_",
    "FBBACKUP_NOTIFY_URLS",
    "FBBACKUP_PING_URL",
    "CREDENTIALS_DIRECTORY",
    "NOTIFY_SOCKET",
)
"""How the names of environment variables begin that hold a secret, lead to one, or speak to systemd in our name."""
_ACCOUNT_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_GRAPHIC = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Login:
    """What a login leaves behind. `user_id` is whose it is; `renewed_from` marks the token that this one replaces."""

    token: Secret = field(repr=False)
    user_id: str
    app_secret: Secret | None = field(default=None, repr=False)
    renewed_from: str | None = None


class Credentials:
    """The secrets of accounts, looked up anew at each call, so that a fresh login is seen at once."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ

    def token(self, account: str) -> Secret:
        """The account's access token. Raises LoginNeeded where there is none."""
        return self._token(account, f'account "{account}" has no token; run `fbbackup login {account}`, or')

    def key(self, destination: str) -> Secret:
        """What a destination asks for: a Page's token, OneAll's private key. Raises LoginNeeded where there is none."""
        return self._token(destination, f'destination "{destination}" has no token or key;')

    def _token(self, account: str, lacking: str) -> Secret:
        given, kept = self._given(account, "token"), self._table(account)
        if given is not None:
            # A token that was given and renewed since then lives on in the file; a newer one that is given counts.
            renewed = kept.get("renewed_from") == fingerprint(given)
            return (self._kept(account, "token", kept) or given) if renewed else given
        secret = self._kept(account, "token", kept)
        if secret is None:
            variable = _variable(account, "token")
            raise LoginNeeded(f"{lacking} set {variable}, or put it into {self.file}")
        return secret

    def origin(self, account: str) -> str | None:
        """The mark of the token that the environment or systemd gives, None when neither gives one."""
        given = self._given(account, "token")
        return fingerprint(given) if given is not None else None

    def app_secret(self, account: str) -> Secret | None:
        """The secret of the account's app; None when there is none, which is usual."""
        return self._find(account, "app_secret")

    def client_token(self, account: str) -> Secret | None:
        """The client token of the account's app, for logging in with a code; None when there is none."""
        return self._find(account, "client_token")

    def user_id(self, account: str) -> str | None:
        """Whose token was saved last; None when none was."""
        found = self._table(account).get("user_id")
        return str(found) if found else None

    def notify_urls(self) -> tuple[Secret, ...]:
        """Where notices go: apprise's addresses, which hold secrets of their own."""
        found = self._shared("notify_urls")
        words = found.split() if isinstance(found, str) else found
        return tuple(_checked(str(word), "notify_urls") for word in words or ())

    def ping_url(self) -> Secret | None:
        """The address of a dead man's switch."""
        found = self._shared("ping_url")
        return _checked(str(found).strip(), "ping_url") if found else None

    def save(self, account: str, login: Login, *, in_keyring: bool = False) -> None:
        """Keeps a login for every later run; durable when this returns."""
        _check_name(account)
        secrets = {"token": login.token, **({"app_secret": login.app_secret} if login.app_secret else {})}
        if in_keyring:
            for key, secret in secrets.items():
                _keyring().set_password("fbbackup", f"{key}-{account}", secret.reveal())

        def change(tables: Tables) -> None:
            table: Tables = tables.setdefault(account, {})
            for key, secret in secrets.items():
                table.pop(key, None)
                if not in_keyring:
                    table[key] = secret.reveal()
            table.pop("renewed_from", None)
            table.pop("keyring", None)
            table |= {"user_id": login.user_id}
            table |= {"renewed_from": login.renewed_from} if login.renewed_from else {}
            table |= {"keyring": True} if in_keyring else {}

        change_tables(self.file, change)

    def keeps_in_keyring(self, account: str) -> bool:
        """Whether the account's login was saved in the keyring."""
        return self._table(account).get("keyring") is True

    @property
    def file(self) -> Path:
        """The file of mode 0600 that is asked last, and that logins are saved in."""
        return state_folder(self._environ) / FILE_NAME

    def _find(self, account: str, key: str) -> Secret | None:
        return self._given(account, key) or self._kept(account, key, self._table(account))

    def _given(self, account: str, key: str) -> Secret | None:
        """From the environment or from systemd."""
        _check_name(account)
        variable = _variable(account, key)
        if text := self._environ.get(variable, "").strip():
            return _checked(text, variable)
        folder = self._environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            return None
        given = Path(folder, f"{key.replace('_', '-')}-{account}")
        if text := decoded(_systemd_content(given), given).strip():
            return _checked(text, str(given))
        whole = Path(folder, FILE_NAME)
        text = checked_tables(_systemd_content(whole), whole, account).get(account, {}).get(key, "").strip()
        return _checked(text, f"{whole}: {key} of [{account}]") if text else None

    def _table(self, account: str) -> Tables:
        _check_name(account)
        found: Tables = tables_of(self.file, account).get(account, {})
        return found

    def _kept(self, account: str, key: str, table: Tables) -> Secret | None:
        text = str(table.get(key, "")).strip()
        if not text and table.get("keyring"):
            text = _keyring().get_password("fbbackup", f"{key}-{account}") or ""
        return _checked(text, f"{self.file}: {key} of [{account}]") if text else None

    def _shared(self, key: str) -> Any:
        if text := self._environ.get(f"FBBACKUP_{key}".upper(), "").strip():
            return text
        if folder := self._environ.get("CREDENTIALS_DIRECTORY"):
            given = Path(folder, key.replace("_", "-"))
            if text := decoded(_systemd_content(given), given).strip():
                return text
            whole = Path(folder, FILE_NAME)
            if found := checked_tables(_systemd_content(whole), whole).get(key):
                return found
        return tables_of(self.file).get(key)


def fingerprint(secret: Secret) -> str:
    """A mark that tells two secrets apart and gives neither away."""
    return hashlib.sha256(secret.reveal().encode()).hexdigest()[:16]


def state_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder for what this machine knows: logins, and which archives exist."""
    # systemd separates several folders with colons.
    if given := environ.get("STATE_DIRECTORY", "").split(":")[0]:
        return Path(given)
    folder = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(folder):
        folder = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".local", "state")
    return Path(folder, "fbbackup")


def without_secrets(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for a program of somebody else's that fbbackup starts."""
    return {name: value for name, value in environ.items() if not name.startswith(_SECRETS)}


def _check_name(account: str) -> None:
    if not _ACCOUNT_NAME.fullmatch(account):
        raise ConfigError("the name of an account must be 1 to 64 letters, digits, - or _; correct it")


def _variable(account: str, key: str) -> str:
    return f"FBBACKUP_{key}_{account}".upper().replace("-", "_")


def _checked(text: str, place: str) -> Secret:
    if not _GRAPHIC.fullmatch(text):
        raise wrong(place, "holds a space, a control character or a letter outside ASCII; copy the secret again")
    return Secret(text)


def _systemd_content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(LARGEST_FILE_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        raise wrong(file, f"can't be read: {error.strerror}; check LoadCredential= in the unit") from None


def _keyring() -> Any:
    try:
        import keyring
    except ImportError:
        raise ConfigError(
            "a login is kept in the keyring, but that extra is missing; "
            "`pipx install --force '.[keyring]'` in its checkout adds it"
        ) from None
    return keyring
