"""A Page's answers as they may come: errors of every age and shape, lists that leave things out, doubtful matches."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fbbackup.destinations import GraphDestination, GraphTarget
from fbbackup.errors import (
    AnswerLost,
    BudgetSpent,
    ConfigError,
    Incomplete,
    LoginNeeded,
    SourceUnavailable,
    UploadRefused,
)
from fbbackup.http import HostRules, Http
from fbbackup.models import Outgoing
from fbbackup.thumbnails.outgoing import alike, animated
from tests.fake_source import jpeg
from tests.loopback import Asked, loopback, reply

PAGE, TOKEN = "777", "EAApageofapage"
SENT = datetime(2024, 5, 1, 12, tzinfo=UTC)
TAKEN = datetime(2014, 7, 5, 10, tzinfo=UTC)
PHOTO = Outgoing("1", jpeg(1), "image/jpeg", 64, 48, caption="Sea", file_date=TAKEN, file_date_precision="second")
Node = dict[str, Any]


@dataclass
class Page:
    """A Page by the book: what it lists, how it answers to a POST, a DELETE or a photo's id."""

    photos: list[Node] = field(default_factory=list)
    post: bytes = b'{"id":"9","post_id":"777_9"}'
    delete: bytes = b'{"success":true}'
    status: int = 200
    endless: bool = False
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    picture: bytes = PHOTO.body
    alias: str = PAGE
    page: Node | None = None

    def __call__(self, asked: Asked) -> bytes:
        self.asked.append(asked)
        path = asked.target.partition("?")[0]
        if path == "/p.jpg":
            return reply(self.picture, Content_Type="image/jpeg")
        if asked.method != "GET":
            return self._said(self.post if asked.method == "POST" else self.delete, self.status)
        if path == f"/v21.0/{self.alias}":
            return self._said(self.page or {"id": PAGE, "name": "Ada", "category": "Artist"})
        if path.endswith("/photos"):
            paging = {"cursors": {"after": f"a{len(self.asked)}"}, "next": "https://graph.facebook.com/x"}
            return self._said({"data": self.photos, **({"paging": paging} if self.endless else {})})
        found = [node for node in self.photos if path.endswith(f"/{node['id']}")]
        gone = {"error": {"code": 100, "error_subcode": 33, "message": "Unsupported get request: does not exist"}}
        return self._said(found[0] if found else gone, 200 if found else 400)

    @staticmethod
    def _said(value: Any, status: int = 200) -> bytes:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return reply(body, status, Date="Wed, 01 May 2024 12:00:00 GMT", Content_Type="text/javascript")

    def node(self, **changes: Any) -> Node:
        """A photo as the one that was sent would be listed."""
        node = {
            "id": "9", "name": "Sea", "from": {"id": PAGE, "name": "Ada"}, "created_time": "2024-05-01T12:00:05+0000",
            "backdated_time": "2014-07-05T10:00:00+0000", "width": 64, "height": 48,
            "images": [{"source": f"{self.url}/p.jpg", "width": 64, "height": 48}],
        }  # fmt: skip
        return {name: value for name, value in (node | changes).items() if value is not None}


@asynccontextmanager
async def published(page: Page) -> AsyncIterator[GraphDestination]:
    async with loopback(page) as server:
        page.url = server.url
        http = Http(HostRules.of(server.url))
        try:
            target = GraphTarget("page", page.alias, TOKEN, alike, server.url, animated=animated)
            yield GraphDestination(target, http)
        finally:
            await http.close()


