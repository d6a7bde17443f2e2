"""The WebSocket of the local API: frames with an endpoint, data and an event id, answered in their order."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from fbbackup.web import calls
from fbbackup.web.addresses import is_own_origin
from fbbackup.web.calls import Caller, CallFailed, Reply, error_object
from fbbackup.web.rpc import parsed, session_of
from fbbackup.web.sessions import Session
from fbbackup.web.site import Site

ENDPOINTS = {
    "facebook:updateToken": "updateToken",
    "facebook:getAlbums": "getAlbums",
    "facebook:getPhotos": "getPhotos",
}
PREFIX = "fbbackup.session."
IDLE_SECONDS = 600.0
CHECK_SECONDS = 1.0
FRAMES_A_SECOND = 50
REVOKED, IDLE = 4401, 4408


async def talk(site: Site, websocket: WebSocket) -> None:
    """Accepts a socket with a living session and a harmless origin, and answers until either side ends it."""
    token, protocol = _token_of(websocket)
    if not _origin_is_fine(websocket):
        await websocket.send_denial_response(_denied(403, "this origin is refused"))
        return
    session = session_of(site, token)
    if session is None:
        await websocket.send_denial_response(_denied(401, "the session is missing or over"))
        return
    await websocket.accept(subprotocol=protocol)
    host = websocket.headers["host"]
    scheme = "https" if websocket.url.scheme == "wss" else "http"
    caller = Caller(site, session, f"{scheme}://{host}")
    watch = asyncio.create_task(_end_with_session(site, session, websocket))
    try:
        await _answer_frames(caller, websocket)
    except (WebSocketDisconnect, RuntimeError):
        # The other side is gone, or the watch has closed the socket meanwhile.
        return
    finally:
        watch.cancel()


def _denied(code: int, message: str) -> JSONResponse:
    return JSONResponse({"error": error_object(code, message)}, code)


def _token_of(websocket: WebSocket) -> tuple[str | None, str | None]:
    """The session's token, and the sub-protocol that has to be confirmed when it came in one."""
    if token := websocket.headers.get("x-session-id"):
        return token, None
    for protocol in websocket.scope.get("subprotocols", []):
        if protocol.startswith(PREFIX):
            return protocol.removeprefix(PREFIX), protocol
    return None, None


def _origin_is_fine(websocket: WebSocket) -> bool:
    """Browsers always tell the origin, and it has to be ours; programs that tell none still need a token."""
    origins = websocket.headers.getlist("origin")
    if not origins:
        return True
    host = websocket.headers.get("host", "").encode("latin-1")
    return len(origins) == 1 and is_own_origin(origins[0].encode("latin-1"), host, "http")


async def _end_with_session(site: Site, session: Session, websocket: WebSocket) -> None:
    # Another process revokes by changing the file, so it is looked at again and again.
    while True:
        await asyncio.sleep(CHECK_SECONDS)
        if not site.sessions.still(session):
            break
    await websocket.close(REVOKED, "the session is over")


async def _answer_frames(caller: Caller, websocket: WebSocket) -> None:
    window, frames = time.monotonic(), 0
    while True:
        try:
            message = await asyncio.wait_for(websocket.receive(), IDLE_SECONDS)
        except TimeoutError:
            await websocket.close(IDLE, "nothing was asked for a long time")
            return
        if message["type"] == "websocket.disconnect":
            return
        if not caller.site.sessions.still(caller.session):
            await websocket.close(REVOKED, "the session is over")
            return
        frames += 1
        if frames >= FRAMES_A_SECOND:
            await asyncio.sleep(max(0.0, 1.0 - (time.monotonic() - window)))
            window, frames = time.monotonic(), 0
        await websocket.send_json(await _reply(caller, message.get("text")))


async def _reply(caller: Caller, text: str | None) -> Reply:
    frame: Any = None
    if text is not None:
        try:
            frame = parsed(text)
        except ValueError:
            frame = None
    if not isinstance(frame, dict):
        return {"error": error_object(400, "a frame is a JSON object as text")}
    event = frame.get("event")
    event_id = event.get("id") if isinstance(event, dict) else None
    endpoint = frame.get("endpoint")
    name = ENDPOINTS.get(endpoint) if isinstance(endpoint, str) else None
    if not isinstance(event_id, str):
        failed: CallFailed | None = CallFailed(400, "event.id must be text")
    elif name is None:
        failed = CallFailed(404, "there is no such endpoint")
    elif not isinstance(frame.get("data"), dict):
        failed = CallFailed(400, "data must be an object")
    else:
        failed = None
    params = frame["data"] if isinstance(frame.get("data"), dict) else {}
    data: Reply = {}
    if failed is None and name is not None:
        data, failed = await calls.answered(caller, name, params, with_user=False)
    if name is None:
        body: Reply = {"error": error_object(failed.code if failed else 0, str(failed))}
    else:
        body = calls.reply_of(name, data, params, failed)
    told = {"endpoint": endpoint if isinstance(endpoint, str) else "", **body}
    return {**told, "event": {"id": event_id if isinstance(event_id, str) else "", "date": int(time.time())}}
