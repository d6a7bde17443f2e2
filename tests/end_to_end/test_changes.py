"""What changes upstream between two runs: followed, never lost, and never taken for more than it is."""

from __future__ import annotations

import io

from PIL import Image

from tests.end_to_end.conftest import MakeHome
from tests.end_to_end.harness import Home, small


def drawn(size: tuple[int, int] = (80, 60), color: str = "teal") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, "JPEG")
    return out.getvalue()


def roomy(home: Home) -> list[str]:
    """Albums that have at least three photos, the fullest first."""
    library = home.sim.library
    return sorted(library.album_list(), key=lambda one: -library.album_photos(one).visible())


def test_new_photos_cost_no_second_look_at_the_others(home: Home) -> None:
    home.complete()
    home.forget()
    added = [home.sim.library.add_photo(roomy(home)[0], f"New {n}") for n in range(3)]
    result = home.complete()
    assert home.downloads == 3
    assert result.counters["photos_new"] == 3
    assert home.current().keys() >= set(added)


def test_a_new_album_and_an_upload_outside_albums(home: Home) -> None:
    home.complete()
    album = home.sim.library.add_album("Later")
    home.sim.library.add_photo(album, "in it")
    home.sim.library.add_photo(None, "outside")
    home.complete()


def test_a_deleted_photo_leaves_its_file_and_a_tombstone_with_evidence(home: Home) -> None:
    home.complete()
    files = home.files()
    victim = next(iter(home.sim.library.album_photos(roomy(home)[0])))
    home.sim.library.delete_photo(victim)
    home.complete()
    assert home.tombstones().keys() == {victim}
    assert "does not exist" in home.tombstones()[victim]
    assert home.files() == files
    assert victim in home.kept()
    home.complete(deep=True)
    assert home.files() == files


def test_a_deleted_photo_that_comes_back_lives_again(home: Home) -> None:
    home.complete()
    album = roomy(home)[0]
    victim = next(iter(home.sim.library.album_photos(album)))
    home.sim.library.delete_photo(victim)
    home.complete()
    home.sim.library.gone.discard(victim)
    home.forget()
    home.complete(deep=True)
    assert home.tombstones() == {}
    assert home.downloads == 0


def test_a_deleted_album_keeps_its_files(home: Home) -> None:
    home.complete()
    files = home.files()
    album = min((one for one in roomy(home) if home.sim.library.album_photos(one).visible()),
                key=lambda one: home.sim.library.album_photos(one).visible())  # fmt: skip
    home.sim.library.delete_album(album)
    home.complete(accept_vanished=True)
    assert home.value("SELECT gone_at IS NOT NULL FROM albums WHERE remote_id = ?", album) == 1
    assert home.files() == files


def test_an_album_deleted_while_it_is_read(make_home: MakeHome) -> None:
    home = make_home(small(album_sizes=[9, 7, 8]), page_cap=3)
    home.sim.faults.set("album-deleted", times=1, match="/photos?")
    home.exit_code()
    home.sim.faults.clear()
    home.complete(accept_vanished=True)


def test_many_photos_gone_at_once_change_nothing(home: Home) -> None:
    home.complete()
    before, members = home.snapshot(), home.members()
    for victim in list(home.sim.library.album_photos(roomy(home)[0])):
        home.sim.library.delete_photo(victim)
    for _ in range(2):
        result = home.sync()
        assert (result.exit_code, home.tombstones()) == (4, {})
        assert "all at once" in result.line
        assert home.snapshot()["photos"] == before["photos"]
        assert home.members() == members
    files = home.files()
    home.complete(accept_vanished=True)
    assert home.tombstones()
    assert home.files() == files


def test_the_brake_lets_go_when_facebook_is_well_again(home: Home) -> None:
    home.complete()
    before = home.snapshot()
    album = roomy(home)[0]
    hidden = set(home.sim.library.album_photos(album))
    home.sim.library.gone |= hidden
    assert home.sync(deep=True).exit_code == 4
    home.sim.library.gone -= hidden
    home.complete()
    assert home.tombstones() == {}
    assert home.snapshot() == before


def test_a_new_caption_keeps_the_old_one(home: Home) -> None:
    home.complete()
    photo, old = home.rows("SELECT id, caption FROM photos WHERE caption IS NOT NULL AND kind = 'photo' LIMIT 1")[0]
    home.sim.library.recaption(photo, "Words that were written anew")
    home.complete(deep=True)
    assert home.value("SELECT caption FROM photos WHERE id = ?", photo) == "Words that were written anew"
    assert home.rows("SELECT field, old FROM revisions WHERE photo_id = ?", photo) == [("caption", old)]


def test_a_caption_that_was_taken_away_is_kept_as_a_revision(home: Home) -> None:
    home.complete()
    photo, old = home.rows("SELECT id, caption FROM photos WHERE caption IS NOT NULL AND kind = 'photo' LIMIT 1")[0]
    home.sim.library.recaption(photo, None)
    home.complete(deep=True)
    assert home.value("SELECT caption FROM photos WHERE id = ?", photo) is None
    assert home.rows("SELECT old FROM revisions WHERE photo_id = ?", photo) == [(old,)]


def test_a_caption_that_changed_is_found_without_a_deep_run_in_time(home: Home) -> None:
    home.complete()
    photo = home.value("SELECT id FROM photos WHERE kind = 'photo' LIMIT 1")
    home.sim.library.recaption(photo, "Found by rotation")
    home.sim.clock.advance(15 * 86_400)
    home.complete()
    assert home.value("SELECT caption FROM photos WHERE id = ?", photo) == "Found by rotation"


