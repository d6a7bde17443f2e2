"""Speaks up in time: what runs changed, logins that end soon or have ended, trouble, and when it is over. Once each."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from fbbackup.catalog.changes import Changes
from fbbackup.config import Notify
from fbbackup.credentials import Credentials, fingerprint
from fbbackup.errors import BudgetSpent, ConfigError, Incomplete, LoginNeeded, MassVanish, SourceUnavailable
from fbbackup.notices.channels import ping, push, run_hook
from fbbackup.notices.memory import Memory, Unsent
from fbbackup.notices.words import Notice, digest, due_warning, ending, trouble

__all__ = ["Clocks", "Memory", "Notice", "Run", "Speaker", "digest"]

log = logging.getLogger("fbbackup.notices")
_ASKED_LATELY = timedelta(days=3)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Clocks:
    """When the login was last asked about, and its two ends; None for what is not known or never comes."""

    asked_at: datetime | None = None
    login_ends_at: datetime | None = None
    data_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended: its record (None when it could not even begin), what it changed, and the login's clocks."""

    account: str
    at: datetime
    outcome: str
    error: Exception | None = None
    record: dict[str, Any] | None = None
    changes: Changes = Changes()
    week: Changes = Changes()
    clocks: Clocks = Clocks()


class Speaker:
    """Decides what is worth a notice and sends it everywhere."""

    def __init__(
        self, settings: Notify, credentials: Credentials, memory: Memory, relogin_url: str | None = None
    ) -> None:
        self._settings, self._credentials, self._memory = settings, credentials, memory
        self._relogin_url = relogin_url

    async def after(self, run: Run) -> None:
        """Everything that the end of a run gives reason to say. Raises nothing."""
        await self._push_again(run.at)
        known = self._memory.account(run.account)
        notices = [*_on_trouble(run, known), *_on_clocks(run, known), *self._on_changes(run, known)]
        self._memory.save(run.account, known)
        for notice in notices:
            await self.tell(notice, run.at)
        await self._event({"event": "run", "account": run.account, "at": _iso(run.at), "outcome": run.outcome,
                           "record": run.record, "error": str(run.error) if run.error else None})  # fmt: skip
        try:
            # A limit is waited out and nobody's trouble; a first run may meet it for days.
            await ping(self._credentials.ping_url(), well=run.error is None or isinstance(run.error, BudgetSpent))
        except ConfigError as error:
            log.warning("%s", error)

    async def on_clocks(self, run: Run) -> None:
        """What a look at the login's clocks gives reason to say; `run` is none, but the look."""
        await self._push_again(run.at)
        known = self._memory.account(run.account)
        notices = _on_clocks(run, known)
        self._memory.save(run.account, known)
        for notice in notices:
            await self.tell(notice, run.at)

    async def tell(self, notice: Notice, at: datetime) -> None:
        """Sends one notice: to the log, to the last ones, to hooks, and to people unless it is a quiet one."""
        notice = self._with_address(notice)
        level = logging.WARNING if notice.kind in ("login-ends", "login-ended", "trouble", "damage") else logging.INFO
        log.log(level, "%s: %s", notice.title, notice.text)
        event = {"event": notice.kind, "account": notice.account, "at": _iso(at), "title": notice.title,
                 "text": notice.text, **notice.data}  # fmt: skip
        self._memory.keep(event)
        await self._event(event)
        if not notice.quiet:
            await self._push(Unsent(f"fbbackup: {notice.title}", notice.text, _iso(at)))

    async def _push(self, unsent: Unsent) -> None:
        try:
            urls = self._credentials.notify_urls()
        except ConfigError as error:
            log.warning("%s", error)
            return
        if unsent.to:
            urls = tuple(url for url in urls if fingerprint(url) in unsent.to)
        if failed := await push(urls, unsent.title, unsent.text):
            self._memory.keep_unsent(replace(unsent, to=tuple(fingerprint(url) for url in failed)))

    async def _push_again(self, now: datetime) -> None:
        """What a service did not take, because the network was away for example, is not lost."""
        for unsent in self._memory.take_unsent():
            if abs(now - datetime.fromisoformat(unsent.at)) <= _WEEK:
                await self._push(unsent)

    def _with_address(self, notice: Notice) -> Notice:
        """What a new login helps against says where a phone may do that."""
        if self._relogin_url is None or notice.kind not in ("login-ends", "login-ended"):
            return notice
        address = f"{self._relogin_url}/accounts/{notice.account}/login"
        words = f"{notice.text.rstrip('.')}. On your phone: {address}"
        return replace(notice, text=words, data={**notice.data, "login_url": address})

    async def _event(self, event: dict[str, Any]) -> None:
        if self._settings.hook is not None:
            await run_hook(self._settings.hook, event)

    def _on_changes(self, run: Run, known: dict[str, Any]) -> list[Notice]:
        wish = self._settings.digest
        if run.error is not None or wish == "never":
            return []
        changes = run.changes
        if wish == "weekly":
            last = known.setdefault("digest_at", _iso(run.at))
            if run.at - datetime.fromisoformat(last) < _WEEK:
                return []
            known["digest_at"] = _iso(run.at)
            changes = run.week
        elif wish == "changes" and not changes.any:
            return []
        words = digest(changes, run.outcome)
        return [Notice("changes", run.account, f"{run.account}: {words}", words)]


def _on_trouble(run: Run, known: dict[str, Any]) -> list[Notice]:
    """Trouble once when it begins or turns into another one, and once when it is over."""
    before = known.get("trouble")
    found = trouble(run.account, run.error) if run.error is not None else None
    if found is not None:
        now = {"kind": found.kind, "why": found.data["why"], "since": _iso(run.at)}
        if before and (before.get("kind"), before.get("why")) == (now["kind"], now["why"]):
            return []
        known["trouble"] = now
        return [found]
    passing = isinstance(run.error, Incomplete) and not isinstance(run.error, MassVanish | LoginNeeded)
    if before is None or passing:
        return []
    del known["trouble"]
    return [Notice("works-again", run.account, f"{run.account}: works again", f"over: {before.get('why')}")]


def _on_clocks(run: Run, known: dict[str, Any]) -> list[Notice]:
    """Warnings before a clock runs out, each step once; a new login begins anew.

    Only what Facebook said lately counts, and only before its time: that the time has come is said by Facebook's
    refusal alone. So neither a wrong date nor a network that is away makes a false alarm.
    """
    clocks, notices = run.clocks, []
    if (
        isinstance(run.error, LoginNeeded | SourceUnavailable)
        or clocks.asked_at is None
        or abs(run.at - clocks.asked_at) > _ASKED_LATELY
    ):
        return []
    said = known.setdefault("said", {})
    for what, ends_at in (("the login", clocks.login_ends_at), ("access to the data", clocks.data_ends_at)):
        if ends_at is None or ends_at <= run.at:
            continue
        step = due_warning(ends_at, run.at)
        last = said.get(what)
        if not isinstance(last, dict) or _moved_on(last["ends_at"], ends_at):
            last = {"ends_at": _iso(ends_at), "days": None}
        if step is not None and (last["days"] is None or step < last["days"]):
            last["days"] = step
            notices.append(ending(run.account, what, ends_at, run.at))
        said[what] = last
    return notices


def _moved_on(said: str, ends_at: datetime) -> bool:
    """Whether this is the end of another login: Facebook tells the same end a little differently each day."""
    return abs(ends_at - datetime.fromisoformat(said)) > timedelta(days=1)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
