"""The log of long-running parts: one line an event on stderr, with journald's priority, and no secret in any of it."""

from __future__ import annotations

import asyncio
import logging
import sys
from types import TracebackType
from typing import Any, TextIO

from fbbackup.http import redact

log = logging.getLogger("fbbackup")


class _Line(logging.Formatter):
    def __init__(self, *, for_journald: bool) -> None:
        super().__init__("%(message)s" if for_journald else "%(asctime)s %(levelname)s %(message)s")
        self._for_journald = for_journald

    def format(self, record: logging.LogRecord) -> str:
        # Redacted here, where arguments and traceback are text already: a filter would see neither.
        text = redact(super().format(record))
        if not self._for_journald:
            return text
        level = 3 if record.levelno >= logging.ERROR else 4 if record.levelno >= logging.WARNING else 6
        priority = f"<{level if record.levelno > logging.DEBUG else 7}>"
        return "\n".join(priority + line for line in text.splitlines())


def keep_journal(*, verbose: bool, for_journald: bool, stream: TextIO | None = None) -> None:
    """Sends every log record of this process, and every error that nobody caught, through redaction to stderr."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Line(for_journald=for_journald))
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler], force=True)
    for name in ("httpx", "httpcore", "aiohttp", "asyncio", "PIL", "apprise", "urllib3", "requests"):
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.excepthook = _uncaught


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.error("unexpected error", exc_info=(kind, error, trace))


def catch_in_loop(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An event loop's exception handler."""
    log.error("unexpected error in the background: %s", context.get("message"), exc_info=context.get("exception"))
