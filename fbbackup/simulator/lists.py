"""Pages of any list, with what goes wrong on them, and the comments, tags and reactions below a photo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fbbackup.simulator import content, paging
from fbbackup.simulator.fields import parse_fields
from fbbackup.simulator.graph_errors import bad_cursor
from fbbackup.simulator.library import Item
from fbbackup.simulator.paging import Fixed, Page, Pageable
from fbbackup.simulator.world import Call

Json = dict[str, Any]
Show = Callable[[str], Json]


def page_of(call: Call, listing: Pageable, what: tuple[str, Mapping[str, str], bool], show: Show) -> Json:
    """One page of a list; `what` is its path, the options and whether it is the call's own list."""
    path, options, top = what
    faults = call.world.faults.strike("page", f"{path}?{call.params}") if top else []
    names = {armed.kind.name for armed in faults}
    if "cursor-invalid" in names and (options.get("after") or options.get("before")):
        raise bad_cursor()
    if "lost-permission" in names:
        call.world.access.decline("user_photos")
        call.world.access.decline("pages_read_engagement")
        return {"data": []}
    page = paging.cut(call, listing, options, faults)
    out: Json = {"data": [show(node_id) for node_id in page.ids]}
    found = _paging(call, listing, page, (path, options, names))
    if found is not None:
        out["paging"] = found
    if options.get("summary", "").lower() in ("true", "1", "total_count"):
        out["summary"] = {"total_count": listing.visible()}
    if top:
        _aftermath(call, path, page, names)
    return out


def _paging(call: Call, listing: Pageable, page: Page, what: tuple[str, Mapping[str, str], set[str]]) -> Json | None:
    path, options, names = what
    if "page-stop" in names:
        return None
    params = {"limit": str(paging.wanted_limit(call, options)), **options}
    found = paging.paging_of(call, listing, page, path, params)
    if found is not None and "next-foreign" in names and "next" in found:
        found["next"] = found["next"].replace(call.world.url, f"{call.world.foreign}/__canary__", 1)
    if "paging-absent" in names and (found is None or "next" not in found):
        return None
    return found


def _aftermath(call: Call, path: str, page: Page, names: set[str]) -> None:
    """What changes in the library while somebody reads it."""
    library = call.world.library
    if "add-during-crawl" in names:
        library.add_photo(next(iter(library.album_list()), None), "Added meanwhile")
    if "remove-during-crawl" in names and page.ids:
        library.delete_photo(page.ids[-1])
    if "album-deleted" in names and path.endswith("/photos"):
        library.delete_album(path.split("/")[0])
    for hook in list(call.world.page_hooks):
        hook(path, list(page.ids))


# -- comments, tags, reactions -------------------------------------------------------------------------------------


def social(call: Call, parent_id: str, parent: Any, name: str, options: Mapping[str, str]) -> Json:
    """One page of comments, tags or reactions."""
    library = call.world.library
    nodes = _social_nodes(call, parent, name) if isinstance(parent, Item) else []
    if options.get("order") == "reverse_chronological":
        nodes.reverse()
    if name == "reactions" and options.get("type"):
        nodes = [node for node in nodes if node["type"] == options["type"].upper()]
    listing = Fixed(f"{parent_id}/{name}", [str(n) for n in range(len(nodes))])
    page = paging.cut(call, listing, options, [])
    keep = [field.name for field in parse_fields(options["fields"])] if options.get("fields") else None
    out: Json = {"data": [_only(nodes[int(one)], keep) for one in page.ids]}
    defaults = {"limit": str(paging.wanted_limit(call, options)), **options}
    found = paging.paging_of(call, listing, page, f"{parent_id}/{name}", defaults)
    if found is not None:
        out["paging"] = found
    if options.get("summary", "").lower() in ("true", "1", "total_count"):
        out["summary"] = _summary(name, len(nodes))
    hidden = name == "likes" and library.odd and isinstance(parent, Item) and parent.number % 13 == 4
    if hidden:
        out.pop("paging", None)
        out["data"] = []
    return out


def _only(node: Json, keep: list[str] | None) -> Json:
    if keep is None:
        return node
    return {name: node[name] for name in keep if name in node} | ({"id": node["id"]} if "id" in node else {})


def _social_nodes(call: Call, item: Item, name: str) -> list[Json]:
    library = call.world.library
    if name == "comments":
        many = content.comment_count(library, item) + len(library.extra_comments.get(item.id, ()))
        return [content.comment(library, item, n) for n in range(many)]
    if name == "tags":
        return content.tags(library, item)
    reactions = [content.reaction(library, item, n) for n in range(content.reaction_count(library, item))] if (
        name in ("reactions", "likes")
    ) else []  # fmt: skip
    if name == "likes":
        return [{"id": one["id"], "name": one["name"]} for one in reactions if one["type"] == "LIKE"]
    return reactions


def _summary(name: str, total: int) -> Json:
    if name == "comments":
        return {"order": "chronological", "total_count": total, "can_comment": True}
    if name == "likes":
        return {"total_count": total, "can_like": True, "has_liked": False}
    return {"total_count": total, "viewer_reaction": "NONE"}
