"""What is worth a notice, and that nobody is told twice or falsely."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fbbackup.catalog.changes import Changes
from fbbackup.config import Notify
from fbbackup.credentials import Credentials
from fbbackup.errors import ArchiveUnusable, BudgetSpent, Incomplete, LoginNeeded, MassVanish, SourceUnavailable
from fbbackup.notices import Clocks, Memory, Run, Speaker, digest
from tests.notices.receiving import receiving

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
DAY = timedelta(days=1)
GOOD = Run("ada", NOW, "complete")


class Office:
    """A speaker whose notices lie in its memory; each `after` is a speaker of its own, as after a restart."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.memory = Memory(folder / "state")
        self._settings = Notify(**{"digest": "never", **settings})
        self._credentials = Credentials({"STATE_DIRECTORY": str(folder / "state")})

    async def after(self, run: Run) -> list[str]:
        """Kinds of the notices that this run gave reason for."""
        before = len(self.memory.recent())
        await Speaker(self._settings, self._credentials, self.memory).after(run)
        found = self.memory.recent()
        return [one["event"] for one in reversed(found[: len(found) - before])]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def ends(login: timedelta | None, data: timedelta | None = None, at: datetime = NOW) -> Run:
    clocks = Clocks(at, NOW + login if login is not None else None, NOW + data if data is not None else None)
    return replace(GOOD, at=at, clocks=clocks)


async def test_warnings_come_at_each_step_once(office: Office) -> None:
    told = []
    for hour in range(20 * 24):
        at = NOW + timedelta(hours=hour)
        for kind in await office.after(ends(20 * DAY, at=at)):
            told.append((20 - hour / 24, kind))
    assert told == [(14, "login-ends"), (7, "login-ends"), (3, "login-ends"), (1, "login-ends")]
    assert "ends in 24 hours" in office.memory.recent()[0]["title"]


async def test_the_address_for_phones_is_told_where_a_login_helps(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "state")
    speaker = Speaker(Notify(), Credentials({"STATE_DIRECTORY": str(tmp_path)}), memory, "http://nas.local:8765")
    await speaker.after(ends(3 * DAY))
    await speaker.after(replace(GOOD, error=LoginNeeded("the password was changed")))
    await speaker.after(replace(GOOD, error=ArchiveUnusable("no disk")))
    told = memory.recent()
    assert [one["event"] for one in told] == ["trouble", "login-ended", "login-ends"]
    address = "http://nas.local:8765/accounts/ada/login"
    assert [address in one["text"] for one in told] == [False, True, True]
    assert told[1]["login_url"] == address


async def test_alarms_last_as_long_as_what_they_tell_of(office: Office) -> None:
    def now(days: float = 0) -> list[str]:
        return [one.why for one in office.memory.alarms(NOW + days * DAY)]

    await office.after(ends(20 * DAY))
    assert now() == []
    await office.after(ends(13 * DAY, 2 * DAY))
    assert now() == ["access to the data ends on 2026-03-04"]
    assert now(3) == ["the login ends on 2026-03-15"]
    assert now(14) == []
    await office.after(replace(GOOD, error=LoginNeeded("the password was changed")))
    assert (now(), office.memory.alarms(NOW)[0].login) == (["the password was changed"], True)
    await office.after(ends(60 * DAY, 90 * DAY))
    assert now() == []
    (office.memory._file).write_text('{"accounts": {"a": 1, "b": {"said": {"x": 3}}, "c": {"trouble": []}}}')
    assert now() == []


async def test_both_clocks_are_watched(office: Office) -> None:
    assert await office.after(ends(5 * DAY, 2 * DAY)) == ["login-ends", "login-ends"]
    assert {one["what"] for one in office.memory.recent()} == {"the login", "access to the data"}


async def test_a_new_login_begins_anew(office: Office) -> None:
    assert await office.after(ends(2 * DAY)) == ["login-ends"]
    assert await office.after(ends(60 * DAY)) == []
    later = NOW + 47 * DAY
    assert await office.after(ends(60 * DAY, at=later)) == ["login-ends"]


async def test_an_end_that_is_told_a_little_differently_is_the_same(office: Office) -> None:
    assert await office.after(ends(2 * DAY)) == ["login-ends"]
    assert await office.after(ends(2 * DAY + timedelta(minutes=5))) == []


@pytest.mark.parametrize(
    "run",
    [
        replace(ends(DAY), error=SourceUnavailable("down")),
        replace(ends(DAY), error=BudgetSpent("limit", 60), at=NOW + 365 * DAY),
        replace(ends(-30 * DAY)),
        replace(ends(DAY), at=NOW + 365 * DAY),
        replace(ends(DAY), clocks=Clocks(None, NOW + DAY)),
        ends(None),
        ends(20 * DAY),
    ],
    ids=[
        "network away",
        "limit, date in the future",
        "date in the future",
        "said long ago",
        "never asked",
        "no end",
        "far away",
    ],
)
async def test_no_false_alarm(office: Office, run: Run) -> None:
    assert await office.after(run) == []


