"""Commands that check the archive, mend it, and the one that removes from it."""

from __future__ import annotations

import math
from typing import Any

import click

from fbbackup.cli.frame import Options, as_json, cli, end_with, tell
from fbbackup.errors import ConfigError


@cli.command()
@click.option("--strict", is_flag=True, help="Check every rule, reading every file.")
@as_json
@click.pass_obj
def doctor(options: Options, strict: bool, json_out: bool) -> None:
    """Checks configuration, login, archive and catalog. With --strict it checks every rule of the archive as well."""
    from fbbackup.doctor import examine_setup

    record = examine_setup(options.config(), options.archive, strict=strict)
    tell(json_out, record, record["lines"])
    end_with(record["exit_code"])


class _Percent(click.FloatRange):
    """Above 0 and at most 100."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        percent: float = super().convert(value, param, ctx)
        if math.isnan(percent):
            # No comparison finds it out of range.
            self.fail("nan is no number; give a percentage such as 4 or 0.5", param, ctx)
        return percent


PERCENT = _Percent(0, 100, min_open=True)


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
    """Compares the files with what was recorded, and tells of damage."""
    from fbbackup.upkeep import VerifyOptions, verify_archive

    if sample is not None and oldest is not None:
        raise ConfigError("--sample and --oldest exclude each other; give one of them")
    config = options.config()
    wanted = VerifyOptions(sample, oldest, repair, account)
    record = verify_archive(config, options.root(config), wanted, quiet=options.quiet or json_out)
    tell(json_out, record, record["lines"])
    end_with(record["exit_code"])


@cli.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO…")
@click.option("--yes", is_flag=True, help="Do it; without this it is only told what would be done.")
@as_json
@click.pass_obj
def purge(options: Options, photos: tuple[str, ...], yes: bool, json_out: bool) -> None:
    """Removes the files of these photos for good. No other command removes a picture."""
    from fbbackup.upkeep import purge_photos

    config = options.config()
    record = purge_photos(config, options.root(config), photos, confirmed=yes)
    tell(json_out, record, record["lines"])
    end_with(record["exit_code"])


@cli.command()
@as_json
@click.pass_obj
def rebuild(options: Options, json_out: bool) -> None:
    """Makes the catalog anew from the archive's files. The old one is kept beside it."""
    from fbbackup.restoring import rebuild_catalog

    config = options.config()
    record = rebuild_catalog(config, options.root(config))
    tell(json_out, record, record["lines"])
    end_with(record["exit_code"])


@cli.command()
@as_json
@click.pass_obj
def drill(options: Options, json_out: bool) -> None:
    """Proves the backup by restoring it from its files alone. All of it happens in a temporary place."""
    from fbbackup.restoring import drill_archive

    config = options.config()
    record = drill_archive(config, options.root(config))
    tell(json_out, record, record["lines"])
    end_with(record["exit_code"])
