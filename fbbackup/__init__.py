"""fbbackup: keeps an offline, provably complete copy of your own Facebook photos."""

from __future__ import annotations

__version__ = "0.1.0"
