"""No secret leaves the credentials: logs at debug level, archive, replies, hooks, processes; encoded forms as well."""

from __future__ import annotations

import base64
import json
import os
import signal
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from hashlib import sha256
from hmac import new as hmac
from pathlib import Path

from fbbackup.credentials import Credentials
from tests.daemon.test_service import Running, run, until
from tests.end_to_end.conftest import MakeHome, make_home
from tests.end_to_end.harness import Home, small

__all__ = ["make_home", "run"]
SECRET = "canary-of-the-app-2f7c1d88aa01"
PIECE = 20
PAGES = (
    "/",
    "/albums",
    "/people",
    "/map",
    "/status",
    "/search?q=a",
    "/api/v1/status",
    "/metrics",
    "/healthz",
    "/nowhere",
)


def forms(secret: str) -> Iterator[bytes]:
    """The secret as it may appear: plain, in pieces, quoted, in hex and base64 at each offset, backwards."""
    text = secret.encode()
    yield text[:PIECE]
    yield text[-PIECE:]
    yield text[::-1][:PIECE]
    yield urllib.parse.quote(secret, safe="").encode()
    yield from (text.hex().encode(), text.hex().upper().encode())
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * offset + text)[4:-4]


def found(secrets: set[str], content: bytes) -> list[str]:
    return [f"{secret[:8]}… as {form[:12]!r}" for secret in secrets for form in forms(secret) if form in content]


def secrets_of(home: Home) -> set[str]:
    tokens = set(home.sim.access.tokens)
    proofs = {hmac(SECRET.encode(), token.encode(), sha256).hexdigest() for token in tokens}
    return tokens | proofs | {SECRET, home.sim.settings.client_token}


def visit(address: str) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            return bytes(answer.read()) + str(answer.headers).encode()
    except urllib.error.HTTPError as error:
        return error.read() + str(error.headers).encode()


def files_of(home: Home) -> Iterator[tuple[str, bytes]]:
    for path in home.folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.name != "credentials.toml":
            yield str(path), path.read_bytes()


def process_of(daemon: Running) -> Iterator[tuple[str, bytes]]:
    """Command line and environment of the daemon and of whatever it started."""
    pids = [str(daemon.process.pid)]
    pids += Path(f"/proc/{pids[0]}/task/{pids[0]}/children").read_text().split()
    for pid in pids:
        for name in ("cmdline", "environ"):
            # What the daemon started may have ended meanwhile; the daemon itself has not.
            with nullcontext() if pid == pids[0] else suppress(ProcessLookupError, FileNotFoundError):
                yield f"/proc/{pid}/{name}", Path(f"/proc/{pid}/{name}").read_bytes()


def log_in(home: Home) -> list[tuple[str, bytes]]:
    token = home.sim.access.issue("user", 3600).text
    process = home.start("-v", "login", "--app-secret", "--json", stdin=f"{token}\n{SECRET}\n", environ=NO_SECRETS)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return [("login", (out + err).encode())]


NO_SECRETS = {"FBBACKUP_TOKEN_ADA": "", "FBBACKUP_APP_SECRET_ADA": ""}


def spoken(home: Home, *arguments: str) -> tuple[str, bytes]:
    process = home.start("-v", *arguments, environ=NO_SECRETS)
    out, err = process.communicate(timeout=90)
    return " ".join(arguments), (out + err).encode()


def test_no_secret_leaves_the_credentials(run: Callable[..., Running], make_home: MakeHome) -> None:
    home = make_home(small(), app_secret=SECRET, account={"app_id": "100000000000001"}, served=True)
    seen = log_in(home)
    hook = home.folder / "hook"
    hook.write_text(f"#!/bin/sh\nenv >> {home.folder}/hook-seen\ncat >> {home.folder}/hook-seen\n")
    hook.chmod(0o700)
    config = home.folder / "config.toml"
    config.write_text(config.read_text() + f"[notify]\nhook = {json.dumps(str(hook))}\n")

    daemon = run(home, verbose=True, **NO_SECRETS).ready()
    until(daemon.idle, "the first run")
    seen += process_of(daemon)
    address = until(lambda: daemon.state().get("gallery"), "the gallery")
    code, out, err = home.command("serve")
    seen += [(path, visit(address + path)) for path in PAGES] + [("link", visit((out + err).split()[-1]))]
    token = Credentials({k: v for k, v in home.environ.items() if k not in NO_SECRETS}).token("ada").reveal()
    words = f"Malformed access token {token} of https://graph.facebook.com/me?access_token={token}"
    for fault in ({"code": 190, "message": words}, {"code": 100, "message": words}, {"code": 2, "message": words}):
        home.sim.faults.set("graph-error", times=1, **fault)
        seen.append(spoken(home, "sync", "--json"))
    home.sim.faults.clear()
    home.sim.access.revoke(460)
    count = home.run_count()
    os.kill(daemon.process.pid, signal.SIGUSR1)
    until(lambda: home.run_count() > count, "a run that is refused")
    home.sim.access.restore()
    for command in ("status", "accounts", "audit", "doctor", "login ada --device", "sync --deep", "daemon"):
        seen.append(spoken(home, *command.split()))
    seen.append(("state", json.dumps(daemon.state()).encode()))
    time.sleep(0.2)
    code, log, _ = daemon.end()
    seen += [("log", log.encode()), *files_of(home)]

    assert code == 0
    assert "Malformed access token …" in log or "Malformed access token …" in str(seen), "the words never came by"
    assert len(seen) > 60
    assert (home.folder / "hook-seen").stat().st_size > 1000
    secrets = secrets_of(home)
    leaks = {name: leak for name, content in seen if (leak := found(secrets, content))}
    bytes_searched = sum(len(content) for _, content in seen)
    print(f"canary: {len(secrets)} secrets, {len(seen)} places, {bytes_searched:,} bytes searched, {len(leaks)} hits")
    assert leaks == {}


def test_the_search_itself_finds_every_form() -> None:
    text = SECRET.encode()
    for hidden in (
        text, text[:PIECE], text[::-1], text.hex().encode(), base64.b64encode(b"a" + text + b"b"),
        base64.urlsafe_b64encode(b"ab" + text), base64.b64encode(b"abc" + text + b"xyz"),
    ):  # fmt: skip
        assert found({SECRET}, b"before " + hidden + b" after"), hidden
