"""Field expansion: reads `id,photos.limit(2){id,images}` into a tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from fbbackup.simulator.graph_errors import GraphError

_NAME = re.compile(r"\s*([A-Za-z0-9_]+)\s*")
_MODIFIER = re.compile(r"\.\s*([a-z_]+)\s*\(([^()]*)\)\s*")


@dataclass(frozen=True, slots=True)
class Field:
    """One wanted field; `fields` is None when nothing stands in braces, `inner` is their text."""

    name: str
    modifiers: tuple[tuple[str, str], ...] = ()
    fields: tuple[Field, ...] | None = None
    inner: str = ""

    @property
    def options(self) -> dict[str, str]:
        """The modifiers by name."""
        return dict(self.modifiers)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def listing(self) -> tuple[Field, ...]:
        found = [self.field()]
        while self.text[self.at : self.at + 1] == ",":
            self.at += 1
            found.append(self.field())
        return tuple(found)

    def field(self) -> Field:
        name = _NAME.match(self.text, self.at)
        if name is None:
            raise self.wrong("name")
        self.at = name.end()
        modifiers = self.modifiers()
        fields, inner = None, ""
        if self.text[self.at : self.at + 1] == "{":
            start = self.at + 1
            self.at = start
            fields = self.listing()
            if self.text[self.at : self.at + 1] != "}":
                raise self.wrong('"}"')
            inner = self.text[start : self.at]
            self.at += 1
            while self.text[self.at : self.at + 1].isspace():
                self.at += 1
        return Field(name.group(1), modifiers + self.modifiers(), fields, inner)

    def modifiers(self) -> tuple[tuple[str, str], ...]:
        found: list[tuple[str, str]] = []
        while (match := _MODIFIER.match(self.text, self.at)) is not None:
            found.append((match.group(1), match.group(2).strip()))
            self.at = match.end()
        return tuple(found)

    def wrong(self, expected: str) -> GraphError:
        rest = self.text[self.at :] or "end of string"
        return GraphError(
            2500, f'Syntax error "Expected {expected} instead of "{rest}"." at character {self.at}: {self.text}'
        )


@lru_cache(maxsize=500)
def parse_fields(text: str) -> tuple[Field, ...]:
    """The tree of a `fields` parameter; a mistake is code 2500."""
    reader = _Reader(text.strip().strip(","))
    if not reader.text:
        return ()
    found = reader.listing()
    if reader.at != len(reader.text):
        raise reader.wrong("end of string")
    return found
