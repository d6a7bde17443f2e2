"""The commands around the server: sessions, the password, search; each returns a record and lines."""

from __future__ import annotations

import math
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from fbbackup.catalog import offered, query
from fbbackup.config import Config
from fbbackup.credentials import state_folder
from fbbackup.errors import ConfigError
from fbbackup.web.sessions import Session, Sessions
from fbbackup.web.visitors import Password


def new_session(config: Config, catalog: Path, account: str, scope: str, days: float | None) -> dict[str, Any]:
    """Makes a session for an account that the configuration or the catalog knows."""
    name = _known_account(config, catalog, account)
    if days is not None and not (math.isfinite(days) and days > 0):
        raise ConfigError("--expires takes a number of days above 0, also a part of one such as 0.5")
    session, token = Sessions(state_folder()).new(name, scope, days)
    return {**session.public(), "token": token}


def _known_account(config: Config, catalog: Path, account: str) -> str:
    if any(one.name == account for one in config.accounts):
        return account
    from fbbackup.catalog import is_there, open_reader

    if is_there(catalog):
        db = open_reader(catalog)
        try:
            if found := offered.account_of(db, account):
                return found
        finally:
            db.close()
    names = ", ".join(one.name for one in config.accounts)
    known = f"the configuration has {names}" if names else "the configuration has none"
    raise ConfigError(f"there is no account {account!r} in the configuration or the catalog; {known}")


def new_session_lines(record: dict[str, Any]) -> list[str]:
    ends = f", ends {record['expires_at'][:19]}Z" if record["expires_at"] else ""
    return [
        f"session {record['id']} for {record['account']}, scope {record['scope']}{ends}",
        f"X-Session-Id: {record['token']}",
        "The token is shown only now; whoever has it may use the API.",
    ]


def all_sessions() -> list[Session]:
    return Sessions(state_folder()).all()


def session_lines(sessions: list[Session]) -> list[str]:
    lines = [
        f"{one.id}  {one.account}  {one.scope}  made {one.created_at[:19]}Z"
        + (f", ends {one.expires_at[:19]}Z" if one.expires_at else ", no end")
        for one in sessions
    ]
    return lines or ["there are no sessions; `fbbackup session new --account NAME` makes one"]


def revoke_session(session_id: str) -> None:
    if not Sessions(state_folder()).revoke(session_id):
        raise ConfigError(f"there is no session {session_id!r}; `fbbackup session list` shows all")


def set_password(password: str) -> None:
    Password(state_folder()).set(password)


def remove_password() -> None:
    Password(state_folder()).remove()


def found(db: Connection, words: str, limit: int) -> dict[str, Any]:
    """What the search page would show first, as a record."""
    asked = query.parse(words)
    rows = query.found(db, asked, None, limit)
    return {
        "query": words,
        "ranked": asked.ranked,
        "problems": asked.problems,
        "photos": [
            {
                "id": row["id"], "kind": row["kind"], "file_date": row["file_date"], "caption": row["caption"],
                "title": row["title"], "alt_text": row["alt_text"], "gone_at": row["gone_at"], "key": row["key"],
            }
            for row in rows
        ],
    }  # fmt: skip


def found_lines(record: dict[str, Any]) -> list[str]:
    lines = list(record["problems"])
    for photo in record["photos"]:
        day = (photo["file_date"] or "undated   ")[:10]
        words = " ".join((photo["caption"] or photo["title"] or photo["alt_text"] or "").split())
        lines.append(f"{day}  {photo['id']}  {words[:80]}".rstrip())
    return lines or ["nothing found"]
