"""The file is found and read, or refused in one line; what the config answers; what its documents hold."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fbbackup.config import Account, Config, Destination, Setting, load, settings
from fbbackup.errors import ConfigError
from tests.configurations import read, refusal

ROOT = Path(__file__).parents[1]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


# --- finding the file


def test_no_file_at_all_is_the_defaults(tmp_path: Path) -> None:
    assert load(environ={"HOME": str(tmp_path)}) == Config()


def test_order_of_the_places(tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("option.toml", "variable.toml")]
    places += [tmp_path / "xdg/fbbackup/config.toml", tmp_path / "home/.config/fbbackup/config.toml"]
    for number, place in enumerate(places, 1):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"[download]\nworkers = {number}\n")
    environ = {"HOME": str(tmp_path / "home")}
    assert load(environ=environ).download.workers == 4
    environ["XDG_CONFIG_HOME"] = str(tmp_path / "xdg")
    assert load(environ=environ).download.workers == 3
    environ["FBBACKUP_CONFIG"] = str(places[1])
    assert load(environ=environ).download.workers == 2
    config = load(places[0], environ=environ)
    assert config.download.workers == 1
    assert config.file == places[0]


def test_named_file_has_to_exist(file: Path) -> None:
    expected = f"{file}: no such file is to be seen; check the path and whether this user may enter its folder"
    assert refusal(file) == expected
    assert refusal(None, FBBACKUP_CONFIG=str(file)) == expected
    assert "no such file is to be seen" in refusal(file / "below" / "a file")


def test_file_name_is_shown_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.toml").write_text("[download]\n" + "\n" * 10 + "worker = 1\n")
    assert refusal(Path("config.toml")) == 'config.toml:12: unknown key "worker" in [download]; did you mean "workers"?'
    Path("config.toml").write_text("archive = 'photos'")
    config = load(Path("config.toml"), environ={})
    assert config.file == tmp_path / "config.toml"
    assert config.archive == tmp_path / "photos"


def test_folder_instead_of_a_file(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f'{tmp_path}: is a folder; name the file itself, such as "{tmp_path}/config.toml"'


def test_unreadable_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    expected = f"{file}: may not be read by this user; change its owner or run chmod u+r on it"
    assert refusal(file) == expected
    home = file.parent / "fbbackup"
    home.mkdir()
    assert "may not be read" in refusal(None, XDG_CONFIG_HOME=str(file.parent))


def test_locked_home_folder_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert load(environ={"HOME": str(tmp_path)}) == Config()


def test_disk_that_fails(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Path, mode: str) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", fail)
    assert refusal(file) == f"{file}: can't be read: Input/output error; check the disk and the path"


def test_huge_file(file: Path) -> None:
    file.write_bytes(b"#" * (1 << 20) + b"\n")
    assert "is larger than 1 MiB" in refusal(file)


# --- the text of the file


@pytest.mark.parametrize("text", [b"", b"\xef\xbb\xbf", b"\r\n", b"# only a comment"])
def test_empty_files_are_the_defaults(file: Path, text: bytes) -> None:
    assert read(file, text) == Config()


def test_windows_files(file: Path) -> None:
    assert read(file, b"\xef\xbb\xbf[download]\r\nworkers = 3\r\n").download.workers == 3
    file.write_bytes(b"\xef\xbb\xbf[download]\r\n\r\nworker = 3\r\n")
    assert refusal(file).startswith(f"{file}:3: unknown key")


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (b"a\nb", 1, "not valid TOML: "),
        (b"[download]\nworkers = \n", 2, "not valid TOML: "),
        (b"[download]\nworkers = 1\nworkers = 2\n", 3, "not valid TOML: "),
        (b"[download]\n\n[download]\n", 3, "not valid TOML: "),
        (b"archive = 'x\n", 1, "not valid TOML: "),
        (b'x = """\n\n', 1, "not valid TOML: "),
        (b"# \xfc\n", 1, "the text is not UTF-8; save the file with the encoding UTF-8"),
        (b"\n\n# caf\xe9\n", 3, "the text is not UTF-8"),
        ("archive = 'x'".encode("utf-16"), 1, "the text is not UTF-8"),
    ],
)
def test_broken_text(file: Path, text: bytes, line: int, problem: str) -> None:
    file.write_bytes(text)
    assert refusal(file).startswith(f"{file}:{line}: {problem}")


@pytest.mark.parametrize("text", ["x = " + "[" * 5000, "x = " + "9" * 5000])
def test_text_that_tomllib_gives_up_on(file: Path, text: str) -> None:
    file.write_text(text)
    assert refusal(file).startswith(f"{file}: not valid TOML: ")


