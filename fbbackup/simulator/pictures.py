"""Real image bytes of every rendition: drawn once, encoded, resized when asked and kept in a bounded cache."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict

from PIL import Image

from fbbackup.simulator.clock import graph_date
from fbbackup.simulator.content import caption, scene_of
from fbbackup.simulator.library import Item, Library
from fbbackup.simulator.scenes import Subject, draw
from fbbackup.simulator.variants import Rendition, renditions
from fbbackup.simulator.video import mp4

CACHE_BYTES = 96 * 1024 * 1024
_SAVING: dict[str, dict[str, int]] = {
    "jpeg": {"quality": 86},
    "png": {"compress_level": 1},
    "webp": {"quality": 80, "method": 0},
}


def encode(image: Image.Image, kind: str) -> bytes:
    """The file that the CDN sends."""
    buffer = io.BytesIO()
    image.save(buffer, kind.upper(), **_SAVING[kind])
    return buffer.getvalue()


class Pictures:
    """Bytes by photo and rendition; safe to use from several threads."""

    def __init__(self, library: Library, cache_bytes: int = CACHE_BYTES) -> None:
        self.library = library
        self.cache_bytes = cache_bytes
        self._kept: OrderedDict[tuple[str, str, str], bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def largest(self, item: Item) -> bytes:
        """The largest rendition of a photo, or a video's file."""
        return self.of(item, renditions(self.library, item)[0] if item.kind == "photo" else None)

    def of(self, item: Item, rendition: Rendition | None) -> bytes:
        """One rendition; None is a video's file."""
        key = (item.id, rendition.stp if rendition else "", rendition.format if rendition else "mp4")
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                return kept
        made = self._make(item, rendition)
        self._keep(key, made)
        return made

    def _keep(self, key: tuple[str, str, str], made: bytes) -> None:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._size += len(made)
            while self._size > self.cache_bytes and self._kept:
                self._size -= len(self._kept.popitem(last=False)[1])

    def _make(self, item: Item, rendition: Rendition | None) -> bytes:
        if rendition is None:
            return mp4(self.library.seed, item.number)
        largest = renditions(self.library, item)[0]
        if rendition != largest:
            return self._smaller(item, largest, rendition)
        if item.id in self.library.own_bytes:
            return self.library.own_bytes[item.id]
        if self.library.folder and item.number < self.library.photos:
            return self.library.folder.read_bytes(item.number)
        return encode(draw(self._subject(item), (largest.width, largest.height)), largest.format)

    def _subject(self, item: Item) -> Subject:
        """The caption as first written: changing it later changes no byte of the picture."""
        scene, time_of_day = scene_of(self.library, item)
        words = caption(self.library, item) if item.id not in self.library.overrides else None
        number = item.number * 1009 + self.library.seed
        date = graph_date(item.created)[:10]
        return Subject(scene, time_of_day, number, date, words or "", self.library.heavy)

    def _smaller(self, item: Item, largest: Rendition, rendition: Rendition) -> bytes:
        size = (rendition.width, rendition.height)
        with Image.open(io.BytesIO(self.of(item, largest))) as image:
            image.draft("RGB", (size[0] * 2, size[1] * 2))
            small = image.convert("RGB").resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
        return encode(small, rendition.format)
