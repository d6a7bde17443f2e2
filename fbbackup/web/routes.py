"""Every address of the server with the policy that guards it. There is no other way to add one."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from fbbackup.catalog import gallery
from fbbackup.errors import FbbackupError
from fbbackup.web import account_pages, data, entrance, files, pages, rpc, socket
from fbbackup.web.addresses import is_own_origin
from fbbackup.web.guard import Guard, Headers, TooLarge
from fbbackup.web.lists import BadName
from fbbackup.web.look import not_found, render
from fbbackup.web.readers import NoCatalog
from fbbackup.web.site import Site

Endpoint = Callable[[Site, Request], Awaitable[Response]]
log = logging.getLogger("fbbackup.web")

_DECIDING = frozenset((b"x-session-id", b"if-none-match", b"content-length", b"transfer-encoding", b"expect"))
"""Headers by which a thumbnail is answered otherwise than to a browser that asks for the first time."""


class Policy(StrEnum):
    """Who may call a route."""

    OPEN = "open"
    """Everyone who knows our name: shows nothing of the archive."""
    PAGE = "page"
    """People with a session; others are sent to the login page."""
    DATA = "data"
    """People with a session; others get 401."""
    FILE = "file"
    """People with a session, and programs with a token for the file's account."""
    SIGNED = "signed"
    """Whoever has an address that `upload` signed, for the one photo that it names, until it is over."""
    CALL = "call"
    """Programs with a token in X-Session-Id and a JSON body; the route checks the token's scope itself."""
    CHANGE = "change"
    """People with a session, from a page of our own, with a JSON body: whatever has an effect."""
    FORM = "form"
    """The same from a plain form, for browsers without scripts: its field `token` belongs to the browser's session."""
    ENTER = "enter"
    """The login form: everyone, but no page of another origin."""
    SOCKET = "socket"
    """Programs and pages with a token; never a page of another origin."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One route: method, path, who may call it, and what answers."""

    method: str
    path: str
    policy: Policy
    endpoint: Endpoint


RULES = (
    # Asked for far more often than anything else, and routes are tried in turn.
    Rule("GET", "/thumbnails/{id}", Policy.FILE, files.thumbnail),
    Rule("GET", "/", Policy.PAGE, pages.timeline),
    Rule("GET", "/albums", Policy.PAGE, pages.albums),
    Rule("GET", "/albums/{id}", Policy.PAGE, pages.album),
    Rule("GET", "/photos/{id}", Policy.PAGE, pages.photo),
    Rule("GET", "/search", Policy.PAGE, pages.search_page),
    Rule("GET", "/people", Policy.PAGE, pages.people),
    Rule("GET", "/people/{id}", Policy.PAGE, pages.person),
    Rule("GET", "/places/{id}", Policy.PAGE, pages.place),
    Rule("GET", "/map", Policy.PAGE, pages.world),
    Rule("GET", "/on-this-day", Policy.PAGE, pages.on_this_day),
    Rule("GET", "/random", Policy.PAGE, pages.random_photo),
    Rule("GET", "/status", Policy.PAGE, pages.status),
    Rule("GET", "/accounts/{name}/login", Policy.PAGE, account_pages.page),
    Rule("GET", "/login", Policy.OPEN, entrance.login_page),
    Rule("POST", "/login", Policy.ENTER, entrance.login),
    Rule("POST", "/logout", Policy.FORM, entrance.logout),
    Rule("POST", "/backup", Policy.FORM, pages.back_up),
    Rule("GET", "/files/{id}", Policy.FILE, files.original),
    Rule("GET", "/public/{id}", Policy.SIGNED, files.original),
    Rule("GET", "/static/{version}/{name}", Policy.OPEN, files.static),
    Rule("GET", "/healthz", Policy.OPEN, data.health),
    Rule("GET", "/metrics", Policy.OPEN, data.metrics),
    Rule("GET", "/api/v1/openapi.json", Policy.DATA, data.openapi),
    Rule("GET", "/api/v1/months", Policy.DATA, data.months),
    Rule("GET", "/api/v1/photos", Policy.DATA, data.photos),
    Rule("GET", "/api/v1/photos-before", Policy.DATA, data.photos_before),
    Rule("GET", "/api/v1/photos/{id}", Policy.DATA, data.photo),
    Rule("GET", "/api/v1/photos/{id}/neighbours", Policy.DATA, data.neighbours),
    Rule("GET", "/api/v1/albums", Policy.DATA, data.albums),
    Rule("GET", "/api/v1/people", Policy.DATA, data.people),
    Rule("GET", "/api/v1/places", Policy.DATA, data.places),
    Rule("GET", "/api/v1/suggest", Policy.DATA, data.suggest),
    Rule("GET", "/api/v1/status", Policy.DATA, data.status),
    Rule("POST", "/api/v1/backup", Policy.CHANGE, data.backup),
    Rule("GET", "/api/v1/accounts/{name}/code", Policy.DATA, account_pages.code),
    Rule("POST", "/api/v1/accounts/{name}/code", Policy.CHANGE, account_pages.begin_code),
    Rule("POST", "/api/v1/accounts/{name}/token", Policy.CHANGE, account_pages.token),
    Rule("POST", "/api/v0/rpc/{method}", Policy.CALL, rpc.call),
)
SOCKETS = {"/api/v0/ws": (Policy.SOCKET, socket.talk)}


