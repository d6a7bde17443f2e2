"""Logging in: a token from a person, made long-lived, checked, and kept; and its renewal while that is possible."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fbbackup.accounts import open_http
from fbbackup.catalog import open_reader, plans
from fbbackup.config import Account, Config
from fbbackup.credentials import Credentials, Login, Secret
from fbbackup.errors import ConfigError, FbbackupError, LoginNeeded, PermissionLost, SourceUnavailable
from fbbackup.http import Http
from fbbackup.login.browser import token_by_browser
from fbbackup.login.words import login_lines
from fbbackup.models import Identity
from fbbackup.sources.graph import GraphSettings, GraphSource
from fbbackup.sources.graph.login import PAGE_SCOPES, SCOPES, AppSettings, DeviceCode, GraphLogin, PageLogin


@dataclass(frozen=True, slots=True)
class Wish:
    """How somebody wants to log in: with `token`, else by `way`, which is `device` or `browser`."""

    account: str
    way: str = "paste"
    token: Secret | None = field(default=None, repr=False)
    app_secret: Secret | None = field(default=None, repr=False)
    page: str | None = None
    replace: bool = False
    in_keyring: bool = False
    port: int = 0
    supersedes: bool = False
    """Also counts where the environment or systemd gives a token, and is kept where the last one was."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What a person gets to see while it works."""

    say: Callable[[str], None]
    show_code: Callable[[DeviceCode], None]
    open_page: Callable[[str], None]


