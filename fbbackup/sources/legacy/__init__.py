"""Facebook's REST interface of 2006 to 2011 as a source of photos. Its terms (pid, aid) stay in this folder."""

from __future__ import annotations

from fbbackup.sources.legacy.answers import Node, Refused, UnreadableAnswer, read_answer
from fbbackup.sources.legacy.api import LegacySettings
from fbbackup.sources.legacy.source import LegacySource

__all__ = ["LegacySettings", "LegacySource", "Node", "Refused", "UnreadableAnswer", "read_answer"]
