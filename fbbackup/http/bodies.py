"""Tells whether a body arrived whole: lengths, encodings, transport digests, and a minimum rate."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import zlib
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Protocol

from fbbackup.errors import DownloadError

RETRY_AFTER_CAP_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole body. `proved` is false when nothing but the end of the connection said where it ends."""

    body: bytes
    proved: bool
    digest_checked: bool
    content_type: str = ""


class Headers(Protocol):
    """What is read of response headers; names in any case."""

    def get(self, key: str, default: str = "", /) -> str: ...


@dataclass(slots=True)
class Needle:
    """Which checksum `x-needle-checksum` is: undocumented, so it is learned from the first match."""

    algorithm: str | None = None


@dataclass(slots=True)
class Patience:
    """Gives up on senders that drip: only time spent waiting for them counts, not what is done in between.

    `minimum` in bytes a second within any window of `window_seconds`; all waiting together ≤ `total_seconds`.
    """

    minimum: float
    window_seconds: float
    total_seconds: float
    _waited: float = 0.0
    _all_waited: float = 0.0
    _bytes: int = 0

    def waited(self, seconds: float, count: int) -> None:
        """Takes note of `count` bytes that took so long. Raises DownloadError when patience ends."""
        self._waited += seconds
        self._all_waited += seconds
        self._bytes += count
        if self._all_waited > self.total_seconds:
            raise DownloadError(f"not finished within {self.total_seconds:.0f} s")
        if self._waited < self.window_seconds:
            return
        if self._bytes < self.minimum * self._waited:
            raise DownloadError(f"too slow: {self._bytes} bytes in {self._waited:.0f} s")
        self._waited, self._bytes = 0.0, 0


class Unpacker:
    """Undoes a gzip or deflate content encoding, never beyond `limit` bytes. Raises DownloadError."""

    def __init__(self, encoding: str, limit: int) -> None:
        encoding = encoding.strip().lower()
        self._left = limit
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise DownloadError(f"the body has an unknown encoding ({encoding[:20]})")
        self._inflate = zlib.decompressobj(wbits=47) if encoding not in ("", "identity") else None
        self._may_be_bare = encoding == "deflate"

    def feed(self, chunk: bytes) -> bytes:
        """The plain bytes of a chunk."""
        if self._may_be_bare and chunk:
            self._may_be_bare = False
            if chunk[0] & 0x0F not in (zlib.DEFLATED, 0x0F):  # neither zlib's header nor gzip's, as of some servers
                self._inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        if self._inflate is not None:
            try:
                chunk = self._inflate.decompress(chunk, self._left + 1)
            except zlib.error:
                raise DownloadError("the compressed body is damaged") from None
        self._left -= len(chunk)
        if self._left < 0:
            raise DownloadError("the body is larger than allowed", final=True)
        return chunk

    def finish(self) -> None:
        """Raises DownloadError when a compressed body was cut."""
        if self._inflate is not None and not self._inflate.eof:
            raise DownloadError("the compressed body was cut")


class Digests:
    """Checks a body against what its headers announce (length, content-digest, x-needle-checksum)."""

    def __init__(self, headers: Headers, needle: Needle) -> None:
        self._needle = needle
        self._size = 0
        self._adler, self._crc = 1, 0
        self._length = _count(headers.get("content-length", ""))
        self.delimited = self._length is not None or "chunked" in headers.get("transfer-encoding", "").lower()
        announced = headers.get("content-digest", "") or headers.get("repr-digest", "")
        self._adlers = _adler_forms(announced)
        self._sha = _sha256(announced)
        self._hash = hashlib.sha256() if self._sha is not None else None
        self._checksum = _count(headers.get("x-needle-checksum", ""))
        self.unreadable = bool(announced) and not self._adlers and self._sha is None

    def feed(self, chunk: bytes) -> None:
        """Takes raw bytes as they came over the wire."""
        self._size += len(chunk)
        if self._adlers or self._checksum is not None:
            self._adler = zlib.adler32(chunk, self._adler)
        if self._checksum is not None:
            self._crc = zlib.crc32(chunk, self._crc)
        if self._hash is not None:
            self._hash.update(chunk)

    def finish(self) -> bool:
        """Whether a digest proved the body. Raises DownloadError when anything announced does not match."""
        if self._length is not None and self._size != self._length:
            raise DownloadError(f"{self._size} of {self._length} bytes arrived")
        if self._size == 0:
            raise DownloadError("the body is empty")
        if self._adlers and self._adler not in self._adlers:
            raise DownloadError("the body does not match its announced adler32 digest")
        if self._hash is not None and self._hash.digest() != self._sha:
            raise DownloadError("the body does not match its announced sha-256 digest")
        return self._needle_agrees() or bool(self._adlers) or self._sha is not None

    def _needle_agrees(self) -> bool:
        if self._checksum is None:
            return False
        sums = {"adler32": self._adler, "crc32": self._crc}
        if self._needle.algorithm is None:
            match = next((name for name, value in sums.items() if value == self._checksum), None)
            self._needle.algorithm = match
            self.unreadable = self.unreadable or match is None
            return match is not None
        if sums[self._needle.algorithm] != self._checksum:
            raise DownloadError("the body does not match its announced checksum")
        return True


def looks_like_text(head: bytes) -> bool:
    """Whether what should be a picture begins like a web page or JSON (captive portals, error pages)."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"<", b"{", b"[")


def retry_after_seconds(value: str, now: float) -> float | None:
    """Seconds that a Retry-After header asks for, at most an hour; None when it says nothing usable."""
    value = value.strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            return None
    if seconds != seconds:
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_CAP_SECONDS)


def _count(value: str) -> int | None:
    value = value.strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None


def _adler_forms(header: str) -> frozenset[int]:
    """Every reading of `adler32=…` that fits 32 bits: decimal, hex, base64 between colons."""
    match = re.search(r"(?i)\badler(?:32)?=\"?([^\s,;\"]+)", header)
    if match is None:
        return frozenset()
    text = match[1]
    forms: set[int] = set()
    if text.startswith(":"):
        decoded = _base64(text)
        return frozenset({int.from_bytes(decoded, "big")}) if decoded and len(decoded) == 4 else frozenset()
    if re.fullmatch(r"[0-9]{1,10}", text):
        forms.add(int(text))
    if re.fullmatch(r"(?i)(0x)?[0-9a-f]{1,8}", text):
        forms.add(int(text, 16))
    return frozenset(form for form in forms if form < 2**32)


def _sha256(header: str) -> bytes | None:
    match = re.search(r"(?i)\bsha-256=(:[^:]*:)", header)
    decoded = _base64(match[1]) if match else None
    return decoded if decoded is not None and len(decoded) == 32 else None


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text.strip(":"), validate=True)
    except (binascii.Error, ValueError):
        return None
