"""Pictures and videos: the bytes as stored, ranges, caching, and nothing that a browser would run."""

from __future__ import annotations

import io
import random
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import httpx
import pytest
from PIL import Image

from fbbackup.catalog import open_catalog
from fbbackup.web.posters import poster
from tests.web.served import Filled, Inside, inside


def video(filled: Filled) -> tuple[str, bytes]:
    id_, key = filled.rows(
        "SELECT p.id, f.key FROM photos p JOIN files f ON f.sha256 = p.sha256 WHERE p.kind = 'video' LIMIT 1"
    )[0]
    return id_, (filled.archive / key).read_bytes()


async def test_originals_come_byte_for_byte(filled: Filled, gallery: Inside) -> None:
    stored = filled.rows("SELECT p.id, f.sha256, f.content_type FROM photos p JOIN files f ON f.sha256 = p.sha256")
    assert {kind for _, _, kind in stored} >= {"image/jpeg", "video/mp4"}
    for id_, digest, kind in stored:
        answer = await gallery.client.get(f"/files/{id_}")
        assert sha256(answer.content).hexdigest() == digest
        assert answer.headers["content-type"] == kind
        assert answer.headers["content-security-policy"].endswith("sandbox")


async def test_the_current_version_may_be_kept_forever_and_others_not(filled: Filled, gallery: Inside) -> None:
    id_, digest = filled.rows("SELECT id, sha256 FROM photos WHERE sha256 IS NOT NULL LIMIT 1")[0]
    for place in ("files", "thumbnails"):
        forever = await gallery.client.get(f"/{place}/{id_}?v={digest[:12]}")
        assert "immutable" in forever.headers["cache-control"]
        assert "private" in forever.headers["cache-control"]
        for version in ("", "?v=", "?v=000000000000", "?v=a"):
            answer = await gallery.client.get(f"/{place}/{id_}{version}")
            assert answer.headers["cache-control"] == "private, no-cache"
        again = await gallery.client.get(f"/{place}/{id_}", headers={"if-none-match": forever.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == forever.headers["etag"]


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=5-9", 5, 9),
        ("bytes=10-", 10, None),
        ("bytes=-7", -7, None),
        ("bytes=3-9999999", 3, None),
    ],
)
async def test_parts_of_a_video(filled: Filled, gallery: Inside, asked: str, first: int, last: int | None) -> None:
    id_, body = video(filled)
    answer = await gallery.client.get(f"/files/{id_}", headers={"range": asked})
    wanted = body[first : last + 1] if last is not None else body[first:]
    assert (answer.status_code, answer.content) == (206, wanted)
    begin = first % len(body)
    assert answer.headers["content-range"] == f"bytes {begin}-{begin + len(wanted) - 1}/{len(body)}"


async def test_any_part_is_right(filled: Filled, gallery: Inside) -> None:
    id_, body = video(filled)
    for _ in range(50):
        first = random.randrange(len(body))
        last = random.randrange(first, len(body) + 5)
        answer = await gallery.client.get(f"/files/{id_}", headers={"range": f"bytes={first}-{last}"})
        assert answer.content == body[first : last + 1]


async def test_parts_that_are_not_there_or_no_parts(filled: Filled, gallery: Inside) -> None:
    id_, body = video(filled)
    for asked in (f"bytes={len(body)}-", "bytes=99999999-", "bytes=9-5"):
        answer = await gallery.client.get(f"/files/{id_}", headers={"range": asked})
        assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(body)}")
    for asked in ("bytes=0-1,3-4", "chars=0-1", "bytes=a-b", "bytes=-", "", "bytes=0-1\tx"):
        answer = await gallery.client.get(f"/files/{id_}", headers={"range": asked})
        assert (answer.status_code, answer.content) == (200, body)
    stale = await gallery.client.get(f"/files/{id_}", headers={"range": "bytes=0-1", "if-range": '"other"'})
    assert (stale.status_code, stale.content) == (200, body)
    head = await gallery.client.head(f"/files/{id_}")
    assert (head.headers["content-length"], head.content) == (str(len(body)), b"")


