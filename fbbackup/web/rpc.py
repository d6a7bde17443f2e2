"""`POST /api/v0/rpc/fb.…`: plain requests, and JSON-RPC 2.0 envelopes and batches, answered in kind."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fbbackup.web import calls
from fbbackup.web.calls import Caller, CallFailed, Reply, error_object
from fbbackup.web.sessions import Session
from fbbackup.web.site import Site

METHODS = {
    "fb.updateToken": "updateToken",
    "fb.getUserAlbums": "getAlbums",
    "fb.getUserPhotos": "getPhotos",
}
MOST_IN_A_BATCH = 50
DEEPEST = 20
MOST_OF_STRANGERS = 16 << 10
"""Bytes of a body without a session that are looked at, only to see in which kind to answer."""

_INVALID_REQUEST, _NO_METHOD, _INVALID_PARAMS, _SERVER = -32600, -32601, -32602, -32000
_RPC_CODES = {400: _INVALID_PARAMS, 401: -32001, 403: -32003, 404: -32004, 409: -32009, 503: -32053}


async def call(site: Site, request: Request) -> Response:
    """One call or a batch. The session is checked before the body is looked at."""
    method = request.path_params["method"]
    session = site.sessions.find(request.headers.get("x-session-id", ""))
    if method not in METHODS:
        return refused(method, 404, "there is no such method")
    if session is None:
        return _stranger(method, await request.body())
    try:
        body = parsed(await request.body())
    except ValueError:
        return _plain(method, {}, CallFailed(400, "the body is no JSON"))
    caller = Caller(site, session, f"{request.url.scheme}://{request.headers['host']}")
    if isinstance(body, list):
        return await _batch(caller, method, body)
    if isinstance(body, dict) and "jsonrpc" in body:
        reply = await _enveloped(caller, method, body)
        return Response(status_code=204) if reply is None else JSONResponse(reply)
    if not isinstance(body, dict):
        return _plain(method, {}, CallFailed(400, "the body must be a JSON object"))
    params = _lowered(body)
    data, failed = await calls.answered(caller, METHODS[method], params, with_user=True)
    return _plain(method, params, failed, data)


def refused(method: str, code: int, message: str) -> Response:
    """The answer to what never became a call: the keys of the call's reply, where there is such a call."""
    if method in METHODS:
        return _plain(method, {}, CallFailed(code, message))
    return JSONResponse({"error": error_object(code, message)}, code)


def _stranger(method: str, content: bytes) -> Response:
    failed = CallFailed(401, "X-Session-Id is missing, unknown, revoked or expired")
    try:
        body = parsed(content) if len(content) <= MOST_OF_STRANGERS else None
    except ValueError:
        body = None
    if isinstance(body, list) or (isinstance(body, dict) and "jsonrpc" in body):
        call_id = _id_of(body) if isinstance(body, dict) else None
        return JSONResponse(_failed(call_id, _RPC_CODES[failed.code], str(failed)), failed.code)
    return _plain(method, {}, failed)


def parsed(body: bytes | str) -> Any:
    """JSON of bounded depth, whose numbers are all finite. Raises ValueError."""
    text = body.decode("utf-8") if isinstance(body, bytes) else body
    depth = deepest = 0
    for letter in text:
        if letter in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in "]}":
            depth -= 1
    if deepest > DEEPEST:
        # Brackets inside of text count as well; nothing that this API takes comes near the limit.
        raise ValueError("nested too deep")
    found = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    if "\\ud" in text.lower():
        # Half a surrogate pair is JSON, but no text that could be looked up or sent back.
        json.dumps(found, ensure_ascii=False).encode()
    return found


def _refuse(name: str) -> None:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(text)
    return number


def _lowered(body: dict[str, Any]) -> dict[str, Any]:
    """The requests of HTTP spell their keys with a capital (`User`), those of the WebSocket don't."""
    return {name[:1].lower() + name[1:]: value for name, value in body.items() if name[:1].isupper()}


def _plain(method: str, params: dict[str, Any], failed: CallFailed | None, data: Reply | None = None) -> Response:
    reply = calls.reply_of(METHODS[method], data or {}, params, failed)
    return JSONResponse(reply, failed.code if failed else 200)


async def _batch(caller: Caller, method: str, body: list[Any]) -> Response:
    if not body:
        return JSONResponse(_failed(None, _INVALID_REQUEST, "the batch is empty"), 400)
    if len(body) > MOST_IN_A_BATCH:
        return JSONResponse(_failed(None, _INVALID_REQUEST, f"a batch holds at most {MOST_IN_A_BATCH} calls"), 400)
    replies = [await _enveloped(caller, method, each) for each in body]
    told = [reply for reply in replies if reply is not None]
    return JSONResponse(told) if told else Response(status_code=204)


async def _enveloped(caller: Caller, method: str, body: Any) -> Reply | None:
    """The reply to one envelope; None for a notification."""
    call_id = body.get("id") if isinstance(body, dict) else None
    if not _is_envelope(body) or call_id != _id_of(body):
        return _failed(_id_of(body), _INVALID_REQUEST, "this is no JSON-RPC 2.0 request")
    if body["method"] != method:
        reply = _failed(call_id, _NO_METHOD, "the method differs from the one in the path")
        return reply if "id" in body else None
    params = body.get("params", {})
    if not isinstance(params, dict):
        reply = _failed(call_id, _INVALID_PARAMS, "params must be an object")
        return reply if "id" in body else None
    named = _lowered(params)
    data, failed = await calls.answered(caller, METHODS[method], named, with_user=True)
    if "id" not in body:
        return None
    if failed:
        return _failed(call_id, _RPC_CODES.get(failed.code, _SERVER), str(failed))
    return {"jsonrpc": "2.0", "result": calls.reply_of(METHODS[method], data, named, None), "id": call_id}


def _id_of(body: Any) -> str | int | float | None:
    """The id of an envelope if it may be one."""
    call_id = body.get("id") if isinstance(body, dict) else None
    return call_id if isinstance(call_id, str | int | float) and not isinstance(call_id, bool) else None


def _is_envelope(body: Any) -> bool:
    return isinstance(body, dict) and body.get("jsonrpc") == "2.0" and isinstance(body.get("method"), str)


def _failed(call_id: object, code: int, message: str) -> Reply:
    return {"jsonrpc": "2.0", "error": error_object(code, message), "id": call_id}


def session_of(site: Site, token: str | None) -> Session | None:
    return site.sessions.find(token) if token else None
