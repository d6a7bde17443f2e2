"""Secrets are found in their three places, in order, and show up nowhere else."""

from __future__ import annotations

import copy
import logging
import os
import pickle
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest

from fbbackup.credentials import Credentials, Login, Secret, fingerprint, state_folder
from fbbackup.errors import ConfigError, FbbackupError, LoginNeeded

CANARY = "EAACanary1234567890"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def write(state: Path, content: str | bytes, mode: int = 0o600) -> Path:
    file = state / "credentials.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    file.chmod(mode)
    return file


def credentials(state: Path, **more: str) -> Credentials:
    return Credentials({"STATE_DIRECTORY": str(state), **more})


def refusal(state: Path, kind: type[FbbackupError] = ConfigError, **more: str) -> str:
    """The one line of the error; neither it nor its traceback nor its chain holds the canary."""
    with pytest.raises(kind) as caught:
        credentials(state, **more).token("me")
    error: BaseException | None = caught.value
    message = str(error)
    assert message.isprintable()
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    while error is not None:
        assert CANARY not in repr(vars(error)) + repr(error.args)
        error = error.__cause__ or error.__context__
    return message


# --- Secret


def test_secret_hides_itself(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(CANARY)
    logging.getLogger("test").warning("%s %r", secret, {"token": secret})
    shown = [str(secret), repr(secret), f"{secret}", f"{secret:>40}", f"{secret!s}", f"{[secret]}", caplog.text]
    assert not any(CANARY in text for text in shown)
    assert secret.reveal() == CANARY


def test_secret_compares_and_copies_but_is_never_pickled() -> None:
    secret = Secret(CANARY)
    assert secret == Secret(CANARY)
    assert secret != Secret("other")
    assert secret != CANARY
    assert len({secret, Secret(CANARY)}) == 1
    assert copy.deepcopy([secret])[0] is secret
    assert copy.copy(secret) is secret
    with pytest.raises(TypeError) as caught:
        pickle.dumps(secret)
    assert CANARY not in str(caught.value)


# --- the three places


def test_environment_beats_systemd_beats_file(state: Path, tmp_path: Path) -> None:
    write(state, '[me]\ntoken = "from-file"\napp_secret = "file-secret"\n')
    given = tmp_path / "credentials"
    given.mkdir()
    assert credentials(state).token("me").reveal() == "from-file"
    (given / "token-me").write_text("from-systemd\n")
    systemd = {"CREDENTIALS_DIRECTORY": str(given)}
    assert credentials(state, **systemd).token("me").reveal() == "from-systemd"
    both = credentials(state, FBBACKUP_TOKEN_ME="from-env", **systemd)
    assert both.token("me").reveal() == "from-env"
    secret = both.app_secret("me")
    assert secret is not None
    assert secret.reveal() == "file-secret"


def test_app_secret_from_each_place(state: Path, tmp_path: Path) -> None:
    assert credentials(state).app_secret("my-page") is None
    (tmp_path / "app-secret-my-page").write_text("two")
    found = credentials(state, CREDENTIALS_DIRECTORY=str(tmp_path)).app_secret("my-page")
    assert found == Secret("two")
    assert credentials(state, FBBACKUP_APP_SECRET_MY_PAGE="one").app_secret("my-page") == Secret("one")


def test_a_fresh_login_is_seen_without_a_restart(state: Path) -> None:
    reader = credentials(state)
    with pytest.raises(LoginNeeded):
        reader.token("me")
    write(state, '[me]\ntoken = "new"\n')
    assert reader.token("me") == Secret("new")


def test_blanks_are_stripped_and_empty_is_absent(state: Path, tmp_path: Path) -> None:
    (tmp_path / "token-me").write_text("  \n")
    write(state, '[me]\ntoken = " file \\n"\n')
    found = credentials(state, FBBACKUP_TOKEN_ME=" \n", CREDENTIALS_DIRECTORY=str(tmp_path)).token("me")
    assert found.reveal() == "file"
    write(state, '[me]\ntoken = ""\n')
    assert "has no token" in refusal(state, LoginNeeded)


def test_file_with_bom_and_windows_line_ends(state: Path) -> None:
    write(state, b'\xef\xbb\xbf[me]\r\ntoken = "abc"\r\n')
    assert credentials(state).token("me") == Secret("abc")


def test_no_token_names_the_remedy_and_exits_3(state: Path) -> None:
    with pytest.raises(LoginNeeded) as caught:
        credentials(state).token("my-page")
    remedy = f"run `fbbackup login my-page`, or set FBBACKUP_TOKEN_MY_PAGE, or put it into {credentials(state).file}"
    assert str(caught.value) == f'account "my-page" has no token; {remedy}'
    assert caught.value.exit_code == 3


def test_state_folder_that_is_a_file_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LoginNeeded):
        credentials(tmp_path / "file").token("me")


# --- what is refused


