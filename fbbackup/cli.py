"""The commands, one function each: arguments in, words or JSON out. Everything heavy is imported where it is used."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from fbbackup import __version__
from fbbackup.errors import ConfigError, FbbackupError, Incomplete

if TYPE_CHECKING:
    from sqlite3 import Connection

    from fbbackup.config import Config
    from fbbackup.sources.graph.login import DeviceCode

INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Options:
    """What stands before the command."""

    config_file: Path | None
    archive: str | None
    verbose: bool
    quiet: bool

    def config(self) -> Config:
        from fbbackup.config import load

        return load(self.config_file)

    def root(self, config: Config) -> Path:
        """The archive's folder."""
        return config.archive_folder(self.archive)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="fbbackup")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="Configuration file to use.")
@click.option("--archive", metavar="DIR", help="Folder of the archive.")
@click.option("-v", "--verbose", is_flag=True, help="Tell more; show tracebacks.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, only results.")
@click.pass_context
def cli(context: click.Context, config_file: Path | None, archive: str | None, verbose: bool, quiet: bool) -> None:
    """Keeps an offline, provably complete copy of your own Facebook photos."""
    context.obj = Options(config_file, archive, verbose, quiet)


def as_json(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "json_out", is_flag=True, help="One JSON object on stdout, nothing else.")(command)


@cli.command()
@click.option("--photos", type=click.IntRange(1, 100_000), default=300, show_default=True, help="Size of the library.")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Port of the gallery; 0 = any.")
@click.option("--no-serve", is_flag=True, help="End after the runs, without the gallery.")
@as_json
@click.pass_obj
def demo(options: Options, photos: int, port: int, no_serve: bool, json_out: bool) -> None:
    """Shows the whole thing without an account, on a pretend Facebook; ends with the gallery, until Ctrl-C."""
    from fbbackup.demo import run_demo

    folder = Path(options.archive).absolute() if options.archive else None
    record = run_demo(photos=photos, folder=folder, quiet=options.quiet or json_out)
    _result(json_out, record, record["lines"])
    _end_with(max(run["exit_code"] for run in record["runs"]))
    if not (no_serve or json_out):
        from fbbackup.config import Config
        from fbbackup.web.server import Bind, serve

        home = Path(record["archive"]).parent
        environ = {"XDG_STATE_HOME": str(home / "state"), "HOME": str(home)}
        serve(Config(), Path(record["archive"]), Bind("127.0.0.1", port), _say, environ)


@cli.command()
@click.option("--port", type=click.IntRange(0, 65_535), help="Port to listen on; 0 = any free one.")
@click.option("--host", help="Address to listen on; any other than loopback needs a password.")
@click.pass_obj
def serve(options: Options, port: int | None, host: str | None) -> None:
    """Serves the gallery and the local APIs until Ctrl-C or SIGTERM."""
    from fbbackup.remote import gallery_link

    config = options.config()
    if host is None and port is None and (link := gallery_link(options.root(config))):
        _say("The daemon serves the gallery already:")
        _say(link)
        return
    from fbbackup.config import address
    from fbbackup.web.server import Bind
    from fbbackup.web.server import serve as serve_gallery

    bind = Bind(address(host) if host else config.web.host, config.web.port if port is None else port)
    serve_gallery(config, options.root(config), bind, _say)


@cli.command()
@click.option("--remove", is_flag=True, help="Remove the password; only this machine may look then.")
def password(remove: bool) -> None:
    """Sets the password of the gallery: asked twice on a terminal, else read from stdin."""
    from fbbackup.web.commands import remove_password, set_password

    if remove:
        remove_password()
        click.echo("the password is removed; restart a server that runs")
        return
    if sys.stdin.isatty():
        text = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        text = sys.stdin.readline().rstrip("\r\n")
    set_password(text)
    click.echo("the password is set; restart a server that runs")


@cli.group()
def session() -> None:
    """Tokens with which programs use the local APIs."""


