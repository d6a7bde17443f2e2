"""Faults of Graph calls: errors instead of an answer, and answers that are spoilt."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fbbackup.simulator.cdn_faults import Target, harmed
from fbbackup.simulator.faults import Armed
from fbbackup.simulator.graph_errors import (
    GraphError,
    bad_token,
    limit_reached,
    missing_object,
    too_much_data,
)
from fbbackup.simulator.wire import Harm, Reply, Request
from fbbackup.simulator.world import World

_LIMITS = {"app-limit": 4, "user-limit": 17, "page-limit": 32, "custom-limit": 613}
_HTML = b"<!DOCTYPE html><html><title>Error</title><body><h1>Sorry, something went wrong.</h1></body></html>"


def raise_armed(world: World, target: str) -> None:
    """Fail the call when a fault says so; faults that spoil the answer are kept for `spoil`."""
    world.spoiling = world.faults.strike("graph", target)
    for armed in world.spoiling:
        error = _error(armed)
        if error is not None:
            if armed.kind.name == "token-revoked" and armed.options.get("lasting"):
                world.access.revoke(error.more.get("error_subcode"))
            raise error


def _error(armed: Armed) -> GraphError | None:
    name, options = armed.kind.name, armed.options
    if name in _LIMITS:
        return limit_reached(_LIMITS[name])
    simple: dict[str, Callable[[], GraphError]] = {
        "graph-unknown": lambda: GraphError(1, "An unknown error occurred"),
        "graph-service": lambda: GraphError(2, "Service temporarily unavailable"),
        "reduce-data": too_much_data,
        "token-revoked": lambda: bad_token(options.get("subcode", 460)),
        "permission-error": lambda: GraphError(options.get("code", 10), "Requires a permission that is not granted"),
        "photo-hidden": lambda: missing_object(str(options.get("id", "0"))),
        "error-200": lambda: GraphError(190, "Invalid OAuth access token.", status=200),
    }
    if name in simple:
        return simple[name]()
    if name == "graph-error":
        more = {"error_subcode": options["subcode"]} if "subcode" in options else {}
        status = {"status": options["status"]} if "status" in options else {}
        return GraphError(options.get("code", 1), options.get("message", "An error"), **more, **status)
    return None


def spoil(world: World, request: Request, reply: Reply) -> Reply:
    """The reply as the armed faults leave it."""
    struck, world.spoiling = world.spoiling, []
    for armed in struck:
        if armed.kind.on == "cdn":
            reply = harmed(Target(world, request, None), reply, armed)
        else:
            reply = _spoilt(world, reply, armed)
    return reply


def _text(status: int, body: bytes, kind: str = "text/html; charset=utf-8", **headers: str) -> Reply:
    return Reply(status, {"Content-Type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}}, body)


def _spoilt(world: World, reply: Reply, armed: Armed) -> Reply:
    name, options = armed.kind.name, armed.options
    harms = {"graph-reset": Harm(reset_at=-1), "graph-stall": Harm(stall_headers=True),
             "graph-cut": Harm(cut_at=len(reply.body) // 2)}  # fmt: skip
    if name in harms:
        return replace(reply, harm=harms[name])
    whole = {"graph-outage": (502, _HTML), "graph-html": (200, _HTML), "graph-empty": (200, b""),
             "true-body": (200, b"true"), "false-body": (200, b"false"), "null-body": (200, b"null")}  # fmt: skip
    if name in whole:
        return _text(*whole[name])
    if name == "graph-429":
        return _text(429, b"Too many requests", "text/plain", Retry_After=str(options.get("retry_after", 2)))
    if name == "redirect-graph":
        return Reply(302, {"Location": f"{world.foreign}/__canary__/graph"})
    if name == "usage-full":
        percent = int(options.get("percent", 100))
        usage = {"call_count": percent, "total_time": percent // 2, "total_cputime": percent // 3}
        return reply.but(X_App_Usage=json.dumps(usage))
    return replace(reply, body=_spoilt_json(reply.body, name, options))


def _spoilt_json(body: bytes, name: str, options: dict[str, Any]) -> bytes:
    rest = body[1:] if len(body) > 2 else b'"id":"1"}'
    if name == "invalid-utf8":
        return b'{"odd":"\xff\xfe",' + rest
    if name == "nan":
        return b'{"odd":NaN,' + rest
    if name == "deep-nesting":
        depth = int(options.get("depth", 100_000))
        return b'{"odd":' + b"[" * depth + b"]" * depth + b"," + rest
    if name == "huge-json":
        return b" " * int(options.get("size", 100_000_000)) + body
    if name == "duplicate-keys":
        return body.replace(b'"id":', b'"id":"0","id":')
    if name == "old-error":
        return b'{"error_code":190,"error_msg":"Invalid OAuth 2.0 Access Token"}'
    value = json.loads(body)
    items = value.get("data") if isinstance(value, dict) else None
    if isinstance(items, list) and items and isinstance(items[0], dict):
        if name == "null-fields":
            items[0] = {key: one if key == "id" else None for key, one in items[0].items()}
        if name == "broken-item":
            items[0].pop("id", None)
    return json.dumps(value).encode()
