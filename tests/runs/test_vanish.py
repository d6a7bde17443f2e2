"""What a run believes about photos that are no longer shown, and what it does not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fbbackup.errors import BudgetSpent, LoginNeeded, MassVanish, SourceUnavailable
from fbbackup.models import Album, Identity, Page
from tests.fake_source import FakeSource
from tests.jobs import Bench


async def test_removed_photo_gets_a_tombstone_and_keeps_its_file(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()
    body = facebook.bodies["1026"]
    facebook.remove("1026")
    result = await ada.run()
    assert ada.rows("SELECT id, gone_evidence FROM photos WHERE gone_at IS NOT NULL") == [
        ("1026", "code 100/33: does not exist")
    ]
    assert (await ada.stored())["1026"] == body
    assert result.outcome == "complete"


async def test_photo_taken_out_of_an_album_but_alive_loses_only_the_membership(
    ada: Bench, facebook: FakeSource
) -> None:
    await ada.run()
    facebook.library["2"].remove("1026")
    facebook.updated["2"] += 1
    await ada.run()
    assert facebook.asked == [["1026"]]
    assert ada.value("SELECT count(*) FROM photos WHERE gone_at IS NOT NULL") == 0
    assert ada.value("SELECT count(*) FROM album_photos WHERE photo_id = '1026' AND removed_at IS NOT NULL") == 1


async def test_gone_photo_that_returns_loses_its_tombstone(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()
    photo = facebook.photos["1026"]
    facebook.remove("1026")
    await ada.run()
    facebook.photos["1026"] = photo
    facebook.library["2"].append("1026")
    facebook.updated["2"] += 1
    await ada.run()
    assert ada.value("SELECT gone_at FROM photos WHERE id = '1026'") is None


async def test_removed_album_is_believed_only_on_denial_of_its_photos(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()
    for id_ in list(facebook.library["2"]):
        facebook.remove(id_)
    del facebook.library["2"]
    await ada.run()
    assert ada.value("SELECT gone_at IS NOT NULL FROM albums WHERE remote_id = '2'") == 1
    assert ada.value("SELECT count(*) FROM photos WHERE gone_at IS NOT NULL") == 3
    assert len(await ada.stored()) == 28


async def test_mass_vanish_changes_nothing_and_says_so(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()
    for id_ in list(facebook.library["1"]):
        facebook.remove(id_)
    before = ada.rows("SELECT id, gone_at FROM photos"), ada.rows("SELECT photo_id, removed_at FROM album_photos")
    result = await ada.run()
    after = ada.rows("SELECT id, gone_at FROM photos"), ada.rows("SELECT photo_id, removed_at FROM album_photos")
    assert before == after
    assert isinstance(result.error, MassVanish)
    assert result.exit_code == 4
    assert "25 of 28" in result.line
    assert facebook.asked == []


async def test_empty_album_list_is_not_believed(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()
    kept = dict(facebook.library)
    facebook.library.clear()
    result = await ada.run()
    assert isinstance(result.error, MassVanish)
    assert ada.value("SELECT count(*) FROM albums WHERE gone_at IS NOT NULL") == 0
    facebook.library.update(kept)
    assert (await ada.run()).outcome == "complete"


async def test_confirmed_mass_vanish_is_carried_out_and_files_stay(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()
    for id_ in list(facebook.library["1"]):
        facebook.remove(id_)
    await ada.run()
    result = await ada.run(accept_vanished=True)
    assert result.outcome == "complete"
    assert ada.value("SELECT count(*) FROM photos WHERE gone_at IS NOT NULL") == 25
    assert len(await ada.stored()) == 28


async def test_lost_permission_is_an_error_and_marks_nothing(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()

    async def refused() -> object:
        raise LoginNeeded("the permission user_photos is declined")

    facebook.identity = refused  # type: ignore[method-assign, assignment]
    facebook.library.clear()
    result = await ada.run()
    assert result.exit_code == 3
    assert ada.value("SELECT count(*) FROM photos WHERE gone_at IS NOT NULL") == 0


@pytest.mark.parametrize(("days", "gone"), [(-1, 0), (1, 1)])
async def test_denials_after_access_to_the_data_ended_are_not_believed(
    ada: Bench, facebook: FakeSource, days: int, gone: int
) -> None:
    await ada.run()
    facebook.data_ends_at = ada.now + timedelta(days=days)
    facebook.remove("1026")
    result = await ada.run()
    assert ada.value("SELECT count(*) FROM photos WHERE gone_at IS NOT NULL") == gone
    assert ("access to the data ended" in result.line, result.exit_code) == ((False, 0) if gone else (True, 3))


@pytest.mark.parametrize("known", [True, False], ids=["known", "first"])
async def test_a_permission_that_was_lost_in_a_run_cut_short_hides_nothing_for_long(
    ada: Bench, facebook: FakeSource, known: bool
) -> None:
    if known:
        await ada.run()
    facebook.add_album("4", photos=14)
    identity = facebook.identity

    def lose(album: str, cursor: str | None) -> None:
        facebook.lost = facebook.lost or cursor is not None

    async def spend() -> Identity:
        if facebook.lost:
            raise BudgetSpent("the call allowance is used up for 40 minutes", 2400)
        return await identity()

    facebook.before_page, facebook.identity = lose, spend  # type: ignore[method-assign]
    assert (await ada.run()).exit_code == 4
    facebook.lost, facebook.before_page = False, lambda album, cursor: None
    assert (await ada.run()).outcome == "complete"
    assert await ada.stored() == facebook.bodies


async def test_albums_listed_by_a_run_cut_short_are_not_listed_again(ada: Bench, facebook: FakeSource) -> None:
    facebook.counts["1"] = facebook.counts["2"] = 40

    def spend(album: str, cursor: str | None) -> None:
        if album == "3":
            raise BudgetSpent("the call allowance is used up for 40 minutes", 2400)

    facebook.before_page = spend
    for _ in range(3):
        await ada.run()
    assert facebook.opened == ["1", "2", "3", "3", "3"]
    facebook.before_page = lambda album, cursor: None
    assert (await ada.run()).outcome == "complete"
    assert facebook.opened == ["1", "2", "3", "3", "3", "3"]


async def test_an_album_that_was_listed_and_deleted_before_the_next_run_buries_its_photos(
    ada: Bench, facebook: FakeSource
) -> None:
    facebook.counts["2"] = 4

    def fail(album: str, cursor: str | None) -> None:
        if album == "3":
            raise SourceUnavailable("Facebook can't be reached")

    facebook.before_page = fail
    await ada.run()
    facebook.before_page = lambda album, cursor: None
    gone = list(facebook.library["2"])
    for id_ in gone:
        facebook.remove(id_)
    del facebook.library["2"]
    await ada.run()
    assert [id_ for (id_,) in ada.rows("SELECT id FROM photos WHERE gone_at IS NOT NULL ORDER BY id")] == gone


async def test_what_a_garbled_page_lacks_stays_in_its_album_unless_it_is_denied(
    ada: Bench, facebook: FakeSource
) -> None:
    await ada.run()
    original = facebook.page

    async def garbled(album: Album, cursor: str | None) -> Page:
        page = await original(album, cursor)
        return Page(page.photos[1:], page.next_cursor, ("item 1: an item without an id",))

    facebook.page = garbled  # type: ignore[method-assign]
    facebook.remove("1028")
    await ada.run(deep=True)
    members = ada.rows("SELECT photo_id FROM album_photos WHERE removed_at IS NULL AND album_id = 1 ORDER BY position")
    assert len(members) == 25
    assert ada.rows("SELECT id FROM photos WHERE gone_at IS NOT NULL") == [("1028",)]
