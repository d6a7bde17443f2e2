"""What an answer of the Graph API means: read from the body's code first, from the status only without one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from fbbackup.http import redact

_LIMITS = frozenset({4, 9, 17, 32, 341, 368, 613, *range(80000, 80015)})
_LOGIN = frozenset({102, 190, 412, 450, 452, 459, 463, 467})
_CONFIG = frozenset({5, 101, 104})
_NUMBERED = re.compile(r"\(#(\d+)\)")
_UNKNOWN_FIELDS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:nonexisting|unknown|invalid|unsupported) fields?\b(?:\W+(\w+))?(?:\W+on node type\W+(\w+))?",
        r"\bfield\W+(\w+)\W+(?:does not|is not|is deprecated)(?:.*\bon node type\W+(\w+))?",
        r"(\w+)\W+field is deprecated(?:.*\bon node type\W+(\w+))?",
    )
)
_CURSOR = re.compile(r"cursor|paging|__paging_token|\b(after|before)\b", re.IGNORECASE)

_LOGIN_REASONS = {
    456: "the token is malformed",
    457: "the token comes from another login",
    458: "the app was removed from the Facebook account",
    459: "Facebook wants you to log in on facebook.com and follow what it says there",
    460: "the password was changed",
    461: "the app was removed and added again",
    463: "the token has expired",
    464: "the Facebook account is not confirmed; log in on facebook.com",
    466: "the token was withdrawn",
    467: "the login was ended",
    468: "the token was not used for a long time",
    490: "Facebook wants you to log in on facebook.com and pass a check there",
    492: "the account has no role on the Page any more",
}


class Kind(Enum):
    """What to do about a failed call."""

    TRANSIENT = auto()
    SHRINK = auto()
    LIMIT = auto()
    LOGIN = auto()
    CONFIG = auto()
    PERMISSION = auto()
    MISSING = auto()
    FIELD = auto()
    CURSOR = auto()
    FINAL = auto()


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed call: what to do, the numbers it came with (0: none), and its words without secrets."""

    kind: Kind
    message: str
    code: int = 0
    subcode: int = 0
    field: str | None = None
    node_type: str | None = None
    status: int = 0

    @property
    def may_be_one_object(self) -> bool:
        """Whether a repeated failure may come from the object that was asked for and not from the service."""
        return self.code == 1 or 200 <= self.status < 300

    @property
    def evidence(self) -> str:
        """One line for the catalog and for people."""
        numbers = f"{self.code}/{self.subcode}" if self.subcode else str(self.code or "none")
        return f"code {numbers}: {self.message}"

    @property
    def login_reason(self) -> str:
        """Why the login is refused, for people."""
        reason = _LOGIN_REASONS.get(self.subcode) or _LOGIN_REASONS.get(self.code)
        return reason or f"Facebook refuses the token ({self.message})"


class GraphFailed(Exception):
    """A call that failed for good; who asked decides what that means."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.evidence)
        self.failure = failure


class UnreadableAnswer(Exception):
    """The answer is no JSON that can be read."""


def read_json(body: bytes) -> Any:
    """The JSON of a body, whatever its announced type. Raises UnreadableAnswer, also for absurd nesting."""
    try:
        text = body.decode("utf-8-sig", "replace").strip()
        return json.loads(text, parse_constant=lambda _: None, parse_int=_whole_number)
    except RecursionError:
        raise UnreadableAnswer("the answer is nested too deeply") from None
    except ValueError:
        raise UnreadableAnswer("the answer is no JSON") from None


def _whole_number(digits: str) -> int | str:
    return int(digits) if len(digits) < 400 else digits


def failure_of(status: int, value: Any) -> Failure | None:
    """The failure that an answer tells of, or None when it is an answer."""
    if not isinstance(value, dict):
        return Failure(Kind.TRANSIENT, f"the answer is just {json.dumps(value)[:20]}")
    error = _error_of(value)
    if error is None:
        return None if 200 <= status < 300 else _by_status(status, "no error text")
    message = redact(_one_line(error.get("message")))
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    if not code and (match := _NUMBERED.match(message)):
        code = int(match[1])
    if not code and not subcode:
        return _by_words(message) or _by_status(status, message)
    return _by_code(code, subcode, message, error.get("is_transient") is True)


def unreadable(status: int, reason: str) -> Failure:
    """The failure of an answer that is no JSON: outages come as HTML pages."""
    kind = _by_status(status if status >= 400 else 502, reason).kind
    return Failure(kind, f"HTTP {status}, {reason}")


def _error_of(value: dict[str, Any]) -> dict[str, Any] | None:
    error = value.get("error")
    if isinstance(error, dict):
        return error
    if "error_code" in value or "error_msg" in value:
        words = value.get("error_msg") or value.get("error_description") or value.get("error_reason")
        return {"code": value.get("error_code"), "error_subcode": value.get("error_subcode"), "message": words}
    if isinstance(error, str):
        return {"message": error}
    return None


def _by_code(code: int, subcode: int, message: str, is_transient: bool) -> Failure:
    kind = Kind.FINAL
    field = node_type = None
    if code in _LIMITS:
        kind = Kind.LIMIT
    elif "reduce the amount of data" in message.lower():
        kind = Kind.SHRINK
    elif is_transient or code in (1, 2):
        kind = Kind.TRANSIENT
    elif code in _LOGIN or (code in (100, 2500) and _wants_token(message)):
        kind = Kind.LOGIN
    elif code in _CONFIG or "appsecret_proof" in message.lower():
        kind = Kind.CONFIG
    elif code in (3, 10) or 200 <= code <= 299:
        kind = Kind.PERMISSION
    elif code == 803 or (code == 100 and subcode == 33):
        kind = Kind.MISSING
    elif match := _unknown_field(code, message):
        kind, field, node_type = Kind.FIELD, match[1], match[2]
    elif code == 100 and "does not exist" in message:
        kind = Kind.MISSING
    elif code == 100 and _CURSOR.search(message):
        kind = Kind.CURSOR
    return Failure(kind, message, code, subcode, field, node_type)


def _unknown_field(code: int, message: str) -> re.Match[str] | None:
    """The words that name a refused field, and its node's type where they do."""
    matches = (pattern.search(message) for pattern in _UNKNOWN_FIELDS)
    return next((match for match in matches if match), None) if code in (12, 100) else None


def _by_words(message: str) -> Failure | None:
    """Errors without any number, told by what they say."""
    for words, code in (
        ("reduce the amount of data", 1),
        ("nonexisting field", 100),
        ("does not exist", 100),
        ("access token", 190),
        ("request limit reached", 4),
        ("too many calls", 17),
    ):
        if words in message.lower():
            return _by_code(code, 0, message, False)
    return None


def _by_status(status: int, message: str) -> Failure:
    kind = Kind.FINAL
    if status == 401:
        kind = Kind.LOGIN
    elif status == 429:
        kind = Kind.LIMIT
    elif status >= 500 or status in (408, 425):
        kind = Kind.TRANSIENT
    return Failure(kind, f"HTTP {status}, {message}")


def _wants_token(message: str) -> bool:
    return "active access token must be used" in message


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return 0
    text = str(value).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _one_line(value: Any) -> str:
    text = value if isinstance(value, str) else ""
    return " ".join(text.encode("utf-8", "replace").decode().split())[:300] or "no error text"
