"""Uploads whose answers are lost, and programs that die around them: whatever happens, each photo is there once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from fbbackup.app import archive_place
from fbbackup.destinations import GraphDestination, GraphTarget
from fbbackup.http import HostRules, Http
from fbbackup.job import utc_now
from fbbackup.models import Outgoing, Published
from fbbackup.thumbnails import examine
from fbbackup.thumbnails.outgoing import alike, animated
from fbbackup.upload import Uploading, UploadSettings, upload_photos
from tests.destinations.test_uploads import Setup, setup, stored  # noqa: F401

Figure = Callable[[str], None]
FAULTS: dict[str, dict[str, Any]] = {
    "graph-reset": {}, "graph-cut": {}, "graph-outage": {}, "graph-html": {}, "graph-empty": {},
    "graph-error": {"code": 2},
}  # fmt: skip
DEATHS = ("dies before it is sent", "dies after it is sent")
MOST_RUNS = 12


class Died(BaseException):
    """The program is gone, as after kill -9: nobody handles this."""


class Mortal(GraphDestination):
    """A Page whose program dies around the sending."""

    when = ""

    async def upload(self, photo: Outgoing) -> Published:
        if self.when == DEATHS[0]:
            raise Died
        await super().upload(photo)
        raise Died


def die(setup: Setup, photo: str, album: str, when: str) -> None:  # noqa: F811
    config = setup.config()

    async def work() -> None:
        http = Http(HostRules.of(setup.page.url))
        target = GraphTarget("page", setup.page.library.owner_id, setup.page.token, alike, setup.page.url,
                             animated=animated)  # fmt: skip
        mortal = Mortal(target, http)
        mortal.when = when
        settings = UploadSettings(album=album)
        try:
            await upload_photos(
                Uploading(mortal, place.store, place.catalog, settings, utc_now, lambda body: examine(body)), [photo]
            )
        finally:
            await http.close()

    with archive_place(config, setup.home.archive, setup.home.environ) as place, pytest.raises(Died):
        asyncio.run(work())


def once(setup: Setup, photo: str, dice: random.Random) -> tuple[str, int]:  # noqa: F811
    """One photo into an album of its own, through one kind of trouble; what it was, and how many uploads it took."""
    album = setup.page.library.add_album("An album")
    kind = dice.choice([*FAULTS, *DEATHS])
    if kind in DEATHS:
        die(setup, photo, album, kind)
    else:
        times = dice.choice([1, 1, 2, 3, 5])
        setup.page.faults.set(kind, times=times, match=f"/{album}/photos", **FAULTS[kind])
    runs = 0
    record: dict[str, Any] = {"exit_code": 4}
    while record["exit_code"] == 4 and runs < MOST_RUNS:
        record = setup.upload(photo, album=album)
        runs += 1
    assert record["exit_code"] == 0, record
    setup.page.faults.clear()
    there = list(setup.page.library.album_photos(album))
    told = [one["remote_id"] for one in (*record["uploaded"], *record["already"])]
    assert (there, kind) == (told, kind)
    assert len(there) == 1
    return kind, runs


def through(setup: Setup, count: int) -> str:  # noqa: F811
    dice = random.Random(count)
    found = [once(setup, setup.photos[number % len(setup.photos)], dice) for number in range(count)]
    kinds = Counter(kind for kind, _ in found)
    runs = sum(run for _, run in found)
    return f"lost uploads, {count} of {len(kinds)} kinds, {runs} runs: 0 duplicates, 0 missing"


def test_a_sample_of_lost_answers(setup: Setup, figure: Figure) -> None:  # noqa: F811
    figure(through(setup, 12))


@pytest.mark.sweep
@pytest.mark.timeout(1800)
def test_lost_answers_by_the_hundred(setup: Setup, figure: Figure) -> None:  # noqa: F811
    figure(through(setup, 200))
