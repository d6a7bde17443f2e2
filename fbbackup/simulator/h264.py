"""A film in H.264 without an encoder: blocks of 16 x 16 as they are (I_PCM), and later only those that change."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Block = bytes
"""256 bytes of brightness, then 64 and 64 of colour; none of them 0."""

_IDR, _NEXT, _SEQUENCE, _PICTURE = 0x65, 0x41, 0x67, 0x68
_EMULATED = re.compile(rb"\0\0(?=[\0-\3])")


class _Bits:
    def __init__(self) -> None:
        self.done = bytearray()
        self._number, self._count = 0, 0

    def u(self, value: int, bits: int) -> None:
        self._number, self._count = self._number << bits | value, self._count + bits
        while self._count >= 8:
            self._count -= 8
            self.done.append(self._number >> self._count & 255)

    def ue(self, *values: int) -> None:
        for value in values:
            size = (value + 1).bit_length()
            self.u(value + 1, 2 * size - 1)

    def block(self, block: Block) -> None:
        self.align()
        self.done += block

    def align(self) -> None:
        if self._count:
            self.u(0, 8 - self._count)

    def unit(self, kind: int) -> bytes:
        """The unit with its stop bit, so that nothing in it looks like the start of another."""
        self.u(1, 1)
        self.align()
        return bytes([kind]) + _EMULATED.sub(b"\0\0\3", bytes(self.done))


def sequence(across: int, down: int) -> bytes:
    """The sequence parameter set: baseline, so many blocks across and down, no picture numbers."""
    bits = _Bits()
    for number in (66, 0xC0, 30):
        bits.u(number, 8)
    bits.ue(0, 0, 2, 1)
    bits.u(0, 1)
    bits.ue(across - 1, down - 1)
    bits.u(0b1100, 4)
    return bits.unit(_SEQUENCE)


def picture() -> bytes:
    """The picture parameter set."""
    bits = _Bits()
    bits.ue(0, 0)
    bits.u(0, 2)
    bits.ue(0, 0, 0)
    bits.u(0, 3)
    bits.ue(0, 0, 0)
    bits.u(0b100, 3)
    return bits.unit(_PICTURE)


def first(blocks: Sequence[Block]) -> bytes:
    """A frame of its own, row by row."""
    bits = _Bits()
    bits.ue(0, 7, 0)
    bits.u(0, 4)
    bits.ue(0)
    bits.u(0, 2)
    bits.ue(0, 1)
    for block in blocks:
        bits.ue(25)
        bits.block(block)
    return bits.unit(_IDR)


def following(number: int, changed: Mapping[int, Block], blocks: int) -> bytes:
    """The frame `number` behind the first: the one before it, except for these blocks of so many."""
    bits = _Bits()
    bits.ue(0, 5, 0)
    bits.u(number % 16, 4)
    bits.u(0, 3)
    bits.ue(0, 1)
    at = 0
    for place, block in sorted(changed.items()):
        bits.ue(place - at, 30)
        bits.block(block)
        at = place + 1
    if at < blocks:
        bits.ue(blocks - at)
    return bits.unit(_NEXT)
