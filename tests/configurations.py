"""Configuration files that are read, or refused in one line with exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from fbbackup.config import Config, load
from fbbackup.errors import ConfigError


def read(file: Path, text: str | bytes, **environ: str) -> Config:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(file, environ=environ)


def refusal(path: Path | None, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, environ=environ)
    assert caught.value.exit_code == 2
    assert str(caught.value).isprintable()
    return str(caught.value)
