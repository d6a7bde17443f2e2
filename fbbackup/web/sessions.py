"""Sessions of the local APIs: tokens that a person makes for a program, kept as hashes, seen at once by a server."""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from fbbackup import private_file
from fbbackup.errors import ConfigError

FILE_NAME = "sessions.json"
SCOPES = ("read", "write")


@dataclass(frozen=True, slots=True)
class Session:
    """A program's right to ask about one account. Times are `2014-07-05T10:00:00Z`; `digest` is of the token."""

    id: str
    account: str
    scope: str
    digest: str
    created_at: str
    expires_at: str | None

    @property
    def may_write(self) -> bool:
        return self.scope == "write"

    def public(self) -> dict[str, Any]:
        """What may be shown: everything but the digest."""
        return {key: value for key, value in asdict(self).items() if key != "digest"}


def _now() -> datetime:
    return datetime.now(UTC)


class Sessions:
    """The sessions in the state folder; other processes' changes are seen with the next question."""

    def __init__(self, state_folder: Path, clock: Callable[[], datetime] = _now) -> None:
        self._file = state_folder / FILE_NAME
        self._clock = clock
        self._seen: tuple[int, int, int] | None = None
        self._by_digest: dict[str, Session] = {}

    def new(self, account: str, scope: str, days: float | None) -> tuple[Session, str]:
        """Makes a session and its token; the token is shown now and never again."""
        token = secrets.token_urlsafe(32)
        now = self._clock()
        try:
            expires_at = None if days is None else _text(now + timedelta(days=days))
        except OverflowError:
            raise ConfigError(f"--expires {days:g} days lies too far away; leave it out for no end") from None
        session = Session(secrets.token_hex(6), account, scope, _digest(token), _text(now), expires_at)
        with private_file.changing(self._file):
            self._write([*self.all(), session])
        return session, token

    def all(self) -> list[Session]:
        """All that are not expired."""
        self._refresh()
        return [session for session in self._by_digest.values() if self._lives(session)]

    def revoke(self, session_id: str) -> bool:
        """Ends a session; false when there is none of this id."""
        with private_file.changing(self._file):
            kept = self.all()
            left = [session for session in kept if session.id != session_id]
            if len(left) < len(kept):
                self._write(left)
        return len(left) < len(kept)

    def find(self, token: str) -> Session | None:
        """The living session that a token opens."""
        self._refresh()
        digest = _digest(token)
        session = self._by_digest.get(digest)
        if session is None or not hmac.compare_digest(session.digest, digest) or not self._lives(session):
            return None
        return session

    def still(self, session: Session) -> bool:
        """Whether a session that was found earlier is neither revoked nor expired."""
        self._refresh()
        return session.digest in self._by_digest and self._lives(session)

    def _lives(self, session: Session) -> bool:
        return session.expires_at is None or session.expires_at > _text(self._clock())

    def _refresh(self) -> None:
        try:
            facts = os.stat(self._file)
            seen = (facts.st_ino, facts.st_mtime_ns, facts.st_size)
        except OSError:
            self._seen, self._by_digest = None, {}
            return
        if seen == self._seen:
            return
        try:
            rows = json.loads(private_file.read(self._file))["sessions"]
            self._by_digest = {row["digest"]: Session(**row) for row in rows}
        except (ValueError, KeyError, TypeError):
            raise ConfigError(f"{self._file} is damaged; remove it and make new sessions") from None
        self._seen = seen

    def _write(self, sessions: list[Session]) -> None:
        content = json.dumps({"version": 1, "sessions": [asdict(session) for session in sessions]}, indent=1)
        private_file.write(self._file, content.encode())


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _text(moment: datetime) -> str:
    # To the microsecond, since a session may be made to last for parts of a second.
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
