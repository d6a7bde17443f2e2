"""Every layout of exports, whole or in parts in any order: what comes out is what the library holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exports.home import Home, expected_bodies, expected_members, expected_told
from tests.exports.layouts import FOUR, GENERATIONS, TWO, Generation, Layout
from tests.exports.pack import unpacked, zips
from tests.exports.truth import Truth, drawn


def whole(home: Home, truth: Truth) -> None:
    assert home.bodies() == expected_bodies(truth)
    assert home.members() == expected_members(truth)
    assert home.told() == expected_told(truth)
    assert home.findings() == []
    assert home.rows("SELECT source, display_name FROM accounts") == [("export", truth.owner)]


@pytest.mark.parametrize("generation", GENERATIONS, ids=lambda each: each.name)
def test_each_generation_in_parts_comes_in_whole(generation: Generation, tmp_path: Path) -> None:
    truth = drawn(photos=30)
    home = Home(tmp_path)
    done = home.bring_in(zips(Layout(truth, generation).files, tmp_path / "in", parts=3, stored=False))
    assert (done.exit_code, done.refused, done.result.ambiguous) == (0, [], [])
    record = done.record()
    assert (record["new"], record["absent"], record["unlisted"], record["skipped"]) == (30, 0, 0, 0)
    coverage = record["coverage"]
    assert (coverage["understood"], coverage["kept_raw"], coverage["not_understood"]) == (coverage["json_files"], 0, [])
    whole(home, truth)


def test_a_folder_comes_in_like_zips(tmp_path: Path) -> None:
    truth = drawn(photos=20)
    home = Home(tmp_path)
    done = home.bring_in([unpacked(Layout(truth, FOUR).files, tmp_path / "facebook-ada.example")])
    assert done.exit_code == 0
    whole(home, truth)


def test_importing_twice_changes_nothing(tmp_path: Path) -> None:
    truth = drawn(photos=20)
    home = Home(tmp_path)
    parts = zips(Layout(truth, TWO).files, tmp_path / "in", parts=2)
    home.bring_in(parts)
    before = home.everything()
    again = home.bring_in(list(reversed(parts)))
    assert home.everything() == before
    assert (again.record()["new"], again.record()["stored"], again.record()["unchanged"]) == (0, 0, 20)


def test_texts_alone_list_photos_that_the_media_part_completes(tmp_path: Path) -> None:
    truth = drawn(photos=20)
    files = Layout(truth, TWO).files
    texts = {name: body for name, body in files.items() if name.endswith(".json")}
    media = {name: body for name, body in files.items() if name not in texts}
    home = Home(tmp_path)
    first = home.bring_in(zips(texts, tmp_path / "texts"))
    assert (first.exit_code, first.record()["absent"], first.record()["new"]) == (4, 20, 20)
    assert home.value("SELECT count(*) FROM photos WHERE state = 'stored'") == 0
    second = home.bring_in(zips(media, tmp_path / "media"))
    assert (second.exit_code, second.record()["new"], second.record()["unlisted"]) == (0, 0, 0)
    whole(home, truth)


def test_media_before_their_texts_end_the_same(tmp_path: Path) -> None:
    truth = drawn(photos=20)
    files = Layout(truth, FOUR).files
    texts = {name: body for name, body in files.items() if name.endswith(".json")}
    media = {name: body for name, body in files.items() if name not in texts}
    home = Home(tmp_path)
    first = home.bring_in(zips(media, tmp_path / "media"))
    assert (first.exit_code, first.record()["unlisted"]) == (0, 20)
    assert home.members() == {"Unlisted media": {photo.id for photo in truth.photos}}
    assert home.bring_in(zips(texts, tmp_path / "texts")).exit_code == 0
    whole(home, truth)


def test_exports_of_several_generations_make_one_library(tmp_path: Path) -> None:
    truth = drawn(photos=20)
    home = Home(tmp_path)
    for number, generation in enumerate(GENERATIONS):
        parts = zips(Layout(truth, generation).files, tmp_path / generation.name, parts=2, day=f"202{number}-01-02")
        assert home.bring_in(parts).exit_code == 0
        whole(home, truth)
