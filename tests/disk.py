"""One account whose archive lies on a real disk, with what `verify`, repairs and `purge` do behind their commands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from fbbackup.errors import LoginNeeded
from fbbackup.job import Stock
from fbbackup.oracle import oracle
from fbbackup.purge import Purged, purge
from fbbackup.repair import Means, Outcome, repair
from fbbackup.stores.directory import DirectoryStore
from fbbackup.thumbnails import examine
from fbbackup.verify import Selection, Verified, verify
from tests.fake_source import FakeSource
from tests.jobs import Bench, bench


@dataclass
class Shelf:
    """`ada` runs syncs; paths and keys are those of her archive."""

    root: Path
    ada: Bench
    facebook: FakeSource
    login: bool = True

    @property
    def stock(self) -> Stock:
        return Stock(self.ada.store, self.ada.catalog, self.ada.tick)

    async def verify(self, **selection: Any) -> Verified:
        return await verify(self.stock, Selection(**selection), lambda _: None)

    async def repair(self) -> list[Outcome]:
        """What `verify --repair` does."""
        found = await self.verify()
        means = Means(self.stock, self._open, lambda body, size, _: examine(body, expected=size), lambda _: None)
        return await repair(means, found.damaged)

    @asynccontextmanager
    async def _open(self, account_id: int) -> AsyncIterator[FakeSource]:
        if not self.login:
            raise LoginNeeded("no token for ada")
        yield self.facebook

    async def purge(self, *ids: str) -> Purged:
        return await purge(self.stock, ids)

    def key(self, photo_id: str) -> str:
        """The key of a photo's current file."""
        found: str = self.ada.value("SELECT f.key FROM photos p JOIN files f USING (sha256) WHERE p.id = ?", photo_id)
        return found

    def path(self, photo_id: str) -> Path:
        return self.root / self.key(photo_id)

    def state(self, photo_id: str) -> str:
        found: str = self.ada.value("SELECT state FROM photos WHERE id = ?", photo_id)
        return found

    def files(self, *folders: str) -> dict[str, bytes]:
        """Files below these folders, else below the archive, without what is made; by their paths from the archive."""
        tops = [self.root / folder for folder in folders] or [
            path for path in self.root.iterdir() if path.name not in ("thumbnails", "staging", "quarantine", "journal")
        ]
        found = (path for top in tops for path in [top, *top.rglob("*")] if path.is_file())
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in found
            if not path.name.startswith("manifest")
        }

    def findings(self) -> list[str]:
        """What `doctor --strict` would complain about."""
        return self.ada.catalog.read_now(
            lambda db: [finding.line() for finding in oracle(db, self.ada.store, read_all=True)]
        )

    def holds_what_facebook_has(self) -> bool:
        """Every photo's current file has the bytes that Facebook shows, under the recorded key and digest."""
        rows = self.ada.rows("SELECT p.id, f.key, f.sha256 FROM photos p JOIN files f USING (sha256)")
        bodies = {id_: (self.root / key).read_bytes() for id_, key, _ in rows}
        assert all(sha256(bodies[id_]).hexdigest() == digest for id_, _, digest in rows)
        return bodies == {id_: self.facebook.bodies[id_] for id_ in self.facebook.photos}


@contextmanager
def shelf(root: Path, facebook: FakeSource) -> Iterator[Shelf]:
    """An empty archive for what `facebook` holds."""
    with bench(facebook, store=DirectoryStore(root)) as ada:
        try:
            yield Shelf(root, ada, facebook)
        finally:
            ada.store.close()
