"""Logging in to the Graph API: codes for devices, the dialog of browsers, exchange, and the tokens of Pages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from fbbackup.errors import ConfigError, LoginNeeded, SourceUnavailable
from fbbackup.http import Http, Reply, register_secret
from fbbackup.sources.graph.api import appsecret_proof
from fbbackup.sources.graph.failures import Failure, Kind, UnreadableAnswer, failure_of, read_json
from fbbackup.sources.graph.values import identifier, rows, text, whole

SCOPES = ("public_profile", "user_photos", "user_videos")
PAGE_SCOPES = ("pages_show_list", "pages_read_engagement")
_PENDING, _TOO_FAST, _EXPIRED, _DECLINED = 1349174, 1349172, 1349152, 1349173
_WORDS = {
    "authorization_pending": _PENDING, "slow_down": _TOO_FAST, "code_expired": _EXPIRED,
    "authorization_declined": _DECLINED,
}  # fmt: skip
_SHORTEST_INTERVAL_SECONDS = 5.0
_PAGES_A_CALL, _MOST_CALLS = 100, 20


@dataclass(frozen=True, slots=True)
class AppSettings:
    """A Facebook app, and the waiting of whoever logs in with it."""

    app_id: str
    api_url: str = "https://graph.facebook.com"
    api_version: str = "v21.0"
    app_secret: str | None = field(default=None, repr=False)
    client_token: str | None = field(default=None, repr=False)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What a person types in at `address`; both ends in seconds."""

    user_code: str
    address: str
    expires_seconds: float
    interval_seconds: float
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PageLogin:
    """A Page that the login manages, with the Page's own token."""

    id: str
    name: str
    token: str = field(repr=False)