def application(site: Site) -> ASGIApp:
    """The whole server as an ASGI application."""
    routes: list[BaseRoute] = [_route(site, rule) for rule in RULES]
    routes += [_socket_route(site, path) for path in SOCKETS]
    app = Starlette(
        routes=routes,
        exception_handlers={
            HTTPException: _refused, TooLarge: _too_large, NoCatalog: _nothing_yet, BadName: _bad_name,
            FbbackupError: _unusable, Exception: _unexpected,
        },
    )  # fmt: skip
    app.router.redirect_slashes = False
    app.state.site = site
    shown = next(rule for rule in RULES if rule.endpoint is files.thumbnail)
    return Guard(app, site.names, partial(_at_hand, site) if shown.policy is Policy.FILE else None)


def _at_hand(site: Site, url: bytes, headers: Headers) -> list[bytes] | None:
    """Thumbnails for browsers that came in: the one thing that pages ask for by the hundred."""
    if not url.startswith(b"/thumbnails/"):
        return None
    cookies = []
    for name, value in headers:
        if name == b"cookie":
            cookies.append(value)
        elif name in _DECIDING:
            return None
    answer = files.thumbnail_at_hand(site, url)
    return answer if answer and len(cookies) == 1 and entrance.is_known(site, cookies[0]) else None


def _route(site: Site, rule: Rule) -> Route:
    async def guarded(request: Request) -> Response:
        refusal = _refusal(site, rule, request)
        if refusal is None and rule.policy is Policy.FORM and not await entrance.has_token(site, request):
            refusal = data.problem(403, "the form is not of this browser's session; load its page again")
        return refusal if refusal is not None else await rule.endpoint(site, request)

    methods = ["GET", "HEAD"] if rule.method == "GET" else [rule.method]
    return Route(rule.path, guarded, methods=methods, name=f"{rule.method} {rule.path} {rule.policy}")


def _socket_route(site: Site, path: str) -> WebSocketRoute:
    policy, talk = SOCKETS[path]

    async def guarded(websocket: WebSocket) -> None:
        await talk(site, websocket)

    return WebSocketRoute(path, guarded, name=f"WEBSOCKET {path} {policy}")


