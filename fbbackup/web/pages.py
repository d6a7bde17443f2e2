"""The gallery's pages: questions to the catalog, shown by templates. Every page reads well without JavaScript."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from sqlite3 import Connection
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fbbackup.catalog import gallery, reports, scopes
from fbbackup.catalog import query as search
from fbbackup.notices.memory import Alarm
from fbbackup.status import status_record
from fbbackup.web import entrance, lists, words
from fbbackup.web.look import not_found, page, render
from fbbackup.web.site import Site
from fbbackup.web.worldmap import WORLD, point

FIRST_PAGE = 60
PAGE = 120
ALBUMS = 60
OTHERS_OF_THE_DAY = 12
NOTICES = 12
A_YEAR = 12
FEW = 3
"""A month with up to so many photos shares its line with its neighbours."""
COUNTS_LAST_SECONDS = 5.0


async def timeline(site: Site, request: Request) -> Response:
    """All photos, newest first; `?at=2014-07` begins there, `?after=` goes on."""
    at = request.query_params.get("at", "")
    after = lists.start_of(at) or lists.key_from(request.query_params.get("after", ""), "")
    alarms, logins = await _alarms(site), _logins(site)
    # The first page is what everybody opens, and the same for all until a run writes something.
    version = (site.readers.version(), *alarms, *logins) if not request.query_params else None
    if version and site.front and site.front[0] == version:
        return page(site.front[1])
    months, rows, more = await site.readers.ask(_months_and_page, after)
    found = render(
        request, "timeline.html", title="Photos", here="/", alarms=alarms, logins=logins,
        months=months, total=sum(n for _, n in months), years=_years(months), sections=_sections(rows),
        more=lists.key_text(more), at=at, **(await _at_work(site, request) if not months else {}),
        counts=" ".join(f"{month or 'undated'}:{photos}" for month, photos in months), begins_above=after is not None,
        FEW=FEW, first_key=lists.key_text(_key(rows[0])) if rows else "",
    )  # fmt: skip
    if version and months:
        site.front = version, bytes(found.body)
    return found


def _months_and_page(
    db: Connection, after: scopes.Key | None
) -> tuple[list[tuple[str, int]], list[Any], scopes.Key | None]:
    return gallery.months(db), *lists.page(db, "", after, FIRST_PAGE)


async def first_run(site: Site, request: Request) -> Response:
    """What every page shows before there is a catalog."""
    return render(request, "first_run.html", title="Welcome", here="", **await _at_work(site, request))


async def _at_work(site: Site, request: Request) -> dict[str, Any]:
    """What pages say of the daemon, and what their button needs to ask it for a run."""
    line = await site.daemon.line() if site.daemon is not None else None
    return {"daemon": line, "form_token": entrance.form_token(site, request), "root": str(site.root)}


def _key(row: Any) -> scopes.Key:
    return row["first_key"], row["second_key"]


def _years(months: list[tuple[str, int]]) -> list[tuple[str, int]]:
    years: dict[str, int] = {}
    for month, photos in months:
        years[month[:4]] = years.get(month[:4], 0) + photos
    return list(years.items())


def _sections(rows: list[Any]) -> list[tuple[str, list[Any]]]:
    """Rows by month, as they come."""
    sections: list[tuple[str, list[Any]]] = []
    for row in rows:
        month = (row["file_date"] or "")[:7]
        if not sections or sections[-1][0] != month:
            sections.append((month, []))
        sections[-1][1].append(row)
    return sections


async def albums(site: Site, request: Request) -> Response:
    """Albums with covers, in Facebook's order."""
    after = _album_key(request.query_params.get("after", ""))
    found = await site.readers.ask(gallery.album_list, after, ALBUMS)
    last = found[-1] if len(found) == ALBUMS else None
    more = f"{last['virtual']}.{last['position']}.{last['id']}" if last else None
    return render(request, "albums.html", title="Albums", here="/albums", albums=found, more=more)


def _album_key(text: str) -> tuple[int, int, int] | None:
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        return None
    return int(parts[0]), int(parts[1]), int(parts[2])


