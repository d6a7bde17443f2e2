"""HTML exports of four generations: albums, photos, captions and dates come out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fbbackup.sources.export.dates import moment_in
from fbbackup.sources.export.pages import read_page
from tests.exports.home import Home, expected_bodies, expected_members
from tests.exports.html_layouts import STYLES, HtmlLayout, Style, first_generation
from tests.exports.layouts import FOUR, Layout
from tests.exports.pack import zips
from tests.exports.truth import Truth, drawn, jpeg, stamp


def captions_and_dates(home: Home) -> dict[str, tuple[str | None, str, str, float | None]]:
    rows = home.rows("SELECT id, caption, file_date, file_date_source, latitude FROM photos")
    return {id_: (caption, date[:16], source, latitude) for id_, caption, date, source, latitude in rows}


@pytest.mark.parametrize("style", STYLES, ids=lambda each: each.name)
def test_each_generation_of_html_comes_in(style: Style, tmp_path: Path) -> None:
    truth = authored(drawn(photos=30))
    home = Home(tmp_path)
    done = home.bring_in(zips(HtmlLayout(truth, style).files, tmp_path / "in", parts=3))
    assert (done.exit_code, done.refused, done.record()["unlisted"]) == (0, [], 0)
    assert home.bodies() == expected_bodies(truth)
    assert home.members() == expected_members(truth)
    assert home.rows("SELECT display_name FROM accounts") == [(truth.owner,)]
    for photo in truth.photos:
        at, source = (photo.taken, "taken") if photo.taken else (photo.created, "created")
        latitude = photo.spot[0] if photo.spot else None
        assert captions_and_dates(home)[photo.id] == (photo.caption, stamp(at)[:16], source, latitude)
        said = {(author, text, at[:16]) for author, text, at in home.rows(COMMENTS, photo.id)}
        assert said == {(author, text, stamp(at)[:16]) for at, author, text in photo.comments if author}
    assert home.value("SELECT DISTINCT file_date_precision FROM photos WHERE file_date_source = 'created'") == "day"
    assert home.findings() == []


def test_the_first_generation_comes_in_with_ids_of_its_own(tmp_path: Path) -> None:
    truth = in_albums(drawn(photos=12))
    home = Home(tmp_path)
    done = home.bring_in(zips(first_generation(truth), tmp_path / "in"))
    assert (done.exit_code, done.record()["new"]) == (0, len(truth.photos))
    assert {remote for (remote,) in home.rows("SELECT remote_id FROM albums")} == {album.id for album in truth.albums}
    found = sorted((caption, date) for caption, date, _, _ in captions_and_dates(home).values() if caption)
    assert found == sorted((photo.caption, stamp(photo.created)[:16]) for photo in truth.photos if photo.caption)


@pytest.mark.parametrize("first", ["html", "json"])
def test_the_first_generation_finds_the_photos_of_a_later_export(first: str, tmp_path: Path) -> None:
    truth = in_albums(drawn(photos=12))
    home = Home(tmp_path)
    old = zips(first_generation(truth), tmp_path / "old", day="2017-01-01")
    new = zips(Layout(truth, FOUR).files, tmp_path / "new", day="2024-01-01")
    for parts in (old, new) if first == "html" else (new, old):
        home.bring_in(parts)
    assert home.bodies() == expected_bodies(truth)
    assert home.members() == expected_members(truth)
    assert home.findings() == []


@pytest.mark.parametrize("first", ["html", "json"])
def test_comments_of_pages_and_of_json_are_one(first: str, tmp_path: Path) -> None:
    truth = authored(drawn(photos=12))
    home = Home(tmp_path)
    old = zips(HtmlLayout(truth, STYLES[1]).files, tmp_path / "old", day="2023-01-01")
    new = zips(Layout(truth, FOUR).files, tmp_path / "new", day="2024-01-01")
    for parts in (old, new) if first == "html" else (new, old):
        home.bring_in(parts)
    for photo in truth.photos:
        said = sorted((at, author, text) for author, text, at in home.rows(COMMENTS, photo.id))
        assert said == sorted((stamp(at), author, text) for at, author, text in photo.comments)
    assert home.findings() == []


def test_two_people_may_say_the_same_on_a_page() -> None:
    lines = "".join(f"<li><b>{who}</b> Nice<i>Mar 2, 2017 9:0{n} PM</i></li>" for n, who in enumerate(("Bo", "Cy")))
    page = f"<div><img src='posts/media/a_1/10151.jpg'><ul>{lines}</ul><p>Mar 1, 2017 9:00 PM</p></div>"
    shown = read_page(page.encode()).shown[0]
    assert [(one.author, one.message) for one in shown.remarks] == [("Bo", "Nice"), ("Cy", "Nice")]
    assert (shown.caption, shown.created_at and shown.created_at.day) == (None, 1)


def authored(truth: Truth) -> Truth:
    """Without comments that have no author: in a page, their text alone may be anything."""
    for photo in truth.photos:
        photo.comments = tuple(comment for comment in photo.comments if comment[1])
    return truth


def in_albums(truth: Truth) -> Truth:
    """Only what the first generation held."""
    return Truth(albums=truth.albums, photos=[photo for photo in truth.photos if photo.album])


COMMENTS = "SELECT from_name, message, created_at FROM comments WHERE photo_id = ?"

WRITTEN = {
    "Aug 11, 2016 7:25:31pm": (2016, 8, 11, 19, 25, 31),
    "Aug 11, 2016, 7:25 PM": (2016, 8, 11, 19, 25),
    "11 August 2016 at 19:25": (2016, 8, 11, 19, 25),
    "Thursday, August 11, 2016 at 12:05am UTC+01": (2016, 8, 10, 23, 5),
    "11. März 2016 um 19:25": (2016, 3, 11, 19, 25),
    "11 août 2016, 19:25": (2016, 8, 11, 19, 25),
    "11 de mayo de 2016 a las 19:25": (2016, 5, 11, 19, 25),
    "11 juillet 2016 19:25": (2016, 7, 11, 19, 25),
    "11 września 2016 19:25": (2016, 9, 11, 19, 25),
    "mardi 11 octobre 2016 19:25": (2016, 10, 11, 19, 25),
    "2016-08-11 19:25": (2016, 8, 11, 19, 25),
    "11.08.2016 19:25": (2016, 8, 11, 19, 25),
    "11. Aug. 2016, 19:25:31": (2016, 8, 11, 19, 25, 31),
    "Aug 11, 2016 7:25:31 nachm.": (2016, 8, 11, 19, 25, 31),
    "2016年8月11日 19:25:31": (2016, 8, 11, 19, 25, 31),
    "8月 11, 2016 7:25:31午後": (2016, 8, 11, 19, 25, 31),
    "2016年8月11日木曜日 午前0:25": (2016, 8, 11, 0, 25),
    "2016/08/11 19:25": (2016, 8, 11, 19, 25),
    "2016年8月11日下午7:25": (2016, 8, 11, 19, 25),
    "2016년 8월 11일 오후 7:25": (2016, 8, 11, 19, 25),
    "11 أغسطس 2016، 7:25:31 م": (2016, 8, 11, 19, 25, 31),
    "أغسطس ١١, ٢٠١٦ ٧:٢٥:٣١ ص": (2016, 8, 11, 7, 25, 31),
    "11 كانون الأول 2016 12:05 ص": (2016, 12, 11, 0, 5),
    "\u200f11/08/2016 19:25": (2016, 8, 11, 19, 25),
    "11 авг. 2016 г., 19:25:31": (2016, 8, 11, 19, 25, 31),
    "11 Αυγ 2016 7:25 μ.μ.": (2016, 8, 11, 19, 25),
    "11 Ağu 2016 19:25": (2016, 8, 11, 19, 25),
    "11. července 2016 19:25": (2016, 7, 11, 19, 25),
    "11. června 2016 19:25": (2016, 6, 11, 19, 25),
    "11 thg 8, 2016 19:25": (2016, 8, 11, 19, 25),
    "maanantai 11. marraskuuta 2016 klo 19.25": (2016, 11, 11, 19, 25),
    "2016. aug. 11. 19:25": (2016, 8, 11, 19, 25),
    "11 באוגוסט 2016, 19:25": (2016, 8, 11, 19, 25),
    "11 अगस्त 2016 7:25 pm": (2016, 8, 11, 19, 25),
    "11 août 2016 à 19 h 25": (2016, 8, 11, 19, 25),
    "12 de ago. de 2016 7:25 p. m.": (2016, 8, 12, 19, 25),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_dates_of_several_languages(text: str) -> None:
    found = moment_in(text)
    assert found is not None
    assert found[0] == datetime(*WRITTEN[text], tzinfo=UTC)  # type: ignore[misc]


@pytest.mark.parametrize(
    "text", ["Harbour at dusk", "12:30", "May 2016", "at 7 we met on the 11th", "99 Aug 2016 19:25", ""]
)
def test_words_are_no_dates(text: str) -> None:
    assert moment_in(text) is None


@given(st.binary(max_size=300))
def test_no_page_is_too_odd_to_read(body: bytes) -> None:
    read_page(b"<div><img src='a_1/10151.jpg'>" + body)


def test_a_page_without_end_is_read() -> None:
    deep = b"<div>" * 20_000 + b"<img src='posts/media/a_1/10151.jpg'>"
    assert [shown.uri for shown in read_page(deep).shown] == ["posts/media/a_1/10151.jpg"]


FOOT = (
    '<div class="_3-94"><a href="https://www.facebook.com/x"><div class="_a72d">Aug 11, 2016 7:25:31pm</div></a></div>'
)
PICTURE = '<a href="posts/media/a_1/10151.jpg"><img src="posts/media/a_1/10151.jpg"></a>'
VALUES = (("Taken", "Aug 10, 2016 7:25:31pm"), ("Camera Make", "Acme"), ("Latitude", "55.7"), ("Longitude", "13.19"))


@pytest.mark.parametrize(
    "row",
    [
        "<tr><td>{}</td><td>{}</td></tr>",
        '<tr><td colspan="2">{}<div><div class="_a6-q">{}</div></div></td></tr>',
        "<tr><td><div>{}</div><div>{}</div></td></tr>",
        "<div><div>{}</div><div>{}</div></div>",
    ],
)
@pytest.mark.parametrize("alone", [True, False])
def test_values_of_a_picture_are_read_however_their_rows_look(row: str, alone: bool) -> None:
    rows = "".join(row.format(*value) for value in VALUES)
    around = "<table>{}</table>" if row.startswith("<tr>") else "<div>{}</div>"
    body = f"<div>{PICTURE}<div>Harbour at dusk</div>{around.format(rows)}</div>"
    block = f"<div><div>Ada added a photo to the album Trip</div><div>{body}</div>{FOOT}</div>"
    other = "" if alone else "<div><div><img src='posts/media/a_1/10152.jpg'></div></div>"
    shown = read_page(f"<h1>Trip</h1><div role='main'>{block}{other}</div>".encode()).shown[0]
    assert (shown.caption, shown.spot, shown.remarks) == ("Harbour at dusk", (55.7, 13.19), ())
    assert shown.created_at == datetime(2016, 8, 11, 19, 25, 31, tzinfo=UTC)
    assert shown.taken_at == datetime(2016, 8, 10, 19, 25, 31, tzinfo=UTC)


def test_what_belongs_to_the_page_is_no_photo_and_no_caption() -> None:
    page = (
        '<div class="nav"><img src="../photos/profile.jpg"></div><div class="block"><video src="posts/media/a_1/9.mp4">'
        '<a href="posts/media/a_1/9.mp4">Click for video</a></video><div>At sea</div>'
        '<div class="meta">Thursday, 11 August 2016 at 19:25 UTC+01</div></div>'
    )
    shown = read_page(page.encode()).shown
    assert [(one.uri, one.caption) for one in shown] == [("posts/media/a_1/9.mp4", "At sea")]


def test_pictures_nested_in_each_other_are_read_in_steps_of_their_number() -> None:
    def seconds(count: int) -> float:
        inner = b"".join(b"<div><img src='posts/media/a_1/%d.jpg'><p>x</p>" % (10_000 + n) for n in range(count))
        start = process_time()
        assert len(read_page(b"<body>" + inner).shown) == count
        return process_time() - start

    few = min(seconds(100) for _ in range(3))
    assert seconds(800) < 8 * 8 * few / 2


def page_of(title: str, blocks: str) -> bytes:
    return f"<body><h1>{title}</h1><div role='main'>{blocks}</div></body>".encode()


def test_photos_of_one_post_share_its_date() -> None:
    pictures = "".join(f"<div><img src='posts/media/your_posts/{n}.jpg'><p>{n} words</p></div>" for n in (10151, 10152))
    footer = "<div class='_3-94'><div class='_a72d'>{}</div></div>"
    said = "<ul><li><b>Bo</b> Nice<i>Aug 12, 2016 9:00 PM</i></li></ul>"
    post = (
        f"<div><div>Ada added 2 photos.</div><div>{pictures}</div>{said}{footer.format('Aug 11, 2016 7:25:31pm')}</div>"
    )
    alone = f"<div><div><img src='posts/media/your_posts/10153.jpg'></div>{footer.format('Aug 9, 2016 7:25pm')}</div>"
    dateless = "<div><img src='posts/media/your_posts/10154.jpg'></div>"
    shown = read_page(page_of("Posts", post + alone + dateless)).shown
    assert [one.created_at and one.created_at.day for one in shown] == [11, 11, 9, None]
    assert [one.caption for one in shown] == ["10151 words", "10152 words", None, None]


LANGUAGES = {
    "ja": ("夕暮れの港", "2016年8月11日 19:25:31", {"撮影日時": "2016年8月10日 19:25",
                                            "更新日時": "2016年8月12日 19:25",
                                            "緯度": "55.7", "経度": "13.19"}),
    "ar": ("ميناء عند الغسق", "11 أغسطس 2016، 7:25:31 م", {"تاريخ الالتقاط": "10 أغسطس 2016 7:25 م", "خط العرض": "55.7",
                                                          "خط الطول": "13.19"}),
    "de": ("Hafen", "11. Aug. 2016, 19:25:31", {"Aufgenommen": "10. Aug. 2016, 19:25", "Kamera": "Acme",
                                                "Breitengrad": "55,7", "Längengrad": "13,19"}),
    "none": ("xyzzy", "2016-08-11 19:25:31", {"aa": "2016-08-10 19:25", "bb": "2016-08-12 19:25", "ISO": "100",
                                              "cc": "55.7", "dd": "13.19", "ee": "1/30"}),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_of_any_language_are_matched_by_structure(language: str) -> None:
    words, date, table = LANGUAGES[language]
    rows = "".join(f"<tr><td colspan='2'>{key}<div><div>{value}</div></div></td></tr>" for key, value in table.items())
    blocks = "".join(
        f"<div class='_a6-g'><div>xyz</div><div><img src='posts/media/a_1/{n}.jpg'><div>{words}</div>"
        f"<table>{rows}</table></div><div><div class='_a72d'>{date}</div></div></div>"
        for n in (10151, 10152)
    )
    for shown in read_page(page_of("旅行", blocks)).shown:
        assert (shown.caption, shown.spot) == (words, (55.7, 13.19))
        assert shown.created_at == datetime(2016, 8, 11, 19, 25, 31, tzinfo=UTC)
        assert shown.taken_at == datetime(2016, 8, 10, 19, 25, tzinfo=UTC)


def test_one_time_and_three_numbers_of_unknown_meaning_are_not_guessed() -> None:
    rows = "".join(
        f"<tr><td>{n}</td><td>{value}</td></tr>" for n, value in enumerate(("2016-08-10 19:25", "1.5", "2.5", "3.5"))
    )
    picture = f"<div><img src='posts/media/a_1/1.jpg'><table>{rows}</table></div>"
    (shown,) = read_page(page_of("Trip", picture)).shown
    assert (shown.taken_at, shown.spot) == (None, None)


@pytest.mark.parametrize("label", ["Name", "名前", "الاسم"])
def test_the_owner_is_found_on_a_profile_page_of_any_language(label: str, tmp_path: Path) -> None:
    rows = f"<table><tr><td>{label}</td><td>Zoë Example</td></tr><tr><td>x</td><td>a@example.org</td></tr></table>"
    files = {"personal_information/profile_information/profile_information.html": page_of("x", rows),
             "posts/media/a_1/10151.jpg": jpeg(1)}  # fmt: skip
    home = Home(tmp_path)
    home.bring_in(zips(files, tmp_path / "in"))
    assert home.value("SELECT display_name FROM accounts") == "Zoë Example"
