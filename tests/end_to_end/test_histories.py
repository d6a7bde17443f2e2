"""Random histories: edits between runs and in the middle of them, faults now and then; the last run puts all right."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.end_to_end.conftest import MakeHome
from tests.end_to_end.harness import Home, sampled, small

FAULTS = (
    "cut", "flip", "reset", "url-expired", "server-error", "graph-outage", "reduce-data", "graph-cut", "page-short",
    "page-empty", "page-repeat", "page-overlap", "page-reorder", "paging-next-only", "null-fields", "permission-error",
    "cursor-invalid",
)  # fmt: skip


class Hand:
    """Somebody who edits the library at random."""

    def __init__(self, home: Home, seed: int) -> None:
        self.library, self.dice = home.sim.library, random.Random(seed)

    def edit(self) -> None:
        edits: list[Callable[[], object]] = [
            self.add, self.add, self.delete, self.move, self.share, self.recaption, self.rename, self.add_album,
            self.delete_album, self.outside, self.tag,
        ]  # fmt: skip
        self.dice.choice(edits)()

    def album(self) -> str:
        return self.dice.choice(list(self.library.album_list()))

    def photo(self) -> str:
        return self.dice.choice(list(self.library.own_photos("uploaded")))

    def add(self) -> None:
        self.library.add_photo(self.album(), f"Added {self.dice.random()}")

    def outside(self) -> None:
        self.library.add_photo(None, "Outside albums")

    def delete(self) -> None:
        self.library.delete_photo(self.photo())

    def move(self) -> None:
        self.library.move_photo(self.photo(), self.album())

    def share(self) -> None:
        self.library.share_photo(self.photo(), self.album())

    def recaption(self) -> None:
        self.library.recaption(self.photo(), self.dice.choice([None, "Anew", "\u202e\u2068odd\x00"]))

    def rename(self) -> None:
        self.library.rename_album(self.album(), f"Renamed {self.dice.random()}")

    def add_album(self) -> None:
        self.library.add_album("Another")

    def delete_album(self) -> None:
        if len(list(self.library.album_list())) > 4:
            self.library.delete_album(self.album())

    def tag(self) -> None:
        self.library.tag(self.photo())


@pytest.mark.parametrize("seed", sampled(range(24), 0, 1))
def test_after_any_history_the_archive_is_what_facebook_shows(make_home: MakeHome, seed: int) -> None:
    home = make_home(small(album_sizes=[9, 5, 0, 6, 3, 2], loose=4, tagged=3, videos=2, shared=2), page_cap=4)
    hand = Hand(home, seed)
    busy = [True]

    def meanwhile(path: str, ids: list[str]) -> None:
        if busy[0] and hand.dice.random() < 0.25:
            hand.edit()

    home.sim.on_page(meanwhile)
    kept: dict[str, str] = {}
    for _ in range(4):
        for _ in range(hand.dice.randrange(4)):
            hand.edit()
        if hand.dice.random() < 0.5:
            home.sim.faults.set(hand.dice.choice(FAULTS), every=hand.dice.randrange(1, 4), times=hand.dice.randrange(9))
        home.exit_code(deep=hand.dice.random() < 0.3, accept_vanished=hand.dice.random() < 0.5)
        assert home.findings() == []
        assert kept.items() <= home.kept().items(), "a stored photo was lost"
        kept = home.kept()
        gone = home.tombstones().keys()
        assert not any(home.sim.library.item(one) for one in gone), "a living photo was buried"
        home.sim.faults.clear()
        home.sim.clock.advance(hand.dice.choice([60, 4000, 90_000]))
    busy[0] = False
    home.sync(deep=True, accept_vanished=True)
    home.complete(deep=True, accept_vanished=True)
    home.forget()
    home.complete()
    assert home.downloads == 0
