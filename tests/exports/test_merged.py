"""An export and the API of the same library, in both orders: one row a photo, and each field from who knows best."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from fbbackup.app import SyncOptions, sync_accounts
from fbbackup.config import Account, Config, Download, Limits, Thumbnails
from fbbackup.simulator import Library, Simulator
from fbbackup.why import why_lines, why_record
from tests.exports.home import Home
from tests.exports.html_layouts import first_generation
from tests.exports.layouts import FOUR, GENERATIONS, ONE, TWO, Generation, Layout
from tests.exports.pack import zips
from tests.exports.truth import Truth, jpeg, of_simulator, stamp


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    library = Library(album_sizes=(5, 4, 0, 6), loose=4, tagged=3, videos=0, shared=0, largest=160, odd=False)
    with Simulator(library, port=0) as running:
        yield running


def sync(home: Home, sim: Simulator) -> None:
    config = Config(
        archive=home.archive,
        accounts=(Account("ada", api_url=sim.url),),
        download=Download(workers=4, attempts=2),
        thumbnails=Thumbnails(size=32),
        limits=Limits(keep_free_bytes=0),
    )
    environ = {"FBBACKUP_TOKEN_ADA": sim.token, "XDG_STATE_HOME": str(home.folder / "state"), "HOME": str(home.folder)}
    (result,) = sync_accounts(config, home.archive, SyncOptions(deep=True), quiet=True, environ=environ)
    assert result.exit_code == 0, result.lines()


def enriched(sim: Simulator) -> Truth:
    """The library with what only an export has: times of taking, positions, the owner's own people."""
    truth = of_simulator(sim)
    for number, photo in enumerate(truth.photos):
        photo.taken = photo.created - 5000 - number if number % 2 else None
        photo.spot = (10.0 + number, 20.0 + number)
        photo.comments = ((photo.created + 7, "Nobody Known", f"only in the export {number}"),)
    return truth


def check(home: Home, sim: Simulator, truth: Truth) -> None:
    library = sim.library
    bodies = dict(sim.expected())
    assert home.bodies() == bodies
    assert home.value("SELECT count(*) FROM photos") == len(bodies)
    members = {title: ids for title, ids in home.members().items() if ids}
    for album in truth.albums:
        assert members.get(album.title, set()) == {photo.id for photo in truth.of(album)}
    assert members["Uploads outside albums"] == {photo.id for photo in truth.loose("uncategorized")}
    assert members["Tagged photos"] == set(library.own_photos("tagged"))
    assert home.value("SELECT count(*) FROM albums WHERE title = ?", "Uploads outside albums") == 1
    assert {remote for (remote,) in home.rows("SELECT remote_id FROM albums WHERE virtual = 0")} == set(
        library.album_list()
    )
    for photo in truth.photos:
        row = home.rows("SELECT caption, file_date, file_date_source, latitude, longitude FROM photos WHERE id = ?",
                        photo.id)[0]  # fmt: skip
        date = (stamp(photo.taken), "taken") if photo.taken else None
        assert row[0] == photo.caption
        assert date is None or row[1:3] == date
        assert row[3:] == photo.spot
        said = [message for (message,) in home.rows("SELECT message FROM comments WHERE photo_id = ?", photo.id)]
        assert said.count(photo.comments[0][2]) == 1
    assert home.findings() == []


@pytest.mark.parametrize("first", ["api", "export"])
@pytest.mark.parametrize("generation", [ONE, FOUR], ids=lambda each: each.name)
def test_both_orders_end_the_same(first: str, generation: Generation, sim: Simulator, tmp_path: Path) -> None:
    truth, home = enriched(sim), Home(tmp_path)
    parts = zips(Layout(truth, generation).files, tmp_path / "in", parts=3)
    if first == "api":
        sync(home, sim)
        assert home.bring_in(parts).record()["new"] == 0
    else:
        assert home.bring_in(parts).record()["new"] == len(truth.photos)
        sync(home, sim)
    check(home, sim, truth)
    before = home.everything()
    home.bring_in(parts)
    sync(home, sim)
    assert home.everything() == before


