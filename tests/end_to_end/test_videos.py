"""Videos that only an album shows: it lists them like photos, without a file, so they are asked for by id."""

from __future__ import annotations

from fbbackup.catalog.withheld import FORBIDDEN, REFUSED
from tests.end_to_end.conftest import MakeHome
from tests.end_to_end.harness import Home, small


def only_in_album(home: Home) -> str:
    """A video that somebody else put into one of the albums, so that the own list of videos lacks it."""
    library = home.sim.library
    listed = list(library.video_list())
    video = next(one for album in library.album_list() for one in library.album_photos(album) if one in listed)
    library.video_list().hidden.add(video)
    return video


def state(home: Home, video: str) -> tuple[str, str | None]:
    return home.rows("SELECT state, last_error FROM photos WHERE id = ?", video)[0]  # type: ignore[return-value]


def missing(home: Home) -> dict[str, str]:
    return dict(home.rows("SELECT id, last_error FROM missing"))  # type: ignore[arg-type]


def test_a_video_that_only_an_album_shows_is_fetched(home: Home) -> None:
    video = only_in_album(home)
    result = home.sync()
    assert (result.exit_code, result.line.split(":")[0]) == (0, "complete")
    assert state(home, video) == ("stored", None)
    home.forget()
    assert home.sync(deep=True).exit_code == 0
    assert home.downloads == 0


def test_many_of_them_cost_one_request_for_fifty(make_home: MakeHome) -> None:
    home = make_home(small(album_sizes=[3, 3, 3], videos=40), videos_without_source=False)
    library = home.sim.library
    library.video_list().hidden.update(library.video_list())
    assert home.sync().exit_code == 0
    assert home.value("SELECT count(*) FROM photos WHERE kind = 'video' AND state = 'stored'") == 20
    assert home.sim.calls["/"] == 1


def test_a_video_without_a_file_stays_visible_and_is_no_failure(home: Home) -> None:
    video = only_in_album(home)
    home.sim.library.override(video, source=None)
    result = home.sync()
    assert (result.exit_code, result.outcome) == (0, "complete")
    assert result.line.startswith("up to date")
    assert "1 photo that Facebook hands out no file for" in result.line
    assert state(home, video) == ("unavailable", REFUSED)
    assert missing(home) == {video: REFUSED}
    code, words, _ = home.command("audit")
    assert code == 4
    assert f"missing: {video} (unavailable): {REFUSED}" in words
    assert "1 not handed out by Facebook" in home.command("status")[1]


def test_a_definite_answer_is_not_asked_for_again_before_the_next_deep_run(home: Home) -> None:
    video = only_in_album(home)
    home.sim.library.override(video, source=None)
    home.sync()
    home.forget()
    assert home.sync().exit_code == 0
    assert home.sim.calls.get("/{id}", 0) == 0
    home.sim.library.overrides[video].pop("source")
    assert home.sync().exit_code == 0
    assert state(home, video)[0] == "unavailable"
    home.sync(deep=True)
    assert state(home, video) == ("stored", None)


def test_without_a_deep_run_it_is_asked_for_again_after_two_weeks(home: Home) -> None:
    video = only_in_album(home)
    home.sim.library.override(video, source=None)
    home.sync()
    home.sim.library.overrides[video].pop("source")
    home.sim.clock.advance(15 * 86_400)
    home.sync()
    assert state(home, video) == ("stored", None)


def test_a_refused_video_is_let_go_after_three_runs(home: Home) -> None:
    video = only_in_album(home)
    home.fault("permission-error", rf"/{video}\?")
    assert [home.sync().exit_code for _ in range(4)] == [4, 4, 0, 0]
    assert "code 10" in missing(home)[video]
    home.sim.faults.clear()
    home.sync(deep=True)
    assert state(home, video) == ("stored", None)


def test_videos_that_nobody_wants_are_no_gap(make_home: MakeHome) -> None:
    home = make_home(account={"videos": False})
    result = home.sync()
    assert (result.exit_code, result.line.split(":")[0]) == (0, "complete")
    assert home.value("SELECT count(*) FROM photos WHERE kind = 'video' AND state = 'unavailable'") == 1
    code, words, _ = home.command("audit")
    assert code == 0, words
    home.forget()
    assert home.sync(deep=True).exit_code == 0
    assert home.sim.calls.get("/{id}", 0) == 0
    home.account.clear()
    home.complete()


def test_videos_that_become_unwanted_stay_and_are_no_gap(home: Home) -> None:
    home.complete()
    kept = home.kept()
    home.account["videos"] = False
    result = home.sync(deep=True)
    assert (result.exit_code, home.kept()) == (0, kept)


def test_videos_without_permission_are_said_and_fetched_once_it_is_there(home: Home) -> None:
    video = only_in_album(home)
    home.sim.access.decline("user_videos")
    result = home.sync()
    assert (result.exit_code, result.line.split(":")[0]) == (0, "up to date")
    assert missing(home) == {video: FORBIDDEN}
    assert home.sim.calls.get("/{id}", 0) == 0
    home.sim.access.grant("user_videos")
    assert home.sync().exit_code == 0
    assert state(home, video) == ("stored", None)
