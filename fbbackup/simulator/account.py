"""Calls about the account itself: permissions, pages and what a token is worth."""

from __future__ import annotations

from typing import Any

from fbbackup.simulator.access import PERMISSIONS, Token
from fbbackup.simulator.graph_errors import GraphError
from fbbackup.simulator.world import Call

_PAGE_ID_NUMBER = 777


def answer_account(call: Call, parts: list[str]) -> Any:
    """The answer when the path is one of these, else None."""
    if parts == ["debug_token"]:
        return _debug_token(call)
    mine = parts[0] == call.world.library.owner_id
    if mine and parts[1:] == ["permissions"] and call.method == "GET":
        granted = call.world.access.permissions
        return {"data": [{"permission": name, "status": status} for name, status in granted.items()]}
    if mine and parts[1:2] == ["permissions"] and call.method == "DELETE":
        for name in parts[2:3] or PERMISSIONS:
            call.world.access.decline(name)
        if len(parts) == 2:
            call.world.access.revoke(458)
        return {"success": True}
    if mine and parts[1:] == ["accounts"]:
        return _accounts(call)
    return None


def _accounts(call: Call) -> Any:
    library, access = call.world.library, call.world.access
    if not access.granted("pages_show_list"):
        return {"data": []}
    page_id = library.owner_id if library.page else library.person_id(_PAGE_ID_NUMBER)
    page = {
        "access_token": access.page_token.text, "category": "Photographer",
        "category_list": [{"id": "181475575221097", "name": "Photographer"}],
        "name": library.owner_name if library.page else "Ada's Pictures", "id": page_id,
        "tasks": ["ANALYZE", "CREATE_CONTENT", "MODERATE", "MANAGE"],
    }  # fmt: skip
    return {"data": [page], "paging": {"cursors": {"before": "MTAx", "after": "MTAx"}}}


def _debug_token(call: Call) -> Any:
    world, text = call.world, call.params.get("input_token", "")
    scopes = [name for name, status in world.access.permissions.items() if status == "granted"]
    try:
        token = world.access.check(text)
    except GraphError as error:
        problem = {"code": 190, "message": error.message, "subcode": error.more.get("error_subcode")}
        problem = {name: value for name, value in problem.items() if value is not None}
        return {"data": {"app_id": world.settings.app_id, "error": problem, "is_valid": False, "scopes": scopes}}
    return {"data": _token_facts(call, token, scopes)}


def _token_facts(call: Call, token: Token, scopes: list[str]) -> dict[str, Any]:
    world = call.world
    facts: dict[str, Any] = {
        "app_id": world.settings.app_id, "type": token.kind.upper(), "application": "fbbackup dev",
        "is_valid": True, "expires_at": int(token.expires_at), "scopes": scopes,
    }  # fmt: skip
    if token.kind != "app":
        facts["data_access_expires_at"] = int(world.library.clock.now()) + 90 * 86_400
        facts["user_id"] = world.library.owner_id
        facts["issued_at"] = int(world.library.clock.now()) - 86_400
    if token.kind == "page":
        facts["profile_id"] = world.library.owner_id
    return facts
