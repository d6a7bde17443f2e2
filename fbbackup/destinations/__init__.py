"""Where photos are published: one module a service, each behind `fbbackup.protocols.Destination`."""

from __future__ import annotations

from fbbackup.destinations.graph import GraphDestination, GraphTarget
from fbbackup.destinations.oneall import OneAllDestination, OneAllTarget

__all__ = ["GraphDestination", "GraphTarget", "OneAllDestination", "OneAllTarget"]
