"""Replacing an account's token: Facebook is asked with the new one before the old one is given up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fbbackup.catalog import offered
from fbbackup.config import Account, Config
from fbbackup.credentials import Credentials, Login, Secret
from fbbackup.errors import ConfigError, LoginNeeded
from fbbackup.http import HostRules, Http
from fbbackup.models import Identity, Permission
from fbbackup.sources.graph import GraphSettings, GraphSource
from fbbackup.web.readers import NoCatalog, Readers
from fbbackup.web.site import UpdateToken


def token_updater(config: Config, readers: Readers, environ: Mapping[str, str]) -> UpdateToken:
    """The function that the APIs call."""

    async def update(account: str, token: str, scopes: Sequence[str]) -> None:
        await _update(config.account(account), readers, Credentials(environ), token, scopes)

    return update


async def _update(
    account: Account, readers: Readers, credentials: Credentials, token: str, scopes: Sequence[str]
) -> None:
    if account.source != "graph":
        raise ConfigError(f'account "{account.name}" needs no token of Facebook')
    identity = await _identity(account, credentials, token)
    try:
        known = await readers.ask(offered.remote_id_of, account.name)
    except NoCatalog:
        known = None
    known = known or credentials.user_id(account.name)
    if known is not None and identity.remote_id != known:
        raise LoginNeeded("the token belongs to another user of Facebook than the archive's; use one of the same user")
    lacking = [scope for scope in scopes if identity.permissions.get(scope) != Permission.GRANTED]
    if lacking:
        names = ", ".join("".join(c if c.isalnum() or c == "_" else "?" for c in scope[:60]) for scope in lacking[:5])
        raise LoginNeeded(f"the token has no permission {names}; log in again and allow it")
    origin = credentials.origin(account.name)
    kept = credentials.keeps_in_keyring(account.name)
    credentials.save(account.name, Login(Secret(token), identity.remote_id, renewed_from=origin), in_keyring=kept)


async def _identity(account: Account, credentials: Credentials, token: str) -> Identity:
    secret = credentials.app_secret(account.name)
    settings = GraphSettings(
        name=account.name,
        token=token,
        api_url=account.api_url,
        api_version=account.api_version,
        app_secret=secret.reveal() if secret else None,
        attempts=2,
    )
    http = Http(HostRules.of(account.api_url))
    try:
        return await GraphSource(settings, http=http).identity()
    finally:
        await http.close()
