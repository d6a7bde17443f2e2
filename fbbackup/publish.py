"""`upload`: a destination of the configuration becomes a live one, and what came of it becomes a record."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fbbackup.app import archive_place
from fbbackup.config import Config
from fbbackup.config import Destination as Settings
from fbbackup.credentials import Credentials, state_folder
from fbbackup.destinations import GraphDestination, GraphTarget, OneAllDestination, OneAllTarget
from fbbackup.destinations.graph import MOST_BYTES as GRAPH_BYTES
from fbbackup.destinations.graph_params import checked_params
from fbbackup.destinations.oneall import MOST_BYTES as ONEALL_BYTES
from fbbackup.destinations.oneall import PUSHES
from fbbackup.errors import ConfigError
from fbbackup.http import HostRules, Http
from fbbackup.job import utc_now
from fbbackup.links import Links
from fbbackup.models import Published
from fbbackup.protocols import Destination
from fbbackup.thumbnails import examine
from fbbackup.thumbnails.outgoing import alike, animated, fitted
from fbbackup.upload import Link, Uploading, UploadResult, UploadSettings, undo_uploads, upload_photos


@dataclass(frozen=True, slots=True)
class UploadWish:
    """What the command line asks for."""

    photos: tuple[str, ...]
    to: str
    album: str | None = None
    caption: str | None = None
    url: str | None = None
    params: tuple[str, ...] = ()
    dry_run: bool = False
    shrink: bool = False
    again: bool = False
    force: bool = False
    undo: bool = False


def run_upload(
    config: Config, root: Path, wish: UploadWish, *, environ: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """One upload as a record with `lines` and `exit_code`. Raises ConfigError before anything is sent."""
    settings = config.destination(wish.to)
    if wish.album is not None and settings.type != "graph":
        raise ConfigError(f'--album: destination "{settings.name}" has no albums; leave it out, or choose a Page')
    chosen = UploadSettings(
        album=wish.album,
        caption=wish.caption,
        url=wish.url,
        link_of=_link_of(config, settings, environ),
        params=_params(settings, wish.params),
        dry_run=wish.dry_run,
        again=wish.again,
        shrink=_shrink(settings) if wish.shrink else None,
    )
    with archive_place(config, root, environ) as place:

        async def work() -> UploadResult:
            http = Http(HostRules.of(settings.api_url, config.download.allow_hosts))
            try:
                destination = _live(settings, Credentials(environ), http, force=wish.force)
                job = Uploading(destination, place.store, place.catalog, chosen, utc_now, _examine)
                return await (undo_uploads if wish.undo else upload_photos)(job, wish.photos)
            finally:
                await http.close()

        return _record(wish, asyncio.run(work()))


def _link_of(config: Config, settings: Settings, environ: Mapping[str, str]) -> Link | None:
    """How OneAll reaches a picture or a video: through our own server, where that has a public address."""
    public = config.web.public_url
    push = PUSHES.get(settings.push)
    if settings.type != "oneall" or public is None or push is None or push.shows is None:
        # A post would keep an address that is over within the hour.
        return None
    links = Links(state_folder(environ))
    return lambda photo_id, kind: links.address(public, photo_id) if kind is push.shows else None


def _params(settings: Settings, given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    if settings.type == "graph":
        return checked_params(given)
    pairs = [text.partition("=") for text in given]
    wrong = [name for name, equals, _ in pairs if not equals]
    if wrong:
        raise ConfigError(f'--param "{wrong[0]}" has no value; write --param NAME=VALUE')
    push = PUSHES.get(settings.push)
    known = sorted({*push.fields, *push.names}) if push else []
    unknown = [name for name, _, _ in pairs if push and name not in known]
    if unknown:
        raise ConfigError(f"--param {unknown[0]}: {settings.push} has no such parameter; known are {', '.join(known)}")
    return tuple((name, value) for name, _, value in pairs)


def _examine(body: bytes) -> object:
    return examine(body, thumbnail_size=None)


def _shrink(settings: Settings) -> Any:
    below = GRAPH_BYTES if settings.type == "graph" else ONEALL_BYTES
    return lambda body: fitted(body, below)


def _live(settings: Settings, credentials: Credentials, http: Http, *, force: bool) -> Destination:
    unset = Settings(settings.name)
    needed = ("page_id",) if settings.type == "graph" else ("api_url", "identity_token", "public_key")
    lacking = [name for name in needed if getattr(settings, name) == getattr(unset, name)]
    if lacking:
        raise ConfigError(f'destination "{settings.name}" needs {" and ".join(lacking)}')
    secret = credentials.key(settings.name).reveal()
    if settings.type == "oneall":
        return OneAllDestination(
            OneAllTarget(
                settings.name, settings.api_url, settings.public_key or "", secret, settings.identity_token or "",
                settings.push, settings.page_id, force,
            ),
            http,
        )  # fmt: skip
    app_secret = credentials.app_secret(settings.name)
    return GraphDestination(
        GraphTarget(
            settings.name, settings.page_id or "", secret, alike, settings.api_url, settings.api_version,
            app_secret.reveal() if app_secret else None, animated,
        ),
        http,
    )  # fmt: skip


def _record(wish: UploadWish, result: UploadResult) -> dict[str, Any]:
    done = "taken back" if wish.undo else "would be uploaded" if wish.dry_run else "uploaded"
    lines = [f"{photo_id}: {reason}" for photo_id, reason in result.failed.items()]
    if result.error is not None:
        lines.append(str(result.error))
    lines.append(
        f"{len(result.uploaded)} {done}, {len(result.already)} there already, {len(result.failed)} failed ({wish.to})"
    )
    return {
        "destination": wish.to,
        "undo": wish.undo,
        "dry_run": wish.dry_run,
        "uploaded": [_there(photo_id, there) for photo_id, there in result.uploaded.items()],
        "already": [_there(photo_id, there) for photo_id, there in result.already.items()],
        "failed": [{"photo": photo_id, "error": reason} for photo_id, reason in result.failed.items()],
        "error": str(result.error) if result.error else None,
        "lines": lines,
        "exit_code": result.exit_code,
    }


def _there(photo_id: str, there: Published | None) -> dict[str, str | None]:
    return {
        "photo": photo_id,
        "remote_id": there.remote_id if there else None,
        "post_id": there.post_id if there else None,
        "link": there.link if there else None,
    }
