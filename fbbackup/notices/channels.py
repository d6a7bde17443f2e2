"""The ways to people and programs: apprise's services, a command with JSON on stdin, a dead man's switch."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fbbackup.credentials import Secret, without_secrets
from fbbackup.errors import ConfigError, SourceUnavailable
from fbbackup.http import HostRules, Http, HttpSettings, register_secret

log = logging.getLogger("fbbackup.notices")
_SECONDS = 60.0


async def push(urls: Sequence[Secret], title: str, text: str) -> list[Secret]:
    """Sends a notice to every service; those that did not take it and may do so later. The log is told of each."""
    for url in urls:
        register_secret(url.reveal())
    ends = await asyncio.gather(*(_pushed(url, title, text) for url in urls))
    return [url for url, sent in zip(urls, ends, strict=True) if not sent]


async def _pushed(url: Secret, title: str, text: str) -> bool:
    """Whether nothing is left to do: a service that will never take it is told to the log as well, once."""
    try:
        sent = await asyncio.wait_for(asyncio.to_thread(_push, url, title, text), _SECONDS)
    except ImportError:
        log.warning(
            "notify_urls are set, but the extra is missing; `pipx install --force '.[notify]'` in its checkout adds it"
        )
        return True
    except TimeoutError:
        log.warning("a notice could not be sent in a minute; it is tried again after the next run")
        return False
    if sent is None:
        log.warning("one of notify_urls is no address that apprise knows; correct it")
        return True
    if not sent:
        log.warning("a notice could not be sent to every service; it is tried again after the next run")
    return sent


def _push(url: Secret, title: str, text: str) -> bool | None:
    """Whether the service took it; None when there is no such service."""
    import apprise

    services = apprise.Apprise()
    if not services.add(url.reveal()):
        return None
    return bool(services.notify(body=text, title=title))


async def run_hook(command: Path, event: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> None:
    """Starts the command with the event on stdin, and without fbbackup's secrets in its environment."""
    try:
        process = await asyncio.create_subprocess_exec(
            str(command), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL, env=without_secrets(environ),
        )  # fmt: skip
    except OSError as error:
        log.warning("the hook %s can't be started: %s", command, error.strerror)
        return
    try:
        async with asyncio.timeout(_SECONDS):
            await process.communicate(json.dumps(event, ensure_ascii=False).encode() + b"\n")
    except TimeoutError:
        log.warning("the hook %s took longer than a minute and was ended", command)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        log.warning("the hook %s ended with %d", command, process.returncode)


async def ping(url: Secret | None, *, well: bool) -> None:
    """Tells a dead man's switch that a run ended, with `/fail` behind the address when it did not go well."""
    if url is None:
        return
    register_secret(url.reveal())
    address = url.reveal() if well else f"{url.reveal().rstrip('/')}/fail"
    try:
        http = Http(HostRules.of(url.reveal()), HttpSettings(total_seconds=_SECONDS))
    except ConfigError:
        log.warning("ping_url has to begin with https://")
        return
    try:
        reply = await http.call(address, {})
        if reply.status >= 400:
            log.warning("the dead man's switch answered %d", reply.status)
    except SourceUnavailable as error:
        log.warning("the dead man's switch could not be reached: %s", error)
    finally:
        await http.close()
