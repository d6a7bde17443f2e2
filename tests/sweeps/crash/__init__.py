"""A warm process that runs the program many times, accounts to run it on, and what a fault left judged."""

from __future__ import annotations
