"""The REST interface of 2006 to 2011 over the same library: `photos.get`, `photos.getAlbums`, signed and numbered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from fbbackup.simulator import content
from fbbackup.simulator.graph_errors import GraphError
from fbbackup.simulator.graph_faults import raise_armed
from fbbackup.simulator.library import Album, Item
from fbbackup.simulator.variants import Rendition, renditions
from fbbackup.simulator.wire import Reply, Request
from fbbackup.simulator.world import World

PATH = "/restserver.php"
API_KEY = "0123456789abcdef0123456789abcdef"
SECRET = "fedcba9876543210fedcba9876543210"  # noqa: S105 - the pretend app's
USER = 10_000
_LIMITS = {"src_big": (604, 604), "src": (130, 130), "src_small": (75, 225)}
_MASK = 0xFFFFFFFF
_ADDED_ALBUMS = 1_000_000_000
Node = dict[str, str]


class Legacy:
    """Answers calls of one session, whose key is the account's token."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._last_number = 0.0

    def reply(self, request: Request) -> Reply:
        """The whole reply: errors too come with status 200."""
        params = request.query | dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        with self.world.library.lock:
            self.world.ledger.note_call(f"{PATH}/{params.get('method', '')}", params, 200)
            try:
                body = _written(params, list(self._answer(request, params)))
            except GraphError as error:
                self.world.ledger.errors[str(error.code)] += 1
                body = _error(params, error)
        kind = "application/json" if _wants_json(params) else "text/xml"
        return Reply(200, {"Content-Type": f"{kind};charset=utf-8"}, body)

    def _answer(self, request: Request, params: dict[str, str]) -> Iterable[Node]:
        self.world.budget.spend(1)
        raise_armed(self.world, f"{request.target} {params.get('method')} {params.get('aid', '')}")
        self._check(params)
        method = params.get("method", "").removeprefix("facebook.")
        if method == "photos.getAlbums":
            return self._albums(params)
        if method == "photos.get":
            return self._photos(params)
        raise GraphError(3, "Unknown method")

    def _check(self, params: dict[str, str]) -> None:
        if params.get("api_key") != API_KEY:
            raise GraphError(101, "Invalid API key")
        base = "".join(f"{key}={params[key]}" for key in sorted(params) if key != "sig")
        if params.get("sig") != hashlib.md5((base + SECRET).encode()).hexdigest():  # noqa: S324 - as the interface has it
            raise GraphError(104, "Incorrect signature")
        if params.get("v") != "1.0":
            raise GraphError(100, "Invalid parameter: v")
        token = self.world.access.tokens.get(params.get("session_key", ""))
        if token is None or token.revoked is not None:
            raise GraphError(102, "Session key invalid or no longer valid")
        number = float(params.get("call_id", "0"))
        if number <= self._last_number:
            raise GraphError(103, "Submitted call_id was not greater than previous call_id for this session")
        self._last_number = number

    def _albums(self, params: dict[str, str]) -> Iterator[Node]:
        if params.get("uid", str(USER)) != str(USER):
            return
        library = self.world.library
        for album_id in library.album_list():
            album = library.album(album_id)
            if album is not None:
                yield self._album(album)

    def _album(self, album: Album) -> Node:
        library = self.world.library
        photos = [item for item in map(library.item, library.album_photos(album.id)) if item and item.kind == "photo"]
        modified = library.touched.get(album.id, max((item.created for item in photos), default=album.created))
        return {
            "aid": self.aid(album), "cover_pid": pid_of(photos[0]) if photos else "0", "owner": str(USER),
            "name": content.album_name(library, album), "created": str(album.created), "modified": str(int(modified)),
            "description": "", "location": "", "link": f"http://www.facebook.com/album.php?aid={album.id}&id={USER}",
            "size": str(len(photos)),
        }  # fmt: skip

    def aid(self, album: Album) -> str:
        """The 64-bit number of an album."""
        added = list(self.world.library.added_albums)
        number = album.index if album.index is not None else _ADDED_ALBUMS + added.index(album.id)
        return str((USER << 32) + number)

    def _album_of(self, aid: str) -> str | None:
        number, library = int(aid) & _MASK if aid.isdigit() else -1, self.world.library
        if number >= _ADDED_ALBUMS:
            added = list(library.added_albums)
            return added[number - _ADDED_ALBUMS] if number - _ADDED_ALBUMS < len(added) else None
        return library.ids.album.id_of(number) if 0 <= number < library.albums else None

    def _photos(self, params: dict[str, str]) -> Iterator[Node]:
        """All filters hold at once, and one has to be given."""
        if not any(params.get(name) for name in ("subj_id", "aid", "pids")):
            raise GraphError(100, "One of the parameters specified was missing or invalid")
        library = self.world.library
        lists: list[list[str]] = []
        if params.get("aid"):
            album_id = self._album_of(params["aid"])
            found = album_id if album_id and library.album(album_id) else None
            lists.append(list(library.album_photos(found)) if found else [])
        if params.get("subj_id"):
            lists.append(list(library.own_photos("tagged")) if params["subj_id"] == str(USER) else [])
        items = [item for one in (lists[0] if lists else []) if (item := library.item(one)) and item.kind == "photo"]
        if params.get("pids"):
            wanted = params["pids"].split(",")
            named = [item for pid in wanted if (item := self._item(pid)) is not None]
            items = [item for item in (items if lists else named) if pid_of(item) in wanted]
        if len(lists) > 1:
            items = [item for item in items if item.id in lists[1]]
        return map(self._photo, items)

    def _item(self, pid: str) -> Item | None:
        number, library = int(pid) & _MASK if pid.isdigit() else -1, self.world.library
        for first, space in ((2_000_000_000, library.ids.added_photo), (1_000_000_000, library.ids.tagged),
                             (0, library.ids.photo)):  # fmt: skip
            if number >= first:
                item = library.item(space.id_of(number - first))
                return item if item is not None and pid_of(item) == pid else None
        return None

    def _photo(self, item: Item) -> Node:
        world, turn = self.world, self.world.signer.turn()
        node = {"pid": pid_of(item), "aid": "", "owner": str(USER + item.owner)}
        album = world.library.album(item.album_id) if item.album_id else None
        if album is not None:
            node["aid"] = self.aid(album)
        for name in ("src", "src_big", "src_small"):
            found = rendition_within(world, item, name)
            node[name] = world.signer.url(world.signer.path(item), found.stp, turn) if found else ""
        node["link"] = f"http://www.facebook.com/photo.php?pid={item.number}&id={USER + item.owner}"
        node["caption"] = content.caption(world.library, item) or ""
        node["created"] = str(item.created)
        return node


