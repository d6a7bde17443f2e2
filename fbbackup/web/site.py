"""What the pages and APIs of one server share."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fbbackup.links import Links
from fbbackup.notices import Memory
from fbbackup.stores.tree import Tree
from fbbackup.web.readers import Readers
from fbbackup.web.relogin import Relogin
from fbbackup.web.sessions import Sessions
from fbbackup.web.shelf import Shelf
from fbbackup.web.visitors import Password, Visitors
from fbbackup.web.wellbeing import Wellbeing

UpdateToken = Callable[[str, str, Sequence[str]], Awaitable[None]]
"""Replaces an account's token after Facebook accepted the new one: account, token, scopes that it must have."""


class Daemon(Protocol):
    """Whoever makes the runs of this archive."""

    async def line(self) -> str | None:
        """What it is doing, for people; None while none is at work."""
        ...

    async def run_now(self) -> bool:
        """Asks for a run of every account; false while no daemon is at work."""
        ...


@dataclass(eq=False)
class Site:
    """One archive being served. `wellbeing` tells whether all is well.

    `say` shows a line to whoever started the server. `bookmarks` tell where pages of an account's photos ended, so that
    reading on by offset costs the same on every page; a photo's number never moves. `front` is the first page as it was
    last made, behind what it was made from.
    """

    root: Path
    readers: Readers
    sessions: Sessions
    visitors: Visitors
    password: Password
    accounts: tuple[str, ...]
    update_token: UpdateToken
    names: frozenset[str]
    thumbnail_size: int = 320
    cookie: str = "fbbackup"
    password_needed: bool = False
    daemon: Daemon | None = None
    wellbeing: Wellbeing | None = None
    metrics: Callable[[], str] | None = None
    relogin: Relogin | None = None
    memory: Memory | None = None
    links: Links | None = None
    say: Callable[[str], None] = lambda line: None
    url: str = ""
    bookmarks: OrderedDict[tuple[str, int], int] = field(default_factory=OrderedDict)
    front: tuple[tuple[object, ...], bytes] | None = None
    shelf: Shelf = field(default_factory=Shelf)
    _tree: Tree | None = field(default=None, repr=False)

    @property
    def tree(self) -> Tree | None:
        """The archive's files; None while there is no archive."""
        if self._tree is None and self.root.is_dir():
            self._tree = Tree(self.root)
        return self._tree

    def new_link(self) -> str:
        """An address that opens the gallery once in one browser."""
        return f"{self.url}/login?link={self.visitors.new_link_token()}"

    def close(self) -> None:
        self.readers.close()
        if self._tree is not None:
            self._tree.close()
