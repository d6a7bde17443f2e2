"""Pages of one album or virtual album: cursors, limits that are learned, and fields that are given up."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from fbbackup.errors import CursorRejected, ItemError
from fbbackup.models import Album, Kind, Page, Photo
from fbbackup.sources.graph.account import Account
from fbbackup.sources.graph.api import GraphApi
from fbbackup.sources.graph.failures import Failure, GraphFailed
from fbbackup.sources.graph.failures import Kind as FailureKind
from fbbackup.sources.graph.fields import FieldBook
from fbbackup.sources.graph.nodes import photo_from_node, photos_from

PAGE_LIMIT = 100  # asking for more gives no more
_GROW_AFTER = 4
_FORGET_AFTER = 500  # answers after which a refused size is tried again
_HEAVY_FLOOR = 12
_CLOSE = 1.4  # a refused size this near is not worth another refusal
MOST_BARREN_PAGES = 25
"""Pages in a row that may show nothing new: more of them are a list without an end."""
_EMPTY_PAGES_AT_THE_END = 3
_FACEBOOK = "graph.facebook.com"
_BY_TIME = frozenset({"since", "until", "__paging_token"})
_PAGING_PARAMETERS = ("after", "since", "until", "offset", "__paging_token")


@dataclass(frozen=True, slots=True)
class Listing:
    """Where the items of an album are listed, and of which kind they are."""

    path: str
    params: tuple[tuple[str, str], ...] = ()
    kind: str = "photo"


VIRTUAL = {
    "tagged": ("Tagged photos", Listing("me/photos", (("type", "tagged"),))),
    "uploads": ("Uploads outside albums", Listing("me/photos", (("type", "uploaded"),))),
    "videos": ("Videos", Listing("me/videos", (("type", "uploaded"),), "video")),
}


def listing_of(album: Album) -> Listing:
    """How to list an album; virtual ones always name their `type`, whose default is not what it seems (0.2)."""
    if album.virtual and album.remote_id in VIRTUAL:
        return VIRTUAL[album.remote_id][1]
    return Listing(f"{album.remote_id}/photos")


class Learned:
    """A size that the service accepts: back to what worked after a refusal, else half, then towards the refused one.

    `state[key]` keeps `{"value", "worked", "refused"}` across runs; `bounds` are the first and the largest size.
    """

    def __init__(self, state: dict[str, Any], key: str, bounds: tuple[int, int]) -> None:
        kept = state.get(key)
        self._kept: dict[str, Any] = kept if isinstance(kept, dict) else {}
        state[key] = self._kept
        self._first, self._most = bounds
        self._good = 0
        self.heavy = True

    @property
    def value(self) -> int:
        """The size as it stands, at least 1."""
        kept = self._kept.get("value")
        return min(max(kept, 1), self._most) if isinstance(kept, int) else self._first

    def shrink(self) -> bool:
        """Asks for less: what worked, half, then without heavy fields, then half again. False when that is no less."""
        self._good = 0
        if self.heavy and self.value <= _HEAVY_FLOOR:
            self.heavy = False
            return True
        if self.value == 1:
            return False
        worked = self._kept.pop("worked", None)
        back = worked if isinstance(worked, int) and 1 <= worked < self.value else self.value // 2
        self._kept.update(refused=self.value, value=back)
        return True

    def worked(self, size: int | None = None) -> None:
        """Counts an answer that came through; `size` is what it held, when that is less than was allowed."""
        if size is not None and size < 0.7 * self.value:
            return
        self._good += 1
        self._kept["worked"] = self.value
        refused = self._kept.get("refused")
        if self._good % _FORGET_AFTER == 0:
            self._kept.pop("refused", None)
        if self._good % _GROW_AFTER or self.value >= self._most:
            return
        if not isinstance(refused, int) or refused <= self.value:
            self._kept["value"] = min(self._most, self.value * 3 // 2 + 1)
        elif refused > self.value * _CLOSE:
            self._kept["value"] = (self.value + refused) // 2


class Pages:
    """Reads pages. `videos` collects the ids of videos seen, which later need other fields."""

    def __init__(self, api: GraphApi, account: Account, fields: FieldBook, state: dict[str, Any]) -> None:
        self.api, self.account, self.fields = api, account, fields
        self.videos: set[str] = set()
        self.limit = Learned(state, "page_limit", (PAGE_LIMIT, PAGE_LIMIT))
        self._hosts = {urlsplit(api.settings.api_url).hostname, _FACEBOOK}
        self._asked: dict[str, set[str]] = {}
        self._barren: dict[str, int] = {}

    async def page(self, album: Album, cursor: str | None) -> Page:
        """One page. Raises CursorRejected, also for a list that goes in circles, and ItemError for a sick album."""
        listing = listing_of(album)
        asked = self._asked.setdefault(album.remote_id, set())
        if cursor is None:
            asked.clear()
            self._barren.pop(album.remote_id, None)
        else:
            asked.add(_short(cursor))
        answer = await self._ask(listing, cursor)
        if not isinstance(answer.get("data"), list):
            raise ItemError("the answer holds no list of items")
        page = self.page_of(answer, listing.kind, album.title, heavy=self.limit.heavy)
        self.limit.heavy = True
        barren = self._count_barren(album.remote_id, page, asked)
        again = page.next_cursor is not None and _short(page.next_cursor) in asked
        if not page.photos and not page.problems and ends_by_time(page.next_cursor, barren, again=again):
            return Page(())
        if again:
            raise CursorRejected("the list repeats a page that was already read")
        if page.next_cursor is not None and barren > MOST_BARREN_PAGES:
            self._barren[album.remote_id] = 0
            raise ItemError(f"{MOST_BARREN_PAGES} pages in a row showed nothing new; a later run asks on from there")
        return page

    def _count_barren(self, album_id: str, page: Page, shown: set[str]) -> int:
        """How many pages in a row showed nothing, or only what one page before them showed already."""
        ids = "=" + _short(",".join(photo.id for photo in page.photos))
        barren = not page.photos or ids in shown
        shown.add(ids)
        self._barren[album_id] = self._barren.get(album_id, 0) + 1 if barren else 0
        return self._barren[album_id]

    async def _ask(self, listing: Listing, cursor: str | None) -> dict[str, Any]:
        while True:
            params = dict(listing.params) | {"limit": str(self.limit.value)} | cursor_params(cursor)
            params["fields"] = self.fields.text(listing.kind, heavy=self.limit.heavy)
            try:
                answer = await self.api.ask(listing.path, params, heavy=True)
            except GraphFailed as failed:
                await self.adapt(failed.failure, (listing.kind,), self.limit)
                if failed.failure.kind is FailureKind.CURSOR and cursor is not None:
                    raise CursorRejected(failed.failure.evidence) from None
                if failed.failure.kind not in (FailureKind.SHRINK, FailureKind.FIELD):
                    raise ItemError(failed.failure.evidence) from None
            else:
                self.limit.worked()
                return answer

    async def adapt(self, failure: Failure, kinds: tuple[str, ...], size: Learned) -> None:
        """Makes the next try smaller or without the refused field.

        Raises ItemError when that can't be done, and LoginNeeded when a refusal means a lost permission.
        """
        if failure.kind is FailureKind.SHRINK and not size.shrink():
            size.heavy = True
            raise ItemError(f"Facebook finds even the smallest request too large ({failure.evidence})")
        if failure.kind is FailureKind.FIELD:
            if not self.fields.drop(kinds, failure.field or "", failure.node_type):
                raise ItemError(failure.evidence)
            told = f"gives the field “{failure.field}”; it is" if failure.field else "gives some fields; the last were"
            self.api.note(f"Facebook no longer {told} left out")
        if failure.kind is FailureKind.PERMISSION:
            await self.account.confirm_after_refusal()

    def page_of(self, edge: dict[str, Any], kind: str, name: str, *, heavy: bool = True) -> Page:
        """A `{data, paging}` object as a page."""
        asked = self.fields.asked(kind, heavy=heavy)
        photos, problems = photos_from(edge.get("data"), lambda node: photo_from_node(node, asked=asked), name)
        self.saw(photos)
        return Page(photos, self.next_cursor(edge.get("paging")), problems)

    def saw(self, photos: Sequence[Photo]) -> None:
        """Remembers which ids are videos."""
        self.videos.update(photo.id for photo in photos if photo.kind is Kind.VIDEO)

    def next_cursor(self, paging: Any) -> str | None:
        """The cursor of the following page; None only when there is no `next`.

        Rebuilt from `cursors.after`, else from the paging parameters of a `next` on the API's own host: the
        address itself carries the token and is never followed. Raises ItemError when neither is there.
        """
        following = paging.get("next") if isinstance(paging, dict) else None
        if not following:
            return None
        cursors = paging.get("cursors")
        after = cursors.get("after") if isinstance(cursors, dict) else None
        if isinstance(after, str) and after:
            return after
        try:
            address = urlsplit(following if isinstance(following, str) else "")
            if address.hostname in self._hosts:
                query = dict(parse_qsl(address.query))
                kept = {key: query[key] for key in _PAGING_PARAMETERS if query.get(key)}
                if kept:
                    return "?" + urlencode(kept)
        except ValueError:
            pass
        raise ItemError("the list goes on, but its next page can't be told from the answer")


def cursor_params(cursor: str | None) -> dict[str, str]:
    """The call parameters that a cursor stands for."""
    if cursor is None:
        return {}
    return dict(parse_qsl(cursor[1:])) if cursor.startswith("?") else {"after": cursor}


def ends_by_time(cursor: str | None, empty: int, *, again: bool) -> bool:
    """Whether a list ends with its latest, empty page. Lists that are read by time name a next page for ever; `empty`
    pages in a row, or a next one that was asked before, are their end."""
    if cursor is None or not cursor.startswith("?") or not cursor_params(cursor).keys() <= _BY_TIME:
        return False
    return again or empty >= _EMPTY_PAGES_AT_THE_END


def _short(cursor: str) -> str:
    return hashlib.sha256(cursor.encode("utf-8", "replace")).hexdigest()[:16]