@session.command("new")
@click.option("--account", required=True, help="The account that the program may ask about.")
@click.option("--scope", type=click.Choice(["read", "write"]), default="read", show_default=True)
@click.option("--expires", type=float, metavar="DAYS", help="When it ends, parts of days too; without it: never.")
@as_json
@click.pass_obj
def session_new(options: Options, account: str, scope: str, expires: float | None, json_out: bool) -> None:
    """Makes a token; it is shown this once."""
    from fbbackup.web.commands import new_session, new_session_lines

    config = options.config()
    known = options.archive or config.archive
    catalog = config.catalog.path or (options.root(config) if known else Path()) / "catalog.sqlite"
    record = new_session(config, catalog, account, scope, expires)
    _result(json_out, record, new_session_lines(record))


@session.command("list")
@as_json
def session_list(json_out: bool) -> None:
    """All sessions that have not ended."""
    from fbbackup.web.commands import all_sessions, session_lines

    found = all_sessions()
    _result(json_out, {"sessions": [one.public() for one in found]}, session_lines(found))


@session.command("revoke")
@click.argument("session_id", metavar="ID")
@as_json
def session_revoke(session_id: str, json_out: bool) -> None:
    """Ends a session at once, open connections included."""
    from fbbackup.web.commands import revoke_session

    revoke_session(session_id)
    _result(json_out, {"revoked": session_id}, [f"session {session_id} is revoked"])


@cli.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many to show.")
@as_json
@click.pass_obj
def search(options: Options, query: tuple[str, ...], limit: int, json_out: bool) -> None:
    """Finds photos by words and filters, as the gallery does: lake from:2014 person:Ada has:caption."""
    from fbbackup.web.commands import found, found_lines

    with _catalog(options) as (db, _):
        record = found(db, _shell_words(query), limit)
    _result(json_out, record, found_lines(record))


def _shell_words(words: tuple[str, ...]) -> str:
    """One text of what the shell took apart: `person:"Ada Example"` comes as one word without its quotes."""
    if len(words) == 1:
        return words[0]
    quoted = []
    for word in words:
        name, colon, value = word.partition(":")
        if " " not in word or '"' in word:
            quoted.append(word)
        else:
            quoted.append(f'{name}:"{value}"' if colon and " " not in name else f'"{word}"')
    return " ".join(quoted)


@cli.command()
@click.option("--account", help="Only this account.")
@click.option("--deep", is_flag=True, help="List every album again, not only those that look changed.")
@click.option("--dry-run", is_flag=True, help="List, but store nothing and change nothing.")
@click.option("--accept-vanished", is_flag=True, help="Believe that many photos were removed upstream at once.")
@as_json
@click.pass_obj
def sync(
    options: Options, account: str | None, deep: bool, dry_run: bool, accept_vanished: bool, json_out: bool
) -> None:
    """Brings the archive up to date: one run."""
    config = options.config()
    root, quiet = options.root(config), options.quiet or json_out
    wish = {"account": account, "deep": deep, "accept_vanished": accept_vanished}
    results = None if dry_run else _sync_by_daemon(root, wish, quiet=quiet)
    if results is None:
        from fbbackup.app import SyncOptions, sync_accounts

        wanted = SyncOptions(account, deep, dry_run, accept_vanished)
        done = sync_accounts(config, root, wanted, quiet=quiet)
        results = [{"record": result.record(), "lines": result.lines()} for result in done]
    records = [result["record"] for result in results]
    record = records[0] if len(records) == 1 else {"runs": records}
    _result(json_out, record, [line for result in results for line in result["lines"]])
    _end_with(max(found["exit_code"] for found in records))


def _sync_by_daemon(root: Path, wish: dict[str, Any], *, quiet: bool) -> list[dict[str, Any]] | None:
    """The run of a daemon that is at work in this archive; None when there is none."""
    from fbbackup.remote import sync_by_daemon
    from fbbackup.screen import progress

    with progress("daemon", quiet=quiet) as report:
        return sync_by_daemon(root, wish, report)


@cli.command()
@click.pass_obj
def daemon(options: Options) -> None:
    """Keeps the archive up to date by itself, as a service; SIGUSR1 starts a run, SIGHUP rereads the configuration."""
    from fbbackup.daemon import run_daemon

    def load() -> tuple[Config, Path]:
        config = options.config()
        return config, options.root(config)

    run_daemon(load, verbose=options.verbose)


