"""Which photo a file is: names that Facebook did not give tell little, and nothing is merged by guess."""

from __future__ import annotations

import json
import unicodedata
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from fbbackup.sources.export.names import name_of
from tests.exports.home import Home
from tests.exports.layouts import damage
from tests.exports.pack import unpacked, zips
from tests.exports.truth import jpeg

MEDIA = "your_facebook_activity/posts/media"


def album(*photos: tuple[str, str], title: str = "Trip") -> bytes:
    """An album's text with the addresses and captions of its photos."""
    listed = [{"uri": uri, "creation_timestamp": 1488485492 + n, "description": words}
              for n, (uri, words) in enumerate(photos)]  # fmt: skip
    return json.dumps({"name": damage(title), "photos": listed}).encode()


def captions(home: Home) -> dict[str, str | None]:
    """The digest of each stored picture with its caption."""
    return {digest: home.told()[photo_id][0] for photo_id, digest in home.bodies().items()}


def of(*pictures: tuple[int, str | None]) -> dict[str, str | None]:
    return {sha256(jpeg(number)).hexdigest(): words for number, words in pictures}


@pytest.mark.parametrize(
    "paths",
    [
        (f"{MEDIA}/Trip_AbCdEfGhIj/pic.jpg", f"{MEDIA}/Trip_AbCdEfGhIj/pic (2).jpg"),
        (f"{MEDIA}/Trip_AbCdEfGhIj/pic.jpg", f"{MEDIA}/Trip_AbCdEfGhIj/pic(3).jpg"),
        (f"{MEDIA}/A/photos/pic.jpg", f"{MEDIA}/B/photos/pic.jpg"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_pictures_of_like_names_stay_two_photos(paths: tuple[str, str], at_once: bool, tmp_path: Path) -> None:
    texts = {"your_facebook_activity/posts/album/0.json": album((paths[0], "one"), (paths[1], "two"))}
    pictures = {path: jpeg(number) for number, path in enumerate(paths)}
    home = Home(tmp_path)
    if at_once:
        done = home.bring_in(zips(texts | pictures, tmp_path / "in", parts=2))
    else:
        home.bring_in(zips(pictures, tmp_path / "media"))
        done = home.bring_in(zips(texts, tmp_path / "texts"))
    assert (done.exit_code, done.record()["absent"], done.record()["unlisted"]) == (0, 0, 0)
    assert captions(home) == of((0, "one"), (1, "two"))


def test_a_listed_picture_is_not_taken_from_the_copy_of_another(tmp_path: Path) -> None:
    folder = f"{MEDIA}/Trip_AbCdEfGhIj"
    files = {"your_facebook_activity/posts/album/0.json": album((f"{folder}/pic.jpg", "one")),
             f"{folder}/pic (2).jpg": jpeg(2)}  # fmt: skip
    done = Home(tmp_path).bring_in(zips(files, tmp_path / "in")).record()
    assert (done["new"], done["absent"], done["unlisted"], done["exit_code"]) == (2, 1, 1, 4)


@pytest.mark.parametrize("folder", [True, False])
def test_a_second_copy_of_the_same_bytes_is_the_same_photo(folder: bool, tmp_path: Path) -> None:
    where = f"{MEDIA}/Trip_AbCdEfGhIj"
    files = {"your_facebook_activity/posts/album/0.json": album((f"{where}/pic.jpg", "one")),
             f"{where}/pic.jpg": jpeg(1), f"{where}/pic (2).jpg": jpeg(1)}  # fmt: skip
    home = Home(tmp_path)
    done = home.bring_in([unpacked(files, tmp_path / "in")] if folder else zips(files, tmp_path / "in"))
    assert (done.exit_code, done.record()["new"], done.record()["unlisted"]) == (0, 1, 0)
    assert captions(home) == of((1, "one"))


def test_a_tree_without_ids_is_the_same_photos_from_another_folder_on(tmp_path: Path) -> None:
    home = Home(tmp_path)
    tree = unpacked({"restored/2016/IMG_1.jpg": jpeg(1), "restored/2017/IMG_1.jpg": jpeg(2)}, tmp_path / "old")
    assert home.bring_in([tree]).record()["new"] == 2
    home.bring_in([tree / "restored"])
    assert captions(home) == of((1, None), (2, None))
    assert home.findings() == []
    before = home.everything()
    assert home.bring_in([tree / "restored"]).record()["new"] == 0
    assert home.everything() == before


def test_a_part_and_the_folder_it_was_unpacked_to_do_not_contradict_each_other(tmp_path: Path) -> None:
    uri = f"{MEDIA}/Trip_AbCdEfGhIj/pic.jpg"
    files = {"your_facebook_activity/posts/album/0.json": album((uri, "one")), uri: jpeg(1)}
    (part,) = zips(files, tmp_path / "in")
    home = Home(tmp_path)
    done = home.bring_in([part, unpacked(files, part.with_suffix(""))])
    assert (done.exit_code, done.refused, done.record()["new"]) == (0, [], 1)
    other = unpacked(files | {uri: jpeg(2)}, tmp_path / "other" / part.stem)
    assert any("other bytes under the same name" in line for line in home.bring_in([part, other]).refused)


def _of_dos(path: str) -> str:
    return path.encode().decode("cp437")


def _decomposed(path: str) -> str:
    return unicodedata.normalize("NFD", path)


def _quoted(path: str) -> str:
    return path.replace(" ", "%20")


@pytest.mark.parametrize(("in_text", "on_disk"), [(damage, _of_dos), (damage, _decomposed), (damage, damage),
                                                  (_quoted, str), (str, damage)])  # fmt: skip
@pytest.mark.parametrize("at_once", [True, False])
def test_names_that_an_archiver_wrote_otherwise_are_found(
    in_text: Any, on_disk: Any, at_once: bool, tmp_path: Path
) -> None:
    path = "photos_and_videos/Übung_AbCdEfGhIj/Bild ä.jpg" if in_text is not _quoted else "posts/media/My Trip/a b.jpg"
    texts = {"photos_and_videos/album/0.json": album((in_text(path), "one"), title="Übung")}
    pictures = {on_disk(path): jpeg(1)}
    home = Home(tmp_path)
    if at_once:
        done = home.bring_in(zips(texts | pictures, tmp_path / "in"))
    else:
        assert home.bring_in(zips(texts, tmp_path / "texts")).exit_code == 4
        home.bring_in(zips(pictures, tmp_path / "media"))
        done = home.bring_in(zips(texts | pictures, tmp_path / "in"))
    assert (done.exit_code, done.record()["absent"], done.record()["unlisted"]) == (0, 0, 0)
    assert captions(home) == of((1, "one"))


@pytest.mark.parametrize("rule", [(0o100644 << 16, "/"), (0, "\\")])
def test_a_zip_of_windows_with_its_own_separators_comes_in(rule: tuple[int, str], tmp_path: Path) -> None:
    uri = f"{MEDIA}/Trip_10150000000000900/10151.jpg"
    files = {"your_facebook_activity/posts/album/0.json": album((uri, "one")), uri: jpeg(1)}
    made = tmp_path / "facebook-ada.zip"
    with zipfile.ZipFile(made, "w") as packed:
        for name, body in files.items():
            entry = zipfile.ZipInfo("entry")
            entry.filename, entry.external_attr = name.replace("/", rule[1]), rule[0]
            packed.writestr(entry, body)
    home = Home(tmp_path)
    assert (home.bring_in([made]).exit_code, captions(home)) == (0, of((1, "one")))


@pytest.mark.parametrize(
    "stem", ["20160811", "20160811192531", "IMG_20160811192531", "20160811_192531", "FB_IMG_1470943531000", "IMG 1"]
)
def test_a_date_in_a_file_name_is_no_id(stem: str) -> None:
    assert name_of(f"restored/{stem}.jpg").made_up


@pytest.mark.parametrize(
    "name",
    ["2016-08-11_10151000000000003.jpg", "10151000000000003_1.jpg", "10151000000000003 Harbour.jpg",
     "ada - 2016-08-11 - 10151000000000003 - Harbour.jpg", "20160811_192531_10151000000000003-edited.jpg",
     "Trip (10150000000000900)/10151000000000003.jpg", "received_10151000000000003.jpeg"],
)  # fmt: skip
def test_trees_of_other_tools_have_the_id_somewhere_in_the_name(name: str) -> None:
    assert name_of(f"out/{name}").id == "10151000000000003"


def test_two_long_numbers_are_no_id() -> None:
    assert name_of("out/10151000000000003 10151000000000004 both.jpg").made_up
