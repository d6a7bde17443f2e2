"""Which photo on a Page is the one that was sent, when its answer was lost: by what can be read there alone."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from fbbackup.errors import AnswerLost
from fbbackup.models import Outgoing

FIELDS = "id,name,from,created_time,backdated_time,width,height,images"

_CLOCKS_DIFFER = timedelta(minutes=10)
"""How far clocks may be apart that nothing else tells of; what was published within it before an upload is in doubt."""
_WHOLE_SECONDS = timedelta(seconds=2)
_DATES_DIFFER = {"year": timedelta(days=367), "month": timedelta(days=32)}
_A_DAY = timedelta(days=1, hours=1)
"""Dates are cut to their granularity, and zones of time differ."""


class Verdict(Enum):
    """What a photo there is, as far as words, size and times tell."""

    OTHER = "certainly not ours"
    DOUBT = "like ours, but not certainly"
    OURS = "like ours in all that is known"


@dataclass(slots=True)
class Search:
    """One photo that was sent with `form`, not before `since` by the service's clock; `senders` are the Page's ids."""

    photo: Outgoing
    form: Mapping[str, str]
    since: datetime
    known: Collection[str]
    senders: Collection[str]
    shows_dates: bool = False
    found: list[tuple[Verdict, Mapping[str, Any]]] = field(default_factory=list)
    _newest: datetime | None = None
    _falling: bool = True

    def verdict(self, node: Mapping[str, Any]) -> Verdict:
        """Judges a photo of the list; the pictures themselves are still to be compared."""
        self.shows_dates = self.shows_dates or _moment(node.get("backdated_time")) is not None
        created = _moment(node.get("created_time"))
        self._falling = self._falling and created is not None and (self._newest is None or created <= self._newest)
        self._newest = created or self._newest
        if id_of(node) in {*self.known, self.photo.photo_id} or not self._is_sender(node) or not self._fits(node):
            return Verdict.OTHER
        dated = self._dates_agree(node.get("backdated_time"))
        if dated is False:
            return Verdict.OTHER
        if created is not None and created >= self.since - _WHOLE_SECONDS:
            return Verdict.OURS
        near = created is None or created >= self.since - _WHOLE_SECONDS - _CLOCKS_DIFFER
        # Some answers give the date that a photo was backdated to as the time of its publishing.
        return Verdict.DOUBT if near or self._dates_agree(node.get("created_time")) else Verdict.OTHER

    def over(self) -> bool:
        """Whether what follows is older than anything of interest: in a list from new to old, once one is found."""
        passed = self._newest is not None and self._newest < self.since - _WHOLE_SECONDS - _CLOCKS_DIFFER
        return self._falling and passed and bool(self.found or self._sent is None)

    def result(self, *, whole: bool) -> Mapping[str, Any] | None:
        """The one that is ours, None when there is none. Raises AnswerLost when that can't be told."""
        ours = [node for verdict, node in self.found if verdict is Verdict.OURS]
        if len(ours) > 1:
            raise AnswerLost(f"{len(ours)} photos on the Page look like it; remove the wrong ones there")
        if ours:
            if self._sent is not None and self.shows_dates and ours[0].get("backdated_time") is None:
                raise AnswerLost("a photo on the Page looks like it, but has no date; --again sends it anyway")
            return ours[0]
        if self.found:
            raise AnswerLost("a photo on the Page looks like it, but is older than the upload; --again sends it anyway")
        if self.form.get("published") == "false":
            raise AnswerLost("what is not published need not be listed; look at the Page, then --again sends it anyway")
        if not whole:
            raise AnswerLost("the Page has more photos than can be searched; look there, then --again sends it anyway")
        return None

    @property
    def _sent(self) -> datetime | None:
        return _moment(self.form.get("backdated_time"))

    def _dates_agree(self, told: Any) -> bool | None:
        """None when either is not known."""
        sent, found = self._sent, _moment(told)
        if sent is None or found is None:
            return None
        return abs(found - sent) <= _DATES_DIFFER.get(self.form.get("backdated_time_granularity", ""), _A_DAY)

    def _is_sender(self, node: Mapping[str, Any]) -> bool:
        """Whether the Page published it, as far as is said."""
        sender = node.get("from")
        return not isinstance(sender, dict) or not sender.get("id") or str(sender["id"]) in self.senders

    def _fits(self, node: Mapping[str, Any]) -> bool:
        if _plain(node.get("name")) != _plain(self.form.get("caption")):
            return False
        width, height = node.get("width"), node.get("height")
        photo = self.photo
        if not (photo.width and photo.height and isinstance(width, int) and isinstance(height, int) and height):
            return True
        # Facebook turns pictures upright, so a shape and the same on its side are one.
        ours, theirs = photo.width / photo.height, width / height
        return any(abs(shape / theirs - 1) < 0.03 for shape in (ours, 1 / ours)) if theirs else True


def id_of(node: Mapping[str, Any]) -> str:
    """The id as text, whether it came as text or as a number; empty without one."""
    value = node.get("id")
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _plain(text: Any) -> str:
    """Words as they are compared: services trim captions and change their line ends."""
    return " ".join(unicodedata.normalize("NFC", str(text or "")).split())


def _moment(value: Any) -> datetime | None:
    text = str(value).strip() if isinstance(value, int | str) else ""
    try:
        if text.removeprefix("-").isdigit():
            return datetime.fromtimestamp(int(text), UTC)
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
