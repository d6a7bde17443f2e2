"""Who may call this server by which name: the Host allow-list, and origins that count as our own.

A page elsewhere can make a browser send requests here; it can't make it send our name as Host or Origin.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")

_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)(?::([0-9]{1,5}))?")


def is_loopback(address: str) -> bool:
    return ip_address(address).is_loopback


def allowed_names(bound: str, configured: Iterable[str]) -> frozenset[str]:
    """Names for a server bound to an address: loopback's own, the address itself, and what the configuration adds."""
    names = {*LOOPBACK_NAMES, *(f"[{name}]" if ":" in name else name for name in configured)}
    if not ip_address(bound).is_unspecified:
        names.add(f"[{bound}]" if ":" in bound else bound)
    return frozenset(names)


def host_is_allowed(values: list[bytes], names: frozenset[str]) -> bool:
    """Whether exactly one Host header was sent and it is one of ours, with any valid port or none."""
    if len(values) != 1:
        return False
    try:
        found = _HOST.fullmatch(values[0].decode("ascii").lower())
    except UnicodeDecodeError:
        return False
    if found is None or found[1] not in names:
        return False
    return found[2] is None or 0 < int(found[2]) < 65_536


def is_own_origin(origin: bytes, host: bytes, scheme: str) -> bool:
    """Whether an Origin header names this very server, as the browser addressed it.

    Behind a proxy that ends TLS the browser's scheme is https while ours is http; the host decides then.
    """
    here = host.lower()
    return origin.lower() in (scheme.encode() + b"://" + here, b"https://" + here)
