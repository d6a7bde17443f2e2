"""What every destination promises: one sending a call, honest about lost answers, refusals before anything is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from fbbackup.destinations import GraphDestination, GraphTarget, OneAllDestination, OneAllTarget
from fbbackup.errors import AnswerLost, SourceUnavailable, UploadRefused
from fbbackup.http import HostRules, Http
from fbbackup.models import Outgoing
from fbbackup.protocols import Destination
from fbbackup.simulator import Library, Simulator
from fbbackup.simulator.oneall import IDENTITY, PRIVATE_KEY, PUBLIC_KEY
from fbbackup.thumbnails.outgoing import alike, animated
from tests.fake_source import jpeg

PHOTO = Outgoing("1", jpeg(1), "image/jpeg", 64, 48, caption="Sea", url="https://pictures.example.org/1.jpg")


@dataclass
class Place:
    """A destination and the server behind it; `gone` is the same destination where nobody listens."""

    destination: Destination
    gone: Destination
    sim: Simulator

    @property
    def arrived(self) -> int:
        return len(self.sim.world.published) + len(self.sim.world.pushes)


def graph(url: str, sim: Simulator, http: Http) -> Destination:
    return GraphDestination(GraphTarget("page", sim.library.owner_id, sim.token, alike, url, animated=animated), http)


def oneall(url: str, sim: Simulator, http: Http) -> Destination:
    return OneAllDestination(OneAllTarget("one", url, PUBLIC_KEY, PRIVATE_KEY, IDENTITY, page_id="77"), http)


@pytest.fixture(params=[graph, oneall])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    with Simulator(Library(album_sizes=(1,), page=True), budget=100_000) as sim:
        http = Http(HostRules.of(sim.url))
        yield Place(request.param(sim.url, sim, http), request.param("http://127.0.0.1:9", sim, http), sim)
        await http.close()


async def test_it_admits_a_good_login_and_sends_one_photo_a_call(place: Place) -> None:
    await place.destination.admit()
    place.destination.check(PHOTO)
    before = place.destination.calls
    published = await place.destination.upload(PHOTO)
    assert published.remote_id
    assert published.link
    assert (place.arrived, place.destination.calls - before) == (1, 1)


async def test_an_answer_that_was_lost_is_said_to_be_lost(place: Place) -> None:
    place.sim.faults.set("graph-reset", times=1)
    with pytest.raises(AnswerLost):
        await place.destination.upload(PHOTO)
    assert place.arrived == 1


async def test_where_nobody_listens_nothing_was_sent(place: Place) -> None:
    with pytest.raises(SourceUnavailable) as caught:
        await place.gone.upload(PHOTO)
    assert not isinstance(caught.value, AnswerLost)


@pytest.mark.parametrize(
    "photo", [replace(PHOTO, content_type="image/heic"), replace(PHOTO, url=None, body=bytes(10_000_001))]
)
async def test_what_the_service_takes_not_is_refused_before_it_is_sent(place: Place, photo: Outgoing) -> None:
    with pytest.raises(UploadRefused):
        place.destination.check(photo)
    assert place.destination.calls == 0


async def test_what_never_arrived_is_not_found(place: Place) -> None:
    try:
        found = await place.destination.find(PHOTO, datetime(2020, 1, 1, tzinfo=UTC), ())
    except AnswerLost:
        return
    assert found is None
