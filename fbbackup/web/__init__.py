"""The gallery, the files behind it and the local APIs: reads the catalog and the store, changes neither."""

from __future__ import annotations