@pytest.mark.parametrize("bad", [f"{CANARY} x", f"{CANARY}\nx", f"{CANARY}\x00", f"{CANARY}é", f"{CANARY}\x1b[0m"])
def test_odd_letters_are_refused_unseen(state: Path, tmp_path: Path, bad: str) -> None:
    assert refusal(state, FBBACKUP_TOKEN_ME=bad).startswith("FBBACKUP_TOKEN_ME: holds a space, a control character")
    (tmp_path / "token-me").write_text(bad)
    assert refusal(state, CREDENTIALS_DIRECTORY=str(tmp_path)).startswith(f"{tmp_path}/token-me: holds a space")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o660, 0o700, 0o4600])
def test_mode_of_the_file(state: Path, mode: int) -> None:
    file = write(state, f'[me]\ntoken = "{CANARY}"\n', mode)
    expected = f"{file}: has mode {mode:04o}, others could read the secrets; run: chmod 600 {file}"
    assert refusal(state) == expected


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_modes_that_are_strict_enough(state: Path, mode: int) -> None:
    write(state, '[me]\ntoken = "abc"\n', mode)
    assert credentials(state).token("me") == Secret("abc")


def test_file_of_another_user(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(state, f'[me]\ntoken = "{CANARY}"\n')
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    assert refusal(state) == f"{file}: belongs to another user; run: chown 4711 {file}"


def test_links_folders_and_pipes_are_refused(state: Path, tmp_path: Path) -> None:
    file = state / "credentials.toml"
    target = tmp_path / "target"
    target.write_text(f'[me]\ntoken = "{CANARY}"\n')
    target.chmod(0o600)
    file.symlink_to(target)
    assert refusal(state) == f"{file}: is a symbolic link; put the file itself there"
    file.unlink()
    file.mkdir()
    assert "is no regular file" in refusal(state)
    file.rmdir()
    os.mkfifo(file, 0o600)
    assert "is no regular file" in refusal(state)


def test_no_descriptor_is_left_open(state: Path) -> None:
    write(state, '[me]\ntoken = "abc"\n', 0o644)
    for _ in range(5):
        refusal(state)
    # Other threads of the tests open and close files of their own.
    held = [path for path in map(os.path.realpath, Path("/proc/self/fd").iterdir()) if path.startswith(str(state))]
    assert held == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f'[me]\ntoken = "{CANARY}', "credentials.toml:2: not valid TOML"),
        (f"[me]\n\ntoken = {CANARY}\n", "credentials.toml:3: not valid TOML"),
        (f"{CANARY}\n", "credentials.toml:1: not valid TOML"),
        (f"[{CANARY}]\na=1\n[{CANARY}]\n", "credentials.toml:3: not valid TOML"),
        (f'[me]\ntoken = "{CANARY}"\n'.encode() + b"#\xff", "credentials.toml: is not UTF-8"),
        (f'token = "{CANARY}"\n', "a secret stands outside a table; put it below a line [account-name]"),
        (
            f'[me]\ntokn = "{CANARY}"\n',
            "[me] may hold only token, app_secret, client_token, user_id, renewed_from, keyring; remove the other keys",
        ),
        (f'[me]\n{CANARY} = "x"\n', "[me] may hold only token, app_secret"),
        (f'[me]\ntoken = ["{CANARY}"]\n', "token of [me] must be text; put it in quotes"),
        (f'[me]\ntoken = "{CANARY} x"\n', "token of [me]: holds a space"),
        (f"[me]\n#{CANARY}" + "x" * 70_000, "is larger than 64 KiB"),
        (f"[me]\ntoken = {'[' * 5000}{CANARY}", "not valid TOML"),
    ],
)
def test_content_of_the_file(state: Path, content: str | bytes, expected: str) -> None:
    write(state, content)
    message = refusal(state)
    assert message.startswith(str(state))
    assert expected in message


def test_systemd_credential_that_is_a_folder_or_no_text(state: Path, tmp_path: Path) -> None:
    (tmp_path / "token-me").mkdir()
    assert "check LoadCredential= in the unit" in refusal(state, CREDENTIALS_DIRECTORY=str(tmp_path))
    (tmp_path / "token-me").rmdir()
    (tmp_path / "token-me").write_bytes(CANARY.encode() + b"\xff")
    assert "is not UTF-8" in refusal(state, CREDENTIALS_DIRECTORY=str(tmp_path))


@pytest.mark.parametrize("name", ["", "../me", "a/b", "a b", "me\n", "x" * 65])
def test_names_that_are_no_account(state: Path, name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        credentials(state).token(name)
    assert caught.value.exit_code == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable(state: Path) -> None:
    write(state, '[me]\ntoken = "abc"\n', 0o000)
    assert "can't be read" in refusal(state)
    state.chmod(0)
    try:
        assert "has no token" in refusal(state, LoginNeeded)
    finally:
        state.chmod(0o700)


# --- the state folder


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"STATE_DIRECTORY": "/var/lib/fbbackup", "HOME": "/h"}, "/var/lib/fbbackup"),
        ({"STATE_DIRECTORY": "/var/lib/one:/var/lib/two"}, "/var/lib/one"),
        ({"XDG_STATE_HOME": "/s", "HOME": "/h"}, "/s/fbbackup"),
        ({"XDG_STATE_HOME": "relative", "HOME": "/h"}, "/h/.local/state/fbbackup"),
        ({"STATE_DIRECTORY": "", "HOME": "/h"}, "/h/.local/state/fbbackup"),
    ],
)
def test_state_folder(environ: dict[str, str], expected: str) -> None:
    assert state_folder(environ) == Path(expected)