def test_broken_toml_names_column_and_remedy(file: Path) -> None:
    file.write_text("archive = photos\n")
    assert refusal(file).endswith("in column 11; each line is key = value, and text stands in quotes")


# --- asking the configuration


def test_accounts_by_name() -> None:
    config = Config(accounts=(Account(name="me"), Account(name="page")))
    assert config.account("page").name == "page"
    assert config.selected("me") == (Account(name="me"),)
    assert config.selected() == config.accounts
    with pytest.raises(ConfigError, match=r"there is no account 'x\?'; the configuration has: me, page"):
        config.account("x\n")
    with pytest.raises(ConfigError, match=r"there is no account 'me'; none is configured; add \[\[accounts\]\] to ~"):
        Config().account("me")
    with pytest.raises(ConfigError, match=r"no account is configured; add \[\[accounts\]\] with name = .* to /c\.toml"):
        replace(Config(), file=Path("/c.toml")).selected()


def test_archive_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = Config(archive=Path("/srv/photos"))
    assert config.archive_folder() == Path("/srv/photos")
    assert config.archive_folder("mine") == tmp_path / "mine"
    with pytest.raises(ConfigError, match="--archive must be a path on this machine; s3://"):
        config.archive_folder("s3://bucket")
    with pytest.raises(ConfigError, match="no archive is set; pass --archive DIR or put archive"):
        Config().archive_folder()


# --- documents


LISTS = ("accounts", "destinations")
NAMES = tuple(f"{name}.name" for name in LISTS)


def raw_default(example: dict[str, Any], setting: Setting) -> Any:
    section, _, key = setting.name.rpartition(".")
    table = example[section] if section else example
    table = table[0] if isinstance(table, list) else table
    return table.get(key)


def test_example_holds_every_setting_and_is_the_default() -> None:
    text = (ROOT / "config.example.toml").read_text()
    config = load(ROOT / "config.example.toml", environ={})
    assert replace(config, archive=None, accounts=(), destinations=()) == Config()
    assert config.accounts == (Account(name="me"),)
    assert config.destinations == (Destination(name="page"),)
    example = tomllib.loads(text)
    for setting in settings():
        if "." in setting.name or setting.name == "archive":
            key = setting.name.rpartition(".")[2]
            commented = setting.default is None and setting.name not in (*NAMES, "archive")
            line = f"# {setting.help}\n{'# ' if commented else ''}{key} = "
            assert line in text, setting.name
            assert (raw_default(example, setting) is None) == commented


def test_docs_have_one_row_a_setting() -> None:
    docs = (ROOT / "docs" / "configuration.md").read_text()
    example = tomllib.loads((ROOT / "config.example.toml").read_text())
    for setting in settings():
        top, _, key = setting.name.partition(".")
        raw = (
            None if setting.default in (None, ()) and setting.type != "list of text" else raw_default(example, setting)
        )
        literal = str(raw).lower() if isinstance(raw, bool) else f'"{raw}"' if isinstance(raw, str) else str(raw)
        shown = "required" if setting.name in NAMES else "unset" if raw is None else f"`{literal}`"
        row = f"| `{key or top}` | {setting.type} | {shown} | {setting.help} |"
        heading = "At the top" if not key else f"`[[{top}]]`" if top in LISTS else f"`[{top}]`"
        section = docs.split(f"### {heading}")[1].split("###")[0]
        assert row in section, setting.name
    assert docs.count("\n| `") == len(list(settings()))


def test_every_setting_is_described_and_has_a_variable(tmp_path: Path) -> None:
    found = list(settings())
    assert len({setting.name for setting in found}) == len(found)
    for setting in found:
        assert setting.help.endswith("."), setting.name
        if setting.name.startswith(tuple(f"{name}." for name in LISTS)):
            assert setting.variable is None
            continue
        assert setting.variable is not None
        # No setting takes this text, so an error shows that the variable is read.
        assert setting.variable in refusal(None, HOME=str(tmp_path), **{setting.variable: "s3://\x01"})


def test_no_variable_of_a_setting_is_one_of_a_secret() -> None:
    variables = [setting.variable or "" for setting in settings()]
    assert not any(name.startswith(("FBBACKUP_TOKEN_", "FBBACKUP_APP_SECRET_")) for name in variables)
    assert "FBBACKUP_CONFIG" not in variables


def test_loading_imports_nothing_slow() -> None:
    code = "import sys; from fbbackup.config import load; load(); print(*sys.modules)"
    # Any variable that begins like a setting is looked at more closely.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FBBACKUP_")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environ)
    slow = {"pydantic", "pydantic_settings", "platformdirs", "httpx", "asyncio", "json", "difflib", "sqlite3"}
    assert not slow & set(done.stdout.split())
