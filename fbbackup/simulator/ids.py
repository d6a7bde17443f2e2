"""Ids of 15 to 17 digits that can be computed from a running number and back, so that none is stored."""

from __future__ import annotations

from dataclasses import dataclass

_STEP = 7
_WIDTH = 40_000_000_000


@dataclass(frozen=True, slots=True)
class IdSpace:
    """One kind of node's ids; several bases give one kind ids of different lengths."""

    bases: tuple[int, ...]
    offset: int = 0

    def id_of(self, number: int) -> str:
        """The id of the node with this running number."""
        return str(self.bases[number % len(self.bases)] + self.offset + number * _STEP + 1)

    def number_of(self, node_id: str) -> int | None:
        """The running number behind an id, or None when it is no id of this kind."""
        if not (node_id.isascii() and node_id.isdigit()) or len(node_id) > 18:
            return None
        for position, base in enumerate(self.bases):
            distance = int(node_id) - base - self.offset - 1
            if 0 <= distance < _WIDTH and distance % _STEP == 0:
                number = distance // _STEP
                return number if number % len(self.bases) == position else None
        return None


@dataclass(frozen=True, slots=True)
class IdSpaces:
    """All kinds of nodes of one library."""

    photo: IdSpace
    album: IdSpace
    video: IdSpace
    tagged: IdSpace
    added_photo: IdSpace
    added_album: IdSpace
    person: IdSpace
    place: IdSpace


def id_spaces(seed: int) -> IdSpaces:
    """Another seed gives other ids; kinds never overlap."""
    offset = (seed % 700) * 10_000_000_000

    def space(*bases: int) -> IdSpace:
        return IdSpace(bases, offset)

    return IdSpaces(
        photo=space(10_150_000_000_000_000, 122_090_000_000_000, 2_040_000_000_000_000),
        album=space(10_152_000_000_000_000, 122_140_000_000_000),
        video=space(1_030_000_000_000_000),
        tagged=space(10_154_000_000_000_000, 3_040_000_000_000_000),
        added_photo=space(122_190_000_000_000),
        added_album=space(122_240_000_000_000),
        person=space(100_000_000_000_000),
        place=space(110_000_000_000_000),
    )
