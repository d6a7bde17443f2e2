"""Tokens and permissions: who may call, and with what error the others are sent away."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from fbbackup.simulator.clock import Clock
from fbbackup.simulator.graph_errors import GraphError, bad_token, no_token
from fbbackup.simulator.settings import DAY, Settings
from fbbackup.simulator.wire import Request

PERMISSIONS = ("public_profile", "user_photos", "user_videos", "user_posts", "pages_show_list", "pages_read_engagement")


@dataclass
class Token:
    """One issued token."""

    text: str
    kind: str
    expires_at: float = 0.0
    revoked: tuple[int | None, str | None] | None = None


@dataclass
class Access:
    """All tokens of the one account, and what it granted."""

    seed: int
    page: bool
    clock: Clock
    settings: Settings
    permissions: dict[str, str] = field(default_factory=lambda: dict.fromkeys(PERMISSIONS, "granted"))
    tokens: dict[str, Token] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.user = self.issue("user", 60 * DAY)
        self.page_token = self.issue("page", 0)

    @property
    def token(self) -> str:
        """The token that tests use: the page's for a page, else the user's."""
        return self.page_token.text if self.page else self.user.text

    def issue(self, kind: str, life: float) -> Token:
        """A new token; life 0 never ends."""
        name = hashlib.sha256(f"{self.seed}:{kind}:{len(self.tokens)}".encode()).hexdigest()[:40]
        token = Token(f"EAAsim{name}ZD", kind, self.clock.now() + life if life else 0.0)
        self.tokens[token.text] = token
        return token

    def revoke(self, subcode: int | None = 460, message: str | None = None) -> None:
        """End every token, for the reason that the subcode names."""
        for token in self.tokens.values():
            token.revoked = (subcode, message)

    def restore(self) -> None:
        """Make revoked tokens valid again."""
        for token in self.tokens.values():
            token.revoked = None

    def decline(self, permission: str) -> None:
        """The person takes a permission away: lists become empty, objects vanish, no error says so."""
        self.permissions[permission] = "declined"

    def grant(self, permission: str) -> None:
        """Give a permission back."""
        self.permissions[permission] = "granted"

    def granted(self, permission: str) -> bool:
        """Whether calls may use it now."""
        return self.permissions.get(permission) == "granted"

    def token_text(self, request: Request, params: dict[str, str]) -> str | None:
        """The token of a call: the parameter, else the header."""
        if params.get("access_token"):
            return params["access_token"]
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        return value.strip() if scheme.lower() in ("bearer", "oauth") and value.strip() else None

    def check(self, text: str | None) -> Token:
        """The token behind a text, or the error that Facebook would give."""
        if not text:
            raise no_token()
        token = self.tokens.get(text)
        if token is None:
            app_token = f"{self.settings.app_id}|{self.settings.app_secret}"
            if self.settings.app_secret and hmac.compare_digest(text.encode(), app_token.encode()):
                return Token(text, "app")
            raise bad_token(message=None if text.startswith("EAA") else "Malformed access token")
        if token.revoked is not None:
            raise bad_token(*token.revoked)
        if token.expires_at and token.expires_at < self.clock.now():
            raise bad_token(463)
        return token

    def check_proof(self, text: str, params: dict[str, str]) -> None:
        """Whether `appsecret_proof` fits the token, when the app wants one."""
        secret = self.settings.app_secret
        if secret is None:
            return
        given = params.get("appsecret_proof")
        if given is None:
            message = "API calls from the server require an appsecret_proof argument"
            raise GraphError(100, message, "GraphMethodException")
        stamp = params.get("appsecret_time")
        signed = f"{text}|{stamp}" if stamp else text
        right = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(given.encode(), right.encode()):
            message = "Invalid appsecret_proof provided in the API argument"
            raise GraphError(100, message, "GraphMethodException")

    def check_app(self, params: dict[str, str]) -> None:
        """Whether a call names the app and its secret."""
        secret = self.settings.app_secret
        if params.get("client_id") != self.settings.app_id:
            raise GraphError(101, "Error validating application. Cannot get application info due to a system error.")
        if secret is not None and params.get("client_secret") != secret:
            raise GraphError(1, "Error validating client secret.", status=400)

    def exchange(self, params: dict[str, str]) -> dict[str, object]:
        """A long-lived token for a living one, or the app's own token."""
        secret = self.settings.app_secret
        if params.get("grant_type") == "client_credentials":
            return {"access_token": f"{self.settings.app_id}|{secret}", "token_type": "bearer"}
        self.check(params.get("fb_exchange_token"))
        fresh = self.issue("user", 60 * DAY)
        return {"access_token": fresh.text, "token_type": "bearer", "expires_in": 60 * DAY}
