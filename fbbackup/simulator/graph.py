"""The Graph API: from a request to its reply, with tokens, budget, batches, ids, ETags and errors."""

from __future__ import annotations

import hashlib
import json
import re
from email.utils import formatdate
from typing import Any

from fbbackup.simulator import batch, logins
from fbbackup.simulator.account import answer_account
from fbbackup.simulator.fields import parse_fields
from fbbackup.simulator.graph_errors import GraphError, missing_alias, unknown_path
from fbbackup.simulator.graph_faults import raise_armed
from fbbackup.simulator.node_fields import picture_url
from fbbackup.simulator.publishing import form_of, publish
from fbbackup.simulator.render import Renderer, Wish, cover_of, edge, find_node
from fbbackup.simulator.shapes import reshape
from fbbackup.simulator.wire import Reply, Request
from fbbackup.simulator.world import Call, World

MOST_IDS = 50
_VERSION = re.compile(r"^v\d{1,2}\.\d$")


class Redirect(Exception):
    """A call whose answer is another address."""


class Graph:
    """Answers calls; one at a time, under the library's lock."""

    def __init__(self, world: World) -> None:
        self.world = world

    def reply(self, request: Request) -> Reply:
        """The whole reply to a request, errors included."""
        form, file = form_of(request)
        params = request.query | form
        settings = self.world.settings
        method = params.pop("method", request.method).upper()
        with self.world.library.lock:
            try:
                status, body = 200, _json(self._answer(request, params, (method, file)))
            except GraphError as error:
                status = settings.error_status.get(error.code, error.status)
                body = error.body(settings.error_form)
                self.world.ledger.errors[str(error.code)] += 1
                self.world.ledger.note_call(request.path, params, status)
                return self._finish(request, Reply(status, {}, body), error)
            except Redirect as redirect:
                self.world.ledger.note_call(request.path, params, 302)
                return Reply(302, {"Location": str(redirect)})
        return self._finish(request, Reply(status, {}, body), None)

    def _answer(self, request: Request, params: dict[str, str], sent: tuple[str, bytes | None]) -> Any:
        method, file = sent
        text = self.world.access.token_text(request, params)
        version, path = split_version(request.path)
        if path == "oauth/access_token":
            self.world.ledger.note_call(request.path, params, 200)
            self.world.access.check_app(params)
            return self.world.logins.redeem(params) if "code" in params else self.world.access.exchange(params)
        if path == "dialog/oauth":
            raise Redirect(self.world.logins.dialog(params))
        if path in logins.PATHS:
            self.world.ledger.note_call(request.path, {}, 200)
            return self.world.logins.reply(path, params, text)
        token = self.world.access.check(text)
        self.world.access.check_proof(token.text, params)
        if method == "POST" and not path and "batch" in params:
            context = version or self.world.settings.version
            return batch.answers(self.world, params, token.text, lambda entry: self._batched(entry, context))
        call = Call(self.world, path, params, token, version or self.world.settings.version, method, file=file)
        answer = self._charged(call, request.target)
        self.world.ledger.note_call(request.path, params, 200)
        return answer

    def _batched(self, entry: batch.Entry, outer_version: str) -> Any:
        """One call of a batch, which costs as much as a call of its own."""
        token = self.world.access.check(entry.token)
        version, path = split_version(entry.path)
        call = Call(self.world, path, entry.params, token, version or outer_version, entry.method)
        return self._charged(call, entry.target)

    def _charged(self, call: Call, target: str) -> Any:
        self.world.budget.spend(self._price(call))
        raise_armed(self.world, target)
        return self._answer_call(call)

    def _price(self, call: Call) -> int:
        return max(1, len(_ids(call.params))) if not call.path and "ids" in call.params else 1

    def _answer_call(self, call: Call) -> Any:
        parts = [part for part in call.path.split("/") if part]
        if not parts:
            return self._many(call) if "ids" in call.params else _welcome(call)
        if parts[0] == "me":
            parts[0] = self.world.library.owner_id
        special = answer_account(call, parts)
        if special is not None:
            return special
        if call.method != "GET":
            return publish(call, parts)
        node_type, node = find_node(call, parts[0])
        if len(parts) == 1:
            return reshape(call, self._node(call, node_type, node, parts[0]))
        return reshape(call, self._below(call, node_type, node, parts))

    def _node(self, call: Call, node_type: str, node: Any, node_id: str) -> Any:
        fields = parse_fields(call.params["fields"]) if call.params.get("fields") else None
        found = Renderer(call, node_type, fields)(node, node_id)
        if call.params.get("metadata") == "1":
            found["metadata"] = {"type": node_type.lower(), "fields": [], "connections": {}}
        return found

    def _below(self, call: Call, node_type: str, node: Any, parts: list[str]) -> Any:
        name, options = parts[1], call.params
        if name in self.world.settings.missing_fields:
            raise unknown_path("/".join(parts))
        if len(parts) == 3 and name == "photos":
            options = {**options, "type": parts[2]}
        elif len(parts) > 2:
            raise unknown_path("/".join(parts))
        if name == "picture":
            return self._picture(call, node_type, node)
        return edge(call, parts[0], node, Wish(name, options))

    def _picture(self, call: Call, node_type: str, node: Any) -> Any:
        item = cover_of(call, node_type, node)
        url = picture_url(call, item) if item is not None else f"{self.world.url}/__silhouette__"
        if call.params.get("redirect", "true").lower() not in ("false", "0"):
            raise Redirect(url)
        return {"data": {"height": 100, "is_silhouette": item is None, "url": url, "width": 100}}

    def _many(self, call: Call) -> Any:
        wanted = _ids(call.params)
        if len(wanted) > MOST_IDS:
            raise GraphError(100, f"(#100) Too many IDs. Maximum: {MOST_IDS}. Provided: {len(wanted)}.")
        found: dict[str, Any] = {}
        for node_id in wanted:
            try:
                node_type, node = find_node(call, self.world.library.owner_id if node_id == "me" else node_id)
            except GraphError:
                raise missing_alias(node_id) from None
            found[node_id] = self._node(call, node_type, node, node_id)
        return reshape(call, found)

    def _finish(self, request: Request, reply: Reply, error: GraphError | None) -> Reply:
        world, settings = self.world, self.world.settings
        kind = "text/javascript" if settings.javascript_type else "application/json"
        headers = {
            "Content-Type": f"{kind}; charset=UTF-8", "Date": formatdate(world.library.clock.now(), usegmt=True),
            "facebook-api-version": settings.header_version or split_version(request.path)[0] or settings.version,
            "Cache-Control": "private, no-cache, no-store, must-revalidate",
            "Expires": "Sat, 01 Jan 2000 00:00:00 GMT",
            "x-fb-trace-id": "AbCdEfGhIjK", "x-fb-rev": "1010101010", "x-fb-request-id": "A1b2C3d4E5",
        }  # fmt: skip
        headers |= world.budget.headers(world.library.owner_id if world.library.page else None)
        if error is not None:
            if error.code in (102, 190, 2500):
                words = error.message.replace('"', "'")
                headers["WWW-Authenticate"] = f'OAuth "Facebook Platform" "invalid_request" "{words}"'
            return Reply(reply.status, headers, reply.body)
        body = reply.body
        if request.query.get("debug") == "all":
            body = body[:-1] + b',"__debug__":{"messages":[]}}' if body.startswith(b"{") else body
        tag = '"' + hashlib.sha1(body + request.headers.get("user-agent", "").encode()).hexdigest() + '"'  # noqa: S324
        headers["ETag"] = tag
        if request.headers.get("if-none-match") == tag:
            return Reply(304, headers)
        return Reply(reply.status, headers, body)


def split_version(path: str) -> tuple[str | None, str]:
    """`/v21.0/me/albums` as version and path; the version may be missing."""
    first, _, rest = path.strip("/").partition("/")
    return (first, rest) if _VERSION.match(first) else (None, path.strip("/"))


def _ids(params: dict[str, str]) -> list[str]:
    return [one for one in params.get("ids", "").split(",") if one]


def _welcome(call: Call) -> Any:
    raise GraphError(100, "Unsupported get request. Please read the Graph API documentation", "GraphMethodException")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()
