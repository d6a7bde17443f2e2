"""The search for tokens over a whole run finds what it should."""

from __future__ import annotations

import base64
from pathlib import Path

from fbbackup.simulator import Simulator
from tests import canary


def test_every_form_of_a_token_is_found(tmp_path: Path) -> None:
    with Simulator() as sim:
        token = sim.token.encode()
    forms = [token, token[::-1], token.hex().encode(), token.hex().upper().encode()]
    forms += [base64.b64encode(b"x" * offset + token) for offset in range(3)]
    for number, form in enumerate(forms):
        (tmp_path / f"{number}.log").write_bytes(b"before " + form + b" after")
        assert canary.in_text(f"before {form.decode()} after")
    (tmp_path / "credentials.toml").write_bytes(token)
    (tmp_path / "clean").write_bytes(b"EAA and nothing else" * 100)
    assert len(canary.in_files(tmp_path)) == len(forms)