def error(code: Any, subcode: int | None = None, message: str = "x", **more: Any) -> Node:
    return {"error": {"code": code, "error_subcode": subcode, "message": message, **more}}


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (error(190), LoginNeeded, "new one"), (error("190"), LoginNeeded, "new one"),
        (error(190, 459), LoginNeeded, "facebook.com"), (error(190, 464), LoginNeeded, "facebook.com"),
        (error(459), LoginNeeded, "facebook.com"), (error(102, 463), LoginNeeded, "new one"),
        (error(412), LoginNeeded, "new one"), (error(10), LoginNeeded, "pages_manage_posts"),
        (error(200), LoginNeeded, "pages_manage_posts"), (error(210), LoginNeeded, "pages_manage_posts"),
        (error(220), ConfigError, "--album"), (error(120), ConfigError, "--album"), (error(104), ConfigError, "secret"),
        (error(101), ConfigError, "app"), (error(321), Incomplete, "full"), (error(368), Incomplete, "blocks"),
        (error(80001), BudgetSpent, "too many"), (error(4, is_transient=True), BudgetSpent, "too many"),
        (error(9), BudgetSpent, "too many"), (error(324), UploadRefused, "--url"),
        (error(100), UploadRefused, "--param"), (error(506), UploadRefused, "just published"),
        (error(2500), UploadRefused, "address"), (error(99999), UploadRefused, "99999"),
        (error(2500, message="An active access token must be used to query"), LoginNeeded, "new one"),
        (error(1), AnswerLost, "code 1"), (error(2), AnswerLost, "code 2"),
        (error(190, is_transient=True), AnswerLost, "code 190"), (error(None), UploadRefused, "code 0"),
        ({"error_code": 190, "error_msg": "old"}, LoginNeeded, "old"),
        ({"error_code": "324", "error_description": "older"}, UploadRefused, "older"),
        ({"error": {"message": "(#321) Album is full", "type": "OAuthException"}}, Incomplete, "full"),
        ({"error": "access_denied", "error_description": "no\nway"}, UploadRefused, "no way"),
        (b"<html>Sorry, something went wrong</html>", AnswerLost, "without JSON"), (b"", AnswerLost, "without JSON"),
        (b"[]", AnswerLost, ""), (b"false", AnswerLost, ""), (b"true", AnswerLost, "no id"),
        (b'{"id":', AnswerLost, "without JSON"), (b"{}", AnswerLost, "no id"), (b'{"id":true}', AnswerLost, "no id"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 400, 500])
async def test_errors_are_told_apart_by_the_body_alone(answer: Any, kind: type, words: str, status: int) -> None:
    page = Page(post=answer if isinstance(answer, bytes) else json.dumps(answer).encode(), status=status)
    async with published(page) as destination:
        with pytest.raises(kind) as caught:
            await destination.upload(PHOTO)
    told = str(caught.value)
    assert (type(caught.value) is AnswerLost) == (kind is AnswerLost)
    assert "\n" not in told
    assert words in told or status >= 400
    assert [asked.method for asked in page.asked] == ["POST"]


@pytest.mark.parametrize("status", [301, 302, 307, 308, 404, 502])
async def test_an_answer_without_success_is_none_whatever_it_holds(status: int) -> None:
    async with published(Page(status=status)) as destination:
        with pytest.raises(AnswerLost):
            await destination.upload(PHOTO)


async def test_an_id_may_come_as_a_number() -> None:
    async with published(Page(post=b'{"id":10150000000000000123}')) as destination:
        assert (await destination.upload(PHOTO)).remote_id == "10150000000000000123"


async def find(page: Page, *changes: Node, photo: Outgoing = PHOTO, admit: bool = False) -> str | None:
    async with published(page) as destination:
        if admit:
            await destination.admit()
        page.photos = [page.node(**one) for one in changes]
        destination._ahead = timedelta(0)
        found = await destination.find(photo, SENT, {"5"})
        return found.remote_id if found else None


@pytest.mark.parametrize(
    "change",
    [{}, {"name": " Sea\r\n"}, {"from": None}, {"backdated_time": None}, {"width": 48, "height": 64}, {"width": None},
     {"backdated_time": "2014-07-05T00:00:00+0000"}, {"created_time": "2024-05-01T11:59:59+0000"}, {"id": 9}],
)  # fmt: skip
async def test_ours_is_found_as_services_show_it(change: Node) -> None:
    assert await find(Page(), change) == "9"


