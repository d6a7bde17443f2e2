"""The configuration: TOML and FBBACKUP_ variables in, a frozen Config out.

Plain dataclasses instead of pydantic, whose import alone costs more than all of `fbbackup status` may take.
"""

from __future__ import annotations

from fbbackup.config.loading import load
from fbbackup.config.settings import (
    Account,
    Albums,
    CatalogFile,
    Config,
    Destination,
    Download,
    Limits,
    Notify,
    Schedule,
    Setting,
    Thumbnails,
    Web,
    settings,
)
from fbbackup.config.shapes import address, size

__all__ = [
    "Account",
    "Albums",
    "CatalogFile",
    "Config",
    "Destination",
    "Download",
    "Limits",
    "Notify",
    "Schedule",
    "Setting",
    "Thumbnails",
    "Web",
    "address",
    "load",
    "settings",
    "size",
]
