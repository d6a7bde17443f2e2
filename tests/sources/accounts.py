"""An account at the simulator, and the ways in which tests read it."""

from __future__ import annotations

import time
from typing import Any

from fbbackup.http import HostRules, Http, HttpSettings
from fbbackup.models import Album, Photo
from fbbackup.protocols import Source
from fbbackup.simulator import Library, Simulator
from fbbackup.sources.graph import GraphSettings, GraphSource

SIZES = (130, 40, 7, 0, 25)
IN_ALBUMS = sum(SIZES) + 2  # two albums hold a video too


class Account:
    """Sources of one account that share their state, as runs do; waiting is only counted."""

    def __init__(self, sim: Simulator, **given: Any) -> None:
        self.sim = sim
        self.state: dict[str, Any] = {}
        self.waits: list[float] = []
        self.now = time.time
        self.limits: HttpSettings | None = None
        self.settings = GraphSettings("ada", sim.token, api_url=sim.url, sleep=self._wait, **given)

    async def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def __aenter__(self) -> GraphSource:
        self.http = Http(HostRules.of(self.sim.url), self.limits)
        self.source = GraphSource(self.settings, self.state, self.http)
        return self.source

    async def __aexit__(self, *_: object) -> None:
        await self.source.close()
        await self.http.close()


async def albums_of(source: Source) -> list[Album]:
    return [album async for albums in source.albums() for album in albums]


async def rest_of(source: Source, album: Album, cursor: str | None) -> list[Photo]:
    photos: list[Photo] = []
    while True:
        page = await source.page(album, cursor)
        assert page.problems == ()
        photos += page.photos
        cursor = page.next_cursor
        if cursor is None:
            return photos


async def all_of(source: Source) -> dict[str, list[Photo]]:
    """Everything by album, in the way of a crawl."""
    await source.identity()
    found: dict[str, list[Photo]] = {}
    async for album, page in source.first_pages(await albums_of(source)):
        assert page.problems == ()
        rest = await rest_of(source, album, page.next_cursor) if page.next_cursor else []
        found[album.remote_id] = [*page.photos, *rest]
    return found


def ids_in(library: Library, album_id: str) -> set[str]:
    return set(library.album_photos(album_id))
