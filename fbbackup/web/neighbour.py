"""The daemon of the archive that is shown, when it is another process: asked through its socket, as `sync` does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from fbbackup import remote


class Neighbour:
    """The daemon at work in an archive, if there is one at the moment of the question."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self._root, self._environ = root, environ

    async def line(self) -> str | None:
        state = await asyncio.to_thread(remote.daemon_state, self._root, self._environ)
        return str(state["line"]) if state else None

    async def run_now(self) -> bool:
        return await asyncio.to_thread(remote.start_run, self._root, self._environ)