def test_a_renamed_album(home: Home) -> None:
    home.complete()
    home.forget()
    album = roomy(home)[0]
    home.sim.library.rename_album(album, "Its other name")
    home.complete()
    assert home.value("SELECT title FROM albums WHERE remote_id = ?", album) == "Its other name"
    assert home.downloads == 0


def test_a_moved_photo_changes_its_album_and_nothing_else(home: Home) -> None:
    home.complete()
    files = home.files()
    home.forget()
    there, here = roomy(home)[:2]
    photo = next(one for one in home.sim.library.album_photos(here) if home.sim.library.item(one).kind == "photo")  # type: ignore[union-attr]
    home.sim.library.move_photo(photo, there)
    home.complete()
    assert (home.downloads, home.tombstones(), home.files()) == (0, {}, files)
    home.complete(deep=True)


def test_an_album_moved_into_another_whole(home: Home) -> None:
    """Many photos missing from one album at once is no mass vanishing when another album shows them."""
    home.complete()
    there, here = roomy(home)[:2]
    for photo in list(home.sim.library.album_photos(here)):
        if home.sim.library.item(photo).kind == "photo":  # type: ignore[union-attr]
            home.sim.library.move_photo(photo, there)
    home.complete()
    assert home.tombstones() == {}


def test_a_photo_whose_album_is_deleted_is_an_upload_outside_albums_at_once(home: Home) -> None:
    album, photo = home.sim.library.add_album("Not for long"), home.sim.library.add_photo(None, "Outlives it")
    home.sim.library.share_photo(photo, album)
    home.complete()
    home.sim.library.delete_album(album)
    home.forget()
    home.complete()
    assert home.sim.calls["/me/photos"] == 2, "lists were read, not only looked at"
    home.complete(deep=True)


def test_a_photo_that_leaves_its_album_has_its_place_among_the_uploads_in_the_same_deep_run(home: Home) -> None:
    library = home.sim.library
    album, photo = roomy(home)[0], library.add_photo(None, "Guest for a while")
    library.add_photo(None, "A later one")
    library.share_photo(photo, album)
    home.complete()
    library.album_photos(album).hidden.add(photo)
    home.complete(deep=True)
    loose = [one for one in library.own_photos("uploaded") if one in home.expected_members()["uploads"]]
    assert home.rows(
        "SELECT m.photo_id FROM album_photos m JOIN albums a ON a.id = m.album_id WHERE a.kind = 'uploads' "
        "AND m.removed_at IS NULL ORDER BY m.position"
    ) == [(one,) for one in loose]


def test_a_photo_in_two_albums_is_stored_once(home: Home) -> None:
    home.complete()
    there, here = roomy(home)[:2]
    photo = next(iter(home.sim.library.album_photos(here)))
    home.sim.library.share_photo(photo, there)
    home.forget()
    home.complete()
    assert home.downloads == 0
    assert home.value("SELECT count(*) FROM album_photos WHERE photo_id = ? AND removed_at IS NULL", photo) >= 2


def test_the_same_bytes_under_several_ids_are_one_file(home: Home) -> None:
    data = drawn()
    twins = [home.sim.library.add_photo(roomy(home)[n % 2], f"Twin {n}", data) for n in range(6)]
    home.complete()
    assert home.value("SELECT count(DISTINCT sha256) FROM photos WHERE id IN (SELECT value FROM json_each(?))",
                      str(twins).replace("'", '"')) == 1  # fmt: skip
    assert sum(body == data for body in home.files().values()) == 1
    home.sim.library.delete_photo(twins[0])
    home.complete()
    assert sum(body == data for body in home.files().values()) == 1


def test_a_photo_that_facebook_encoded_anew_gets_a_second_file(home: Home) -> None:
    photo = home.sim.library.add_photo(roomy(home)[0], "Small at first", drawn((80, 60)))
    home.complete()
    files = home.files()
    larger = drawn((160, 120), "navy")
    home.sim.library.own_bytes[photo] = larger
    home.sim.library.own_sizes[photo] = (160, 120, "jpeg")
    home.sim.pictures._kept.clear()
    home.complete(deep=True)
    assert home.files().items() > files.items()
    assert larger in home.files().values()


def test_tagged_photos_are_left_out_when_not_wanted(make_home: MakeHome) -> None:
    home = make_home(account={"tagged": False})
    assert home.exit_code() == 0
    tagged = set(home.sim.library.own_photos("tagged"))
    assert not tagged & home.current().keys()


def test_albums_that_claim_more_than_they_show_are_told_apart_from_gaps(make_home: MakeHome) -> None:
    home = make_home(small(overcount=3))
    result = home.sync()
    assert result.exit_code == 0
    assert "claims" in result.line
    assert home.current() == home.expected()
    home.forget()
    assert home.sync().exit_code == 0
    assert home.calls <= 6


def test_a_file_that_somebody_took_away_is_fetched_again(home: Home) -> None:
    home.complete()
    key, body = next(iter(home.files().items()))
    (home.archive / key).unlink()
    home.complete()
    assert home.files()[key] == body


def test_a_dry_run_changes_nothing(home: Home) -> None:
    home.complete()
    home.sim.library.add_photo(roomy(home)[0], "Not yet")
    before, files = home.snapshot(), home.files()
    result = home.sync(dry_run=True)
    assert "1 photo would be fetched" in result.line
    assert (home.snapshot(), home.files()) == (before, files)
    home.complete()
