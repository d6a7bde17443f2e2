"""The block around a picture in a page: its own date, and comments, told apart by where dates stand.

Class names change at will, so a comment is an element that holds one date and not the picture: an entry of a list, one
that calls itself a comment, or one deeper than the picture's own date with a text of an author and a message.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from selectolax.lexbor import LexborNode

from fbbackup.sources.export.dates import moment_in
from fbbackup.sources.export.repair import words

_HIGHEST = 40
_LONGEST_AUTHOR = 80
_MOST_TEXTS = 6
NO_WORDS = frozenset({"table", "script", "style", "video"})
"""Elements whose texts are no one's words."""
_NO_DATES = NO_WORDS | {"li"}


@dataclass(frozen=True, slots=True)
class Remark:
    """One comment; its time has no zone, as a rule."""

    message: str
    author: str | None
    at: datetime | None


class Block:
    """What surrounds one picture. `labels` are pairs of texts in parts with a date that are no comment."""

    def __init__(self, element: LexborNode, picture: LexborNode) -> None:
        self._element = element
        self._called = {each.mem_id for each in element.css('[class*="omment"]') if _is_called_comment(each)}
        self._marked = self._called | {each.mem_id for each in element.css("li")}
        around = [(node, text, above(node, element)) for node, text in _texts(element)]
        around = [(node, text, each) for node, text, each in around if not any(one.tag in NO_WORDS for one in each)]
        self._texts = [(node, text) for node, text, _ in around]
        self._above = {node.mem_id: [(one.mem_id, one) for one in each] for node, _, each in around}
        self._closed = {each.mem_id for each in above(picture, element)} | {picture.mem_id}
        dates = [node for node, text in self._texts if moment_in(text) is not None]
        self._dated: dict[int, int] = {}
        for node in dates:
            for mem_id, _ in self._above[node.mem_id]:
                self._dated[mem_id] = self._dated.get(mem_id, 0) + 1
        marked, loose = self._sorted(dates)
        # The picture's own date stands highest; of equals the first.
        self.date = min(loose, key=lambda node: len(self._above[node.mem_id]), default=None)
        self.labels: dict[str, str] = {}
        self._parts = self._read(marked | self._undated() | self._deeper(loose))

    @property
    def remarks(self) -> tuple[Remark, ...]:
        return tuple(remark for remark in self._parts.values() if remark is not None)

    @property
    def apart(self) -> Collection[int]:
        """Elements whose texts say nothing of what the picture's owner wrote."""
        return self._parts

    def narrow(self, picture: LexborNode) -> tuple[LexborNode, LexborNode]:
        """The smallest element with the picture and its own date, and the part of it that holds the picture."""
        around = {mem_id for mem_id, _ in self._above[self.date.mem_id]} if self.date is not None else set()
        child, block = picture, picture
        while block.mem_id != self._element.mem_id and block.mem_id not in around and block.parent is not None:
            child, block = block, block.parent
        return block, child

    def _sorted(self, dates: list[LexborNode]) -> tuple[dict[int, LexborNode], list[LexborNode]]:
        """Elements that look like comments by themselves, and the dates outside of them."""
        marked: dict[int, LexborNode] = {}
        loose = []
        for node in dates:
            if signs := [pair for pair in self._alone(node) if pair[0] in self._marked]:
                marked |= dict(signs[-1:])
            else:
                loose.append(node)
        return marked, loose

    def _alone(self, node: LexborNode) -> list[tuple[int, LexborNode]]:
        """The elements around a date that hold no other one, and not the picture."""
        return [
            (mem_id, each)
            for mem_id, each in self._above[node.mem_id]
            if self._dated[mem_id] == 1 and mem_id not in self._closed
        ]

    def _deeper(self, loose: list[LexborNode]) -> dict[int, LexborNode]:
        """Elements with dates deeper than the picture's own."""
        if self.date is None:
            return {}
        highest = len(self._above[self.date.mem_id])
        deeper = [self._alone(node) for node in loose if len(self._above[node.mem_id]) > highest]
        return dict(alone[-1] for alone in deeper if alone)

    def _undated(self) -> dict[int, LexborNode]:
        """Elements that call themselves comments and hold no date, the outermost of each."""
        found: dict[int, LexborNode] = {}
        for node, _ in self._texts if self._called else ():
            around = self._above[node.mem_id]
            fit = [(mem_id, each) for mem_id, each in around
                   if mem_id in self._called and mem_id not in self._dated and mem_id not in self._closed]  # fmt: skip
            inside = any(self._dated.get(mem_id) == 1 and mem_id in self._marked for mem_id, _ in around)
            if not inside:
                found |= dict(fit[-1:])
        return found

    def _read(self, elements: dict[int, LexborNode]) -> dict[int, Remark | None]:
        inside: dict[int, list[str]] = {mem_id: [] for mem_id in elements}
        for node, text in self._texts:
            for mem_id, _ in self._above[node.mem_id]:
                if mem_id in inside:
                    inside[mem_id].append(text)
        read = {mem_id: _remark(inside[mem_id], mem_id in self._marked) for mem_id in elements}
        for mem_id, remark in read.items():
            if remark is None:
                self.labels |= dict(zip(inside[mem_id][::2], inside[mem_id][1::2], strict=False))
        return read


