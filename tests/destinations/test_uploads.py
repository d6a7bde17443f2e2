"""Publishing to a Page and through OneAll: what is sent, sent once, found again, taken back, and refused."""

from __future__ import annotations

import asyncio
import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fbbackup.catalog import open_reader
from fbbackup.config import Account, Config, Destination, Limits, Web
from fbbackup.errors import ConfigError, LoginNeeded
from fbbackup.links import Links
from fbbackup.publish import UploadWish, run_upload
from fbbackup.simulator import Library, Simulator
from fbbackup.simulator.oneall import IDENTITY, PRIVATE_KEY, PUBLIC_KEY
from tests.end_to_end.harness import Home, small
from tests.fake_source import jpeg
from tests.web.served import inside


class Setup:
    """An archive with stored photos, and a Page and a OneAll identity to publish to."""

    def __init__(self, home: Home, page: Simulator) -> None:
        self.home, self.page = home, page
        with open_reader(home.archive / "catalog.sqlite") as db:
            rows = db.execute("SELECT id FROM photos WHERE kind = 'photo' AND sha256 IS NOT NULL ORDER BY id")
            self.photos = [row["id"] for row in rows]
            rows = db.execute("SELECT id FROM photos WHERE kind = 'video' AND sha256 IS NOT NULL ORDER BY id")
            self.videos = [row["id"] for row in rows]

    def config(self, **changes: Any) -> Config:
        graph = Destination("page", api_url=self.page.url, page_id=self.page.library.owner_id)
        oneall = Destination("one", "oneall", self.page.url, page_id="77", identity_token=IDENTITY,
                             public_key=PUBLIC_KEY)  # fmt: skip
        destinations = tuple(replace(one, **changes.get(one.name, {})) for one in (graph, oneall))
        return Config(
            archive=self.home.archive,
            accounts=(Account("ada", api_url=self.home.sim.url),),
            destinations=destinations,
            limits=Limits(keep_free_bytes=0),
        )

    def upload(
        self, *photos: str, to: str = "page", config: dict[str, Any] | None = None, web: Web | None = None, **wish: Any
    ) -> Any:
        environ = {**self.home.environ, "FBBACKUP_TOKEN_PAGE": self.page.token, "FBBACKUP_TOKEN_ONE": PRIVATE_KEY}
        asked = UploadWish(photos, to, **wish)
        made = replace(self.config(**(config or {})), web=web or Web())
        return run_upload(made, self.home.archive, asked, environ=environ)

    def store_instead(self, photo: str, body: bytes) -> None:
        """Puts other bytes where the photo's are, and records them as what was stored."""
        ((key, old),) = self.home.rows(
            f"SELECT f.key, f.sha256 FROM photos p JOIN files f ON f.sha256 = p.sha256 WHERE p.id = '{photo}'"
        )
        (self.home.archive / key).write_bytes(body)
        with closing(sqlite3.connect(self.home.archive / "catalog.sqlite")) as db, db:
            for table in ("photos", "files", "photo_files"):
                db.execute(f"UPDATE {table} SET sha256 = ? WHERE sha256 = ?", (sha256(body).hexdigest(), old))

    @property
    def published(self) -> list[str]:
        return list(self.page.world.published)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with Simulator(small(album_sizes=(6,), largest=320, videos=1), budget=1_000_000) as sim:
        home = Home(sim, tmp_path_factory.mktemp("uploads"))
        assert home.sync().exit_code == 0
        yield home


@pytest.fixture
def setup(stored: Home, tmp_path: Path) -> Iterator[Setup]:
    import shutil

    home = Home(stored.sim, tmp_path)
    shutil.copytree(stored.folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "state" / "fbbackup" / "archives.json").unlink(missing_ok=True)
    with Simulator(Library(album_sizes=(1,), page=True, seed=9), budget=1_000_000) as page:
        yield Setup(home, page)


def test_a_photo_is_published_once_with_its_words_and_date(setup: Setup) -> None:
    first, second = setup.photos[:2]
    record = setup.upload(first, second, caption="Hello 🌊")
    assert (record["exit_code"], [one["photo"] for one in record["uploaded"]]) == (0, [first, second])
    assert setup.published == [one["remote_id"] for one in record["uploaded"]]
    assert record["uploaded"][0]["post_id"].endswith(setup.published[0])
    made = setup.page.library.overrides[setup.published[0]]
    assert made["name"] == "Hello 🌊"
    assert made["backdated_time"].startswith("20")
    again = setup.upload(first, second)
    assert (again["uploaded"], [one["remote_id"] for one in again["already"]]) == ([], setup.published)
    assert len(setup.published) == 2


