"""DESIGN.md and README.md are true: the rooms are those of import-linter, the libraries those of pyproject.toml, and no
page of the docs is left out."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def section(title: str) -> str:
    text = (ROOT / "DESIGN.md").read_text()
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9-]", one, maxsplit=1)[0] for one in requirements}


def first_cells(table: str) -> str:
    return "\n".join(row.split("|")[1] for row in table.splitlines() if row.startswith("|"))


def test_every_room_has_its_line() -> None:
    contract = project()["tool"]["importlinter"]["contracts"][0]
    rooms = {room.strip() for layer in contract["layers"] for room in layer.split("|")} - {"__main__"}
    told = {name.split("/")[0] for name in re.findall(r"`([a-z_/]+)`", first_cells(section("Rooms")))}
    assert told == rooms | set(contract["exhaustive_ignores"])


def test_every_library_has_its_reason_and_nothing_else_has() -> None:
    found = project()
    extras = found["project"]["optional-dependencies"]
    wanted = names(found["project"]["dependencies"]).union(*(names(one) for one in extras.values()))
    told = re.findall(r"`([a-z0-9-]+)`", re.sub(r"\(extra [^)]*\)", "", first_cells(section("Dependencies"))))
    assert set(told) == wanted


def test_every_page_of_the_docs_is_to_be_found() -> None:
    linked = re.findall(r"\(docs/([a-z-]+\.md)\)", (ROOT / "README.md").read_text())
    assert sorted(linked) == sorted(page.name for page in (ROOT / "docs").glob("*.md"))


def test_every_library_of_the_developers_is_named() -> None:
    words = set(re.findall(r"`([a-z0-9-]+)`", section("Dependencies")))
    assert names(project()["dependency-groups"]["dev"]) <= words


def test_the_files_of_the_checklists_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"`([A-Za-z_./]+\.(?:py|md|toml)|fbbackup/[a-z_/]+/)`", text))
    assert len(named) > 20
    assert [name for name in sorted(named) if "NAME" not in name and not _is_there(name)] == []


def _is_there(name: str) -> bool:
    """Whether a file is where a checklist says; `nodes.py` is one that the new folder gets."""
    return name == "nodes.py" or (ROOT / name).exists()
