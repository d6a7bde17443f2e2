"""The control API under `/__control__/`: edits, faults, clock and counts for programs in another process."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from typing import Any

from fbbackup.simulator.content import album_name
from fbbackup.simulator.fault_table import FAULTS
from fbbackup.simulator.wire import Reply, Request
from fbbackup.simulator.world import World

PREFIX = "/__control__/"
Json = dict[str, Any]
Verb = Callable[[World, Json], Any]
_PORT = re.compile(r":\d+$")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def _add_photo(world: World, given: Json) -> Any:
    data = base64.b64decode(given["data"]) if given.get("data") else None
    return {"id": world.library.add_photo(given.get("album"), given.get("caption"), data)}


def _settings(world: World, given: Json) -> Any:
    for name, value in given.items():
        if not hasattr(world.settings, name):
            raise ValueError(f"no setting is called {name!r}")
        setattr(world.settings, name, set(value) if name == "missing_fields" else value)


def _fault(world: World, given: Json) -> Any:
    world.faults.set(given.pop("name"), **given)


def _albums(world: World, given: Json) -> Any:
    library = world.library
    found = []
    for album_id in library.album_list():
        album = library.album(album_id)
        if album is not None:
            name = library.overrides.get(album_id, {}).get("name") or album_name(library, album)
            found.append({"id": album_id, "name": name, "count": library.album_photos(album_id).visible()})
    return found


def _photos(world: World, given: Json) -> Any:
    library = world.library
    listing = library.album_photos(given["album"]) if "album" in given else library.photo_ids()
    return list(islice(listing, int(given.get("limit", 1000))))


def _expected(world: World, given: Json) -> Any:
    return [[one, digest] for one, digest in islice(expected(world), int(given.get("limit", 1000)))]


def expected(world: World) -> Any:
    """Every photo's id with the SHA-256 of its largest rendition."""
    for photo_id in world.library.photo_ids():
        item = world.library.item(photo_id)
        if item is not None:
            yield photo_id, hashlib.sha256(world.pictures.largest(item)).hexdigest()


def stats(world: World) -> Json:
    """All counts."""
    return world.ledger.report() | {
        "rejected": world.budget.rejected,
        "calls_this_hour": world.budget.used(),
        "allowance": world.budget.allowance,
        "faults_fired": dict(world.faults.fired),
    }


READS: dict[str, Verb] = {
    "stats": lambda world, given: stats(world),
    "faults": lambda world, given: world.faults.report(),
    "fault-table": lambda world, given: [asdict(kind) for kind in FAULTS.values()],
    "albums": _albums,
    "photos": _photos,
    "expected": _expected,
}
WRITES: dict[str, Verb] = {
    "add-album": lambda world, given: {"id": world.library.add_album(given["name"])},
    "add-photo": _add_photo,
    "recaption": lambda world, given: world.library.recaption(given["id"], given.get("text")),
    "rename-album": lambda world, given: world.library.rename_album(given["id"], given["name"]),
    "delete-photo": lambda world, given: world.library.delete_photo(given["id"]),
    "delete-album": lambda world, given: world.library.delete_album(given["id"]),
    "move-photo": lambda world, given: world.library.move_photo(given["id"], given["album"]),
    "share-photo": lambda world, given: world.library.share_photo(given["id"], given["album"]),
    "tag": lambda world, given: world.library.tag(
        given["id"], given.get("person", 0), given.get("x", 50.0), given.get("y", 50.0)
    ),
    "comment": lambda world, given: world.library.comment(given["id"], given["message"]),
    "override": lambda world, given: world.library.override(given["id"], **given["fields"]),
    "revoke": lambda world, given: world.access.revoke(given.get("subcode", 460)),
    "restore": lambda world, given: world.access.restore(),
    "decline": lambda world, given: world.access.decline(given["permission"]),
    "grant": lambda world, given: world.access.grant(given["permission"]),
    "token": lambda world, given: {
        "token": world.access.issue(given.get("kind", "user"), given.get("life_seconds", 0)).text
    },
    "allow-device": lambda world, given: world.logins.decide(given["user_code"], "allowed"),
    "decline-device": lambda world, given: world.logins.decide(given["user_code"], "declined"),
    "fault": _fault,
    "clear-faults": lambda world, given: world.faults.clear(given.get("name")),
    "advance": lambda world, given: world.library.clock.advance(float(given["seconds"])),
    "settings": _settings,
    "reset-stats": lambda world, given: world.ledger.forget(),
}


def _reply(status: int, value: Any) -> Reply:
    return Reply(status, {"Content-Type": "application/json"}, json.dumps(value, default=str).encode())


def control(world: World, request: Request) -> Reply:
    """One control request; names that resolve to this machine by trickery are turned away."""
    host = _PORT.sub("", request.headers.get("host", ""))
    if host not in _LOOPBACK or "origin" in request.headers:
        return _reply(403, {"error": "loopback only"})
    name = request.path.removeprefix(PREFIX)
    verbs, given = (READS, dict(request.query)) if request.method == "GET" else (WRITES, {})
    if name not in verbs:
        return _reply(404, {"error": f"unknown: {name}", "known": sorted(READS) + sorted(WRITES)})
    try:
        if request.method != "GET" and request.body:
            given = dict(json.loads(request.body))
        with world.library.lock:
            value = verbs[name](world, given)
    except (KeyError, ValueError, TypeError) as error:
        return _reply(400, {"error": f"{type(error).__name__}: {error}"})
    return _reply(200, {"ok": True} if value is None else value)