async def test_downloads_have_the_name_of_the_archive(filled: Filled, gallery: Inside) -> None:
    id_, key = filled.rows("SELECT p.id, f.key FROM photos p JOIN files f ON f.sha256 = p.sha256 LIMIT 1")[0]
    answer = await gallery.client.get(f"/files/{id_}?download")
    assert answer.headers["content-disposition"] == f'attachment; filename="{key.rsplit("/", 1)[1]}"'


async def test_thumbnails_carry_no_metadata(filled: Filled, gallery: Inside) -> None:
    for (id_,) in filled.rows("SELECT id FROM photos WHERE sha256 IS NOT NULL AND kind = 'photo' LIMIT 20"):
        answer = await gallery.client.get(f"/thumbnails/{id_}")
        assert answer.headers["content-type"] == "image/webp"
        with Image.open(io.BytesIO(answer.content)) as image:
            assert not set(image.info) - {"loop", "background", "timestamp", "duration"}
            assert not image.getexif()
            assert max(image.size) <= 320


POLYGLOTS = {
    "picture.svg": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "image/svg+xml"),
    "page.jpg": (b"<!doctype html><script>alert(1)</script>", "text/html"),
    "script.jpg": (b"alert(1)", "text/javascript"),
    "unknown.bin": (b"\x00\x01", "application/octet-stream"),
    "shock.swf": (b"CWS", "application/x-shockwave-flash"),
    "document.xml": (b"<?xml version='1.0'?><x/>", "application/xml"),
}


@pytest.mark.parametrize("name", POLYGLOTS)
async def test_what_a_browser_could_run_is_only_a_download(tmp_path: Path, name: str) -> None:
    body, kind = POLYGLOTS[name]
    async with own(tmp_path, "1", f"photos/{name}", body, kind) as found:
        answer = await found.client.get("/files/1")
        assert answer.content == body
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["content-security-policy"]
        assert (await found.client.get("/thumbnails/1")).status_code == 404