class Posts:
    """Dates that several pictures share: those of a post. `around` tells which pictures each element holds.

    At most `patience` nodes are looked at, since elements nested without end would be looked through again and again.
    """

    def __init__(self, around: Mapping[int, set[str]], patience: int) -> None:
        self._around = around
        self._known: dict[int, tuple[datetime, bool] | None] = {}
        self._left = patience

    def date_of(self, picture: LexborNode) -> tuple[datetime, bool] | None:
        """The date of the smallest element around a picture that has one of its own; whether its zone is told."""
        for element in above(picture, picture):
            if element.tag in ("body", "html", "-undef") or element.attributes.get("role") == "main":
                break
            if len(self._around.get(element.mem_id, ())) < 2:
                continue
            if element.mem_id not in self._known:
                self._known[element.mem_id] = self._own_date(element)
            if self._known[element.mem_id] is not None:
                return self._known[element.mem_id]
        return None

    def _own_date(self, element: LexborNode) -> tuple[datetime, bool] | None:
        """The only date in parts without pictures that are no comments and no tables."""
        dates = []
        for node in element.traverse(include_text=True):
            self._left -= 1
            if self._left < 0:
                return None
            if node.tag == "-text" and (dated := moment_in(" ".join((node.text() or "").split()))) is not None:
                dates.append((node, dated))
        own = []
        for node, dated in dates:
            parts = above(node, element)
            if not any(one.mem_id in self._around or one.tag in _NO_DATES or _is_called_comment(one) for one in parts):
                own.append(dated)
        return own[0] if len(own) == 1 else None


def above(node: LexborNode, block: LexborNode) -> list[LexborNode]:
    """The elements around a node, the nearest first, without the block itself."""
    found: list[LexborNode] = []
    inner = node.parent
    while inner is not None and inner.mem_id != block.mem_id and len(found) < _HIGHEST:
        found.append(inner)
        inner = inner.parent
    return found


def _texts(block: LexborNode) -> Iterator[tuple[LexborNode, str]]:
    for node in block.traverse(include_text=True):
        text = " ".join((node.text() or "").split()) if node.tag == "-text" else ""
        if text:
            yield node, text


def _is_called_comment(element: LexborNode) -> bool:
    return "comment" in (element.attributes.get("class") or "").lower()


def _remark(texts: list[str], marked: bool) -> Remark | None:
    at = next((dated[0] for text in texts if (dated := moment_in(text)) is not None), None)
    said = [text for text in texts if moment_in(text) is None]
    if not marked and not 2 <= len(said) <= _MOST_TEXTS:
        return None
    if len(said) >= 2:
        return _made("\n".join(said[1:]), said[0].rstrip(":"), at)
    if not said:
        return None
    author, colon, message = said[0].partition(": ")
    if colon and len(author) <= _LONGEST_AUTHOR and message:
        return _made(message, author, at)
    return _made(said[0], None, at)


def _made(message: str, author: str | None, at: datetime | None) -> Remark | None:
    text = words(message.removeprefix(": "))
    return Remark(text, words(author), at) if text else None
