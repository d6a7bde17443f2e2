"""What sweeps share: a place for what is thrown away by the hundred."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 2 << 30


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where that can be had: nothing in it has to outlast a power cut of this machine."""
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ENOUGH_BYTES:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="fbbackup-") as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def one_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading all the authorities of the world takes a fifth of a run on loopback, which asks none of them."""
    end = "-----END CERTIFICATE-----\n"
    first = Path(certifi.where()).read_text().partition(end)[0] + end
    (tmp_path / "one.pem").write_text(first)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "one.pem"))
