"""Faults of picture downloads: each takes a good reply and gives back a bad one."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from PIL import Image

from fbbackup.simulator.faults import Armed
from fbbackup.simulator.library import Item
from fbbackup.simulator.pictures import encode
from fbbackup.simulator.wire import Harm, Reply, Request
from fbbackup.simulator.world import World

Options = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """What a fault strikes."""

    world: World
    request: Request
    item: Item | None


Effect = Callable[[Target, Reply, Options], Reply]


def harmed(target: Target, reply: Reply, armed: Armed) -> Reply:
    """The reply as one fault leaves it."""
    return _EFFECTS[armed.kind.name](target, reply, armed.options)


def _at(reply: Reply, options: Options) -> int:
    wanted = int(options.get("at", len(reply.body) // 2))
    return max(0, min(wanted if wanted >= 0 else len(reply.body) + wanted, len(reply.body)))


def _harm(make: Callable[[Reply, Options], Harm]) -> Effect:
    return lambda target, reply, options: replace(reply, harm=make(reply, options))


def _body(body: bytes, kind: str | None = None) -> Effect:
    def effect(target: Target, reply: Reply, options: Options) -> Reply:
        headers = reply.headers | ({"Content-Type": kind} if kind else {})
        headers.pop("content-digest", None)
        return Reply(200, headers, body)

    return effect


def _status(status: int, text: str, kind: str = "text/plain") -> Effect:
    def effect(target: Target, reply: Reply, options: Options) -> Reply:
        headers = {"Content-Type": kind}
        if "retry_after" in options or status == 429:
            headers["Retry-After"] = str(options.get("retry_after", 2))
        return Reply(int(options.get("status", status)), headers, text.encode())

    return effect


def _gzipped(target: Target, reply: Reply, options: Options) -> Reply:
    return replace(reply, body=gzip.compress(reply.body, 1)).but(Content_Encoding="gzip")


def _cut_gzip(target: Target, reply: Reply, options: Options) -> Reply:
    packed = _gzipped(target, reply, options)
    return replace(packed, harm=Harm(cut_at=_at(packed, options), no_length=True))


def _longer(target: Target, reply: Reply, options: Options) -> Reply:
    return replace(reply, harm=Harm(length=len(reply.body) + int(options.get("by", 10))))


def _shorter(target: Target, reply: Reply, options: Options) -> Reply:
    length = max(0, len(reply.body) - int(options.get("by", 10)))
    return replace(reply, harm=Harm(length=length, cut_at=length))


def _flip(target: Target, reply: Reply, options: Options) -> Reply:
    if not reply.body:
        return reply
    at = min(_at(reply, options), len(reply.body) - 1)
    return replace(reply, body=reply.body[:at] + bytes([reply.body[at] ^ 1]) + reply.body[at + 1 :])


def _zeros(target: Target, reply: Reply, options: Options) -> Reply:
    return replace(reply, body=bytes(len(reply.body)))


def _half_zeros(target: Target, reply: Reply, options: Options) -> Reply:
    half = len(reply.body) // 2
    return replace(reply, body=reply.body[:half] + bytes(len(reply.body) - half))


def _hole(target: Target, reply: Reply, options: Options) -> Reply:
    size = min(int(options.get("size", 512)), len(reply.body))
    start = (len(reply.body) - size) // 2
    return replace(reply, body=reply.body[:start] + bytes(size) + reply.body[start + size :])


def _trailing(target: Target, reply: Reply, options: Options) -> Reply:
    return replace(reply, body=reply.body + b"x" * int(options.get("by", 10)))


def _other_photo(target: Target, reply: Reply, options: Options) -> Reply:
    library = target.world.library
    own = target.item.id if target.item else ""
    other = next((one for one in library.own_photos("uploaded") if one != own), None)
    item = library.item(other) if other else None
    if item is None:
        return reply
    lie = reply if options.get("digest") else _no_digest(target, reply, options)
    return replace(lie, body=target.world.pictures.largest(item))


def _pixel(target: Target, reply: Reply, options: Options) -> Reply:
    return _body(encode(Image.new("RGB", (1, 1), (240, 240, 240)), "jpeg"), "image/jpeg")(target, reply, options)


def _other_size(target: Target, reply: Reply, options: Options) -> Reply:
    if target.item is None or target.item.kind == "video":
        return _pixel(target, reply, options)
    with Image.open(io.BytesIO(target.world.pictures.largest(target.item))) as image:
        half = image.convert("RGB").resize((max(1, image.width // 2), max(1, image.height // 2)))
    return _body(encode(half, "jpeg"), "image/jpeg")(target, reply, options)


def _wrong_type(target: Target, reply: Reply, options: Options) -> Reply:
    return reply.but(Content_Type=str(options.get("type", "text/html")))


def _wrong_digest(target: Target, reply: Reply, options: Options) -> Reply:
    return reply.but(content_digest="adler32=1")


def _no_digest(target: Target, reply: Reply, options: Options) -> Reply:
    return replace(reply, headers={k: v for k, v in reply.headers.items() if k != "content-digest"})


def _modified(target: Target, reply: Reply, options: Options) -> Reply:
    return reply.but(Last_Modified="Tue, 05 Mar 2024 11:11:11 GMT")


def _range_shifted(target: Target, reply: Reply, options: Options) -> Reply:
    asked = target.request.headers.get("range", "").removeprefix("bytes=").partition("-")[0]
    if not asked.isdigit():
        return reply
    first, size = int(asked), len(reply.body)
    moved = reply.body[first + 7 :] + bytes(min(7, size - first))
    headers = reply.headers | {"Content-Range": f"bytes {first + 7}-{size - 1}/{size}"}
    return replace(reply, status=206, headers=headers, body=moved[: max(0, size - first - 7)])


def _range_refused(target: Target, reply: Reply, options: Options) -> Reply:
    if "range" not in target.request.headers:
        return reply
    return Reply(416, {"Content-Range": f"bytes */{len(reply.body)}"})


def _unasked_part(target: Target, reply: Reply, options: Options) -> Reply:
    first, size = _at(reply, options), len(reply.body)
    headers = reply.headers | {"Content-Range": f"bytes {first}-{size - 1}/{size}"}
    return replace(reply, status=206, headers=headers, body=reply.body[first:])


def _unasked_416(target: Target, reply: Reply, options: Options) -> Reply:
    return Reply(416, {"Content-Range": f"bytes */{len(reply.body)}"})


def _redirect(to: Callable[[Target, Options], str]) -> Effect:
    return lambda target, reply, options: Reply(302, {"Location": to(target, options)})


def _hops(target: Target, reply: Reply, options: Options) -> Reply:
    parts = urlsplit(target.request.target)
    done = int(parse_qs(parts.query).get("hop", ["0"])[0])
    if done >= int(options.get("hops", 20)):
        return reply
    plain = target.request.target.replace(f"&hop={done}", "")
    return Reply(302, {"Location": f"{target.world.url}{plain}&hop={done + 1}"})


def _same(target: Target, reply: Reply, options: Options) -> Reply:
    return reply


_EFFECTS: dict[str, Effect] = {
    "cut": _harm(lambda reply, options: Harm(cut_at=_at(reply, options))),
    "cut-close": _harm(lambda reply, options: Harm(cut_at=_at(reply, options), no_length=True)),
    "cut-chunked": _harm(lambda reply, options: Harm(cut_at=_at(reply, options), chunked=True)),
    "cut-gzip": _cut_gzip,
    "gzip": _gzipped,
    "close-delimited": _harm(lambda reply, options: Harm(no_length=True)),
    "chunked": _harm(lambda reply, options: Harm(chunked=True)),
    "longer-length": _longer,
    "shorter-length": _shorter,
    "flip": _flip,
    "zeros": _zeros,
    "half-zeros": _half_zeros,
    "hole": _hole,
    "trailing": _trailing,
    "other-photo": _other_photo,
    "pixel": _pixel,
    "other-size": _other_size,
    "html": _body(
        b"<!DOCTYPE html><html><title>Log in</title><form>Password</form></html>", "text/html; charset=utf-8"
    ),
    "json": _body(b'{"error":{"message":"Not logged in","code":190}}', "application/json"),
    "empty": _body(b""),
    "wrong-type": _wrong_type,
    "wrong-digest": _wrong_digest,
    "no-digest": _no_digest,
    "range-ignored": _same,
    "range-shifted": _range_shifted,
    "range-refused": _range_refused,
    "unasked-part": _unasked_part,
    "unasked-416": _unasked_416,
    "modified": _modified,
    "drip": _harm(lambda reply, options: Harm(drip_seconds=float(options.get("seconds", 1.0)))),
    "stall-before": _harm(lambda reply, options: Harm(stall_headers=True)),
    "stall-headers": _harm(lambda reply, options: Harm(stall_after_headers=True)),
    "stall-body": _harm(lambda reply, options: Harm(stall_at=_at(reply, options))),
    "reset": _harm(lambda reply, options: Harm(reset_at=-1)),
    "reset-body": _harm(lambda reply, options: Harm(reset_at=_at(reply, options))),
    "server-error": _status(500, "Internal Server Error"),
    "bad-gateway": _status(502, "<html><h1>Sorry, something went wrong.</h1></html>", "text/html"),
    "unavailable": _status(503, "Service Unavailable"),
    "too-many": _status(429, "Too Many Requests"),
    "gone": _status(404, "Not found"),
    "url-expired": _status(403, "URL signature expired"),
    "url-mismatch": _status(403, "URL signature mismatch"),
    "redirect-loop": _redirect(lambda target, options: target.world.url + target.request.target),
    "redirect-hops": _hops,
    "redirect-file": _redirect(lambda target, options: "file:///etc/passwd"),
    "redirect-private": _redirect(
        lambda target, options: str(options.get("to", "http://169.254.169.254/latest/meta-data/"))
    ),
    "redirect-host": _redirect(lambda target, options: f"{target.world.foreign}/__canary__/picture"),
}
