"""Where an archive's files are kept: a directory on disk, or memory for tests."""

from __future__ import annotations
