"""The search over a whole run of tests: with FBBACKUP_CANARY=1, the pretend Facebook's tokens may be in no log and no
file that a test left behind, in no form, except where secrets live.

Every token of the simulator begins alike, so that one look at each text and file is enough.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from pathlib import Path

MARK = b"EAAsim"
WANTED = "FBBACKUP_CANARY"
LARGEST_FILE = 32 << 20
HOMES_OF_SECRETS = frozenset({"credentials.toml", "credentials.cred"})


def _forms() -> Iterator[bytes]:
    yield MARK + rb"[0-9a-f]{8}"
    yield MARK[::-1]
    yield from (MARK.hex().encode(), MARK.hex().upper().encode())
    for offset in range(3):
        yield re.escape(base64.b64encode(b"\0" * offset + MARK + b"\0\0\0")[4 if offset else 0 : 8])


FORMS = re.compile(b"|".join(_forms()))


def in_text(text: str) -> bool:
    return FORMS.search(text.encode("utf-8", "replace")) is not None


def in_files(folder: Path) -> list[str]:
    """Files below a folder that hold a token; links and what is too large for a log or a catalog are left out."""
    found = []
    for path in sorted(folder.rglob("*")):
        try:
            if path.is_symlink() or not path.is_file() or path.name in HOMES_OF_SECRETS:
                continue
            if path.stat().st_blocks * 512 <= LARGEST_FILE and path.stat().st_size <= LARGEST_FILE:
                found += [str(path)] if FORMS.search(path.read_bytes()) else []
        except OSError:
            continue
    return found


def is_wanted() -> bool:
    return bool(os.environ.get(WANTED))
