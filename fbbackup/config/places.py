"""Where a setting was set: tomllib keeps no positions, so errors find their line here, and only when needed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from fbbackup.config.settings import printable
from fbbackup.errors import ConfigError

KeyPath = tuple[str | int, ...]

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""+'
    r"|'''.*?'''+"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'"
    r"|#[^\n]*"
    r"|[A-Za-z0-9_-]+"
    r"|\n|\S",
    re.DOTALL,
)
_END_OF_VALUE = ("\n", ",", "]", "}", "")


def lines_of(text: str) -> dict[KeyPath, int]:
    """The line of every table, key and list item of text that tomllib has accepted."""
    return _Walk(text).lines


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    line, seen = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", seen, match.start())
        seen = match.start()
        if not match[0].startswith("#"):
            yield match[0], line
    yield "", line + text.count("\n", seen)


def _plain(key: str) -> str:
    if key.startswith('"'):
        return str(tomllib.loads(f"key = {key}")["key"])
    return key[1:-1] if key.startswith("'") else key


class _Walk:
    """One pass over the tokens of a valid file."""

    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._counts: dict[KeyPath, int] = {}
        self._tokens = list(_tokens(text))
        self._at = 0
        table: KeyPath = ()
        while self._now:
            if self._accept("\n"):
                continue
            if self._now == "[":
                table = self._header()
            else:
                self._pair(table)

    @property
    def _now(self) -> str:
        return self._tokens[self._at][0]

    @property
    def _line(self) -> int:
        return self._tokens[self._at][1]

    def _take(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1][0]

    def _accept(self, *tokens: str) -> bool:
        found = self._now in tokens
        self._at += found
        return found

    def _parts(self) -> list[str]:
        parts = [_plain(self._take())]
        while self._accept("."):
            parts.append(_plain(self._take()))
        return parts

    def _element(self, path: KeyPath) -> KeyPath:
        # A header that leads through an array of tables means the array's newest table.
        return (*path, self._counts[path] - 1) if path in self._counts else path

    def _header(self) -> KeyPath:
        line = self._line
        self._take()
        many = self._accept("[")
        path: KeyPath = ()
        for part in self._parts():
            path = (*self._element(path), part)
            self.lines.setdefault(path, line)
        if many:
            self._counts[path] = self._counts.get(path, 0) + 1
        path = self._element(path)
        self.lines.setdefault(path, line)
        while self._accept("]"):
            continue
        return path

    def _pair(self, table: KeyPath) -> None:
        line, path = self._line, table
        for part in self._parts():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self._take()
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        if self._accept("["):
            index = 0
            while not self._accept("]"):
                if not self._accept("\n", ","):
                    self.lines[*path, index] = self._line
                    self._value((*path, index))
                    index += 1
        elif self._accept("{"):
            while not self._accept("}"):
                if not self._accept("\n", ","):
                    self._pair(path)
        else:
            while self._now not in _END_OF_VALUE:
                self._take()


class Origin:
    """The file and the variables that raw values came from; makes the errors that name them."""

    def __init__(self, file: Path | None = None, text: str = "") -> None:
        self.file = file
        self._text = text
        self.variables: dict[KeyPath, str] = {}

    def variable(self, path: KeyPath) -> str | None:
        """The variable that set this path or something around it."""
        return next((self.variables[part] for part in _outwards(path) if part in self.variables), None)

    def folder(self, path: KeyPath) -> Path:
        """What a relative path in this value starts from: the file's folder keeps it apart from the caller's."""
        if self.file is None or self.variable(path):
            return Path.cwd()
        return self.file.parent

    def error(self, path: KeyPath, problem: str) -> ConfigError:
        """The problem, led by the variable or the file and line."""
        place = self.variable(path)
        if place is None:
            lines = lines_of(self._text)
            place = f"{self.file}:{next((lines[part] for part in _outwards(path) if part in lines), 1)}"
        return ConfigError(printable(f"{place}: {problem}"))


def _outwards(path: KeyPath) -> Iterator[KeyPath]:
    return (path[:length] for length in range(len(path), 0, -1))
