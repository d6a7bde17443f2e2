"""Coming in and going out: the one-time link, the password, the cookie."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qs, quote

from starlette.requests import Request, cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from fbbackup.web.look import render
from fbbackup.web.site import Site
from fbbackup.web.visitors import LASTS_SECONDS


async def login_page(site: Site, request: Request) -> Response:
    """Opens a session for a one-time link; otherwise asks for the password, or says where the link is."""
    link = request.query_params.get("link", "")
    if link:
        if not site.password_needed and site.visitors.use_link(link):
            site.say(f"The link was used. For another browser: {site.new_link()}")
            return _let_in(site)
        return _form(site, request, "This link was used already, or belongs to an earlier start of the server.", 403)
    if came_in(site, request):
        return RedirectResponse("/", 303)
    return _form(site, request, "", 200)


async def login(site: Site, request: Request) -> Response:
    """Checks a password, as often as guessing is allowed."""
    if not site.password_needed:
        return _form(site, request, "There is no password here; use the link that `fbbackup serve` printed.", 403)
    address = request.client.host if request.client else ""
    wait = site.password.wait_seconds(address)
    if wait > 0:
        answer = _form(site, request, f"Too many wrong passwords; try again in {int(wait) + 1} seconds.", 429)
        answer.headers["retry-after"] = str(int(wait) + 1)
        return answer
    given = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=5).get("password", [""])[0]
    if not await site.password.is_right(given, address):
        return _form(site, request, "That is not the password.", 401)
    return _let_in(site)


async def logout(site: Site, request: Request) -> Response:
    site.visitors.leave(request.cookies.get(site.cookie, ""))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(site.cookie, path="/", httponly=True, samesite="strict")
    return answer


def once_more(request: Request) -> Response:
    """Lets the browser ask for the page again by itself: it keeps our cookie back where a link on another site led
    here, also by way of the login."""
    query = f"?{request.url.query}" if request.url.query else ""
    return PlainTextResponse("One moment …\n", headers={"refresh": f"0; url={quote(request.url.path)}{query}"})


def form_token(site: Site, request: Request) -> str:
    """What forms of this browser carry, so that no other page can send them."""
    return site.visitors.form_token(request.cookies.get(site.cookie, ""))


async def has_token(site: Site, request: Request) -> bool:
    given = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=5).get("token", [""])[0]
    return hmac.compare_digest(given.encode(), form_token(site, request).encode())


def came_in(site: Site, request: Request) -> bool:
    """Whether the browser's cookie belongs to a living session."""
    return site.visitors.knows(request.cookies.get(site.cookie, ""))


def is_known(site: Site, header: bytes) -> bool:
    """The same, by the header itself."""
    return site.visitors.knows(cookie_parser(header.decode("latin-1")).get(site.cookie, ""))


def _let_in(site: Site) -> Response:
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        site.cookie, site.visitors.enter(), max_age=int(LASTS_SECONDS), path="/", httponly=True, samesite="strict"
    )
    return answer


def _form(site: Site, request: Request, problem: str, status: int) -> Response:
    return render(
        request, "login.html", status, title="Log in", here="", problem=problem, with_password=site.password_needed
    )
