"""A list as the Graph API pages through it: an arithmetic range of ids plus the few that edits brought in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from fbbackup.simulator.ids import IdSpace


@dataclass
class Listing:
    """Positions never shift when items vanish: a vanished item leaves a hole, as filtering after the cut does."""

    key: str
    span: range
    space: IdSpace
    gone: set[str]
    extras: list[str] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    newest_first: bool = False

    def __len__(self) -> int:
        return len(self.span) + len(self.extras)

    def id_at(self, position: int) -> str:
        """The id at a position, visible or not."""
        if self.newest_first:
            position = len(self) - 1 - position
        if position < len(self.span):
            return self.space.id_of(self.span[position])
        return self.extras[position - len(self.span)]

    def shows(self, node_id: str) -> bool:
        """Whether a member can be seen."""
        return node_id not in self.hidden and node_id not in self.gone

    def position_of(self, node_id: str) -> int | None:
        """Where an id stands (also a vanished one), or None when it never was in this list."""
        number = self.space.number_of(node_id)
        if number is not None and number in self.span:
            position = number - self.span.start
        elif node_id in self.extras:
            position = len(self.span) + self.extras.index(node_id)
        else:
            return None
        return len(self) - 1 - position if self.newest_first else position

    def add(self, node_id: str) -> None:
        """Append an item, or show it again when it was here before."""
        self.hidden.discard(node_id)
        if self.position_of(node_id) is None:
            self.extras.append(node_id)

    def __iter__(self) -> Iterator[str]:
        for position in range(len(self)):
            node_id = self.id_at(position)
            if self.shows(node_id):
                yield node_id

    def visible(self) -> int:
        """How many members can be seen, without looking at every one."""
        return len(self) - sum(1 for one in self.hidden | self.gone if self.position_of(one) is not None)