def test_an_album_gets_the_photo_and_a_dry_run_gets_nothing(setup: Setup) -> None:
    album = next(iter(setup.page.library.album_list()))
    assert setup.upload(setup.photos[0], album=album, dry_run=True)["exit_code"] == 0
    assert setup.published == []
    record = setup.upload(setup.photos[0], album=album)
    assert record["uploaded"][0]["post_id"] is None
    assert setup.published[0] in list(setup.page.library.album_photos(album))


@pytest.mark.parametrize("fault", ["graph-reset", "graph-cut", "graph-outage", "graph-html"])
def test_a_lost_answer_is_found_and_nothing_is_sent_twice(setup: Setup, fault: str) -> None:
    photo = setup.photos[0]
    setup.page.faults.set(fault, times=1, match="/photos")
    record = setup.upload(photo)
    assert [one["remote_id"] for one in record["uploaded"]] == setup.published
    assert len(setup.published) == 1


def test_an_answer_that_stays_lost_is_found_by_the_next_upload(setup: Setup) -> None:
    photo = setup.photos[0]
    setup.page.faults.set("graph-reset", times=50, match="/photos")
    assert setup.upload(photo)["exit_code"] == 4
    setup.page.faults.clear()
    record = setup.upload(photo)
    assert [one["remote_id"] for one in record["already"]] == setup.published
    assert len(setup.published) == 1


def test_somebody_elses_post_is_never_taken_for_ours(setup: Setup) -> None:
    photo = setup.photos[0]
    setup.page.faults.set("graph-error", times=1, code=2, match="/photos")
    caption = setup.home.sim.library.overrides.get(photo, {}).get("name")
    record = setup.upload(photo, caption="Same words")
    assert record["exit_code"] == 4
    assert setup.published == []
    out = io.BytesIO()
    Image.effect_noise((320, 240), 80).convert("RGB").save(out, "JPEG")
    setup.page.library.add_photo(None, "Same words", out.getvalue())
    record = setup.upload(photo, caption="Same words")
    assert [one["remote_id"] for one in record["uploaded"]] == setup.published
    assert caption is None or caption != "Same words"


def test_the_same_post_from_before_the_upload_is_never_taken_for_ours(setup: Setup) -> None:
    photo, library = setup.photos[0], setup.page.library
    key = setup.home.rows(f"SELECT f.key FROM photos p JOIN files f ON f.sha256 = p.sha256 WHERE p.id = '{photo}'")
    theirs = library.add_photo(None, "Same words", (setup.home.archive / key[0][0]).read_bytes())
    library.added[theirs] = replace(library.added[theirs], created=library.added[theirs].created - 120)
    setup.page.faults.set("graph-error", times=1, code=2, match="/photos")
    record = setup.upload(photo, caption="Same words")
    assert (record["exit_code"], record["uploaded"], record["already"]) == (4, [], [])
    assert "older than the upload" in record["lines"][0]
    record = setup.upload(photo, caption="Same words", again=True)
    assert [one["remote_id"] for one in record["uploaded"]] == setup.published != [theirs]


def test_a_parameter_that_a_push_has_not_is_refused_before_anything_is_sent(setup: Setup) -> None:
    with pytest.raises(ConfigError, match="nonsense.*create_post"):
        setup.upload(setup.photos[0], to="one", config={"one": {"push": "twitter/picture"}}, params=("nonsense=3",))


def test_undo_takes_back_what_we_published_and_nothing_else(setup: Setup) -> None:
    photo, other = setup.photos[:2]
    theirs = setup.page.library.add_photo(None, "theirs")
    setup.upload(photo)
    record = setup.upload(photo, other, undo=True)
    assert ([one["photo"] for one in record["uploaded"]], [one["photo"] for one in record["failed"]]) == (
        [photo],
        [other],
    )
    assert setup.published == []
    assert setup.page.library.item(theirs) is not None
    assert setup.upload(photo)["exit_code"] == 0
    assert len(setup.published) == 1


@pytest.mark.parametrize(
    ("code", "exit_code", "sent"),
    [(190, 3, 0), (200, 3, 0), (321, 4, 0), (368, 4, 0), (459, 3, 0), (104, 2, 0), (120, 2, 0), (80001, 4, 0),
     (324, 4, 1), (100, 4, 1)],
)  # fmt: skip
def test_errors_stop_the_upload_or_only_the_photo(setup: Setup, code: int, exit_code: int, sent: int) -> None:
    setup.page.faults.set("graph-error", times=1, code=code, match="/photos")
    record = setup.upload(*setup.photos[:2])
    assert (record["exit_code"], len(setup.published)) == (exit_code, sent)
    assert str(code) in " ".join(record["lines"])


