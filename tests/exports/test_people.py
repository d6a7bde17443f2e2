"""Whose export it is: several people are kept apart, one who changed a name is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.exports.home import Home
from tests.exports.pack import unpacked, zips
from tests.exports.truth import jpeg

MEDIA = "your_facebook_activity/posts/media/your_posts"


def export(number: int, owner: str | None = None, username: str = "") -> dict[str, bytes]:
    uri = f"{MEDIA}/{10_151_000 + number}.jpg"
    listed = {"other_photos_v2": [{"uri": uri, "creation_timestamp": 1488485492}]}
    files = {
        "your_facebook_activity/posts/your_uncategorized_photos.json": json.dumps(listed).encode(),
        uri: jpeg(number),
    }
    if owner is not None:
        person = {"profile_v2": {"name": {"full_name": owner}, "username": username}}
        where = "personal_information/profile_information/profile_information.json"
        files[where] = json.dumps(person).encode()
    return files


def accounts(home: Home) -> dict[str, tuple[str | None, int]]:
    """Each account's owner and how many photos it has."""
    rows = home.rows(
        "SELECT a.name, a.display_name, (SELECT count(*) FROM photos p WHERE p.account_id = a.id), "
        "(SELECT count(*) FROM album_photos m JOIN albums b ON b.id = m.album_id WHERE b.account_id = a.id) "
        "FROM accounts a"
    )
    assert all(photos == members for _, _, photos, members in rows)
    return {name: (owner, photos) for name, owner, photos, _ in rows}


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("named", [True, False])
def test_two_people_are_two_accounts(at_once: bool, named: bool, tmp_path: Path) -> None:
    ada, bo = export(1, "Ada Example", "ada.example"), export(2, "Bo Beispiel", "bo.beispiel")
    if named:
        parts = [*zips(ada, tmp_path / "a", parts=2), *zips(bo, tmp_path / "b", parts=2, who="bo.beispiel")]
    else:
        parts = [unpacked(ada, tmp_path / "one"), unpacked(bo, tmp_path / "two")]
    home = Home(tmp_path)
    half = len(parts) // 2
    if at_once:
        done = home.bring_in(parts)
        assert len(done.record()["accounts"]) == 2
        assert any("several people" in line for line in done.lines())
    for each in () if at_once else (parts[:half], parts[half:]):
        done = home.bring_in(each)
        assert done.exit_code == 0
    found = accounts(home)
    assert sorted(found.values()) == [("Ada Example", 1), ("Bo Beispiel", 1)]
    assert not named or found.keys() == {"facebook-ada-example", "facebook-bo-beispiel"}
    assert home.findings() == []


@pytest.mark.parametrize("at_once", [True, False])
def test_a_person_with_another_user_name_is_one_account(at_once: bool, tmp_path: Path) -> None:
    old = zips(export(1, "Ada Example", "adamaiden"), tmp_path / "a", who="adamaiden", day="2019-01-02")
    new = zips(export(2, "Ada Example", "ada.example"), tmp_path / "b", day="2024-01-02")
    home = Home(tmp_path)
    for parts in ([*new, *old],) if at_once else (old, new):
        home.bring_in(parts)
    assert list(accounts(home).values()) == [("Ada Example", 2)]


def test_the_name_of_the_latest_export_stands(tmp_path: Path) -> None:
    old = zips(export(1, "Ada Maiden", "ada.example"), tmp_path / "a", day="2019-01-02")
    new = zips(export(2, "Ada Example", "ada.example"), tmp_path / "b", day="2024-01-02")
    home = Home(tmp_path)
    home.bring_in([*new, *old])
    assert accounts(home) == {"facebook-ada-example": ("Ada Example", 2)}


def test_parts_that_do_not_tell_belong_to_the_others(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.bring_in([*zips(export(1, "Ada Example", "ada.example"), tmp_path / "a"), unpacked(export(2), tmp_path / "x")])
    home.bring_in([unpacked(export(3), tmp_path / "y")])
    home.bring_in([unpacked(export(4, "Ada Example"), tmp_path / "z")])
    assert accounts(home) == {"facebook-ada-example": ("Ada Example", 4)}


@pytest.mark.parametrize(
    "name",
    ["facebook-ada.zip", "facebook-ada-2024-01-02-AbCdEfGh.zip", "facebook-ada-2024-01-02-Ab_d-fGh.zip",
     "facebook-ada-AbCdEfGh.zip", "facebook-ada-2024-01-02-AbCdEfGh (1).zip", "facebook-ada-2024-01-02.zip"],
)  # fmt: skip
def test_names_of_parts_tell_whose_they_are(name: str, tmp_path: Path) -> None:
    (made,) = zips(export(1), tmp_path / "in")
    home = Home(tmp_path)
    home.bring_in([made.rename(made.with_name(name))])
    assert accounts(home).keys() == {"facebook-ada"}


@pytest.mark.parametrize("owner", ["Ada Example", None])
def test_other_names_of_parts_alone_prove_nobody_else_and_are_told(owner: str | None, tmp_path: Path) -> None:
    parts = [*zips(export(1, owner), tmp_path / "a", who="1"), *zips(export(2), tmp_path / "b", who="2")]
    home = Home(tmp_path)
    done = home.bring_in(parts)
    assert accounts(home) == {"facebook-1": (owner, 2)}
    assert (done.exit_code, len(done.result.ambiguous)) == (0, 1)
    assert "1, 2" in done.result.ambiguous[0]
