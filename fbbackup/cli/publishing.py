"""The command that publishes photos."""

from __future__ import annotations

from typing import Any

import click

from fbbackup.cli.frame import Options, as_json, cli, end_with, tell


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
    """Publishes photos to a Facebook Page, or through OneAll. Each is published at most once."""
    from fbbackup.publish import UploadWish, run_upload

    config = options.config()
    record = run_upload(config, options.root(config), UploadWish(**wish))
    tell(json_out, record, record["lines"])
    end_with(record["exit_code"])
