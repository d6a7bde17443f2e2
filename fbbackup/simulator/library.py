"""The account's library as tests hold it: everything that can be read, and edits while the server runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fbbackup.simulator.folder import measured
from fbbackup.simulator.holdings import Album, Holdings, Item

ADDED_NUMBERS = 2_000_000_000

__all__ = ["Album", "Item", "Library"]


@dataclass
class Library(Holdings):
    """Albums, photos and videos; see `Holdings` for the options."""

    def override(self, node_id: str, **fields: Any) -> None:
        """Give a node's fields other values; None takes a field away."""
        with self.lock:
            self.overrides.setdefault(node_id, {}).update(fields)

    def recaption(self, photo_id: str, text: str | None) -> None:
        """Change a caption; as on Facebook the album's `updated_time` stays."""
        self.override(photo_id, name=text)

    def rename_album(self, album_id: str, name: str) -> None:
        """Change an album's name."""
        self.override(album_id, name=name)

    def _touch(self, album_id: str | None) -> None:
        if album_id is not None:
            self.touched[album_id] = self.clock.now()

    def add_album(self, name: str, kind: str = "normal") -> str:
        """Make an empty album."""
        with self.lock:
            album_id = self.ids.added_album.id_of(len(self.added_albums))
            self.added_albums[album_id] = Album(album_id, None, int(self.clock.now()), kind)
            self.album_list().add(album_id)
            self.override(album_id, name=name)
            return album_id

    def add_photo(self, album_id: str | None = None, caption: str | None = None, data: bytes | None = None) -> str:
        """Upload a photo, drawn like the others unless its bytes are given."""
        with self.lock:
            number = len(self.added)
            photo_id = self.ids.added_photo.id_of(number)
            created = int(self.clock.now())
            self.added[photo_id] = Item(photo_id, "photo", ADDED_NUMBERS + number, album_id, created)
            self.override(photo_id, name=caption)
            if data is not None:
                self.own_bytes[photo_id] = data
                self.own_sizes[photo_id] = measured(data)
            self.own_photos("uploaded").add(photo_id)
            if album_id is not None:
                self.album_photos(album_id).add(photo_id)
                self._touch(album_id)
            return photo_id

    def delete_photo(self, photo_id: str) -> None:
        """Remove a photo for good."""
        with self.lock:
            item = self.item(photo_id)
            self.gone.add(photo_id)
            self._touch(item.album_id if item else None)

    def delete_album(self, album_id: str) -> None:
        """Remove an album and the photos whose home it is."""
        with self.lock:
            self.gone.update(one for one in self.album_photos(album_id) if self._at_home(one, album_id))
            self.gone_albums.add(album_id)

    def _at_home(self, item_id: str, album_id: str) -> bool:
        item = self.item(item_id)
        return item is not None and (item.album_id == album_id or item.kind == "video")

    def move_photo(self, photo_id: str, album_id: str) -> None:
        """Take a photo out of its album and put it into another."""
        with self.lock:
            item = self.item(photo_id)
            if item is None:
                raise KeyError(photo_id)
            if item.album_id is not None:
                self.album_photos(item.album_id).hidden.add(photo_id)
            self._touch(item.album_id)
            self.home[photo_id] = album_id
            if photo_id in self.added:
                self.added[photo_id] = Item(photo_id, "photo", item.number, album_id, item.created)
            self.share_photo(photo_id, album_id)

    def share_photo(self, photo_id: str, album_id: str) -> None:
        """Show a photo in one more album."""
        with self.lock:
            self.album_photos(album_id).add(photo_id)
            self._touch(album_id)

    def tag(self, photo_id: str, person: int = 0, x: float = 50.0, y: float = 50.0) -> None:
        """Tag somebody; tagging the account (0) puts the photo into its tagged photos."""
        with self.lock:
            tag = {"id": self.person_id(person), "name": self.person_name(person), "x": x, "y": y}
            self.extra_tags.setdefault(photo_id, []).append(tag)
            if person == 0:
                self.own_photos("tagged").add(photo_id)

    def comment(self, photo_id: str, message: str, person: int = 1) -> None:
        """Add a comment."""
        with self.lock:
            said = {"message": message, "from": {"name": self.person_name(person), "id": self.person_id(person)}}
            self.extra_comments.setdefault(photo_id, []).append(said)