@cli.command("import")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--messages", is_flag=True, help="Bring in photos of Messenger conversations as well.")
@as_json
@click.pass_obj
def import_(options: Options, paths: tuple[Path, ...], messages: bool, json_out: bool) -> None:
    """Brings in Facebook's own export: its zips or folders, any number of parts, or folders of other tools."""
    from fbbackup.import_run import ImportOptions, import_paths

    config = options.config()
    wanted = ImportOptions(paths, messages)
    result = import_paths(config, options.root(config), wanted, quiet=options.quiet or json_out)
    for line in result.refused:
        click.echo(f"fbbackup: {line}", err=True)
    _result(json_out, result.record(), result.lines())
    _end_with(result.exit_code)


@cli.command()
@as_json
@click.pass_obj
def status(options: Options, json_out: bool) -> None:
    """What is stored, when it last ran, what is pending, when the login ends."""
    from fbbackup.remote import daemon_state
    from fbbackup.status import status_lines, status_record

    with _catalog(options) as (db, root):
        record = {**status_record(db, root), "daemon": daemon_state(root)}
        lines = status_lines(record)
    _result(json_out, record, lines)


@cli.command()
@as_json
@click.pass_obj
def audit(options: Options, json_out: bool) -> None:
    """How complete each album is, and what is missing and why."""
    from fbbackup.audit import completeness
    from fbbackup.status import audit_lines

    with _catalog(options) as (db, _):
        record = completeness(db)
        lines = audit_lines(record)
    _result(json_out, record, lines)
    _end_with(0 if record["complete"] else Incomplete.exit_code)


@cli.command()
@click.option("--strict", is_flag=True, help="Check every rule, reading every file.")
@as_json
@click.pass_obj
def doctor(options: Options, strict: bool, json_out: bool) -> None:
    """Checks the set-up: configuration, archive, catalog, login; --strict also every rule of the archive."""
    from fbbackup.doctor import examine_setup

    record = examine_setup(options.config(), options.archive, strict=strict)
    _result(json_out, record, record["lines"])
    _end_with(record["exit_code"])


PERCENT = click.FloatRange(0, 100, min_open=True)


@cli.command()
@click.option("--sample", type=PERCENT, metavar="P", help="Read only P percent of the files, chosen at random.")
@click.option("--oldest", type=PERCENT, metavar="P", help="Read only the P percent whose last check is longest ago.")
@click.option("--repair", is_flag=True, help="Put identical good bytes in place of damaged files.")
@click.option("--account", help="Only files of this account.")
@as_json
@click.pass_obj
def verify(
    options: Options, sample: float | None, oldest: float | None, repair: bool, account: str | None, json_out: bool
) -> None:
    """Reads the files, compares them with what was recorded, and tells of damage."""
    from fbbackup.upkeep import VerifyOptions, verify_archive

    if sample is not None and oldest is not None:
        raise ConfigError("--sample and --oldest exclude each other; give one of them")
    config = options.config()
    wanted = VerifyOptions(sample, oldest, repair, account)
    record = verify_archive(config, options.root(config), wanted, quiet=options.quiet or json_out)
    _result(json_out, record, record["lines"])
    _end_with(record["exit_code"])


@cli.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO…")
@click.option("--yes", is_flag=True, help="Do it; without this it is only told what would be done.")
@as_json
@click.pass_obj
def purge(options: Options, photos: tuple[str, ...], yes: bool, json_out: bool) -> None:
    """Removes the files of these photos for good: the only command that removes a picture."""
    from fbbackup.upkeep import purge_photos

    config = options.config()
    record = purge_photos(config, options.root(config), photos, confirmed=yes)
    _result(json_out, record, record["lines"])
    _end_with(record["exit_code"])


@cli.command()
@as_json
@click.pass_obj
def rebuild(options: Options, json_out: bool) -> None:
    """Makes the catalog anew from the archive's files; the old one is kept beside it."""
    from fbbackup.restoring import rebuild_catalog

    config = options.config()
    record = rebuild_catalog(config, options.root(config))
    _result(json_out, record, record["lines"])
    _end_with(record["exit_code"])


