"""The library as it really is: what each list shows, and which of its changes a quick crawl can't see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fbbackup.models import Kind

START = datetime(2014, 7, 5, 10, 0, tzinfo=UTC)
VIRTUAL = ("tagged", "uploads", "videos")
PROBED = 5
"""Ids at the head of a virtual album that a probe covers."""


@dataclass
class Item:
    """One photo or video. `size` grows when it is encoded anew; `twin` names the item whose bytes it has."""

    id: str
    kind: Kind
    caption: str | None
    title: str | None = None
    own: bool = True
    home: str | None = None
    size: int = 8
    file: bool = True
    twin: str | None = None

    def body(self, size: int) -> bytes:
        return f"{self.kind}:{self.twin or self.id}:{size}".encode()


@dataclass
class Shelf:
    """One list in its order. What leaves it stays in its place, unseen: cursors and restored items find it again."""

    places: list[str] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)

    def put(self, id_: str, *, first: bool = False) -> None:
        self.hidden.discard(id_)
        if id_ not in self.places:
            self.places.insert(0 if first else len(self.places), id_)


@dataclass
class Album:
    """A real album; `beyond` is how many it claims more than it shows."""

    id: str
    title: str
    updated: int
    beyond: int = 0


@dataclass
class Library:
    """Everything upstream. `unseen_*` is the latitude of quick crawls: changes that move no sign."""

    items: dict[str, Item] = field(default_factory=dict)
    albums: dict[str, Album] = field(default_factory=dict)
    shelves: dict[str, Shelf] = field(default_factory=lambda: {key: Shelf() for key in VIRTUAL})
    deleted: dict[str, Item] = field(default_factory=dict)
    ever_deleted: set[str] = field(default_factory=set)
    moves: Counter[str] = field(default_factory=Counter)
    unseen_lists: set[str] = field(default_factory=set)
    unseen_order: set[str] = field(default_factory=set)
    unseen_words: set[str] = field(default_factory=set)
    sizes: dict[str, set[int]] = field(default_factory=dict)
    made: int = 0
    ticks: int = 0

    # -- what is shown ---------------------------------------------------------------------------------------------

    def shown(self, key: str, *, videos: bool = True) -> list[str]:
        """What a list shows, in its order."""
        shelf = self.shelves[key]
        seen = [id_ for id_ in shelf.places if id_ in self.items and id_ not in shelf.hidden]
        return seen if videos else [id_ for id_ in seen if self.items[id_].kind is Kind.PHOTO]

    def members(self, key: str) -> list[str]:
        """Who belongs to an album: what its list shows, except that uploads are only those outside albums."""
        seen = self.shown(key)
        if key != "uploads":
            return seen
        housed = {id_ for album in self.albums for id_ in self.shown(album)}
        return [id_ for id_ in seen if id_ not in housed and self.items[id_].home not in self.albums]

    def lists(self) -> list[str]:
        return [*self.albums, *VIRTUAL]

    def sign(self, key: str) -> object:
        """What a crawl compares to tell whether to open a list."""
        seen = self.shown(key)
        if key in VIRTUAL:
            return tuple(seen[:PROBED]), len(seen) > PROBED
        album = self.albums[key]
        return album.updated, len(seen) + album.beyond, self.cover(key)

    def cover(self, key: str) -> str | None:
        return next(iter(self.shown(key)), None)

    # -- edits -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _edit(self) -> Iterator[None]:
        """Notes which lists changed without moving their sign."""
        before = {key: (self.sign(key), self.members(key)) for key in self.lists()}
        yield
        for key in self.lists():
            sign, members = self.sign(key), self.members(key)
            if key not in before or sign != before[key][0]:
                self.moves[key] += 1
            elif set(members) != set(before[key][1]):
                self.unseen_lists.add(key)
            elif members != before[key][1]:
                self.unseen_order.add(key)

    def _touch(self, album: str | None) -> None:
        self.ticks += 1
        if album is not None:
            self.albums[album].updated = self.ticks

    def _make(self, kind: Kind, **given: object) -> Item:
        self.made += 1
        id_ = str(1000 + self.made)
        item = Item(id_, kind, f"caption {self.made}" if self.made % 3 else None, **given)  # type: ignore[arg-type]
        self.items[id_] = item
        self.sizes[id_] = {item.size}
        return item

    def add_album(self, beyond: int = 0) -> str:
        with self._edit():
            self.made += 1
            id_ = str(1000 + self.made)
            self.ticks += 1
            self.albums[id_] = Album(id_, f"Album {id_}", self.ticks, beyond)
            self.shelves[id_] = Shelf()
        return id_

    def add(self, album: str | None, kind: Kind = Kind.PHOTO, twin: str | None = None, own: bool = True) -> str:
        """Uploads something, into an album or outside of all."""
        with self._edit():
            source = self.items.get(twin or "")
            item = self._make(kind, home=album, own=own, twin=source and (source.twin or source.id))
            if source is not None:
                item.size = source.size
                self.sizes[item.id] = {item.size}
            if album is not None:
                self.shelves[album].put(item.id)
            if own:
                self.shelves["uploads" if kind is Kind.PHOTO else "videos"].put(item.id, first=True)
            self._touch(album)
        return item.id

    def tag(self, id_: str | None) -> str:
        """Tags the account in a photo; None: in somebody else's, which no other list shows."""
        with self._edit():
            id_ = id_ or self._make(Kind.PHOTO, own=False, home="somebody's").id
            self.shelves["tagged"].put(id_, first=True)
        return id_

    def untag(self, id_: str) -> None:
        with self._edit():
            self.shelves["tagged"].hidden.add(id_)

    def delete(self, id_: str) -> None:
        with self._edit():
            self.deleted[id_] = self.items.pop(id_)
            self.ever_deleted.add(id_)
            for album in self.albums:
                if id_ in self.shelves[album].places:
                    self._touch(album)

    def restore(self, id_: str) -> None:
        """Takes something back out of the bin."""
        with self._edit():
            item = self.items[id_] = self.deleted.pop(id_)
            if item.home not in self.albums and item.home is not None and item.own:
                item.home = None
            for album in self.albums:
                if id_ in self.shown(album):
                    self._touch(album)
            self.unseen_words.add(id_)

    def leave(self, id_: str, album: str) -> None:
        """Takes a photo out of an album, and leaves it alive."""
        with self._edit():
            self.shelves[album].hidden.add(id_)
            self.items[id_].home = None if self.items[id_].home == album else self.items[id_].home
            self._touch(album)

    def share(self, id_: str, album: str) -> None:
        with self._edit():
            self.shelves[album].put(id_)
            self._touch(album)

    def move(self, id_: str, album: str) -> None:
        with self._edit():
            for other in self.albums:
                if id_ in self.shown(other):
                    self.shelves[other].hidden.add(id_)
                    self._touch(other)
            self.items[id_].home = album
            self.shelves[album].put(id_)
            self._touch(album)

    def reorder(self, key: str) -> None:
        with self._edit():
            self.shelves[key].places.reverse()

    def delete_album(self, album: str) -> None:
        """Removes an album and what is at home in it; guests live on."""
        with self._edit():
            for id_ in [id_ for id_ in self.shown(album) if self.items[id_].home == album]:
                self.deleted[id_] = self.items.pop(id_)
                self.ever_deleted.add(id_)
            del self.albums[album]
        for marks in (self.unseen_lists, self.unseen_order):
            marks.discard(album)

    def rename(self, album: str, title: str) -> None:
        self.albums[album].title = title

    def write(self, id_: str, caption: str | None, title: str | None) -> None:
        """New words: no album's sign moves."""
        self.items[id_].caption, self.items[id_].title = caption, title
        self.unseen_words.add(id_)

    def encode(self, id_: str) -> None:
        """Facebook has a larger picture now."""
        self.items[id_].size += 8
        self.sizes[id_].add(self.items[id_].size)
        self.unseen_words.add(id_)

    def hand_out(self, id_: str, file: bool) -> None:
        """Whether there is a file to fetch."""
        self.items[id_].file = file
        self.unseen_words.add(id_)

    def updated_at(self, album: str) -> datetime:
        return START + timedelta(seconds=self.albums[album].updated)
