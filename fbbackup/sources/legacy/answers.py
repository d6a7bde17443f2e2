"""Answers of the legacy interface as plain objects: XML or JSON, told apart by content, also wrapped in a callback.

The example in Facebook's own documentation is no well-formed XML; it is read all the same.
"""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

Node = dict[str, str]

_CALLBACK = re.compile(r"(?:/\*[^*]*\*/\s*)?[A-Za-z_$][\w$.\[\]]*\s*\((.*)\)\s*;?", re.DOTALL)
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});)")
_LEAF = re.compile(r"<([A-Za-z_][\w.-]*)>([^<>]*)</[A-Za-z_][\w.-]*>")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_WRAPPINGS = 3
_DEEPEST = 20
_MOST_ELEMENTS = 200_000


class UnreadableAnswer(Exception):
    """The bytes are no answer of this interface; the message says why in a few words."""


class Refused(Exception):
    """An error that the service answered with (HTTP status 200): its code and its words."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(f"error {code}: {words}" if words else f"error {code}")
        self.code = code


def read_answer(body: bytes) -> list[Node]:
    """The objects of an answer, every value as text; empty when nothing was found.

    Raises Refused for an error answer and UnreadableAnswer for anything else.
    """
    text = body.decode("utf-8-sig", "replace").strip("| \t\r\n")
    for _ in range(_WRAPPINGS):
        if text.startswith("<"):
            return _of_xml(text)
        wrapped = _CALLBACK.fullmatch(text)
        if wrapped is None:
            value = _json(text)
            if not isinstance(value, str) or not value.strip():
                return _of_json(value)
            text = value.strip()
        else:
            text = wrapped[1].strip()
    raise UnreadableAnswer("it is wrapped too often")


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=lambda _: "")
    except (ValueError, RecursionError):
        raise UnreadableAnswer("it is neither XML nor JSON") from None


def _of_json(value: Any) -> list[Node]:
    if isinstance(value, dict):
        if "error_code" in value:
            raise Refused(_code(value["error_code"]), _line(value.get("error_msg")))
        # Lists of the old service may come as objects with numbers for keys; one object stands for itself.
        numbered = all(isinstance(inner, dict) for inner in value.values())
        value = list(value.values()) if numbered else [value]
    if value in ("", None):
        return []
    if not isinstance(value, list):
        raise UnreadableAnswer("it is JSON, but no list of objects")
    return [{str(key): _text(inner) for key, inner in item.items()} for item in value if isinstance(item, dict)]


def _of_xml(text: str) -> list[Node]:
    root = _parsed(text)
    name = _local(root)
    if name == "error_response":
        found = {_local(child): child.text or "" for child in root}
        raise Refused(_code(found.get("error_code")), _line(found.get("error_msg")))
    if not name.endswith("_response"):
        raise UnreadableAnswer(f"it is XML of another kind (<{name[:40]}>)")
    return [{_local(field): (field.text or "").strip() for field in item} for item in root]


def _parsed(text: str) -> Element:
    try:
        try:
            found = _tree(text)
        except ParseError:
            found = _tree(_mended(text))
    except ParseError:
        raise UnreadableAnswer("its XML is broken beyond mending") from None
    except DefusedXmlException as error:
        raise UnreadableAnswer(f"its XML brings definitions of its own ({type(error).__name__})") from None
    return found


class _Flat(TreeBuilder):
    """Builds what an answer may be: a list of objects with lists of their own, and no forest that fills the memory."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._count = 0

    def start(self, tag: str, attrs: dict[str, str]) -> Element:
        self._depth += 1
        self._count += 1
        if self._depth > _DEEPEST or self._count > _MOST_ELEMENTS:
            raise UnreadableAnswer("its XML is deeper or longer than any answer")
        return super().start(tag, attrs)

    def end(self, tag: str) -> Element:
        self._depth -= 1
        return super().end(tag)


def _tree(text: str) -> Element:
    parser = DefusedXMLParser(target=_Flat(), forbid_dtd=True)
    parser.feed(text)
    found: Element = parser.close()
    return found


def _mended(text: str) -> str:
    """The text with what the old service is known to have got wrong put right: ampersands in addresses that are not
    escaped, and a field closed by another field's name."""
    text = _BARE_AMPERSAND.sub("&amp;", _NOT_XML.sub("", text))
    return _LEAF.sub(r"<\1>\2</\1>", text)


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _text(value: Any) -> str:
    if value is None or value is False:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _line(value: Any) -> str:
    return " ".join(str(value or "").split())[:200]


def _code(value: Any) -> int:
    digits = str(value or "").strip()
    return int(digits) if digits.isdigit() and len(digits) < 9 else 0
