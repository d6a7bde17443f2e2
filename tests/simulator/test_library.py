"""The library is the same for the same seed, needs no memory for its photos, and can be edited."""

from __future__ import annotations

import io
import tracemalloc
from itertools import islice
from pathlib import Path

from PIL import Image

from fbbackup.simulator import Library
from fbbackup.simulator.content import album_name, caption
from tests.simulator.conftest import Client, Started, small


def test_the_same_seed_gives_the_same_account(start: Started) -> None:
    one, two, other = start(small(photos=30)), start(small(photos=30)), start(small(photos=30, seed=2))
    assert dict(one.sim.expected()) == dict(two.sim.expected())
    assert set(dict(one.sim.expected()).values()).isdisjoint(dict(other.sim.expected()).values())
    fields = "name,place,created_time,tags,comments.limit(100)"
    wanted = {"type": "uploaded", "fields": fields}
    assert one.ask("me/photos", **wanted)["data"] == two.ask("me/photos", **wanted)["data"]


def test_a_million_photos_need_no_memory() -> None:
    tracemalloc.start()
    library = Library(photos=1_000_000, albums=500)
    listing = library.own_photos("uploaded")
    assert len(listing) == 1_000_000
    first = list(islice(listing, 3))
    last = listing.id_at(999_999)
    assert library.item(last) is not None
    assert [listing.position_of(one) for one in [*first, last]] == [0, 1, 2, 999_999]
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_album_sizes_can_be_given(start: Started) -> None:
    client = start(small(album_sizes=[500, 0, 3]))
    albums = client.ask("me/albums", fields="count,type")["data"]
    assert [album["count"] for album in albums] == [500, 0, 3]
    assert len(client.ids(f"{albums[0]['id']}/photos", limit=100)) == 500
    assert len(client.ids("me/photos", type="uploaded", limit=100)) == 503


def test_counts_are_honest_unless_told_otherwise(start: Started) -> None:
    for over, client in ((0, start()), (3, start(small(overcount=3)))):
        for album in client.ask("me/albums", fields="count", limit=50)["data"]:
            assert album["count"] == len(client.ids(f"{album['id']}/photos", limit=100)) + over


def test_some_photos_are_in_two_albums_some_in_none(client: Client) -> None:
    members = [photo for one in client.ids("me/albums") for photo in client.ids(f"{one}/photos", limit=100)]
    assert len(members) > len(set(members))
    uploaded = client.ask("me/photos", type="uploaded", limit=100, fields="album")["data"]
    assert {"album" in photo for photo in uploaded} == {True, False}
    tagged = client.ask("me/photos", type="tagged", fields="album{id,name},from")["data"]
    assert {"album" in photo for photo in tagged} == {True, False}
    assert all(photo["from"]["id"] != client.sim.library.owner_id for photo in tagged)


def test_hostile_names_occur() -> None:
    library = small(albums=30, photos=600, hostile=True)
    names = {album_name(library, album) for one in library.album_list() if (album := library.album(one))}
    assert {"CON", "../..", "..."} <= names
    assert any("\u202e" in name for name in names)
    assert any(len(name) >= 10_000 for name in names)
    assert not any("\x00" in name for name in names)
    captions = {caption(library, item) for one in library.photo_ids() if (item := library.item(one))}
    assert None in captions
    assert "../.." in captions


def test_adding_and_removing_move_updated_time_but_a_caption_does_not(client: Client) -> None:
    library, album_id = client.sim.library, client.ids("me/albums")[3]

    def updated() -> str:
        return str(client.ask(album_id, fields="updated_time")["updated_time"])

    photo_id = client.ids(f"{album_id}/photos")[0]
    first = updated()
    library.recaption(photo_id, "Other words")
    assert updated() == first
    assert client.ask(photo_id)["name"] == "Other words"
    library.clock.advance(60)
    added = library.add_photo(album_id, "New")
    second = updated()
    assert second != first
    library.clock.advance(60)
    library.delete_photo(added)
    assert updated() not in (first, second)
    assert client.error(added)["code"] == 100


def test_edits_show_in_every_list(client: Client) -> None:
    library = client.sim.library
    album_id = library.add_album("Fresh")
    added = library.add_photo(album_id, "One more")
    old = client.ids("me/photos", type="uploaded")[5]
    origin = client.ask(old, fields="album")["album"]["id"]
    assert client.ids("me/photos", type="uploaded")[0] == added
    assert client.ids("me/albums")[-1] == album_id
    library.move_photo(old, album_id)
    assert client.ids(f"{album_id}/photos") == [added, old]
    assert old not in client.ids(f"{origin}/photos", limit=100)
    assert client.ask(old, fields="album")["album"] == {
        "created_time": client.ask(album_id)["created_time"],
        "name": "Fresh",
        "id": album_id,
    }
    library.rename_album(album_id, "Renamed")
    assert client.ask(album_id)["name"] == "Renamed"
    library.tag(old)
    assert old in client.ids("me/photos", type="tagged")
    library.comment(old, "Nice")
    assert client.ask(f"{old}/comments", limit=100)["data"][-1]["message"] == "Nice"
    library.delete_album(album_id)
    assert album_id not in client.ids("me/albums")
    assert not {old, added} & set(client.ids("me/photos", type="uploaded", limit=100))


def test_own_bytes_are_served_unchanged(client: Client) -> None:

    buffer = io.BytesIO()
    Image.new("RGB", (33, 21), (200, 30, 30)).save(buffer, "PNG")
    photo_id = client.sim.library.add_photo(data=buffer.getvalue())
    assert client.http.get(client.largest(photo_id)).content == buffer.getvalue()


def test_a_folder_of_photographs_is_served_unchanged(start: Started, tmp_path: Path) -> None:
    for name, size in (("b/two.jpg", (64, 48)), ("a/one.png", (40, 60)), ("b/three.webp", (300, 200))):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", size, (size[0] % 256, 90, 40)).save(tmp_path / name)
    client = start(small(photos_from=tmp_path))
    albums = client.ask("me/albums", fields="name,photos{name,images}")["data"]
    assert [album["name"] for album in albums] == ["a", "b"]
    photos = [photo for album in albums for photo in album["photos"]["data"]]
    assert [photo["name"] for photo in photos] == ["one", "three", "two"]
    for photo, name in zip(photos, ("a/one.png", "b/three.webp", "b/two.jpg"), strict=True):
        assert client.http.get(client.largest(photo["id"])).content == (tmp_path / name).read_bytes()
    small_one = next(image for image in photos[1]["images"] if image["width"] == 130)
    with Image.open(io.BytesIO(client.http.get(small_one["source"]).content)) as picture:
        assert picture.size == (130, 86)
