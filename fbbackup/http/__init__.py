"""The only HTTP client: vetted addresses, whole bodies, no secrets in errors.

Import it lazily: it costs 400 ms.
"""

from __future__ import annotations

from fbbackup.http.addresses import AddressRefused, HostRules
from fbbackup.http.bodies import Fetched
from fbbackup.http.client import Http, HttpSettings, NeverSent, Reply, SlowAnswer
from fbbackup.http.redaction import redact, register_secret, without
from fbbackup.http.sockets import Socket, SocketClosed, SocketRefused

__all__ = [
    "AddressRefused",
    "Fetched",
    "HostRules",
    "Http",
    "HttpSettings",
    "NeverSent",
    "Reply",
    "SlowAnswer",
    "Socket",
    "SocketClosed",
    "SocketRefused",
    "redact",
    "register_secret",
    "without",
]
