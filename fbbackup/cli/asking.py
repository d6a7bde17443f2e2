"""Commands that tell what is there; they change nothing."""

from __future__ import annotations

import click

from fbbackup.cli.frame import Options, as_json, catalog, cli, end_with, tell
from fbbackup.errors import ConfigError, Incomplete


@cli.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many to show.")
@as_json
@click.pass_obj
def search(options: Options, query: tuple[str, ...], limit: int, json_out: bool) -> None:
    """Finds photos by words and filters, as the gallery does. For example: lake from:2014 person:Ada has:caption."""
    from fbbackup.web.commands import found, found_lines

    with catalog(options) as (db, _):
        record = found(db, _shell_words(query), limit)
    tell(json_out, record, found_lines(record))
    end_with(ConfigError.exit_code if record["problems"] else 0)


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
@as_json
@click.pass_obj
def status(options: Options, json_out: bool) -> None:
    """What is stored and pending, the last run, and when logins end."""
    from fbbackup.remote import daemon_state
    from fbbackup.status import status_lines, status_record

    with catalog(options) as (db, root):
        record = {**status_record(db, root), "daemon": daemon_state(root)}
        lines = status_lines(record)
    tell(json_out, record, lines)


@cli.command()
@as_json
@click.pass_obj
def audit(options: Options, json_out: bool) -> None:
    """How complete each album is, and what is missing and why."""
    from fbbackup.audit import completeness
    from fbbackup.status import audit_lines

    with catalog(options) as (db, _):
        record = completeness(db)
        lines = audit_lines(record)
    tell(json_out, record, lines)
    end_with(0 if record["complete"] else Incomplete.exit_code)


@cli.command()
@click.argument("photo")
@as_json
@click.pass_obj
def show(options: Options, photo: str, json_out: bool) -> None:
    """All about one photo, by its Facebook id."""
    from fbbackup.catalog import reports
    from fbbackup.status import photo_lines

    with catalog(options) as (db, root):
        found = reports.photo(db, photo)
        if found is None:
            raise ConfigError(f"there is no photo {photo!r} in the catalog; ids are in the `library` view, column id")
        lines = photo_lines(found, root)
    tell(json_out, found, lines)


@cli.command()
@click.argument("photo")
@as_json
@click.pass_obj
def why(options: Options, photo: str, json_out: bool) -> None:
    """Why a photo is stored or not, and where each value came from."""
    from fbbackup.why import why_lines, why_record

    with catalog(options) as (db, _):
        found = why_record(db, photo)
    tell(json_out, found, why_lines(found))


@cli.command()
@as_json
@click.pass_obj
def accounts(options: Options, json_out: bool) -> None:
    """The accounts: what each may read, and when its login ends."""
    from fbbackup.status import account_lines, account_records

    config = options.config()
    root = options.root(config) if options.archive or config.archive else None
    record = {"accounts": account_records(config, root)}
    tell(json_out, record, account_lines(record["accounts"]))
