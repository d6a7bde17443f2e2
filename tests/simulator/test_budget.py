"""Calls are counted over a rolling hour, told in percent, and refused beyond the budget."""

from __future__ import annotations

import json

import pytest

from tests.simulator.conftest import Client, Started, small


def test_the_default_budget_is_200_calls_for_one_user(start: Started) -> None:
    assert start(budget=None).sim.budget.allowance == 200
    assert start(budget=None, daily_users=3).sim.budget.allowance == 600


def test_over_the_budget_is_code_4_and_calling_on_prolongs_the_block(start: Started) -> None:
    client = start(budget=10)
    assert [client.reply("me").status_code for _ in range(11)] == [200] * 10 + [403]
    refused = client.error("me")
    assert (refused["code"], refused["is_transient"]) == (4, True)
    client.sim.clock.advance(1800)
    assert [client.reply("me").status_code for _ in range(9)] == [403] * 9
    client.sim.clock.advance(1801)
    assert client.reply("me").status_code == 200
    assert client.reply("me").status_code == 403


def test_the_code_can_be_chosen(start: Started) -> None:
    client = start(budget=0, limit_code=17)
    assert client.error("me")["code"] == 17


def test_usage_is_in_percent(start: Started) -> None:
    client = start(budget=20)
    for _ in range(9):
        client.ask("me")
    usage = json.loads(client.reply("me").headers["x-app-usage"])
    assert usage["call_count"] == 50


def test_pages_are_told_the_minutes_until_they_regain_access(start: Started) -> None:
    client = start(small(page=True), budget=2)
    for _ in range(3):
        reply = client.reply("me")
    told = json.loads(reply.headers["x-business-use-case-usage"])[client.sim.library.owner_id][0]
    assert told["call_count"] >= 100
    assert told["estimated_time_to_regain_access"] == 60


@pytest.mark.parametrize(("shape", "value"), [("percent", "50%"), ("quoted", "{'call_count': 50"), ("absent", None)])
def test_broken_header_shapes(start: Started, shape: str, value: str | None) -> None:
    client = start(budget=2, usage_format=shape)
    header = client.reply("me").headers.get("x-app-usage")
    assert header is None if value is None else str(header).startswith(value)


def test_usage_can_be_full_while_calls_succeed(client: Client) -> None:
    client.sim.faults.set("usage-full")
    reply = client.reply("me")
    assert reply.status_code == 200
    assert json.loads(reply.headers["x-app-usage"])["call_count"] == 100


def test_ids_and_batch_entries_each_count(start: Started) -> None:
    client = start()
    ids = client.ids("me/photos", type="uploaded", limit=100)[:10]
    used = client.sim.budget.used()
    client.ask("", ids=",".join(ids))
    assert client.sim.budget.used() - used == 10
