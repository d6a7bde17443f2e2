"""Turns nodes into JSON: only the asked fields, nested lists as pages of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fbbackup.simulator.account import answer_account
from fbbackup.simulator.fields import Field, parse_fields
from fbbackup.simulator.graph_errors import GraphError, missing_object, too_much_data, unknown_field, unknown_path
from fbbackup.simulator.library import Album, Item
from fbbackup.simulator.lists import page_of, social
from fbbackup.simulator.node_fields import ALBUM_EDGES, DEFAULTS, PHOTO_EDGES, TYPES, Reader, cover_item
from fbbackup.simulator.paging import Fixed, Pageable
from fbbackup.simulator.world import Call

NESTED_WEIGHT = {"comments": 0.5, "likes": 0.3, "reactions": 0.3, "tags": 0.3}
BIG_REQUEST = 300
MANY_FIELDS = 8
Json = dict[str, Any]


class Renderer:
    """Renders nodes of one call with one tree of fields; the fields are checked once, not per node."""

    def __init__(self, call: Call, node_type: str, fields: tuple[Field, ...] | None) -> None:
        self.call = call
        self.node_type = node_type
        self.wanted = fields or tuple(Field(name) for name in DEFAULTS[node_type])
        readers, nested = TYPES[node_type]
        self.plain: list[tuple[Field, Reader]] = []
        self.nested: list[Field] = []
        for field in self.wanted:
            if field.name in call.world.settings.missing_fields:
                raise unknown_field(field.name, node_type)
            if field.name in nested:
                self.nested.append(field)
            elif field.name in readers:
                self.plain.append((field, readers[field.name]))
            else:
                raise unknown_field(field.name, node_type)
        self.weight = 1.0 + sum(NESTED_WEIGHT.get(field.name, 0.0) for field in self.nested)

    def __call__(self, node: Any, node_id: str) -> Json:
        """One node; fields without a value stay away."""
        call = self.call
        if self.node_type in ("Photo", "Video"):
            call.spend(self.weight)
        changed = call.world.library.overrides.get(node_id, {})
        out: Json = {}
        for field, read in self.plain:
            value = changed[field.name] if field.name in changed else self._value(field, read, node)
            if value is not None:
                out[field.name] = value
        for field in self.nested:
            listed = nested(call, node_id, node, field)
            if listed is not None:
                out[field.name] = listed
        out["id"] = node_id
        return out

    def _value(self, field: Field, read: Reader, node: Any) -> Any:
        if field.name == "album" and isinstance(node, Item):
            return album_of(self.call, node, field)
        value = read(self.call, node)
        return value if field.fields is None else project(value, field.fields)


def album_of(call: Call, item: Item, field: Field) -> Json | None:
    """A photo's album; often missing for photos of other people."""
    if item.album_id is None:
        if item.owner == 0 or item.number % 2:
            return None
        return {"created_time": "2016-05-01T10:00:00+0000", "name": "Somebody's album", "id": "10155000000000900"}
    album = call.world.library.album(item.album_id)
    return None if album is None else Renderer(call, "Album", field.fields)(album, album.id)


def cover_of(call: Call, node_type: str, node: Any) -> Item | None:
    """The photo that stands for a node: itself, an album's cover, or nothing."""
    if isinstance(node, Item):
        return node
    return cover_item(call, node) if node_type == "Album" else None


def project(value: Any, fields: Iterable[Field]) -> Any:
    """Only the wanted keys of an object, or of each object in a list; `id` always comes along."""
    if isinstance(value, list):
        return [project(one, fields) for one in value]
    if not isinstance(value, dict):
        return value
    out = {field.name: value[field.name] for field in fields if field.name in value}
    return out | ({"id": value["id"]} if "id" in value else {})


def find_node(call: Call, node_id: str) -> tuple[str, Any]:
    """Type and node behind an id, if the token may see it."""
    library, access = call.world.library, call.world.access
    if node_id == library.owner_id:
        return ("Page" if library.page else "User"), node_id
    may_see = access.granted("pages_read_engagement" if library.page else "user_photos")
    album = library.album(node_id)
    if album is not None and may_see:
        return "Album", album
    item = library.item(node_id)
    if item is not None and (may_see if item.kind == "photo" else access.granted("user_videos") or library.page):
        return ("Photo" if item.kind == "photo" else "Video"), item
    raise missing_object(node_id)


@dataclass(frozen=True, slots=True)
class Wish:
    """A list that somebody asks for; `options` are parameters or modifiers, `top` is false inside `fields`."""

    name: str
    options: Mapping[str, str]
    top: bool = True


def nested(call: Call, parent_id: str, parent: Any, field: Field) -> Json | None:
    """A list that is asked for as a field: `{data, paging}`, or None when it is empty."""
    if field.name in ("permissions", "accounts"):
        own: Json = answer_account(call, [parent_id, field.name])
        return own if field.fields is None else own | {"data": project(own["data"], field.fields)}
    options = field.options | ({"fields": field.inner} if field.fields is not None else {})
    listed = edge(call, parent_id, parent, Wish(field.name, options, top=False))
    return listed if listed["data"] or "summary" in listed or len(listed) > 1 else None


def edge(call: Call, parent_id: str, parent: Any, wish: Wish) -> Json:
    """One page of a list below a node."""
    own = parent_id == call.world.library.owner_id
    if (own and wish.name in _NODE_TYPES) or (isinstance(parent, Album) and wish.name == "photos"):
        return _nodes(call, parent_id, wish)
    if isinstance(parent, Item) and wish.name in PHOTO_EDGES:
        return social(call, parent_id, parent, wish.name, wish.options)
    if isinstance(parent, Album) and wish.name in ALBUM_EDGES:
        return social(call, parent_id, parent, wish.name, wish.options)
    raise unknown_path(f"{parent_id}/{wish.name}")


# -- lists of nodes ------------------------------------------------------------------------------------------------


def _own_list(call: Call, name: str, options: Mapping[str, str]) -> Pageable:
    library, access = call.world.library, call.world.access
    allowed = access.granted("pages_read_engagement" if library.page else "user_photos")
    if name == "videos":
        return library.video_list() if library.page or access.granted("user_videos") else Fixed("hidden", [])
    if not allowed:
        return Fixed("hidden", [])
    if name == "albums":
        return library.album_list()
    kind = options.get("type") or ("profile" if library.page else "tagged")
    if kind not in ("uploaded", "tagged", "profile"):
        raise GraphError(100, f"(#100) Param type must be one of {{profile, tagged, uploaded}}, got {kind}")
    return library.own_photos(kind)


_NODE_TYPES = {"albums": "Album", "photos": "Photo", "videos": "Video"}


def _nodes(call: Call, parent_id: str, wish: Wish) -> Json:
    library, options = call.world.library, wish.options
    own = parent_id == library.owner_id
    listing = _own_list(call, wish.name, options) if own else library.album_photos(parent_id)
    fields = parse_fields(options["fields"]) if options.get("fields") else None
    _refuse_big(options, fields)
    render = Renderer(call, _NODE_TYPES[wish.name], fields)
    find: Callable[[str], Any] = library.album if wish.name == "albums" else library.item
    path = f"{parent_id}/{wish.name}"
    return page_of(call, listing, (path, options, wish.top), lambda node_id: render(find(node_id), node_id))


def _refuse_big(options: Mapping[str, str], fields: tuple[Field, ...] | None) -> None:
    limit = options.get("limit", "")
    if limit.isdigit() and int(limit) > BIG_REQUEST and len(fields or ()) >= MANY_FIELDS:
        raise too_much_data()
