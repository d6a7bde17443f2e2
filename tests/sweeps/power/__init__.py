"""A file system that knows what a power cut would leave of it, and what is needed to look at that."""

from __future__ import annotations
