"""Commands around the gallery: the server, its password and sessions, the service of the system."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from fbbackup.cli.frame import Options, as_json, cli, say, tell


@cli.command()
@click.option("--port", type=click.IntRange(0, 65_535), help="Port to listen on; 0 = any free one.")
@click.option("--host", help="Address to listen on; any other than loopback needs a password.")
@click.pass_obj
def serve(options: Options, port: int | None, host: str | None) -> None:
    """Serves the gallery and the local APIs until Ctrl-C or SIGTERM."""
    from fbbackup.remote import gallery_link

    config = options.config()
    if host is None and port is None and (link := gallery_link(options.root(config))):
        say("The daemon serves the gallery already:")
        say(link)
        return
    from fbbackup.config import address
    from fbbackup.web.listening import Bind
    from fbbackup.web.server import Opening
    from fbbackup.web.server import serve as serve_gallery

    bind = Bind(address(host) if host else config.web.host, config.web.port if port is None else port)
    serve_gallery(Opening(config, options.root(config), bind, say))


@cli.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=8766, show_default=True, help="Port; 0 = any free one.")
@click.pass_obj
def datasette(options: Options, port: int) -> None:
    """Shows the catalog's tables in Datasette, read-only. On this machine only; needs the extra `datasette`."""
    from fbbackup.tables.start import serve_tables

    config = options.config()
    serve_tables(config, options.root(config), port, say)


@cli.command()
@click.option("--remove", is_flag=True, help="Remove the password; only this machine may look then.")
def password(remove: bool) -> None:
    """Sets the password of the gallery. It is asked for twice on a terminal, else read from stdin."""
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
    tell(json_out, record, new_session_lines(record))


@session.command("list")
@as_json
def session_list(json_out: bool) -> None:
    """All sessions that have not ended."""
    from fbbackup.web.commands import all_sessions, session_lines

    found = all_sessions()
    tell(json_out, {"sessions": [one.public() for one in found]}, session_lines(found))


@session.command("revoke")
@click.argument("session_id", metavar="ID")
@as_json
def session_revoke(session_id: str, json_out: bool) -> None:
    """Ends a session at once, open connections included."""
    from fbbackup.web.commands import revoke_session

    revoke_session(session_id)
    tell(json_out, {"revoked": session_id}, [f"session {session_id} is revoked"])


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
    tell(False, {}, units.install(wanted))
