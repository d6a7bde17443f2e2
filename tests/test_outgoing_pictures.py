"""Pictures that leave: scaled down below a limit, and known again after somebody compressed them anew."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from fbbackup.destinations import GraphDestination, GraphTarget
from fbbackup.errors import BadPicture, UploadRefused
from fbbackup.http import HostRules, Http
from fbbackup.models import Outgoing
from fbbackup.simulator import Library, Simulator
from fbbackup.simulator.publishing import recompressed
from fbbackup.thumbnails.outgoing import alike, animated, fitted


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    sim = Simulator(Library(album_sizes=(8,), largest=640, odd=False))
    found = [sim.largest_bytes(id_) for id_ in sim.library.photo_ids()]
    return [body for body in found if body[:2] == b"\xff\xd8"]


def test_a_picture_is_alike_itself_compressed_anew_and_no_other(pictures: list[bytes]) -> None:
    for number, body in enumerate(pictures):
        assert alike(body, recompressed(body))
        assert not any(alike(body, other) for place, other in enumerate(pictures) if place != number)


def test_what_is_no_picture_is_like_nothing(pictures: list[bytes]) -> None:
    assert not alike(pictures[0], b"no picture")


def test_a_picture_that_is_too_large_is_made_to_fit() -> None:
    out = io.BytesIO()
    Image.effect_noise((1500, 1000), 90).convert("RGB").save(out, "PNG")
    small = fitted(out.getvalue(), 400_000)
    assert len(small) < 400_000
    with Image.open(io.BytesIO(small)) as picture:
        assert (picture.format, round(picture.width / picture.height, 2)) == ("JPEG", 1.5)
    with pytest.raises(BadPicture):
        fitted(out.getvalue(), 1000)


def moving(kind: str, frames: int) -> bytes:
    first, *others = (Image.new("RGB", (40, 30), (number * 60, 0, 0)) for number in range(frames))
    out = io.BytesIO()
    first.save(out, kind, save_all=True, append_images=others, duration=100)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_moving_pictures_are_told_from_still_ones(kind: str) -> None:
    assert animated(moving(kind, 3))
    assert not animated(moving(kind, 1))
    assert not animated(moving(kind, 3)[:40])
    assert not animated(fitted(moving(kind, 3), 100_000))


async def test_a_page_is_sent_no_moving_picture() -> None:
    http = Http(HostRules.of("http://127.0.0.1:9"))
    page = GraphDestination(GraphTarget("page", "1", "token-of-a-page", alike, animated=animated), http)
    still, gif = moving("GIF", 1), moving("GIF", 2)
    page.check(Outgoing("1", still, "image/gif", 40, 30))
    with pytest.raises(UploadRefused, match="animated"):
        page.check(Outgoing("1", gif, "image/gif", 40, 30))
    await http.close()
