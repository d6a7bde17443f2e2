"""The catalog: an SQLite index of the archive, and the only place with SQL.

`Catalog` owns the file; `albums`, `photos`, `listings`, `downloads`, `runs` and `reports` hold the statements, one
subject each.
"""

from __future__ import annotations

from fbbackup.catalog.connection import Catalog, is_there, memory, open_catalog, open_reader, reading

__all__ = ["Catalog", "is_there", "memory", "open_catalog", "open_reader", "reading"]