def pid_of(item: Item) -> str:
    """The 64-bit number of a photo: the owner's in the upper half."""
    return str(((USER + item.owner) << 32) + (item.number & _MASK))


def rendition_within(world: World, item: Item, name: str) -> Rendition | None:
    """The largest rendition that fits the limits of `src_big`, `src` or `src_small`; None leaves it blank."""
    across, up = _LIMITS[name]
    fitting = [one for one in renditions(world.library, item) if one.width <= across and one.height <= up]
    return max(fitting, key=lambda one: one.width * one.height, default=None)


def _wants_json(params: dict[str, str]) -> bool:
    return params.get("format", "XML").upper() == "JSON"


def _written(params: dict[str, str], nodes: list[Node]) -> bytes:
    if _wants_json(params):
        return _wrapped(params, json.dumps(nodes))
    method = params.get("method", "").removeprefix("facebook.").replace(".", "_")
    item = "album" if method.endswith("getAlbums") else "photo"
    fields = ("".join(f"<{key}>{escape(value)}</{key}>" for key, value in node.items()) for node in nodes)
    rows = "".join(f"<{item}>{row}</{item}>" for row in fields)
    root = f'{method}_response xmlns="http://api.facebook.com/1.0/" list="true"'
    return _wrapped(params, f'<?xml version="1.0" encoding="UTF-8"?><{root}>{rows}</{method}_response>')


def _error(params: dict[str, str], error: GraphError) -> bytes:
    if _wants_json(params):
        asked: list[dict[str, Any]] = [{"key": "method", "value": params.get("method", "")}]
        return _wrapped(
            params, json.dumps({"error_code": error.code, "error_msg": error.message, "request_args": asked})
        )
    return _wrapped(
        params,
        f'<?xml version="1.0" encoding="UTF-8"?><error_response xmlns="http://api.facebook.com/1.0/">'
        f"<error_code>{error.code}</error_code><error_msg>{escape(error.message)}</error_msg>"
        '<request_args list="true"></request_args></error_response>',
    )


def _wrapped(params: dict[str, str], text: str) -> bytes:
    callback = params.get("callback")
    return (f"{callback}({text});" if callback else text).encode()
