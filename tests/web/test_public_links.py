"""Signed addresses of single pictures: good for one photo and one hour, and for nothing else."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from fbbackup.catalog import open_catalog, uploads
from fbbackup.job import utc_now
from fbbackup.links import KEY_FILE, LASTS_SECONDS, Links
from fbbackup.models import Published
from fbbackup.web.routes import RULES, Policy
from tests.web.served import Filled, Inside, inside

BASE = "https://photos.example.org"


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def links(tmp_path: Path) -> Links:
    return Links(tmp_path, Clock())


@pytest.fixture
async def gallery(filled: Filled, links: Links) -> AsyncIterator[Inside]:
    async with inside(filled.archive, links.state_folder, links=links) as found:
        yield found


def stored(filled: Filled, kind: str = "image/jpeg") -> list[tuple[str, str]]:
    rows = filled.rows(
        "SELECT p.id, f.key FROM photos p JOIN files f ON f.sha256 = p.sha256 WHERE f.content_type = ? ORDER BY p.id",
        kind,
    )
    return [(id_, key) for id_, key in rows]


def path_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


async def test_whoever_has_the_address_sees_the_picture_and_nothing_else(
    filled: Filled, gallery: Inside, links: Links
) -> None:
    photo, key = stored(filled)[0]
    async with gallery.stranger() as stranger:
        answer = await stranger.get(path_of(links.address(BASE, photo)))
        assert answer.content == (filled.archive / key).read_bytes()
        assert answer.headers["content-type"] == "image/jpeg"
        assert "set-cookie" not in answer.headers
        query = urlsplit(links.address(BASE, photo)).query
        for path in (f"/files/{photo}?{query}", f"/thumbnails/{photo}?{query}", f"/api/v1/photos/{photo}?{query}"):
            assert (await stranger.get(path)).status_code == 401


async def test_other_photos_other_times_and_other_signatures_are_refused(
    filled: Filled, gallery: Inside, links: Links
) -> None:
    (photo, _), (other, _) = stored(filled)[:2]
    good = path_of(links.address(BASE, photo))
    until, sign = re.findall(r"(?:until|sign)=([^&]+)", good)
    swapped = ("1" if sign[0] == "0" else "0") + sign[1:]
    bad = [
        f"/public/{other}?until={until}&sign={sign}",
        f"/public/{photo}?until={int(until) + 1}&sign={sign}",
        f"/public/{photo}?until=0{until}&sign={sign}",
        f"/public/{photo}?until={until}&sign={swapped}",
        f"/public/{photo}?until={until}&sign={sign[:-1]}",
        f"/public/{photo}?until={until}&sign=%C3%A9",
        f"/public/{photo}?until=&sign={sign}",
        f"/public/{photo}?sign={sign}",
        f"/public/{photo}",
        f"/public/nothing?until={until}&sign={sign}",
    ]
    async with gallery.stranger() as stranger:
        for path in bad:
            answer = await stranger.get(path)
            assert (answer.status_code, list(answer.json())) == (403, ["error"]), path
        assert (await stranger.get(good)).status_code == 200
        assert (await stranger.head(good)).status_code == 200
        assert (await stranger.post(good)).status_code == 405
    assert (await gallery.client.get(bad[0])).status_code == 403, "a session is no signature"


async def test_an_address_ends_after_an_hour_and_with_its_key(filled: Filled, gallery: Inside, links: Links) -> None:
    clock = links.clock
    assert isinstance(clock, Clock)
    path = path_of(links.address(BASE, stored(filled)[0][0]))
    async with gallery.stranger() as stranger:
        clock.now += LASTS_SECONDS - 1
        assert (await stranger.get(path)).status_code == 200
        clock.now += 1
        assert (await stranger.get(path)).status_code == 403
        clock.now -= 2 * LASTS_SECONDS
        assert (await stranger.get(path)).status_code == 403, "no address is good for longer than an hour"
        clock.now += LASTS_SECONDS + 10
        assert (await stranger.get(path)).status_code == 200
        (links.state_folder / KEY_FILE).unlink()
        assert (await stranger.get(path)).status_code == 403


async def test_a_photo_that_is_not_stored_has_no_picture(gallery: Inside, links: Links) -> None:
    async with gallery.stranger() as stranger:
        assert (await stranger.get(path_of(links.address(BASE, "404")))).status_code == 404


async def test_without_a_public_address_no_signature_counts(filled: Filled, links: Links) -> None:
    path = path_of(links.address(BASE, stored(filled)[0][0]))
    async with inside(filled.archive, links.state_folder) as closed, closed.stranger() as stranger:
        assert (await stranger.get(path)).status_code == 403


def test_one_route_takes_signatures() -> None:
    assert [rule.path for rule in RULES if rule.policy is Policy.SIGNED] == ["/public/{id}"]


async def test_a_photos_page_tells_where_it_was_published(filled: Filled, tmp_path: Path) -> None:
    import shutil

    archive = tmp_path / "archive"
    shutil.copytree(filled.archive, archive)
    photo = stored(filled)[0][0]
    with open_catalog(archive / "catalog.sqlite") as catalog:
        for number, (name, link) in enumerate([("page", "https://www.facebook.com/7"), ("odd", "javascript:alert(1)")]):
            await catalog.write(_publish, name, photo, Published(f"remote-{number}", None, link))
    async with inside(archive, tmp_path / "state") as found:
        page = await found.page(f"/photos/{photo}")
        assert 'href="https://www.facebook.com/7"' in page
        assert "Published" in page
        assert f"{utc_now().day} {utc_now():%B %Y}" in page
        assert "javascript:" not in page
        assert "remote-1" in page
        other = await found.page(f"/photos/{stored(filled)[1][0]}")
        assert "Published" not in other


def _publish(db: object, name: str, photo: str, published: Published) -> None:
    entry = uploads.begin_upload(db, name, None, photo, utc_now())  # type: ignore[arg-type]
    uploads.record_upload(db, entry, published, utc_now())  # type: ignore[arg-type]


def test_the_server_answers_to_its_public_name(filled: Filled) -> None:
    photo, key = stored(filled)[0]
    address = path_of(Links(filled.state).address(BASE, photo))
    with filled.serving(FBBACKUP_WEB_PUBLIC_URL=BASE) as served:
        answer = httpx.get(served.url + address, headers={"host": "photos.example.org"})
        assert (answer.status_code, answer.content) == (200, (filled.archive / key).read_bytes())
        assert httpx.get(served.url + address, headers={"host": "other.example.org"}).status_code == 421
    with filled.serving() as served:
        assert httpx.get(served.url + address).status_code == 403
