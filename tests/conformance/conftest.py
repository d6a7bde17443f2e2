"""Every store, the one on a disk once for each way in which it may have to move files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fbbackup.stores import disk
from fbbackup.stores.directory import DirectoryStore
from fbbackup.stores.memory import MemoryStore
from tests.conformance.stores import AnyStore


def without_rename(part: str, staging: int, name: str, folder: int) -> bool:
    return False


def refusing_link(*arguments: object, **options: object) -> None:
    raise PermissionError(1, "Operation not permitted")


@pytest.fixture(params=["memory", "rename", "link", "claim"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AnyStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    if request.param in {"link", "claim"}:
        monkeypatch.setattr(disk, "_move_by_rename", without_rename)
    if request.param == "claim":
        monkeypatch.setattr(os, "link", refusing_link)
    directory = DirectoryStore(tmp_path)
    yield directory
    directory.close()
    assert not [path for path in tmp_path.rglob("*.claim")]
