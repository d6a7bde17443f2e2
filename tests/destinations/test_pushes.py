"""Every push of the table, sent once: its path, the key of its object, and what it can't be sent without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fbbackup.destinations import OneAllDestination, OneAllTarget
from fbbackup.destinations.oneall import PUSHES
from fbbackup.errors import ConfigError, UploadRefused
from fbbackup.http import HostRules, Http
from fbbackup.models import Outgoing
from fbbackup.simulator import Library, Simulator
from fbbackup.simulator.oneall import IDENTITY, PRIVATE_KEY, PUBLIC_KEY
from tests.fake_source import jpeg

PATHS = {
    "facebook/post", "facebook/picture", "facebook/video", "facebook/group/post", "facebook/group/picture",
    "facebook/group/video", "facebook/page/post", "facebook/page/picture", "facebook/page/video", "linkedin/post",
    "linkedin/company/post", "pinterest/board/b%2F1/pin", "pinterest/board", "twitter/post", "twitter/picture",
    "twitter/video", "youtube/video", "youtube/playlist/p1/video", "youtube/playlist", "youtube/channel/section",
}  # fmt: skip
NEEDED = (("id", "77"), ("board_id", "b/1"), ("playlist_id", "p1"), ("title", "T"), ("name", "N"))
PHOTO = Outgoing(
    "1", jpeg(1), "image/jpeg", 64, 48, caption="Sea", url="https://pictures.example.org/1.jpg", params=NEEDED
)


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(Library(album_sizes=(1,), page=True), budget=100_000) as running:
        yield running


def destination(sim: Simulator, push: str, http: Http, *, force: bool = True) -> OneAllDestination:
    return OneAllDestination(
        OneAllTarget("one", sim.url, PUBLIC_KEY, PRIVATE_KEY, IDENTITY, push=push, force=force), http
    )


async def test_the_documented_pushes_are_all_there(sim: Simulator) -> None:
    http = Http(HostRules.of(sim.url))
    sim.world.pushes.clear()
    for push in PUSHES:
        target = destination(sim, push, http)
        await target.admit()
        target.check(PHOTO)
        assert (await target.upload(PHOTO)).remote_id
    assert {made["path"] for made in sim.world.pushes} == PATHS
    assert len(sim.world.pushes) == len(PATHS)
    await http.close()


@pytest.mark.parametrize("push", [name for name, push in PUSHES.items() if push.names])
async def test_what_a_push_needs_is_named_before_it_is_sent(sim: Simulator, push: str) -> None:
    http = Http(HostRules.of(sim.url))
    target = destination(sim, push, http)
    with pytest.raises(UploadRefused, match="--param"):
        target.check(Outgoing("1", jpeg(1), "image/jpeg", 64, 48, url="https://a.example/1.jpg"))
    assert target.calls == 0
    await http.close()


async def test_pushes_to_profiles_have_ended_and_unknown_ones_are_named(sim: Simulator) -> None:
    http = Http(HostRules.of(sim.url))
    for push in ("facebook/picture", "facebook/post", "facebook/video"):
        with pytest.raises(ConfigError, match="2018-08-01"):
            await destination(sim, push, http, force=False).admit()
    with pytest.raises(ConfigError, match="known are"):
        destination(sim, "myspace/picture", http)
    await http.close()