def log_in(
    config: Config, root: Path | None, wish: Wish, screen: Screen, environ: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """The whole login; a record with `lines`. Raises LoginNeeded, ConfigError and SourceUnavailable."""
    return asyncio.run(visit(config, root, wish, screen, environ))


async def visit(
    config: Config, root: Path | None, wish: Wish, screen: Screen, environ: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """`log_in` on an event loop that runs already."""
    account = config.account(wish.account)
    if account.source != "graph":
        raise ConfigError(f'account "{account.name}" is of source {account.source}; logging in is for graph')
    return await _Visit(config, root, account, Credentials(environ), wish, screen).run()


class _Visit:
    """One login from its beginning to its place in the credentials."""

    def __init__(
        self, config: Config, root: Path | None, account: Account, credentials: Credentials, wish: Wish, screen: Screen
    ) -> None:
        self._config, self._root, self._account = config, root, account
        self._credentials, self._wish, self._screen = credentials, wish, screen
        self._secret = wish.app_secret or credentials.app_secret(account.name)

    async def run(self) -> dict[str, Any]:
        http = open_http(self._config, self._account)
        try:
            app = _app(self._account, self._credentials, self._secret, http)
            lines: list[str] = []
            token = await self._lengthen(app, await self._fetch(app), lines)
            pages = await self._pages(app, token, lines)
            if self._wish.page is not None:
                token = _chosen(self._wish.page, pages).token
            identity = await _identify(self._account, token, self._secret, http, lines)
            self._check_person(identity)
            self._keep(Secret(token), identity)
            lines = [*login_lines(identity), *lines, *self._page_lines(pages)]
            return {
                "account": self._account.name, "remote_id": identity.remote_id, "display_name": identity.display_name,
                "permissions": dict(identity.permissions), "login_expires_at": _iso(identity.expires_at),
                "data_access_expires_at": _iso(identity.data_access_expires_at), "lines": lines,
                "pages": [{"id": page.id, "name": page.name} for page in pages],
            }  # fmt: skip
        finally:
            await http.close()

    def _keep(self, token: Secret, identity: Identity) -> None:
        name, wish = self._account.name, self._wish
        given = self._credentials.origin(name) if wish.supersedes else None
        kept = wish.in_keyring or (wish.supersedes and self._credentials.keeps_in_keyring(name))
        login = Login(token, identity.remote_id, wish.app_secret, renewed_from=given)
        self._credentials.save(name, login, in_keyring=kept)

    async def _fetch(self, app: GraphLogin | None) -> str:
        if self._wish.token is not None:
            return self._wish.token.reveal()
        if app is None:
            raise ConfigError(
                f'put app_id = "…" of your Facebook app below account "{self._account.name}" in the configuration '
                "(docs/facebook-app.md shows how to get one), or paste a token"
            )
        scopes = (*SCOPES, *PAGE_SCOPES) if self._wish.page is not None else SCOPES
        if self._wish.way == "device":
            if self._credentials.client_token(self._account.name) is None:
                raise ConfigError(
                    f'logging in with a code needs the app\'s client token: put client_token = "…" below '
                    f"[{self._account.name}] in {self._credentials.file} (docs/facebook-app.md shows where it is)"
                )
            device = await app.start_device(scopes)
            self._screen.show_code(device)
            return await app.wait_for_device(device)
        return await token_by_browser(app, scopes, self._screen.open_page, port=self._wish.port)

    async def _lengthen(self, app: GraphLogin | None, token: str, lines: list[str]) -> str:
        if app is None or self._secret is None:
            lines.append("it was not made long-lived: that takes the app's id and secret (docs/facebook-app.md)")
            return token
        try:
            return await app.exchange(token)
        except LoginNeeded as error:
            # A Page's or a system user's token can't be exchanged and needs none; a bad one fails at the next question.
            lines.append(f"it stays as it was given: {error}")
            return token

    async def _pages(self, app: GraphLogin | None, token: str, lines: list[str]) -> list[PageLogin]:
        if app is None:
            return []
        try:
            return await app.pages(token)
        except (LoginNeeded, SourceUnavailable) as error:
            if self._wish.page is not None:
                raise
            # Only a hint then; a login that does not work at all fails at the next question.
            lines.append(str(error))
            return []

    def _check_person(self, identity: Identity) -> None:
        before = self._credentials.user_id(self._account.name) or self._known_id()
        if before and before != identity.remote_id and not self._wish.replace:
            raise ConfigError(
                f"this login is of {identity.display_name} (id {identity.remote_id}), but account "
                f'"{self._account.name}" was always id {before}; log in as that one, or add --replace to put another '
                "person's photos into the same account"
            )

    def _known_id(self) -> str | None:
        if self._root is None:
            return None
        try:
            db = open_reader(self._config.catalog.path or self._root / "catalog.sqlite")
        except FbbackupError:
            return None
        try:
            return plans.remote_id(db, self._account.name)
        except sqlite3.Error:
            return None
        finally:
            db.close()

    def _page_lines(self, pages: list[PageLogin]) -> list[str]:
        if self._wish.page is not None or not pages:
            return []
        names = ", ".join(f"{page.name} ({page.id})" for page in pages)
        return [f"this login manages Pages: {names}; to back one up, add an account and log in with --page"]


async def renew(config: Config, account: Account, credentials: Credentials) -> bool:
    """Exchanges the account's token for a fresh one; whether another one came. Raises LoginNeeded and the like."""
    secret, old = credentials.app_secret(account.name), credentials.token(account.name)
    http = open_http(config, account)
    try:
        app = _app(account, credentials, secret, http)
        if app is None or secret is None:
            return False
        token = await app.exchange(old.reveal())
        if Secret(token) == old:
            return False
        identity = await _identify(account, token, secret, http, [])
    finally:
        await http.close()
    login = Login(Secret(token), identity.remote_id, renewed_from=credentials.origin(account.name))
    credentials.save(account.name, login, in_keyring=credentials.keeps_in_keyring(account.name))
    return True


def _app(account: Account, credentials: Credentials, secret: Secret | None, http: Http) -> GraphLogin | None:
    if account.app_id is None:
        return None
    client = credentials.client_token(account.name)
    settings = AppSettings(
        app_id=account.app_id, api_url=account.api_url, api_version=account.api_version,
        app_secret=secret.reveal() if secret else None, client_token=client.reveal() if client else None,
    )  # fmt: skip
    return GraphLogin(settings, http)


async def _identify(account: Account, token: str, secret: Secret | None, http: Http, remarks: list[str]) -> Identity:
    settings = GraphSettings(
        name=account.name, token=token, api_url=account.api_url, api_version=account.api_version,
        app_secret=secret.reveal() if secret else None,
    )  # fmt: skip
    source = GraphSource(settings, {}, http)
    try:
        return await source.identity()
    except PermissionLost as error:
        raise PermissionLost(f"{error}; nothing was saved") from None
    finally:
        remarks += source.notes


def _chosen(wanted: str, pages: list[PageLogin]) -> PageLogin:
    for page in pages:
        if wanted in (page.id, page.name):
            return page
    names = ", ".join(f"{page.name} ({page.id})" for page in pages) or "none that this login may see"
    raise ConfigError(f"there is no Page {wanted!r}; Pages of this login: {names}")


def _iso(at: Any) -> str | None:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z") if at is not None else None
