"""Takes secrets out of texts before anyone sees them: tokens, proofs, signatures of signed addresses."""

from __future__ import annotations

import re
from urllib.parse import quote

_SECRETS: set[str] = set()
_SHORTEST = 6

_PARAMETERS = re.compile(
    r"(?i)\b(access_token|input_token|fb_exchange_token|client_secret|appsecret_proof|app_secret|oh|oe|__gda__|sig)"
    r"(\"?\s*[=:]\s*\"?)[^&\s\"'<>,;)]+"
)
_BEARER = re.compile(r"(?i)\b(bearer|oauth)\s+[\w.|~+/=-]{8,}")


def register_secret(value: str | None) -> None:
    """Makes every later `redact` replace this literal value; shorter than 6 characters is ignored."""
    if value and len(value) >= _SHORTEST:
        _SECRETS.update({value, quote(value, safe="")})


def without(body: bytes, secret: str) -> bytes:
    """A body in which a secret, when it is long enough to be one, is replaced by `…`."""
    return body.replace(secret.encode(), "…".encode()) if len(secret) >= _SHORTEST else body


def redact(text: str) -> str:
    """`text` with tokens, proofs and signatures replaced by `…`."""
    for secret in sorted(_SECRETS, key=len, reverse=True):
        text = text.replace(secret, "…")
    text = _PARAMETERS.sub(r"\1\2…", text)
    return _BEARER.sub(r"\1 …", text)
