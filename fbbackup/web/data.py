"""The JSON that the gallery's own scripts read (`/api/v1/…`); described in `openapi.json`. Read-only."""

from __future__ import annotations

import asyncio
import json
from sqlite3 import Connection
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fbbackup.catalog import gallery, reports, scopes
from fbbackup.catalog import query as search
from fbbackup.status import status_record
from fbbackup.web import lists
from fbbackup.web.entrance import came_in
from fbbackup.web.pages import COUNTS_LAST_SECONDS
from fbbackup.web.site import Site

SUGGESTIONS = 5


def problem(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status)


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", "100")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= lists.MOST):
        raise lists.BadName(f"limit must be 1 to {lists.MOST}")
    return int(text)


async def photos(site: Site, request: Request) -> Response:
    """A page of a list: `in` names it, `after` goes on from a key, `at` begins with a month."""
    name, limit = request.query_params.get("in", ""), _limit(request)
    after = lists.key_from(request.query_params.get("after", ""), name)
    if not name and after is None:
        after = lists.start_of(request.query_params.get("at", ""))
    found, more = await site.readers.ask(lists.items, name, after, limit)
    return Response(
        f'{{"items":[{",".join(found)}],"next":{json.dumps(lists.key_text(more))}}}', media_type="application/json"
    )


async def photos_before(site: Site, request: Request) -> Response:
    """The photos of the timeline just before a key, in the timeline's order; `previous` goes on backwards."""
    before = lists.key_from(request.query_params.get("before", ""), "")
    if before is None:
        return problem(400, "before must be a key")
    rows = await site.readers.ask(lists.earlier, "", before, _limit(request))
    previous = lists.key_text((rows[0]["first_key"], rows[0]["second_key"])) if len(rows) == _limit(request) else None
    return JSONResponse({"items": [_item(row) for row in rows], "previous": previous})


def _item(row: Any) -> dict[str, Any]:
    return {
        "id": row["id"], "kind": row["kind"], "date": row["file_date"], "width": row["width"],
        "height": row["height"], "color": row["color"],
        "alt": (row["caption"] or row["alt_text"] or row["title"] or "")[:200],
        "gone": row["gone_at"] is not None, "version": row["version"],
    }  # fmt: skip


async def photo(site: Site, request: Request) -> Response:
    found = await site.readers.ask(reports.photo, request.path_params["id"])
    return JSONResponse(found) if found else problem(404, "there is no such photo")


async def neighbours(site: Site, request: Request) -> Response:
    """The photos before and after one in a list."""
    name = request.query_params.get("in", "")
    before, after = await site.readers.ask(_neighbours, name, request.path_params["id"])
    return JSONResponse({"before": _item(before) if before else None, "after": _item(after) if after else None})


def _neighbours(db: Connection, name: str, photo_id: str) -> tuple[Any, Any]:
    return scopes.neighbours(db, lists.scope_of(db, name), photo_id)


async def months(site: Site, request: Request) -> Response:
    found = await site.readers.ask(gallery.months)
    return JSONResponse({"months": [{"month": month, "photos": photos} for month, photos in found]})


async def albums(site: Site, request: Request) -> Response:
    """All albums, a page at a time: `after` is the `next` of the page before."""
    parts = request.query_params.get("after", "").split(".")
    known = len(parts) == 3 and all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts)
    after = (int(parts[0]), int(parts[1]), int(parts[2])) if known else None
    limit = _limit(request)
    found = await site.readers.ask(gallery.album_list, after, limit)
    last = found[-1] if len(found) == limit else None
    keys = ("id", "remote_id", "title", "description", "kind", "count", "gone_at")
    return JSONResponse(
        {
            "albums": [
                {**{key: one[key] for key in keys}, "cover": one["cover"]["id"] if one["cover"] else None}
                for one in found
            ],
            "next": f"{last['virtual']}.{last['position']}.{last['id']}" if last else None,
        }
    )


async def people(site: Site, request: Request) -> Response:
    found = await site.readers.keep(COUNTS_LAST_SECONDS, gallery.people)
    return JSONResponse({"people": [{key: one[key] for key in ("id", "name", "photos")} for one in found]})


async def places(site: Site, request: Request) -> Response:
    return JSONResponse({"places": await site.readers.keep(COUNTS_LAST_SECONDS, gallery.places)})


async def suggest(site: Site, request: Request) -> Response:
    """People, albums and places that a search could be narrowed to."""
    text = request.query_params.get("q", "")[: search.LONGEST]
    found = await site.readers.ask(lambda db: list(search.suggestions(db, text, SUGGESTIONS)))
    return JSONResponse({"suggestions": [{"kind": kind, "name": name, "filter": words} for kind, name, words in found]})


async def status(site: Site, request: Request) -> Response:
    return JSONResponse(await site.readers.keep(COUNTS_LAST_SECONDS, _status, site))


def _status(db: Connection, site: Site) -> dict[str, Any]:
    return status_record(db, site.root)


async def backup(site: Site, request: Request) -> Response:
    """Asks the daemon for a run at once."""
    if site.daemon is None or not await site.daemon.run_now():
        return problem(409, "no daemon runs here; `fbbackup sync` does it by hand")
    return JSONResponse({"started": True}, 202)


async def health(site: Site, request: Request) -> Response:
    """Open to everyone: whether all is well, and what is not; where there is a password, strangers get no details."""
    if site.wellbeing is None:
        return JSONResponse({"ok": True, "reasons": []})
    found = await site.wellbeing.found()
    stranger = site.password_needed and not came_in(site, request)
    return JSONResponse(found.record(for_strangers=stranger), 200 if found.ok else 503)


async def metrics(site: Site, request: Request) -> Response:
    """Counts for Prometheus: for this machine only, since it asks for no login."""
    if site.metrics is None or site.password_needed:
        return problem(404, "numbers are told without a password only, so to this machine alone")
    return Response(await asyncio.to_thread(site.metrics), media_type="text/plain; version=0.0.4; charset=utf-8")


async def openapi(site: Site, request: Request) -> Response:
    from fbbackup.web.description import description

    return JSONResponse(description())
