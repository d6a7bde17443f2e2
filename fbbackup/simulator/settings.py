"""Every switch of the pretend Facebook that is not a fault: how it is set up and which shapes it answers in."""

from __future__ import annotations

from dataclasses import dataclass, field

DAY = 86_400


@dataclass
class Settings:
    """May be changed while the server runs."""

    version: str = "v21.0"
    header_version: str | None = None
    app_id: str = "100000000000001"
    app_secret: str | None = None
    """When set, every Graph call needs the matching `appsecret_proof`."""
    client_token: str = "5ba1c0ffee5ba1c0ffee5ba1c0ffee00"  # noqa: S105 - of a pretend app
    """What the app shows for logging in with a code."""
    daily_users: int = 1
    budget: int | None = None
    """Calls a rolling hour; None means 200 for each daily user."""
    limit_code: int = 4
    """What a call over the budget fails with: 4, 17, 32, 613 …"""
    usage_format: str = "json"
    """Shape of the usage headers: json, percent, quoted or absent."""
    cost_limit: int = 1000
    """Photo nodes that one call may return; nested edges make a node count more."""
    page_cap: int = 100
    page_default: int = 25
    strict_cursors: bool = False
    """A cursor whose item was deleted fails with #100 instead of going on from its place."""
    paging: str = "cursors"
    """cursors, offset or time; the last two have `next` URLs only."""
    missing_fields: set[str] = field(default_factory=set)
    """Fields and edges that no longer exist, for instance `reactions`."""
    ids_as_numbers: bool = False
    old_covers: bool = False
    """All `cover_photo` values as a bare id, as before v2.4; otherwise a few are."""
    javascript_type: bool = False
    error_form: str = "now"
    """now, old, no-code or text."""
    error_status: dict[int, int] = field(default_factory=dict)
    """HTTP status by error code where it shall differ."""
    url_life: float = 4 * DAY
    cdn_base: str | None = None
    """Where picture URLs point to instead of this server."""
    videos_without_source: bool = True
    """Whether a few videos come without an address, as videos with foreign rights do."""
    ranges: bool = True
    digest: bool = True
    """Whether pictures come with a `content-digest` header."""
