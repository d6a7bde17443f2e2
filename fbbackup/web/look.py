"""Templates and what they need: rendering, icons, and the addresses of files that browsers may keep forever."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from html import escape
from importlib import resources
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from fbbackup.screen import size_in_words
from fbbackup.web import lists, palette, words
from fbbackup.web.worldmap import world_drawing

STATIC_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
PAGE_CACHE = "private, no-cache"


@cache
def static_files() -> dict[str, tuple[bytes, str]]:
    """Every style sheet, script and drawing: name to content and type."""
    found = {
        "palette.css": (palette.style_sheet().encode(), STATIC_TYPES[".css"]),
        "world.svg": (world_drawing().encode(), STATIC_TYPES[".svg"]),
    }
    for entry in resources.files("fbbackup.web").joinpath("static").iterdir():
        suffix = f".{entry.name.rpartition('.')[2]}"
        if suffix in STATIC_TYPES:
            found[entry.name] = (entry.read_bytes(), STATIC_TYPES[suffix])
    return found


@cache
def static_version() -> str:
    """One version for all, since scripts import each other by plain names."""
    digest = sha256()
    for name, (content, _) in sorted(static_files().items()):
        digest.update(name.encode() + content)
    return digest.hexdigest()[:12]


def static(name: str) -> str:
    return f"/static/{static_version()}/{name}"


def thumbnail(row: Any) -> str:
    return f"/thumbnails/{quote(row['id'], safe='')}?v={row['version']}"


def photo_link(photo_id: str, name: str = "") -> str:
    """The page of a photo, as opened from a list."""
    inside = f"?in={quote(name, safe=':')}" if name else ""
    return f"/photos/{quote(photo_id, safe='')}{inside}"


def alt(row: Any) -> str:
    """What a picture shows, for those who don't see it: the words of people first, then Facebook's."""
    written = " ".join((row["caption"] or row["alt_text"] or row["title"] or "").split())
    kind = "Video" if row["kind"] == "video" else "Photo"
    if written:
        return written[:200] if kind == "Photo" else f"Video: {written[:200]}"
    when = words.moment(row["file_date"], "day")
    return f"{kind} of {when}" if when else f"{kind} without a caption"


def tiles(rows: Iterable[Any], name: str = "") -> Markup:
    """Photos of a list as its items: sixty a page, which a template would take most of the page's time for."""
    return Markup("\n".join(_tile(row, name) for row in rows))  # noqa: S704 - texts are escaped one by one below


def _tile(row: Any, name: str) -> str:
    # Addresses are quoted for addresses, which leaves nothing to escape; shapes and colours are names of our own.
    width, height = row["width"], row["height"]
    badges = (_badge("film") if row["kind"] == "video" else "") + (_badge("gone") if row["gone_at"] else "")
    return (
        f'<li class="tile {palette.aspect_class(width, height)} {palette.color_class(row["color"])}" '
        f'data-id="{escape(row["id"])}"><a href="{photo_link(row["id"], name)}">'
        f'<img src="{thumbnail(row)}" width="{width or 320:d}" height="{height or 240:d}" '
        f'alt="{escape(alt(row))}" loading="lazy" decoding="async">{badges}</a></li>'
    )


@cache
def _badge(kind: str) -> str:
    if kind == "film":
        return f'<span class="badge film">{icon("play")}<span class="unseen">Video</span></span>'
    return (
        f'<span class="badge gone" title="Gone on Facebook, kept here">{icon("gone")}'
        '<span class="unseen">Gone on Facebook</span></span>'
    )


def _load(name: str) -> str | None:
    entry = resources.files("fbbackup.web").joinpath("templates", name)
    return entry.read_text(encoding="utf-8") if entry.is_file() else None


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_load), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(
        static=static, thumbnail=thumbnail, photo_link=photo_link, alt=alt, icon=icon, tiles=tiles,
        aspect=palette.aspect_class, tint=palette.color_class, percent=palette.percent_class, words=words,
        size=size_in_words, list_address=lists.address, REACTIONS=words.REACTIONS, key_text=lists.key_text,
    )  # fmt: skip
    environment.filters["seg"] = lambda text: quote(text, safe="")
    return environment


def render(request: Request, template: str, code: int = 200, **values: Any) -> Response:
    values.setdefault("q", "")
    return page(_environment().get_template(template).render(path=request.url.path, **values), code)


def page(content: str | bytes, code: int = 200) -> Response:
    return HTMLResponse(content, code, {"cache-control": PAGE_CACHE})


def not_found(request: Request, message: str) -> Response:
    return render(request, "message.html", 404, title="Not found", here="", heading="Not found", message=message)


ICONS = {
    "photos": '<rect x="3" y="5" width="18" height="14" rx="2.5"/><circle cx="8.6" cy="10" r="1.6"/>'
    '<path d="m4 17 5-4.6 3.4 3 3.4-3.6L20.4 16"/>',
    "albums": '<rect x="3" y="7" width="18" height="13" rx="2.5"/><path d="M6 4h12"/>',
    "people": '<circle cx="12" cy="8.2" r="3.6"/><path d="M4.8 20c.7-4 3.6-6 7.2-6s6.500 2 7.200 6"/>',
    "map": '<path d="M12 21c4.500-5 7-8.300 7-11.600A7 7 0 0 0 5 9.400C5 12.700 7.500 16 12 21z"/>'
    '<circle cx="12" cy="9.600" r="2.500"/>',
    "day": '<rect x="3.500" y="5" width="17" height="15.500" rx="2.500"/><path d="M3.500 10h17M8 3v4M16 3v4"/>'
    '<circle cx="12" cy="15" r="1.800"/>',
    "search": '<circle cx="10.500" cy="10.500" r="6"/><path d="m15 15 5.500 5.500"/>',
    "status": '<path d="M12 3 5 6v5.500c0 4.300 2.900 7.800 7 9.500 4.100-1.700 7-5.200 7-9.500V6z"/>'
    '<path d="m9 12 2.200 2.200L15.200 10"/>',
    "left": '<path d="m14.500 5-7 7 7 7"/>',
    "right": '<path d="m9.500 5 7 7-7 7"/>',
    "close": '<path d="M6 6l12 12M18 6 6 18"/>',
    "play": '<path d="M8 5.500v13l10.500-6.500z"/>',
    "info": '<circle cx="12" cy="12" r="8.500"/><path d="M12 11v5.500M12 7.600v.1"/>',
    "download": '<path d="M12 4v11M7.500 11 12 15.500 16.500 11M5 20h14"/>',
    "shuffle": '<path d="M4 7h3.500l9 10H20M4 17h3.500l2.300-2.600M14 9.400 16.500 7H20M17.600 4.600 20 7l-2.400 2.400'
    'M17.600 14.600 20 17l-2.400 2.400"/>',
    "link": '<path d="M10 14a4 4 0 0 0 5.700 0l3-3A4 4 0 0 0 13 5.300l-1 1M14 10a4 4 0 0 0-5.700 0l-3 3'
    'A4 4 0 0 0 11 18.700l1-1"/>',
    "full": '<path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"/>',
    "gone": '<path d="M4 4l16 16M9.500 5H18.5A2.5 2.5 0 0 1 21 7.5v9M3 7.5v9A2.5 2.5 0 0 0 5.5 19h11"/>',
}


def icon(name: str) -> Markup:
    """A drawing of our own as part of the page; hidden from screen readers, which get the words beside it."""
    return Markup(  # noqa: S704 - constants above
        f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{ICONS[name]}</svg>'
    )
