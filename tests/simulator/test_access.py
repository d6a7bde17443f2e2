"""Tokens, proofs and permissions are checked as Facebook checks them."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from tests.simulator.conftest import Client, Started


def test_no_token_is_code_2500(client: Client) -> None:
    reply = client.http.get("/v21.0/me")
    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == 2500
    assert "An active access token must be used" in reply.json()["error"]["message"]


def test_a_wrong_token_is_code_190(client: Client) -> None:
    reply = client.http.get("/me", params={"access_token": "EAAwrong"})
    assert reply.json()["error"]["code"] == 190
    assert reply.headers["www-authenticate"].startswith("OAuth")


def test_the_token_may_come_in_a_header(client: Client) -> None:
    reply = client.http.get("/v21.0/me", headers={"Authorization": f"Bearer {client.sim.token}"})
    assert reply.status_code == 200
    assert reply.headers["facebook-api-version"] == "v21.0"


def test_an_app_secret_wants_its_proof(start: Started) -> None:
    client = start(app_secret="sekret")
    right = hmac.new(b"sekret", client.sim.token.encode(), hashlib.sha256).hexdigest()
    missing, wrong = client.error("me"), client.error("me", appsecret_proof="0" * 64)
    assert (missing["code"], missing["type"]) == (100, "GraphMethodException")
    assert "require an appsecret_proof" in missing["message"]
    assert "Invalid appsecret_proof" in wrong["message"]
    assert client.ask("me", appsecret_proof=right)["id"]
    timed = hmac.new(b"sekret", f"{client.sim.token}|1700000000".encode(), hashlib.sha256).hexdigest()
    assert client.ask("me", appsecret_proof=timed, appsecret_time="1700000000")["id"]


@pytest.mark.parametrize("subcode", [458, 460, 463, 467])
def test_revoked_tokens_say_why(client: Client, subcode: int) -> None:
    client.sim.access.revoke(subcode)
    error = client.error("me/albums")
    assert (error["code"], error["error_subcode"]) == (190, subcode)
    client.sim.access.restore()
    assert client.ask("me/albums")["data"]


def test_tokens_end_with_the_clock(client: Client) -> None:
    client.sim.clock.advance(61 * 86_400)
    assert client.error("me")["error_subcode"] == 463


def test_a_declined_permission_empties_lists_without_an_error(client: Client) -> None:
    client.sim.access.decline("user_photos")
    assert client.ask("me/albums") == {"data": []}
    assert client.ask("me/photos", type="uploaded") == {"data": []}
    states = {row["permission"]: row["status"] for row in client.ask("me/permissions")["data"]}
    assert states["user_photos"] == "declined"
    client.sim.access.grant("user_photos")
    assert client.ask("me/albums")["data"]


def test_a_permission_can_be_lost_in_the_middle_of_a_list(client: Client) -> None:
    client.sim.faults.set("lost-permission", times=1, match="after")
    pages = list(client.pages("me/photos", type="uploaded", limit=50))
    assert [len(page["data"]) for page in pages] == [50, 0]
    assert client.ask("me/albums") == {"data": []}


def test_debug_token_tells_what_a_token_is_worth(client: Client) -> None:
    good = client.ask("debug_token", input_token=client.sim.token)["data"]
    bad = client.ask("debug_token", input_token="EAAother")["data"]
    assert good["is_valid"]
    assert good["type"] == "USER"
    assert "user_photos" in good["scopes"]
    assert not bad["is_valid"]
    assert bad["error"]["code"] == 190


def test_a_token_can_be_exchanged_for_a_longer_one(client: Client) -> None:
    reply = client.http.get(
        "/v21.0/oauth/access_token",
        params={
            "grant_type": "fb_exchange_token",
            "client_id": "100000000000001",
            "client_secret": "s",
            "fb_exchange_token": client.sim.token,
        },
    ).json()
    assert reply["access_token"] != client.sim.token
    assert client.ask("me", access_token=reply["access_token"])["id"]


def test_accounts_and_permissions_can_be_fields(client: Client) -> None:
    me = client.ask("me", fields="id,accounts{access_token},permissions")
    assert set(me["accounts"]["data"][0]) == {"access_token", "id"}
    assert {row["status"] for row in me["permissions"]["data"]} == {"granted"}


@pytest.mark.parametrize("path", ["me/bogus", "me/photos/sideways/up"])
def test_unknown_paths_are_code_2500(client: Client, path: str) -> None:
    assert client.error(path)["code"] == 2500
    photo_id = client.ids("me/photos", type="uploaded")[0]
    assert "Unknown path components" in client.error(f"{photo_id}/photos")["message"]


def test_accounts_carry_page_tokens(client: Client) -> None:
    page = client.ask("me/accounts")["data"][0]
    assert page["access_token"] == client.sim.access.page_token.text
    assert "category" in page
