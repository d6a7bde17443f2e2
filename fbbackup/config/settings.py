"""Every setting, declared once: the loader, the variables' names, the errors and the docs are made from this."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from fbbackup.config.shapes import (
    ADDRESS,
    API_URL,
    FLAG,
    HOSTS,
    PATH,
    PERCENT,
    QUIET_HOURS,
    RHYTHM,
    SITE,
    SOURCE,
    Shape,
    Wrong,
    byte_count,
    number,
    text,
    whole,
)
from fbbackup.errors import ConfigError

PREFIX = "FBBACKUP_"


def _setting(shape: Shape, default: Any, help_text: str) -> Any:
    return field(default=default, metadata={"shape": shape, "help": help_text})


def _required(shape: Shape, help_text: str) -> Any:
    return field(metadata={"shape": shape, "help": help_text})


_NAME = text(r"[A-Za-z0-9_-]{1,64}", "1 to 64 letters, digits, - or _")
_DIGEST = text(r"changes|always|weekly|never", "changes, always, weekly or never")
_VERSION = text(r"v[0-9]{1,3}\.[0-9]{1,2}", "a version such as v21.0")
_APP_ID = text(r"[0-9A-Za-z]{1,64}", "the app's id, digits as a rule")
_PUBLIC_KEY = text(r"[!-9;-~]{1,100}", "the key that OneAll's site shows, without colons and spaces")
_USER_ID = text(r"[0-9]{1,32}", "the digits of the user's id")

_USER = text(r"[!-~]{1,200}", "the user's name or id, without spaces")
_TRANSPORT = text(r"http|websocket", '"http" or "websocket"')

_DESTINATION = text(r"graph|oneall", '"graph" or "oneall"')
_IDENTITY = text(r"[0-9A-Za-z-]{1,64}", "the identity's token")
_PUSH = text(r"[a-z/]{1,64}", "a push such as facebook/page/picture")


@dataclass(frozen=True, slots=True)
class Account:
    """One `[[accounts]]` table."""

    name: str = _required(_NAME, "Your own name for the account; its token is found by it.")
    source: str = _setting(SOURCE, "graph", "Where the photos are read from: `graph`, `legacy` or `rpc`.")
    api_url: str = _setting(
        API_URL,
        "https://graph.facebook.com",
        "Server of the API, for `legacy` its whole address, for `rpc` the server's root; http:// is accepted for "
        "loopback only.",
    )
    api_version: str = _setting(_VERSION, "v21.0", "Version of the Graph API.")
    app_id: str | None = _setting(_APP_ID, None, "Id of your Facebook app, for the login; the api_key for `legacy`.")
    user_id: str | None = _setting(_USER_ID, None, "Whose photos `legacy` lists.")
    user: str | None = _setting(_USER, None, "Whose photos `rpc` asks for; unset = the account's name.")
    transport: str = _setting(_TRANSPORT, "http", "How `rpc` talks to its server: `http` or `websocket`.")
    videos: bool = _setting(FLAG, True, "Back up videos as well.")
    tagged: bool = _setting(FLAG, True, "Back up other people's photos that you are tagged in.")


@dataclass(frozen=True, slots=True)
class Destination:
    """One `[[destinations]]` table."""

    name: str = _required(_NAME, "Your own name for the destination; its token or private key is found by it.")
    type: str = _setting(_DESTINATION, "graph", "`graph` for a Facebook Page, `oneall` for the OneAll service.")
    api_url: str = _setting(
        API_URL, "https://graph.facebook.com", "Server of the API; for `oneall` the one of your own subdomain."
    )
    api_version: str = _setting(_VERSION, "v21.0", "Version of the Graph API.")
    page_id: str | None = _setting(_USER_ID, None, "Id of the Page that is published to.")
    identity_token: str | None = _setting(_IDENTITY, None, "OneAll's token of the identity that publishes.")
    public_key: str | None = _setting(_PUBLIC_KEY, None, "OneAll's public key; the private key is the secret.")
    push: str = _setting(_PUSH, "facebook/page/picture", "OneAll's kind of push; docs/uploading.md lists them.")


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often things are looked at again."""

    every: str = _setting(
        RHYTHM, "1 h", "How often the daemon starts a run: an interval, or cron's five fields in local time."
    )
    jitter_seconds: int = _setting(whole(0, 86_400), 120, "Runs of the daemon start up to this much earlier or later.")
    quiet_hours: str | None = _setting(
        QUIET_HOURS, None, "Local time in which the daemon starts no run by itself, such as 08:00-18:30."
    )
    verify_days: int = _setting(whole(0, 3650), 30, "The daemon reads every file again within so many days; 0 = never.")
    deep_days: int = _setting(whole(1, 365), 14, "Every album is listed again at least this often.")