@pytest.mark.parametrize(
    "seed", [1, pytest.param(2, marks=pytest.mark.sweep), pytest.param(3, marks=pytest.mark.sweep)]
)
def test_six_generations_in_parts_in_any_order_and_an_api_run_make_the_truth(
    seed: int, sim: Simulator, tmp_path: Path
) -> None:
    truth, home, dice = enriched(sim), Home(tmp_path), random.Random(seed)
    parts = zips(first_generation(truth), tmp_path / "first", parts=2, day="2017-01-02")
    for number, generation in enumerate(GENERATIONS):
        files = Layout(truth, generation).files
        parts += zips(files, tmp_path / generation.name, parts=2, seed=seed, day=f"202{number}-01-02")
    dice.shuffle(parts)
    for number, part in enumerate(parts):
        if number == len(parts) // 2:
            sync(home, sim)
        home.bring_in([part])
    check(home, sim, truth)
    assert {source for (source,) in home.rows("SELECT source FROM accounts")} == {"graph", "export"}


def test_different_bytes_are_both_kept_and_the_larger_picture_is_current(sim: Simulator, tmp_path: Path) -> None:
    truth, home = of_simulator(sim), Home(tmp_path)
    small, large = truth.photos[0], truth.photos[1]
    original = {photo.id: sha256(photo.body).hexdigest() for photo in truth.photos}
    small.body, large.body = jpeg(1, (64, 48)), jpeg(2, (640, 480))
    sync(home, sim)
    home.bring_in(zips(Layout(truth, FOUR).files, tmp_path / "in"))
    for photo, current in ((small, original[small.id]), (large, sha256(large.body).hexdigest())):
        files = dict(home.rows("SELECT sha256, is_current FROM photo_files WHERE photo_id = ?", photo.id))
        assert files == {original[photo.id]: 0, sha256(photo.body).hexdigest(): 0} | {current: 1}
        assert home.bodies()[photo.id] == current
    sync(home, sim)
    assert home.bodies()[large.id] == sha256(large.body).hexdigest()
    assert home.findings() == []


def test_a_smaller_picture_from_an_export_gives_way_to_the_larger_one_of_the_api(
    sim: Simulator, tmp_path: Path
) -> None:
    truth, home = of_simulator(sim), Home(tmp_path)
    original = sha256(truth.photos[0].body).hexdigest()
    truth.photos[0].body = jpeg(1, (64, 48))
    home.bring_in(zips(Layout(truth, TWO).files, tmp_path / "in"))
    sync(home, sim)
    assert home.bodies()[truth.photos[0].id] == original
    assert home.value("SELECT count(*) FROM photo_files WHERE photo_id = ?", truth.photos[0].id) == 2


def test_what_only_the_export_has_is_no_absence_upstream(sim: Simulator, tmp_path: Path) -> None:
    truth, home = of_simulator(sim), Home(tmp_path)
    album = truth.albums[0]
    gone = [replace_id(truth, number, album.id) for number in range(8)]
    home.bring_in(zips(Layout(truth, FOUR).files, tmp_path / "in"))
    sync(home, sim)
    assert home.value("SELECT count(*) FROM photos WHERE gone_at IS NOT NULL") == 0
    assert set(gone) <= home.members()[album.title]


def replace_id(truth: Truth, number: int, album: str) -> str:
    from tests.exports.truth import Picture

    photo = Picture(str(77_000_000_000_000 + number), jpeg(900 + number), 1_400_000_000 + number, album)
    truth.photos.append(photo)
    return photo.id


