"""One script a figure, each beside its peer in the same run."""

from __future__ import annotations