REMEDIES = {100: "--param", 324: "--url", 2500: "page_id", 190: "new one", 200: "pages_manage_posts", 321: "--album"}


@pytest.mark.parametrize("code", REMEDIES)
def test_errors_name_their_remedy(setup: Setup, code: int) -> None:
    setup.page.faults.set("graph-error", times=1, code=code, match="/photos")
    assert REMEDIES[code] in " ".join(setup.upload(setup.photos[0])["lines"])


def test_a_file_that_is_missing_or_changed_is_never_sent(setup: Setup) -> None:
    first, second, third = setup.photos[:3]
    keys = dict(setup.home.rows("SELECT p.id, f.key FROM photos p JOIN files f ON f.sha256 = p.sha256"))
    (setup.home.archive / keys[first]).unlink()
    changed = setup.home.archive / keys[second]
    changed.write_bytes(changed.read_bytes()[:-1] + b"x")
    record = setup.upload(first, second, third)
    assert (record["exit_code"], [one["photo"] for one in record["failed"]]) == (4, [first, second])
    assert all("fbbackup verify" in one["error"] for one in record["failed"])
    assert [one["photo"] for one in record["uploaded"]] == [third]
    assert len(setup.published) == 1


def broken_pictures() -> dict[str, bytes]:
    out = io.BytesIO()
    Image.effect_noise((60, 40), 80).save(out, "PNG")
    png = bytearray(out.getvalue())
    png[len(png) // 2] ^= 1
    return {
        "no scan": b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + bytes(9) + b"\xff\xd9",
        "a flipped bit": bytes(png),
        "a text": b"<html>not found</html>",
        "cut": jpeg(1)[:-40],
        "nothing": b"",
    }


@pytest.mark.parametrize(
    ("kind", "wish"),
    [("no scan", {}), ("a flipped bit", {}), ("a text", {}), ("cut", {}), ("nothing", {}), ("cut", {"dry_run": True}),
     ("cut", {"shrink": True}), ("cut", {"to": "one", "url": "https://a.example/1.jpg"})],
)  # fmt: skip
def test_an_unreadable_picture_is_refused_before_anything_is_sent(
    setup: Setup, kind: str, wish: dict[str, Any]
) -> None:
    first, second = setup.photos[:2]
    setup.store_instead(first, broken_pictures()[kind])
    record = setup.upload(first, second, **wish)
    assert record["exit_code"] == 4
    assert [one["photo"] for one in record["failed"]] == [first]
    assert "no readable picture" in record["failed"][0]["error"]
    assert "\n" not in record["failed"][0]["error"]
    assert [one["photo"] for one in record["uploaded"]] == [second]
    assert len(setup.published) + len(setup.page.world.pushes) == (0 if "dry_run" in wish else 1)
    assert setup.home.rows(f"SELECT count(*) FROM uploads WHERE photo_id = '{first}'") == [(0,)]


def test_a_profile_is_refused_with_the_reason(setup: Setup) -> None:
    sim = setup.home.sim
    profile = {"page": {"api_url": sim.url, "page_id": sim.library.owner_id}}
    with open_reader(setup.home.archive / "catalog.sqlite") as db:
        assert db.execute("SELECT count(*) FROM uploads").fetchone()[0] == 0
    setup.page = sim
    record = setup.upload(setup.photos[0], config=profile)
    assert record["exit_code"] == 2
    assert "2018-08-01" in record["error"]


@pytest.mark.parametrize(
    ("wish", "words"),
    [({"to": "nowhere"}, "there are: page, one"), ({"to": "one", "album": "5"}, "has no albums"),
     ({"params": ("colour=red",)}, "no such parameter"),
     ({"params": ("published=maybe",)}, "true or false"), ({"params": ("message=x",)}, "caption"),
     ({"params": ("caption",)}, "NAME=VALUE"), ({"params": ("scheduled_publish_time=1700000000",)}, "published=false"),
     ({"params": ("initial_view_pitch_override_degrees=91",)}, "from -90 to 90"),
     ({"params": ('spherical_metadata={"ProjectionType": "flat"}',)}, "spherical_metadata lacks")],
)  # fmt: skip
def test_bad_wishes_are_named_before_anything_is_sent(setup: Setup, wish: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        setup.upload(setup.photos[0], **wish)
    assert setup.page.calls == {}


def test_a_destination_without_a_token_says_where_one_goes(setup: Setup) -> None:
    wish = UploadWish((setup.photos[0],), "page")
    with pytest.raises(LoginNeeded, match='destination "page" has no token or key; set FBBACKUP_TOKEN_PAGE'):
        run_upload(setup.config(), setup.home.archive, wish, environ=setup.home.environ)


def test_an_unknown_photo_ends_the_upload_before_it_begins(setup: Setup) -> None:
    with pytest.raises(ConfigError, match="no photo 12"):
        setup.upload(setup.photos[0], "12")
    assert setup.published == []


def test_parameters_are_passed_on_by_name(setup: Setup) -> None:
    record = setup.upload(setup.photos[0], params=("published=false", "backdated_time_granularity=year"))
    assert record["uploaded"][0]["post_id"] is None
    assert setup.page.library.overrides[setup.published[0]]["backdated_time_granularity"] == "year"


def test_oneall_gets_the_address_and_the_words(setup: Setup) -> None:
    refused = setup.upload(setup.photos[0], to="one")
    assert (refused["exit_code"], "--url" in refused["failed"][0]["error"]) == (4, True)
    address = "https://pictures.example.org/1.jpg"
    record = setup.upload(setup.photos[0], to="one", url=address, caption="Sea")
    assert record["uploaded"][0]["remote_id"]
    (push,) = setup.page.world.pushes
    assert push == {"path": "facebook/page/picture", "object": "page", "id": "77", "url": address, "description": "Sea"}
    assert setup.upload(setup.photos[0], to="one", url=address)["already"]


async def test_oneall_gets_a_signed_address_of_our_own_server(setup: Setup, tmp_path: Path) -> None:
    photo, other = setup.photos[:2]
    web = Web(public_url="https://photos.example.org/")
    record = await asyncio.to_thread(setup.upload, photo, to="one", web=web)
    assert record["exit_code"] == 0
    address = setup.page.world.pushes[0]["url"]
    assert address.startswith(f"https://photos.example.org/public/{photo}?until=")
    state = tmp_path / "state" / "fbbackup"
    assert (state / "link-key").stat().st_mode & 0o077 == 0
    async with inside(setup.home.archive, state, links=Links(state)) as found, found.stranger() as stranger:
        answer = await stranger.get(address.removeprefix("https://photos.example.org"))
        assert (answer.status_code, sha256(answer.content).hexdigest()) == (200, setup.home.current()[photo])
    large = await asyncio.to_thread(setup.upload, other, to="one", web=web, config={"one": {"push": "twitter/picture"}})
    assert large["exit_code"] == 0
    post = {"one": {"push": "facebook/page/post"}}
    await asyncio.to_thread(setup.upload, setup.photos[2], to="one", web=web, config=post)
    assert "link" not in setup.page.world.pushes[-1], "a post must not keep an address that ends"
    assert "link-key" not in str(setup.home.rows("SELECT * FROM uploads"))


def test_oneall_never_gets_the_address_of_a_file_that_is_too_large(setup: Setup) -> None:
    photo = setup.photos[0]
    out = io.BytesIO()
    Image.effect_noise((2400, 1600), 90).save(out, "PNG")
    setup.store_instead(photo, out.getvalue() + bytes(5_000_001 - len(out.getvalue()) if out.tell() < 5_000_001 else 0))
    web = Web(public_url="https://photos.example.org/")
    for wish, words in [({}, "5 MB at most: give"), ({"shrink": True}, "--shrink can't change that")]:
        record = setup.upload(photo, to="one", web=web, **wish)
        assert (record["exit_code"], setup.page.world.pushes) == (4, [])
        assert words in record["failed"][0]["error"]
    smaller = "https://pictures.example.org/smaller.jpg"
    assert setup.upload(photo, to="one", web=web, shrink=True, url=smaller)["exit_code"] == 0
    assert setup.page.world.pushes[0]["url"] == smaller


@pytest.mark.parametrize(
    ("push", "params", "path"),
    [("pinterest/pin", ("board_id=b1",), "pinterest/board/b1/pin"), ("twitter/picture", (), "twitter/picture"),
     ("linkedin/company/post", ("id=5",), "linkedin/company/post"),
     ("facebook/group/picture", (), "facebook/group/picture")],
)  # fmt: skip
def test_every_push_has_its_path(setup: Setup, push: str, params: tuple[str, ...], path: str) -> None:
    record = setup.upload(
        setup.photos[0], to="one", config={"one": {"push": push}}, url="https://a.example/1.jpg", params=params
    )
    assert record["exit_code"] == 0
    assert setup.page.world.pushes[0]["path"] == path


async def test_videos_are_pushed_by_their_address(setup: Setup, tmp_path: Path) -> None:
    (video, *_), photo = setup.videos, setup.photos[0]
    push = {"one": {"push": "facebook/page/video"}}
    web = Web(public_url="https://photos.example.org/")
    refused = await asyncio.to_thread(setup.upload, video, to="one", config=push)
    assert "fetches the video itself" in refused["failed"][0]["error"]
    still = await asyncio.to_thread(setup.upload, photo, to="one", config=push, web=web)
    assert (still["exit_code"], setup.page.world.pushes) == (4, []), "a picture's address is no video's"
    record = await asyncio.to_thread(setup.upload, video, to="one", config=push, web=web)
    assert (record["exit_code"], [one["photo"] for one in record["uploaded"]]) == (0, [video])
    address = setup.page.world.pushes[0]["url"].removeprefix("https://photos.example.org")
    state = tmp_path / "state" / "fbbackup"
    async with inside(setup.home.archive, state, links=Links(state)) as found, found.stranger() as stranger:
        answer = await stranger.get(address)
        assert sha256(answer.content).hexdigest() == setup.home.current()[video]


@pytest.mark.parametrize(("to", "push"), [("page", ""), ("one", "twitter/picture")])
def test_videos_go_nowhere_else(setup: Setup, to: str, push: str) -> None:
    with pytest.raises(ConfigError, match="is a video.*takes photos only"):
        setup.upload(setup.videos[0], to=to, config={"one": {"push": push}} if push else {})
    assert (setup.published, setup.page.world.pushes) == ([], [])


def test_a_video_that_is_not_as_it_was_stored_is_not_pushed(setup: Setup) -> None:
    ((key,),) = setup.home.rows(
        f"SELECT f.key FROM photos p JOIN files f ON f.sha256 = p.sha256 WHERE p.id = '{setup.videos[0]}'"
    )
    with (setup.home.archive / key).open("ab") as file:
        file.write(b"x")
    push = {"one": {"push": "youtube/video"}}
    record = setup.upload(setup.videos[0], to="one", config=push, url="https://a.example/1.mp4", params=("title=T",))
    assert "is not as it was stored" in record["failed"][0]["error"]
    assert setup.page.world.pushes == []


def test_pushes_to_profiles_have_ended_unless_forced(setup: Setup) -> None:
    given: dict[str, Any] = {
        "to": "one", "config": {"one": {"push": "facebook/picture"}}, "url": "https://a.example/1.jpg",
        "params": ("create_post=false",),
    }  # fmt: skip
    record = setup.upload(setup.photos[0], **given)
    assert (record["exit_code"], "2018-08-01" in record["error"]) == (2, True)
    assert setup.upload(setup.photos[0], **given, force=True)["uploaded"][0]["post_id"] is None


@pytest.mark.parametrize(
    ("config", "exit_code"),
    [({"public_key": "x"}, 3), ({"identity_token": IDENTITY.replace("0", "f")}, 4), ({"identity_token": "abc"}, 2)],
)
def test_oneall_errors_are_told_apart(setup: Setup, config: dict[str, str], exit_code: int) -> None:
    record = setup.upload(setup.photos[0], to="one", config={"one": config}, url="https://a.example/1.jpg")
    assert (record["exit_code"], setup.page.world.pushes) == (exit_code, [])


def test_a_lost_push_is_never_repeated_unasked(setup: Setup) -> None:
    given = {"to": "one", "url": "https://a.example/1.jpg"}
    setup.page.faults.set("graph-reset", times=1, match="/push/")
    lost = setup.upload(setup.photos[0], **given)
    assert lost["exit_code"] == 4
    assert "gave no whole answer" in lost["failed"][0]["error"], "what happened"
    assert "--again" in lost["failed"][0]["error"], "and what to do next"
    assert "without --undo" in setup.upload(setup.photos[0], **given, undo=True)["failed"][0]["error"]
    assert setup.upload(setup.photos[0], **given)["exit_code"] == 4
    assert len(setup.page.world.pushes) == 1
    assert setup.upload(setup.photos[0], **given, again=True)["exit_code"] == 0
