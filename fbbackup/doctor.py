"""`doctor`: is the set-up usable, and does the archive obey its rules?"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

from fbbackup.catalog import open_reader, reading
from fbbackup.catalog.connection import version_of
from fbbackup.catalog.schema import VERSION
from fbbackup.config import Config
from fbbackup.credentials import Credentials
from fbbackup.errors import DamageFound, FbbackupError, Incomplete
from fbbackup.oracle import RULES, Finding, oracle, rules_for
from fbbackup.screen import counted
from fbbackup.stores.archive import open_existing
from fbbackup.stores.directory import DirectoryStore

FINDINGS_SHOWN = 20
RUN_UNDER_WAY = "a run is under way"
NOT_STRICT = "needs --strict"


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
    rules: list[dict[str, Any]] = []
    findings: list[Finding] = []
    if checks[-1]["ok"]:
        rules, findings = _judge(config, archive, strict=strict)
    if findings:
        worst = DamageFound.exit_code
    return {
        "ok": not worst, "strict": strict, "checks": checks, "rules": rules,
        "findings": [{"rule": f.rule, "subject": f.subject} for f in findings],
        "lines": _lines(checks, rules, findings, worst), "exit_code": worst,
    }  # fmt: skip


def _lines(
    checks: list[dict[str, Any]], rules: list[dict[str, Any]], findings: list[Finding], exit_code: int
) -> list[str]:
    lines = [f"{'ok ' if check['ok'] else 'BAD'} {check['check']}: {check['message']}" for check in checks]
    checked = [rule for rule in rules if rule["checked"]]
    if len(checked) == len(rules):
        lines += [f"ok  {rule['states']}" for rule in checked if rule["ok"]]
    elif rules:
        held = sum(rule["ok"] for rule in checked)
        lines.append(f"{'ok ' if held == len(checked) else 'BAD'} rules: {held} of {len(checked)} checked ones hold")
        lines += [f"    not checked ({rule['why_not']}): {rule['states']}" for rule in rules if not rule["checked"]]
    lines += [f"BAD {finding.line()}" for finding in findings[:FINDINGS_SHOWN]]
    if len(findings) > FINDINGS_SHOWN:
        lines.append(f"… and {len(findings) - FINDINGS_SHOWN} more (--json lists all)")
    broken = len({finding.rule for finding in findings})
    failed = sum(not check["ok"] for check in checks)
    bad = f"{counted(failed, 'check')} failed; each line marked BAD says what to do"
    lines.append("all is well" if not exit_code else f"{counted(broken, 'rule')} broken" if broken else bad)
    return lines


def _check_config(config: Config) -> str:
    where = config.file or "defaults (no configuration file)"
    return f"{where}, {counted(len(config.accounts), 'account')}"


def _check_login(config: Config, environ: Mapping[str, str]) -> str:
    credentials = Credentials(environ)
    for account in config.accounts:
        credentials.token(account.name)
    return f"a token is there for {', '.join(a.name for a in config.accounts)}" if config.accounts else "no account yet"


def _check_archive(config: Config, archive: str | None) -> str:
    root = config.archive_folder(archive)
    found = open_existing(root)
    catalog = config.catalog.path or found.catalog_path
    open_reader(catalog).close()
    if (made_for := version_of(catalog)) < VERSION:
        raise Incomplete(
            f"the catalog of {root} is of an older fbbackup (schema {made_for}, this one has {VERSION}), so that "
            "nothing was judged; `fbbackup sync` brings it up to date, then ask again"
        )
    return f"{root} holds archive {found.archive_id[:8]}"


def _judge(config: Config, archive: str | None, *, strict: bool) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Every rule with what became of it, and the findings."""
    root = config.archive_folder(archive)
    at_rest = not open_existing(root).in_use()
    store = DirectoryStore(root, threads=1)
    with closing(store), reading(config.catalog.path or root / "catalog.sqlite") as db:
        findings = list(oracle(db, store, read_all=strict, at_rest=at_rest))
    counts = Counter(finding.rule for finding in findings)
    checked = rules_for(read_all=strict, at_rest=at_rest)
    return [
        {
            "rule": rule.name, "states": rule.states, "checked": rule in checked,
            "ok": not counts[rule.name] if rule in checked else None, "findings": counts[rule.name],
            "why_not": None if rule in checked else RUN_UNDER_WAY if rule.at_rest and not at_rest else NOT_STRICT,
        }
        for rule in RULES.values()
    ], findings  # fmt: skip
