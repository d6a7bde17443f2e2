"""`python -m tests.sweeps.crash.warm`: runs `fbbackup` as often as it is told, each time in a child of its own.

Everything is imported once; a child starts in milliseconds. A line of JSON on stdin is a job, a line on stdout its end:

    {"argv": […], "environ": {…}, "out": PATH, "step": N or null, "signal": "SIGKILL", "seconds": 60}
    {"code": exit code, or minus the signal; null when it took longer than `seconds`, "seconds": …, "steps": …}

The child's stdout and stderr go to PATH.out and PATH.err.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import select
import sys
import time
from pathlib import Path
from signal import SIGKILL, Signals
from typing import Any

from fbbackup import app, cli, doctor
from tests.sweeps.crash.steps import Steps

WARM = (app, doctor)
"""Imported here, so that no child has to."""


def become(job: dict[str, Any]) -> None:
    """The child: the command line with its own output, environment and event loop. Ends as the interpreter ends."""
    for number, suffix in ((1, ".out"), (2, ".err")):
        os.dup2(os.open(job["out"] + suffix, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.environ.clear()
    os.environ.update(job["environ"])
    steps = Steps(job["step"], Signals[job["signal"]])
    atexit.register(lambda: Path(job["out"] + ".steps").write_text(str(steps.taken)))
    asyncio.set_event_loop_policy(steps.policy())
    sys.argv = ["fbbackup", *job["argv"]]
    cli.main()


def waited_for(child: int, seconds: float) -> int | None:
    """The child's exit code; None when it had to be killed."""
    handle = os.pidfd_open(child)
    try:
        in_time = bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)
    if not in_time:
        os.kill(child, SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if in_time else None


def main() -> None:
    for line in sys.stdin:
        job = json.loads(line)
        counted = Path(job["out"] + ".steps")
        counted.unlink(missing_ok=True)
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            become(job)
        code = waited_for(child, job["seconds"])
        steps = int(counted.read_text()) if counted.exists() else None
        print(json.dumps({"code": code, "seconds": time.monotonic() - began, "steps": steps}), flush=True)


if __name__ == "__main__":
    main()
