"""Keys and values, in the file and in variables: every mistake is one line with its place and remedy."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fbbackup.config import Account, Config, Setting, load, settings, size
from fbbackup.config.shapes import Wrong
from tests.configurations import read, refusal

CANARY = "EAACanary1234567890"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


# --- keys and values

_TOP = "known are archive, accounts, destinations, schedule, notify, download, thumbnails, catalog, albums, limits, web"
_PATH = "must be a path in quotes, with no control characters"
_LIST = "must be a list of tables; write [[accounts]] above each"
_HOSTS = 'must be a list of plain host names such as ["pictures.example.org"]'
_URL = 'must be an address such as "https://graph.facebook.com"'
_SIZE = 'must be a size such as 1048576, "500 MB" or "1 GiB"'
MISTAKES = [
    ("archiv = 'x'", 1, 'unknown key "archiv"; did you mean "archive"?'),
    ("\n\nfile = 'x'", 3, f'unknown key "file"; {_TOP}'),
    ("[gallery]\nport = 1", 1, f'unknown key "gallery"; {_TOP}'),
    ("workers = 3", 1, 'unknown key "workers"; it belongs in [download]'),
    ("[[accounts]]\nname='a'\narchive='x'", 3, 'unknown key "archive" in [[accounts]]; it belongs at the top, above'),
    ("[download]\nworker = 1", 2, 'unknown key "worker" in [download]; did you mean "workers"?'),
    ("download.worker = 1", 1, 'unknown key "worker" in [download]; did you mean'),
    ("download = {workers = 1, xyzzy = 2}", 1, 'unknown key "xyzzy" in [download]; known are workers, '),
    ('[download]\n"new\\nline" = 1', 2, 'unknown key "new?line" in [download]'),
    ("download = 3", 1, '"download" must be a table; write [download] on a line of its own'),
    ("[[download]]\nworkers = 1", 1, '"download" must be a table'),
    ("[accounts]\nname = 'a'", 1, f'"accounts" {_LIST}'),
    ("accounts = ['a']", 1, '"accounts" must be a table; write [[accounts]] on a line of its own'),
    ("archive = 3", 1, f'"archive" {_PATH}'),
    ("archive = ' '", 1, f'"archive" {_PATH}'),
    ('archive = "a\\u0000b"', 1, f'"archive" {_PATH}'),
    ("archive = 's3://bucket/x'", 1, '"archive" must be a path on this machine; s3:// and other addresses are not'),
    ("[download]\nworkers = '16'", 2, '"workers" must be a whole number from 1 to 64, without quotes'),
    ("[download]\nworkers = true", 2, '"workers" must be a whole number from 1 to 64'),
    ("[download]\nworkers = 1.0", 2, '"workers" must be a whole number from 1 to 64'),
    ("[download]\nworkers = 0", 2, '"workers" must be a whole number from 1 to 64'),
    ("[download]\nworkers = 65", 2, '"workers" must be a whole number from 1 to 64'),
    ("[download]\ntimeout_seconds = nan", 2, '"timeout_seconds" must be a number from 0.01 to 3600'),
    ("[download]\ntimeout_seconds = inf", 2, '"timeout_seconds" must be a number from 0.01 to 3600'),
    ("[download]\ntimeout_seconds = true", 2, '"timeout_seconds" must be a number from 0.01 to 3600'),
    ("[download]\n\ntimeout_seconds = 301", 3, '"timeout_seconds" (301) must not be above "deadline_seconds" (300)'),
    (
        "[download]\n\ndeadline_seconds = 1",
        3,
        '"timeout_seconds" (30) must not be above "deadline_seconds" (1); change',
    ),
    ("[limits]\nusage_slow_percent = 96", 2, '"usage_slow_percent" (96) must not be above "usage_stop_percent" (95)'),
    ("[limits]\nusage_stop_percent = 101", 2, '"usage_stop_percent" must be a whole number from 0 to 100'),
    ("[limits]\nkeep_free_bytes = '1 GX'", 2, f'"keep_free_bytes" {_SIZE}'),
    ("[limits]\nkeep_free_bytes = 1.5", 2, f'"keep_free_bytes" {_SIZE}'),
    ("[limits]\nkeep_free_bytes = -1", 2, '"keep_free_bytes" must be a size of at least 0'),
    ("[limits]\nkeep_free_bytes = '99999999 TiB'", 2, '"keep_free_bytes" must be a size of at least 0 and at most'),
    ("[download]\nmax_picture_bytes = 0", 2, '"max_picture_bytes" must be a size of at least 1'),
    ("[download]\nallow_hosts = 'a'", 2, f'"allow_hosts" {_HOSTS}'),
    ("[download]\nallow_hosts = [\n  'a',\n  'https://b',\n]", 2, f'"allow_hosts" {_HOSTS}'),
    ("[download]\nallow_hosts = ['*.example.org']", 2, f'"allow_hosts" {_HOSTS}'),
    ("[thumbnails]\nenabled = 1", 2, '"enabled" must be true or false, without quotes'),
    ("[[accounts]]\n", 1, '[[accounts]] has no name; add name = "…"'),
    ("[[accounts]]\nname='a'\n\n[[accounts]]\n", 4, '[[accounts]] has no name; add name = "…"'),
    ("[[accounts]]\nname = 'a b'", 2, '"name" must be 1 to 64 letters, digits, - or _, in quotes'),
    ("[[accounts]]\nname = 'ä'", 2, '"name" must be 1 to 64 letters'),
    ("[[accounts]]\nname='a'\nsource='export'", 3, '"source" can\'t be "export": it is not available in this version'),
    ("[[accounts]]\nname='a'\nsource='Graph'", 3, '"source" must be "graph", "legacy" or "rpc"'),
    ("[[accounts]]\nname='a'\nsource=['graph']", 3, '"source" must be "graph", "legacy" or "rpc"'),
    ("[[accounts]]\nname='a'\napi_version='21'", 3, '"api_version" must be a version such as v21.0, in quotes'),
    ("[[accounts]]\nname='a'\napp_id=123", 3, '"app_id" must be the app\'s id, digits as a rule, in quotes'),
    ("[[accounts]]\nname='a'\napi_url='graph.facebook.com'", 3, f'"api_url" {_URL}'),
    ("[[accounts]]\nname='a'\napi_url='ftp://x'", 3, f'"api_url" {_URL}'),
    ("[[accounts]]\nname='a'\napi_url='https://x:99999'", 3, f'"api_url" {_URL}'),
    ("[[accounts]]\nname='a'\napi_url='https://[x'", 3, f'"api_url" {_URL}'),
    ("[[accounts]]\nname='a'\napi_url='https:// x'", 3, f'"api_url" {_URL}'),
    ("[[accounts]]\nname='a'\napi_url=1", 3, f'"api_url" {_URL}'),
    ("[[accounts]]\nname='a'\napi_url='https://u:p@x'", 3, '"api_url" must hold no user name, password'),
    ("[[accounts]]\nname='a'\napi_url='https://x?access_token=1'", 3, '"api_url" must hold no user name, password'),
    ("[[accounts]]\nname='a'\napi_url='http://example.org'", 3, '"api_url" must begin with https://'),
    ("[[accounts]]\nname='a'\napi_url='http://127.evil.com'", 3, '"api_url" must begin with https://'),
    ("[[accounts]]\nname='a'\napi_url='http://localhost.evil.com'", 3, '"api_url" must begin with https://'),
    (
        "[[accounts]]\nname='a-B'\n[[accounts]]\n\nname='A_b'",
        5,
        'two accounts are named alike, "a-B" and "A_b"; rename',
    ),
]


@pytest.mark.parametrize(("text", "line", "problem"), MISTAKES)
def test_mistakes(file: Path, text: str, line: int, problem: str) -> None:
    file.write_text(text)
    assert refusal(file).startswith(f"{file}:{line}: {problem}")


@pytest.mark.parametrize("key", ["token", "app_secret", "access_token", "password", "client_secret", "Token"])
@pytest.mark.parametrize("table", ["", "[[accounts]]\n", "[download]\n"])
def test_secrets_are_sent_elsewhere_unseen(file: Path, table: str, key: str) -> None:
    file.write_text(f'{table}{key} = "{CANARY}"\n')
    message = refusal(file)
    line = table.count("\n") + 1
    assert message.startswith(f'{file}:{line}: "{key}" is a secret and is not read from this file; put it into')
    assert "credentials.toml" in message
    assert "FBBACKUP_TOKEN_<ACCOUNT>" in message
    assert CANARY not in message


@pytest.mark.parametrize("setting", list(settings()), ids=lambda setting: setting.name)
def test_no_wrong_value_is_repeated(file: Path, setting: Setting) -> None:
    """Someone may have pasted a token into the wrong line."""
    section, _, key = setting.name.rpartition(".")
    table = {"": "", "accounts": "[[accounts]]\n"}.get(section, f"[{section}]\n")
    file.write_text(f'{table}{key} = "{CANARY} \\u0001"\n')
    assert CANARY not in refusal(file)


def test_good_values(file: Path) -> None:
    config = read(
        file,
        """
        archive = "~/photos"
        download.allow_hosts = ["Pictures.Example.org", "127.0.0.1", "::1"]
        download.timeout_seconds = 1
        limits.keep_free_bytes = "1.5 GiB"
        catalog.path = "sub/../catalog.sqlite"
        [[accounts]]
        name = "me"
        api_url = "http://127.0.0.1:8080/graph/"
        app_id = "123"
        [[accounts]]
        name = "page"
        api_url = "http://[::1]:8080"
        videos = false
        """,
    )
    assert config.archive == Path.home() / "photos"
    assert config.download.allow_hosts == ("pictures.example.org", "127.0.0.1", "::1")
    assert config.download.timeout_seconds == 1.0
    assert config.limits.keep_free_bytes == 3 << 29
    assert config.catalog.path == file.parent / "catalog.sqlite"
    assert config.accounts == (
        Account(name="me", api_url="http://127.0.0.1:8080/graph", app_id="123"),
        Account(name="page", api_url="http://[::1]:8080", videos=False),
    )


def test_a_destination_through_oneall_as_their_site_shows_its_keys(file: Path) -> None:
    table = """
    [[destinations]]
    name = "everywhere"
    type = "oneall"
    api_url = "https://ada.api.oneall.com"
    public_key = "4ad23fb1-5fa3-4dd0-95d6-2f1fd3f2b6f9"
    identity_token = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
    """
    (found,) = read(file, table).destinations
    assert found.public_key == "4ad23fb1-5fa3-4dd0-95d6-2f1fd3f2b6f9"
    file.write_text(table.replace("4ad23fb1", "4ad:23fb1"))
    assert '"public_key" must be the key that OneAll\'s site shows' in refusal(file)


def test_config_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Config().download.workers = 3  # type: ignore[misc]


# --- the environment


def test_variables_beat_the_file(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    config = read(
        file,
        "archive = 'x'\n[download]\nworkers = 'wrong, but not used'\nattempts = 2\n[[accounts]]\nname = 'file'",
        FBBACKUP_ARCHIVE="srv/photos",
        FBBACKUP_DOWNLOAD_WORKERS=" 7 ",
        FBBACKUP_DOWNLOAD_TIMEOUT_SECONDS="0.5",
        FBBACKUP_DOWNLOAD_ALLOW_HOSTS="a.example, b.example",
        FBBACKUP_THUMBNAILS_ENABLED="False",
        FBBACKUP_LIMITS_KEEP_FREE_BYTES="2 GB",
        FBBACKUP_LIMITS_SWEEP_CALLS="",
        FBBACKUP_ACCOUNTS='[{"name": "me"}, {"name": "page", "tagged": false}]',
    )
    assert config.archive == Path("/srv/photos")
    assert (config.download.workers, config.download.attempts, config.download.timeout_seconds) == (7, 2, 0.5)
    assert config.download.allow_hosts == ("a.example", "b.example")
    assert config.thumbnails.enabled is False
    assert config.limits.keep_free_bytes == 2_000_000_000
    assert config.limits.sweep_calls == 20
    assert config.accounts == (Account(name="me"), Account(name="page", tagged=False))


@pytest.mark.parametrize(
    ("variable", "text", "problem"),
    [
        ("FBBACKUP_DOWNLOAD_WORKERS", "many", '"workers" must be a whole number from 1 to 64'),
        ("FBBACKUP_DOWNLOAD_WORKERS", "9" * 5000, '"workers" must be a whole number from 1 to 64'),
        ("FBBACKUP_THUMBNAILS_ENABLED", "maybe", '"enabled" must be true or false'),
        ("FBBACKUP_LIMITS_KEEP_FREE_BYTES", "1 X", '"keep_free_bytes" must be a size'),
        ("FBBACKUP_ARCHIVE", "s3://bucket", '"archive" must be a path on this machine'),
        ("FBBACKUP_ACCOUNTS", "[{", "is not a valid JSON list; check its quotes and brackets"),
        ("FBBACKUP_ACCOUNTS", "[" * 100_000, "is not a valid JSON list"),
        ("FBBACKUP_ACCOUNTS", "me", '"accounts" must be a table'),
        ("FBBACKUP_ACCOUNTS", '[{"nam": "me"}]', 'unknown key "nam" in [[accounts]]; did you mean "name"?'),
        ("FBBACKUP_ACCOUNTS", "[{}]", "[[accounts]] has no name"),
        ("FBBACKUP_ACCOUNTS", '[{"name": "a"}, {"name": "A"}]', "two accounts are named alike"),
        ("FBBACKUP_DOWNLOAD_ALLOW_HOSTS", "a,", '"allow_hosts" must be a list'),
        ("FBBACKUP_LIMITS_USAGE_STOP_PERCENT", "50", '"usage_slow_percent" (75) must not be above'),
        ("FBBACKUP_DOWNLOAD_WORKER", "1", "no setting has this name; did you mean FBBACKUP_DOWNLOAD_WORKERS?"),
        ("FBBACKUP_LIMITS_XYZZY", "1", "no setting has this name; docs/configuration.md lists the settings"),
        ("FBBACKUP_ACCOUNTS_ME_NAME", "1", "no setting has this name"),
        ("FBBACKUP_ARCHIV", "x", "no setting has this name; did you mean FBBACKUP_ARCHIVE?"),
    ],
)
def test_mistakes_in_variables(tmp_path: Path, variable: str, text: str, problem: str) -> None:
    assert refusal(None, HOME=str(tmp_path), **{variable: text}).startswith(f"{variable}: {problem}")


def test_other_variables_are_left_alone(tmp_path: Path) -> None:
    environ = dict.fromkeys(
        ["FBBACKUP_TOKEN_ME", "FBBACKUP_APP_SECRET_ME", "FBBACKUP_TOKEN_DOWNLOAD", "FBBACKUP_RELEASE", "DOWNLOAD_X"],
        CANARY,
    )
    assert load(environ={"HOME": str(tmp_path), **environ}) == Config()


def test_file_is_at_fault_where_a_variable_meets_no_table(file: Path) -> None:
    file.write_text("\ndownload = 3")
    assert refusal(file, FBBACKUP_DOWNLOAD_WORKERS="3").endswith("its keys below it")


def test_mistake_in_the_file_beside_a_variable(file: Path) -> None:
    file.write_text("[download]\nattempts = 0")
    assert refusal(file, FBBACKUP_DOWNLOAD_WORKERS="3").startswith(f'{file}:2: "attempts" must be')


# --- sizes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("1048576", 1 << 20),
        ("500 MB", 500_000_000),
        ("500mb", 500_000_000),
        (" 1 GiB ", 1 << 30),
        ("1.5 GiB", 3 << 29),
        ("0.1 kB", 100),
        ("7 B", 7),
        ("2TiB", 2 << 40),
    ],
)
def test_sizes(text: str, expected: int) -> None:
    assert size(text) == expected


@pytest.mark.parametrize(
    "text", ["", "MB", "-1", "1 G", "1 ZB", "1,5 GB", "1e3", "1.", ".5 GB", "١ MB", "1 MB x", "0x10"]
)
def test_no_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="must be a size such as"):
        size(text)


@given(st.integers(0, 10**15), st.sampled_from(["", "B", "kB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"]))
def test_whole_sizes_are_exact(amount: int, unit: str) -> None:
    factor = (1024 if "i" in unit else 1000) ** " kmgt".index(unit[0].lower() if len(unit) > 1 else " ")
    assert size(f"{amount} {unit}") == amount * factor
    assert size(f"{amount}{unit.lower()}") == amount * factor


@given(st.text())
def test_any_text_is_a_size_or_a_plain_refusal(text: str) -> None:
    with suppress(Wrong):
        assert size(text) >= 0
