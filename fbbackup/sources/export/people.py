"""Whose the parts are: by the names of the parts and by the profile files in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fbbackup.mentions import Owner, Person
from fbbackup.sources.export.parts import Part

_FOREIGN = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(slots=True)
class _Group:
    """Parts that share a sign of whose they are. `owners` come with the day that their export describes; parts that
    nothing ties to others are `joined` where they are taken for the same person's."""

    signs: set[str]
    parts: list[Part] = field(default_factory=list)
    owners: list[tuple[str, str]] = field(default_factory=list)
    joined: list[Part] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        return {part.who for part in (*self.parts, *self.joined) if part.who}


def people_of(
    parts: Sequence[Part], owners: Iterable[tuple[Part, Owner]]
) -> tuple[list[tuple[Person, list[Part]]], list[str]]:
    """The people with their parts, and a line for each doubt.

    A name in a profile, its user name and the name of a part join what is one person's, who may have changed each of
    them. Only profiles prove that there are several people; parts without one belong to the only person there is.
    """
    groups: list[_Group] = []
    for part in parts:
        _add(groups, _Group({f"part {part.group}"} | ({_user(part.who)} if part.who else set()), [part]))
    for part, owner in owners:
        signs = {f"part {part.group}", f"name {owner.name.casefold()}"}
        signs |= {_user(owner.username)} if owner.username else set()
        _add(groups, _Group(signs, owners=[(part.as_of, owner.name)]))
    groups.sort(
        key=lambda group: (not group.owners, not group.names, sorted(group.names), min(group.owners, default=()))
    )
    several = len([group for group in groups if group.owners]) > 1
    kept: list[_Group] = []
    doubts = []
    for group in groups:
        if kept and not group.owners and not (several and group.names):
            if group.names - kept[0].names:
                names = ", ".join(sorted(kept[0].names | group.names))
                doubts.append(
                    f"parts are named after {names} and taken for one person's; import them apart if they are not"
                )
            kept[0].joined += group.parts
        else:
            kept.append(group)
    return [(_person(group), group.parts + group.joined) for group in kept] or [(Person(), [])], doubts


def _user(name: str) -> str:
    return f"user {name.casefold().replace('.', '')}"


def _add(groups: list[_Group], new: _Group) -> None:
    """Joins all groups that share a sign with the new one."""
    for group in [group for group in groups if group.signs & new.signs]:
        groups.remove(group)
        new.signs |= group.signs
        new.parts[:0], new.owners[:0] = group.parts, group.owners
    groups.append(new)


def _person(group: _Group) -> Person:
    """With names for the account: that of the latest export first."""
    names = [*_names(group.parts), *_names(group.joined)]
    accounts = (_FOREIGN.sub("-", f"facebook-{name}")[:64].strip("-") for name in names)
    return Person(tuple(dict.fromkeys(accounts)), max(group.owners)[1] if group.owners else None)


def _names(parts: list[Part]) -> list[str]:
    return [who for _, who in sorted(((part.as_of, part.who) for part in parts if part.who), reverse=True)]
