"""The pages as people read them without scripts, and the lists behind them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from markupsafe import escape

from fbbackup.catalog import gallery as questions
from fbbackup.catalog import open_catalog, open_reader, scopes
from fbbackup.web import lists
from tests.web.served import URL, Filled, Inside, inside
from tests.web.test_doors import AtWork, token_of

TILE = re.compile(r'<li class="tile [^>]*data-id="([^"]+)"')
NEXT = re.compile(r'rel="next" href="([^"]+)"')


def shown(filled: Filled) -> list[str]:
    """Every photo with a file, newest first, undated ones last."""
    return [
        row[0]
        for row in filled.rows(
            "SELECT id FROM photos WHERE sha256 IS NOT NULL ORDER BY file_date IS NULL, file_date DESC, id DESC"
        )
    ]


async def test_following_older_photos_shows_every_photo_once(filled: Filled, gallery: Inside) -> None:
    found, path = [], "/"
    while path:
        page = await gallery.page(path)
        found += TILE.findall(page)
        older = [link for link in NEXT.findall(page) if "after=" in link]
        path = older[0].replace("&amp;", "&") if older else ""
    assert found == shown(filled)


async def test_every_page_that_a_page_links_to_is_there(gallery: Inside) -> None:
    seen, assets, waiting = set(), set(), ["/", "/search", "/status", "/search?q=has:people"]
    photos = 0
    while waiting:
        path = waiting.pop(0)
        seen.add(path)
        page = await gallery.page(path)
        assert page.count("<h1") == 1 or "/photos/" in path, path
        assert ' style="' not in page
        assert "<script>" not in page
        for link in re.findall(r'(?:href|src)="(/[^"#]*)', page):
            link = link.replace("&amp;", "&")
            if link.startswith(("/static/", "/thumbnails/", "/files/")):
                assets.add(link)
            elif link not in seen and link not in waiting and link != "/random":
                photos += "/photos/" in link
                if "/photos/" not in link or photos < 15:
                    waiting.append(link)
        if len(seen) > 200:
            break
    for link in sorted(assets)[:300]:
        assert (await gallery.client.get(link)).status_code == 200, link
    assert {"/albums", "/people", "/map", "/on-this-day"} <= seen
    assert any(path.startswith("/places/") for path in seen)
    assert any(path.startswith("/people/") for path in seen)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT photo_id, message FROM comments",
        "SELECT photo_id, name FROM photo_people WHERE x IS NOT NULL",
        "SELECT p.id, l.name FROM photos p JOIN places l ON l.id = p.place_id",
        "SELECT id, caption FROM photos WHERE caption <> ''",
        "SELECT m.photo_id, a.title FROM album_photos m JOIN albums a ON a.id = m.album_id",
        "SELECT id, alt_text FROM photos WHERE alt_text IS NOT NULL",
        "SELECT photo_id, count FROM reactions",
    ],
)
async def test_a_photo_shows_all_that_is_known_of_it(filled: Filled, gallery: Inside, sql: str) -> None:
    id_, words = filled.rows(f"{sql} LIMIT 1")[0]
    page = await gallery.page(f"/photos/{id_}")
    assert str(escape(words)) in page
    assert f"/files/{id_}?" in page


@pytest.mark.parametrize("name", ["", "album", "person", "place", "search:has:caption", "search:is:photo the"])
async def test_neighbours_walk_through_the_whole_list_and_back(filled: Filled, name: str) -> None:
    db = open_reader(filled.archive / "catalog.sqlite")
    try:
        wanted = {
            "album": "SELECT album_id FROM album_photos GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
            "person": "SELECT person_id FROM photo_people WHERE person_id IS NOT NULL GROUP BY 1 LIMIT 1",
            "place": "SELECT place_id FROM photos WHERE place_id IS NOT NULL AND sha256 IS NOT NULL LIMIT 1",
        }
        if name in wanted:
            name = f"{name}:{db.execute(wanted[name]).fetchone()[0]}"
        whole, key = [], None
        while True:
            rows, key = lists.page(db, name, key, 7)
            whole += [row["id"] for row in rows]
            if key is None:
                break
            key = lists.key_from(lists.key_text(key) or "", name)
        assert len(whole) == len(set(whole))
        scope = lists.scope_of(db, name)
        walked = [whole[0]] if whole else []
        while walked and (after := scopes.neighbours(db, scope, walked[-1])[1]):
            walked.append(after["id"])
        assert walked == whole
        for before, after in zip(whole, whole[1:], strict=False):
            assert scopes.neighbours(db, scope, after)[0]["id"] == before
    finally:
        db.close()


async def test_undated_photos_come_last_and_lead_back(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.sqlite") as catalog:
        catalog.write_now(_three_dated_and_two_not)
        found = catalog.read_now(lists.page, "", None, 10)[0]
        assert [row["id"] for row in found] == ["3", "2", "1", "9", "8"]
        for limit in (1, 2, 3):
            walked, key = [], None
            while True:
                rows, key = catalog.read_now(lists.page, "", key, limit)
                walked += [row["id"] for row in rows]
                if key is None:
                    break
            assert walked == ["3", "2", "1", "9", "8"]
        assert catalog.read_now(scopes.neighbours, scopes.TIMELINE, "9")[0]["id"] == "1"
        assert [row["id"] for row in catalog.read_now(lists.earlier, "", ("", "8"), 3)] == ["2", "1", "9"]
        assert catalog.read_now(questions.months) == [("2014-08", 1), ("2014-07", 2), ("", 2)]


def _three_dated_and_two_not(db: object) -> None:
    dates = {
        "1": "2014-07-05T10:00:00Z",
        "2": "2014-07-06T10:00:00Z",
        "3": "2014-08-01T00:00:00Z",
        "8": None,
        "9": None,
    }
    db.execute("INSERT INTO accounts (name, source, added_at) VALUES ('ada', 'graph', '')")  # type: ignore[attr-defined]
    for id_, date in dates.items():
        db.execute(  # type: ignore[attr-defined]
            "INSERT INTO files (sha256, key, bytes, content_type, stored_at) VALUES (?, ?, 1, 'image/jpeg', '')",
            (id_ * 64, id_),
        )
        db.execute(  # type: ignore[attr-defined]
            "INSERT INTO photos (id, account_id, kind, file_date, first_seen_at, last_seen_at, state, key_stem)"
            " VALUES (?, 1, 'photo', ?, '', '', 'stored', '')",
            (id_, date),
        )
        db.execute("UPDATE photos SET sha256 = ? WHERE id = ?", (id_ * 64, id_))  # type: ignore[attr-defined]


async def test_the_first_page_is_that_of_the_catalog_as_it_is(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.sqlite") as catalog:
        catalog.write_now(_three_dated_and_two_not)
        async with inside(tmp_path, tmp_path / "state") as found:
            page = await found.page("/")
            assert TILE.findall(page) == ["3", "2", "1", "9", "8"]
            assert await found.page("/") == page
            catalog.write_now(lambda db: db.execute("UPDATE photos SET caption = 'new words' WHERE id = '2'"))
            assert 'alt="new words"' in await found.page("/")
            catalog.write_now(lambda db: db.execute("UPDATE photos SET sha256 = NULL WHERE id = '2'"))
            assert TILE.findall(await found.page("/")) == ["3", "1", "9", "8"]
            assert TILE.findall(await found.page("/?at=2014-07")) == ["1", "9", "8"]


async def test_jumping_begins_with_the_month_that_was_asked_for(filled: Filled, gallery: Inside) -> None:
    db = open_reader(filled.archive / "catalog.sqlite")
    month = questions.months(db)[3][0]
    db.close()
    first = TILE.findall(await gallery.page(f"/?at={month}"))[0]
    wanted = [id_ for id_ in shown(filled) if id_ in dict(filled.rows(
        "SELECT id, 1 FROM photos WHERE substr(file_date, 1, 7) = ?", month))]  # fmt: skip
    assert first == wanted[0]


async def test_on_this_day_shows_the_day_of_every_year(filled: Filled, gallery: Inside) -> None:
    day, id_ = filled.rows(
        "SELECT substr(file_date, 6, 5), id FROM photos WHERE sha256 IS NOT NULL AND file_date_precision = 'second'"
    )[0]
    assert id_ in TILE.findall(await gallery.page(f"/on-this-day?day={day}"))
    empty = await gallery.client.get("/on-this-day?day=02-30")
    assert empty.status_code == 404


async def test_before_the_first_run_the_pages_say_what_to_do(tmp_path: Path) -> None:
    async with inside(tmp_path / "nowhere", tmp_path / "state") as found:
        for path in ("/", "/albums", "/people", "/map", "/status", "/search?q=lake", "/photos/1"):
            page = await found.page(path)
            assert "fbbackup sync" in page
        assert (await found.client.get("/api/v1/months")).status_code == 503
        assert (await found.client.get("/healthz")).status_code == 200
    async with inside(tmp_path / "nowhere", tmp_path / "state", daemon=AtWork()) as found:
        page = await found.page("/")
        assert "The first backup is on its way" in page
        asked = await found.client.post("/backup", headers={"origin": URL}, data={"token": token_of(page)})
        assert asked.headers["location"] == "/status?asked=yes#backup"
        assert "is on its way" in await found.page("/status?asked=yes")


async def test_an_archive_without_photos_has_helpful_rooms(tmp_path: Path) -> None:
    open_catalog(tmp_path / "catalog.sqlite").close()
    async with inside(tmp_path, tmp_path / "state", daemon=AtWork()) as found:
        assert "Back up now" in await found.page("/")
    async with inside(tmp_path, tmp_path / "state") as found:
        assert "No photos yet" in await found.page("/")
        assert "fbbackup sync" in await found.page("/")
        assert "No photos of this day" in await found.page("/on-this-day")
        assert "Nothing is stored yet" in await found.page("/status")
        assert "fbbackup" in await found.page("/search")
        assert (await found.client.get("/random")).headers["location"] == "/"
        assert "No albums yet" in await found.page("/albums")
        assert "Nobody is marked" in await found.page("/people")
        assert "No places yet" in await found.page("/map")


async def test_unknown_addresses_are_told_in_words(gallery: Inside) -> None:
    for path in ("/nope", "/photos/1", "/albums/999999", "/people/x", "/places/x", "/?after=~", "/albums/1?after=x~y"):
        answer = await gallery.client.get(path)
        assert answer.status_code in (200, 404), path
        assert "<h1" in answer.text or "<h2" in answer.text
    assert (await gallery.client.get("/api/v1/photos?in=album:0")).status_code == 400
    assert (await gallery.client.get("/api/v1/photos?limit=0")).status_code == 400
    assert (await gallery.client.get("/api/v1/photos?limit=9999")).status_code == 400


async def test_json_pages_hold_what_the_pages_show(filled: Filled, gallery: Inside) -> None:
    found, after = [], ""
    while True:
        answer = (await gallery.client.get("/api/v1/photos", params={"after": after, "limit": "9"})).json()
        found += [item["id"] for item in answer["items"]]
        after = answer["next"] or ""
        if not after:
            break
    assert found == shown(filled)
    tenth = filled.rows("SELECT file_date FROM photos WHERE id = ?", found[10])[0][0]
    before = (await gallery.client.get("/api/v1/photos-before", params={"before": f"{tenth}~{found[10]}"})).json()
    assert [item["id"] for item in before["items"]] == found[:10]
    assert before["previous"] is None
    described = (await gallery.client.get("/api/v1/openapi.json")).json()
    for path in described["paths"]:
        real = path.replace("{id}", found[0])
        answer = await gallery.client.get(real, params={"before": f"{tenth}~{found[10]}", "q": "a"})
        assert answer.status_code == 200, path


async def test_suggestions_name_people_albums_and_places(filled: Filled, gallery: Inside) -> None:
    name = filled.rows("SELECT name FROM people WHERE name LIKE '% %' LIMIT 1")[0][0]
    told = (await gallery.client.get("/api/v1/suggest", params={"q": f"lake {name[:3]}"})).json()["suggestions"]
    assert {"kind": "person", "name": name, "filter": f'person:"{name}"'} in told


async def test_a_number_that_no_list_knows_is_no_server_error(gallery: Inside) -> None:
    for path in ("/albums/99999999999999999999", "/albums/-1", "/albums/%00", "/photos/%00", "/people/%ff"):
        assert (await gallery.client.get(path)).status_code == 404, path
