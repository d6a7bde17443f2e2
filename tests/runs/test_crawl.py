"""What a run opens and fetches, what it leaves alone, and where the next one goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

from fbbackup.errors import BudgetSpent, SourceUnavailable
from fbbackup.models import Album, Kind, Page
from tests.fake_source import FakeSource
from tests.jobs import Bench, bench


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


class Circling(FakeSource):
    """The list of albums never comes to its end."""

    async def albums(self) -> AsyncIterator[Sequence[Album]]:
        async for albums in super().albums():
            yield albums[:2]
        raise SourceUnavailable("Facebook's album list repeats itself; a later run tries again")


async def test_an_album_list_that_is_cut_short_leaves_out_only_what_it_did_not_show() -> None:
    source = Circling()
    for number in "123":
        source.add_album(number, f"Album {number}", photos=2)
    with bench(source) as ada:
        result = await ada.run()
        assert (result.outcome, result.exit_code) == ("incomplete", 4)
        assert "repeats itself" in result.line
        assert (await ada.stored()).keys() == {*source.library["1"], *source.library["2"]}
        assert ada.value("SELECT count(*) FROM photos WHERE gone_at IS NOT NULL") == 0
        del source.library["1"]
        await ada.run()
        assert ada.value("SELECT count(*) FROM albums WHERE gone_at IS NOT NULL") == 0


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
