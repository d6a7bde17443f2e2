"""The main job on doubles: what is fetched, what is not fetched again, what is believed, what is never lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from fbbackup.errors import BudgetSpent, DownloadError, LoginNeeded, MassVanish, SourceUnavailable
from fbbackup.models import Album, Identity, Kind, Page, Photo
from tests.fake_source import FakeSource, jpeg
from tests.jobs import Bench, bench


@pytest.fixture
def facebook() -> FakeSource:
    source = FakeSource()
    source.add_album("1", "Lake", photos=25)
    source.add_album("2", "Town", photos=3)
    source.add_album("3", "Empty")
    return source


@pytest.fixture
def ada(facebook: FakeSource) -> Iterator[Bench]:
    with bench(facebook) as made:
        yield made


async def test_first_run_stores_every_photo_byte_for_byte(ada: Bench, facebook: FakeSource) -> None:
    result = await ada.run()
    assert result.exit_code == 0
    assert result.outcome == "complete"
    assert await ada.stored() == facebook.bodies
    assert ada.store.survivors().keys() >= {key for (key,) in ada.rows("SELECT key FROM files")}
    assert ada.rows("SELECT photo_id FROM album_photos WHERE album_id = 1 ORDER BY position") == [
        (id_,) for id_ in facebook.library["1"]
    ]


async def test_every_stored_picture_has_its_thumbnail(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()
    assert ada.value("SELECT count(*) FROM files WHERE thumbnail_size = 32") == 28
    assert len(list(ada.store.keys("thumbnails/32/"))) == 28


async def test_lost_thumbnails_are_made_again_by_a_deep_run(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()
    removed, emptied, *_ = thumbnails = list(ada.store.keys("thumbnails/32/"))
    await ada.store.delete(removed[0])
    await ada.store.put_derived(emptied[0], b"")
    facebook.reads.clear()
    result = await ada.run(deep=True)
    assert result.counters["thumbnails"] == 2
    assert list(ada.store.keys("thumbnails/32/")) == thumbnails
    assert facebook.reads == []
    assert (await ada.run(deep=True)).counters["thumbnails"] == 0


async def test_second_run_opens_no_album_and_downloads_nothing(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()
    facebook.opened.clear()
    facebook.reads.clear()
    result = await ada.run()
    assert (facebook.opened, facebook.reads, result.outcome) == ([], [], "complete")


async def test_deep_run_opens_all_albums_and_downloads_nothing(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()
    facebook.opened.clear()
    facebook.reads.clear()
    await ada.run(deep=True)
    assert facebook.opened == ["1", "2", "3"]
    assert facebook.reads == []


async def test_albums_not_listed_for_long_are_listed_again(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()
    facebook.opened.clear()
    ada.now += timedelta(days=15)
    await ada.run(deep_after=timedelta(days=14))
    assert facebook.opened == ["1", "2", "3"]


class WithUploads(FakeSource):
    """The list of all uploads is an album that shows every photo once more."""

    def album(self, id_: str) -> Album:
        found = super().album(id_)
        return replace(found, kind="uploads", virtual=True, remote_count=None) if id_ == "uploads" else found


async def test_a_long_list_of_uploads_waits_a_day_and_then_comes_without_a_deep_run() -> None:
    source = WithUploads()
    source.add_album("1", "Lake", photos=3)
    source.add_album("uploads", photos=2)
    with bench(source) as ada:
        first = await ada.run(sweep_calls=0)
        assert ("uploads" in source.opened, first.exit_code, len(source.reads)) == (False, 0, 3)
        assert "uploads outside albums" in first.line
        ada.now += timedelta(days=1)
        second = await ada.run(sweep_calls=0)
        assert (second.outcome, len(source.reads)) == ("complete", 5)
        source.opened.clear()
        await ada.run(sweep_calls=0, deep_after=timedelta(days=14))
        assert source.opened == []
        ada.now += timedelta(days=15)
        await ada.run(sweep_calls=0, deep_after=timedelta(days=14))
        assert "uploads" in source.opened


async def test_changed_settings_open_everything_again(ada: Bench, facebook: FakeSource) -> None:
    await ada.run(wanted="videos=no")
    facebook.opened.clear()
    await ada.run(wanted="videos=yes")
    assert facebook.opened == ["1", "2", "3"]


async def test_new_photo_is_fetched_and_only_its_album_opened(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()
    facebook.opened.clear()
    facebook.reads.clear()
    new = facebook.add("2")
    await ada.run()
    assert facebook.opened == ["2"]
    assert facebook.reads == [new]


async def test_caption_change_keeps_the_old_words(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()
    facebook.edit("1001", caption="new words")
    await ada.run(deep=True)
    assert ada.rows("SELECT photo_id, field, old, new FROM caption_history") == [
        ("1001", "caption", "caption 1", "new words")
    ]
    assert ada.rows("SELECT rowid FROM photos_fts WHERE photos_fts MATCH 'new words'") == [(1,)]


async def test_album_rename_keeps_the_old_title_and_is_searchable(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()
    facebook.titles["2"] = "Harbour"
    await ada.run()
    assert ada.rows("SELECT field, old, new FROM revisions") == [("title", "Town", "Harbour")]
    assert ada.value("SELECT count(*) FROM photos_fts WHERE photos_fts MATCH 'harbour'") == 3
    assert ada.value("SELECT count(*) FROM photos_fts WHERE photos_fts MATCH 'town'") == 0


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


async def test_moved_photo_is_no_loss_and_costs_no_download(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()
    facebook.reads.clear()
    facebook.library["2"].remove("1026")
    facebook.library["1"].append("1026")
    facebook.updated["1"] += 1
    facebook.updated["2"] += 1
    await ada.run()
    assert facebook.asked == []
    assert facebook.reads == []
    active = ada.rows("SELECT album_id FROM album_photos WHERE photo_id = '1026' AND removed_at IS NULL")
    assert active == [(1,)]


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


async def test_crawl_goes_on_at_the_failed_page(ada: Bench, facebook: FakeSource) -> None:
    def fail(album: str, cursor: str | None) -> None:
        if cursor == "20":
            raise SourceUnavailable("Facebook can't be reached")

    facebook.before_page = fail
    result = await ada.run()
    assert (result.exit_code, result.outcome) == (4, "incomplete")
    assert len(await ada.stored()) == 23
    pages: list[str | None] = []
    facebook.before_page = lambda album, cursor: pages.append(cursor) if album == "1" else None
    assert (await ada.run()).outcome == "complete"
    assert pages == ["20"]


async def test_rejected_cursor_starts_the_album_over(ada: Bench, facebook: FakeSource) -> None:
    await_failure = {"20": SourceUnavailable("down")}

    def fail(album: str, cursor: str | None) -> None:
        if cursor in await_failure:
            raise await_failure.pop(cursor)

    facebook.before_page = fail
    await ada.run()
    ada.catalog.write_now(lambda db: db.execute("UPDATE listings SET cursor = 'rotten'") and None)
    assert (await ada.run()).outcome == "complete"
    assert len(await ada.stored()) == 28


async def test_repeating_cursor_ends_the_listing_as_unknown(ada: Bench, facebook: FakeSource) -> None:
    original = facebook.page

    async def looping(album: object, cursor: str | None) -> object:
        page = await original(album, cursor)  # type: ignore[arg-type]
        return type(page)(page.photos, "10", ()) if cursor else page

    facebook.page = looping  # type: ignore[method-assign, assignment]
    result = await ada.run()
    assert result.outcome == "incomplete"
    assert ada.value("SELECT listed_at FROM albums WHERE remote_id = '1'") is None
    assert ada.value("SELECT verdict FROM album_audits WHERE album_id = 1") == "unknown"


async def test_expired_addresses_are_renewed_in_one_question(ada: Bench, facebook: FakeSource) -> None:
    facebook.expired = {id_ for id_ in facebook.photos}
    result = await ada.run()
    assert result.outcome == "complete"
    assert sum(len(ids) for ids in facebook.asked) == 28
    assert len(facebook.asked) <= 28 / 4


async def test_bad_photo_never_stops_the_run_and_says_why(ada: Bench, facebook: FakeSource) -> None:
    facebook.spoiled["1003"] = facebook.bodies["1003"][:-30]
    result = await ada.run()
    assert len(await ada.stored()) == 27
    assert result.exit_code == 4
    state, reason, again = ada.rows("SELECT state, last_error, next_try_at FROM photos WHERE id = '1003'")[0]
    assert state == "failed"
    assert reason
    assert again
    assert ada.value("SELECT verdict FROM album_audits WHERE album_id = 1") == "short"
    facebook.spoiled.clear()
    assert (await ada.run()).outcome == "complete"


async def test_the_daemon_leaves_a_failed_photo_alone_until_its_time(ada: Bench, facebook: FakeSource) -> None:
    facebook.before_read = lambda id_: (
        (_ for _ in ()).throw(DownloadError("404", final=True)) if id_ == "1003" else None
    )
    await ada.run()
    facebook.reads.clear()
    await ada.run(all_failed=False)
    assert facebook.reads == []
    ada.now += timedelta(hours=1)
    await ada.run(all_failed=False)
    assert facebook.reads == ["1003"]


async def test_far_side_down_stops_the_downloads_not_the_crawl(facebook: FakeSource) -> None:
    facebook.add_album("4", photos=300)
    facebook.before_read = lambda id_: (_ for _ in ()).throw(DownloadError("HTTP 503"))
    with bench(facebook) as ada:
        result = await ada.run(attempts=1)
        assert result.exit_code == 4
        assert "HTTP 503" in result.line
        assert len(facebook.reads) < 80
        assert ada.value("SELECT count(*) FROM photos") == 328
        facebook.before_read = lambda id_: None
        assert (await ada.run()).outcome == "complete"


async def test_same_bytes_under_two_ids_are_stored_once(ada: Bench, facebook: FakeSource) -> None:
    twin = facebook.add("2", body=facebook.bodies["1001"])
    await ada.run()
    assert ada.value("SELECT count(*) FROM files") == 28
    stored = await ada.stored()
    assert stored[twin] == stored["1001"]
    assert ada.value("SELECT count(*) FROM photo_files") == 29


async def test_larger_picture_later_becomes_a_second_file(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()
    old = facebook.bodies["1001"]
    facebook.bodies["1001"] = jpeg(1, (640, 480))
    facebook.edit("1001", title="better")
    await ada.run(deep=True)
    assert (await ada.stored())["1001"] == facebook.bodies["1001"]
    files = ada.rows(
        "SELECT f.key, x.is_current FROM photo_files x JOIN files f USING (sha256) WHERE x.photo_id = '1001'"
    )
    assert sorted(files) == [
        ("photos/2014/07/2014-07-05_1001-2.jpg", 1),
        ("photos/2014/07/2014-07-05_1001.jpg", 0),
    ]
    assert old in ada.store.survivors().values()


async def test_smaller_picture_later_changes_nothing(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()
    facebook.reads.clear()
    facebook.bodies["1001"] = jpeg(1, (8, 6))
    facebook.edit("1001", title="worse")
    await ada.run(deep=True)
    assert facebook.reads == []


async def test_file_that_disappeared_is_fetched_again(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()
    key = ada.value("SELECT f.key FROM files f JOIN photos p ON p.sha256 = f.sha256 WHERE p.id = '1002'")
    await ada.store.delete(key)
    facebook.reads.clear()
    result = await ada.run()
    assert facebook.reads == ["1002"]
    assert result.outcome == "complete"
    assert any(key in note for note in result.notes)
    assert ada.value("SELECT count(*) FROM files WHERE damaged_at IS NOT NULL") == 0


async def test_file_left_by_a_crash_is_adopted_without_a_download(ada: Bench, facebook: FakeSource) -> None:
    class Crash(Exception):
        pass

    def fail(id_: str) -> None:
        raise Crash

    facebook.before_read = fail
    with pytest.raises(BaseExceptionGroup):
        await ada.run()
    await ada.store.put("photos/2014/07/2014-07-05_1001.jpg", facebook.bodies["1001"])
    facebook.before_read = lambda id_: None
    facebook.reads.clear()
    assert (await ada.run()).outcome == "complete"
    assert "1001" not in facebook.reads
    assert (await ada.stored())["1001"] == facebook.bodies["1001"]


async def test_budget_spent_ends_the_crawl_but_not_the_downloads(ada: Bench, facebook: FakeSource) -> None:
    def spend(album: str, cursor: str | None) -> None:
        if album == "2":
            raise BudgetSpent("the call allowance is used up for 40 minutes", 2400)

    facebook.before_page = spend
    result = await ada.run()
    assert isinstance(result.error, BudgetSpent)
    assert result.exit_code == 4
    assert len(await ada.stored()) == 10
    facebook.before_page = lambda album, cursor: None
    assert (await ada.run()).outcome == "complete"


async def test_lost_permission_is_an_error_and_marks_nothing(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()

    async def refused() -> object:
        raise LoginNeeded("the permission user_photos is declined")

    facebook.identity = refused  # type: ignore[method-assign, assignment]
    facebook.library.clear()
    result = await ada.run()
    assert result.exit_code == 3
    assert ada.value("SELECT count(*) FROM photos WHERE gone_at IS NOT NULL") == 0


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


async def test_a_known_album_that_goes_in_circles_is_not_called_complete(ada: Bench, facebook: FakeSource) -> None:
    await ada.run()
    original = facebook.page

    async def looping(album: Album, cursor: str | None) -> Page:
        page = await original(album, cursor)
        return Page(page.photos, "10") if cursor else page

    facebook.page = looping  # type: ignore[method-assign]
    assert (await ada.run(deep=True)).exit_code == 4
    facebook.page = original  # type: ignore[method-assign]
    facebook.opened.clear()
    assert (await ada.run()).outcome == "complete"
    assert facebook.opened == ["1"]


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


async def test_a_login_that_may_read_more_than_before_sees_every_album_afresh(ada: Bench, facebook: FakeSource) -> None:
    facebook.readable = frozenset({Kind.PHOTO})
    await ada.run()
    facebook.opened.clear()
    facebook.readable = frozenset(Kind)
    await ada.run()
    assert facebook.opened == ["1", "2", "3"]


async def test_albums_that_claim_more_than_they_show_are_not_called_complete(ada: Bench, facebook: FakeSource) -> None:
    facebook.counts["2"] = 5
    result = await ada.run()
    assert result.exit_code == 0
    assert "claims 2 more" in result.line
    assert not result.line.startswith("complete")
    assert [gap.title for gap in result.gaps] == ["Town"]


async def test_photo_without_any_variant_is_asked_for_and_then_told_apart_from_what_may_come(
    ada: Bench, facebook: FakeSource
) -> None:
    original = facebook.node

    def bare(id_: str) -> Photo:
        photo = original(id_)
        return photo if id_ != "1026" else Photo(id_, raw="{}")

    facebook.node = bare  # type: ignore[method-assign]
    result = await ada.run()
    assert ada.value("SELECT state FROM photos WHERE id = '1026'") == "unavailable"
    assert facebook.asked == [["1026"]]
    assert (result.exit_code, result.outcome) == (0, "complete")
    assert result.line.startswith("up to date")
    assert [(gap.verdict, gap.pending, gap.withheld) for gap in result.gaps] == [("short", 0, 1)]
    facebook.node = original  # type: ignore[method-assign]
    assert (await ada.run(deep=True)).outcome == "complete"
