"""Lists by offset that change between any two questions: what was in the list all the time is listed, once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from fbbackup.errors import ItemError
from fbbackup.sources.rpc.answers import Chunk
from fbbackup.sources.rpc.api import RpcApi
from fbbackup.sources.rpc.listing import Lists

Edit = tuple[str, int, int]
EDITS = st.tuples(st.sampled_from(["move", "swap", "remove", "insert"]), st.integers(0, 99), st.integers(0, 99))


@dataclass
class Shelf:
    """A server's list in memory; before each question from the second on it is edited as long as there are edits."""

    ids: list[str]
    edits: list[Edit]
    limit: int
    always: set[str] = field(default_factory=set)
    asked: int = 0

    async def ask(self, kind: str, album: str, offset: int) -> Chunk:
        if self.asked:
            self._edit()
        self.asked += 1
        shown = self.ids[offset : offset + self.limit]
        items = tuple({"remoteId": id_} for id_ in shown)
        return Chunk(items, offset + self.limit < len(self.ids), self.limit)

    def _edit(self) -> None:
        if not self.edits:
            return
        what, one, other = self.edits.pop(0)
        count = len(self.ids)
        if what == "insert" or not count:
            self.ids.insert(one % (count + 1), f"new{self.asked}")
            return
        one, other = one % count, other % count
        if what == "swap":
            self.ids[one], self.ids[other] = self.ids[other], self.ids[one]
            return
        id_ = self.ids.pop(one)
        if what == "move":
            self.ids.insert(other % count, id_)
        self.always &= set(self.ids)


async def listed(shelf: Shelf, claimed: int | None) -> list[str]:
    lists, cursor, found = Lists(cast(RpcApi, cast(Any, shelf))), None, []
    while True:
        part = await lists.part("photos", "1", cursor, claimed)
        found += [item["remoteId"] for item in part.items]
        cursor = part.cursor
        if cursor is None:
            return found


@given(st.integers(0, 40), st.integers(2, 9), st.lists(EDITS, max_size=12))
@settings(max_examples=400, deadline=None)
def test_what_is_there_all_the_time_is_listed_once(size: int, limit: int, edits: list[Edit]) -> None:
    check(size, limit, edits, size)


@given(st.integers(0, 40), st.integers(2, 9), st.lists(EDITS, max_size=1))
@settings(max_examples=200, deadline=None)
def test_one_edit_of_a_list_without_a_count_is_noticed(size: int, limit: int, edits: list[Edit]) -> None:
    check(size, limit, edits, None)


@given(st.integers(0, 12))
def test_pages_of_one_item_are_all_read(size: int) -> None:
    check(size, 1, [], size)


def check(size: int, limit: int, edits: list[Edit], claimed: int | None) -> None:
    ids = [f"p{number}" for number in range(size)]
    shelf = Shelf(list(ids), list(edits), limit, set(ids))
    try:
        found = asyncio.run(listed(shelf, claimed))
    except ItemError:
        assert edits, "a list that stands still is always listed"
        return
    assert len(found) == len(set(found))
    assert shelf.always <= set(found)
    assert edits or found == ids