class GraphLogin:
    """One app's logins. Every call raises SourceUnavailable when Facebook can't be reached."""

    def __init__(self, settings: AppSettings, http: Http) -> None:
        self._settings, self._http = settings, http
        register_secret(settings.app_secret)
        register_secret(settings.client_token)

    async def start_device(self, scopes: tuple[str, ...]) -> DeviceCode:
        """A code for a person to type in elsewhere. Raises ConfigError when the app allows no such login."""
        answer, failure = await self._post("device/login", {"scope": ",".join(scopes)})
        code, user_code = text(answer.get("code")), text(answer.get("user_code"))
        if failure is not None or not code or not user_code:
            words = failure.evidence if failure else "no code came"
            raise ConfigError(
                f"Facebook gives out no code for this app ({words}); switch on “Login for devices” in its settings and "
                "check app_id and client_token, or log in with --browser"
            )
        register_secret(code)
        return DeviceCode(
            user_code,
            text(answer.get("verification_uri")) or "https://www.facebook.com/device",
            float(whole(answer.get("expires_in")) or 420),
            max(_SHORTEST_INTERVAL_SECONDS, float(whole(answer.get("interval")) or 0)),
            code,
        )

    async def wait_for_device(self, device: DeviceCode) -> str:
        """The token, once the person allowed it. Raises LoginNeeded when it was declined or took too long."""
        settings, interval = self._settings, device.interval_seconds
        end = settings.clock() + device.expires_seconds
        while settings.clock() < end:
            await settings.sleep(interval)
            try:
                answer, failure = await self._post("device/login_status", {"code": device.code})
            except SourceUnavailable:
                continue  # the code goes on living while the network is away
            if failure is None and (token := text(answer.get("access_token"))):
                register_secret(token)
                return token
            interval += self._judge_waiting(failure)
        raise LoginNeeded("the code was not used in time; run `fbbackup login` again")

    def _judge_waiting(self, failure: Failure | None) -> float:
        """Seconds to wait longer from now on; raises when waiting is over."""
        sub = failure.subcode if failure else 0
        if failure is not None and not sub:
            sub = next((number for word, number in _WORDS.items() if word in failure.message), 0)
        if sub == _TOO_FAST:
            return _SHORTEST_INTERVAL_SECONDS
        if sub == _PENDING or (failure is not None and failure.kind is Kind.TRANSIENT):
            return 0.0
        if sub == _DECLINED:
            raise LoginNeeded("the login was declined on Facebook; run `fbbackup login` again to allow it")
        if sub == _EXPIRED:
            raise LoginNeeded("the code has expired; run `fbbackup login` again for a new one")
        raise LoginNeeded(f"Facebook refuses the login ({failure.evidence if failure else 'no token came'})")

    def dialog(self, redirect_uri: str, state: str, scopes: tuple[str, ...], challenge: str) -> str:
        """The address at which a person allows the login in a browser; nothing in it is secret."""
        settings = self._settings
        given = {
            "client_id": settings.app_id, "redirect_uri": redirect_uri, "state": state, "response_type": "code",
            "scope": ",".join(scopes), "auth_type": "rerequest", "code_challenge": challenge,
            "code_challenge_method": "S256",
        }  # fmt: skip
        api = urlsplit(settings.api_url)
        site = "https://www.facebook.com" if api.hostname == "graph.facebook.com" else settings.api_url
        return f"{site}/{settings.api_version}/dialog/oauth?{urlencode(given)}"

    async def redeem(self, code: str, redirect_uri: str, verifier: str) -> str:
        """The token for what the browser brought back. Raises LoginNeeded."""
        register_secret(code)
        given = {"redirect_uri": redirect_uri, "code": code, "code_verifier": verifier}
        return await self._token(given, "the browser's login")

    async def exchange(self, token: str) -> str:
        """A token of some sixty days for any living one; may be the same. Raises LoginNeeded."""
        register_secret(token)
        given = {"grant_type": "fb_exchange_token", "fb_exchange_token": token}
        return await self._token(given, "the token")

    async def pages(self, token: str) -> list[PageLogin]:
        """The Pages that the login manages. Raises LoginNeeded when Facebook does not list them."""
        params = {"fields": "id,name,access_token", "limit": str(_PAGES_A_CALL)}
        if self._settings.app_secret:
            params["appsecret_proof"] = appsecret_proof(self._settings.app_secret, token)
        found: dict[str, PageLogin] = {}
        for _ in range(_MOST_CALLS):
            answer, failure = await self._ask("me/accounts", params, token=token)
            if failure is not None:
                raise LoginNeeded(f"Facebook does not list the Pages of this login ({failure.evidence})")
            for row in rows(answer):
                page_id, own = identifier(row.get("id")), text(row.get("access_token"))
                if page_id and own:
                    register_secret(own)
                    found[page_id] = PageLogin(page_id, text(row.get("name")) or page_id, own)
            params["after"] = _next_cursor(answer)
            if not params["after"]:
                break
        return list(found.values())

    async def _token(self, given: Mapping[str, str], what: str) -> str:
        settings = self._settings
        app = {"client_id": settings.app_id, **({"client_secret": settings.app_secret} if settings.app_secret else {})}
        answer, failure = await self._ask("oauth/access_token", {**app, **given})
        token = text(answer.get("access_token"))
        if failure is not None or not token:
            words = failure.evidence if failure else "no token came"
            raise LoginNeeded(f"Facebook does not accept {what} ({words}); check app_id and the app's secret")
        register_secret(token)
        return token

    async def _post(self, path: str, form: Mapping[str, str]) -> tuple[dict[str, Any], Failure | None]:
        settings = self._settings
        app = {"access_token": f"{settings.app_id}|{settings.client_token}"}
        return self._judge(await self._http.post(self._url(path), {**app, **form}))

    async def _ask(
        self, path: str, params: Mapping[str, str], *, token: str | None = None
    ) -> tuple[dict[str, Any], Failure | None]:
        return self._judge(await self._http.call(self._url(path), params, token=token))

    def _url(self, path: str) -> str:
        return f"{self._settings.api_url.rstrip('/')}/{self._settings.api_version}/{path}"

    @staticmethod
    def _judge(reply: Reply) -> tuple[dict[str, Any], Failure | None]:
        try:
            value = read_json(reply.body)
        except UnreadableAnswer as problem:
            raise SourceUnavailable(f"Facebook's answer to the login can't be read ({problem}); try again") from None
        failure = failure_of(reply.status, value)
        return (value if isinstance(value, dict) else {}), failure


def _next_cursor(answer: dict[str, Any]) -> str:
    """Where the list goes on; nothing at its end."""
    paging = answer.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return ""
    cursors = paging.get("cursors")
    return (text(cursors.get("after")) or "") if isinstance(cursors, dict) else ""