async def album(site: Site, request: Request) -> Response:
    found = await site.readers.ask(gallery.album, request.path_params["id"])
    if found is None:
        return not_found(request, "There is no such album in this archive.")
    name = f"album:{found['id']}"
    return await _list_page(site, request, name, "album.html", title=found["title"], here="/albums", album=found)


async def person(site: Site, request: Request) -> Response:
    found = await site.readers.ask(gallery.person, request.path_params["id"])
    if found is None:
        return not_found(request, "Nobody of this archive has this id.")
    name = f"person:{found['id']}"
    return await _list_page(site, request, name, "person.html", title=found["name"], here="/people", person=found)


async def place(site: Site, request: Request) -> Response:
    found = await site.readers.ask(gallery.place, request.path_params["id"])
    if found is None:
        return not_found(request, "There is no such place in this archive.")
    name, title = f"place:{found['id']}", found["name"] or "A place"
    return await _list_page(site, request, name, "place.html", title=title, here="/map", place=found)


async def _list_page(site: Site, request: Request, name: str, template: str, **values: Any) -> Response:
    after = lists.key_from(request.query_params.get("after", ""), name)
    rows, more = await site.readers.ask(lists.page, name, after, PAGE if after else FIRST_PAGE)
    return render(request, template, rows=rows, list=name, more=lists.key_text(more), **values)


async def search_page(site: Site, request: Request) -> Response:
    """Results, best first, or newest first when only filters are given."""
    asked = request.query_params.get("q", "").strip()[: search.LONGEST]
    query = search.parse(asked)
    name = f"search:{asked}"
    after = lists.key_from(request.query_params.get("after", ""), name)
    rows: list[Any] = []
    more = None
    if not query.empty:
        rows, more = await site.readers.ask(lists.page, name, after, FIRST_PAGE)
        if not rows and not after and (wider := search.widened(asked)) != asked:
            name = f"search:{wider}"
            rows, more = await site.readers.ask(lists.page, name, None, FIRST_PAGE)
    title = f"{asked} · Search" if asked else "Search"
    ideas = await site.readers.keep(60, _ideas) if query.empty else []
    return render(
        request, "search.html", title=title, here="/search", q=asked, query=query, rows=rows, list=name, ideas=ideas,
        more=lists.key_text(more),
    )  # fmt: skip


def _ideas(db: Connection) -> list[str]:
    """Searches that find something in this archive."""
    people = [f'person:"{one["name"]}"' for one in gallery.people(db)[:3]]
    places = [f'place:"{one["name"]}"' for one in gallery.places(db)[:3] if one["name"]]
    months = gallery.months(db)
    years = [f"from:{months[-1][0][:4]} to:{months[-1][0][:4]}"] if months and months[-1][0] else []
    return [*people, *places, *years, "has:comments", "is:video", "gone:yes"]


async def people(site: Site, request: Request) -> Response:
    found = await site.readers.keep(COUNTS_LAST_SECONDS, gallery.people)
    return render(request, "people.html", title="People", here="/people", people=found)


async def world(site: Site, request: Request) -> Response:
    found = await site.readers.keep(COUNTS_LAST_SECONDS, gallery.places)
    marked = [
        {**one, "at": point(one["latitude"], one["longitude"])}
        for one in found
        if one["latitude"] is not None and one["longitude"] is not None
    ]
    return render(request, "map.html", title="Map", here="/map", places=found, marked=marked, world=WORLD)


async def on_this_day(site: Site, request: Request) -> Response:
    day = request.query_params.get("day", "") or datetime.now(UTC).strftime("%m-%d")
    try:
        datetime.strptime(f"2000-{day}", "%Y-%m-%d")  # noqa: DTZ007 - only whether the day exists
    except ValueError:
        return not_found(request, "There is no such day; a day is written like 07-05.")
    years = await site.readers.ask(gallery.on_this_day, day, A_YEAR)
    days = await site.readers.ask(_days_with_photos) if not years else []
    return render(
        request, "on_this_day.html", title=f"On {words.day_name(day)}", here="/on-this-day", day=day, years=years,
        days=days, steps=_steps(day),
    )  # fmt: skip


def _steps(day: str) -> tuple[str, str]:
    """The days before and after, in a leap year."""
    at = datetime.fromisoformat(f"2000-{day}T00:00:00+00:00").timestamp()
    before, after = (datetime.fromtimestamp(at + step, UTC).strftime("%m-%d") for step in (-86_400, 86_400))
    return before, after


