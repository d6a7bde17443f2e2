"""`doctor`: is the set-up usable, and does the archive obey its rules?"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from fbbackup.audit import oracle
from fbbackup.catalog import open_reader
from fbbackup.config import Config
from fbbackup.credentials import Credentials
from fbbackup.errors import DamageFound, FbbackupError
from fbbackup.stores.archive import open_existing
from fbbackup.stores.directory import DirectoryStore

FINDINGS_SHOWN = 20


def examine_setup(
    config: Config, archive: str | None, *, strict: bool, environ: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """`doctor`: configuration, credentials, archive and catalog; with `strict` every rule of the archive."""
    checks: list[dict[str, Any]] = []
    worst = 0
    questions: dict[str, Callable[[], str]] = {
        "configuration": lambda: _check_config(config),
        "login": lambda: _check_login(config, environ),
        "archive": lambda: _check_archive(config, archive),
    }
    for name, check in questions.items():
        try:
            checks.append({"check": name, "ok": True, "message": check()})
        except FbbackupError as error:
            checks.append({"check": name, "ok": False, "message": str(error)})
            worst = worst or error.exit_code
    findings = _findings(config, archive, strict=strict) if checks[-1]["ok"] else []
    if findings:
        worst = DamageFound.exit_code
    lines = [f"{'ok ' if check['ok'] else 'BAD'} {check['check']}: {check['message']}" for check in checks]
    lines += [f"BAD {finding['rule']}: {finding['subject']}" for finding in findings[:FINDINGS_SHOWN]]
    if len(findings) > FINDINGS_SHOWN:
        lines.append(f"… and {len(findings) - FINDINGS_SHOWN} more (--json lists all)")
    lines.append("all is well" if not worst else f"{len(findings)} rules broken" if findings else "see above")
    return {
        "ok": not worst, "strict": strict, "checks": checks, "findings": findings, "lines": lines, "exit_code": worst,
    }  # fmt: skip


def _check_config(config: Config) -> str:
    where = config.file or "defaults (no configuration file)"
    return f"{where}, {len(config.accounts)} accounts"


def _check_login(config: Config, environ: Mapping[str, str]) -> str:
    credentials = Credentials(environ)
    for account in config.accounts:
        credentials.token(account.name)
    return f"a token is there for {', '.join(a.name for a in config.accounts)}" if config.accounts else "no account yet"


def _check_archive(config: Config, archive: str | None) -> str:
    root = config.archive_folder(archive)
    found = open_existing(root)
    open_reader(config.catalog.path or found.catalog_path).close()
    return f"{root} holds archive {found.archive_id[:8]}"


def _findings(config: Config, archive: str | None, *, strict: bool) -> list[dict[str, str]]:
    root = config.archive_folder(archive)
    store = DirectoryStore(root, threads=1)
    db = open_reader(config.catalog.path or root / "catalog.sqlite")
    try:
        return [{"rule": f.rule, "subject": f.subject} for f in oracle(db, store, read_all=strict)]
    finally:
        db.close()
        store.close()
