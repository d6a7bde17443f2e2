"""Where in the program something on a disk can be removed, replaced or cut: few places, each with its reason."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fbbackup.stores.tree import Tree
from tests import removals_watch

PROGRAM = Path(__file__).parents[1] / "fbbackup"
DEEDS = {
    "unlink",
    "rmdir",
    "rename",
    "rmtree",
    "truncate",
    "ftruncate",
    "delete",
    "_renameat2",
    "write_text",
    "write_bytes",
}
OF_MODULES = {("os", "replace"), ("os", "remove"), ("os", "link"), ("shutil", "move"), ("store", "move")}

ALLOWED = {
    # Files of the store, by their keys: `delete` is `purge`'s, the rest concerns staging and what is made.
    "stores/tree.py": {
        "delete: unlink", "replace: os.replace", "replace_by: os.replace", "drop_part: unlink", "clean_staging: unlink",
    },
    "stores/directory.py": {"delete: delete"},
    "purge.py": {"_remove: delete"},
    # Links below albums/, never what they point at.
    "stores/links.py": {"write_links: rmdir", "_write_album: unlink"},
    # Moves that replace nothing, and the removal of their own parts and claims.
    "stores/disk.py": {
        "_move_by_rename: _renameat2", "_move_by_link: os.link", "_move_by_link: unlink", "_move_by_claim: rename",
        "_claimed: unlink", "drop: unlink",
    },
    "repair.py": {"_put_back: store.move", "_set_aside: store.move"},
    "whereabouts.py": {"_finish_repair: store.move"},
    # The configuration that `init` has just made, and its part.
    "config/starter.py": {"write_starter: os.link", "write_starter: unlink", "write_starter: write_text"},
    "cli/setting_up.py": {"init: unlink"},
}  # fmt: skip
"""By file, function and deed, everything that touches the folder of an archive or may stand in it; no other does."""

ELSEWHERE = {"stores/archive.py", "stores/lock.py", "catalog/connection.py", "catalog/care.py", "recovery.py"}
"""The marker, the lock, the catalog and its copies."""
OUTSIDE = {"credentials", "private_file.py", "notices", "daemon", "web", "units.py", "simulator"}
"""What works in other folders than the archive's."""


def deeds(tree: ast.AST, function: str = "") -> Iterator[str]:
    """Everything that may remove, replace or cut something, with the function that it stands in."""
    for node in ast.iter_child_nodes(tree):
        inside = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else function
        if deed := deed_of(node):
            yield f"{inside}: {deed}"
        yield from deeds(node, inside)


def deed_of(named: ast.AST) -> str | None:
    """A deed that is called or handed on."""
    if isinstance(named, ast.Call) and isinstance(named.func, ast.Name):
        return named.func.id if named.func.id in DEEDS else None
    if not isinstance(named, ast.Attribute):
        return None
    owner = named.value.id if isinstance(named.value, ast.Name) else getattr(named.value, "attr", "")
    if (owner, named.attr) in OF_MODULES:
        return f"{owner}.{named.attr}"
    return named.attr if named.attr in DEEDS else None


def test_originals_can_be_removed_by_purge_alone() -> None:
    found = {}
    for path in PROGRAM.rglob("*.py"):
        name = str(path.relative_to(PROGRAM))
        if (
            name not in ELSEWHERE
            and name.split("/")[0] not in OUTSIDE
            and (done := set(deeds(ast.parse(path.read_text()))))
        ):
            found[name] = done
    assert found == ALLOWED


def test_a_removal_is_recognised() -> None:
    for code in ("path.unlink()", "os.replace(a, b)", "self._stock.store.move(a, b)", "await store.delete(key)",
                 "shutil.rmtree(a)", "path.write_bytes(b)"):  # fmt: skip
        assert list(deeds(ast.parse(f"async def f():\n {code}"))), code
    assert list(deeds(ast.parse("text.replace('a', 'b')\nreplace(a, b=1)\nlines.remove(a)"))) == []


DEED = """
import os, sys
path = sys.argv[1]
code = {code!r}
exec(compile(code, "x.py", "exec"), {{"__name__": "fbbackup.stores.made_up", "os": os, "path": path}})
"""


@pytest.mark.parametrize(
    ("code", "event"),
    [
        ("os.unlink(path)", "os.remove"),
        ("os.unlink('a.jpg', dir_fd=os.open(os.path.dirname(path), os.O_RDONLY))", "os.remove"),
        ("open(path + '.new', 'w').close(); os.replace(path + '.new', path)", "os.rename"),
        ("open(path, 'wb').close()", "open"),
        ("os.truncate(path, 1)", "os.truncate"),
        ("os.ftruncate(os.open(path, os.O_RDWR), 1)", "os.truncate"),
    ],
)
def test_an_original_that_a_process_of_the_suite_loses_is_noted(code: str, event: str, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    original = archive / "photos/2014/07/a.jpg"
    original.parent.mkdir(parents=True)
    original.write_bytes(b"whole")
    (archive / ".fbbackup").touch()
    environ = {"PATH": os.environ["PATH"]}
    removals_watch.watch_children(tmp_path, environ)
    command = [sys.executable, "-c", DEED.format(code=code), str(original)]
    subprocess.run(command, check=True, env=environ)
    (line,) = removals_watch.removed(tmp_path)
    assert line.split("\t")[:3] == ["fbbackup.stores.made_up.<module>", event, str(original)]
    assert not removals_watch.is_by_purge(line)


def test_what_purge_unlinks_is_noted_as_its_own(tmp_path: Path, removals: Path) -> None:
    original = tmp_path / "photos/undated/undated_1.jpg"
    original.parent.mkdir(parents=True)
    original.write_bytes(b"whole")
    (tmp_path / ".fbbackup").touch()
    Tree(tmp_path).delete("photos/undated/undated_1.jpg")
    (line,) = [line for line in removals_watch.removed(removals) if str(original) in line]
    assert removals_watch.is_by_purge(line)
    assert not original.exists()
