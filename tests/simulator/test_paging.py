"""Lists end when `next` is gone and only then; cursors belong to a list and an item."""

from __future__ import annotations

import pytest

from tests.simulator.conftest import Client, Started, small


def test_following_next_brings_every_photo_once(client: Client) -> None:
    ids = client.ids("me/photos", type="uploaded", limit=7)
    assert ids == list(client.sim.library.own_photos("uploaded"))
    assert len(set(ids)) == 120


def test_default_is_25_and_cap_is_100(client: Client) -> None:
    assert len(client.ask("me/photos", type="uploaded")["data"]) == 25
    assert len(client.ask("me/photos", type="uploaded", limit=250)["data"]) == 100


def test_last_page_has_cursors_but_no_next(client: Client) -> None:
    last = list(client.pages("me/albums", limit=4))[-1]
    assert set(last["paging"]["cursors"]) == {"before", "after"}
    assert "next" not in last["paging"]
    assert "previous" in last["paging"]


def test_previous_leads_back(client: Client) -> None:
    first, second = list(client.pages("me/albums", limit=4))[:2]
    back = client.http.get(second["paging"]["previous"]).json()
    assert back["data"] == first["data"]


def test_an_empty_list_has_no_paging(start: Started) -> None:
    client = start(small(album_sizes=[0, 3]))
    empty, full = client.ids("me/albums")
    assert client.ask(f"{empty}/photos") == {"data": []}
    assert len(client.ask(f"{full}/photos")["data"]) == 3


def test_default_lists_are_the_two_traps(start: Started) -> None:
    person, page = start(), start(small(page=True))
    assert person.ids("me/photos") == person.ids("me/photos", type="tagged") != []
    assert page.ids("me/photos") == page.ids("me/photos", type="profile") != []
    assert person.ids("me/photos/uploaded") == person.ids("me/photos", type="uploaded")


def test_a_cursor_of_another_list_is_refused(client: Client) -> None:
    cursor = client.ask("me/albums", limit=2)["paging"]["cursors"]["after"]
    assert client.error("me/photos", type="uploaded", after=cursor)["code"] == 100
    assert client.error("me/albums", after="rubbish!")["code"] == 100


@pytest.mark.parametrize("strict", [True, False])
def test_a_cursor_whose_photo_is_gone(start: Started, strict: bool) -> None:
    client = start(strict_cursors=strict)
    page = client.ask("me/photos", type="uploaded", limit=10)
    client.sim.library.delete_photo(page["data"][-1]["id"])
    after = client.http.get(page["paging"]["next"])
    if strict:
        assert (after.status_code, after.json()["error"]["code"]) == (400, 100)
    else:
        assert len(after.json()["data"]) == 10


def test_what_cannot_be_seen_is_left_out_after_the_cut(client: Client) -> None:
    ids = client.ids("me/photos", type="uploaded")
    for photo_id in ids[:10]:
        client.sim.library.delete_photo(photo_id)
    first = client.ask("me/photos", type="uploaded", limit=10)
    assert first["data"] == []
    assert "next" in first["paging"]
    assert client.ids("me/photos", type="uploaded", limit=10) == ids[10:]


@pytest.mark.parametrize("style", ["offset", "time"])
def test_lists_that_have_next_urls_only(start: Started, style: str) -> None:
    client = start(paging=style)
    first = client.ask("me/photos", type="uploaded", limit=50)
    assert "cursors" not in first["paging"]
    assert ("offset=50" in first["paging"]["next"]) == (style == "offset")
    assert len(client.ids("me/photos", type="uploaded", limit=50)) == 120


@pytest.mark.parametrize("fault", ["page-short", "page-empty", "page-repeat", "page-reorder", "page-overlap"])
def test_odd_pages_still_bring_everything(client: Client, fault: str) -> None:
    honest = client.ids("me/photos", type="uploaded", limit=20)
    client.sim.faults.set(fault)
    odd = client.ids("me/photos", type="uploaded", limit=20)
    assert odd != honest or fault in ("page-short", "page-empty")
    assert set(odd) == set(honest)
    assert (len(odd) > len(honest)) == (fault in ("page-repeat", "page-overlap"))


def test_an_empty_page_can_have_a_next(client: Client) -> None:
    client.sim.faults.set("page-empty")
    pages = list(client.pages("me/photos", type="uploaded", limit=60))
    assert [len(page["data"]) for page in pages] == [0, 60, 0, 60]


def test_a_loop_repeats_the_same_cursor(client: Client) -> None:
    client.sim.faults.set("page-loop")
    first = client.ask("me/photos", type="uploaded", limit=50)
    again = client.http.get(first["paging"]["next"]).json()
    assert again["data"] == first["data"]
    assert again["paging"]["next"] == first["paging"]["next"]


def test_next_carries_the_token_but_no_proof(client: Client) -> None:
    following = client.ask("me/albums", limit=1, appsecret_proof="x")["paging"]["next"]
    assert f"access_token={client.sim.token}" in following
    assert "appsecret_proof" not in following


def test_photos_can_come_and_go_between_pages(client: Client) -> None:
    seen: list[str] = []
    client.sim.on_page(lambda path, ids: seen.append(path))
    client.sim.faults.set("remove-during-crawl", times=1)
    before = len(client.ids("me/photos", type="uploaded", limit=50))
    assert before == 120
    assert len(client.ids("me/photos", type="uploaded", limit=50)) == 119
    assert len(seen) == 6
