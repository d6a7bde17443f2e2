"""The page on which an account logs in to Facebook again, and what its script asks."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fbbackup.errors import FbbackupError
from fbbackup.web.data import problem
from fbbackup.web.look import not_found, render
from fbbackup.web.relogin import Relogin, TooManyTries
from fbbackup.web.site import Site

LONGEST_TOKEN = 4096
_CLOSED = "logging in from here is not allowed; `fbbackup login` does it, and web.relogin_url allows it"


async def page(site: Site, request: Request) -> Response:
    """How to log the account in again; without the setting, how to allow that."""
    name = request.path_params["name"]
    if name not in site.accounts:
        return not_found(request, "There is no such account.")
    allowed = site.relogin is not None and name in site.relogin.accounts
    return render(request, "relogin.html", title=f"Log in · {name}", here="/status", account=name, allowed=allowed)


async def token(site: Site, request: Request) -> Response:
    """Takes a token: `{"token": …}`; 200 with `lines`, 422 with the reason."""
    relogin = _open_for(site, request)
    if relogin is None:
        return problem(404, _CLOSED)
    try:
        given = json.loads(await request.body())
        text = given["token"].strip()
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return problem(400, 'the body must be {"token": "…"}')
    if not (text.isascii() and text.isprintable() and " " not in text and 0 < len(text) <= LONGEST_TOKEN):
        return problem(400, "that is no token: it holds spaces or letters that no token has, or nothing")
    try:
        lines = await relogin.by_token(request.path_params["name"], text)
    except TooManyTries as error:
        return _wait(error)
    except FbbackupError as error:
        return problem(422, str(error))
    return JSONResponse({"lines": lines})


async def begin_code(site: Site, request: Request) -> Response:
    """Begins a login by code; see `Relogin.state`."""
    relogin = _open_for(site, request)
    if relogin is None:
        return problem(404, _CLOSED)
    try:
        return JSONResponse(await relogin.by_code(request.path_params["name"]))
    except TooManyTries as error:
        return _wait(error)


async def code(site: Site, request: Request) -> Response:
    """How the login by code is going."""
    relogin = _open_for(site, request)
    return problem(404, _CLOSED) if relogin is None else JSONResponse(relogin.state(request.path_params["name"]))


def _open_for(site: Site, request: Request) -> Relogin | None:
    relogin = site.relogin
    return relogin if relogin is not None and request.path_params["name"] in relogin.accounts else None


def _wait(error: TooManyTries) -> Response:
    answer = problem(429, str(error))
    answer.headers["retry-after"] = str(int(error.seconds) + 1)
    return answer
