"""Stores on a folder of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fbbackup.stores.directory import DirectoryStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DirectoryStore]:
    directory = DirectoryStore(tmp_path)
    yield directory
    directory.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    return folder
