"""Who the login is, what it may read and when it ends; asked as rarely as can be."""

from __future__ import annotations

import hashlib
from typing import Any

from fbbackup import models
from fbbackup.errors import LoginNeeded, PermissionLost, SourceUnavailable
from fbbackup.models import Identity, Permission
from fbbackup.sources.graph.api import GraphApi
from fbbackup.sources.graph.failures import GraphFailed, Kind, failure_of
from fbbackup.sources.graph.values import identifier, moment, rows, text, whole

_DAY_SECONDS = 86400.0
_CHECK_AGAIN_SECONDS = 60.0


class Account:
    """The identity behind the token. `state` keeps `me`, `identity_form` and `debug_token` while the token stays."""

    def __init__(self, api: GraphApi, state: dict[str, Any]) -> None:
        self._api = api
        self._state = state
        self._permissions: dict[str, Permission] | None = None
        self._refused_at = float("-inf")
        fingerprint = hashlib.sha256(api.settings.token.encode()).hexdigest()[:16]
        if state.get("token") != fingerprint:
            for key in ("me", "identity_form", "debug_token"):
                state.pop(key, None)
            state["token"] = fingerprint

    async def identity(self) -> Identity:
        """One call, or two on some servers, plus one a day for the token's clocks.

        Raises LoginNeeded when the permission to read photos is not granted.
        """
        me, permissions = await self._me()
        token = await self._token()
        scopes = token.get("scopes")
        page = token.get("type") == "PAGE" or (
            permissions is None and token.get("type") != "USER" and "user_photos" not in (scopes or ())
        )
        if permissions is None and isinstance(scopes, list) and scopes:
            permissions = {str(scope): Permission.GRANTED for scope in scopes}
        self._permissions = permissions
        self._require("pages_read_engagement" if page else "user_photos")
        return Identity(
            remote_id=identifier(me.get("id")) or "",
            display_name=text(me.get("name")) or "",
            permissions=dict(permissions or {}),
            expires_at=moment(whole(token.get("expires_at")) or None),
            data_access_expires_at=moment(whole(token.get("data_access_expires_at")) or None),
            readable=frozenset(models.Kind) if self.may_read_videos() else frozenset({models.Kind.PHOTO}),
        )

    async def confirm(self) -> None:
        """Asks for the permissions once more, one call. Raises LoginNeeded when they are gone (fault N11)."""
        await self.identity()

    async def confirm_after_refusal(self) -> None:
        """`confirm`, at most once a minute: one refused album says little, all of them are one question."""
        now = self._api.settings.clock()
        if now - self._refused_at > _CHECK_AGAIN_SECONDS:
            self._refused_at = now
            await self.confirm()

    def may_read_videos(self) -> bool:
        """False only when it is known that `user_videos` is not granted."""
        if self._permissions is None or "user_photos" not in self._permissions:
            return True
        return self._permissions.get("user_videos") is Permission.GRANTED

    def _require(self, permission: str) -> None:
        if self._permissions is None:
            return
        status = self._permissions.get(permission, Permission.ABSENT)
        if status is not Permission.GRANTED:
            settings = self._api.settings
            raise PermissionLost(
                f"the login of account “{settings.name}” may not read photos: {permission} is {status.value}; "
                f"log in again, allow it, and {settings.token_remedy}"
            )

    async def _me(self) -> tuple[dict[str, Any], dict[str, Permission] | None]:
        """The own node, and the permissions where the login kind has such a list (pages have none)."""
        form = self._state.get("identity_form", "expanded")
        known = self._state.get("me")
        if form == "expanded":
            try:
                me = await self._api.ask("me", {"fields": "id,name,permissions.limit(200){permission,status}"})
            except GraphFailed:
                return await self._separately(None)
            if "permissions" not in me:
                return await self._separately(me)
            self._keep(me, "expanded")
            return me, _permissions(me["permissions"])
        return await self._separately(known if form == "separate" and isinstance(known, dict) else None)

    async def _separately(self, me: dict[str, Any] | None) -> tuple[dict[str, Any], dict[str, Permission] | None]:
        try:
            me = me or await self._api.ask("me", {"fields": "id,name"})
        except GraphFailed as failed:
            raise SourceUnavailable(f"Facebook does not say whose login it is ({failed})") from None
        if self._state.get("identity_form") == "page":
            return me, None
        try:
            answer = await self._api.ask("me/permissions", {"limit": "200"})
        except GraphFailed as failed:
            if failed.failure.kind in (Kind.FIELD, Kind.FINAL, Kind.MISSING):
                self._keep(me, "page")
            return me, None
        self._keep(me, "separate")
        return me, _permissions(answer)

    def _keep(self, me: dict[str, Any], form: str) -> None:
        self._state["me"] = {"id": identifier(me.get("id")), "name": text(me.get("name"))}
        self._state["identity_form"] = form

    async def _token(self) -> dict[str, Any]:
        """What `debug_token` says, at most a day old; empty when this login may not ask."""
        settings = self._api.settings
        kept = self._state.get("debug_token")
        if isinstance(kept, dict):
            age = settings.clock() - float(kept.get("asked_at", 0))
            if 0 <= age < _DAY_SECONDS:
                return kept
        try:
            answer = await self._api.ask("debug_token", {"input_token": settings.token})
        except (GraphFailed, LoginNeeded):  # the same token was accepted a moment ago: this login may not ask, no more
            answer = {}
        data = answer.get("data")
        data = data if isinstance(data, dict) else {}
        if data.get("is_valid") is False:
            failure = failure_of(400, data)
            reason = failure.login_reason if failure else "it is not valid"
            raise LoginNeeded(
                f"the login of account “{settings.name}” no longer works: {reason}; {settings.token_remedy}"
            )
        wanted = ("type", "scopes", "expires_at", "data_access_expires_at")
        kept = {key: data[key] for key in wanted if key in data} | {"asked_at": settings.clock()}
        self._state["debug_token"] = kept
        return kept


def _permissions(answer: Any) -> dict[str, Permission]:
    found: dict[str, Permission] = {}
    for entry in rows(answer):
        name, status = text(entry.get("permission")), text(entry.get("status"))
        if name:
            known = status in {permission.value for permission in Permission}
            found[name] = Permission(status) if known and status else Permission.ABSENT
    return found
