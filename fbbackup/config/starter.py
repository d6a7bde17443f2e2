"""The first configuration file, from a few answers; never over an existing one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from fbbackup.config.loading import usual_file
from fbbackup.config.settings import printable
from fbbackup.errors import ConfigError

_HEAD = "# Configuration of fbbackup; every setting and its default: docs/configuration.md. Secrets never go in here.\n"


def starter_file(wanted: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """Where the first configuration belongs. Raises ConfigError when something is there already."""
    file = Path(os.path.expanduser(wanted or usual_file(environ)))
    if os.path.lexists(file):
        raise ConfigError(
            printable(f"{file}: there is a configuration already; edit it, or name another file with --config")
        )
    return file


def starter_text(archive: Path, account: str | None, app_id: str | None) -> str:
    """The file for an archive and, unless None, an account of the Graph API."""
    lines = [_HEAD, f"archive = {_quoted(str(archive))}\n"]
    if account is not None:
        lines += ["\n[[accounts]]\n", f"name = {_quoted(account)}\n"]
        lines += [f"app_id = {_quoted(app_id)}\n"] if app_id else []
    return "".join(lines)


def write_starter(file: Path, text: str) -> None:
    """Makes the file whole or not at all. Raises ConfigError."""
    part = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        try:
            os.link(part, file)
        except FileExistsError:
            raise ConfigError(printable(f"{file}: somebody made it meanwhile; nothing was changed")) from None
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(printable(f"{file}: can't be written: {error.strerror}; check the folder")) from None


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
