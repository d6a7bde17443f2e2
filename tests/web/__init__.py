"""The server: pages, files, APIs, and who may see them."""

from __future__ import annotations
