"""Comments in the block of a picture: found by where their dates stand, as class names change at will."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from selectolax.lexbor import LexborNode

from fbbackup.sources.export.dates import moment_in
from fbbackup.sources.export.repair import words

_HIGHEST = 40
_LONGEST_AUTHOR = 80
_NO_TEXT = frozenset({"table", "script", "style"})


@dataclass(frozen=True, slots=True)
class Remark:
    """One comment; its time has no zone, as a rule."""

    message: str
    author: str | None
    at: datetime | None


def remarks(block: LexborNode, picture: LexborNode) -> dict[int, Remark]:
    """Comments by the `mem_id` of their elements.

    A comment is an element that holds one date and not the picture: an entry of a list, one that calls itself a
    comment, or one deeper than the picture's own date with two texts besides it, an author's and a message.
    """
    texts = [(node, text) for node, text in _texts(block) if text]
    dates = [node for node, text in texts if moment_in(text) is not None]
    above = {node.mem_id: _above(node, block) for node, _ in texts}
    dated: dict[int, int] = {}
    for node in dates:
        for element in above[node.mem_id]:
            dated[element.mem_id] = dated.get(element.mem_id, 0) + 1
    closed = {element.mem_id for element in _above(picture, block)} | {picture.mem_id}
    found: dict[int, LexborNode] = {}
    loose: list[LexborNode] = []
    for node in dates:
        alone = [each for each in above[node.mem_id] if dated[each.mem_id] == 1 and each.mem_id not in closed]
        marked = [each for each in alone if _is_marked(each)]
        if marked:
            found[marked[-1].mem_id] = marked[-1]
        elif alone:
            loose.append(alone[-1])
    if len(loose) > 1:
        # The picture's own date stands highest; of equals the first.
        depths = [len(_above(each, block)) for each in loose]
        own = depths.index(min(depths))
        found |= {each.mem_id: each for index, each in enumerate(loose) if index != own and depths[index] > min(depths)}
    found |= _undated(texts, above, dated, closed)
    inside: dict[int, list[str]] = {mem_id: [] for mem_id in found}
    for node, text in texts:
        for element in above[node.mem_id]:
            if element.mem_id in inside:
                inside[element.mem_id].append(text)
    read = {mem_id: _remark(inside[mem_id], _is_marked(element)) for mem_id, element in found.items()}
    return {mem_id: remark for mem_id, remark in read.items() if remark is not None}


def _texts(block: LexborNode) -> Iterator[tuple[LexborNode, str]]:
    for node in block.traverse(include_text=True):
        text = " ".join((node.text() or "").split()) if node.tag == "-text" else ""
        if text and not any(each.tag in _NO_TEXT for each in _above(node, block)):
            yield node, text


def _above(node: LexborNode, block: LexborNode) -> list[LexborNode]:
    """The elements around a node, the nearest first, without the block itself."""
    found: list[LexborNode] = []
    inner = node.parent
    while inner is not None and inner.mem_id != block.mem_id and len(found) < _HIGHEST:
        found.append(inner)
        inner = inner.parent
    return found


def _is_marked(element: LexborNode) -> bool:
    return element.tag == "li" or _is_called_comment(element)


def _is_called_comment(element: LexborNode) -> bool:
    return "comment" in (element.attributes.get("class") or "").lower()


def _undated(
    texts: list[tuple[LexborNode, str]], above: dict[int, list[LexborNode]], dated: dict[int, int], closed: set[int]
) -> dict[int, LexborNode]:
    """Elements that call themselves comments and hold no date, the outermost of each."""
    found = {}
    for node, _ in texts:
        fit = [
            each
            for each in above[node.mem_id]
            if each.mem_id not in dated and each.mem_id not in closed and _is_called_comment(each)
        ]
        inside = any(dated.get(each.mem_id) == 1 and _is_marked(each) for each in above[node.mem_id])
        if fit and not inside:
            found[fit[-1].mem_id] = fit[-1]
    return found


def _remark(texts: list[str], marked: bool) -> Remark | None:
    at = next((dated[0] for text in texts if (dated := moment_in(text)) is not None), None)
    said = [text for text in texts if moment_in(text) is None]
    if len(said) >= 2:
        return _made("\n".join(said[1:]), said[0].rstrip(":"), at)
    if not said or not marked:
        return None
    author, colon, message = said[0].partition(": ")
    if colon and len(author) <= _LONGEST_AUTHOR and message:
        return _made(message, author, at)
    return _made(said[0], None, at)


def _made(message: str, author: str | None, at: datetime | None) -> Remark | None:
    text = words(message.removeprefix(": "))
    return Remark(text, words(author), at) if text else None
