"""Photos and albums by id: fresh addresses, and proof of absence in Facebook's own words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from fbbackup.errors import ItemError
from fbbackup.models import Absence, Album, Answers, Photo
from fbbackup.sources.graph.failures import Failure, GraphFailed, Kind
from fbbackup.sources.graph.listing import Pages
from fbbackup.sources.graph.nodes import BadNode, album_from_node, photo_from_node

IDS_PER_CALL = 50


@dataclass(slots=True)
class _Found:
    photos: list[Photo] = field(default_factory=list)
    absent: list[Absence] = field(default_factory=list)
    unclear: list[Absence] = field(default_factory=list)


class Lookup:
    """Asks by id. Several ids in one call count as one call each, so asking singly costs no more."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def photos(self, ids: Sequence[str], known_videos: Collection[str] = ()) -> Answers:
        """Each id ends as photo, absent (denied by id: code 100/33 or 803) or unclear."""
        self._pages.videos.update(known_videos)
        found = _Found()
        unique = list(dict.fromkeys(ids))
        videos = [id for id in unique if id in self._pages.videos]
        photos = [id for id in unique if id not in self._pages.videos]
        for kind, those in (("photo", photos), ("video", videos)):
            for start in range(0, len(those), IDS_PER_CALL):
                await self._several(those[start : start + IDS_PER_CALL], kind, found)
        return Answers(tuple(found.photos), tuple(found.absent), tuple(found.unclear))

    async def album(self, album: Album) -> Album | Absence | None:
        """The album afresh, its denial, or None when unclear. Virtual albums are always there."""
        if album.virtual:
            return album
        try:
            answer = await self._ask(album.remote_id, {}, "album")
            return album_from_node(answer)
        except GraphFailed as failed:
            if failed.failure.kind is Kind.MISSING:
                return Absence(album.remote_id, failed.failure.evidence)
            if failed.failure.kind is Kind.PERMISSION:
                await self._pages.account.confirm_after_refusal()
        except (BadNode, ItemError):
            pass
        return None

    async def _several(self, ids: Sequence[str], kind: str, found: _Found) -> None:
        """One call for all; one bad id fails it whole, then each is asked by itself."""
        answer: dict[str, Any] = {}
        if len(ids) > 1:
            try:
                answer = await self._ask("", {"ids": ",".join(ids)}, kind, cost=len(ids))
            except (GraphFailed, ItemError):
                answer = {}
        for id in ids:
            node = answer.get(id)
            if not self._keep(node, kind, found):
                await self._single(id, kind, found)

    async def _single(self, id: str, kind: str, found: _Found) -> None:
        try:
            answer = await self._ask(id, {}, kind)
        except ItemError as error:
            found.unclear.append(Absence(id, str(error)))
            return
        except GraphFailed as failed:
            failure = failed.failure
            if kind == "photo" and failure.kind is Kind.FIELD and _tells_of_video(failure):
                await self._single(id, "video", found)
            elif failure.kind is Kind.MISSING:
                found.absent.append(Absence(id, failure.evidence))
            else:
                found.unclear.append(Absence(id, failure.evidence))
            return
        if not self._keep(answer, kind, found):
            found.unclear.append(Absence(id, "the answer holds no photo"))

    def _keep(self, node: Any, kind: str, found: _Found) -> bool:
        try:
            photo = photo_from_node(node, asked=self._pages.fields.asked(kind))
        except (ValueError, TypeError, OverflowError, RecursionError):
            return False
        self._pages.saw((photo,))
        found.photos.append(photo)
        return True

    async def _ask(self, path: str, params: dict[str, str], kind: str, *, cost: int = 1) -> dict[str, Any]:
        """Asks, leaving out fields that this version no longer has. Raises GraphFailed and ItemError.

        A refusal that names no type says nothing of the fields: the id may be that of another kind of node.
        """
        while True:
            fields = self._pages.fields.text(kind)
            try:
                return await self._pages.api.ask(path, {**params, "fields": fields}, cost=cost)
            except GraphFailed as failed:
                failure = failed.failure
                if failure.kind is not Kind.FIELD or not failure.node_type or _tells_of_video(failure):
                    raise
                if not self._pages.fields.drop((kind,), failure.field or "", failure.node_type):
                    raise


def _tells_of_video(failure: Failure) -> bool:
    """Whether photo fields were refused because the id is a video's."""
    return (failure.node_type or "video").lower() == "video"
