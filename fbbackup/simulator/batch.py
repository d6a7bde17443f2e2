"""Batch requests: up to fifty calls in one, each counted, with references from one to another."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from fbbackup.simulator.graph_errors import GraphError
from fbbackup.simulator.world import Call

if TYPE_CHECKING:
    from fbbackup.simulator.graph import Graph

MOST_ENTRIES = 50
_REFERENCE = re.compile(r"\{result=([^:}]+):\$\.([^}]+)\}")
Json = dict[str, Any]


def answers(graph: Graph, params: dict[str, str], context: tuple[str, str]) -> list[Json | None]:
    """The entries' answers in order; `context` is the outer token and version."""
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
        answer = _entry(graph, entry, context, results)
        if answer is not None and not with_headers:
            answer.pop("headers", None)
        silent = entry.get("omit_response_on_success", True) and entry.get("name") in used
        found.append(None if silent and answer is not None and answer["code"] == 200 else answer)
    if graph.world.faults.strike("batch", params["batch"]):
        found[-1] = None
    return found


def _entry(graph: Graph, entry: Json, context: tuple[str, str], results: dict[str, Any]) -> Json | None:
    relative = str(entry.get("relative_url", ""))
    needed = {name for name, _ in _REFERENCE.findall(relative)} | (
        {entry["depends_on"]} if "depends_on" in entry else set()
    )
    if any(name not in results for name in needed):
        return None
    relative = _REFERENCE.sub(lambda match: ",".join(_dig(results[match[1]], match[2].split("."))), relative)
    parts = urlsplit(relative if relative.startswith(("/", "?")) else "/" + relative)
    params = dict(parse_qsl(parts.query, keep_blank_values=True))
    try:
        value = _run(graph, entry, (parts.path, params), context)
    except GraphError as error:
        graph.world.ledger.errors[str(error.code)] += 1
        graph.world.ledger.note_call(parts.path, params, error.status)
        return {"code": error.status, "headers": [], "body": error.body().decode()}
    if "name" in entry:
        results[str(entry["name"])] = value
    graph.world.ledger.note_call(parts.path, params, 200)
    return _answer(entry, json.dumps(value, separators=(",", ":")))


def _answer(entry: Json, body: str) -> Json:
    tag = f'"{abs(hash(body)):040x}"'
    if f"If-None-Match: {tag}" in entry.get("headers", []):
        return {"code": 304, "headers": [{"name": "ETag", "value": tag}], "body": None}
    headers = [{"name": "Content-Type", "value": "application/json; charset=UTF-8"}, {"name": "ETag", "value": tag}]
    return {"code": 200, "headers": headers, "body": body}


def _run(graph: Graph, entry: Json, what: tuple[str, dict[str, str]], context: tuple[str, str]) -> Any:
    from fbbackup.simulator.graph import split_version
    from fbbackup.simulator.graph_faults import raise_armed

    path, params = what
    world = graph.world
    token = world.access.check(params.get("access_token") or entry.get("access_token") or context[0])
    version, rest = split_version(path)
    call = Call(world, rest, params, token, version or context[1], str(entry.get("method", "GET")).upper())
    world.budget.spend(max(1, params.get("ids", "").count(",") + 1) if not rest else 1)
    raise_armed(world, str(entry.get("relative_url", "")))
    return graph.answer_call(call)


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
