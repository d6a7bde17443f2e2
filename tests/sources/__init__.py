"""Tests of the sources."""

from __future__ import annotations
