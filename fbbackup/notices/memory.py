"""What people were told already, so that nobody is told twice, and the last notices for whoever shows them."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

NAME = "notices.json"
KEPT = 50


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something of an account that needs a person; `login` when logging in again is what helps."""

    account: str
    why: str
    login: bool


@dataclass(frozen=True, slots=True)
class Unsent:
    """A notice of the moment `at` on its way to services; `to` are the marks of those that lack it, none for all."""

    title: str
    text: str
    at: str
    to: tuple[str, ...] = ()


def _endings(account: str, said: dict[str, Any], now: datetime) -> list[Alarm]:
    """Ends that people were warned of and that have not come; the first of them is enough."""
    soon = [
        (datetime.fromisoformat(one["ends_at"]), what)
        for what, one in said.items()
        if one["days"] is not None and datetime.fromisoformat(one["ends_at"]) > now
    ]
    return [Alarm(account, f"{what} ends on {at:%Y-%m-%d}", True) for at, what in sorted(soon)[:1]]


def _list(content: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = content.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


class Memory:
    """A small file in the state folder. Lost, it costs a repeated notice; so it is replaced whole and never synced."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / NAME

    def account(self, name: str) -> dict[str, Any]:
        """What is remembered of an account; change it and `save`."""
        accounts = self._load().get("accounts")
        found = accounts.get(name) if isinstance(accounts, dict) else None
        return found if isinstance(found, dict) else {}

    def save(self, name: str, known: dict[str, Any]) -> None:
        """Remembers it. A disk that takes no more costs only the memory."""
        content = self._load()
        accounts = content.get("accounts")
        content["accounts"] = {**(accounts if isinstance(accounts, dict) else {}), name: known}
        self._write(content)

    def keep(self, notice: dict[str, Any]) -> None:
        """Adds a notice to the last ones."""
        content = self._load()
        content["recent"] = [notice, *self.recent()][:KEPT]
        self._write(content)

    def keep_unsent(self, unsent: Unsent) -> None:
        """Keeps what a service did not take, for another try."""
        content = self._load()
        content["unsent"] = [*_list(content, "unsent"), asdict(unsent)][-KEPT:]
        self._write(content)

    def take_unsent(self) -> list[Unsent]:
        """What waits for another try, oldest first; it is no longer kept."""
        content = self._load()
        found = []
        for one in _list(content, "unsent"):
            with suppress(LookupError, TypeError, ValueError):
                datetime.fromisoformat(one["at"])
                found.append(Unsent(str(one["title"]), str(one["text"]), one["at"], tuple(one["to"])))
        if content.pop("unsent", None):
            self._write(content)
        return found

    def recent(self) -> list[dict[str, Any]]:
        """The last notices, newest first."""
        return _list(self._load(), "recent")

    def alarms(self, now: datetime) -> list[Alarm]:
        """What needs a person at this moment: trouble that is not over, and logins that end soon."""
        accounts = self._load().get("accounts")
        found = []
        for name, known in accounts.items() if isinstance(accounts, dict) else ():
            with suppress(LookupError, TypeError, ValueError, AttributeError):
                if trouble := known.get("trouble"):
                    found.append(Alarm(name, str(trouble["why"]), trouble["kind"] == "login-ended"))
                    continue
                found += _endings(name, known.get("said", {}), now)
        return found

    def _load(self) -> dict[str, Any]:
        try:
            content = json.loads(self._file.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}

    def _write(self, content: dict[str, Any]) -> None:
        with suppress(OSError):
            self._file.parent.mkdir(0o700, parents=True, exist_ok=True)
            part = self._file.with_name(f"{NAME}.part")
            part.unlink(missing_ok=True)
            opened = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(opened, "w") as out:
                json.dump(content, out, indent=1)
            part.replace(self._file)
