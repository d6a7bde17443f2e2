"""Ways in which files on a disk come to differ from what was stored, each on one file or on two."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

PAGE = 4096

Damage = Callable[[random.Random, Path, Path], None]
"""Harms the first file; only a swap harms the second as well."""


def flip_bit(dice: random.Random, path: Path, other: Path) -> None:
    body = bytearray(path.read_bytes())
    body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
    path.write_bytes(body)


def zero_page(dice: random.Random, path: Path, other: Path) -> None:
    body = bytearray(path.read_bytes())
    start = dice.randrange(-(-len(body) // PAGE)) * PAGE
    page = body[start : start + PAGE]
    body[start : start + PAGE] = bytes(len(page)) if any(page) else b"\1" * len(page)
    path.write_bytes(body)


def truncate(dice: random.Random, path: Path, other: Path) -> None:
    path.write_bytes(path.read_bytes()[: dice.randrange(path.stat().st_size)])


def extend(dice: random.Random, path: Path, other: Path) -> None:
    path.write_bytes(path.read_bytes() + dice.randbytes(dice.randrange(1, 2 * PAGE)))


def swap(dice: random.Random, path: Path, other: Path) -> None:
    between = path.with_suffix(".swap")
    path.rename(between)
    other.rename(path)
    between.rename(other)


def delete(dice: random.Random, path: Path, other: Path) -> None:
    path.unlink()


DAMAGES: dict[str, Damage] = {
    "bit flipped": flip_bit,
    "page zeroed": zero_page,
    "truncated": truncate,
    "extended": extend,
    "swapped": swap,
    "deleted": delete,
}
