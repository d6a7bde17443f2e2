"""What the tests of stores share."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

from hypothesis import HealthCheck, settings

from fbbackup.protocols import Store
from fbbackup.stores.directory import DirectoryStore
from fbbackup.stores.memory import MemoryStore

KEY = "photos/2014/07/2014-07-05_10152345678901234.jpg"


MIB = 1 << 20


AnyStore = MemoryStore | DirectoryStore


fresh = itertools.count()


anew = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def staged_count(store: AnyStore) -> int:
    return len(list(store.keys("staging/")))


async def whole(store: Store, key: str) -> bytes:
    return b"".join([piece async for piece in store.read(key)])


async def stream(*chunks: bytes, fault: BaseException | None = None) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    if fault:
        raise fault
