"""Errors come with Facebook's codes, statuses and envelopes."""

from __future__ import annotations

import pytest

from tests.simulator.conftest import Client, Started, small


def test_a_call_that_returns_too_much_is_code_1_with_status_500(start: Started) -> None:
    client = start(small(album_sizes=[100] * 11))
    reply = client.reply("me/albums", fields="photos.limit(100){id}")
    assert reply.status_code == 500
    assert reply.json()["error"]["code"] == 1
    assert "reduce the amount of data" in reply.json()["error"]["message"]
    assert client.reply("me/albums", fields="photos.limit(90){id}").status_code == 200


def test_nested_lists_make_a_photo_cost_more(start: Started) -> None:
    client = start(small(album_sizes=[100] * 9))
    assert client.reply("me/albums", fields="photos.limit(100){id}").status_code == 200
    assert client.reply("me/albums", fields="photos.limit(100){id,comments{id}}").status_code == 500


def test_a_huge_flat_limit_with_many_fields_fails(client: Client) -> None:
    many = "id,name,images,place,album,from,created_time,updated_time"
    assert client.reply("me/photos", type="uploaded", limit=500, fields=many).status_code == 500
    assert client.reply("me/photos", type="uploaded", limit=500, fields="id").status_code == 200


def test_missing_and_hidden_look_alike(client: Client) -> None:
    photo_id = client.ids("me/photos", type="uploaded")[0]
    missing = client.error("10150999999999999")
    client.sim.access.decline("user_photos")
    hidden = client.error(photo_id)
    assert missing["code"] == hidden["code"] == 100
    assert missing["error_subcode"] == hidden["error_subcode"] == 33
    assert missing["type"] == "GraphMethodException"


def test_envelopes_and_statuses_can_be_changed(start: Started) -> None:
    client = start(error_form="old", error_status={100: 403})
    reply = client.reply("me", fields="bogus")
    assert reply.status_code == 403
    assert reply.json()["error_code"] == 100
    client.sim.settings.error_form = "no-code"
    assert set(client.reply("me", fields="bogus").json()["error"]) == {"type", "message"}


def test_content_type_and_version_header_can_be_changed(start: Started) -> None:
    client = start(javascript_type=True, header_version="v19.0")
    reply = client.reply("me")
    assert reply.headers["content-type"].startswith("text/javascript")
    assert reply.headers["facebook-api-version"] == "v19.0"


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        ("graph-unknown", 1, 500),
        ("graph-service", 2, 500),
        ("app-limit", 4, 403),
        ("user-limit", 17, 400),
        ("page-limit", 32, 400),
        ("custom-limit", 613, 400),
        ("reduce-data", 1, 500),
        ("token-revoked", 190, 400),
        ("permission-error", 10, 403),
        ("error-200", 190, 200),
    ],
)
def test_error_faults_strike_so_many_times(client: Client, fault: str, code: int, status: int) -> None:
    client.sim.faults.set(fault, times=2)
    replies = [client.reply("me") for _ in range(3)]
    assert [reply.status_code for reply in replies] == [status, status, 200]
    assert replies[0].json()["error"]["code"] == code
    assert "error" not in replies[2].json()


def test_outages_are_html(client: Client) -> None:
    client.sim.faults.set("graph-outage", every=2)
    replies = [client.reply("me") for _ in range(4)]
    assert [reply.status_code for reply in replies] == [200, 502, 200, 502]
    assert "html" in replies[1].headers["content-type"]


@pytest.mark.parametrize(("fault", "body"), [("true-body", b"true"), ("false-body", b"false"), ("graph-empty", b"")])
def test_bare_bodies(client: Client, fault: str, body: bytes) -> None:
    client.sim.faults.set(fault)
    assert client.reply("me").content == body


def test_match_limits_a_fault_to_some_calls(client: Client) -> None:
    client.sim.faults.set("graph-error", match="/albums", code=341, message="wait")
    assert client.reply("me").status_code == 200
    assert client.error("me/albums")["code"] == 341


def test_spoilt_json_is_spoilt(client: Client) -> None:
    client.sim.faults.set("broken-item", times=1)
    client.sim.faults.set("duplicate-keys", times=2)
    assert "id" not in client.ask("me/albums")["data"][0]
    assert client.reply("me").text.count('"id"') == 2
    client.sim.faults.set("invalid-utf8")
    with pytest.raises(UnicodeDecodeError):
        client.reply("me").content.decode()


def test_unknown_fault_names_are_refused(client: Client) -> None:
    with pytest.raises(ValueError, match="no fault"):
        client.sim.faults.set("bogus")