async def test_html_inside_of_a_picture_stays_a_picture(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG", comment=b"<script>alert(1)</script>")
    async with own(tmp_path, "1", "photos/a.jpg", out.getvalue(), "image/jpeg") as found:
        answer = await found.client.get("/files/1")
        assert (answer.headers["content-type"], answer.headers["x-content-type-options"]) == ("image/jpeg", "nosniff")
        small = await found.client.get("/thumbnails/1")
        assert b"script" not in small.content


def own(folder: Path, id_: str, key: str, body: bytes, kind: str):  # type: ignore[no-untyped-def]
    """A server over an archive with one file of any kind."""
    file = folder / "archive" / key
    file.parent.mkdir(parents=True)
    file.write_bytes(body)
    with open_catalog(folder / "archive" / "catalog.sqlite") as catalog:
        digest = sha256(body).hexdigest()

        def fill(db: object) -> None:
            db.execute("INSERT INTO accounts (name, source, added_at) VALUES ('ada', 'graph', '')")  # type: ignore[attr-defined]
            db.execute(  # type: ignore[attr-defined]
                "INSERT INTO files (sha256, key, bytes, content_type, stored_at) VALUES (?, ?, ?, ?, '')",
                (digest, key, len(body), kind),
            )
            db.execute(  # type: ignore[attr-defined]
                "INSERT INTO photos (id, account_id, kind, first_seen_at, last_seen_at, state, sha256, key_stem) "
                "VALUES (?, 1, 'photo', '', '', 'stored', ?, '')",
                (id_, digest),
            )

        catalog.write_now(fill)
    return inside(folder / "archive", folder / "state")


def traversals() -> list[str]:
    """Ways to write a path that leads out, in all the spellings that servers have fallen for."""
    dots = (
        "..",
        "%2e%2e",
        "%252e%252e",
        "..%00",
        "..%c0%af",
        "%c0%ae%c0%ae",
        ".%2e",
        "..;",
        "....",
        "%u002e%u002e",
        "．．",
    )
    slashes = ("/", "%2f", "%5c", "\\", "%252f", "%c0%af", "//", "/./")
    targets = ("canary", "etc/passwd", "catalog.sqlite")
    found = [f"{slash.join([dot] * depth)}{slash}{target}" for dot in dots for slash in slashes
             for depth in (1, 4) for target in targets]  # fmt: skip
    return [
        *found,
        "/canary",
        "%2fcanary",
        "canary%00.jpg",
        "a" * 5000,
        "photos/../canary",
        "C:\\canary",
        "\\\\host\\share",
    ]


async def test_no_spelling_of_a_path_leads_out(filled: Filled, gallery: Inside) -> None:
    canary = b"canary 4f2a"
    for folder in (filled.archive, filled.folder):
        (folder / "canary").write_bytes(canary)
    checked = 0
    for payload in traversals():
        for place in (
            "/files/",
            "/thumbnails/",
            "/static/x/",
            "/static/",
            "/photos/",
            "/albums/",
            "/people/",
            "/places/",
        ):
            for path in {place + payload, place + quote(payload, safe="")}:
                try:
                    answer = await gallery.client.get(path)
                except (httpx.InvalidURL, httpx.UnsupportedProtocol):
                    continue  # no client sends these
                checked += 1
                assert canary not in answer.content
                assert b"SQLite format" not in answer.content
                assert answer.status_code < 500, path
    assert checked > 3000


async def test_a_link_planted_in_the_archive_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"canary")
    async with own(tmp_path, "1", "photos/a.jpg", b"x", "image/jpeg") as found:
        file = tmp_path / "archive" / "photos" / "a.jpg"
        file.unlink()
        file.symlink_to(tmp_path / "secret")
        assert (await found.client.get("/files/1")).status_code == 404


async def test_programs_see_files_of_their_account_only(filled: Filled, gallery: Inside) -> None:
    id_ = filled.rows("SELECT id FROM photos WHERE sha256 IS NOT NULL LIMIT 1")[0][0]
    async with gallery.stranger() as program:
        for account, status in (("ada", 200), ("grace", 403)):
            _, token = gallery.site.sessions.new(account, "read", None)
            for place in ("files", "thumbnails"):
                answer = await program.get(f"/{place}/{id_}", headers={"x-session-id": token})
                assert answer.status_code == status
        assert (await program.get(f"/files/{id_}", headers={"x-session-id": "wrong"})).status_code == 401
        _, token = gallery.site.sessions.new("ada", "read", None)
        assert (await program.get("/", headers={"x-session-id": token})).status_code == 303


async def test_videos_have_a_drawn_poster_in_their_shape(filled: Filled, gallery: Inside) -> None:
    id_, width, height, digest = filled.rows(
        "SELECT p.id, coalesce(f.width, p.width), coalesce(f.height, p.height), f.sha256 FROM photos p "
        "JOIN files f ON f.sha256 = p.sha256 WHERE p.kind = 'video' AND p.width IS NOT NULL LIMIT 1"
    )[0]
    answer = await gallery.client.get(f"/thumbnails/{id_}?v={digest[:12]}")
    drawn = ElementTree.fromstring(answer.content)
    assert abs(int(drawn.get("width", 0)) / int(drawn.get("height", 1)) - width / height) < 0.02
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["cache-control"] == "private, no-cache"
    again = await gallery.client.get(f"/thumbnails/{id_}", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_posters_of_strange_shapes_stay_small() -> None:
    for width, height in ((None, None), (0, 0), (1, 10_000), (10_000, 1), (1080, 1920)):
        drawn = ElementTree.fromstring(poster(width, height))
        assert 100 < int(drawn.get("height", 0)) <= 800
