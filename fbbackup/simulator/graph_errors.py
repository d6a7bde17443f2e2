"""Errors as the Graph API words them, with the status and the envelope that each comes in."""

from __future__ import annotations

import json
from typing import Any

TOO_MUCH_DATA = "Please reduce the amount of data you're asking for, then retry your request"
_STATUS = {1: 500, 2: 500, 4: 403, 10: 403, 200: 403, 210: 403, 220: 403}
_TRANSIENT = {1, 2, 4, 17, 32, 341, 613}


class GraphError(Exception):
    """A call that fails with an error object."""

    def __init__(self, code: int, message: str, kind: str = "OAuthException", **more: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.kind = kind
        self.status: int = more.pop("status", None) or _STATUS.get(code, 400)
        self.more = more

    def envelope(self, form: str = "now") -> Any:
        """The body; `form` chooses one of the shapes that answers had over the years."""
        if form == "old":
            return {"error_code": self.code, "error_msg": self.message}
        if form == "no-code":
            return {"error": {"type": self.kind, "message": f"(#{self.code}) {self.message}"}}
        if form == "text":
            return {"error": self.message}
        error: dict[str, Any] = {"message": self.message, "type": self.kind, "code": self.code}
        if self.code in _TRANSIENT:
            error["is_transient"] = True
        return {"error": error | self.more | {"fbtrace_id": "AbCdEfGhIjKlMnOpQrStUvW"}}

    def body(self, form: str = "now") -> bytes:
        """The envelope as JSON."""
        return json.dumps(self.envelope(form), ensure_ascii=True).encode()


def no_token() -> GraphError:
    """A call without any token."""
    return GraphError(2500, "An active access token must be used to query information about the current user.")


_ENDED = "Error validating access token: "
_REASONS = {
    458: _ENDED + "The user has not authorized application 100000000000001.",
    459: _ENDED + "You cannot access the app till you log in to www.facebook.com and follow the instructions given.",
    460: _ENDED + "The session has been invalidated because the user changed their password or Facebook has changed "
    "the session for security reasons.",
    463: _ENDED + "Session has expired on Tuesday, 02-Jan-24 03:00:00 PST. The current time is Friday, "
    "05-Jan-24 10:00:00 PST.",
    464: _ENDED + "Sessions for the user are not allowed because the user is not a confirmed user.",
    467: _ENDED + "The session is invalid because the user logged out.",
    492: _ENDED + "The session is invalid because the user does not have a role on the Page.",
}


def bad_token(subcode: int | None = None, message: str | None = None) -> GraphError:
    """A token that is not, or no longer, valid."""
    text = message or _REASONS.get(subcode or 0, "Invalid OAuth access token.")
    more: dict[str, Any] = {"error_subcode": subcode} if subcode else {}
    return GraphError(190, text, **more)


def missing_object(object_id: str) -> GraphError:
    """An id that does not exist or that the token may not see: the two look alike."""
    return GraphError(
        100,
        f"Unsupported get request. Object with ID '{object_id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api",
        "GraphMethodException",
        error_subcode=33,
    )


def missing_alias(object_id: str) -> GraphError:
    """One of several ids that does not exist; the whole call fails with it."""
    return GraphError(803, f"(#803) Some of the aliases you requested do not exist: {object_id}", status=404)


def unknown_field(name: str, node_type: str) -> GraphError:
    """A field that the node type does not have."""
    return GraphError(100, f"(#100) Tried accessing nonexisting field ({name}) on node type ({node_type})")


def unknown_path(path: str) -> GraphError:
    """A path that means nothing."""
    return GraphError(2500, f"Unknown path components: /{path}")


def too_much_data() -> GraphError:
    """A call that returns more than the backend carries; looks transient, is not."""
    return GraphError(1, TOO_MUCH_DATA)


def bad_cursor() -> GraphError:
    """A cursor of another list, or one whose item is gone."""
    return GraphError(100, "(#100) Invalid cursors values were given for this list")


LIMITS = {
    4: "(#4) Application request limit reached",
    9: "(#9) Too many calls",
    17: "(#17) User request limit reached",
    32: "(#32) Page request limit reached",
    341: "(#341) Feed action request limit reached",
    613: "(#613) Calls to this api have exceeded the rate limit.",
    80001: "(#80001) There have been too many calls to this Page account. Wait a bit and try again.",
}


def limit_reached(code: int) -> GraphError:
    """One of the limits."""
    return GraphError(code, LIMITS.get(code, f"(#{code}) Too many calls"))
