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

from fbbackup.destinations.graph_params import GRANULARITIES
from fbbackup.errors import (
    AnswerLost,
    BudgetSpent,
    ConfigError,
    DownloadError,
    FbbackupError,
    Incomplete,
    ItemError,
    LoginNeeded,
    SourceUnavailable,
    UploadRefused,
)
from fbbackup.http import Http, NeverSent, Reply, register_secret
from fbbackup.models import Outgoing, Published

MOST_BYTES = 10_000_000
FORMATS = ("image/jpeg", "image/png", "image/bmp", "image/gif", "image/tiff")
_ENDED = "Facebook ended publishing to personal profiles on 2018-08-01; give the page_id and the token of a Page"
_GRANULARITY = {"second": "none", "minute": "min", **{name: name for name in GRANULARITIES}}
_PAUSE_SECONDS = 3600.0
_LOOKED_THROUGH = 20
"""Pages of photos that are searched for an upload whose answer was lost."""

_CLOCKS_DIFFER = timedelta(minutes=10)
"""How far clocks may be apart that nothing else tells of; what was published within it before an upload is in doubt."""
_WHOLE_SECONDS = timedelta(seconds=2)

_STOPS: dict[int, tuple[type[FbbackupError], str]] = {
    104: (ConfigError, "the app secret does not fit; correct app_secret"),
    120: (ConfigError, "there is no such album; correct --album"),
    190: (LoginNeeded, "the Page's token is no longer valid; get a new one"),
    200: (LoginNeeded, "the token may not publish on this Page; grant pages_manage_posts to the app"),
    220: (ConfigError, "the album is not visible to this Page; correct --album"),
    321: (Incomplete, "the album is full; name another one with --album"),
    368: (Incomplete, "Facebook blocks publishing for now; wait before trying again"),
    459: (LoginNeeded, "Facebook wants the person to confirm the account first: open facebook.com and log in"),
}
_REFUSED = {
    3: "the app may not publish photos; add the Page use case to it",
    100: "a value is wrong; look at --param, --album and page_id",
    324: "Facebook can't read the picture; --shrink sends it as a plain JPEG",
    2500: "Facebook does not understand the address; look at page_id and --album",
}
_LIMITS = (4, 17, 32, 341, 613, 80001)


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
        self._target, self._http = target, http
        self._ahead = timedelta(0)
        register_secret(target.token)

    async def admit(self) -> None:
        """Asks for a field that only Pages have: a profile is refused before anything is sent."""
        try:
            await self._ask("GET", self._target.page_id, {"fields": "id,name,category"})
        except UploadRefused as refused:
            raise ConfigError(f'destination "{self.name}" is no Page ({refused}). {_ENDED}') from None

    def check(self, photo: Outgoing) -> None:
        if photo.url is None and len(photo.body) >= MOST_BYTES:
            size = len(photo.body) / 1_000_000
            raise UploadRefused(f"it has {size:.1f} MB, Facebook takes less than 10 MB; --shrink scales it down")
        if photo.content_type not in FORMATS:
            raise UploadRefused(f"Facebook takes no {photo.content_type}; it takes JPEG, PNG, BMP, GIF and TIFF")

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
        remote_id, post_id = answer.get("id"), answer.get("post_id")
        if not isinstance(remote_id, str) or not remote_id:
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
        """Looks for one photo that is newer than `since`, says the same, has the same shape and shows the same; two
        such photos are no answer, since one of them is somebody else's, nor is one from shortly before."""
        found, earlier = [], 0
        caption = self._form(photo).get("caption")
        try:
            async for node in self._newest(photo.album):
                created = _created(node)
                first = since + self._ahead - _WHOLE_SECONDS
                if created is None or created < first - _CLOCKS_DIFFER or _id(node) in known:
                    continue
                if self._is_own(node) and _fits(node, photo, caption) and await self._shows_the_same(node, photo):
                    found += [node] if created >= first else []
                    earlier += created < first
        except (SourceUnavailable, ItemError) as error:
            raise AnswerLost(f"the Page can't be searched for it: {error}") from None
        if len(found) > 1:
            raise AnswerLost(f"{len(found)} photos on the Page look like it; remove the wrong ones there")
        if earlier and not found:
            raise AnswerLost("a photo on the Page looks like it, but is older than the upload; --again sends it anyway")
        return Published(_id(found[0]), None, f"https://www.facebook.com/{_id(found[0])}") if found else None

    def _is_own(self, node: Mapping[str, Any]) -> bool:
        """Whether the Page published it, as far as is said."""
        sender = node.get("from")
        return not isinstance(sender, dict) or str(sender.get("id") or self._target.page_id) == self._target.page_id

    async def _newest(self, album: str | None) -> Any:
        params = {"fields": "id,name,from,created_time,width,height,images", "limit": "50"}
        if album is None:
            params["type"] = "uploaded"
        for _ in range(_LOOKED_THROUGH):
            answer = await self._ask("GET", f"{album or self._target.page_id}/photos", params)
            for node in _nodes(answer):
                yield node
            paging = answer.get("paging")
            cursors = paging.get("cursors") if isinstance(paging, dict) and paging.get("next") else None
            if not isinstance(cursors, dict) or not isinstance(cursors.get("after"), str):
                return
            params["after"] = cursors["after"]

    async def _shows_the_same(self, node: Mapping[str, Any], photo: Outgoing) -> bool:
        images = [image for image in node.get("images") or [] if isinstance(image, dict) and image.get("source")]
        if not images:
            return False
        smallest = min(images, key=lambda image: image.get("width") or 0)
        try:
            body = (await self._http.fetch(str(smallest["source"]))).body
        except DownloadError as error:
            raise ItemError(f"a picture there can't be read ({error})") from None
        return self._target.alike(photo.body, body)

    async def undo(self, remote_id: str) -> None:
        try:
            answer = await self._ask("DELETE", remote_id, {})
        except UploadRefused as refused:
            if "does not exist" in str(refused):
                return
            raise
        if answer.get("success") is not True:
            raise UploadRefused("Facebook did not confirm that it was removed")

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
        error = value.get("error") if isinstance(value, dict) else None
        if isinstance(error, dict):
            raise _told(error, self.name)
        if not isinstance(value, dict) or reply.status >= 400:
            raise SourceUnavailable(f"Facebook answered {reply.status}")
        return value


