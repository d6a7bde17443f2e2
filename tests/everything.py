"""A library with one of everything that an archive can hold, made by real runs over doubles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from fbbackup.catalog import Catalog, open_catalog, uploads
from fbbackup.errors import BudgetSpent, DownloadError
from fbbackup.models import Comment, Kind, Photo, Place, Published, Tag, Variant
from fbbackup.stores.directory import DirectoryStore
from tests.fake_source import FakeSource, jpeg
from tests.jobs import Bench

LAKE = Place("77", "Lake “Über” 湖", "Zürich", "Switzerland", 47.3663412345678, 8.5411098765432)
ODD = "new\nline, tab\t, \\ back, “quotes”, \u2028, \x7f, 👩‍👩‍👧, ￿, " + "long " * 60
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(range(256)) * 4


class Library(FakeSource):
    """Photos with everything on them, and videos; what can't be read is `unreadable`."""

    unreadable: tuple[str, ...] = ("1019",)

    def add(self, album: str, body: bytes | None = None, **fields: Any) -> str:
        own = jpeg(self.first_id // 10 + len(self.photos) + 1) if self.first_id != 1000 else None
        return super().add(album, body or own, **fields)

    def node(self, id_: str) -> Photo:
        photo = self.photos[id_]
        size = (photo.width, photo.height) if photo.kind is Kind.VIDEO else ()
        self.generation += 1
        if size:
            variants: tuple[Variant, ...] = (Variant(f"https://cdn.test/{id_}.mp4?{self.generation}", *size),)
        else:
            variants = super().node(id_).variants
            variants += (replace(variants[0], width=32, height=24, expires_at=datetime(2040, 1, 1, tzinfo=UTC)),)
        raw = json.dumps({"id": id_, "node": repr(photo)}, ensure_ascii=False)
        return replace(photo, variants=variants, raw=raw)

    async def read(self, variant: Variant) -> bytes:
        if any(f"/{id_}." in variant.url for id_ in self.unreadable):
            raise DownloadError("500", final=True)
        return await super().read(variant)


@dataclass
class Everything:
    """Two accounts over one archive folder; `catalog` is open."""

    root: Path
    catalog: Catalog
    store: DirectoryStore
    ada: Bench
    page: Bench

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.ada.rows(sql, *values)


@contextmanager
def opened(root: Path) -> Iterator[Everything]:
    """An empty archive folder with its two accounts."""
    root.mkdir(parents=True, exist_ok=True)
    store = DirectoryStore(root)
    with open_catalog(root / "catalog.sqlite") as catalog:
        ada = Bench(Library(), catalog, store)
        page = Bench(Library(first_id=5000), catalog, store, account="page")
        try:
            yield Everything(root, catalog, store, ada, page)
        finally:
            ada.decoder.shutdown()
            page.decoder.shutdown()
            store.close()


async def fill(all_of_it: Everything) -> None:
    """Runs with edits, tombstones, a larger picture, failures, shared bytes, and a listing that was cut short."""
    ada, page = all_of_it.ada, all_of_it.page
    _first_library(ada.source, page.source)
    await ada.run()
    await page.run()
    _edit(ada.source)
    await ada.run(deep=True)
    await page.run(deep=True)
    _publish(all_of_it.catalog)
    _cut_short(page.source)
    await page.run(deep=True)
    all_of_it.catalog.write_now(_imports)
    await ada.run()


def _imports(db: Connection) -> None:
    """What an import leaves besides photos."""
    db.execute(
        "INSERT INTO mentions VALUES ('1001', '2026-01-01', 'album/0.json', 'a', 'exact', NULL, 'u/1.jpg', ?, '')",
        (ODD,),
    )
    db.execute("INSERT INTO photo_fields VALUES ('1001', 'caption', 3, '2026-01-01', 'album/0.json')")
    db.execute("INSERT INTO photo_aliases VALUES ('export-1', '1001', 'the same bytes')")
    db.execute("INSERT INTO imported_media SELECT 'u/1.jpg', 'm', 9, id, sha256 FROM photos WHERE id = '1001'")
    db.execute("INSERT INTO not_understood VALUES (1, '2026-01-01', 'album/0.json', 'odd', 2, '{}')")


def _first_library(facebook: FakeSource, other: FakeSource) -> None:
    facebook.add_album("1", "Lake", photos=12)
    facebook.add_album("2", ODD)
    facebook.add_album("3", "Empty")
    facebook.add("2", caption=ODD, title=ODD, alt_text=ODD, place=LAKE, link="https://www.facebook.com/1")
    facebook.add("2", file_date=datetime(2031, 2, 28, 23, 59, 59, tzinfo=UTC), people=(Tag("Grace", "9", 12.3, 1 / 3),))
    undated = facebook.add("2", people=(Tag("somebody"), Tag("Grace", "9")), place=LAKE)
    facebook.edit(undated, file_date=None, file_date_source=None, file_date_precision=None)
    facebook.add("2", jpeg(1), caption="the same bytes as 1001")
    facebook.add(
        "2",
        comments=(
            Comment("c1", "first\nline"),
            Comment("c2", "😀", "c1", "9", "Grace", datetime(2020, 1, 2, tzinfo=UTC)),
        ),
        reactions=(("LIKE", 3), ("LOVE", 1)),
    )
    facebook.add("2", MP4, kind=Kind.VIDEO, width=640, height=480, file_date=datetime(2015, 1, 1, tzinfo=UTC))
    facebook.add("1", caption="can't be read")
    other.add_album("1", "Lake", photos=3)
    other.add_album("8", "To be removed", photos=2)
    other.add("1", jpeg(1), caption="the same bytes as in another account")


def _edit(facebook: FakeSource) -> None:
    facebook.edit("1001", caption="edited", title="now with a title")
    facebook.edit("1013", caption=None)
    facebook.edit("1017", comments=(Comment("c1", "edited"),), reactions=(("LIKE", 4),))
    facebook.bodies["1003"] = jpeg(3, (128, 96))
    facebook.edit("1003", caption="larger now")
    facebook.edit("1014", people=(Tag("Grace Hopper", "9", 50.0, 50.0),))
    facebook.edit("1015", place=replace(LAKE, name="Lake, renamed"))
    facebook.titles["1"] = "Lake, renamed"
    facebook.remove("1005")
    facebook.library["1"].remove("1006")
    facebook.library["2"].append("1006")
    facebook.updated["1"] += 1
    del facebook.library["3"]


def _publish(catalog: Catalog) -> None:
    """Two uploads, of which one had no answer."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    first = catalog.write_now(uploads.begin_upload, "page", None, "1001", now)
    catalog.write_now(uploads.record_upload, first, Published("77", "9_77", "https://www.facebook.com/77"), now)
    lost = catalog.write_now(uploads.begin_upload, "page", "5", "1002", now)
    catalog.write_now(uploads.note_lost, lost, "no answer in time")


def _cut_short(other: FakeSource) -> None:
    other.add("1", caption="seen in the run that was cut short")
    del other.library["8"]
    other.page_size = 2

    def spent(album: str, cursor: str | None) -> None:
        if cursor is not None:
            raise BudgetSpent("the call allowance is used up", 60)

    other.before_page = spent