def _days_with_photos(db: Connection) -> list[str]:
    """A few days of the year that have photos, for when the asked one has none."""
    found: list[str] = []
    for month, _ in gallery.months(db)[:200]:
        if month and month[5:] not in [day[:2] for day in found]:
            rows = scopes.page(db, scopes.between(f"{month}-", f"{month}-99"), None, 1)
            found += [row["file_date"][5:10] for row in rows]
    return sorted(found)


async def photo(site: Site, request: Request) -> Response:
    """One photo with everything known of it, and its neighbours in the list that it was opened from."""
    photo_id, name = request.path_params["id"], request.query_params.get("in", "")
    found = await site.readers.ask(reports.photo, photo_id)
    if found is None:
        return not_found(request, "There is no such photo in this archive.")
    try:
        before, after = await site.readers.ask(_neighbours, name, photo_id)
    except lists.BadName:
        name, before, after = "", None, None
    others = []
    if found["file_date_precision"] not in ("year", "month"):
        others = await site.readers.ask(gallery.same_day, photo_id, found["file_date"], OTHERS_OF_THE_DAY)
    file = next((one for one in found["files"] if one["is_current"]), None)
    where = await site.readers.ask(gallery.place, found["place_id"]) if found["place_id"] else None
    title = (
        (found["caption"] or found["title"] or "").strip()[:80] or words.moment(found["file_date"], "day") or "Photo"
    )
    return render(
        request, "photo.html", title=title, here="", photo=found, file=file, list=name, up=lists.address(name),
        before=before, after=after, others=others, where=where, spot=_spot(where),
        world_height=WORLD["height"],
    )  # fmt: skip


def _neighbours(db: Connection, name: str, photo_id: str) -> tuple[Any, Any]:
    return scopes.neighbours(db, lists.scope_of(db, name), photo_id)


def _spot(where: dict[str, Any] | None) -> tuple[float, float] | None:
    if where is None or where["latitude"] is None or where["longitude"] is None:
        return None
    return point(where["latitude"], where["longitude"])


async def status(site: Site, request: Request) -> Response:
    record = await site.readers.keep(COUNTS_LAST_SECONDS, _status, site)
    return render(
        request, "status.html", title="Status", here="/status", asked=request.query_params.get("asked", ""),
        notices=await asyncio.to_thread(_notices, site), alarms=await _alarms(site), logins=_logins(site),
        **await _at_work(site, request), **record,
    )  # fmt: skip


async def back_up(site: Site, request: Request) -> Response:
    """Asks the daemon for a run, and leads back to the status page, which tells what came of it."""
    begun = site.daemon is not None and await site.daemon.run_now()
    return RedirectResponse(f"/status?asked={'yes' if begun else 'no'}#backup", 303)


def _logins(site: Site) -> tuple[str, ...]:
    """Accounts that may be logged in from the pages."""
    return site.relogin.accounts if site.relogin is not None else ()


async def _alarms(site: Site) -> list[Alarm]:
    memory = site.memory
    return [] if memory is None else await asyncio.to_thread(memory.alarms, datetime.now(UTC))


def _notices(site: Site) -> list[dict[str, Any]]:
    recent = site.memory.recent() if site.memory is not None else []
    keys = ("event", "at", "title", "text")
    return [one for one in recent if all(isinstance(one.get(key), str) for key in keys)][:NOTICES]


def _status(db: Connection, site: Site) -> dict[str, Any]:
    missing = [
        {**one, "account": name}
        for name, account_id in reports.account_ids(db).items()
        for one in reports.missing_photos(db, account_id, 20)
    ]
    return {
        "status": status_record(db, site.root),
        "runs": gallery.recent_runs(db, 12),
        "gaps": gallery.gaps(db, 50),
        "missing": missing,
    }


async def random_photo(site: Site, request: Request) -> Response:
    """Somewhere in the archive: a photo of a month picked by its number of photos."""
    found = await site.readers.ask(gallery.any_photo)
    return RedirectResponse(f"/photos/{found}" if found else "/", 303)
