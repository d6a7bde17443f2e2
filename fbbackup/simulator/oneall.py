"""A pretend OneAll: pushes with name and password, its envelope, and its errors."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from fbbackup.simulator.graph_errors import GraphError
from fbbackup.simulator.graph_faults import raise_armed
from fbbackup.simulator.wire import Reply, Request
from fbbackup.simulator.world import World

PREFIX = "/push/identities/"
PUBLIC_KEY = "1111aaaa-22bb-33cc-44dd-555555eeeeee"
PRIVATE_KEY = "9999ffff-88ee-77dd-66cc-555555bbbbbb"
IDENTITY = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
_PATH = re.compile(r"/push/identities/([^/]+)/([a-z0-9/_%-]+)\.json", re.IGNORECASE)
_DATE = "Thu, 21 Sep 2017 16:25:31 0200"
_OBJECTS = ("picture", "post", "video", "page", "group", "company", "pin", "board", "playlist", "section")
Json = dict[str, Any]


class OneAll:
    """Keeps what is pushed in `world.pushes`."""

    def __init__(self, world: World) -> None:
        self.world = world

    def reply(self, request: Request) -> Reply:
        """The envelope; errors have no result."""
        self.world.ledger.note_call(PREFIX, {}, 200)
        try:
            raise_armed(self.world, request.target)
            code, words, data = self._answer(request)
        except GraphError as error:
            code, words, data = error.code, error.message, None
        flag = "success" if data is not None else "error"
        status = {"flag": flag, "code": code, "info": words}
        response: Json = {"request": {"date": _DATE, "resource": request.path, "status": status}}
        if data is not None:
            response["result"] = {"data": data}
        body = json.dumps({"response": response}).encode()
        return Reply(code, {"Content-Type": "application/json"}, body)

    def _answer(self, request: Request) -> tuple[int, str, Json | None]:
        login = base64.b64encode(f"{PUBLIC_KEY}:{PRIVATE_KEY}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {login}":
            return 401, "Your API credentials are invalid", None
        match = _PATH.fullmatch(request.path)
        if match is None or match[1] != IDENTITY:
            return 404, "The requested identity could not be found", None
        try:
            push = json.loads(request.body)["request"]["push"]
            ((key, content),) = push.items()
        except (ValueError, KeyError, TypeError, AttributeError):
            return 400, "The request could not be understood", None
        if key not in _OBJECTS or not isinstance(content, dict):
            return 400, f"The object {key} is not known", None
        if "picture" in match[2] and not str(content.get("url", "")).startswith(("http://", "https://")):
            return 400, "The url of the picture is missing", None
        self.world.pushes.append({"path": match[2], "object": key, **content})
        return 200, "Your request has been processed successfully", self._made(match[2], content)

    def _made(self, path: str, content: Json) -> Json:
        number = 12_345_678_901_234_500 + len(self.world.pushes)
        made: Json = {"provider": path.partition("/")[0], "object": path.rpartition("/")[2]}
        if "picture" in path:
            made |= {"picture_id": str(number), "picture_location": f"https://www.facebook.com/{number}"}
        if "picture" not in path or content.get("create_post", True):
            made |= {
                "post_id": f"1212121212_{number}",
                "post_location": f"https://www.facebook.com/1212121212_{number}",
            }
        return made
