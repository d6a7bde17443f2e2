"""Picture servers that lie, cut, stall or refuse: nothing wrong is ever stored, and one run later all is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from fbbackup.simulator import Simulator
from tests.end_to_end.conftest import MakeHome
from tests.end_to_end.harness import HASTY, STUBBORN, Home, Row, sampled, small


class Case(NamedTuple):
    """A fault of downloads; `patient` when no waiting is involved, `harmless` when the picture arrives all the same."""

    fault: str
    options: dict[str, Any] = {}
    patient: bool = True
    harmless: bool = False

    def __str__(self) -> str:
        return "-".join([self.fault, *(f"{name}={value}" for name, value in self.options.items())])


CUTS = [Case(fault, {"at": at}) for fault in ("cut", "cut-close", "cut-chunked", "cut-gzip") for at in (0, 1, 300, -1)]
LIES = [
    *(Case(fault) for fault in ("cut", "cut-close", "cut-chunked", "longer-length", "shorter-length", "flip", "zeros")),
    *(Case(fault) for fault in ("half-zeros", "pixel", "other-size", "html", "json", "empty", "wrong-digest")),
    *(Case(fault) for fault in ("reset", "reset-body", "server-error", "bad-gateway", "unavailable", "too-many")),
    *(Case(fault) for fault in ("redirect-loop", "redirect-hops", "redirect-file", "redirect-private")),
    *(Case(fault, patient=False) for fault in ("stall-before", "stall-headers", "stall-body", "drip")),
]
WHOLE = [
    *(Case(fault, harmless=True) for fault in ("gzip", "close-delimited", "chunked", "wrong-type", "no-digest")),
    *(Case(fault, harmless=True) for fault in ("range-ignored", "range-shifted", "range-refused")),
]
SAMPLES = [
    case
    for case in [*LIES, *WHOLE]
    if case.fault in ("cut-close", "cut-chunked", "shorter-length", "flip", "half-zeros", "pixel", "other-size", "html")
    or case.fault in ("reset-body", "unavailable", "redirect-loop", "redirect-file", "redirect-private", "stall-body")
    or case.fault in ("drip", "gzip", "range-shifted")
]
"""One of each sort."""

MORE = [
    *CUTS,
    Case("redirect-private", {"to": "http://10.0.0.1/a.jpg"}),
    Case("redirect-private", {"to": "http://[::ffff:169.254.169.254]/"}),
    Case("redirect-private", {"to": "ftp://127.0.0.1/a.jpg"}),
    Case("redirect-private", {"to": "http://user:secret@127.0.0.1/a.jpg"}),
    Case("redirect-private", {"to": ""}),
    Case("too-many", {"retry_after": "1000000000"}),
    Case("too-many", {"retry_after": "-5"}),
    Case("too-many", {"retry_after": "Fri, 31 Dec 2099 23:59:59 GMT"}),
    Case("unavailable", {"retry_after": "nonsense"}),
    Case("gone", {"status": 400}),
    Case("gone", {"status": 418}),
    Case("longer-length", {"by": 1}),
    Case("shorter-length", {"by": 1}),
    Case("flip", {"at": 0}),
    Case("flip", {"at": -1}),
    Case("stall-body", {"at": 1}, patient=False),
    Case("reset-body", {"at": 1}),
]


@pytest.fixture(scope="module")
def facebook() -> Iterator[Simulator]:
    """One pretend Facebook for all faults, since none of them changes its library."""
    with Simulator(small(), budget=1_000_000) as sim:
        yield sim


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    return {}


@pytest.fixture
def home(make_home: MakeHome, facebook: Simulator, undisturbed: dict[str, Any]) -> Iterator[Home]:
    facebook.faults.clear()
    if not undisturbed:
        other = make_home(sim=facebook)
        other.complete()
        undisturbed.update(other.snapshot())
    found = make_home(sim=facebook)
    found.forget()
    yield found
    facebook.faults.clear()


def survives(home: Home, undisturbed: dict[str, list[Row]], case: Case) -> None:
    """A run under the fault stores nothing wrong; a run without it reaches the state of a run that never had it."""
    home.sim.faults.set(case.fault, **case.options)
    result = home.sync() if case.patient else home.sync(HASTY)
    expected = home.expected()
    assert home.current().items() <= expected.items(), "wrong bytes were stored"
    assert home.findings() == []
    if not case.harmless:
        assert home.current() == {}
        assert (result.exit_code, result.outcome) == (4, "incomplete")
    home.sim.faults.clear()
    home.complete()
    assert home.snapshot() == undisturbed


@pytest.mark.parametrize("case", sampled([*LIES, *WHOLE], *SAMPLES), ids=str)
def test_whatever_the_picture_server_does(home: Home, undisturbed: dict[str, list[Row]], case: Case) -> None:
    survives(home, undisturbed, case)


@pytest.mark.sweep
@pytest.mark.parametrize("case", MORE, ids=str)
def test_whatever_else_the_picture_server_does(home: Home, undisturbed: dict[str, list[Row]], case: Case) -> None:
    survives(home, undisturbed, case)


@pytest.mark.sweep
@pytest.mark.parametrize("fault", ["cut", "cut-close", "cut-chunked"])
def test_cuts_all_over_the_body(home: Home, undisturbed: dict[str, list[Row]], fault: str) -> None:
    for at in range(0, 2600, 37):
        home.sim.faults.set(fault, times=2, at=at)
    home.exit_code()
    assert home.current().items() <= home.expected().items()
    home.sim.faults.clear()
    home.complete()
    assert home.snapshot() == undisturbed


@pytest.mark.parametrize("fault", sampled(["cut", "flip", "reset", "server-error", "html"], "flip", "reset"))
def test_a_fault_that_passes_is_not_even_noticed(home: Home, undisturbed: dict[str, list[Row]], fault: str) -> None:
    home.sim.faults.set(fault, times=4)
    home.complete(download=STUBBORN)
    assert home.snapshot() == undisturbed


def test_bytes_of_another_photo_are_refused_by_their_size_or_stored_as_they_came(home: Home) -> None:
    """Right picture, right size, no digest: nothing can tell. What is stored is at least what was sent."""
    home.sim.faults.set("other-photo", times=5)
    home.exit_code()
    everything = set(home.expected().values())
    assert set(home.current().values()) <= everything
    assert home.findings() == []


def test_a_photo_that_never_comes_stops_no_other(home: Home, undisturbed: dict[str, list[Row]]) -> None:
    victim = next(iter(home.sim.library.own_photos("uploaded")))
    home.sim.faults.set("zeros", match=victim)
    result = home.sync()
    assert result.exit_code == 4
    assert home.current().keys() == home.expected().keys() - {victim}
    assert home.rows("SELECT id FROM missing") == [(victim,)]
    home.sim.faults.clear()
    home.forget()
    home.complete()
    assert home.downloads == 1
    assert home.snapshot() == undisturbed


@pytest.mark.parametrize("fault", sampled(["url-expired", "url-mismatch"], "url-expired"))
def test_refused_addresses_cost_one_call_for_all(home: Home, undisturbed: dict[str, list[Row]], fault: str) -> None:
    home.complete()
    plain = home.calls
    other = Home(home.sim, home.folder / "again")
    other.folder.mkdir()
    other.forget()
    other.sim.faults.set(fault, times=12)
    other.complete()
    requests = other.sim.calls.get("/", 0)
    assert 1 <= requests <= 4, "refused addresses are to be renewed together"
    assert other.calls - plain <= 4
    assert other.snapshot() == undisturbed


def test_addresses_that_expired_between_runs_are_renewed_in_batches(home: Home) -> None:
    home.sim.faults.set("unavailable")
    assert home.exit_code() == 4
    home.sim.faults.clear()
    home.sim.clock.advance(5 * 86_400)
    home.forget()
    home.complete()
    assert home.sim.world.ledger.by_status[403] == 0, "addresses known to be expired were tried"
    home.sim.clock.advance(-5 * 86_400)


def test_addresses_that_are_always_refused_end(home: Home) -> None:
    home.sim.faults.set("url-expired")
    assert home.exit_code() == 4
    assert home.downloads <= 2 * len(home.expected())
    assert home.current() == {}
    home.sim.faults.clear()
    home.complete()


def test_a_picture_server_that_is_down_is_not_asked_for_every_photo(make_home: MakeHome) -> None:
    home = make_home(small(album_sizes=[120], largest=48))
    home.sim.faults.set("server-error")
    result = home.sync()
    assert result.exit_code == 4
    assert home.downloads < 120
    home.sim.faults.clear()
    home.complete()


def test_redirected_to_another_host_no_token_travels(home: Home) -> None:
    home.sim.faults.set("redirect-host", times=4)
    home.exit_code()
    assert home.sim.leaks == []
    home.sim.world.ledger.canaries.clear()
    home.sim.faults.clear()
    home.complete()


def test_a_huge_body_is_refused_before_it_is_read(home: Home) -> None:
    home.sim.faults.set("longer-length", times=2, by=10**12)
    assert home.exit_code() == 4
    assert len(home.current()) == len(home.expected()) - 2
    home.complete()
