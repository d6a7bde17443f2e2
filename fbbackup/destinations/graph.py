"""Facebook Pages as a destination: photos are published with a Page's token."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from fbbackup.destinations.graph_errors import Refused, failure, told
from fbbackup.destinations.graph_matches import FIELDS, Search, Verdict, id_of
from fbbackup.destinations.graph_params import GRANULARITIES
from fbbackup.errors import AnswerLost, ConfigError, DownloadError, ItemError, SourceUnavailable, UploadRefused
from fbbackup.http import Http, NeverSent, Reply, register_secret
from fbbackup.models import Kind, Outgoing, Published

MOST_BYTES = 10_000_000
FORMATS = ("image/jpeg", "image/png", "image/bmp", "image/gif", "image/tiff")
_ENDED = "Facebook ended publishing to personal profiles on 2018-08-01; give the page_id and the token of a Page"
_GRANULARITY = {"second": "none", "minute": "min", **{name: name for name in GRANULARITIES}}
_PAGES = 50
_PAGE_PHOTOS = 100
"""How much of a Page is searched for an upload whose answer was lost."""


@dataclass(frozen=True, slots=True)
class GraphTarget:
    """One Page. `alike` tells whether two pictures show the same, for uploads whose answer was lost; `animated` whether
    one moves."""

    name: str
    page_id: str
    token: str = field(repr=False)
    alike: Callable[[bytes, bytes], bool]
    api_url: str = "https://graph.facebook.com"
    api_version: str = "v21.0"
    app_secret: str | None = field(default=None, repr=False)
    animated: Callable[[bytes], bool] = lambda body: False


class GraphDestination:
    """Publishes to one Page. `http` is shared and not closed here."""

    def __init__(self, target: GraphTarget, http: Http) -> None:
        self.name = target.name
        self.calls = 0
        self.kinds = frozenset({Kind.PHOTO})
        self._target, self._http = target, http
        self._ahead = timedelta(0)
        self._senders = {target.page_id}
        register_secret(target.token)

    async def admit(self) -> None:
        """Asks for a field that only Pages have: a profile is refused before anything is sent."""
        try:
            page = await self._ask("GET", self._target.page_id, {"fields": "id,name,category"})
        except Refused as refused:
            ended = f". {_ENDED}" if refused.code in (100, 803) else ""
            raise ConfigError(f'destination "{self.name}" is no Page ({refused}){ended}') from None
        self._senders.add(id_of(page))

    def check(self, photo: Outgoing) -> None:
        if photo.url is not None and "vault_image_id" in dict(photo.params):
            raise UploadRefused("--url and --param vault_image_id can't be used together")
        if photo.url is None and len(photo.body) >= MOST_BYTES:
            size = len(photo.body) / 1_000_000
            raise UploadRefused(f"it has {size:.1f} MB, Facebook takes less than 10 MB; --shrink scales it down")
        if photo.content_type not in FORMATS:
            raise UploadRefused(
                f"Facebook takes no {photo.content_type}, but JPEG, PNG, BMP, GIF and TIFF; --shrink makes a JPEG of it"
            )
        if self._target.animated(photo.body):
            raise UploadRefused("Facebook takes no animated pictures; --shrink sends it as a still one")

    async def upload(self, photo: Outgoing) -> Published:
        form = self._form(photo)
        file = None if "url" in form or "vault_image_id" in form else ("source", photo.body, photo.content_type)
        try:
            answer = await self._ask("POST", f"{photo.album or self._target.page_id}/photos", form, file)
        except NeverSent:
            raise
        except SourceUnavailable as error:
            raise AnswerLost(str(error)) from None
        remote_id, post_id = id_of(answer), answer.get("post_id")
        if not remote_id:
            raise AnswerLost("Facebook's answer holds no id")
        return Published(
            remote_id, post_id if isinstance(post_id, str) else None, f"https://www.facebook.com/{remote_id}"
        )

    def _form(self, photo: Outgoing) -> dict[str, str]:
        """The parameters: what is known of the photo, over which stand those that the person gave."""
        form: dict[str, str] = {}
        if photo.caption:
            form["caption"] = photo.caption
        if photo.alt_text:
            form["alt_text_custom"] = photo.alt_text
        if photo.file_date:
            form["backdated_time"] = photo.file_date.astimezone(UTC).isoformat(timespec="seconds")
            form["backdated_time_granularity"] = _GRANULARITY.get(photo.file_date_precision or "", "none")
        if photo.place_id and photo.place_id.isdigit():
            form["place"] = photo.place_id
        if photo.url:
            form["url"] = photo.url
        return form | dict(photo.params)

    async def find(self, photo: Outgoing, since: datetime, known: Collection[str]) -> Published | None:
        """Looks for one photo that is newer than `since`, says the same, has the same shape and date, and shows the
        same; two such photos are no answer, since one of them is somebody else's, nor is one from shortly before."""
        search = Search(photo, self._form(photo), since + self._ahead, known, self._senders)
        try:
            whole = await self._searched(search)
        except (SourceUnavailable, ItemError) as error:
            raise AnswerLost(f"the Page can't be searched for it: {error}") from None
        found = search.result(whole=whole)
        return Published(id_of(found), None, f"https://www.facebook.com/{id_of(found)}") if found else None

    async def _searched(self, search: Search) -> bool:
        """Whether the list was read as far as anything of interest can be."""
        album = search.photo.album
        params = {"fields": FIELDS, "limit": str(_PAGE_PHOTOS)} | ({} if album else {"type": "uploaded"})
        for _ in range(_PAGES):
            answer = await self._ask("GET", f"{album or self._target.page_id}/photos", params)
            for node in _nodes(answer):
                verdict = search.verdict(node)
                if verdict is not Verdict.OTHER and await self._shows_the_same(node, search.photo):
                    search.found.append((verdict, node))
            paging = answer.get("paging")
            if not isinstance(paging, dict) or not paging.get("next") or search.over():
                return True
            cursors = paging.get("cursors")
            if not isinstance(cursors, dict) or not isinstance(cursors.get("after"), str):
                return False
            params["after"] = cursors["after"]
        return False

    async def _shows_the_same(self, node: Mapping[str, Any], photo: Outgoing) -> bool:
        images = [image for image in node.get("images") or [] if isinstance(image, dict) and image.get("source")]
        if not images:
            raise ItemError("a photo there has no picture to compare with")
        smallest = min(images, key=lambda image: image.get("width") or 0)
        try:
            body = (await self._http.fetch(str(smallest["source"]))).body
        except DownloadError as error:
            raise ItemError(f"a picture there can't be read ({error})") from None
        return self._target.alike(photo.body, body)

    async def undo(self, remote_id: str) -> None:
        try:
            answer = await self._ask("DELETE", remote_id, {})
        except Refused as refused:
            if refused.says_gone and await self._is_gone(remote_id):
                return
            raise
        if answer.get("success") is not True:
            raise UploadRefused("Facebook did not confirm that it was removed")

    async def _is_gone(self, remote_id: str) -> bool:
        """Whether the Page is visible and the photo is not: a token that lost its rights gets the same words."""
        await self.admit()
        try:
            await self._ask("GET", remote_id, {"fields": "id"})
        except Refused as refused:
            return refused.says_gone
        return False

    async def close(self) -> None:
        """The client is the caller's."""

    async def _ask(
        self, method: str, path: str, params: Mapping[str, str], file: tuple[str, bytes, str] | None = None
    ) -> dict[str, Any]:
        """One call, never repeated. Raises SourceUnavailable when no readable answer came."""
        target = self._target
        params = dict(params)
        if target.app_secret:
            proof = hmac.new(target.app_secret.encode(), target.token.encode(), hashlib.sha256)
            params["appsecret_proof"] = proof.hexdigest()
        self.calls += 1
        reply = await self._http.send(
            method, f"{target.api_url}/{target.api_version}/{path}", params, token=target.token, file=file
        )
        self._note_clock(reply)
        return self._judged(reply)

    def _note_clock(self, reply: Reply) -> None:
        """How far the service's clock is ahead of ours, by the date of its answer."""
        try:
            self._ahead = parsedate_to_datetime(reply.headers["date"]) - datetime.now(UTC)
        except (KeyError, TypeError, ValueError):
            return

    def _judged(self, reply: Reply) -> dict[str, Any]:
        try:
            value = json.loads(reply.body)
        except ValueError:
            raise SourceUnavailable(f"Facebook answered {reply.status} without JSON") from None
        if (error := failure(value)) is not None:
            raise told(error, self.name)
        if value is True:
            return {"success": True}
        if not isinstance(value, dict) or not 200 <= reply.status < 300:
            raise SourceUnavailable(f"Facebook answered {reply.status}")
        return value


def _nodes(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    data = answer.get("data")
    for node in data if isinstance(data, list) else []:
        if isinstance(node, dict) and id_of(node):
            yield node
