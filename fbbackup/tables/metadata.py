"""What Datasette is told about the catalog: words, facets, questions, and which tables nobody looks for."""

from __future__ import annotations

from typing import Any

from fbbackup.catalog.questions import QUESTIONS

DATABASE = "catalog"
_WORDS = {
    "library": "Each photo in one row, with its albums, people, place and the path of its file.",
    "timeline": "Stored photos in the order of their dates.",
    "missing": "Photos that are not stored: why, and when they are tried again.",
    "gone": "Photos that Facebook says are gone. Their files are still here.",
    "caption_history": "Captions, titles and alt texts before they were changed.",
    "photos": "One row a photo or video. The search box finds words of all texts, people and places.",
    "albums": "Facebook's albums, and the virtual ones.",
    "files": "Stored files by their SHA-256.",
    "runs": "What each run did.",
    "comments": "What people wrote below photos.",
}
_FACETS = {
    "library": ["kind", "state", "content_type"],
    "missing": ["state", "kind"],
    "photos": ["kind", "state", "file_date_source"],
    "albums": ["kind", "privacy"],
    "files": ["content_type"],
    "runs": ["kind", "outcome"],
    "reactions": ["kind"],
    "caption_history": ["field"],
}
_HIDDEN = (
    "source_states", "listings", "listing_pages", "outdated", "manifests", "care", "variants", "months",
    "_sqlite_migrations", "album_audits", "imported_media", "not_understood", "photo_aliases",
)  # fmt: skip


def metadata() -> dict[str, Any]:
    """Datasette's metadata; only whoever came in by the link may see anything."""
    return {
        "title": "fbbackup",
        "description": "The catalog of your photos. Nothing here can change it.",
        "allow": {"id": "root"},
        "databases": {
            DATABASE: {
                "tables": _tables(),
                "queries": {
                    one.name: {"title": one.title, "description": one.meaning, "sql": one.sql} for one in QUESTIONS
                },
            }
        },
    }


def _tables() -> dict[str, dict[str, Any]]:
    tables: dict[str, dict[str, Any]] = {name: {"hidden": True} for name in _HIDDEN}
    for name in {**_WORDS, **_FACETS}:
        tables[name] = {"description": _WORDS.get(name, ""), "facets": _FACETS.get(name, [])}
    tables["photos"] |= {"fts_table": "photos_fts", "fts_pk": "number", "label_column": "caption"}
    tables["albums"] |= {"label_column": "title"}
    return tables
