"""Signed addresses of single pictures, for services that fetch them: who has one may read that picture for a while."""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from fbbackup import private_file

KEY_FILE = "link-key"
LASTS_SECONDS = 3600
"""Services fetch a picture within seconds; an hour leaves room for queues and clocks."""

_UNTIL = re.compile(r"[1-9][0-9]{0,11}")


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and checks addresses with a key of the state folder, which `upload` and the server share."""

    state_folder: Path
    clock: Callable[[], float] = time.time

    def address(self, base_url: str, photo_id: str) -> str:
        """The picture's address below the server's public one, good for an hour."""
        until = str(int(self.clock()) + LASTS_SECONDS)
        sign = _sign(self._key(make=True), photo_id, until)
        return f"{base_url.rstrip('/')}/public/{quote(photo_id, safe='')}?until={until}&sign={sign}"

    def allow(self, photo_id: str, until: str, sign: str) -> bool:
        """Whether a signature is ours, for this photo, and not over."""
        key = self._key(make=False)
        if not key or _UNTIL.fullmatch(until) is None or not sign.isascii():
            return False
        genuine = hmac.compare_digest(_sign(key, photo_id, until), sign)
        return genuine and self.clock() < int(until) <= self.clock() + LASTS_SECONDS

    def _key(self, *, make: bool) -> bytes:
        file = self.state_folder / KEY_FILE
        key = private_file.read(file)
        if not key and make:
            with private_file.changing(file):
                key = private_file.read(file)
                if not key:
                    key = secrets.token_hex(32).encode()
                    private_file.write(file, key)
        return key


def _sign(key: bytes, photo_id: str, until: str) -> str:
    return hmac.new(key, f"{until}\n{photo_id}".encode("utf-8", "surrogateescape"), "sha256").hexdigest()
