"""Every key is found on its line, in any file that tomllib accepts."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fbbackup.config.places import lines_of

# --- the locator

_BARE = st.text("abcxyz019-_", min_size=1, max_size=4)
_QUOTED = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\"'\\"), max_size=5)
_KEYS = st.one_of(_BARE, _QUOTED.map(lambda key: f'"{key}"'), _QUOTED.map(lambda key: f"'{key}'"))
_SCALARS = st.sampled_from(
    [
        "1",
        "-1.5e3",
        "true",
        "inf",
        "1979-05-27T07:32:00.5Z",
        "1979-05-27 07:32:00",
        '"a # b = [c] \\" d"',
        "'a\\'",
        '"""\n[no.table]\nkey = 1\n"""',
        '"""a\\"""b"""',
        '""""two"" """',
        "'''\n[[no]]\n'''",
        "''''x'''''",
        '""',
        '""""""',
        "''''''",
    ]
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[ # a ]\n" + "\n, # b\n".join(items) + "\n]"),
        st.lists(inner, max_size=2).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(_BARE, inner, max_size=2).map(
            lambda table: "{" + ", ".join(f"{key} = {value}" for key, value in table.items()) + "}"
        ),
    ),
    max_leaves=5,
)
_DOTTED = st.lists(_KEYS, min_size=1, max_size=3).map(" . ".join)
_LINES = st.one_of(
    st.builds("{} = {} # x = 1".format, _DOTTED, _VALUES),
    st.builds("[{}]".format, _DOTTED),
    st.builds("[[{}]] # [c]".format, _DOTTED),
    st.sampled_from(["", "# [comment] = '''", "\t"]),
)

# A busy machine is no fault of the code.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def paths_in(data: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    found = [path] if path else []
    for key, value in inner:
        found += paths_in(value, (*path, key))
    return found


@_PATIENT
@given(st.lists(_LINES, max_size=10))
def test_every_key_is_found_on_a_line_that_holds_it(chosen: list[str]) -> None:
    text = ""
    for line in chosen:  # keep what tomllib accepts
        try:
            tomllib.loads(text + line + "\n")
        except tomllib.TOMLDecodeError:
            continue
        text += line + "\n"
    found = lines_of(text)
    assert set(found) == set(paths_in(tomllib.loads(text)))
    rows = text.split("\n")
    for path, at in found.items():
        if isinstance(path[-1], str):
            assert path[-1] in rows[at - 1]


@_PATIENT
@given(st.lists(st.tuples(_BARE, st.integers(0, 3), _VALUES), max_size=6, unique_by=lambda entry: entry[0]))
def test_keys_are_found_on_their_very_line(entries: list[tuple[str, int, str]]) -> None:
    text, expected = "[table]\n", {}
    for key, gap, value in entries:
        text += "\n" * gap
        expected["table", key] = text.count("\n") + 1
        text += f"{key} = {value}\n"
    found = lines_of(text)
    assert {path: line for path, line in found.items() if len(path) == 2} == expected


def test_lines_of_a_mixed_file() -> None:
    text = """
archive = '''
[x]
'''
"download" . workers = 3
[[accounts]]
name = "a"
[[accounts]] # second
[accounts.inner]
'k.k' = [
  1,
  {a = 2, "b" = [3]},
]
"""
    assert lines_of(text) == {
        ("archive",): 2,
        ("download",): 5,
        ("download", "workers"): 5,
        ("accounts",): 6,
        ("accounts", 0): 6,
        ("accounts", 0, "name"): 7,
        ("accounts", 1): 8,
        ("accounts", 1, "inner"): 9,
        ("accounts", 1, "inner", "k.k"): 10,
        ("accounts", 1, "inner", "k.k", 0): 11,
        ("accounts", 1, "inner", "k.k", 1): 12,
        ("accounts", 1, "inner", "k.k", 1, "a"): 12,
        ("accounts", 1, "inner", "k.k", 1, "b"): 12,
        ("accounts", 1, "inner", "k.k", 1, "b", 0): 12,
    }
