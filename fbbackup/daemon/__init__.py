"""The daemon: runs by the clock, for years, under systemd or without it."""

from __future__ import annotations

from fbbackup.daemon.service import run_daemon

__all__ = ["run_daemon"]
