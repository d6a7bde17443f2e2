"""`albums/<title>/…`: relative links to the pictures, for people who browse folders. Never the truth, never followed.

Only links are ever removed here; whatever else lies in these folders is somebody's own.
"""

from __future__ import annotations

import errno
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from fbbackup.stores import disk
from fbbackup.stores.keys import is_part

FOLDER = "albums"
_LONGEST = 200
_UNFIT = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\ud800-\udfff]')
_REFUSALS = disk.UNSUPPORTED | {errno.EPERM}


class Linked(Protocol):
    """An album and the keys of its files by the name of their links."""

    @property
    def account(self) -> str: ...

    @property
    def remote_id(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def links(self) -> dict[str, str]: ...


def portable(title: str) -> str:
    """A title as the name of a folder on any file system: NFC, at most 200 bytes, nothing that some system refuses."""
    name = " ".join(_UNFIT.sub(" ", unicodedata.normalize("NFC", title)).split())
    name = name.encode("utf-8", "ignore")[:_LONGEST].decode("utf-8", "ignore")
    # Cut in the middle of a composed letter, or begun with a dot: neither stays a part of a path everywhere.
    name = unicodedata.normalize("NFC", name).strip(" .")
    if not name:
        return "untitled"
    return name if is_part(name) else f"_{name}"


def write_links(root: Path, albums: Iterable[Linked]) -> str | None:
    """Makes `albums/` show these albums: adds and removes only what differs. Returns why it can't, if so.

    Raises ArchiveUnusable when the disk fails.
    """
    with disk.blaming(root):
        try:
            with _folder(root) as top:
                kept = {folder for folder, album in _named(albums) if _write_album(top, folder, album.links)}
                for name in _folders(top) - kept:
                    _write_album(top, name, {})
                    with suppress(OSError):
                        os.rmdir(name, dir_fd=top)
        except OSError as error:
            if error.errno not in _REFUSALS | {errno.ELOOP, errno.ENOTDIR}:
                raise
            return f"no links to albums: {root / FOLDER} can't hold any ({error.strerror}); set albums.links = false"
    return None


def _named(albums: Iterable[Linked]) -> Iterator[tuple[str, Linked]]:
    """Each album with a folder's name of its own, also where capitals and accents don't count."""
    taken: set[str] = set()
    for album in albums:
        title = portable(album.title)
        for name in (title, f"{title} ({album.account})", f"{title} ({portable(album.remote_id)})"):
            if _folded(name) not in taken:
                break
        else:
            name = f"{title} ({album.account} {portable(album.remote_id)})"
        taken.add(_folded(name))
        yield name, album


def _folded(name: str) -> str:
    return unicodedata.normalize("NFD", name).casefold()


@contextmanager
def _folder(root: Path) -> Iterator[int]:
    with suppress(FileExistsError):
        os.mkdir(root / FOLDER, 0o700)
    descriptor = os.open(root / FOLDER, disk.FOLDER)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _folders(top: int) -> set[str]:
    with os.scandir(top) as entries:
        return {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}


def _write_album(top: int, name: str, links: dict[str, str]) -> bool:
    wanted = {link: f"../../{key}" for link, key in links.items()}
    if wanted:
        with suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=top)
    folder = os.open(name, disk.FOLDER, dir_fd=top)
    try:
        with os.scandir(folder) as entries:
            there = {entry.name: entry.is_symlink() for entry in entries}
        for link in [link for link, is_link in there.items() if is_link]:
            if wanted.get(link) != os.readlink(link, dir_fd=folder):
                os.unlink(link, dir_fd=folder)
                del there[link]
        for link in wanted.keys() - there.keys():
            os.symlink(wanted[link], link, dir_fd=folder)
    finally:
        os.close(folder)
    return True
