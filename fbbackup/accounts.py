"""An account of the configuration as a live source: the one place that knows which `source` is which class."""

from __future__ import annotations

from typing import Any

from fbbackup.config import Account, Config
from fbbackup.credentials import Credentials
from fbbackup.errors import ConfigError
from fbbackup.http import HostRules, Http, HttpSettings
from fbbackup.protocols import Source
from fbbackup.sources.graph import GraphSettings, GraphSource
from fbbackup.sources.legacy import LegacySettings, LegacySource
from fbbackup.sources.rpc import RpcSettings, RpcSource


def open_source(
    config: Config, account: Account, credentials: Credentials, state: dict[str, Any], http: Http
) -> Source:
    """The account's source; nothing is asked yet. Raises ConfigError and LoginNeeded for what it can't start with."""
    if account.source == "legacy":
        return LegacySource(_legacy_settings(account, credentials), state, http)
    if account.source == "rpc":
        return RpcSource(_rpc_settings(account, credentials), state, http)
    return GraphSource(_graph_settings(config, account, credentials), state, http)


def open_http(config: Config, account: Account) -> Http:
    """The account's client, with the limits of the configuration."""
    download = config.download
    settings = HttpSettings(
        read_seconds=download.timeout_seconds,
        total_seconds=download.deadline_seconds,
        minimum_rate=download.min_bytes_per_second,
        picture_limit=download.max_picture_bytes,
        connections=4 * download.workers,
    )
    return Http(HostRules.of(account.api_url, download.allow_hosts), settings)


def _graph_settings(config: Config, account: Account, credentials: Credentials) -> GraphSettings:
    secret = credentials.app_secret(account.name)
    return GraphSettings(
        name=account.name,
        token=credentials.token(account.name).reveal(),
        api_url=account.api_url,
        api_version=account.api_version,
        app_secret=secret.reveal() if secret else None,
        videos=account.videos,
        tagged=account.tagged,
        usage_slow_percent=config.limits.usage_slow_percent,
        usage_stop_percent=config.limits.usage_stop_percent,
    )


def _check_given(account: Account, *names: str) -> None:
    unset = Account(account.name)
    lacking = [name for name in names if getattr(account, name) == getattr(unset, name)]
    if lacking:
        raise ConfigError(f'account "{account.name}" needs {" and ".join(lacking)}, as its source is {account.source}')


def _rpc_settings(account: Account, credentials: Credentials) -> RpcSettings:
    _check_given(account, "api_url")
    return RpcSettings(
        name=account.name,
        root=account.api_url.rstrip("/"),
        user=account.user or account.name,
        session=credentials.token(account.name).reveal(),
        transport=account.transport,
    )


def _legacy_settings(account: Account, credentials: Credentials) -> LegacySettings:
    _check_given(account, "api_url", "app_id", "user_id")
    secret = credentials.app_secret(account.name)
    if secret is None:
        raise ConfigError(
            f'account "{account.name}" needs the app secret, with which every legacy call is signed; put app_secret '
            f"into {credentials.file}"
        )
    return LegacySettings(
        name=account.name,
        api_url=account.api_url,
        api_key=account.app_id or "",
        user_id=account.user_id or "",
        secret=secret.reveal(),
        session_key=credentials.token(account.name).reveal(),
    )
