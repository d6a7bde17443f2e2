"""Logging in: codes for devices, the dialog of browsers, and what either is exchanged for."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from fbbackup.simulator.access import Access
from fbbackup.simulator.graph_errors import GraphError, bad_token
from fbbackup.simulator.settings import DAY, Settings

PATHS = ("device/login", "device/login_status", "dialog/oauth")
CODE_SECONDS = 420
INTERVAL_SECONDS = 5
TOKEN_SECONDS = 60 * DAY


@dataclass
class Device:
    """A login that waits on a device; `state` is waiting, allowed or declined."""

    code: str
    user_code: str
    ends_at: float
    state: str = "waiting"
    asked_at: float = float("-inf")


@dataclass
class Ticket:
    """What the dialog sent back with the browser; good for one exchange."""

    redirect_uri: str
    challenge: str | None
    used: bool = False


class Logins:
    """Everything under way. `answer` is what the person says in the dialog: allow or deny."""

    def __init__(self, access: Access, settings: Settings) -> None:
        self.answer = "allow"
        self.devices: dict[str, Device] = {}
        self._access, self._settings = access, settings
        self._tickets: dict[str, Ticket] = {}

    def decide(self, user_code: str, state: str) -> None:
        """The person types the code into the page for devices and allows or declines."""
        next(one for one in self.devices.values() if one.user_code == user_code).state = state

    def reply(self, path: str, params: dict[str, str], token: str | None) -> dict[str, object]:
        """The answer of one of the device's calls."""
        app = f"{self._settings.app_id}|{self._settings.client_token}"
        if token is None or not hmac.compare_digest(token.encode(), app.encode()):
            raise bad_token(message="Invalid OAuth access token signature.")
        return self._begin() if path == PATHS[0] else self._status(params.get("code", ""))

    def _begin(self) -> dict[str, object]:
        name = hashlib.sha256(f"{self._access.seed}:device:{len(self.devices)}".encode()).hexdigest()
        found = Device(name[:32], name[32:40].upper(), self._access.clock.now() + CODE_SECONDS)
        self.devices[found.code] = found
        return {
            "code": found.code, "user_code": found.user_code, "verification_uri": "https://www.facebook.com/device",
            "expires_in": CODE_SECONDS, "interval": INTERVAL_SECONDS,
        }  # fmt: skip

    def _status(self, code: str) -> dict[str, object]:
        device, now = self.devices.get(code), self._access.clock.now()
        if device is None or device.ends_at <= now:
            raise GraphError(463, "The code has expired.", error_subcode=1349152)
        early = now - device.asked_at < INTERVAL_SECONDS
        device.asked_at = now
        if early:
            raise GraphError(17, "User request limit reached", error_subcode=1349172, status=400)
        if device.state == "declined":
            raise GraphError(31, "User has declined to authorize.", error_subcode=1349173)
        if device.state == "waiting":
            raise GraphError(31, "User has not yet authorized your application.", error_subcode=1349174)
        del self.devices[code]
        ends = int(now) + 90 * DAY
        return {"access_token": self._token(), "data_access_expiration_time": ends, "expires_in": TOKEN_SECONDS}

    def dialog(self, params: dict[str, str]) -> str:
        """Where the browser is sent to."""
        uri = params.get("redirect_uri", "")
        if params.get("client_id") != self._settings.app_id or urlsplit(uri).hostname != "localhost":
            raise GraphError(191, "Can't Load URL: The domain of this URL isn't included in the app's domains.")
        sent = {"state": params.get("state", "")}
        if self.answer == "deny":
            words = "Permissions error"
            denied = {"error": "access_denied", "error_code": "200", "error_reason": "user_denied"}
            return f"{uri}?{urlencode({**denied, 'error_description': words, **sent})}#_=_"
        code = hashlib.sha256(f"{self._access.seed}:ticket:{len(self._tickets)}".encode()).hexdigest()
        self._tickets[code] = Ticket(uri, params.get("code_challenge"))
        return f"{uri}?{urlencode({'code': code, **sent})}#_=_"

    def redeem(self, params: dict[str, str]) -> dict[str, object]:
        """A short-lived token for what the dialog sent back."""
        ticket = self._tickets.get(params.get("code", ""))
        if ticket is None or ticket.redirect_uri != params.get("redirect_uri"):
            words = "Error validating verification code. Please make sure your redirect_uri is identical to the one "
            raise GraphError(100, words + "you used in the OAuth dialog request", error_subcode=36008)
        if ticket.used:
            raise GraphError(100, "This authorization code has been used.", error_subcode=36009)
        digest = hashlib.sha256(params.get("code_verifier", "").encode()).digest()
        if ticket.challenge not in (None, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()):
            raise GraphError(100, "Invalid code verifier.", error_subcode=36008)
        ticket.used = True
        return {"access_token": self._token(3600), "token_type": "bearer", "expires_in": 3600}

    def _token(self, life: float = TOKEN_SECONDS) -> str:
        return self._access.issue("user", life).text
