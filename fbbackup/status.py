"""Reports in words and as records: what `status`, `audit`, `show` and `accounts` print."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from sqlite3 import Connection
from typing import TYPE_CHECKING, Any

from fbbackup.catalog import reports
from fbbackup.screen import counted, size_in_words

if TYPE_CHECKING:
    from fbbackup.config import Config

LISTED_ALBUMS = 20
_SLACK = timedelta(hours=1)


def status_record(db: Connection, root: Path) -> dict[str, Any]:
    """What is stored and what is pending, counted now; clocks as the accounts last saw them."""
    totals = reports.totals(db)
    accounts = [_account(row) for row in reports.accounts(db)]
    photos = totals["photos"]
    return {
        "archive": str(root),
        **totals,
        "pending": photos["wanted"] + photos["failed"],
        "accounts": accounts,
    }


def _account(row: dict[str, Any]) -> dict[str, Any]:
    last, complete = row["last_run"], row["last_complete_run"]
    return {
        "name": row["name"],
        "source": row["source"],
        "display_name": row["display_name"],
        "remote_id": row["remote_id"],
        "permissions": row["permissions"],
        "asked_at": row["asked_at"],
        "login_expires_at": row["login_expires_at"],
        "data_access_expires_at": row["data_access_expires_at"],
        "blocked_until": _clock(row["budget"].get("blocked_until")),
        "last_run": _run(last),
        "last_complete_run_at": complete["finished_at"] if complete else None,
    }


def _run(run: dict[str, Any] | None) -> dict[str, Any] | None:
    if run is None:
        return None
    keys = ("kind", "started_at", "finished_at", "outcome", "counters", "calls", "bytes", "error")
    return {key: run[key] for key in keys}


def _clock(value: object) -> str | None:
    """Unix seconds as text; 0 or nothing means that no end is known."""
    if isinstance(value, (int, float)) and value > 0:
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return None


def status_lines(record: dict[str, Any]) -> list[str]:
    photos = record["photos"]
    lines = [
        f"{counted(photos['stored'], 'photo')} stored in {counted(record['albums'], 'album')}, "
        f"{size_in_words(record['bytes'])} in {counted(record['files'], 'file')} at {record['archive']}",
        _pending_line(photos),
    ]
    if record["gone_upstream"]:
        lines.append(f"of them gone on Facebook and kept here: {record['gone_upstream']}")
    if record["damaged_files"]:
        lines.append(
            f"files that are missing or were changed: {record['damaged_files']}; `fbbackup sync` fetches missing ones "
            "again, `fbbackup verify --repair` changed ones"
        )
    if photos["purged"]:
        lines.append(f"purged, and not fetched again: {counted(photos['purged'], 'photo')}")
    for account in record["accounts"]:
        lines += _account_status(account)
    daemon = record.get("daemon")
    lines.append(f"the daemon is at work: {daemon['line']}" if daemon else "no daemon is at work here")
    return lines


def _pending_line(photos: dict[str, int]) -> str:
    pending = [f"{photos['wanted']} still to fetch" if photos["wanted"] else ""]
    pending.append(f"{photos['failed']} failed so far" if photos["failed"] else "")
    pending.append(f"{photos['unavailable']} not handed out by Facebook" if photos["unavailable"] else "")
    return ", ".join(part for part in pending if part) or "nothing is pending"


def _account_status(account: dict[str, Any]) -> list[str]:
    run = account["last_run"]
    if run is None:
        return [f"{account['name']}: never ran; `fbbackup sync` starts it"]
    if run["finished_at"] is None:
        when = f"a {run['kind']} run began {ago(run['started_at'])} and is at work or was cut short"
    else:
        when = f"last run {ago(run['finished_at'])}: {run['outcome']}" + (f" ({run['error']})" if run["error"] else "")
    lines = [f"{account['name']}: {when}"]
    if account["last_complete_run_at"] and run["outcome"] != "complete":
        lines.append(f"{account['name']}: last complete run {ago(account['last_complete_run_at'])}")
    return lines + [f"{account['name']}: {line}" for line in clock_lines(account)]


def clock_lines(account: dict[str, Any]) -> list[str]:
    """When the login ends, in words; says so when that is not known. An export has no login."""
    if account["source"] == "export":
        return []
    ends = {"the login": account["login_expires_at"], "data access": account["data_access_expires_at"]}
    known = [f"{what} {_ends(at)}" for what, at in ends.items() if at]
    unknown = (
        "no end of the login is known"
        if account["asked_at"]
        else "when the login ends is known after the first `fbbackup sync`"
    )
    lines = [", ".join(known) if known else unknown]
    if account["blocked_until"] and account["blocked_until"] > _now_text():
        lines.append(f"Facebook takes no calls before {account['blocked_until']}")
    return lines


def _now_text() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _ends(at: str) -> str:
    """Whether it has ended only Facebook knows; a date that is past may come from a clock that is wrong."""
    text = until(at)
    return f"ends {text}" if text.startswith("in ") else f"should have ended {text}, by this machine's date"


def ago(at: str) -> str:
    passed = datetime.now(UTC) - datetime.fromisoformat(at)
    if passed < -_SLACK:
        return f"on {at[:10]}, which is still to come: this machine's date is or was wrong"
    return f"{_days_and_hours(passed)} ago"


def until(at: str) -> str:
    left = datetime.fromisoformat(at) - datetime.now(UTC)
    return f"in {_days_and_hours(left)}" if left > timedelta() else f"{_days_and_hours(-left)} ago"


def _days_and_hours(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for size, name in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return counted(max(0, seconds), "second")


def audit_lines(record: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for account in record["accounts"]:
        albums = account["albums"]
        complete = [album for album in albums if album["verdict"] == "complete"]
        lines.append(f"{account['account']}: {len(complete)} of {len(albums)} albums complete")
        gaps = [album for album in albums if album["verdict"] != "complete"]
        lines += [f"  {_gap(album)}" for album in gaps[:LISTED_ALBUMS]]
        if len(gaps) > LISTED_ALBUMS:
            lines.append(f"  … and {len(gaps) - LISTED_ALBUMS} more albums (--json lists all)")
        missing = account["missing"]
        lines += [
            f"  missing: {photo['id']} ({photo['state']}): {photo['last_error'] or 'not tried yet'}"
            for photo in missing[:LISTED_ALBUMS]
        ]
        if len(missing) > LISTED_ALBUMS:
            lines.append(f"  … and {len(missing) - LISTED_ALBUMS} more photos (--json lists up to 1000)")
        if account["purged"]:
            lines.append(f"  purged, and counted for nothing here: {counted(account['purged'], 'photo')}")
    if not record["accounts"]:
        lines.append("nothing was backed up yet; `fbbackup sync` starts it")
    lines.append("complete" if record["complete"] else "not proven complete; see the lines above")
    return lines


def _gap(album: dict[str, Any]) -> str:
    words = f"{album['verdict']}: “{album['title']}”: {album['stored']} of {album['listed']} listed photos stored"
    if not album["listed_to_the_end"]:
        return f"{words}; not listed to its end yet"
    if (album["expected"] or 0) > album["listed"]:
        return f"{words}; Facebook claims {album['expected']}"
    return words


def photo_lines(photo: dict[str, Any], root: Path) -> list[str]:
    lines = [f"{photo['kind']} {photo['id']}: {'purged' if photo['purged'] else photo['state']}"]
    for name in ("caption", "title", "alt_text", "link", "from_name", "place", "last_error"):
        if photo[name]:
            lines.append(f"{name.replace('_', ' ')}: {photo[name]}")
    if photo["file_date"]:
        precision = photo["file_date_precision"]
        lines.append(f"file date: {photo['file_date']} (from {photo['file_date_source']}, to the {precision})")
    for album in photo["albums"]:
        gone = f", until {album['removed_at']}" if album["removed_at"] else ""
        lines.append(f"album: {album['title']} (position {album['position'] + 1}{gone})")
    for file in photo["files"]:
        current = "file" if file["is_current"] else "older file"
        which = f", {file['source']}" if ":" in file["source"] else ""
        lines.append(
            f"{current}: {root / file['key']} ({file['width']}×{file['height']}, {size_in_words(file['bytes'])}{which})"
        )
        lines.append(f"sha256: {file['sha256']}")
        if file["damaged_at"]:
            lines.append(f"found missing or changed {file['damaged_at']}; `fbbackup verify` looks again")
    if photo["people"]:
        lines.append("people: " + ", ".join(person["name"] for person in photo["people"]))
    for revision in photo["revisions"]:
        lines.append(f"{revision['field']} changed {revision['seen_at']}: {revision['old']!r} → {revision['new']!r}")
    for upload in photo["uploads"]:
        where = upload["link"] or upload["remote_id"] or upload["error"] or "no answer yet"
        lines.append(f"upload to {upload['destination']}, {upload['state']} {upload['started_at']}: {where}")
    if photo["gone_at"]:
        lines.append(f"gone on Facebook since {photo['gone_at']}: {photo['gone_evidence']}")
    return lines


def account_records(config: Config, root: Path | None) -> list[dict[str, Any]]:
    """Configured accounts with what the catalog knows of them; no call is made."""
    known: dict[str, dict[str, Any]] = {}
    path = config.catalog.path or (root / "catalog.sqlite" if root else None)
    if path is not None:
        from fbbackup.catalog.connection import is_there, reading

        if is_there(path):
            with reading(path) as db:
                known = {row["name"]: _account(row) for row in reports.accounts(db)}
    configured = {account.name: account for account in config.accounts}
    records = []
    for name in dict.fromkeys([*configured, *known]):
        record = known.get(name) or _unknown_account(name, configured[name].source)
        records.append({**record, "configured": name in configured})
    return records


def _unknown_account(name: str, source: str) -> dict[str, Any]:
    keys = ("display_name", "remote_id", "permissions", "asked_at", "login_expires_at", "data_access_expires_at")
    nothing: dict[str, Any] = dict.fromkeys((*keys, "blocked_until", "last_run", "last_complete_run_at"))
    return {"name": name, "source": source, **nothing}


def account_lines(records: list[dict[str, Any]]) -> list[str]:
    if not records:
        return ['no account is configured; add [[accounts]] with name = "…" to the configuration']
    lines = []
    for account in records:
        who = account["display_name"] or "not seen yet"
        stray = "" if account["configured"] or account["source"] == "export" else ", no longer configured"
        lines.append(f"{account['name']} ({account['source']}, {who}{stray})")
        for name, granted in sorted((account["permissions"] or {}).items()):
            lines.append(f"  permission {name}: {granted}")
        lines += [f"  {line}" for line in clock_lines(account)]
    return lines
