"""Text: damage is repaired where it is proven, over all of Unicode; JSON of any size and shape is read or refused."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fbbackup.sources.export.jsonstream import BadJson, items
from fbbackup.sources.export.repair import repaired, words
from tests.exports.layouts import damage

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def is_damage(text: str) -> bool:
    """Whether a text could be what an export made of another one."""
    try:
        return text.encode("latin-1").decode() != text
    except (UnicodeEncodeError, UnicodeDecodeError):
        return False


@given(ANY_TEXT)
def test_every_damaged_text_comes_back(text: str) -> None:
    assert repaired(damage(text)) == text


@given(ANY_TEXT)
def test_what_is_no_damage_stays(text: str) -> None:
    if not is_damage(text):
        assert repaired(text) == text


def test_every_letter_of_unicode_comes_back_and_stays() -> None:
    for first in range(0, 0x110000, 256):
        letters = "".join(chr(code) for code in range(first, first + 256) if not 0xD800 <= code < 0xE000)
        assert repaired(damage(letters)) == letters
        assert first < 256 or repaired(letters) == letters


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        ("Caf\u00c3\u00a9 \u00f0\u009f\u0099\u0082", "Café 🙂"),
        ("Café", "Café"),
        ("\u00c3", "\u00c3"),
        ("cut \u00f0\u009f\u0099", "cut \u00f0\u009f\u0099"),
        ("naïve – already right", "naïve – already right"),
        ("half \u00c3\u00a9 and ж", "half \u00c3\u00a9 and ж"),
        ("lone \ud83d", "lone \ufffd"),
        ("  ", None),
        ("with @[1240077:2048:Bo Ex\u00c3\u00a5mple] and @[5:274:A Page]!", "with Bo Exåmple and A Page!"),
        ("mail me @[home] or @[1:2]", "mail me @[home] or @[1:2]"),
        (7, None),
    ],
)
def test_texts_that_people_write(raw: Any, meant: str | None) -> None:
    assert words(raw) == (meant and meant.strip())


@given(st.lists(VALUES, max_size=6), st.integers(1, 40))
@settings(deadline=None)
def test_a_list_gives_its_elements_however_it_is_cut(value: list[Any], size: int) -> None:
    for text in (json.dumps(value), json.dumps(value, indent=1, ensure_ascii=False)):
        raw = text.encode("utf-8", "surrogatepass")
        assert [item for _, item in items(raw[at : at + size] for at in range(0, len(raw), size))] == value


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=5), st.integers(1, 40))
@settings(deadline=None)
def test_an_object_gives_its_values_and_the_elements_of_its_lists(value: dict[str, Any], size: int) -> None:
    raw = json.dumps(value).encode()
    wanted = []
    for key, inner in value.items():
        wanted += [(key, each) for each in inner] if isinstance(inner, list) and inner else [(key, inner)]
    assert list(items(raw[at : at + size] for at in range(0, len(raw), size))) == wanted


@given(st.binary(max_size=60))
def test_no_bytes_do_more_than_be_refused(raw: bytes) -> None:
    with suppress(BadJson):
        list(items([raw]))


def test_what_is_nested_without_end_is_refused_at_once() -> None:
    with pytest.raises(BadJson, match="deeper"):
        list(items(b"[" * 65_536 for _ in range(1000)))


def test_a_text_that_never_ends_is_refused() -> None:
    with pytest.raises(BadJson, match="larger than"):
        list(items([b'["', *[b"a" * 65_536] * 1000]))


def test_a_large_list_is_read_item_by_item() -> None:
    item = json.dumps({"text": "x" * 1000, "list": [1, 2, "}]"]}).encode()
    found = items([b"[", *([item + b","] * 2000), item, b"]"])
    assert sum(1 for _ in found) == 2001


def test_a_list_that_never_ends_is_refused() -> None:
    with pytest.raises(BadJson, match="more than"):
        list(items([b"[", *([b"1," * 300] * 100)], most=20_000))
