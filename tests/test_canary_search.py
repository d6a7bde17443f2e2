"""The search for secrets over a whole run finds what it should."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from fbbackup.simulator import Simulator
from fbbackup.sources.graph.api import appsecret_proof
from tests import canary

pytestmark = pytest.mark.skipif(canary.is_wanted(), reason="the search at work would find what is planted here")


def test_every_form_of_a_secret_is_found(tmp_path: Path) -> None:
    with Simulator() as sim:
        secrets = [sim.token, sim.access.page_token.text, canary.APP_SECRET]
    forms = [f"appsecret_proof={appsecret_proof(canary.APP_SECRET, secrets[0])}&x".encode()]
    for secret in (text.encode() for text in secrets):
        forms += [secret, secret[::-1], secret.hex().encode(), secret.hex().upper().encode()]
        forms += [base64.b64encode(b"x" * offset + secret) for offset in range(3)]
        forms += [base64.urlsafe_b64encode(b"?" * offset + secret + b"?") for offset in range(3)]
    for number, form in enumerate(forms):
        (tmp_path / f"{number}.log").write_bytes(b"before " + form + b" after")
        assert canary.in_text(f"before {form.decode()} after"), form
    (tmp_path / "credentials.toml").write_bytes(forms[1])
    clean = b"EAA and nothing else" + hashlib.sha256(b"").hexdigest().encode() + b"canary-of-the-mine"
    (tmp_path / "clean").write_bytes(clean * 100)
    assert len(canary.in_files(tmp_path)) == len(forms)


CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_processes_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "fbbackup.py").write_text(CHILD)
    sampler = canary.Sampler()
    for words, environ, hits in (
        (["-c", "input()", canary.APP_SECRET], {}, ["command line"]),
        (["-c", CHILD], {"SECRET": canary.APP_SECRET}, []),
        (["-m", "fbbackup", "x"], {"SECRET": canary.APP_SECRET}, ["environment"]),
    ):
        process = subprocess.Popen(
            [sys.executable, *words], env={**os.environ, **environ}, cwd=tmp_path, stdin=subprocess.PIPE
        )
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while "input" not in " ".join(words) and not children.read_text():
            pass
        sampler.hits.clear()
        sampler.look()
        process.communicate(b"\n")
        assert [hit.partition(" of ")[0].partition(":")[0] for hit in sampler.hits] == hits


async def test_replies_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(canary.WANTED, "1")
    answer = httpx.MockTransport(lambda _: httpx.Response(200, text=f"your secret is {canary.APP_SECRET}"))
    async with httpx.AsyncClient(transport=answer, event_hooks=canary.hooks()) as client:
        with pytest.raises(AssertionError, match="a secret in /page"):
            await client.get("http://127.0.0.1/page")
