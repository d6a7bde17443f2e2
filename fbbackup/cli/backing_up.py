"""Commands that bring photos in: the demonstration, runs, the daemon, imports."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from fbbackup.config import Config

from fbbackup.cli.frame import Options, as_json, cli, end_with, say, tell


@cli.command()
@click.option("--photos", type=click.IntRange(1, 100_000), default=300, show_default=True, help="Size of the library.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port of the gallery; 0 = any.")
@click.option("--no-serve", is_flag=True, help="End after the runs, without the gallery.")
@as_json
@click.pass_obj
def demo(options: Options, photos: int, port: int | None, no_serve: bool, json_out: bool) -> None:
    """Shows it all without an account, on a pretend Facebook. On a terminal it ends with the gallery."""
    from fbbackup.config import Config
    from fbbackup.demo import command_for, run_demo

    folder = Config().archive_folder(options.archive) if options.archive is not None else None
    record = run_demo(photos=photos, folder=folder, quiet=options.quiet or json_out)
    tell(json_out, record, record["lines"])
    end_with(max(run["exit_code"] for run in record["runs"]))
    if no_serve or json_out:
        return
    if port is None and not sys.stdout.isatty():
        # Nobody is there to press Ctrl-C.
        say(f"Look at it: {command_for(Path(record['archive']))} serve")
    else:
        from fbbackup.web.listening import Bind
        from fbbackup.web.server import Opening, serve

        home = Path(record["archive"]).parent
        environ = {"XDG_STATE_HOME": str(home / "state"), "HOME": str(home)}
        serve(Opening(Config(), Path(record["archive"]), Bind("127.0.0.1", port or 0), say, environ))


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
    tell(json_out, record, [line for result in results for line in result["lines"]])
    end_with(max(found["exit_code"] for found in records))


def _sync_by_daemon(root: Path, wish: dict[str, Any], *, quiet: bool) -> list[dict[str, Any]] | None:
    """The run of a daemon that is at work in this archive; None when there is none."""
    from fbbackup.remote import sync_by_daemon
    from fbbackup.screen import progress

    with progress("daemon", quiet=quiet) as report:
        return sync_by_daemon(root, wish, report)


@cli.command()
@click.pass_obj
def daemon(options: Options) -> None:
    """Keeps the archive up to date by itself, as a service. SIGUSR1 starts a run, SIGHUP rereads the configuration."""
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
    """Brings in Facebook's own export, as zips or folders. In any number of parts; or answers of its old interface."""
    from fbbackup.import_run import ImportOptions, import_paths

    config = options.config()
    wanted = ImportOptions(paths, messages)
    result = import_paths(config, options.root(config), wanted, quiet=options.quiet or json_out)
    for line in result.refused:
        click.echo(f"fbbackup: {line}", err=True)
    tell(json_out, result.record(), result.lines())
    end_with(result.exit_code)
