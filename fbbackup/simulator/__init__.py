"""A pretend Facebook on loopback: Graph API, CDN and faults, which demo, tests and benchmarks talk to."""

from __future__ import annotations

from fbbackup.simulator.clock import Clock
from fbbackup.simulator.fault_table import FAULTS
from fbbackup.simulator.library import Library
from fbbackup.simulator.server import Simulator
from fbbackup.simulator.settings import Settings

__all__ = ["FAULTS", "Clock", "Library", "Settings", "Simulator"]
