"""The whole main job against the pretend Facebook: real files, real catalog, real HTTP on loopback."""

from __future__ import annotations
