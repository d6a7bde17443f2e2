"""Any server that speaks the local API (`docs/api.md`) as a source of photos; fbbackup is one itself."""

from __future__ import annotations

from fbbackup.sources.rpc.api import RpcSettings
from fbbackup.sources.rpc.source import RpcSource

__all__ = ["RpcSettings", "RpcSource"]
