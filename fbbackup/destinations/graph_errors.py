"""The Graph API's refusals of an upload, in each of their shapes, and what a person has to do about them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fbbackup.errors import (
    BudgetSpent,
    ConfigError,
    FbbackupError,
    Incomplete,
    LoginNeeded,
    SourceUnavailable,
    UploadRefused,
)

_PAUSE_SECONDS = 3600.0
_NO_RIGHT = "the token may not publish on this Page; grant pages_manage_posts to the app"
_NO_TOKEN = "the Page's token is no longer valid; get a new one"  # noqa: S105
_CHECKPOINT = "Facebook wants the person to confirm the account first: open facebook.com and log in"

_STOPS: dict[int, tuple[type[FbbackupError], str]] = {
    5: (ConfigError, "Facebook refuses calls from this machine's address; allow it in the app's settings"),
    10: (LoginNeeded, _NO_RIGHT),
    101: (ConfigError, "Facebook knows no such app; get a token of an app that is there"),
    102: (LoginNeeded, _NO_TOKEN),
    104: (ConfigError, "the app secret does not fit; correct app_secret"),
    120: (ConfigError, "there is no such album; correct --album"),
    190: (LoginNeeded, _NO_TOKEN),
    220: (ConfigError, "the album is not visible to this Page; correct --album"),
    321: (Incomplete, "the album is full; name another one with --album"),
    368: (Incomplete, "Facebook blocks publishing for now; wait before trying again"),
    412: (LoginNeeded, _NO_TOKEN),
    459: (LoginNeeded, _CHECKPOINT),
}
_RIGHTS = range(200, 300)
_CHECKPOINTS = (459, 464, 490)
_REFUSED = {
    3: "the app may not publish photos; add the Page use case to it",
    100: "a value is wrong; look at --param, --album and page_id",
    324: "Facebook can't read the picture; give --url with a plain JPEG of it",
    506: "Facebook says that the same was just published",
    2500: "Facebook does not understand the address; look at page_id and --album",
}
_LIMITS = (4, 9, 17, 32, 341, 613, 80001)
_PASSING = (1, 2)
_GONE = (803, (100, 33))
_NUMBERED = re.compile(r"\(#([0-9]{1,7})\)")


class Refused(UploadRefused):
    """An error that concerns one question only; `code` is Facebook's, 0 when it told none."""

    def __init__(self, message: str, code: int, subcode: int) -> None:
        super().__init__(message)
        self.code, self.subcode = code, subcode

    @property
    def says_gone(self) -> bool:
        """Whether the object does not exist, or is hidden: Facebook has one answer for both."""
        return self.code in _GONE or (self.code, self.subcode) in _GONE


def failure(value: Any) -> Mapping[str, Any] | None:
    """The error inside an answer, also in the forms of older versions; None for an answer that is none."""
    if not isinstance(value, dict):
        return None
    error = value.get("error")
    if isinstance(error, dict):
        return error
    if isinstance(error, str) and error:
        return {"message": value.get("error_description") or error}
    if "error_code" in value:
        words = value.get("error_msg") or value.get("error_description")
        return {"code": value["error_code"], "message": words, "error_subcode": value.get("error_subcode")}
    return None


def told(error: Mapping[str, Any], name: str) -> Exception:
    """What a person has to do about an error; what Facebook calls passing is a lost answer, whatever its code."""
    words = " ".join(str(error.get("message") or "no reason given").split())[:200]
    numbered = _NUMBERED.match(words)
    code = _number(error.get("code")) or (int(numbered[1]) if numbered else 0)
    subcode = _number(error.get("error_subcode"))
    where, what = f'destination "{name}"', f"(code {code}: {words})"
    if code in _LIMITS:
        return BudgetSpent(f"{where}: too many calls for now (code {code}); a later upload goes on", _PAUSE_SECONDS)
    if code in _PASSING or error.get("is_transient") is True:
        return SourceUnavailable(f"Facebook failed {what}")
    if code in (102, 190) and subcode in _CHECKPOINTS:
        return LoginNeeded(f"{where}: {_CHECKPOINT} {what}")
    if code in _STOPS:
        kind, remedy = _STOPS[code]
        return kind(f"{where}: {remedy} {what}")
    if code in _RIGHTS:
        return LoginNeeded(f"{where}: {_NO_RIGHT} {what}")
    if code == 2500 and "access token" in words:
        return LoginNeeded(f"{where}: {_NO_TOKEN} {what}")
    return Refused(f"{_REFUSED.get(code, 'Facebook refuses it')} {what}", code, subcode)


def _number(value: Any) -> int:
    text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
