"""The command that gets an account its login."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from fbbackup.errors import ConfigError

if TYPE_CHECKING:
    from fbbackup.sources.graph.login import DeviceCode

from fbbackup.cli.frame import Options, as_json, cli, tell


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
    """Logs an account in. Tokens are never taken from the command line."""
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
    wish = Wish(names[0], way, token, app_secret, supersedes=True, **wanted)
    record = log_in(config, root, wish, screen)
    tell(json_out, record, record["lines"])


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
    click.echo(f"\nOn any device, open   {click.style(device.address, bold=True)}", err=True)
    click.echo(f"and type in the code  {click.style(device.user_code, bold=True)}\n", err=True)
    if sys.stderr.isatty():
        import segno

        from fbbackup.cli.letters import large

        for line in large(device.user_code):
            click.secho(f"  {line}", bold=True, err=True)
        click.echo(err=True)
        # With the code, as in the QR codes of Facebook's own devices; where that is not known, it has to be typed in.
        segno.make(f"{device.address}?user_code={device.user_code}&qr=1").terminal(out=sys.stderr, compact=True)
    click.echo(f"waiting for up to {device.expires_seconds / 60:.0f} minutes …", err=True)


def _open_page(address: str) -> None:
    import subprocess
    import threading

    from fbbackup.credentials import without_secrets

    click.echo(f"Allow fbbackup in the browser; if none opens, go to\n{address}", err=True)
    # Some browsers keep their caller until they are closed, and this caller has to answer when they come back.
    # The module as a program, since an environment can't be given to it otherwise. It writes to stdout itself.
    command = [sys.executable, "-P", "-m", "webbrowser", address]
    opening = partial(subprocess.run, command, stdout=2, env=without_secrets(), check=False)
    threading.Thread(target=opening, daemon=True).start()
