"""Faults by name: what can go wrong, how often and for whom."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from fbbackup.simulator.fault_table import FAULTS, FaultKind

Where = Literal["cdn", "graph", "page", "batch"]


@dataclass
class Armed:
    """A fault that is switched on; `times` None never ends, `every` skips requests in between."""

    kind: FaultKind
    on: str
    times: int | None = None
    every: int = 1
    match: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    fired: int = 0

    def strikes(self, text: str) -> bool:
        """Whether it hits this request, which counts either way."""
        if self.match not in text or (self.times is not None and self.fired >= self.times):
            return False
        self.seen += 1
        if self.seen % self.every:
            return False
        self.fired += 1
        return True


class Faults:
    """The armed faults; several may hit one request, in the order in which they were set."""

    def __init__(self) -> None:
        self.armed: list[Armed] = []
        self.fired: Counter[str] = Counter()

    def set(self, name: str, *, times: int | None = None, every: int = 1, match: str = "", **options: Any) -> Armed:
        """Switch a fault on. `on="graph"` (or any) moves a fault of downloads to Graph calls."""
        if name not in FAULTS:
            raise ValueError(f"no fault is called {name!r}; there are: {', '.join(sorted(FAULTS))}")
        if every < 1:
            raise ValueError("every must be 1 or more")
        kind = FAULTS[name]
        if "on" in options and (kind.on != "cdn" or options["on"] not in ("cdn", "graph", "any")):
            raise ValueError("only faults of downloads can move, to graph, cdn or any")
        armed = Armed(kind, options.pop("on", kind.on), times, every, match, options)
        self.armed.append(armed)
        return armed

    def clear(self, name: str | None = None) -> None:
        """Switch one fault off, or all."""
        self.armed = [] if name is None else [armed for armed in self.armed if armed.kind.name != name]

    def strike(self, where: Where, text: str) -> list[Armed]:
        """The faults that hit a request; `text` is what `match` looks into."""
        if not self.armed:
            return []
        struck = [armed for armed in self.armed if armed.on in (where, "any") and armed.strikes(text)]
        for armed in struck:
            self.fired[armed.kind.name] += 1
        return struck

    def report(self) -> list[dict[str, Any]]:
        """What is armed, as JSON."""
        return [
            {"name": armed.kind.name, "on": armed.on, "times": armed.times, "every": armed.every,
             "match": armed.match, "options": armed.options, "fired": armed.fired}
            for armed in self.armed
        ]  # fmt: skip
