"""Several ids or several calls in one request."""

from __future__ import annotations

import json
from typing import Any

from tests.simulator.conftest import Client


def batch(client: Client, entries: list[dict[str, Any]], **more: str) -> Any:
    form = {"access_token": client.sim.token, "batch": json.dumps(entries), **more}
    return client.http.post("/v21.0/", data=form).json()


def get(url: str, **more: Any) -> dict[str, Any]:
    return {"method": "GET", "relative_url": url, **more}


def test_ids_answer_by_id_and_one_missing_fails_all(client: Client) -> None:
    ids = client.ids("me/albums")[:3]
    assert set(client.ask("", ids=",".join(ids), fields="name")) == set(ids)
    assert client.error("", ids=",".join([*ids, "10150999999999999"]))["code"] == 803


def test_more_than_fifty_ids_are_refused(client: Client) -> None:
    error = client.error("", ids=",".join(str(n) for n in range(54)))
    assert error["message"] == "(#100) Too many IDs. Maximum: 50. Provided: 54."


def test_bodies_are_texts_in_order_and_errors_stay_inside(client: Client) -> None:
    answers = batch(client, [get("me?fields=id"), get("me?fields=bogus"), get("me/albums?limit=1")])
    assert [answer["code"] for answer in answers] == [200, 400, 200]
    assert json.loads(answers[0]["body"])["id"] == client.sim.library.owner_id
    assert json.loads(answers[1]["body"])["error"]["code"] == 100


def test_more_than_fifty_entries_are_refused(client: Client) -> None:
    error = batch(client, [get("me")] * 51)["error"]
    assert error["type"] == "GraphBatchException"


def test_an_entry_can_use_anothers_answer(client: Client) -> None:
    answers = batch(
        client,
        [
            get("me/albums?fields=id&limit=3", name="albums", omit_response_on_success=False),
            get("?ids={result=albums:$.data.*.id}&fields=name"),
            get("?ids={result=nothing:$.id}"),
        ],
    )
    listed = [album["id"] for album in json.loads(answers[0]["body"])["data"]]
    assert list(json.loads(answers[1]["body"])) == listed
    assert answers[2] is None


def test_headers_can_be_left_out_and_entries_can_come_back_null(client: Client) -> None:
    assert "headers" not in batch(client, [get("me")], include_headers="false")[0]
    client.sim.faults.set("batch-null", times=1)
    assert batch(client, [get("me"), get("me")])[1] is None


def test_every_entry_counts(client: Client) -> None:
    used = client.sim.budget.used()
    batch(client, [get("me")] * 7)
    assert client.sim.budget.used() - used == 7


def test_an_etag_saves_the_body_but_not_the_call(client: Client) -> None:
    first = client.reply("me/albums", fields="id,updated_time")
    used = client.sim.budget.used()
    params = {"access_token": client.sim.token, "fields": "id,updated_time"}
    again = client.http.get("/v21.0/me/albums", params=params, headers={"If-None-Match": first.headers["etag"]})
    other = client.http.get(
        "/v21.0/me/albums", params=params, headers={"If-None-Match": first.headers["etag"], "User-Agent": "other"}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert other.status_code == 200
    assert client.sim.budget.used() == used + 2
