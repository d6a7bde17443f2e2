"""What a value in the configuration may be: its name in the docs, its check, and its form in a variable.

Each check turns the raw value of TOML into the value of the setting, or raises Wrong with the remedy.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from fbbackup.errors import ConfigError

SOURCES = ("graph", "legacy", "rpc")
"""What an account can read from."""

_NOT_YET = ("export",)
_UNITS = {"": 1, "b": 1}
_UNITS |= {f"{letter}b": 1000**power for power, letter in enumerate("kmgt", 1)}
_UNITS |= {f"{letter}ib": 1024**power for power, letter in enumerate("kmgt", 1)}
_SIZE = re.compile(r"([0-9]{1,19})(?:\.([0-9]{1,9}))?\s*([a-z]*)", re.IGNORECASE)
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|::1")
_LOOPBACK = re.compile(r"localhost|::1|127(\.[0-9]{1,3}){3}")
_INTERVAL = re.compile(r"([1-9][0-9]{0,5})\s*(min|h|d)[a-z]*", re.IGNORECASE)
_SECONDS = {"min": 60, "h": 3600, "d": 86_400}
_CRON = re.compile(r"[0-9a-z*/,-]+( [0-9a-z*/,-]+){4}", re.IGNORECASE)
_HOURS = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]")
_LARGEST = 1 << 62  # still fits a column of SQLite


class Wrong(ValueError):
    """A value can't be used; the text goes on from the name of its key."""


class Shape(NamedTuple):
    """What a value may be: its name in the docs, its check, and how a variable's text becomes a raw value."""

    name: str
    read: Callable[[object, Path], Any]
    from_text: Callable[[str], object] = str.strip


def size(text: str) -> int:
    """Bytes of "500 MB", "1 GiB", "1.5GiB" or "1048576"; raises ValueError for anything else."""
    match = _SIZE.fullmatch(text.strip())
    unit = _UNITS.get(match[3].lower()) if match else None
    if not match or unit is None:
        raise Wrong('must be a size such as 1048576, "500 MB" or "1 GiB"')
    fraction = match[2] or ""
    digits = int(match[1] + fraction)
    shift: int = 10 ** len(fraction)
    return digits * unit // shift


def interval_seconds(text: str) -> int | None:
    """Seconds of "90 min", "2 h" or "1 day"; None for anything else, such as a cron expression."""
    match = _INTERVAL.fullmatch(text.strip())
    return int(match[1]) * _SECONDS[match[2].lower()] if match else None


def _number_text(text: str) -> object:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def list_text(text: str) -> object:
    if not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",")]
    import json  # costs two milliseconds that hardly any start has to pay

    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Wrong("is not a valid JSON list; check its quotes and brackets") from None


def whole(low: int, high: int) -> Shape:
    def read(raw: object, base: Path) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int) or not low <= raw <= high:
            raise Wrong(f"must be a whole number from {low} to {high}, without quotes")
        return raw

    return Shape("whole number", read, _number_text)


def number(low: float, high: float) -> Shape:
    def read(raw: object, base: Path) -> float:
        if isinstance(raw, bool) or not isinstance(raw, int | float) or not low <= raw <= high:
            raise Wrong(f"must be a number from {low:g} to {high:g}, without quotes")
        return float(raw)

    return Shape("number", read, _number_text)


def byte_count(low: int) -> Shape:
    def read(raw: object, base: Path) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int | str):
            raise Wrong('must be a size such as 1048576, "500 MB" or "1 GiB"')
        amount = size(raw) if isinstance(raw, str) else raw
        if not low <= amount <= _LARGEST:
            raise Wrong(f"must be a size of at least {low} and at most {_LARGEST} bytes")
        return amount

    return Shape("size", read)


def text(pattern: str, says: str) -> Shape:
    def read(raw: object, base: Path) -> str:
        if not isinstance(raw, str) or not re.fullmatch(pattern, raw):
            raise Wrong(f"must be {says}, in quotes")
        return raw

    return Shape("text", read)


def _read_flag(raw: object, base: Path) -> bool:
    if not isinstance(raw, bool):
        raise Wrong("must be true or false, without quotes")
    return raw