@pytest.mark.parametrize(
    "change",
    [{"name": "Other"}, {"from": {"id": "8"}}, {"backdated_time": "2015-07-05T10:00:00+0000"}, {"id": "5"}, {"id": "1"},
     {"width": 64, "height": 20}, {"created_time": "2024-05-01T11:40:00+0000"}],
)  # fmt: skip
async def test_what_differs_in_anything_is_not_ours(change: Node) -> None:
    assert await find(Page(), change) is None


async def test_another_picture_is_not_ours() -> None:
    assert await find(Page(picture=jpeg(60)), {}) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([{"created_time": "2024-05-01T11:55:00+0000"}], "older"), ([{"created_time": None}], "older"),
        ([{"created_time": "2014-07-05T10:00:00+0000"}], "older"), ([{}, {"id": "10"}], "2 photos"),
        ([{"images": None}], "no picture"), ([{"images": []}], "no picture"),
        ([{"backdated_time": None}, {"id": "5", "name": "mine"}], "no date"),
    ],
)  # fmt: skip
async def test_what_may_be_ours_is_neither_taken_nor_sent_again(changes: list[Node], words: str) -> None:
    with pytest.raises(AnswerLost, match=words):
        await find(Page(), *changes)


async def test_a_list_that_is_not_read_to_its_end_denies_nothing() -> None:
    old = {"id": "3", "name": "old", "created_time": "2020-01-01T00:00:00+0000"}
    page = Page(endless=True)
    with pytest.raises(AnswerLost, match="more photos than can be searched"):
        await find(page, old, {**old, "id": "4", "created_time": "2021-01-01T00:00:00+0000"})
    assert len(page.asked) <= 60


async def test_a_list_from_new_to_old_is_read_no_further_than_needed() -> None:
    page = Page(endless=True)
    assert await find(page, {}, {"id": "4", "name": "old", "created_time": "2020-01-01T00:00:00+0000"}) == "9"
    assert sum("/photos" in asked.target for asked in page.asked) == 1


async def test_what_is_not_published_need_not_be_listed() -> None:
    with pytest.raises(AnswerLost, match="not published"):
        await find(Page(), photo=replace(PHOTO, params=(("published", "false"),)))


async def test_a_page_known_by_its_name_is_recognised_by_its_id() -> None:
    assert await find(Page(alias="adas.photos"), {}, admit=True) == "9"


@pytest.mark.parametrize(
    ("delete", "status", "left"),
    [(b'{"success":true}', 200, False), (b"true", 200, False), (json.dumps(error(100, 33)).encode(), 400, False),
     (json.dumps(error(803)).encode(), 404, False)],
)  # fmt: skip
async def test_what_is_gone_is_taken_back(delete: bytes, status: int, left: bool) -> None:
    async with published(Page(delete=delete, status=status)) as destination:
        await destination.undo("9")


async def test_what_can_no_longer_be_removed_is_not_called_gone() -> None:
    page = Page(delete=json.dumps(error(100, 33, "it does not exist, or permissions are missing")).encode(), status=400)
    page.photos = [page.node()]
    async with published(page) as destination:
        with pytest.raises(UploadRefused, match="permissions"):
            await destination.undo("9")
    page.photos, page.page = [], error(100, 33)
    async with published(page) as destination:
        with pytest.raises(ConfigError):
            await destination.undo("9")


@pytest.mark.parametrize("delete", [b"false", b"{}", b'{"success":false}', b"<html>"])
async def test_a_removal_that_is_not_confirmed_is_none(delete: bytes) -> None:
    async with published(Page(delete=delete)) as destination:
        with pytest.raises((UploadRefused, SourceUnavailable)):
            await destination.undo("9")


async def test_the_token_goes_to_no_picture_and_into_no_address() -> None:
    page = Page()
    await find(page, {})
    for asked in page.asked:
        assert TOKEN not in asked.target
        assert (asked.headers.get("authorization") is None) == asked.target.startswith("/p.jpg")
