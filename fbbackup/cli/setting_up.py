"""The command for the very beginning: questions, a configuration, an archive, a login."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import click

from fbbackup.cli.frame import Options, as_json, cli, tell
from fbbackup.errors import ConfigError

_USUAL_ARCHIVE = "~/facebook-archive"
_NO_ACCOUNT = "none"


@cli.command()
@click.option("--account", metavar="NAME", help=f"Your own name for the account; {_NO_ACCOUNT} = exports only.")
@click.option("--app-id", metavar="ID", help="Id of your Facebook app (docs/facebook-app.md).")
@click.option("--yes", is_flag=True, help="Ask nothing: take what the options say, else what would be proposed.")
@as_json
@click.pass_context
def init(context: click.Context, account: str | None, app_id: str | None, yes: bool, json_out: bool) -> None:
    """Sets everything up. It asks three questions, writes the configuration, makes the archive and offers the login."""
    from fbbackup.config import load
    from fbbackup.config.starter import starter_file, starter_text, write_starter
    from fbbackup.holding import archive_place

    options: Options = context.obj
    file = starter_file(options.config_file)
    folder = options.archive or _asked("Folder of the archive", _USUAL_ARCHIVE, yes)
    account = account or _asked(f"Your own name for the account ({_NO_ACCOUNT} = only import exports)", "me", yes)
    name = None if account == _NO_ACCOUNT else account
    if name is not None and app_id is None:
        app_id = _asked("Id of your Facebook app, if you have one (docs/facebook-app.md)", "", yes)
    archive = Path(os.path.abspath(os.path.expanduser(folder)))
    write_starter(file, starter_text(archive, name, app_id))
    try:
        config = load(file)
        with archive_place(config, config.archive_folder(options.archive), os.environ):
            pass
    except BaseException:
        # Whoever corrects the answer may begin anew.
        file.unlink(missing_ok=True)
        raise
    lines = [f"written: {file}", f"the archive is {archive}"]
    lines.append(_next(name, bool(app_id), options.config_file and file))
    tell(json_out, {"config": str(file), "archive": str(archive), "account": name}, lines)
    if name is not None and not yes and not json_out:
        _offer_login(context, file, name, bool(app_id))


def _asked(question: str, proposal: str, yes: bool) -> str:
    if yes:
        return proposal
    try:
        return str(click.prompt(question, default=proposal, show_default=bool(proposal), err=True)).strip()
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo(err=True)
        raise ConfigError("there is nobody to ask; answer on stdin, or add --yes") from None


def _next(name: str | None, has_app: bool, file: Path | None) -> str:
    command = f"fbbackup --config {shlex.quote(os.path.abspath(file))}" if file else "fbbackup"
    if name is None:
        return f"next: {command} import facebook-*.zip, then {command} serve"
    how = "--device, --browser or a pasted token" if has_app else "a pasted token; codes and browsers take an app_id"
    return f"next: {command} login {name} ({how}), then {command} sync"


def _offer_login(context: click.Context, file: Path, name: str, has_app: bool) -> None:
    if not sys.stdin.isatty():
        return
    ways = ["device", "browser", "paste", "later"] if has_app else ["paste", "later"]
    way = click.prompt("Log in now?", type=click.Choice(ways), default="later", err=True)
    if way == "later":
        return
    options: Options = context.obj
    context.obj = Options(file, options.archive, options.verbose, options.quiet)
    from fbbackup.cli.logging_in import login

    context.invoke(login, account=name, way=way, asks_secret=has_app)
