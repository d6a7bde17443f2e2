"""OneAll as a destination: one service that publishes to several networks.

OneAll fetches pictures and videos itself, so it needs a public address of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fbbackup.errors import (
    AnswerLost,
    BudgetSpent,
    ConfigError,
    LoginNeeded,
    SourceUnavailable,
    UploadRefused,
)
from fbbackup.http import Http, NeverSent, Reply, register_secret
from fbbackup.models import Kind, Outgoing, Published

MOST_BYTES = 5_000_000
FORMATS = ("image/jpeg", "image/bmp", "image/png", "image/gif", "image/tiff")
_PAUSE_SECONDS = 3600.0
_IDENTITY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ENDED = "Facebook removed sharing to personal profiles on 2018-08-01; use facebook/page/picture, or --force"


@dataclass(frozen=True, slots=True)
class Push:
    """One kind of push: where it is sent, the key of its object, what of a photo goes into it under which names.

    `names` are needed in the path (`board_id`) or in the object (`id`) and come from `--param`.
    """

    path: str
    key: str
    fields: tuple[str, ...]
    names: tuple[str, ...] = ()
    picture: bool = True
    ended: bool = False

    @property
    def shows(self) -> Kind | None:
        """What its address leads to; None for pushes of words alone."""
        if self.picture:
            return Kind.PHOTO
        return Kind.VIDEO if "url" in self.fields else None


_PICTURE = ("url", "description", "create_post")
_PAGE_PICTURE = ("id", "url", "description")
_POST = ("message", "link", "attachments")
_PAGE_POST = ("id", *_POST)

PUSHES: dict[str, Push] = {
    "facebook/picture": Push("facebook/picture", "picture", _PICTURE, ended=True),
    "facebook/post": Push("facebook/post", "post", _POST, picture=False, ended=True),
    "facebook/video": Push("facebook/video", "video", _PICTURE, picture=False, ended=True),
    "facebook/group/picture": Push("facebook/group/picture", "group", _PAGE_PICTURE, ("id",)),
    "facebook/group/post": Push("facebook/group/post", "group", _PAGE_POST, ("id",), picture=False),
    "facebook/group/video": Push("facebook/group/video", "group", _PAGE_PICTURE, ("id",), picture=False),
    "facebook/page/picture": Push("facebook/page/picture", "page", _PAGE_PICTURE, ("id",)),
    "facebook/page/post": Push("facebook/page/post", "page", _PAGE_POST, ("id",), picture=False),
    "facebook/page/video": Push("facebook/page/video", "page", _PAGE_PICTURE, ("id",), picture=False),
    "linkedin/post": Push("linkedin/post", "post", _POST, picture=False),
    "linkedin/company/post": Push("linkedin/company/post", "company", _PAGE_POST, ("id",), picture=False),
    "pinterest/pin": Push("pinterest/board/{board_id}/pin", "pin", _PICTURE, ("board_id",)),
    "pinterest/board": Push("pinterest/board", "board", ("name", "description"), ("name",), picture=False),
    "twitter/post": Push("twitter/post", "post", _POST, picture=False),
    "twitter/picture": Push("twitter/picture", "picture", _PICTURE),
    "twitter/video": Push("twitter/video", "video", _PICTURE, picture=False),
    "youtube/video": Push("youtube/video", "video", ("url", "title", "description"), picture=False),
    "youtube/playlist": Push("youtube/playlist", "playlist", ("title", "description"), ("title",), picture=False),
    "youtube/playlist/video": Push(
        "youtube/playlist/{playlist_id}/video", "video", ("id", "description"), ("playlist_id", "id"), picture=False
    ),
    "youtube/channel/section": Push(
        "youtube/channel/section", "section", ("title", "description"), ("title",), picture=False
    ),
}
"""Every push that OneAll documents."""


@dataclass(frozen=True, slots=True)
class OneAllTarget:
    """One identity at OneAll and the push that is used; `force` also for those that Facebook ended."""

    name: str
    api_url: str
    public_key: str
    private_key: str = field(repr=False)
    identity_token: str
    push: str = "facebook/page/picture"
    page_id: str | None = None
    force: bool = False


class OneAllDestination:
    """Pushes through OneAll. `http` is shared and not closed here."""

    def __init__(self, target: OneAllTarget, http: Http) -> None:
        self.name = target.name
        self.calls = 0
        self._target, self._http = target, http
        register_secret(target.private_key)
        if target.push not in PUSHES:
            known = ", ".join(PUSHES)
            raise ConfigError(f'destination "{target.name}": there is no push "{target.push}"; known are {known}')
        self._push = PUSHES[target.push]
        self.kinds = frozenset({Kind.PHOTO} if self._push.picture else Kind)

    async def admit(self) -> None:
        """Checks what can be known without a call."""
        target = self._target
        if not _IDENTITY.fullmatch(target.identity_token):
            raise ConfigError(f'destination "{self.name}": identity_token must be a UUID in small letters')
        if self._push.ended and not target.force:
            raise ConfigError(f'destination "{self.name}": {_ENDED}')

    def check(self, photo: Outgoing) -> None:
        if "url" in self._push.fields and not self._value(photo, "url"):
            raise UploadRefused(
                f"OneAll fetches the {self._fetched} itself: give its public address with --url, or set web.public_url"
            )
        for name in self._push.names:
            if not self._value(photo, name):
                raise UploadRefused(f"this push needs {name}: give it with --param {name}=…")
        if not self._push.picture:
            return
        if photo.content_type not in FORMATS:
            raise UploadRefused(f"OneAll takes no {photo.content_type}; it takes JPEG, BMP, PNG, GIF and TIFF")
        if len(photo.body) > MOST_BYTES:
            raise UploadRefused(
                f"it has {len(photo.body) / 1_000_000:.1f} MB, OneAll takes 5 MB at most: "
                "give the address of a smaller one with --url and --shrink"
            )

    async def upload(self, photo: Outgoing) -> Published:
        names = {name: quote(str(self._value(photo, name)), safe="") for name in self._push.names}
        path = self._push.path.format(**names)
        content = {name: value for name in self._push.fields if (value := self._value(photo, name)) is not None}
        body = json.dumps({"request": {"push": {self._push.key: content}}}).encode()
        self.calls += 1
        target = self._target
        url = f"{target.api_url}/push/identities/{target.identity_token}/{path}.json"
        try:
            reply = await self._http.post_json(url, body, login=(target.public_key, target.private_key))
        except NeverSent:
            raise
        except SourceUnavailable as error:
            raise AnswerLost(str(error)) from None
        return self._published(reply)

    @property
    def _fetched(self) -> str:
        return "video" if self._push.shows is Kind.VIDEO else "picture"

    def _value(self, photo: Outgoing, name: str) -> Any:
        """What a field of the push's object holds; `--param` stands above what is known of the photo."""
        given = dict(photo.params)
        if name in given:
            return given[name] == "true" if name == "create_post" else given[name]
        known: dict[str, Any] = {
            "url": photo.url, "link": photo.url, "description": photo.caption, "message": photo.caption,
            "create_post": True, "id": self._target.page_id,
        }  # fmt: skip
        return known.get(name)

    def _published(self, reply: Reply) -> Published:
        """The result's ids. Both statuses count: that of HTTP and the one inside."""
        response = _response(reply)
        request = response.get("request")
        status = request.get("status") if isinstance(request, dict) else None
        status = status if isinstance(status, dict) else {}
        code = status.get("code") if isinstance(status.get("code"), int) else reply.status
        words = " ".join(str(status.get("info") or "no reason given").split())[:200]
        if status.get("flag") != "success" or reply.status >= 400:
            raise _told(int(code or 0), words, self.name)
        result = response.get("result")
        data = result.get("data") if isinstance(result, dict) else None
        data = data if isinstance(data, dict) else {}
        kinds = ("picture_id", "post_id", "video_id", "pin_id", "id")
        remote_id = next((str(data[kind]) for kind in kinds if data.get(kind)), "")
        if not remote_id:
            raise AnswerLost("OneAll's answer holds no id")
        post_id, link = data.get("post_id"), data.get("post_location") or data.get("picture_location")
        return Published(remote_id, str(post_id) if post_id else None, str(link) if link else None)

    async def find(self, photo: Outgoing, since: datetime, known: Collection[str]) -> Published | None:
        """OneAll has no list of what was pushed, so this can't be told."""
        raise AnswerLost("OneAll keeps no list of pushes: look on the network itself, then use --again or leave it")

    async def undo(self, remote_id: str) -> None:
        raise UploadRefused("OneAll can't take back what was pushed; remove it on the network itself")

    async def close(self) -> None:
        """The client is the caller's."""


def _response(reply: Reply) -> Mapping[str, Any]:
    try:
        value = json.loads(reply.body)
    except ValueError:
        value = None
    response = value.get("response") if isinstance(value, dict) else None
    if not isinstance(response, dict):
        if reply.status >= 500 or reply.status < 400:
            raise AnswerLost(f"OneAll answered {reply.status} without its envelope")
        return {}
    return response


def _told(code: int, words: str, name: str) -> Exception:
    where = f'destination "{name}"'
    if code in (401, 403):
        return LoginNeeded(f"{where}: OneAll refuses the keys or the identity ({code}: {words})")
    if code == 429:
        return BudgetSpent(f"{where}: too many pushes for now ({words}); a later upload goes on", _PAUSE_SECONDS)
    if code >= 500:
        return AnswerLost(f"OneAll failed ({code}: {words})")
    return UploadRefused(f"OneAll refuses it ({code}: {words})")
