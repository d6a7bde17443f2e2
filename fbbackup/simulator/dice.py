"""Repeatable chance: every number follows from the seed and the parts it is asked with, so nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1


def roll(seed: int, *parts: int) -> int:
    """A 64-bit number that looks random and depends on the arguments alone (splitmix64 per part)."""
    state = seed & _MASK
    for part in parts:
        state = (state + 0x9E3779B97F4A7C15 + part * 0xD1B54A32D192ED03) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


def pick(choices: Sequence[T], seed: int, *parts: int) -> T:
    """One of the choices."""
    return choices[roll(seed, *parts) % len(choices)]


def chance(percent: int, seed: int, *parts: int) -> bool:
    """True in about so many of a hundred cases."""
    return roll(seed, *parts) % 100 < percent
