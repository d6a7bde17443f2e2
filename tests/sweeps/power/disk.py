"""Files in memory that know what was synced: what a power cut leaves of them, under five models of loss.

| model | names | bytes |
|---|---|---|
| kill | all | all: only the program died |
| short | all | those of the last fsync; a file that had none is empty |
| zeros | all | the full length, but zeros wherever the last fsync had nothing |
| torn | all | of each page either what is now or what was at the last fsync |
| strict | those of the last fsync of their folder | those of the last fsync of the file |

`short` and `zeros` are the two ways in which one loss (names kept, data gone) is met.
"""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from itertools import count

MODELS = ("kill", "short", "zeros", "torn", "strict")
PAGE = 4096
_numbers = count(1)


@dataclass(eq=False)
class File:
    """Bytes as they are and as they were at the last fsync."""

    now: bytearray = field(default_factory=bytearray)
    synced: bytes = b""
    number: int = field(default_factory=lambda: next(_numbers))
    mode: int = 0o600
    links: int = 1
    version: int = 0
    synced_version: int = 0
    _known: dict[tuple[str, int, int], tuple[str, bytes]] = field(default_factory=dict)

    def write(self, data: bytes, offset: int) -> None:
        if len(self.now) < offset:
            self.now.extend(bytes(offset - len(self.now)))
        self.now[offset : offset + len(data)] = data
        self.version += 1

    def truncate(self, size: int) -> None:
        self.now = bytearray(self.now[:size].ljust(size, b"\0"))
        self.version += 1

    def sync(self) -> None:
        if self.synced_version != self.version:
            self.synced, self.synced_version = bytes(self.now), self.version

    def left(self, model: str) -> tuple[str, bytes]:
        """Digest and bytes of what a power cut leaves."""
        state = (model, self.version, self.synced_version)
        if state not in self._known:
            body = self._left(model)
            kept = {known: value for known, value in self._known.items() if known[0] != model}
            self._known = kept | {state: (sha256(body).hexdigest(), body)}
        return self._known[state]

    def _left(self, model: str) -> bytes:
        if model == "kill" or self.version == self.synced_version:
            return bytes(self.now)
        if model in ("short", "strict"):
            return self.synced
        old = self.synced[: len(self.now)].ljust(len(self.now), b"\0")
        return old if model == "zeros" else self._torn(old)

    def _torn(self, old: bytes) -> bytes:
        dice = random.Random(f"{self.number} {self.version} {self.synced_version}")
        pages = range(0, len(old), PAGE)
        return b"".join(bytes((self.now if dice.random() < 0.5 else old)[at : at + PAGE]) for at in pages)


@dataclass(eq=False)
class Folder:
    """Names as they are and as they were at the last fsync of the folder."""

    now: dict[str, File | Folder] = field(default_factory=dict)
    synced: dict[str, File | Folder] = field(default_factory=dict)
    number: int = field(default_factory=lambda: next(_numbers))
    mode: int = 0o700

    def sync(self) -> None:
        self.synced = dict(self.now)


Node = File | Folder


class Disk:
    """The tree of files. Paths are absolute; errors are those of the system calls."""

    def __init__(self) -> None:
        self.root = Folder()

    def find(self, path: str) -> Node:
        node: Node = self.root
        for name in _parts(path):
            below = node.now.get(name) if isinstance(node, Folder) else None
            if below is None:
                raise _error(errno.ENOENT)
            node = below
        return node

    def exists(self, path: str) -> bool:
        try:
            return self.find(path) is not None
        except OSError:
            return False

    def file(self, path: str) -> File:
        node = self.find(path)
        if isinstance(node, Folder):
            raise _error(errno.EISDIR)
        return node

    def folder(self, path: str) -> Folder:
        node = self.find(path)
        if isinstance(node, File):
            raise _error(errno.ENOTDIR)
        return node

    def add(self, path: str, node: Node) -> None:
        folder, name = self._place(path)
        if name in folder.now:
            raise _error(errno.EEXIST)
        folder.now[name] = node

    def link(self, old: str, new: str) -> None:
        file = self.file(old)
        self.add(new, file)
        file.links += 1

    def rename(self, old: str, new: str, *, replace: bool = True) -> None:
        (source, name), (target, new_name) = self._place(old), self._place(new)
        node = self.find(old)
        if new_name in target.now and not replace:
            raise _error(errno.EEXIST)
        if target.now.get(new_name) is node:
            return
        target.now[new_name] = node
        del source.now[name]

    def remove(self, path: str) -> None:
        folder, name = self._place(path)
        node = self.find(path)
        if isinstance(node, Folder) and node.now:
            raise _error(errno.ENOTEMPTY)
        if isinstance(node, File):
            node.links -= 1
        del folder.now[name]

    def settle(self) -> None:
        """Everything becomes durable, as after `sync`."""
        for _, node in _walk(self.root, "now"):
            node.sync()
        self.root.sync()

    def left(self, model: str) -> Iterator[tuple[str, File | None]]:
        """What a power cut leaves: paths with their files, None for folders; folders before what is in them."""
        for path, node in _walk(self.root, "synced" if model == "strict" else "now"):
            yield path, node if isinstance(node, File) else None

    def _place(self, path: str) -> tuple[Folder, str]:
        parent, _, name = path.rpartition("/")
        return self.folder(parent), name


def _walk(folder: Folder, when: str, above: str = "") -> Iterator[tuple[str, Node]]:
    names: dict[str, Node] = getattr(folder, when)
    for name, node in sorted(names.items()):
        path = f"{above}{name}"
        yield path, node
        if isinstance(node, Folder):
            yield from _walk(node, when, f"{path}/")


@lru_cache(maxsize=4096)
def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part)


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
