"""Finds and reads the configuration file, lays the FBBACKUP_ variables over it and checks every value."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, replace
from pathlib import Path
from typing import Any

from fbbackup.config.places import KeyPath, Origin
from fbbackup.config.settings import PREFIX, Config, printable, settable
from fbbackup.config.shapes import Wrong, list_text
from fbbackup.errors import ConfigError

_FILE_VARIABLE = "FBBACKUP_CONFIG"
_SECRET_VARIABLES = (
    "FBBACKUP_TOKEN_", "FBBACKUP_APP_SECRET_", "FBBACKUP_CLIENT_TOKEN_", "FBBACKUP_NOTIFY_URLS", "FBBACKUP_PING_URL",
)  # fmt: skip
_LARGEST_FILE_BYTES = 1 << 20
_SECRET_KEY = re.compile(r"token|secret|passw", re.IGNORECASE)
_WHERE_INSTEAD = (
    "is a secret and is not read from this file; put it into credentials.toml in the state folder, "
    "a systemd credential or FBBACKUP_TOKEN_<ACCOUNT> / FBBACKUP_APP_SECRET_<ACCOUNT>"
)
_ORDERED = (
    ("limits", "usage_slow_percent", "usage_stop_percent"),
    ("download", "timeout_seconds", "deadline_seconds"),
)


def load(path: Path | None = None, *, environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration of this file, or of the first that is found; a variable beats the file."""
    file, text = _find(path, environ)
    origin = Origin(file, text)
    raw = _parsed(file, text) if file else {}
    _lay_over(raw, origin, environ)
    config: Config = _filled(Config, raw, (), origin)
    _check_names(config, origin)
    _check_order(config, raw, origin)
    return replace(config, file=file.absolute() if file else None)


def _find(path: Path | None, environ: Mapping[str, str]) -> tuple[Path | None, str]:
    if path is None and environ.get(_FILE_VARIABLE):
        path = Path(environ[_FILE_VARIABLE])
    if path is not None:
        file = Path(os.path.expanduser(path))
        if (text := _text_of(file)) is None:
            raise _file_error(
                file, "no such file is to be seen; check the path and whether this user may enter its folder"
            )
        return file, text
    for file in _usual_files(environ):
        if (text := _text_of(file)) is not None:
            return file, text
    return None, ""


def _usual_files(environ: Mapping[str, str]) -> Iterable[Path]:
    folder = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(folder):
        folder = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".config")
    return (Path(folder, "fbbackup", "config.toml"), Path("/etc/fbbackup/config.toml"))


def usual_file(environ: Mapping[str, str]) -> Path:
    """Where a person's own configuration file is looked for."""
    named = environ.get("FBBACKUP_CONFIG", "")
    return Path(named) if named else next(iter(_usual_files(environ)))


def _file_error(file: Path, problem: str) -> ConfigError:
    return ConfigError(printable(f"{file}: {problem}"))


