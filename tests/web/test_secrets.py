"""Secrets are compared in constant time (row S7): no plain comparison in the server, and nothing to be measured."""

from __future__ import annotations

import ast
import random
import re
import secrets
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fbbackup.web.sessions import Sessions
from fbbackup.web.visitors import Visitors

WEB = Path(__file__).parents[2] / "fbbackup" / "web"
SECRET = re.compile(r"(token|password|secret|link|cookie|given|digest)s?$")
SAMPLES = 10_000
DUDECT = 4.5


def plain_comparisons(source: str) -> list[int]:
    """Lines where something named like a secret is compared with == or != to something that is no constant."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops):
            sides = [node.left, *node.comparators]
            names = [getattr(one, "id", getattr(one, "attr", "")) for one in sides]
            if any(SECRET.search(name) for name in names) and not any(isinstance(one, ast.Constant) for one in sides):
                found.append(node.lineno)
    return found


def test_no_secret_is_compared_plainly() -> None:
    assert plain_comparisons("if token == self.token: pass\nif given != other: pass\nif token == '': pass") == [1, 2]
    assert {file.name: lines for file in WEB.rglob("*.py") if (lines := plain_comparisons(file.read_text()))} == {}


def welch(one: list[int], other: list[int]) -> float:
    """The t of Welch's test over the faster nine tenths of each: what is slower was interrupted."""
    a, b = (sorted(times)[: int(len(times) * 0.9)] for times in (one, other))
    spread = statistics.variance(a) / len(a) + statistics.variance(b) / len(b)
    return (statistics.fmean(a) - statistics.fmean(b)) / spread**0.5


def difference(check: Callable[[str], object], secret: str) -> float:
    """How different guesses that begin rightly take from random ones: the least of five times, since a leak shows in
    each of them, and what else the machine does in some."""
    return min(abs(measured(check, secret)) for _ in range(5))


def measured(check: Callable[[str], object], secret: str) -> float:
    times: tuple[list[int], list[int]] = ([], [])
    kinds = [number % 2 for number in range(2 * SAMPLES)]
    random.shuffle(kinds)
    # All are made beforehand and alike, and none comes twice: caches would tell them apart.
    guesses = [f"{secret[:-8] if near else secrets.token_urlsafe(32)[:-8]}{secrets.token_urlsafe(6)}" for near in kinds]
    for near, guess in zip(kinds, [bytes(guess, "ascii").decode() for guess in guesses], strict=True):
        began = time.perf_counter_ns()
        check(guess)
        times[near].append(time.perf_counter_ns() - began)
    return welch(*times)


@pytest.mark.sweep
def test_guesses_that_begin_rightly_take_as_long_as_others(tmp_path: Path) -> None:
    visitors, sessions = Visitors(), Sessions(tmp_path)
    _, session = sessions.new("ada", "read", None)
    cookie, link = visitors.enter(), visitors.new_link_token()

    def careless(guess: str) -> bool:
        return all(a == b for a, b in zip(guess, link, strict=False))

    checks = {
        "session": (sessions.find, session), "cookie": (visitors.knows, cookie), "link": (visitors.use_link, link),
    }  # fmt: skip
    found = {name: difference(check, secret) for name, (check, secret) in checks.items()}  # type: ignore[arg-type]
    told = ", ".join(f"{name} {t:.1f}" for name, t in found.items())
    print(f"timing, {SAMPLES} samples each, t of known prefix against random: {told}")
    assert difference(careless, link) > DUDECT, "the measurement sees a careless comparison"
    assert all(t < DUDECT for t in found.values()), found
