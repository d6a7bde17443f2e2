"""Reads JSON of any size item by item, so that neither a file of a gigabyte nor endless nesting fills the memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

LARGEST_ITEM = 8 << 20
DEEPEST = 64
MOST_ITEMS = 2_000_000
_SPACE = re.compile(rb"[ \t\r\n]*")
_SCALAR = re.compile(rb"[^,\]}\s]*")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.S)
_MARK = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{}"]', re.S)


class BadJson(ValueError):
    """The text is no JSON, or more than may be read; what came before was given out already."""


def items(chunks: Iterable[bytes], most: int = MOST_ITEMS) -> Iterator[tuple[str | None, Any]]:
    """The elements of a list (key None); of an object each value, and each element of a value that is a list.

    An empty list gives its key with an empty list. Raises BadJson.
    """
    text = _Text(chunks, most)
    start = text.peek()
    if start == b"[":
        for raw in text.elements():
            yield None, _loaded(raw)
    elif start == b"{":
        yield from _of_object(text)
    else:
        raise BadJson("it is no JSON list or object")
    if text.peek():
        raise BadJson("something stands behind its end")


def _of_object(text: _Text) -> Iterator[tuple[str | None, Any]]:
    text.skip()
    if text.peek() == b"}":
        text.skip()
        return
    while True:
        key = _loaded(text.value())
        if not isinstance(key, str) or text.peek() != b":":
            raise BadJson("it is damaged after a key")
        text.skip()
        if text.peek() == b"[":
            empty = True
            for raw in text.elements():
                empty = False
                yield key, _loaded(raw)
            if empty:
                yield key, []
        else:
            yield key, _loaded(text.value())
        mark = text.peek()
        text.skip()
        if mark == b"}":
            return
        if mark != b",":
            raise BadJson("it ends too early" if not mark else "it is damaged after a value")


class _Text:
    """A window on the text: everything before `_at` is done and forgotten with the next chunk."""

    def __init__(self, chunks: Iterable[bytes], most: int) -> None:
        self._chunks = iter(chunks)
        self._text = b""
        self._at = 0
        self._left, self._most = most, most
        self._more()
        if self._text.startswith(b"\xef\xbb\xbf"):
            self._at = 3

    def _more(self) -> bool:
        """Reads on: at least as much as is waiting, so that a long item is not looked through again for each chunk."""
        waiting = [self._text[self._at :]]
        wanted, got = len(waiting[0]), 0
        if wanted > LARGEST_ITEM:
            raise BadJson(f"one item is larger than {LARGEST_ITEM >> 20} MB")
        while got <= wanted and (chunk := next(self._chunks, None)) is not None:
            waiting.append(chunk)
            got += len(chunk)
        self._text, self._at = b"".join(waiting), 0
        return got > 0

    def peek(self) -> bytes:
        """The next byte that is no space; empty at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def skip(self) -> None:
        self._at += 1

    def elements(self) -> Iterator[bytes]:
        """The elements of the list that starts here, as they are written."""
        self.skip()
        if self.peek() == b"]":
            self.skip()
            return
        while True:
            self._left -= 1
            if self._left < 0:
                raise BadJson(f"it has more than {self._most:,} items")
            yield self.value()
            mark = self.peek()
            self.skip()
            if mark == b"]":
                return
            if mark != b",":
                raise BadJson("it ends too early" if not mark else "it is damaged between two items")

    def value(self) -> bytes:
        """One value as it is written."""
        start = self.peek()
        if start in (b"{", b"["):
            return self._nested()
        return self._scalar(_STRING if start == b'"' else _SCALAR)

    def _scalar(self, pattern: re.Pattern[bytes]) -> bytes:
        while True:
            match = pattern.match(self._text, self._at)
            if match is not None and (match.end() < len(self._text) or not self._more()):
                found = self._text[self._at : self._at + match.end() - match.start()]
                self._at += len(found)
                return found
            if match is None and not self._more():
                raise BadJson("it ends too early")

    def _nested(self) -> bytes:
        depth, scanned = 0, 0
        while True:
            for mark in _MARK.finditer(self._text, self._at + scanned):
                sign = mark[0]
                if sign == b'"':
                    scanned = mark.start() - self._at
                    break
                scanned = mark.end() - self._at
                if sign in (b"{", b"["):
                    depth += 1
                    if depth > DEEPEST:
                        raise BadJson(f"it is nested deeper than {DEEPEST}")
                elif sign in (b"}", b"]"):
                    depth -= 1
                    if depth == 0:
                        found = self._text[self._at : self._at + scanned]
                        self._at += scanned
                        return found
            if not self._more():
                raise BadJson("it ends too early")


def _loaded(raw: bytes) -> Any:
    try:
        return json.loads(raw, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise BadJson(f"it can't be read: {error}") from error
