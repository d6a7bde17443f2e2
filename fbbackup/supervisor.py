"""The few words that a service says to systemd: ready, stopping, what it is doing, and that it is alive.

Without systemd nothing listens, and nothing is said.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

_READY_SECONDS = 2.0


def tell(*lines: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Sends lines such as `READY=1` to the supervisor; whether there was one to send them to."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out, suppress(OSError):
        # A supervisor that does not listen must not stop the work; only readiness is worth a moment.
        out.settimeout(_READY_SECONDS if "READY=1" in lines else 0)
        out.connect(address)
        out.sendall("\n".join(line.replace("\n", " ") for line in lines).encode())
        return True
    return False


def watchdog_seconds(environ: Mapping[str, str] = os.environ) -> float | None:
    """How often the supervisor wants a sign of life from this process; None when it wants none."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        return int(environ["WATCHDOG_USEC"]) / 1e6 or None
    except (KeyError, ValueError):
        return None
