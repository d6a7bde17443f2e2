"""Tests of the pretend Facebook."""

from __future__ import annotations