def test_file_is_in_the_state_folder(state: Path) -> None:
    assert credentials(state).file == state / "credentials.toml"


# --- logins that are saved, given by systemd as a whole, or renewed


def given(tmp_path: Path, content: str) -> dict[str, str]:
    """A systemd credential that holds a whole credentials file."""
    folder = tmp_path / "given"
    folder.mkdir(exist_ok=True)
    (folder / "credentials.toml").write_text(content)
    return {"CREDENTIALS_DIRECTORY": str(folder)}


def login(token: str = CANARY, **more: str) -> Login:
    return Login(Secret(token), "1001", **more)  # type: ignore[arg-type]


def test_a_saved_login_is_found_and_is_nobody_elses(state: Path) -> None:
    state.chmod(0o700)
    found = credentials(state)
    found.save("me", Login(Secret(CANARY), "1001", Secret("app-secret-1")))
    found.save("page", login("EAAother"))
    assert found.token("me").reveal() == CANARY
    assert found.token("page").reveal() == "EAAother"
    assert found.user_id("me") == "1001"
    secret = found.app_secret("me")
    assert secret is not None
    assert secret.reveal() == "app-secret-1"
    assert found.file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in state.iterdir()] == ["credentials.toml"]


def test_a_new_login_keeps_what_else_is_in_the_file(state: Path) -> None:
    write(
        state,
        'ping_url = "https://ping.example/1"\nnotify_urls = ["ntfy://a"]\n[me]\ntoken = "old"\napp_secret = "s1"\n',
    )
    found = credentials(state)
    found.save("me", login())
    assert found.token("me").reveal() == CANARY
    secret, ping = found.app_secret("me"), found.ping_url()
    assert secret is not None
    assert ping is not None
    assert (secret.reveal(), ping.reveal()) == ("s1", "https://ping.example/1")
    assert [url.reveal() for url in found.notify_urls()] == ["ntfy://a"]


def test_a_new_folder_for_logins_is_closed_to_others(tmp_path: Path) -> None:
    found = Credentials({"STATE_DIRECTORY": str(tmp_path / "new")})
    found.save("me", login())
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("spoil", ["mode", "link"])
def test_a_file_that_others_may_read_is_not_written_to_either(state: Path, spoil: str) -> None:
    file = write(state, '[me]\ntoken = "old"\n', 0o644 if spoil == "mode" else 0o600)
    if spoil == "link":
        file.rename(state / "elsewhere")
        file.symlink_to(state / "elsewhere")
    with pytest.raises(ConfigError, match="chmod 600|symbolic link"):
        credentials(state).save("me", login())
    assert 'token = "old"' in file.read_text()


def test_systemd_may_give_the_whole_file(tmp_path: Path, state: Path) -> None:
    write(state, '[me]\ntoken = "from-the-state-folder"\n')
    environ = given(tmp_path, f'notify_urls = ["ntfy://b"]\n[me]\ntoken = "{CANARY}"\napp_secret = "s2"\n')
    found = credentials(state, **environ)
    assert found.token("me").reveal() == CANARY
    assert [url.reveal() for url in found.notify_urls()] == ["ntfy://b"]
    assert [url.reveal() for url in credentials(state, FBBACKUP_NOTIFY_URLS="x://1 x://2").notify_urls()] == [
        "x://1",
        "x://2",
    ]


def test_a_renewed_token_counts_until_another_one_is_given(tmp_path: Path, state: Path) -> None:
    environ = given(tmp_path, '[me]\ntoken = "EAAfirst"\n')
    found = credentials(state, **environ)
    found.save("me", login("EAArenewed", renewed_from=fingerprint(Secret("EAAfirst"))))
    assert found.token("me").reveal() == "EAArenewed"
    given(tmp_path, '[me]\ntoken = "EAAsecond"\n')
    assert found.token("me").reveal() == "EAAsecond"


def test_the_keyring_is_asked_only_where_a_login_was_put_there(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Ring(ModuleType):
        kept: ClassVar[dict[tuple[str, str], str]] = {}

        def set_password(self, service: str, name: str, secret: str) -> None:
            self.kept[service, name] = secret

        def get_password(self, service: str, name: str) -> str | None:
            return self.kept.get((service, name))

    monkeypatch.setitem(sys.modules, "keyring", Ring("keyring"))
    found = credentials(state)
    found.save("me", login(), in_keyring=True)
    assert CANARY not in found.file.read_text()
    assert found.token("me").reveal() == CANARY
    assert found.keeps_in_keyring("me")
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match=r"\.\[keyring\]"):
        found.token("me")
    found.save("me", login("EAAfile"))
    assert found.token("me").reveal() == "EAAfile"
