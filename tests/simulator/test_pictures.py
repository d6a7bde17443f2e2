"""Drawn pictures are real, repeatable, all different and kept within bounds."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from fbbackup.simulator.pictures import Pictures
from fbbackup.simulator.scenes import Subject, draw
from fbbackup.simulator.video import mp4
from fbbackup.simulator.words import SCENES, TIMES
from tests.simulator.conftest import small


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("time_of_day", TIMES)
def test_every_scene_has_more_than_one_colour(scene: str, time_of_day: str) -> None:
    picture = draw(Subject(scene, time_of_day, 7, "2020-01-01", "Words"), (160, 120))
    assert picture.size == (160, 120)
    assert len(picture.getcolors(160 * 120) or []) > 500


def test_the_same_photo_is_drawn_alike_and_others_differ() -> None:
    library = small()
    one, two = Pictures(library), Pictures(library)
    items = [item for photo_id in list(library.photo_ids())[:25] if (item := library.item(photo_id))]
    drawn = [one.largest(item) for item in items]
    assert drawn == [two.largest(item) for item in items]
    assert len(set(drawn)) == 25


def test_a_new_caption_does_not_change_the_picture() -> None:
    library = small()
    item = library.item(next(iter(library.photo_ids())))
    assert item is not None
    before = Pictures(library).largest(item)
    library.recaption(item.id, "Entirely other words")
    assert Pictures(library).largest(item) == before


def test_formats_and_aspects_vary() -> None:
    library = small(photos=400)
    pictures = Pictures(library)
    kinds, shapes = set(), set()
    for photo_id in list(library.photo_ids())[:150]:
        item = library.item(photo_id)
        assert item is not None
        with Image.open(io.BytesIO(pictures.largest(item))) as image:
            kinds.add(image.format)
            shapes.add(round(image.width / image.height, 1))
    assert kinds == {"JPEG", "PNG", "WEBP"}
    assert {1.3, 0.8, 1.8, 1.0, 2.4} <= shapes


def test_the_cache_stays_within_its_bytes() -> None:
    library = small()
    pictures = Pictures(library, cache_bytes=50_000)
    for photo_id in list(library.photo_ids())[:30]:
        item = library.item(photo_id)
        assert item is not None
        pictures.largest(item)
        assert sum(map(len, pictures._kept.values())) <= 50_000
    assert pictures._kept


def test_an_mp4_is_a_chain_of_boxes() -> None:
    data = mp4(1, 5)
    kinds, at = [], 0
    while at < len(data):
        kinds.append(data[at + 4 : at + 8])
        at += int.from_bytes(data[at : at + 4], "big")
    assert at == len(data)
    assert kinds == [b"ftyp", b"moov", b"mdat"]
    assert mp4(1, 5) == data != mp4(1, 6)
