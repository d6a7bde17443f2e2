"""Pictures that leave: scaled down below a limit, and known again after somebody compressed them anew."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from fbbackup.errors import BadPicture
from fbbackup.simulator import Library, Simulator
from fbbackup.simulator.publishing import recompressed
from fbbackup.thumbnails.outgoing import alike, fitted


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