@cli.command()
@as_json
@click.pass_obj
def drill(options: Options, json_out: bool) -> None:
    """Proves the backup: restores everything in a temporary place from the files alone, and compares."""
    from fbbackup.restoring import drill_archive

    config = options.config()
    record = drill_archive(config, options.root(config))
    _result(json_out, record, record["lines"])
    _end_with(record["exit_code"])


@cli.command()
@click.argument("photo")
@as_json
@click.pass_obj
def show(options: Options, photo: str, json_out: bool) -> None:
    """All about one photo, by its Facebook id."""
    from fbbackup.catalog import reports
    from fbbackup.status import photo_lines

    with _catalog(options) as (db, root):
        found = reports.photo(db, photo)
        if found is None:
            raise ConfigError(f"there is no photo {photo!r} in the catalog; ids are in the `library` view, column id")
        lines = photo_lines(found, root)
    _result(json_out, found, lines)


@cli.command()
@click.argument("photo")
@as_json
@click.pass_obj
def why(options: Options, photo: str, json_out: bool) -> None:
    """Where each value of a photo came from, and why it is or is not stored."""
    from fbbackup.why import why_lines, why_record

    with _catalog(options) as (db, _):
        found = why_record(db, photo)
    _result(json_out, found, why_lines(found))


@cli.command()
@as_json
@click.pass_obj
def accounts(options: Options, json_out: bool) -> None:
    """The configured accounts, their permissions and when their logins end."""
    from fbbackup.status import account_lines, account_records

    config = options.config()
    root = options.root(config) if options.archive or config.archive else None
    record = {"accounts": account_records(config, root)}
    _result(json_out, record, account_lines(record["accounts"]))


@cli.command()
@click.argument("account", required=False)
@click.option("--device", "way", flag_value="device", help="With a code that is typed in on any other device.")
@click.option("--browser", "way", flag_value="browser", help="In a browser on this machine.")
@click.option("--paste", "way", flag_value="paste", default=True, help="With a token: asked for, or from stdin.")
@click.option("--page", metavar="PAGE", help="Name or id of a Page: take that Page's token.")
@click.option("--app-secret", "asks_secret", is_flag=True, help="Ask for the app's secret as well, and keep it.")
@click.option("--replace", is_flag=True, help="Accept a login of another person than before.")
@click.option("--keyring", "in_keyring", is_flag=True, help="Keep the login in the desktop's keyring.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=0, help="Port for the browser to come back to; 0 = any."
)
@as_json
@click.pass_obj
def login(options: Options, /, account: str | None, way: str, asks_secret: bool, json_out: bool, **wanted: Any) -> None:
    """Logs an account in; tokens are never taken from the command line."""
    from fbbackup.credentials import Secret
    from fbbackup.login import Screen, Wish, log_in

    config = options.config()
    names = [found.name for found in config.selected(account)]
    if len(names) > 1:
        raise ConfigError(f"which account? add one of: {', '.join(names)}")
    token = Secret(_typed_secret("token")) if way == "paste" else None
    app_secret = Secret(_typed_secret("app secret")) if asks_secret else None
    root = options.root(config) if options.archive or config.archive else None
    screen = Screen(lambda line: click.echo(line, err=True), _show_code, _open_page)
    record = log_in(config, root, Wish(names[0], way, token, app_secret, **wanted), screen)
    _result(json_out, record, record["lines"])


def _typed_secret(what: str) -> str:
    """Read without echo from a terminal, else a line of stdin."""
    if sys.stdin.isatty():
        text = click.prompt(f"Paste the {what} (it is not shown)", hide_input=True, err=True)
    else:
        text = sys.stdin.readline(1 << 16)
    if not text.strip():
        raise ConfigError(f"no {what} was given; paste it, or send it to stdin")
    return str(text.strip())


def _show_code(device: DeviceCode) -> None:
    import segno

    click.echo(f"\nOn any device, open   {click.style(device.address, bold=True)}", err=True)
    click.echo(f"and type in the code  {click.style('  '.join(device.user_code), bold=True)}\n", err=True)
    if sys.stderr.isatty():
        segno.make(device.address).terminal(out=sys.stderr, compact=True)
    click.echo(f"waiting for up to {device.expires_seconds / 60:.0f} minutes …", err=True)