def _text_of(file: Path) -> str | None:
    """The file's text, None where there is no file; Windows line ends and its byte order mark are fine."""
    try:
        with file.open("rb") as stream:
            content = stream.read(_LARGEST_FILE_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except IsADirectoryError:
        raise _file_error(file, f'is a folder; name the file itself, such as "{file / "config.toml"}"') from None
    except PermissionError:
        # systemd's ProtectHome= locks the whole home folder: that is an absent file, not an unreadable one.
        if not os.access(file.parent, os.X_OK):
            return None
        raise _file_error(file, "may not be read by this user; change its owner or run chmod u+r on it") from None
    except OSError as error:
        raise _file_error(file, f"can't be read: {error.strerror}; check the disk and the path") from None
    if len(content) > _LARGEST_FILE_BYTES:
        raise _file_error(file, "is larger than 1 MiB, which no configuration is; check the path")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    raise ConfigError(printable(f"{file}:{line}: the text is not UTF-8; save the file with the encoding UTF-8"))


def _parsed(file: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        place, problem = "", "brackets are nested too deep"
    except ValueError as error:
        place, problem = _place_in(text, str(error))
    raise _file_error(
        Path(f"{file}{place}"), f"not valid TOML: {problem}; each line is key = value, and text stands in quotes"
    )


def _place_in(text: str, problem: str) -> tuple[str, str]:
    """tomllib ends its message with the place; an unclosed bracket or quote is put on the last line with words."""
    match = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", problem)
    if match is None:
        return "", problem
    words = problem[: match.start()]
    if match[1] is None:
        return f":{text.rstrip().count(chr(10)) + 1}", f"{words} before the end of the file"
    return f":{match[1]}", f"{words} in column {match[2]}"


def _lay_over(raw: dict[str, Any], origin: Origin, environ: Mapping[str, str]) -> None:
    paths = dict(_variables())
    for variable, text in sorted(environ.items()):
        if variable not in paths:
            _check_unknown(variable, paths)
        elif text.strip():
            path, from_text = paths[variable]
            origin.variables[path] = variable
            table = raw.setdefault(path[0], {}) if len(path) > 1 else raw
            if isinstance(table, dict):  # anything else is an error of the file, found when it is checked
                try:
                    table[path[-1]] = from_text(text)
                except Wrong as wrong:
                    raise ConfigError(f"{variable}: {wrong}") from None


def _variables() -> Iterator[tuple[str, tuple[tuple[str, ...], Callable[[str], object]]]]:
    for top in settable(Config).values():
        if "section" in top.metadata:
            for leaf in settable(top.metadata["section"]).values():
                path = (top.name, leaf.name)
                yield PREFIX + "_".join(path).upper(), (path, leaf.metadata["shape"].from_text)
        else:
            from_text = top.metadata["shape"].from_text if "shape" in top.metadata else list_text
            yield PREFIX + top.name.upper(), ((top.name,), from_text)


def _check_unknown(variable: str, known: Iterable[str]) -> None:
    if not variable.startswith(PREFIX) or variable == _FILE_VARIABLE or variable.startswith(_SECRET_VARIABLES):
        return
    tables = [f"{PREFIX}{top.name.upper()}_" for top in settable(Config).values() if "shape" not in top.metadata]
    meant = _close(variable.removeprefix(PREFIX), [name.removeprefix(PREFIX) for name in known])
    if meant or variable.startswith(tuple(tables)):
        remedy = f"did you mean {PREFIX}{meant}?" if meant else "docs/configuration.md lists the settings; unset it"
        raise ConfigError(printable(f"{variable}: no setting has this name; {remedy}"))


def _close(word: str, known: Iterable[str]) -> str | None:
    import difflib  # only a typo has to pay for it

    return next(iter(difflib.get_close_matches(word, list(known), 1, 0.75)), None)


def _filled(kind: type[Any], raw: object, path: KeyPath, origin: Origin) -> Any:
    where = _spelled(path)
    if not isinstance(raw, dict):
        raise origin.error(path, f'"{path[0]}" must be a table; write {where} on a line of its own, its keys below it')
    known = settable(kind)
    values = {}
    for key, value in raw.items():
        if key not in known:
            raise origin.error((*path, key), _unknown(key, path, list(known)))
        values[key] = _checked(known[key].metadata, value, (*path, key), origin)
    for name, each in known.items():
        if name not in values and each.default is MISSING:
            raise origin.error(path, f'{where} has no {name}; add {name} = "…"')
    return kind(**values)


def _checked(metadata: Mapping[str, Any], raw: object, path: KeyPath, origin: Origin) -> Any:
    if "section" in metadata:
        return _filled(metadata["section"], raw, path, origin)
    if "each" in metadata:
        if not isinstance(raw, list):
            raise origin.error(path, f'"{path[0]}" must be a list of tables; write [[{path[0]}]] above each')
        return tuple(_filled(metadata["each"], item, (*path, index), origin) for index, item in enumerate(raw))
    try:
        return metadata["shape"].read(raw, origin.folder(path))
    except Wrong as wrong:
        raise origin.error(path, f'"{path[-1]}" {wrong}') from None


def _spelled(path: KeyPath) -> str:
    return f"[[{path[0]}]]" if len(path) > 1 else f"[{path[0]}]" if path else "the top level"


def _unknown(key: str, path: KeyPath, known: list[str]) -> str:
    if _SECRET_KEY.search(key):
        return f'"{key}" {_WHERE_INSTEAD}'
    problem = f'unknown key "{key}" in {_spelled(path)}' if path else f'unknown key "{key}"'
    meant = _close(key, known)
    if meant:
        return f'{problem}; did you mean "{meant}"?'
    homes = [_spelled((top,)) for top, each in settable(Config).items() if key in _inside(each.metadata)]
    if path and key in settable(Config):
        return f"{problem}; it belongs at the top, above the first [section]"
    return f"{problem}; it belongs in {homes[0]}" if homes else f"{problem}; known are {', '.join(known)}"


def _inside(metadata: Mapping[str, Any]) -> Iterable[str]:
    kind = metadata.get("section") or metadata.get("each")
    return settable(kind) if kind else ()


def _check_names(config: Config, origin: Origin) -> None:
    for kind, words in (("accounts", "two accounts are"), ("destinations", "two destinations are")):
        seen: dict[str, str] = {}
        for index, named in enumerate(getattr(config, kind)):
            # The variables of secrets are made from the name, so names have to differ in capitals as well.
            key = named.name.upper().replace("-", "_")
            if key in seen:
                problem = f'{words} named alike, "{seen[key]}" and "{named.name}"; rename one of them'
                raise origin.error((kind, index, "name"), problem)
            seen[key] = named.name


def _check_order(config: Config, raw: Mapping[str, Any], origin: Origin) -> None:
    for section, low, high in _ORDERED:
        table = getattr(config, section)
        if getattr(table, low) > getattr(table, high):
            key = low if low in raw[section] else high
            problem = f'"{low}" ({getattr(table, low):g}) must not be above "{high}" ({getattr(table, high):g})'
            raise origin.error((section, key), f"{problem}; change one of them")
