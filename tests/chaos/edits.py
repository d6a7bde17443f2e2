"""What people do to their library, each as a name and two numbers, so that a history can be drawn and shrunk."""

from __future__ import annotations

from collections.abc import Callable

from fbbackup.models import Kind
from tests.chaos.library import VIRTUAL, Library

Edit = Callable[[Library, int, int], object]


def apply(library: Library, name: str, a: int, b: int) -> None:
    """Does it, when there is something to do it to."""
    EDITS[name](library, a, b)


def _album(library: Library, number: int) -> str | None:
    albums = list(library.albums)
    return albums[number % len(albums)] if albums else None


def _item(library: Library, number: int) -> str | None:
    items = list(library.items)
    return items[number % len(items)] if items else None


def _several(library: Library, a: int, b: int) -> None:
    for _ in range(1 + b % 9):
        library.add(_album(library, a))


def _add_video(library: Library, a: int, b: int) -> None:
    own = b % 3 > 0
    album = _album(library, a) if not own or b % 2 else None
    if own or album is not None:
        library.add(album, Kind.VIDEO, own=own)


def _guest(library: Library, a: int, b: int) -> None:
    """Somebody else's photo in an own album."""
    if (album := _album(library, a)) is not None:
        library.add(album, own=False)


def _delete(library: Library, a: int, b: int) -> None:
    if (item := _item(library, a)) is not None:
        library.delete(item)


def _restore(library: Library, a: int, b: int) -> None:
    if library.deleted:
        library.restore(list(library.deleted)[a % len(library.deleted)])


def _into(act: str) -> Edit:
    def put(library: Library, a: int, b: int) -> None:
        item, album = _item(library, a), _album(library, b)
        if item is not None and album is not None:
            getattr(library, act)(item, album)

    return put


def _leave(library: Library, a: int, b: int) -> None:
    album = _album(library, a)
    shown = library.shown(album) if album is not None else []
    if album is not None and shown:
        library.leave(shown[b % len(shown)], album)


def _tag(library: Library, a: int, b: int) -> None:
    library.tag(_item(library, a) if b % 2 else None)


def _untag(library: Library, a: int, b: int) -> None:
    if tagged := library.shown("tagged"):
        library.untag(tagged[a % len(tagged)])


def _write(library: Library, a: int, b: int) -> None:
    if (item := _item(library, a)) is not None:
        library.write(item, f"words {b}" if b % 4 else None, f"title {b}" if b % 3 == 0 else None)


def _rename(library: Library, a: int, b: int) -> None:
    if (album := _album(library, a)) is not None:
        library.rename(album, f"Title {b}")


def _reorder(library: Library, a: int, b: int) -> None:
    keys = [*library.albums, *VIRTUAL]
    library.reorder(keys[a % len(keys)])


def _delete_album(library: Library, a: int, b: int) -> None:
    if (album := _album(library, a)) is not None:
        library.delete_album(album)


def _encode(library: Library, a: int, b: int) -> None:
    if (item := _item(library, a)) is not None:
        library.encode(item)


def _hand_out(library: Library, a: int, b: int) -> None:
    if (item := _item(library, a)) is not None:
        library.hand_out(item, b % 2 == 0)


EDITS: dict[str, Edit] = {
    "add photos": _several,
    "add album": lambda library, a, b: library.add_album(beyond=a % 4 // 3),
    "upload outside albums": lambda library, a, b: library.add(None),
    "add video": _add_video,
    "add guest": _guest,
    "add twin": lambda library, a, b: library.add(_album(library, b), twin=_item(library, a)),
    "delete": _delete,
    "restore": _restore,
    "move": _into("move"),
    "share": _into("share"),
    "leave": _leave,
    "tag": _tag,
    "untag": _untag,
    "write": _write,
    "rename": _rename,
    "reorder": _reorder,
    "delete album": _delete_album,
    "encode": _encode,
    "hand out": _hand_out,
}