def test_names_without_an_id_are_matched_by_proof_and_never_by_guess(sim: Simulator, tmp_path: Path) -> None:
    truth, home = of_simulator(sim), Home(tmp_path)
    sync(home, sim)
    same, looks, number, alone = truth.photos[:4]
    folder = "posts/media/Stray_AbCdEfGhIj"
    shrunk = home.value("SELECT key FROM files WHERE sha256 = ?", sha256(looks.body).hexdigest())
    files = {
        f"{folder}/bytes.jpg": same.body,
        f"{folder}/look.jpg": _smaller((home.archive / shrunk).read_bytes()),
        f"{folder}/1_{number.id}_3_n.jpg": jpeg(5, (40, 30)),
        f"{folder}/alone.jpg": jpeg(6),
    }
    photos = [
        {"uri": f"{folder}/bytes.jpg", "creation_timestamp": 5},
        {"uri": f"{folder}/look.jpg", "creation_timestamp": looks.created},
        {"uri": f"{folder}/1_{number.id}_3_n.jpg", "creation_timestamp": number.created + 3600},
        {"uri": f"{folder}/alone.jpg", "creation_timestamp": alone.created},
    ]
    files["posts/album/0.json"] = json.dumps({"name": "Stray", "photos": photos}).encode()
    done = home.bring_in(zips(files, tmp_path / "in"))
    assert done.result.ambiguous == []
    rules = dict(home.rows("SELECT photo_id, rule FROM mentions"))
    assert rules[same.id] == "the same bytes"
    assert rules[looks.id] == "the same second, and it looks the same"
    assert rules[number.id] == "middle number of the file name, and the day"
    assert len(rules) == 4
    assert home.value("SELECT count(*) FROM photos WHERE id GLOB 'export-*'") == 1
    assert home.findings() == []
    before = home.everything()
    again = home.bring_in(zips(files, tmp_path / "again"))
    assert (again.exit_code, again.record()["new"], again.record()["unchanged"]) == (0, 0, 4)
    assert home.everything() == before


def _smaller(body: bytes) -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    image = Image.open(io.BytesIO(body))
    image.resize((image.width * 2 // 3, image.height * 2 // 3)).save(out, "JPEG", quality=70)
    return out.getvalue()


def test_what_may_be_two_photos_is_listed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    body = jpeg(3)
    twins = {f"posts/media/A_{album}/{photo}.jpg": body for album, photo in ((100001, 200001), (100002, 200002))}
    home.bring_in(zips(twins, tmp_path / "one"))
    done = home.bring_in(zips({"posts/media/B_xyz/stray.jpg": body}, tmp_path / "two"))
    assert len(done.result.ambiguous) == 1
    assert "200001" in done.result.ambiguous[0]
    assert "200002" in done.result.ambiguous[0]
    assert home.value("SELECT count(*) FROM photos") == 3


def test_why_tells_where_each_value_came_from(sim: Simulator, tmp_path: Path) -> None:
    from fbbackup.catalog import open_reader

    truth, home = enriched(sim), Home(tmp_path)
    photo = next(photo for photo in truth.photos if photo.taken and photo.caption)
    sync(home, sim)
    home.bring_in(zips(Layout(truth, FOUR).files, tmp_path / "in"))
    db = open_reader(home.archive / "catalog.sqlite")
    record = why_record(db, photo.id)
    db.close()
    sources = {field["field"]: field["source"] for field in record["fields"]}
    assert (sources["caption"], sources["file_date"], sources["latitude"]) == ("graph", "export", "export")
    assert record["mentions"][0]["rule"] == "file name is the id"
    assert any("(taken)" in line and "posts/" in line for line in why_lines(record))


@pytest.mark.parametrize("flat", [True, False])
def test_why_tells_the_camera(flat: bool, tmp_path: Path) -> None:
    from fbbackup.catalog import open_reader

    uri, values = (
        "posts/media/your_posts/10151.jpg",
        {"camera_make": "Acm\u00c3\u00a9", "camera_model": "One", "iso": 100},
    )
    metadata = {"photo_metadata": values if flat else {"exif_data": [{"upload_ip": "192.0.2.7"}, values]}}
    text = {"other_photos_v2": [{"uri": uri, "creation_timestamp": 1488485492, "media_metadata": metadata}]}
    home = Home(tmp_path)
    home.bring_in(
        zips({"posts/your_uncategorized_photos.json": json.dumps(text).encode(), uri: jpeg(1)}, tmp_path / "in")
    )
    db = open_reader(home.archive / "catalog.sqlite")
    lines = why_lines(why_record(db, "10151"))
    db.close()
    assert any(line.startswith("camera: Acmé One — from export, posts/your_uncategorized") for line in lines)
