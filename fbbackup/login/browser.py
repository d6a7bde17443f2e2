"""The login in a browser: sends it to Facebook and waits on loopback until it comes back."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from fbbackup.errors import ConfigError, LoginNeeded
from fbbackup.sources.graph.login import GraphLogin

LONGEST_WAIT_SECONDS = 600.0
_LONGEST_REQUEST = 16_384
_DONE = "Done. You can close this page and go back to fbbackup."
_FAILED = "This login did not work. Go back to fbbackup; it says why."


async def token_by_browser(
    login: GraphLogin, scopes: tuple[str, ...], open_page: Callable[[str], None], *, port: int = 0
) -> str:
    """The token that a person allowed in the browser. Raises LoginNeeded, and ConfigError for a port that is taken."""
    state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    back: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
    door = _Door(state, back)
    try:
        server = await asyncio.start_server(door.meet, "127.0.0.1", port, limit=_LONGEST_REQUEST)
    except OSError as error:
        raise ConfigError(
            f"port {port} can't be listened on ({os.strerror(error.errno or 0)}); take another one with --port"
        ) from None
    try:
        # Facebook accepts this name without registration while the app is in development, but not the number.
        address = f"http://localhost:{server.sockets[0].getsockname()[1]}/"
        open_page(login.dialog(address, state, scopes, challenge))
        try:
            async with asyncio.timeout(LONGEST_WAIT_SECONDS):
                given = await back
        except TimeoutError:
            raise LoginNeeded("nobody came back from the browser in ten minutes; run `fbbackup login` again") from None
    finally:
        server.close()
    if "code" not in given:
        why = given.get("error_description") or given.get("error_reason") or given.get("error") or "no code came back"
        printable = "".join(letter if letter.isprintable() else "?" for letter in why[:200])
        raise LoginNeeded(f"the login was not allowed in the browser ({printable}); run `fbbackup login` again")
    return await login.redeem(given["code"], address, verifier)


class _Door:
    """Takes in the one request that carries our state; everything else is turned away and changes nothing."""

    def __init__(self, state: str, back: asyncio.Future[dict[str, str]]) -> None:
        self._state, self._back = state, back

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(10):
                request = await reader.readuntil(b"\r\n")
                while await reader.readuntil(b"\r\n") != b"\r\n":
                    continue
            status, words = self._judge(request.decode("latin-1"))
            body = f"<!doctype html><meta charset=utf-8><title>fbbackup</title><p>{words}".encode()
            head = (
                f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
                "Content-Security-Policy: default-src 'none'\r\nReferrer-Policy: no-referrer\r\n"
                "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await writer.drain()
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            writer.close()

    def _judge(self, line: str) -> tuple[str, str]:
        method, _, target = line.partition(" ")
        parts = urlsplit(target.partition(" ")[0])
        given = {key: values[0] for key, values in parse_qs(parts.query).items()}
        right = hmac.compare_digest(given.get("state", "").encode(), self._state.encode())
        if method != "GET" or parts.path != "/" or not right or self._back.done():
            return "404 Not Found", _FAILED
        self._back.set_result(given)
        return ("200 OK", _DONE) if "code" in given else ("200 OK", _FAILED)
