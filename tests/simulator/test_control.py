"""The control API edits, breaks and counts from another process, on loopback only."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.simulator.conftest import Client


def post(client: Client, verb: str, **given: Any) -> Any:
    reply = client.http.post(f"/__control__/{verb}", json=given)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_edits_reach_the_graph(client: Client) -> None:
    album = post(client, "add-album", name="From outside")["id"]
    photo = post(client, "add-photo", album=album, caption="Hello")["id"]
    assert client.ask(photo)["name"] == "Hello"
    post(client, "recaption", id=photo, text="Bye")
    assert client.ask(photo)["name"] == "Bye"
    post(client, "rename-album", id=album, name="Else")
    assert client.ask(album)["name"] == "Else"
    post(client, "delete-photo", id=photo)
    assert client.ids(f"{album}/photos") == []


def test_access_clock_faults_and_settings(client: Client) -> None:
    post(client, "revoke", subcode=463)
    assert client.error("me")["error_subcode"] == 463
    post(client, "restore")
    post(client, "decline", permission="user_photos")
    assert client.ask("me/albums") == {"data": []}
    post(client, "grant", permission="user_photos")
    post(client, "fault", name="graph-service", times=1)
    assert client.error("me")["code"] == 2
    post(client, "fault", name="graph-service")
    post(client, "clear-faults")
    assert client.ask("me")
    post(client, "settings", missing_fields=["tags"], page_default=3)
    assert len(client.ask("me/photos", type="uploaded")["data"]) == 3
    before = client.sim.clock.now()
    post(client, "advance", seconds=90)
    assert client.sim.clock.now() == before + 90


def test_stats_tell_what_was_asked(client: Client) -> None:
    photo = client.ids("me/photos", type="uploaded", limit=100, fields="id,name")[0]
    client.http.get(client.largest(photo))
    stats = client.http.get("/__control__/stats").json()
    assert stats["calls_by_path"] == {"/me/photos": 1, "/{id}/photos": 1, "/{id}": 1}
    assert stats["graph_calls"] == 3
    assert stats["cdn_requests"] == 1
    assert stats["leaks"] == []
    assert stats["last_requests"][0]["params"]["fields"] == "id,name"
    assert client.sim.token not in str(stats)
    post(client, "reset-stats")
    assert client.sim.stats()["graph_calls"] == 0


def test_expected_hashes_can_be_read(client: Client) -> None:
    rows = client.http.get("/__control__/expected", params={"limit": 3}).json()
    assert len(rows) == 3
    for photo_id, digest in rows:
        assert hashlib.sha256(client.sim.largest_bytes(photo_id)).hexdigest() == digest


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Host": "evil.example:80"}, {"Origin": "http://x"}])
def test_browsers_and_other_names_are_turned_away(client: Client, headers: dict[str, str]) -> None:
    assert client.http.get("/__control__/stats", headers=headers).status_code == 403


@pytest.mark.parametrize(("verb", "given"), [("bogus", {}), ("fault", {"name": "bogus"}), ("recaption", {})])
def test_mistakes_are_told(client: Client, verb: str, given: dict[str, Any]) -> None:
    reply = client.http.post(f"/__control__/{verb}", json=given)
    assert reply.status_code in (400, 404)
    assert "error" in reply.json()
