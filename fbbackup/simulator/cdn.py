"""The CDN: signed picture URLs to bytes, no token wanted, and everything that can go wrong on the way."""

from __future__ import annotations

import zlib
from dataclasses import replace
from urllib.parse import urlsplit

from fbbackup.simulator.cdn_faults import Target, harmed
from fbbackup.simulator.library import Item
from fbbackup.simulator.signing import Unsigned
from fbbackup.simulator.variants import Rendition, renditions, webp_renditions
from fbbackup.simulator.wire import Reply, Request
from fbbackup.simulator.world import World

_TYPES = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "mp4": "video/mp4"}


def refusal(status: int, text: str) -> Reply:
    """What the CDN says when it does not send a picture."""
    return Reply(status, {"Content-Type": "text/plain"}, text.encode())


class Cdn:
    """Serves pictures; drawing may take some time, so it runs in worker threads."""

    def __init__(self, world: World) -> None:
        self.world = world

    def reply(self, request: Request) -> Reply:
        """The picture, or why not, as the armed faults leave it."""
        world = self.world
        parts = urlsplit(request.target)
        with world.library.lock:
            world.ledger.note_cdn(request, list(world.access.tokens))
            item = world.signer.item(parts.path)
            struck = world.faults.strike("cdn", f"{request.target} {item.id if item else ''}")
        try:
            if request.method not in ("GET", "HEAD"):
                return refusal(405, "Method not allowed")
            stp = world.signer.check(parts.path, parts.query)
            reply = self._picture(item, stp)
        except Unsigned as no:
            reply = refusal(no.status, no.text)
        if reply.status == 200 and item is not None:
            world.ledger.pictures[item.id] += 1
            if not any(armed.kind.name.startswith("range-") for armed in struck):
                reply = self._range(request, reply)
        for armed in struck:
            reply = harmed(Target(world, request, item), reply, armed)
        world.ledger.cdn_bytes += len(reply.body)
        return reply

    def _picture(self, item: Item | None, stp: str) -> Reply:
        if item is None:
            return refusal(404, "Not found")
        found = self._rendition(item, stp)
        if found is None and item.kind == "photo":
            return refusal(404, "Not found")
        body = self.world.pictures.of(item, found)
        headers = {
            "Content-Type": _TYPES[found.format if found else "mp4"],
            "Last-Modified": "Mon, 04 Mar 2019 10:00:00 GMT",
            "Cache-Control": "max-age=1209600, no-transform",
        }
        if self.world.settings.ranges:
            headers["Accept-Ranges"] = "bytes"
        if self.world.settings.digest:
            headers["content-digest"] = f"adler32={zlib.adler32(body)}"
        return Reply(200, headers, body)

    def _rendition(self, item: Item, stp: str) -> Rendition | None:
        library = self.world.library
        if item.kind == "video":
            return None
        known = renditions(library, item) + webp_renditions(library, item)
        return next((one for one in known if one.stp == stp), None)

    def _range(self, request: Request, reply: Reply) -> Reply:
        asked = request.headers.get("range", "")
        if not asked.startswith("bytes=") or not self.world.settings.ranges:
            return reply
        span = byte_range(asked, len(reply.body))
        if span is None:
            return Reply(416, {"Content-Range": f"bytes */{len(reply.body)}"})
        first, last = span
        headers = reply.headers | {"Content-Range": f"bytes {first}-{last}/{len(reply.body)}"}
        return replace(reply, status=206, headers=headers, body=reply.body[first : last + 1])


def byte_range(asked: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a simple Range header; None when it cannot be met."""
    first, _, last = asked.removeprefix("bytes=").partition("-")
    if not first and last.isdigit():
        return (max(0, size - int(last)), size - 1) if int(last) else None
    if not first.isdigit() or int(first) >= size or (last and not last.isdigit()):
        return None
    return int(first), min(size - 1, int(last)) if last else size - 1
