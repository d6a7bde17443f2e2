"""Other people's clients of the Graph API as referees: what they can do with Facebook they can do with the pretend one.

What they can't do at all is listed in `docs/simulator.md`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import facebook
import pyfacebook
import pytest
import requests
from PIL import Image

from fbbackup.simulator import Library, Simulator

SIZES = (130, 7, 0, 25)
FIELDS = "id,name,created_time,images{source,width,height}"


class Redirected(requests.Session):
    """A session for a client that knows no server but Facebook's."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.trust_env = False
        self._url = url

    def request(self, method: Any, url: Any, *arguments: Any, **given: Any) -> requests.Response:
        told = str(url).replace(facebook.FACEBOOK_GRAPH_URL, f"{self._url}/")
        return super().request(method, told, *arguments, **given)


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(Library(album_sizes=SIZES, tagged=3, loose=2, videos=2, largest=96), budget=100_000) as running:
        yield running


@pytest.fixture
def page() -> Iterator[Simulator]:
    with Simulator(Library(album_sizes=(2,), page=True), budget=100_000) as running:
        yield running


def old(sim: Simulator, token: str | None = None) -> Any:
    """`facebook-sdk` 3.1, of 2018."""
    return facebook.GraphAPI(token or sim.token, version="3.1", timeout=20, session=Redirected(sim.url))


def new(sim: Simulator, token: str | None = None) -> Any:
    """`python-facebook-api` 0.24, of 2026."""
    api = pyfacebook.FacebookApi(
        access_token=token or sim.token, version="v21.0", base_url=f"{sim.url}/", timeout=20, sleep_on_rate_limit=True
    )
    api.session.trust_env = False
    return api


@pytest.fixture
def opened() -> Iterator[list[Any]]:
    """Clients whose connections are closed at the end."""
    clients: list[Any] = []
    yield clients
    for client in clients:
        client.session.close()


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((320, 240), 60).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def test_the_old_client_reads_every_album_page_by_page(sim: Simulator, opened: list[Any]) -> None:
    opened.append(api := old(sim))
    assert api.get_object("me", fields="id,name")["id"] == sim.library.owner_id
    albums = list(api.get_all_connections("me", "albums", fields="id,name,count", limit=2))
    assert [album["id"] for album in albums] == list(sim.library.album_list())
    for album in albums:
        photos = list(api.get_all_connections(album["id"], "photos", fields=FIELDS, limit=25))
        assert [photo["id"] for photo in photos] == list(sim.library.album_photos(album["id"]))


def test_the_old_client_asks_for_several_photos_at_once(sim: Simulator, opened: list[Any]) -> None:
    opened.append(api := old(sim))
    album = next(iter(sim.library.album_list()))
    wanted = list(sim.library.album_photos(album))[:20]
    found = api.get_objects(wanted, fields=FIELDS)
    assert list(found) == wanted
    largest = max(found[wanted[0]]["images"], key=lambda image: image["width"] * image["height"])
    body = api.session.get(largest["source"], timeout=20).content
    assert sha256(body).digest() == sha256(sim.largest_bytes(wanted[0])).digest()


def test_the_old_client_knows_its_permissions_and_the_version(sim: Simulator, opened: list[Any]) -> None:
    opened.append(api := old(sim))
    assert "user_photos" in api.get_permissions("me")
    assert api.get_version()


def test_the_old_client_reads_errors(sim: Simulator, opened: list[Any]) -> None:
    opened.append(api := old(sim, "no token at all"))
    with pytest.raises(facebook.GraphAPIError) as caught:
        api.get_object("me")
    assert caught.value.code == 190
    opened.append(api := old(sim))
    with pytest.raises(facebook.GraphAPIError) as caught:
        api.get_object("999")
    assert caught.value.code in (100, 803)


@pytest.mark.parametrize("into", ["page", "album"])
def test_the_old_client_publishes_and_takes_back(page: Simulator, opened: list[Any], into: str) -> None:
    opened.append(api := old(page))
    target = page.library.owner_id if into == "page" else next(iter(page.library.album_list()))
    made = api.put_photo(io.BytesIO(jpeg()), f"{target}/photos", caption="Sea 🌊")
    assert ("post_id" in made) == (into == "page")
    assert list(page.world.published) == [made["id"]]
    assert api.get_object(made["id"], fields="name")["name"] == "Sea 🌊"
    assert api.delete_object(made["id"]) == {"success": True}
    assert list(page.world.published) == []


def test_the_old_client_makes_an_album(page: Simulator, opened: list[Any]) -> None:
    opened.append(api := old(page))
    album = api.put_object(page.library.owner_id, "albums", name="Made")["id"]
    assert album in list(page.library.album_list())


def test_the_new_client_reads_every_album_page_by_page(sim: Simulator, opened: list[Any]) -> None:
    opened.append(api := new(sim))
    me = api.user.get_info(user_id="me", fields="id,name")
    assert me.id == sim.library.owner_id
    videos = set(sim.library.video_list())
    albums = api.user.get_albums(object_id="me", count=None, limit=2).data
    assert [album.id for album in albums] == list(sim.library.album_list())
    for album in albums:
        photos = api.album.get_photos(object_id=album.id, fields=FIELDS, count=None, limit=25).data
        assert [photo.id for photo in photos] == list(sim.library.album_photos(album.id))
        assert all(photo.images[0].source for photo in photos if photo.id not in videos)


def test_the_new_client_asks_for_photos_and_albums_by_id(sim: Simulator, opened: list[Any]) -> None:
    opened.append(api := new(sim))
    album = next(iter(sim.library.album_list()))
    wanted = list(sim.library.album_photos(album))[:5]
    assert api.album.get_info(album_id=album).count == SIZES[0]
    assert list(api.photo.get_batch(ids=wanted)) == wanted
    assert api.photo.get_info(photo_id=wanted[0]).created_time


def test_the_new_client_follows_the_usage_headers(sim: Simulator, opened: list[Any]) -> None:
    opened.append(api := new(sim))
    api.user.get_info(user_id="me", fields="id")
    assert api.rate_limit.get_max_percent() >= 0


@pytest.mark.parametrize("into", ["page", "album"])
def test_the_new_client_publishes_and_takes_back(page: Simulator, opened: list[Any], into: str) -> None:
    opened.append(api := new(page))
    target = page.library.owner_id if into == "page" else next(iter(page.library.album_list()))
    file = {"source": ("a.jpg", jpeg(), "image/jpeg")}
    made = api.post_object(object_id=target, connection="photos", data={"caption": "Sea"}, files=file)
    assert list(page.world.published) == [made["id"]]
    assert api.photo.get_info(photo_id=made["id"]).name == "Sea"
    assert api.delete_object(object_id=made["id"]) == {"success": True}


def test_the_new_client_reads_errors(sim: Simulator, opened: list[Any]) -> None:
    opened.append(api := new(sim, "no token at all"))
    with pytest.raises(pyfacebook.FacebookError) as caught:
        api.user.get_info(user_id="me", fields="id")
    assert caught.value.code == 190


def test_both_are_refused_at_a_profile(sim: Simulator, opened: list[Any]) -> None:
    first, second = old(sim), new(sim)
    opened += [first, second]
    with pytest.raises(facebook.GraphAPIError, match="profiles"):
        first.put_photo(io.BytesIO(jpeg()))
    with pytest.raises(pyfacebook.FacebookError, match="profiles"):
        second.post_object(object_id="me", connection="photos", data={}, files={"source": jpeg()})
