"""Replies of an RPC server as plain data, and what the errors inside of them mean.

Keys may be missing, numbers may come as text and the whole reply in an envelope of JSON-RPC 2.0.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

Item = dict[str, Any]

_LOGIN = {401, 102, 190, 440, 498, 4401, -32001}
_FORBIDDEN = {403, 4403, -32003}
_DENIED = {400, 404, 410, 413, 422, -32004, -32600, -32601, -32602}
_CROWDED = {429, 4, 17, 32, 613}
_OF_LOGINS = re.compile(r"(?i)session|token|log.?in|logged|unauthori[sz]ed|authenticat|credential")
_ENDED = re.compile(r"(?i)\b(session|token)\b.*\b(expired|revoked|invalid|unknown|missing|over|ended)\b")
_YES, _NO = ("true", "1", "yes"), ("false", "0", "no", "")


class Meaning(Enum):
    """What an error asks of us."""

    LOGIN = "the session has to be renewed"
    DENIED = "the question makes no sense there"
    CROWDED = "too many calls"
    PASSING = "it may work later"


class UnreadableReply(Exception):
    """The bytes are no reply of this API; the message says why in a few words."""


class RpcFailed(Exception):
    """An error that the server answered with: its code and its words."""

    def __init__(self, code: int, words: str, *, about_album: bool = False) -> None:
        super().__init__(f"error {code}: {words}" if words else f"error {code}")
        self.code, self.words, self.about_album = code, words, about_album

    @property
    def meaning(self) -> Meaning:
        of_login = bool(_OF_LOGINS.search(self.words))
        if self.code in _LOGIN or (self.code in _FORBIDDEN and (of_login or not self.about_album)):
            return Meaning.LOGIN
        if self.code in _CROWDED:
            return Meaning.CROWDED
        if self.code in _DENIED | _FORBIDDEN:
            return Meaning.DENIED
        return Meaning.LOGIN if _ENDED.search(self.words) else Meaning.PASSING


@dataclass(frozen=True, slots=True)
class Chunk:
    """Items of one reply. `more` is what the server says of `next`, None when it says nothing."""

    items: tuple[Item, ...]
    more: bool | None
    limit: int | None
    bad: int = 0


def parsed(body: bytes) -> Any:
    """The reply's JSON; ids keep all their digits. Raises UnreadableReply."""
    try:
        found = json.loads(body, parse_float=str, parse_constant=lambda _: None)
        if b"\\ud" in body.lower():
            # Half a surrogate pair is JSON, but no text that could be stored.
            found = json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
        return found
    except (ValueError, RecursionError):
        raise UnreadableReply("it is no JSON") from None


def read_chunk(reply: Any, kind: str, status: int = 200, *, album: str = "") -> Chunk:
    """The items (`kind` is `albums` or `photos`) of a reply; `status` is HTTP's.

    Raises RpcFailed for an error inside the reply, UnreadableReply for what is no reply.
    """
    reply = _opened(reply)
    failed = _failure(reply, status, about_album=bool(album))
    if failed is not None:
        raise failed
    data = reply.get("data", reply if kind in reply else None)
    if not isinstance(data, dict):
        raise UnreadableReply("it has no data")
    found = data.get(kind)
    items = found if isinstance(found, list) else [] if found is None else None
    if items is None:
        raise UnreadableReply(f"its {kind} are no list")
    good = tuple(item for item in items if isinstance(item, dict))
    limit = whole(data.get("limit"))
    return Chunk(good, _flag(data.get("next")), limit if limit and limit > 0 else None, len(items) - len(good))


def _opened(reply: Any) -> Item:
    """The reply itself, out of its envelope if it came in one."""
    if isinstance(reply, dict) and isinstance(reply.get("result"), dict) and "data" not in reply:
        reply = {"error": reply.get("error"), **reply["result"]}
    if not isinstance(reply, dict):
        raise UnreadableReply("it is no object")
    return reply


def _failure(reply: Item, status: int, *, about_album: bool) -> RpcFailed | None:
    error = reply.get("error")
    if isinstance(error, str) and error.strip():
        error = {"status": True, "message": error}
    if not isinstance(error, dict):
        error = {}
    code, told = whole(error.get("code")) or 0, error.get("status")
    if isinstance(told, int) and not isinstance(told, bool) and told >= 400:
        code, told = code or told, True
    failed = _flag(told)
    if failed is None:
        failed = code not in (0, 200)
    if not failed and status < 400:
        return None
    words = " ".join(str(error.get("message") or "").split())[:200]
    return RpcFailed(code if failed and code else status if status >= 400 else 0, words, about_album=about_album)


def _flag(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | str):
        text = str(value).strip().lower()
        return True if text in _YES else False if text in _NO else None
    return None


def whole(value: Any) -> int | None:
    """A whole number, also from text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).strip() if not isinstance(value, int) or abs(value) < 1 << 63 else ""
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None