def _refusal(site: Site, rule: Rule, request: Request) -> Response | None:
    """The answer to a request that the route's policy keeps out; None for one that may pass."""
    policy = rule.policy
    if policy is Policy.OPEN:
        return None
    if policy is Policy.SIGNED:
        return None if _is_signed(site, request) else data.problem(403, "the address is not ours, or is over")
    if policy is Policy.FILE and "x-session-id" in request.headers:
        return _program_refusal(site, request)
    if policy in (Policy.CHANGE, Policy.FORM, Policy.ENTER, Policy.CALL) and (why := _foreign(request, policy)):
        return _problem(request, 403, why)
    if policy is Policy.ENTER:
        return None
    if policy in (Policy.CHANGE, Policy.CALL) and not _is_json(request):
        return _problem(request, 415, "the body must be application/json")
    if policy is Policy.CALL or entrance.came_in(site, request):
        return None
    if policy is Policy.PAGE and request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return entrance.once_more(request)
    if policy in (Policy.PAGE, Policy.FORM):
        return RedirectResponse("/login", 303)
    return data.problem(401, "log in first")


def _problem(request: Request, status: int, message: str) -> Response:
    """A refusal in the words of whoever asks: the seeds' API has objects for errors, ours has texts."""
    path = request.url.path
    if path.startswith("/api/v0/"):
        return rpc.refused(path.removeprefix("/api/v0/rpc/"), status, message)
    return data.problem(status, message)


def _is_signed(site: Site, request: Request) -> bool:
    given = request.query_params
    photo_id = request.path_params["id"]
    return site.links is not None and site.links.allow(photo_id, given.get("until", ""), given.get("sign", ""))


def _program_refusal(site: Site, request: Request) -> Response | None:
    session = site.sessions.find(request.headers["x-session-id"])
    if session is None:
        return data.problem(401, "X-Session-Id is unknown, revoked or expired")
    found = site.readers.ask_now(gallery.file_of, request.path_params["id"])
    if found is not None and found.account != session.account:
        return data.problem(403, "the session is for another account")
    return None


def _foreign(request: Request, policy: Policy) -> str:
    """Why a request can't be from a page of ours; empty when it can."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    if site not in ("same-origin", "none"):
        return "requests from other sites are refused"
    origin = request.headers.get("origin")
    if origin is None:
        return "the Origin header is missing" if policy in (Policy.CHANGE, Policy.FORM) else ""
    if (
        origin == "null"
        and policy in (Policy.FORM, Policy.ENTER)
        and request.headers.get("sec-fetch-site") == "same-origin"
    ):
        # Browsers hide the origin of forms from pages with our referrer policy, and still vouch for the site.
        return ""
    host = request.headers.get("host", "")
    own = is_own_origin(origin.encode("latin-1"), host.encode("latin-1"), request.url.scheme)
    return "" if own else "requests from other origins are refused"


def _is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def _wants_page(request: Request) -> bool:
    return not request.url.path.startswith(
        ("/api/", "/files/", "/public/", "/thumbnails/", "/static/", "/healthz", "/metrics")
    )


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if _wants_page(request) and status == 404:
        return not_found(request, "There is no page at this address.")
    message = error.detail if isinstance(error, HTTPException) else "unexpected"
    answer = _problem(request, status, message)
    answer.headers.update((isinstance(error, HTTPException) and error.headers) or {})
    return answer


async def _too_large(request: Request, error: Exception) -> Response:
    return _problem(request, 413, "the body is larger than 1 MiB")


async def _nothing_yet(request: Request, error: Exception) -> Response:
    if _wants_page(request):
        return await pages.first_run(request.app.state.site, request)
    return _problem(request, 503, "nothing was backed up yet")


async def _bad_name(request: Request, error: Exception) -> Response:
    if _wants_page(request):
        return not_found(request, "There is no such list of photos.")
    return data.problem(400, str(error))


async def _unusable(request: Request, error: Exception) -> Response:
    if _wants_page(request):
        heading = "The archive can't be read"
        return render(request, "message.html", 503, title=heading, here="", heading=heading, message=str(error))
    return _problem(request, 503, str(error))


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path)
    return _problem(request, 500, "unexpected; the server's log says more")
