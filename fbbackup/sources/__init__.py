"""Where photos come from: one module or folder a source, each behind `fbbackup.protocols.Source`."""

from __future__ import annotations