def _told(error: Mapping[str, Any], name: str) -> Exception:
    """What a person has to do about an error."""
    code = error.get("code")
    code = int(code) if isinstance(code, int | str) and str(code).isdigit() else 0
    if code == 190 and error.get("error_subcode") == 459:
        code = 459
    words = " ".join(str(error.get("message") or "no reason given").split())[:200]
    if code in _STOPS:
        kind, remedy = _STOPS[code]
        return kind(f'destination "{name}": {remedy} (code {code}: {words})')
    if code in _LIMITS:
        return BudgetSpent(
            f'destination "{name}": too many calls for now (code {code}); a later upload goes on', _PAUSE_SECONDS
        )
    if code in (1, 2):
        return SourceUnavailable(f"Facebook failed (code {code}: {words})")
    if code == 2500 and "access token" in words:
        kind, remedy = _STOPS[190]
        return kind(f'destination "{name}": {remedy} (code {code}: {words})')
    return UploadRefused(f"{_REFUSED.get(code, 'Facebook refuses it')} (code {code}: {words})")


def _nodes(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for node in answer.get("data") or []:
        if isinstance(node, dict) and _id(node):
            yield node


def _id(node: Mapping[str, Any]) -> str:
    return str(node.get("id") or "")


def _created(node: Mapping[str, Any]) -> datetime | None:
    try:
        created = datetime.fromisoformat(str(node.get("created_time")))
    except ValueError:
        return None
    return created if created.tzinfo else None


def _fits(node: Mapping[str, Any], photo: Outgoing, caption: str | None) -> bool:
    if (node.get("name") or None) != (caption or None):
        return False
    width, height = node.get("width"), node.get("height")
    if not (photo.width and photo.height and isinstance(width, int) and isinstance(height, int) and height):
        return True
    # Facebook turns pictures upright, so a shape and the same on its side are one.
    ours, theirs = photo.width / photo.height, width / height
    return any(abs(shape / theirs - 1) < 0.03 for shape in (ours, 1 / ours))