def _read_path(raw: object, base: Path) -> Path:
    if not isinstance(raw, str) or not raw.strip() or any(ord(letter) < 32 for letter in raw):
        raise Wrong("must be a path in quotes, with no control characters")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", raw):
        raise Wrong("must be a path on this machine; s3:// and other addresses are not available in this version")
    return Path(os.path.abspath(base / os.path.expanduser(raw.strip())))


def _read_source(raw: object, base: Path) -> str:
    if isinstance(raw, str) and raw in SOURCES:
        return raw
    if raw in _NOT_YET:
        raise Wrong(f'can\'t be "{raw}": it is not available in this version; use {_either(SOURCES)}')
    raise Wrong(f"must be {_either(SOURCES)}")


def _either(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names[:-1]) + f' or "{names[-1]}"'


def _read_api_url(raw: object, base: Path) -> str:
    try:
        parts = urlsplit(raw) if isinstance(raw, str) and raw.isprintable() and " " not in raw else urlsplit("")
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or parts.scheme not in ("http", "https"):
        raise Wrong('must be an address such as "https://graph.facebook.com"')
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise Wrong("must hold no user name, password, query or fragment; only https://host and a path")
    if parts.scheme == "http" and not _LOOPBACK.fullmatch(host):
        raise Wrong("must begin with https://; http:// would show the token to the network (loopback may use it)")
    return parts.geturl().rstrip("/")


def _read_site(raw: object, base: Path) -> str:
    found = (
        re.fullmatch(r"(https?)://([^/:\[\]]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?/?", raw)
        if isinstance(raw, str)
        else None
    )
    if found is None or not (_HOST.fullmatch(found[2].lower()) or found[2].startswith("[")):
        raise Wrong('must be an address without a path, such as "http://nas.local:8765"')
    if found[3] is not None and not 0 < int(found[3]) < 65_536:
        raise Wrong("must have a port of 1 to 65535")
    return found[0].rstrip("/").lower()


def _read_hosts(raw: object, base: Path) -> tuple[str, ...]:
    hosts = tuple(host.lower() if isinstance(host, str) else "" for host in raw) if isinstance(raw, list) else ("",)
    if not all(_HOST.fullmatch(host) for host in hosts):
        raise Wrong('must be a list of plain host names such as ["pictures.example.org"]')
    return hosts


def _read_rhythm(raw: object, base: Path) -> str:
    rhythm = " ".join(raw.split()) if isinstance(raw, str) else ""
    seconds = interval_seconds(rhythm)
    if seconds is None and not _CRON.fullmatch(rhythm):
        raise Wrong('must be an interval such as "90 min", "2 h" or "1 day", or a cron expression of five fields')
    if seconds is not None and seconds > 30 * 86_400:
        raise Wrong("must not be longer than 30 days")
    return rhythm


def _read_hours(raw: object, base: Path) -> str:
    if not isinstance(raw, str) or not _HOURS.fullmatch(raw):
        raise Wrong('must be two times of day such as "08:00-18:30"')
    return raw


RHYTHM = Shape("text", _read_rhythm)
QUIET_HOURS = Shape("text", _read_hours)


def _read_address(raw: object, base: Path) -> str:
    try:
        return str(ip_address(raw)) if isinstance(raw, str) and raw != "localhost" else _localhost(raw)
    except ValueError:
        raise Wrong('must be an address of this machine such as "127.0.0.1", "::1" or "0.0.0.0"') from None


def _localhost(raw: object) -> str:
    if raw != "localhost":
        raise ValueError
    return "127.0.0.1"


def address(text: str) -> str:
    """An address of this machine, from the command line."""
    try:
        return _read_address(text, Path())
    except Wrong as wrong:
        raise ConfigError(f"--host {wrong}") from None


ADDRESS = Shape("text", _read_address)
FLAG = Shape("true or false", _read_flag, lambda text: {"true": True, "false": False}.get(text.strip().lower(), text))
PATH = Shape("path", _read_path)
PERCENT = whole(0, 100)
SOURCE = Shape("text", _read_source)
API_URL = Shape("text", _read_api_url)
SITE = Shape("text", _read_site)
HOSTS = Shape("list of text", _read_hosts, list_text)
