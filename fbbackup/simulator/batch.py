"""Batch requests: up to fifty calls in one, each counted, with references from one to another."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fbbackup.simulator.graph_errors import GraphError
from fbbackup.simulator.world import World

MOST_ENTRIES = 50
_REFERENCE = re.compile(r"\{result=([^:}]+):\$\.([^}]+)\}")
Json = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One call of a batch; `token` and `method` are its own or the batch's."""

    target: str
    path: str
    params: dict[str, str]
    method: str
    token: str


Ask = Callable[[Entry], Any]
"""Answers one call of a batch, or raises GraphError."""


def answers(world: World, params: dict[str, str], token: str, ask: Ask) -> list[Json | None]:
    """The entries' answers in order; `token` is the outer one."""
    try:
        entries = json.loads(params["batch"])
    except json.JSONDecodeError:
        raise GraphError(100, "(#100) batch parameter must be a JSON array", "GraphBatchException") from None
    if not isinstance(entries, list) or not entries:
        raise GraphError(100, "(#100) Must provide at least one request", "GraphBatchException")
    if len(entries) > MOST_ENTRIES:
        message = f"Too many requests in batch message. Maximum batch size is {MOST_ENTRIES}"
        raise GraphError(100, message, "GraphBatchException")
    with_headers = params.get("include_headers", "true").lower() not in ("false", "0")
    results: dict[str, Any] = {}
    used = {name for entry in entries for name, _ in _REFERENCE.findall(str(entry.get("relative_url", "")))}
    found: list[Json | None] = []
    for entry in entries:
        answer = _answered(world, entry, token, results, ask)
        if answer is not None and not with_headers:
            answer.pop("headers", None)
        silent = entry.get("omit_response_on_success", True) and entry.get("name") in used
        found.append(None if silent and answer is not None and answer["code"] == 200 else answer)
    if world.faults.strike("batch", params["batch"]):
        found[-1] = None
    return found


def _answered(world: World, entry: Json, token: str, results: dict[str, Any], ask: Ask) -> Json | None:
    relative = str(entry.get("relative_url", ""))
    needed = {name for name, _ in _REFERENCE.findall(relative)} | (
        {entry["depends_on"]} if "depends_on" in entry else set()
    )
    if any(name not in results for name in needed):
        return None
    relative = _REFERENCE.sub(lambda match: ",".join(_dig(results[match[1]], match[2].split("."))), relative)
    parts = urlsplit(relative if relative.startswith(("/", "?")) else "/" + relative)
    params = dict(parse_qsl(parts.query, keep_blank_values=True))
    own_token = params.get("access_token") or entry.get("access_token") or token
    method = str(entry.get("method", "GET")).upper()
    try:
        value = ask(Entry(str(entry.get("relative_url", "")), parts.path, params, method, own_token))
    except GraphError as error:
        world.ledger.errors[str(error.code)] += 1
        world.ledger.note_call(parts.path, params, error.status)
        return {"code": error.status, "headers": [], "body": error.body().decode()}
    if "name" in entry:
        results[str(entry["name"])] = value
    world.ledger.note_call(parts.path, params, 200)
    return _answer(entry, json.dumps(value, separators=(",", ":")))


def _answer(entry: Json, body: str) -> Json:
    tag = f'"{abs(hash(body)):040x}"'
    if f"If-None-Match: {tag}" in entry.get("headers", []):
        return {"code": 304, "headers": [{"name": "ETag", "value": tag}], "body": None}
    headers = [{"name": "Content-Type", "value": "application/json; charset=UTF-8"}, {"name": "ETag", "value": tag}]
    return {"code": 200, "headers": headers, "body": body}


def _dig(value: Any, steps: list[str]) -> list[str]:
    """The values at a path such as data.*.id, as texts."""
    if not steps:
        return [str(value)]
    step, rest = steps[0], steps[1:]
    if step == "*":
        inner = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
        return [text for one in inner for text in _dig(one, rest)]
    if isinstance(value, dict) and step in value:
        return _dig(value[step], rest)
    return []