@dataclass(frozen=True, slots=True)
class Notify:
    """What the daemon tells, besides its log. Addresses of services are secrets and not set here."""

    digest: str = _setting(_DIGEST, "changes", "Runs that are told of: changes, always, weekly (summed up) or never.")
    hook: Path | None = _setting(PATH, None, "Command that is started for each event, with JSON on its stdin.")


@dataclass(frozen=True, slots=True)
class Download:
    """How pictures are fetched."""

    workers: int = _setting(whole(1, 64), 16, "Pictures fetched at the same time.")
    timeout_seconds: float = _setting(number(0.01, 3600), 30.0, "Longest silence of a server before it is given up.")
    deadline_seconds: float = _setting(
        number(0.01, 86_400), 300.0, "Longest time that one attempt at a picture may take in all."
    )
    min_bytes_per_second: int = _setting(
        byte_count(0), 1000, "An attempt that stays slower than this is given up; 0 = never."
    )
    max_picture_bytes: int = _setting(byte_count(1), 64 << 20, "A picture larger than this is refused.")
    allow_hosts: tuple[str, ...] = _setting(
        HOSTS, (), "Further host names that pictures may come from, besides Facebook's own."
    )
    attempts: int = _setting(whole(1, 20), 5, "Attempts that a picture gets within one run.")


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """The small pictures of the gallery."""

    enabled: bool = _setting(FLAG, True, "Make thumbnails.")
    size: int = _setting(whole(32, 2048), 320, "Longer side in pixels.")


@dataclass(frozen=True, slots=True)
class CatalogFile:
    """Where the SQLite file lies."""

    path: Path | None = _setting(
        PATH, None, "File of the catalog, for archives on a network disk; unset = in the archive."
    )
    snapshots: int = _setting(whole(0, 366), 7, "Copies of the catalog, one a day, kept in the archive; 0 = none.")


@dataclass(frozen=True, slots=True)
class Web:
    """The gallery and the local APIs."""

    enabled: bool = _setting(FLAG, True, "The daemon serves the gallery and the APIs as well.")
    host: str = _setting(ADDRESS, "127.0.0.1", "Address to listen on; any other than loopback needs a password.")
    port: int = _setting(whole(0, 65_535), 8765, "Port to listen on; 0 = any free one.")
    relogin_url: str | None = _setting(
        SITE, None, "Address by which your phone reaches the gallery; with it, logging in again is allowed there."
    )
    public_url: str | None = _setting(
        SITE, None, "Address by which everyone reaches this server; with it, OneAll gets signed addresses of pictures."
    )
    hosts: tuple[str, ...] = _setting(
        HOSTS, (), "Further names that browsers may call this server by, such as that of a proxy in front of it."
    )


@dataclass(frozen=True, slots=True)
class Albums:
    """Albums as folders."""

    links: bool = _setting(FLAG, False, "Keep a folder of links to its pictures for each album, below albums/.")


@dataclass(frozen=True, slots=True)
class Limits:
    """When a run holds back."""

    keep_free_bytes: int = _setting(byte_count(0), 1 << 30, "Space that stays free on the archive's disk.")
    vanish_percent: int = _setting(PERCENT, 5, "A larger share of photos missing upstream at once stops the run.")
    vanish_minimum: int = _setting(whole(0, 1_000_000), 5, "Up to this many missing photos never stop a run.")
    usage_slow_percent: int = _setting(PERCENT, 75, "Share of the call allowance from which calls are spread out.")
    usage_stop_percent: int = _setting(PERCENT, 95, "Share of the call allowance at which a run stops calling.")
    sweep_calls: int = _setting(
        whole(0, 10_000), 20, "Calls that a quick run may spend on looking for uploads outside albums."
    )


