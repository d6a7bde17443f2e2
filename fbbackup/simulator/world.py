"""Everything that the Graph API, the CDN and the control API share while the server runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from fbbackup.simulator.access import Access, Token
from fbbackup.simulator.budget import Budget
from fbbackup.simulator.faults import Armed, Faults
from fbbackup.simulator.graph_errors import too_much_data
from fbbackup.simulator.ledger import Ledger
from fbbackup.simulator.library import Library
from fbbackup.simulator.logins import Logins
from fbbackup.simulator.pictures import Pictures
from fbbackup.simulator.settings import Settings
from fbbackup.simulator.signing import Signer

PageHook = Callable[[str, list[str]], None]


@dataclass
class World:
    """One account and the machinery around it; `url` is known once the server listens."""

    library: Library
    settings: Settings
    url: str = ""
    faults: Faults = field(default_factory=Faults)
    ledger: Ledger = field(default_factory=Ledger)
    page_hooks: list[PageHook] = field(default_factory=list)
    spoiling: list[Armed] = field(default_factory=list)
    """Faults that struck the Graph call which is being answered."""
    published: list[str] = field(default_factory=list)
    """Photos that calls published, which are the only ones that calls may remove."""
    pushes: list[dict[str, Any]] = field(default_factory=list)
    """What was pushed through OneAll."""

    def __post_init__(self) -> None:
        library, settings = self.library, self.settings
        self.access = Access(library.seed, library.page, library.clock, settings)
        self.logins = Logins(self.access, settings)
        self.budget = Budget(library.clock, settings)
        self.signer = Signer(library, settings)
        self.pictures = Pictures(library)

    @property
    def foreign(self) -> str:
        """This server under a host name that clients must take for somebody else's."""
        return self.url.replace("127.0.0.1", "localhost")


@dataclass
class Call:
    """One Graph call on its way; `cost` adds up the photo nodes that it returns."""

    world: World
    path: str
    params: dict[str, str]
    token: Token
    version: str
    method: str = "GET"
    cost: float = 0.0
    file: bytes | None = None

    def spend(self, weight: float) -> None:
        """Count a node; too many fail the call."""
        self.cost += weight
        if self.cost > self.world.settings.cost_limit:
            raise too_much_data()

    def url(self, path: str, params: dict[str, Any]) -> str:
        """A `next` or `previous` URL: it carries the token, as Facebook's do, but no proof."""
        query = urlencode({"access_token": self.token.text} | params)
        return f"{self.world.url}/{self.version}/{path}?{query}"
