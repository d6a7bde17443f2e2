"""`python -m tests.sweeps.crash.catalogs fill|open CATALOG`: work on a catalog alone, without albums from anywhere.

`fill` records pages in a row, as an import does, and says so after each; started again, it goes on. `open` makes a
catalog, or brings an older one up to date.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection

from fbbackup.catalog import albums, listings, open_catalog
from fbbackup.catalog.connection import Catalog
from fbbackup.errors import ArchiveUnusable, FbbackupError
from fbbackup.models import Album, Comment, Page, Photo, Place, Tag, Variant

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PAGES, PHOTOS_A_PAGE = 12, 40


def page(number: int) -> Page:
    """Photos with everything that a page can bring."""
    first = number * PHOTOS_A_PAGE
    shown = tuple(
        Photo(
            str(10_000 + at), caption=f"Caption {at}", created_at=NOW, file_date=NOW, file_date_source="created",
            file_date_precision="second", place=Place(f"p{at % 7}", f"Place {at % 7}"), people=(Tag("Grace", "7"),),
            comments=(Comment(f"c{at}", "Nice"),), reactions=(("like", at),), raw=f'{{"id":"{at}"}}',
            variants=tuple(Variant(f"https://cdn.test/{at}-{size}.jpg", size, size) for size in (900, 600, 300)),
        )
        for at in range(first, first + PHOTOS_A_PAGE)
    )  # fmt: skip
    return Page(shown, str(number + 1) if number + 1 < PAGES else None)


def fill(path: Path) -> None:
    with open_catalog(path) as catalog:
        account = catalog.write_now(albums.account, "ada", "export", NOW)
        if catalog.read_now(_is_listed):
            return
        catalog.write_now(albums.record_albums, account, [Album("a", "Album")], 0, NOW)
        for number in _pages_to_come(catalog):
            catalog.write_now(listings.record_page, account, 1, page(number), NOW)
            os.write(1, f"recorded {number}\n".encode())
        catalog.write_now(listings.settle_listing, 1, NOW)


def _is_listed(db: Connection) -> bool:
    return db.execute("SELECT 1 FROM albums WHERE listed_at IS NOT NULL").fetchone() is not None


def _pages_to_come(catalog: Catalog) -> Iterator[int]:
    begun = catalog.write_now(listings.begin_listing, 1, "sign", NOW)
    yield from range(PAGES if begun.finished else int(begun.cursor or 0), PAGES)


def main() -> None:
    what, path = sys.argv[1], Path(sys.argv[2])
    try:
        if what == "fill":
            fill(path)
        else:
            open_catalog(path).close()
    except FbbackupError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError:
        # Nobody can be told: it is stdout that fails.
        sys.exit(ArchiveUnusable.exit_code)


if __name__ == "__main__":
    main()