async def test_a_first_backup_that_takes_days_of_limits_warns_as_well(office: Office) -> None:
    assert await office.after(replace(ends(DAY), error=BudgetSpent("limit", 60))) == ["login-ends"]
    assert await office.after(replace(ends(DAY), error=Incomplete("2 photos are missing"))) == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_what_no_service_took_is_sent_again_and_what_one_took_is_not(tmp_path: Path) -> None:
    pytest.importorskip("apprise")
    good, bad = receiving(), receiving()
    with good as taking, bad as refusing:
        refusing.status = 500
        urls = [f"json://127.0.0.1:{one.port}/{NOW:%Y}" for one in (taking, refusing)]
        state = {"STATE_DIRECTORY": str(tmp_path / "state"), "FBBACKUP_NOTIFY_URLS": " ".join(urls)}
        memory = Memory(tmp_path / "state")
        ended = replace(GOOD, error=LoginNeeded("the password was changed"))
        for at in (NOW, NOW + DAY, NOW + 2 * DAY):
            await Speaker(Notify(), Credentials(state), memory).after(replace(ended, at=at))
            refusing.status = 500 if at == NOW else 200
        assert [len(one.got) for one in (taking, refusing)] == [1, 3]
        assert "the password was changed" in refusing.got[-1][2]
        assert urls[1] not in (tmp_path / "state" / "notices.json").read_text()
        assert memory.take_unsent() == []


async def test_trouble_is_told_when_it_begins_changes_and_ends(office: Office) -> None:
    expired = replace(GOOD, error=LoginNeeded("the token has expired; run `fbbackup login ada`"))
    assert await office.after(expired) == ["login-ended"]
    assert await office.after(expired) == []
    assert await office.after(replace(GOOD, error=SourceUnavailable("down"))) == []
    assert await office.after(expired) == []
    assert await office.after(replace(GOOD, error=LoginNeeded("the password was changed"))) == ["login-ended"]
    assert await office.after(replace(GOOD, error=ArchiveUnusable("disk full"))) == ["trouble"]
    assert await office.after(GOOD) == ["works-again"]
    assert await office.after(GOOD) == []
    words = " ".join(one["text"] for one in office.memory.recent())
    assert "fbbackup login ada" in words


@pytest.mark.parametrize(
    ("error", "kinds"),
    [
        (MassVanish("half is gone"), ["trouble"]),
        (RuntimeError("a bug"), ["trouble"]),
        (BudgetSpent("limit", 60), []),
        (SourceUnavailable("down"), []),
    ],
)
async def test_what_passes_by_itself_is_no_trouble(office: Office, error: Exception, kinds: list[str]) -> None:
    assert await office.after(replace(GOOD, error=error)) == kinds


@pytest.mark.parametrize(
    ("wish", "told"), [("changes", [0, 1, 0]), ("always", [1, 1, 1]), ("never", [0, 0, 0]), ("weekly", [0, 0, 0])]
)
async def test_digests_come_as_wanted(tmp_path: Path, wish: str, told: list[int]) -> None:
    office = Office(tmp_path, digest=wish)
    runs = [GOOD, replace(GOOD, changes=Changes(new=2)), GOOD]
    assert [len(await office.after(run)) for run in runs] == told


async def test_a_weekly_digest_sums_up_once_a_week(tmp_path: Path) -> None:
    office = Office(tmp_path, digest="weekly")
    told = []
    for day in range(22):
        run = replace(GOOD, at=NOW + day * DAY, changes=Changes(new=1), week=Changes(new=7))
        told += [(day, one) for one in await office.after(run)]
    assert told == [(7, "changes"), (14, "changes"), (21, "changes")]
    assert office.memory.recent()[0]["text"] == "7 new; complete"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            Changes(new=12, captions=2, renamed=1, gone=3),
            "12 new, 2 captions changed, 1 album renamed, 3 gone from Facebook (kept here); complete",
        ),
        (Changes(), "nothing new; complete"),
        (Changes(captions=1, albums=2, failed=4), "1 caption changed, 2 new albums, 4 not stored yet; complete"),
    ],
)
def test_digests_in_words(changes: Changes, words: str) -> None:
    assert digest(changes, "complete") == words


async def test_a_memory_that_is_lost_or_broken_is_no_obstacle(office: Office, tmp_path: Path) -> None:
    assert await office.after(ends(DAY)) == ["login-ends"]
    file = tmp_path / "state" / "notices.json"
    assert file.stat().st_mode & 0o777 == 0o600
    for content in ("", "[]", '{"accounts": []}', '{"recent": 3}', "{"):
        file.write_text(content)
        assert await office.after(ends(DAY)) == ["login-ends"]
    assert json.loads(file.read_text())["accounts"]["ada"]["said"]
