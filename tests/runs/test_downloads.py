"""What becomes of each photo: stored once, tried again, told apart from what may come, found again on the disk."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fbbackup.errors import DownloadError
from fbbackup.models import Answers, Photo
from tests.fake_source import FakeSource, jpeg
from tests.jobs import Bench, bench


async def test_expired_addresses_are_renewed_in_one_question(ada: Bench, facebook: FakeSource) -> None:
    facebook.expired = {id_ for id_ in facebook.photos}
    result = await ada.run()
    assert result.outcome == "complete"
    assert sum(len(ids) for ids in facebook.asked) == 28
    assert len(facebook.asked) <= 28 / 4


class Expiring(FakeSource):
    """Addresses that ended in 2020 by what they say themselves; asked for by id, a spoiled photo is well again."""

    def node(self, id_: str) -> Photo:
        photo = super().node(id_)
        ended = datetime(2020, 1, 1, tzinfo=UTC)
        return replace(photo, variants=tuple(replace(one, expires_at=ended) for one in photo.variants))

    async def photos_by_id(self, ids: Sequence[str], videos: Collection[str] = ()) -> Answers:
        for id_ in ids:
            self.spoiled.pop(id_, None)
        return await super().photos_by_id(ids, videos)


@pytest.fixture
def expiring() -> Expiring:
    source = Expiring()
    source.add_album("1", "Lake", photos=6)
    return source


async def test_addresses_that_were_just_handed_out_are_tried_whatever_the_clock_says(expiring: Expiring) -> None:
    with bench(expiring) as ada:
        expiring.before_read = lambda id_: (_ for _ in ()).throw(DownloadError("HTTP 503")) if id_ == "1003" else None
        await ada.run(attempts=1)
        assert (len(await ada.stored()), expiring.asked) == (5, [])
        expiring.before_read = lambda id_: None
        assert (await ada.run()).outcome == "complete"
        assert expiring.asked == [["1003"]]


@pytest.mark.parametrize("told", [b"<html>expired</html>", jpeg(1, (1, 1))])
async def test_an_expired_address_may_lead_to_a_page_or_a_dot(expiring: Expiring, told: bytes) -> None:
    expiring.spoiled = dict.fromkeys(expiring.photos, told)
    with bench(expiring) as ada:
        assert (await ada.run(attempts=1)).outcome == "complete"
        assert await ada.stored() == expiring.bodies
        assert sorted(id_ for ids in expiring.asked for id_ in ids) == sorted(expiring.photos)


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
