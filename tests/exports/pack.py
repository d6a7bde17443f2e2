"""Packs a drawn export: into zips, any number of parts in any order, or into a folder."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Mapping
from pathlib import Path


def zips(
    files: Mapping[str, bytes], folder: Path, *, parts: int = 1, seed: int = 1, who: str = "ada.example",
    day: str = "2025-03-04", stored: bool = True, wrap: str = "",
) -> list[Path]:  # fmt: skip
    """The paths of the parts, shuffled; files are dealt to them at random."""
    dice = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    names = sorted(files)
    dice.shuffle(names)
    made = []
    for part in range(parts):
        tail = "".join(dice.choice("abcdefghABCDEFGH12345678") for _ in range(8))
        path = folder / f"facebook-{who}-{day}-{tail}.zip"
        kind = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(path, "w", kind) as packed:
            for name in names[part::parts]:
                packed.writestr(zipfile.ZipInfo(wrap + name, (2025, 3, 4, 5, 6, 8)), files[name], kind)
        made.append(path)
    dice.shuffle(made)
    return made


def unpacked(files: Mapping[str, bytes], folder: Path) -> Path:
    """The export as a folder."""
    for name, body in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return folder
