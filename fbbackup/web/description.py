"""The OpenAPI description of the gallery's JSON."""

from __future__ import annotations

from typing import Any

from fbbackup import __version__
from fbbackup.web.lists import MOST

_LIST = ("in", "A list: empty for all photos, `album:ID`, `person:ID`, `place:ID` or `search:WORDS`.")
_AFTER = ("after", "The `next` of the page before.")
_LIMIT = ("limit", f"How many, 1 to {MOST}; 100 unless told.")
_ITEM = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "kind": {"type": "string", "enum": ["photo", "video"]},
        "date": {"type": ["string", "null"], "description": "UTC, 2014-07-05T10:00:00Z"},
        "width": {"type": ["integer", "null"]},
        "height": {"type": ["integer", "null"]},
        "color": {"type": ["string", "null"], "description": "the mean colour, #rrggbb"},
        "alt": {"type": "string"},
        "gone": {"type": "boolean", "description": "gone on Facebook, kept here"},
        "version": {"type": "string", "description": "for ?v= of /thumbnails and /files"},
    },
}
_PATHS: dict[str, tuple[str, tuple[tuple[str, str], ...], dict[str, Any]]] = {
    "/api/v1/months": ("Months with photos, newest first", (), {"months": {"type": "array"}}),
    "/api/v1/photos": (
        "A page of a list of photos",
        (_LIST, _AFTER, _LIMIT, ("at", "Begins all photos with a month, 2014-07, or a year.")),
        {"items": {"type": "array", "items": _ITEM}, "next": {"type": ["string", "null"]}},
    ),
    "/api/v1/photos-before": (
        "The photos just before a key, in the order of the timeline",
        (("before", "A key: the date and the id of a photo with ~ between them."), _LIMIT),
        {"items": {"type": "array", "items": _ITEM}, "previous": {"type": ["string", "null"]}},
    ),
    "/api/v1/photos/{id}": ("All that is known of a photo", (), {}),
    "/api/v1/photos/{id}/neighbours": ("The photos before and after one in a list", (_LIST,), {}),
    "/api/v1/albums": ("Albums in Facebook's order", (_AFTER, _LIMIT), {"albums": {"type": "array"}}),
    "/api/v1/people": ("People who are marked in photos", (), {"people": {"type": "array"}}),
    "/api/v1/places": ("Places of photos", (), {"places": {"type": "array"}}),
    "/api/v1/suggest": ("Filters for what is being typed", (("q", "What was typed."),), {}),
    "/api/v1/status": ("What is stored and pending", (), {}),
}


def description() -> dict[str, Any]:
    """OpenAPI 3.1 of everything below /api/v1 that reads."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "fbbackup gallery", "version": __version__},
        "paths": {path: {"get": _operation(path, *parts)} for path, parts in _PATHS.items()},
    }


def _operation(path: str, words: str, query: tuple[tuple[str, str], ...], keys: dict[str, Any]) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "query", "description": text, "required": name == "before", "schema": {"type": "string"}}
        for name, text in query
    ]
    if "{id}" in path:
        parameters.append(
            {"name": "id", "in": "path", "description": "A photo's Facebook id.", "required": True,
             "schema": {"type": "string"}}
        )  # fmt: skip
    schema = {"type": "object", "properties": keys, "required": sorted(keys)}
    return {
        "summary": words,
        "parameters": parameters,
        "responses": {
            "200": {"description": words, "content": {"application/json": {"schema": schema}}},
            "400": {"description": "A parameter can't be used."},
            "401": {"description": "Log in first."},
            "404": {"description": "There is no such photo."},
            "503": {"description": "Nothing was backed up yet."},
        },
    }
