"""Signed picture URLs: another signature at every listing, an end of life, and back from a URL to its photo."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from urllib.parse import parse_qs

from fbbackup.simulator.dice import roll
from fbbackup.simulator.library import Item, Library
from fbbackup.simulator.settings import Settings
from fbbackup.simulator.variants import Rendition, announced_extension

PHOTO_DIRECTORY = "/v/t39.30808-6/"
VIDEO_DIRECTORY = "/v/t42.1790-2/"
_OLD = 1_340_000_000
_NEARBY = 4


class Unsigned(Exception):
    """A URL that the CDN refuses, with its status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass
class Signer:
    """Makes and checks picture URLs."""

    library: Library
    settings: Settings
    base: str = ""

    def __post_init__(self) -> None:
        self._turns = count(1)
        self._key = roll(self.library.seed, 81).to_bytes(8, "big")

    def path(self, item: Item) -> str:
        """The file's path; the middle number is the photo's id only for old uploads."""
        name = int(item.id) + (0 if item.created < _OLD else _NEARBY)
        first = 300_000_000 + roll(self.library.seed, item.number, 82) % 200_000_000
        last = roll(self.library.seed, item.number, 83) % 10**18
        if item.kind == "video":
            return f"{VIDEO_DIRECTORY}{first}_{name}_{last}_n.mp4"
        return f"{PHOTO_DIRECTORY}{first}_{name}_{last}_n.{announced_extension(self.library, item)}"

    def turn(self) -> tuple[str, str]:
        """What one listing of a photo has in its URLs: a running number and the end of life, both as text."""
        number = next(self._turns)
        ends = int(self.library.clock.now() + self.settings.url_life) + number % 97
        return f"{number:x}", f"{ends:X}"

    def url(self, path: str, stp: str, turn: tuple[str, str]) -> str:
        """One signed URL."""
        base = self.settings.cdn_base or self.base
        signature = self._signature(path, stp, turn)
        size = f"stp={stp}&" if stp else ""
        return f"{base}{path}?{size}_nc_cat=1&ccb=1-7&_nc_sid=aa{turn[0]}&oh=00_Af{signature}&oe={turn[1]}"

    def _signature(self, path: str, stp: str, turn: tuple[str, str]) -> str:
        signed = f"{path}|{stp}|{turn[0]}|{turn[1]}".encode()
        return hashlib.blake2b(signed, key=self._key, digest_size=16).hexdigest()

    def check(self, path: str, query: str) -> str:
        """The rendition's `stp` when the URL is whole and alive."""
        params = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
        ends, given = params.get("oe", ""), params.get("oh", "")
        if not ends or not given:
            raise Unsigned(403, "Bad URL hash" if ends else "Bad URL timestamp")
        turn = (params.get("_nc_sid", "")[2:], ends)
        stp = params.get("stp", "")
        if given != f"00_Af{self._signature(path, stp, turn)}":
            raise Unsigned(403, "URL signature mismatch")
        if int(ends, 16) < self.library.clock.now():
            raise Unsigned(403, "URL signature expired")
        return stp

    def item(self, path: str) -> Item | None:
        """The photo or video of a path."""
        parts = path.rpartition("/")[2].split("_")
        if len(parts) != 4 or not parts[1].isdigit():
            return None
        name = int(parts[1])
        for photo_id in (str(name - _NEARBY), str(name)):
            item = self.library.item(photo_id)
            if item is not None and self.path(item) == path:
                return item
        return None

    def images(self, item: Item, found: Iterable[Rendition]) -> list[dict[str, object]]:
        """Entries of `images`: the same as `url` for each, but quick, for this is where most time goes."""
        path, turn, key = self.path(item), self.turn(), self._key
        base = f"{self.settings.cdn_base or self.base}{path}?"
        tail = f"|{turn[0]}|{turn[1]}"
        between, end = f"_nc_cat=1&ccb=1-7&_nc_sid=aa{turn[0]}&oh=00_Af", f"&oe={turn[1]}"
        entries: list[dict[str, object]] = []
        for one in found:
            signed = f"{path}|{one.stp}{tail}".encode()
            signature = hashlib.blake2b(signed, key=key, digest_size=16).hexdigest()
            size = f"stp={one.stp}&" if one.stp else ""
            source = f"{base}{size}{between}{signature}{end}"
            entries.append({"height": one.height, "source": source, "width": one.width})
        return entries
