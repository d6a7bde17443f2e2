"""Undoes the damage that exports do to text: UTF-8 bytes written as if each were a Latin-1 letter."""

from __future__ import annotations

import re
from typing import Any

_MARKED = re.compile(r"@\[\d{1,20}:\d{1,10}:([^\[\]]{1,300})\]")
"""How exports write a person or Page that a text names: `@[<id>:<type>:<name>]`."""


def repaired(text: str) -> str:
    """The text as it was meant; unchanged unless every letter is a byte and all bytes together are strict UTF-8.

    The proof is the round trip: encoding the result as UTF-8 and reading that as Latin-1 gives `text` again.
    """
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def mended(path: str) -> str:
    """A path as it was meant, when it was damaged like a text, or an archiver took its UTF-8 for letters of DOS."""
    if path.isascii() or (found := repaired(path)) != path:
        return path if path.isascii() else found
    try:
        return path.encode("cp437").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return path


def writable(text: str) -> str:
    """Without lone surrogates, which neither UTF-8 nor SQLite can hold."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "�")


def words(value: Any) -> str | None:
    """A repaired string that is not blank, None for anything else. Of a marked person the name stays."""
    if not isinstance(value, str):
        return None
    text = writable(repaired(value)).replace("\0", "�")
    return _MARKED.sub(r"\1", text).strip() or None
