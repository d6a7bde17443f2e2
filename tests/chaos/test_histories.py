"""Any history of a library, its faults and the program's deaths ends in a catalog that is exactly the library."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from fbbackup.catalog import memory
from tests.chaos.edits import EDITS, apply
from tests.chaos.source import ChaosSource
from tests.chaos.world import Ending, Event, Figures, World

FAULTS = [
    "short", "empty", "repeat", "loop", "overlap", "reorder", "reject", "strict", "sick", "broken", "unclear",
    "no-probe", "expired", "cut-body",
]  # fmt: skip
NUMBER = st.integers(0, 999)
EDIT = st.tuples(st.sampled_from(sorted(EDITS)), NUMBER, NUMBER)
ACCIDENT = st.sampled_from(["outage", "spent", "token", "photos", "videos"])
LOGIN = st.sampled_from(["sound", "sound", "sound", "sound", "photos", "videos", "token"])
SWEEPS = st.sampled_from([20, 20, 20, 0])


class History(RuleBasedStateMachine):
    """The rules by which histories are drawn; each is some steps."""

    figures = Figures()

    def __init__(self) -> None:
        super().__init__()
        self.figures.histories += 1
        self._memory = memory()
        self.world = World(self._memory, self.figures)
        for name in ("add album", "add photos", "add album", "add photos", "upload outside albums", "add video"):
            apply(self.world.library, name, 7, 7)

    def teardown(self) -> None:
        try:
            self.world.heal()
        finally:
            self.world.loop.close()
            self._memory.close()

    def event(self, number: int, what: str | tuple[str, int, int]) -> Event:
        world = self.world

        def happen(source: ChaosSource) -> None:
            if isinstance(what, tuple):
                apply(world.library, *what)
            elif what in ("outage", "spent"):
                source.down, source.spent = source.down or what == "outage", source.spent or what == "spent"
            else:
                world.lose(what)

        return number, happen

    @rule(edits=st.lists(EDIT, min_size=1, max_size=4))
    def edit(self, edits: list[tuple[str, int, int]]) -> None:
        self.figures.steps += len(edits)
        for name, a, b in edits:
            apply(self.world.library, name, a, b)

    @rule(deep=st.booleans(), accept=st.booleans(), sweep_calls=SWEEPS, login=LOGIN)
    def run(self, deep: bool, accept: bool, sweep_calls: int, login: str) -> None:
        self.figures.steps += 1
        self.world.log_in(login)
        self.world.run(deep=deep, accept=accept, sweep_calls=sweep_calls)

    @rule(deep=st.booleans(), faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=6))
    def run_with_faults(self, deep: bool, faults: list[str]) -> None:
        self.figures.steps += 1 + len(faults)
        self.world.log_in("sound")
        self.world.run(deep=deep, faults=faults)

    @rule(
        deep=st.booleans(),
        faults=st.lists(st.sampled_from(FAULTS), max_size=3),
        events=st.lists(st.tuples(st.integers(1, 40), ACCIDENT | EDIT), min_size=1, max_size=4),
        sweep_calls=SWEEPS,
    )
    def run_with_accidents(
        self, deep: bool, faults: list[str], events: list[tuple[int, str | tuple[str, int, int]]], sweep_calls: int
    ) -> None:
        self.figures.steps += 1 + len(faults) + len(events)
        self.world.log_in("sound")
        happening = [self.event(number, what) for number, what in events]
        self.world.run(deep=deep, faults=faults, events=happening, sweep_calls=sweep_calls)

    @rule(deep=st.booleans(), steps=st.integers(1, 400), kill=st.booleans(), edits=st.lists(EDIT, max_size=2))
    def run_that_dies(self, deep: bool, steps: int, kill: bool, edits: list[tuple[str, int, int]]) -> None:
        self.figures.steps += 2 + len(edits)
        self.world.log_in("sound")
        happening = [self.event(1 + a % 20, (name, a, b)) for name, a, b in edits]
        self.world.run(deep=deep, events=happening, ending=Ending(steps, kill))

    @rule(hours=st.sampled_from([1, 25, 15 * 24]))
    def wait(self, hours: int) -> None:
        self.figures.steps += 1
        self.world.wait(hours)


def explore(figures: Figures, histories: int, steps: int, *, repeatable: bool) -> None:
    """Draws histories; a failing one is made as short as can be and shown."""
    profile = settings(
        max_examples=histories,
        stateful_step_count=steps,
        derandomize=repeatable,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(type("History", (History,), {"figures": figures}), settings=profile)


def test_some_histories_end_exactly() -> None:
    explore(Figures(), 15, 20, repeatable=True)


@pytest.mark.sweep
@pytest.mark.timeout(3600)
def test_ten_thousand_steps_end_exactly(figure: Callable[[str], None]) -> None:
    figures = Figures()
    explore(figures, 500, 40, repeatable=False)
    assert figures.steps >= 10_000
    figure(figures.line("the crawl against a model of the library"))
