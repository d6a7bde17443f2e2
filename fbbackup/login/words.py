"""Logins in plain words: what was allowed, and when it ends."""

from __future__ import annotations

from datetime import UTC, datetime

from fbbackup.models import Identity, Permission
from fbbackup.status import until

_MEANINGS = {
    "user_photos": "your albums and photos, and photos that you are tagged in",
    "user_videos": "your videos",
    "user_posts": "your posts",
    "public_profile": "your name",
    "pages_show_list": "the list of Pages that you manage",
    "pages_read_engagement": "albums and photos of Pages that you manage",
}
_STATES = {
    Permission.GRANTED: "may read",
    Permission.DECLINED: "may NOT read (declined)",
    Permission.EXPIRED: "may no longer read (the permission has expired)",
    Permission.ABSENT: "may not read",
}


def login_lines(identity: Identity) -> list[str]:
    """Who it is, what the login may read, and both of its ends."""
    lines = [f"logged in as {identity.display_name} (id {identity.remote_id})"]
    for name, state in sorted(identity.permissions.items()):
        if name in _MEANINGS:
            lines.append(f"  {_STATES[state]} {_MEANINGS[name]} ({name})")
    ends = {"the login": identity.expires_at, "access to your data": identity.data_access_expires_at}
    return lines + [f"  {what} {_end(at)}" for what, at in ends.items()]


def _end(at: datetime | None) -> str:
    if at is None:
        return "has no end that is known"
    text = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return f"ends {until(text)}, on {text[:10]}" if until(text).startswith("in ") else f"ends on {text[:10]}"