def _open_page(address: str) -> None:
    import webbrowser

    click.echo(f"Allow fbbackup in the browser; if none opens, go to\n{address}", err=True)
    webbrowser.open(address)


@cli.group()
def systemd() -> None:
    """fbbackup as a service."""


@systemd.command()
@click.option("--user", "own", is_flag=True, help="A service of your own instead of one of the machine.")
@click.option("--for", "user", metavar="USER", help="Run as this user, who owns the archive.")
@click.option("--keep", "folder", type=click.Path(path_type=Path), metavar="DIR", help="Where that user's archive is.")
@click.option("--program", type=click.Path(path_type=Path), help="The fbbackup command to start.")
@click.option("--into", type=click.Path(path_type=Path), metavar="DIR", help="Only write the unit into this folder.")
def install(own: bool, user: str | None, folder: Path | None, program: Path | None, into: Path | None) -> None:
    """Writes the systemd unit and enables it."""
    from fbbackup import units

    wanted = units.Wanted(own, user, folder, program, into)
    _result(False, {}, units.install(wanted))


@cli.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO…")
@click.option("--to", required=True, metavar="DESTINATION", help="A [[destinations]] table of the configuration.")
@click.option("--album", help="The destination's id of an album there.")
@click.option("--caption", help="Instead of the photo's own caption; empty for none.")
@click.option("--url", help="Address under which the service can fetch the picture itself.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A further parameter, by its own name.")
@click.option("--shrink", is_flag=True, help="Send a smaller picture where this one is too large.")
@click.option("--again", is_flag=True, help="Send again although nobody knows whether the last attempt arrived.")
@click.option("--force", is_flag=True, help="Use a push that the network has ended.")
@click.option("--undo", is_flag=True, help="Take back what was published of these photos.")
@click.option("--dry-run", is_flag=True, help="Check everything, send nothing.")
@as_json
@click.pass_obj
def upload(options: Options, /, json_out: bool, **wish: Any) -> None:
    """Publishes photos to a Facebook Page, or through OneAll; each at most once."""
    from fbbackup.publish import UploadWish, run_upload

    config = options.config()
    record = run_upload(config, options.root(config), UploadWish(**wish))
    _result(json_out, record, record["lines"])
    _end_with(record["exit_code"])


@contextmanager
def _catalog(options: Options) -> Iterator[tuple[Connection, Path]]:
    """The catalog for reading, and the archive's folder."""
    from fbbackup.catalog.connection import reading

    config = options.config()
    root = options.root(config)
    with reading(config.catalog.path or root / "catalog.sqlite") as db:
        yield db, root


def _result(json_out: bool, record: dict[str, Any], lines: list[str]) -> None:
    if json_out:
        click.echo(json.dumps(record, ensure_ascii=False))
    else:
        for line in lines:
            click.echo(line)


def _say(line: str) -> None:
    click.echo(line)
    sys.stdout.flush()


def _end_with(exit_code: int) -> None:
    if exit_code:
        sys.exit(exit_code)


def main() -> NoReturn:
    """The entry point: runs a command; every expected failure is one line and its exit code."""
    verbose = "-v" in sys.argv[1:] or "--verbose" in sys.argv[1:]
    try:
        cli(standalone_mode=False, windows_expand_args=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.Abort:
        _fail("stopped; what is stored stays, the next run goes on", INTERRUPTED)
    except click.ClickException as error:
        _fail(f"{error.format_message()} (see `fbbackup --help`)", ConfigError.exit_code)
    except FbbackupError as error:
        if verbose:
            raise
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("stopped; what is stored stays, the next run goes on", INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(FbbackupError.exit_code)
    except Exception as error:
        if verbose:
            raise
        _fail(f"unexpected {type(error).__name__}: {error}; run again with -v for details", FbbackupError.exit_code)
    sys.exit(0)


def _fail(message: str, exit_code: int) -> NoReturn:
    click.echo(f"fbbackup: {' '.join(message.split())}", err=True)
    sys.exit(exit_code)