def _section(kind: type[Any]) -> Any:
    return field(default=kind(), metadata={"section": kind})


@dataclass(frozen=True, slots=True)
class Config:
    """All settings. `file` is the file they were read from, None when there was none."""

    archive: Path | None = _setting(PATH, None, "Folder of the archive; ~ is your home folder.")
    accounts: tuple[Account, ...] = field(
        default=(), metadata={"each": Account, "help": "What is backed up: one [[accounts]] table an account."}
    )
    destinations: tuple[Destination, ...] = field(
        default=(),
        metadata={"each": Destination, "help": "Where `upload` publishes: one [[destinations]] table each."},
    )
    schedule: Schedule = _section(Schedule)
    notify: Notify = _section(Notify)
    download: Download = _section(Download)
    thumbnails: Thumbnails = _section(Thumbnails)
    catalog: CatalogFile = _section(CatalogFile)
    albums: Albums = _section(Albums)
    limits: Limits = _section(Limits)
    web: Web = _section(Web)
    file: Path | None = field(default=None, compare=False)

    def account(self, name: str) -> Account:
        """The account of this name."""
        for account in self.accounts:
            if account.name == name:
                return account
        names = ", ".join(account.name for account in self.accounts)
        known = f"the configuration has: {names}" if names else f"none is configured; add [[accounts]] to {self._where}"
        raise ConfigError(f"there is no account {printable(name)!r}; {known}")

    def destination(self, name: str) -> Destination:
        """The destination of this name."""
        for destination in self.destinations:
            if destination.name == name:
                return destination
        names = ", ".join(destination.name for destination in self.destinations)
        known = f"there are: {names}" if names else f"none is configured; add [[destinations]] to {self._where}"
        raise ConfigError(f"there is no destination {printable(name)!r}; {known}")

    def selected(self, name: str | None = None) -> tuple[Account, ...]:
        """The named account, or all of them; never empty."""
        if name is not None:
            return (self.account(name),)
        if not self.accounts:
            raise ConfigError(f'no account is configured; add [[accounts]] with name = "…" to {self._where}')
        return self.accounts

    def archive_folder(self, option: str | None = None) -> Path:
        """Where the archive is: the option of the command line, else the setting."""
        if option is not None:
            if not option.strip():
                raise ConfigError("--archive is empty; name the archive's folder behind it")
            try:
                folder: Path = PATH.read(option, Path.cwd())
            except Wrong as wrong:
                raise ConfigError(f"--archive {wrong}") from None
            return folder
        if self.archive is None:
            raise ConfigError(f'no archive is set; pass --archive DIR or put archive = "…" into {self._where}')
        return self.archive

    @property
    def _where(self) -> str:
        return printable(str(self.file)) if self.file else "~/.config/fbbackup/config.toml"


class Setting(NamedTuple):
    """One setting for the docs. None of them is secret: tokens and app secrets never come from this file."""

    name: str
    type: str
    default: Any
    help: str
    variable: str | None


def settings() -> Iterator[Setting]:
    """Every setting in order; an account's own settings are named `accounts.…` and have no variable."""
    for top in settable(Config).values():
        if "section" in top.metadata:
            yield from (_described(leaf, top.name) for leaf in settable(top.metadata["section"]).values())
            continue
        yield _described(top)
        if "each" in top.metadata:
            leaves = settable(top.metadata["each"]).values()
            yield from (_described(leaf, top.name)._replace(variable=None) for leaf in leaves)


def _described(leaf: Field[Any], section: str = "") -> Setting:
    name = f"{section}.{leaf.name}" if section else leaf.name
    shape = leaf.metadata.get("shape")
    default = None if leaf.default is MISSING else leaf.default
    variable = PREFIX + name.replace(".", "_").upper()
    return Setting(name, shape.name if shape else "tables", default, leaf.metadata["help"], variable)


def settable(kind: type[Any]) -> dict[str, Field[Any]]:
    """The fields of a section that a file or variable may set."""
    return {each.name: each for each in fields(kind) if each.metadata}


def printable(words: str) -> str:
    """The text on one line, with nothing that a terminal or an encoder trips over."""
    return "".join(letter if letter.isprintable() else "?" for letter in words)
