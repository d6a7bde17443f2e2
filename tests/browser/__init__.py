"""The gallery in Debian's Chromium."""

from __future__ import annotations
