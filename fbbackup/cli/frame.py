"""What all commands share: the options before the command, the catalog, and how results are told."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from fbbackup import __version__
from fbbackup.errors import FbbackupError

if TYPE_CHECKING:
    from sqlite3 import Connection

    from fbbackup.config import Config

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


@contextmanager
def catalog(options: Options) -> Iterator[tuple[Connection, Path]]:
    """The catalog for reading, and the archive's folder."""
    from fbbackup.catalog.connection import reading

    config = options.config()
    root = options.root(config)
    with reading(config.catalog.path or root / "catalog.sqlite") as db:
        yield db, root


def tell(json_out: bool, record: dict[str, Any], lines: list[str]) -> None:
    for line in [json.dumps(record, ensure_ascii=False)] if json_out else lines:
        say(line)


def say(line: str) -> None:
    try:
        click.echo(line)
    except BrokenPipeError:
        raise
    except OSError as error:
        discard(sys.stdout)
        raise FbbackupError(
            f"the answer can't be written to stdout ({error.strerror}); what was done is done: see `fbbackup status`"
        ) from error


def discard(stream: TextIO) -> None:
    """Lets go of what a file did not take, which else would be tried again as the process ends, and change its code."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def end_with(exit_code: int) -> None:
    if exit_code:
        sys.exit(exit_code)
