"""Reads Facebook's own exports ("Download your information"), and folders that other tools left."""

from __future__ import annotations

from fbbackup.sources.export.reader import Export, open_export

__all__ = ["Export", "open_export"]
