"""The commands as people run them: real processes, exit codes, one-line errors, JSON that stands alone."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fbbackup.cli import cli
from fbbackup.simulator import Simulator
from fbbackup.simulator.library import Library
from fbbackup.status import ago, clock_lines

DOCS = Path(__file__).parent.parent / "docs"


@dataclass(frozen=True)
class Home:
    """A person's surroundings: an archive folder, a token, a pretend Facebook."""

    folder: Path
    environ: dict[str, str]

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "fbbackup", *arguments],
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)


def surroundings(folder: Path, url: str, token: str) -> Home:
    accounts = json.dumps([{"name": "ada", "api_url": url}])
    return Home(
        folder,
        {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "FBBACKUP_ARCHIVE": str(folder / "archive"),
            "FBBACKUP_ACCOUNTS": accounts,
            "FBBACKUP_TOKEN_ADA": token,
            "FBBACKUP_LIMITS_KEEP_FREE_BYTES": "0",
        },
    )


@pytest.fixture(scope="module")
def facebook() -> Iterator[Simulator]:
    with Simulator(library=Library(photos=12, albums=3), videos_without_source=False) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def synced(facebook: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = surroundings(tmp_path_factory.mktemp("home"), facebook.url, facebook.token)
    done = home.run("sync")
    assert done.returncode == 0, done.stderr
    assert "complete" in done.stdout.splitlines()[-1]
    return home


@pytest.fixture
def home(facebook: Simulator, tmp_path: Path) -> Home:
    return surroundings(tmp_path, facebook.url, facebook.token)


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The only line of an error; nothing may be on stdout."""
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("fbbackup: ")
    return lines[0]


def test_sync_json_is_one_object_and_nothing_else(synced: Home) -> None:
    done = synced.run("sync", "--json")
    record = json.loads(done.stdout)
    assert record["outcome"] == "complete"
    assert record["counters"]["photos_stored"] == 0
    assert record["albums_not_complete"] == []
    assert done.stderr == ""


def test_status_counts_what_is_on_disk(synced: Home) -> None:
    record = synced.json("status")
    archive = synced.folder / "archive"
    found = [path for folder in ("photos", "videos") for path in (archive / folder).rglob("*") if path.is_file()]
    files = [path for path in found if path.name != "manifest.jsonl"]
    assert record["files"] == len(files)
    assert record["bytes"] == sum(path.stat().st_size for path in files)
    assert record["pending"] == 0
    assert record["accounts"][0]["last_run"]["outcome"] == "complete"
    assert record["accounts"][0]["login_expires_at"]


def test_status_in_words_names_the_essentials(synced: Home) -> None:
    words = synced.run("status").stdout
    assert "photos stored in" in words
    assert "nothing is pending" in words
    assert "the login ends in" in words


def test_audit_is_complete(synced: Home) -> None:
    record = synced.json("audit")
    assert record["complete"] is True
    assert {album["verdict"] for album in record["accounts"][0]["albums"]} == {"complete"}
    assert synced.run("audit").returncode == 0


def test_show_tells_all_about_one_photo(synced: Home) -> None:
    with sqlite3.connect(synced.folder / "archive" / "catalog.sqlite") as db:
        photo_id, key = db.execute("SELECT p.id, f.key FROM photos p JOIN files f USING (sha256) LIMIT 1").fetchone()
    db.close()
    assert synced.json("show", photo_id)["files"][0]["key"] == key
    assert key in synced.run("show", photo_id).stdout


def test_accounts_lists_permissions(synced: Home) -> None:
    record = synced.json("accounts")["accounts"][0]
    assert record["permissions"]["user_photos"] == "granted"
    assert "permission user_photos: granted" in synced.run("accounts").stdout


def test_doctor_finds_a_file_that_was_cut(facebook: Simulator, home: Home) -> None:
    home.run("sync")
    assert home.run("doctor", "--strict").returncode == 0
    victim = next((home.folder / "archive" / "photos").rglob("*.jpg"))
    body = bytearray(victim.read_bytes())
    body[len(body) // 2] ^= 1
    victim.write_bytes(bytes(body))
    assert home.run("doctor").returncode == 0
    done = home.run("doctor", "--strict", "--json")
    assert done.returncode == 5
    assert json.loads(done.stdout)["findings"] == [
        {"rule": "recorded file has other bytes", "subject": str(victim.relative_to(home.folder / "archive"))}
    ]


def test_dry_run_stores_nothing(home: Home) -> None:
    done = home.run("sync", "--dry-run")
    assert "photos would be fetched" in done.stdout
    assert not (home.folder / "archive").exists()


def test_missing_token_is_exit_3_with_the_remedy(home: Home) -> None:
    done = home.run("sync", FBBACKUP_TOKEN_ADA="")
    assert done.returncode == 3
    assert "FBBACKUP_TOKEN_ADA" in one_line(done)


def test_an_account_that_can_not_run_hides_no_other(home: Home) -> None:
    (ada,) = json.loads(home.environ["FBBACKUP_ACCOUNTS"])
    accounts = json.dumps([{**ada, "name": "bob"}, ada])
    done = home.run("--quiet", "sync", FBBACKUP_ACCOUNTS=accounts)
    assert done.returncode == 3
    assert 'bob: failed: account "bob" has no token' in done.stdout
    assert "ada: complete" in done.stdout
    runs = json.loads(home.run("sync", "--json", FBBACKUP_ACCOUNTS=accounts).stdout)["runs"]
    assert [(run["account"], run["outcome"], run["exit_code"]) for run in runs] == [
        ("bob", "failed", 3), ("ada", "complete", 0),
    ]  # fmt: skip


def test_wrong_token_is_exit_3(home: Home) -> None:
    done = home.run("sync", FBBACKUP_TOKEN_ADA="EAAwrong")
    assert done.returncode == 3
    assert "EAAwrong" not in done.stdout + done.stderr


def test_unknown_command_option_and_photo_are_exit_2(synced: Home) -> None:
    for arguments in (
        ["frobnicate"],
        ["sync", "--frobnicate"],
        ["show", "no-such-photo"],
        ["sync", "--account", "eve"],
    ):
        done = synced.run(*arguments)
        assert done.returncode == 2
        one_line(done)


def test_a_group_without_its_command_shows_its_help(synced: Home) -> None:
    for arguments in ([], ["session"], ["systemd"]):
        done = synced.run(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Commands:\n" in done.stderr


def test_the_list_of_commands_says_whole_sentences(synced: Home) -> None:
    lines = synced.run("--help").stdout.partition("Commands:\n")[2].splitlines()
    assert [line for line in lines if line.endswith("...")] == []
    assert len(lines) == len(cli.commands)


def test_wrong_usage_names_the_help_of_its_own_command(synced: Home) -> None:
    assert one_line(synced.run("verify", "--sample", "0")).endswith("verify --help`")


def test_a_filter_that_makes_no_sense_is_exit_2(synced: Home) -> None:
    done = synced.run("search", "from:soon")
    assert (done.returncode, "“soon” is no date" in done.stdout) == (2, True)
    assert synced.run("search", "from:2001").returncode == 0


def test_no_network_is_told_as_that(home: Home) -> None:
    accounts = json.dumps([{"name": "ada", "api_url": "http://127.0.0.1:1"}])
    done = home.run("sync", FBBACKUP_ACCOUNTS=accounts)
    assert done.returncode == 4
    assert "Facebook can't be reached (127.0.0.1" in done.stdout
    assert "check the network" in done.stdout


def test_bad_configuration_is_exit_2_with_file_and_line(home: Home) -> None:
    file = home.folder / "bad.toml"
    file.write_text('archive = "/x"\n[download]\nworker = 3\n')
    done = home.run("--config", str(file), "status")
    assert done.returncode == 2
    assert "bad.toml:3" in one_line(done)


def test_no_archive_there_is_exit_7(home: Home) -> None:
    done = home.run("status")
    assert done.returncode == 7
    assert "fbbackup sync" in one_line(done)


def test_a_copy_without_hidden_files_is_told_what_it_lacks(home: Home) -> None:
    assert home.run("sync").returncode == 0
    (home.folder / "archive" / ".fbbackup").unlink()
    copy = (home.folder / "archive").rename(home.folder / "copy")
    for command in ("sync", "verify", "rebuild"):
        done = home.run("--archive", str(copy), command)
        assert done.returncode == 7
        assert "marker .fbbackup is missing" in one_line(done)


def test_rebuild_without_room_is_exit_7_and_leaves_the_catalog(home: Home) -> None:
    assert home.run("sync").returncode == 0
    catalog = home.folder / "archive" / "catalog.sqlite"
    before = catalog.read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "fbbackup", "rebuild"],
        env=home.environ, capture_output=True, text=True, timeout=90, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
    )  # fmt: skip
    assert done.returncode == 7
    assert "catalog" in one_line(done)
    assert catalog.read_bytes() == before
    assert not list(catalog.parent.glob("*rebuild*"))


def test_an_import_of_nothing_is_exit_2(home: Home) -> None:
    (home.folder / "empty").mkdir()
    (home.folder / "words.zip").write_text("no zip")
    for name in ("empty", "words.zip", "not-there.zip"):
        done = home.run("import", str(home.folder / name))
        assert done.returncode == 2
        assert "nothing to import" in one_line(done)
        assert name in done.stderr
    assert not (home.folder / "archive").exists()


def test_emptied_archive_folder_is_an_unmounted_disk(home: Home) -> None:
    assert home.run("sync").returncode == 0
    archive = home.folder / "archive"
    archive.rename(home.folder / "elsewhere")
    archive.mkdir()
    done = home.run("sync")
    assert done.returncode == 7
    assert "mounted" in one_line(done)
    assert "mounted" in one_line(home.run("status"))
    assert list(archive.iterdir()) == []


def test_newer_catalog_is_refused_untouched(home: Home) -> None:
    home.run("sync")
    path = home.folder / "archive" / "catalog.sqlite"
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    before = path.read_bytes()
    for command in ("sync", "status"):
        done = home.run(command)
        assert done.returncode == 7
        assert "newer" in one_line(done)
    assert path.read_bytes() == before


def test_demo_runs_three_times_and_leaves_a_catalog(tmp_path: Path) -> None:
    home = surroundings(tmp_path, "http://127.0.0.1:1", "unused")
    done = home.run("--archive", str(tmp_path / "demo"), "demo", "--photos", "40", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    first, second, third = record["runs"]
    assert first["counters"]["photos_stored"] >= 40
    assert second["counters"]["photos_stored"] == 0
    assert third["counters"] == third["counters"] | {"photos_stored": 2, "photos_gone": 1}
    db = sqlite3.connect(Path(record["archive"]) / "catalog.sqlite")
    assert db.execute("SELECT count(*) FROM caption_history").fetchone()[0] == 1
    assert db.execute("SELECT count(*) FROM library WHERE path IS NOT NULL").fetchone()[0] >= 42
    db.close()


def test_demo_without_a_terminal_ends_and_says_how_to_look_at_it(tmp_path: Path) -> None:
    home = surroundings(tmp_path, "http://127.0.0.1:1", "unused")
    done = home.run("--archive", str(tmp_path / "demo"), "demo", "--photos", "12")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith(" serve")


def test_every_command_has_help_and_its_place_in_the_docs() -> None:
    page = (DOCS / "commands.md").read_text()
    for name, command in cli.commands.items():
        assert command.help, name
        assert f"`{name}" in page
        for option in command.params:
            for spelling in (*option.opts, *option.secondary_opts):
                if spelling.startswith("--") and spelling not in ("--no-serve", "--json"):
                    assert spelling in page, f"{name} {spelling}"


def test_times_that_a_wrong_clock_wrote_are_not_told_as_facts() -> None:
    account = {"source": "graph", "login_expires_at": "2001-01-01T00:00:00Z", "data_access_expires_at": None}
    (line,) = clock_lines({**account, "blocked_until": None, "asked_at": "2001-01-01T00:00:00Z"})
    assert line.startswith("the login should have ended ")
    assert line.endswith(" days ago, by this machine's date")
    assert "2999-01-01, which is still to come" in ago("2999-01-01T00:00:00Z")
