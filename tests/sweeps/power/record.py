"""Images of what a power cut would leave, on disk: one line a moment, each tree and each file once."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from tests.sweeps.power.disk import MODELS, Disk


@dataclass
class Recorder:
    """Writes images below `folder`; of each sort of operation every `every`-th."""

    folder: Path
    every: int = 1
    on: bool = False
    _seen: Counter[str] = field(default_factory=Counter)
    _written: set[str] = field(default_factory=set)

    def wants(self, call: str) -> bool:
        """The first operation of each sort and folder, then every so many."""
        kind, _, path = call.partition(" ")
        sort = f"{kind} {'/'.join(path.split('/')[:3])}"
        self._seen[sort] += 1
        return (self._seen[sort] - 1) % self.every == 0

    def take(self, call: str, disk: Disk, stored: dict[str, str]) -> None:
        trees = {}
        for model in MODELS:
            tree: dict[str, str | None] = {}
            for path, file in disk.left(model):
                tree[path] = None
                if file is not None:
                    tree[path] = self._write(*file.left(model))
            text = json.dumps(tree, sort_keys=True).encode()
            trees[model] = self._write(sha256(text).hexdigest(), text)
        with (self.folder / "moments.jsonl").open("a") as moments:
            moments.write(json.dumps([call, stored, trees]) + "\n")

    def _write(self, digest: str, content: bytes) -> str:
        if digest not in self._written:
            (self.folder / digest).write_bytes(zlib.compress(content, 1))
            self._written.add(digest)
        return digest


@dataclass(frozen=True)
class Image:
    """One state of the disk after a cut: where it came from, and what had been stored by then."""

    tree: str
    moment: int
    call: str
    model: str
    stored: dict[str, str]

    def with_stored(self, stored: dict[str, str]) -> Image:
        return replace(self, stored=stored)

    def __str__(self) -> str:
        return f"cut {self.moment}, before {self.call}, {self.model}"


def images(folder: Path) -> tuple[int, list[Image]]:
    """How many images were taken, and those that differ, each with the most that had been stored."""
    taken = 0
    found: dict[str, Image] = {}
    for number, line in enumerate((folder / "moments.jsonl").read_text().splitlines()):
        call, stored, trees = json.loads(line)
        for model, tree in trees.items():
            taken += 1
            before = found[tree].stored if tree in found else {}
            found[tree] = Image(tree, number, call, model, before | stored)
    return taken, list(found.values())


def lay_out(folder: Path, tree: str, target: Path) -> None:
    """Makes an image a folder on a plain disk."""
    for path, digest in json.loads(body(folder, tree)).items():
        if digest is None:
            (target / path).mkdir()
        else:
            (target / path).write_bytes(body(folder, digest))


def paths(folder: Path, tree: str) -> Iterator[tuple[str, str | None]]:
    """Paths and digests of an image."""
    yield from json.loads(body(folder, tree)).items()


def body(folder: Path, name: str) -> bytes:
    """What is kept under a digest."""
    return zlib.decompress((folder / name).read_bytes())
