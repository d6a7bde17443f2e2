"""The rolling-hour call budget and the usage headers that tell about it."""

from __future__ import annotations

import json
import math
from collections import deque
from dataclasses import dataclass, field

from fbbackup.simulator.clock import Clock
from fbbackup.simulator.graph_errors import limit_reached
from fbbackup.simulator.settings import Settings

HOUR = 3600.0
CALLS_PER_USER = 200


@dataclass
class Budget:
    """Counts calls by the second; calls while blocked count as well, so they prolong the block."""

    clock: Clock
    settings: Settings
    forced_percent: int | None = None
    rejected: int = 0
    _spent: deque[tuple[float, int]] = field(default_factory=deque)
    _sum: int = 0

    @property
    def allowance(self) -> int:
        """Calls that an hour has."""
        own = self.settings.budget
        return own if own is not None else CALLS_PER_USER * self.settings.daily_users

    def used(self) -> int:
        """Calls in the last hour."""
        horizon = self.clock.now() - HOUR
        while self._spent and self._spent[0][0] <= horizon:
            self._sum -= self._spent.popleft()[1]
        return self._sum

    def spend(self, calls: int = 1) -> None:
        """Count calls; over the budget they fail."""
        blocked = self.used() + calls > self.allowance
        second = float(int(self.clock.now()))
        if self._spent and self._spent[-1][0] == second:
            self._spent[-1] = (second, self._spent[-1][1] + calls)
        else:
            self._spent.append((second, calls))
        self._sum += calls
        if blocked:
            self.rejected += 1
            raise limit_reached(self.settings.limit_code)

    def regain_minutes(self) -> int:
        """Minutes until enough of the hour's calls have aged out."""
        over = self.used() + 1 - self.allowance
        if over <= 0:
            return 0
        for second, calls in self._spent:
            over -= calls
            if over <= 0:
                return max(1, math.ceil((second + HOUR - self.clock.now()) / 60))
        return 60

    def percent(self) -> int:
        """Share of the hour's calls that is used."""
        if self.forced_percent is not None:
            return self.forced_percent
        return self.used() * 100 // max(1, self.allowance)

    def headers(self, page_id: str | None) -> dict[str, str]:
        """The usage header of a reply; none until there is something to tell."""
        percent = self.percent()
        shape = self.settings.usage_format
        if shape == "absent" or percent < 1:
            return {}
        usage = {"call_count": percent, "total_time": percent * 3 // 4, "total_cputime": percent // 2}
        if shape == "percent":
            return {"X-App-Usage": f"{percent}%"}
        if shape == "quoted":
            return {"X-App-Usage": str(usage)}
        if page_id is None:
            return {"X-App-Usage": json.dumps(usage)}
        regain = {"type": "pages", **usage, "estimated_time_to_regain_access": self.regain_minutes()}
        return {"X-Business-Use-Case-Usage": json.dumps({page_id: [regain]})}
