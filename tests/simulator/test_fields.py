"""Fields must be asked for, nested lists come as pages, and one unknown field fails the whole call."""

from __future__ import annotations

import re

import pytest

from tests.simulator.conftest import Client, Started, small


def test_without_fields_only_the_defaults_come(client: Client) -> None:
    album = client.ask("me/albums", limit=1)["data"][0]
    assert set(album) == {"created_time", "name", "id"}
    photos = client.ask("me/photos", type="uploaded", limit=50)["data"]
    assert all({"created_time", "id"} <= set(photo) <= {"created_time", "name", "id"} for photo in photos)
    assert {"name" in photo for photo in photos} == {True, False}


def test_id_always_comes_along(client: Client) -> None:
    assert "id" in client.ask("me/albums", fields="name", limit=1)["data"][0]


def test_nested_lists_are_pages_with_their_own_next(client: Client) -> None:
    album = next(
        album
        for album in client.ask("me/albums", fields="count,photos.limit(2){id,album{id,name}}")["data"]
        if album["count"] > 4
    )
    photos = album["photos"]
    assert len(photos["data"]) == 2
    assert photos["data"][0]["album"]["id"] == album["id"]
    following = client.http.get(photos["paging"]["next"]).json()
    assert len(following["data"]) == 2
    assert following["data"][0]["id"] not in {photo["id"] for photo in photos["data"]}
    assert "album" in following["data"][0]


@pytest.mark.parametrize(("path", "kind"), [("me/photos", "Photo"), ("me/albums", "Album"), ("me", "User")])
def test_an_unknown_field_fails_the_whole_call(client: Client, path: str, kind: str) -> None:
    error = client.error(path, fields="id,bogus")
    assert error["code"] == 100
    assert error["message"] == f"(#100) Tried accessing nonexisting field (bogus) on node type ({kind})"


def test_fields_can_cease_to_exist(start: Started) -> None:
    client = start(missing_fields={"reactions"})
    assert "(reactions)" in client.error("me/photos", type="uploaded", fields="id,reactions{type}")["message"]
    assert client.ask("me/photos", type="uploaded", fields="id,likes{name}")["data"]


@pytest.mark.parametrize("fields", ["id,photos{id", "id,,name", "id}", "photos.limit(2{id}"])
def test_broken_fields_are_a_syntax_error(client: Client, fields: str) -> None:
    error = client.error("me/albums", fields=fields)
    assert error["code"] == 2500
    assert "Syntax error" in error["message"]


def test_images_are_unsorted_and_sized(client: Client) -> None:
    photos = client.ask("me/photos", type="uploaded", limit=100, fields="images,width")["data"]
    first_is_largest = [
        photo["images"][0]["width"] == max(image["width"] for image in photo["images"]) for photo in photos
    ]
    assert not all(first_is_largest)
    assert any(first_is_largest)


def test_old_and_new_shapes_of_places_tags_and_covers_occur(start: Started) -> None:
    client = start(small(photos=400, albums=16))
    photos = [
        photo
        for page in client.pages("me/photos", type="uploaded", limit=100, fields="place,name_tags,from,backdated_time")
        for photo in page["data"]
    ]
    locations = [photo["place"].get("location") for photo in photos if "place" in photo]
    assert {type(location) for location in locations} == {dict, str, type(None)}
    assert any(isinstance(one, dict) and isinstance(one.get("located_in"), float) for one in locations)
    assert {type(photo["name_tags"]) for photo in photos if "name_tags" in photo} == {list, dict}
    assert [] in [photo.get("name_tags") for photo in photos]
    assert any("from" not in photo for photo in photos)
    covers = [album.get("cover_photo") for album in client.ask("me/albums", fields="cover_photo", limit=50)["data"]]
    assert {type(cover) for cover in covers} == {dict, str, type(None)}


def test_people_below_photos_have_the_documented_gaps(start: Started) -> None:
    client = start(small(photos=300))
    fields = "tags{id,name,x,y},comments.limit(100).summary(true){from,message},reactions.limit(0).summary(true)"
    photos = [
        photo for page in client.pages("me/photos", type="uploaded", limit=50, fields=fields) for photo in page["data"]
    ]
    tags = [tag for photo in photos for tag in photo.get("tags", {"data": []})["data"]]
    assert {"id" in tag for tag in tags} == {True, False}
    assert all(0 <= tag["x"] <= 100 and 0 <= tag["y"] <= 100 for tag in tags)
    comments = [said for photo in photos for said in photo["comments"]["data"]]
    assert {"from" in said for said in comments} == {True, False}
    assert max(photo["comments"]["summary"]["total_count"] for photo in photos) == 60
    assert any(photo["reactions"]["summary"]["total_count"] and not photo["reactions"]["data"] for photo in photos)


def test_dates_have_an_offset_without_colon_and_can_be_numbers(client: Client) -> None:
    album = client.ask("me/albums", limit=1)["data"][0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000", album["created_time"])
    assert isinstance(client.ask("me/albums", limit=1, date_format="U")["data"][0]["created_time"], int)


def test_ids_are_texts_of_15_to_17_digits_or_numbers_on_demand(start: Started) -> None:
    client = start()
    ids = client.ids("me/photos", type="uploaded", limit=100)
    assert {len(one) for one in ids} == {15, 16, 17}
    client.sim.settings.ids_as_numbers = True
    assert isinstance(client.ask("me/photos", type="uploaded", limit=1)["data"][0]["id"], int)


def test_videos_stand_among_an_albums_photos(client: Client) -> None:
    items = [
        item
        for album_id in client.ids("me/albums")
        for item in client.ask(f"{album_id}/photos", limit=100, fields="id,images,source")["data"]
    ]
    odd = [item for item in items if "images" not in item]
    assert odd
    assert all(".mp4" in item["source"] for item in odd if "source" in item)


def test_a_page_account_has_a_category(start: Started) -> None:
    assert "category" in start(small(page=True)).ask("me", fields="category")
    assert start().error("me", fields="category")["code"] == 100
