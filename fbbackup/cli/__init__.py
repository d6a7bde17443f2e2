"""The commands, one function each: arguments in, words or JSON out. Everything heavy is imported where it is used."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from typing import NoReturn

import click

from fbbackup.cli import asking, backing_up, checking, logging_in, publishing, serving, setting_up
from fbbackup.cli.frame import INTERRUPTED, cli, discard
from fbbackup.errors import ConfigError, FbbackupError

__all__ = ["cli", "main", "asking", "backing_up", "checking", "logging_in", "publishing", "serving", "setting_up"]


def main() -> NoReturn:
    """The entry point: runs a command; every expected failure is one line and its exit code."""
    _open_missing_files()
    # Whenever it comes, also before and after the work of a command, it ends that like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    verbose = "-v" in sys.argv[1:] or "--verbose" in sys.argv[1:]
    try:
        cli(standalone_mode=False, windows_expand_args=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.Abort:
        _fail("stopped; what is stored stays, the next run goes on", INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(ConfigError.exit_code)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "fbbackup"
        message = error.format_message().rstrip(".")
        _fail(f"{message}{'' if message.endswith('?') else ';'} see `{command} --help`", ConfigError.exit_code)
    except FbbackupError as error:
        _fail(str(error), error.exit_code, traceback.format_exc() if verbose else "")
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


def _open_missing_files() -> None:
    """Whoever closed stdin, stdout or stderr gets /dev/null in its place, which else the next file would take."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - as long as the process lives


def _fail(message: str, exit_code: int, details: str = "") -> NoReturn:
    try:
        click.echo(f"{details}fbbackup: {' '.join(message.split())}", err=True)
    except OSError:
        # The code still tells.
        discard(sys.stderr)
    sys.exit(exit_code)
