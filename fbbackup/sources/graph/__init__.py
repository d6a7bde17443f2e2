"""Facebook's Graph API as a source of photos. Terms of that API stay inside this folder."""

from __future__ import annotations

from fbbackup.sources.graph.api import GraphSettings
from fbbackup.sources.graph.source import GraphSource

__all__ = ["GraphSettings", "GraphSource"]
