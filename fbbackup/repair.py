"""Puts identical good bytes in place of damaged ones: from elsewhere in the archive, else from where they came from.

What is damaged is never overwritten: it is set aside under `quarantine/`, and only when the good bytes lie durable
beside it. A repair that is cut short at any moment is finished by the next start (`whereabouts`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from itertools import count, islice

from fbbackup.catalog import downloads, fixity
from fbbackup.catalog.downloads import Kept
from fbbackup.catalog.fixity import Owner
from fbbackup.errors import BadPicture, DownloadError, Incomplete, ItemError, KeyTaken, LoginNeeded
from fbbackup.job import Examine, Stock
from fbbackup.layout import OWN_FOLDERS, QUARANTINE, RESTORING, set_aside_key
from fbbackup.models import Damage, Kind, Photo, Picture, StoredFile, Variant
from fbbackup.placing import at_free_key
from fbbackup.protocols import Progress, Report, Source, Staged
from fbbackup.whereabouts import CHUNK, Readers

ASKED = 50
"""Photos that one call asks for by id at most."""

ATTEMPTS = 3

OpenSource = Callable[[int], AbstractAsyncContextManager[Source]]
"""Opens the source of an account; LoginNeeded when it has no login."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a damage. `kept` is the key under which other bytes than the recorded ones were kept instead."""

    damage: Damage
    repaired: bool
    words: str
    kept: str | None = None


@dataclass(frozen=True, slots=True)
class Means:
    """What a repair works with."""

    stock: Stock
    open_source: OpenSource
    examine: Examine
    report: Report


async def repair(means: Means, damages: Sequence[Damage]) -> list[Outcome]:
    """Repairs what can be, and says of each damage what became of it. Raises only what makes the archive unusable."""
    return await _Repairs(means, damages).run()


@dataclass(slots=True)
class _Case:
    """A damage that only a source can help, and the photos to ask for, one after the other."""

    damage: Damage
    owners: deque[Owner]


@dataclass(frozen=True, slots=True)
class _Fetched:
    """Bytes that came from a source, staged; of a picture also in memory."""

    staged: Staged
    body: bytes = b""


class _Repairs:
    def __init__(self, means: Means, damages: Sequence[Damage]) -> None:
        self._means = means
        self._stock = means.stock
        self._damages = damages
        self._outcomes: dict[str, Outcome] = {}
        self._copies: dict[str, str] = {}
        self._copied: dict[str, str] = {}

    async def run(self) -> list[Outcome]:
        await self._find_copies()
        wards: dict[int, list[_Case]] = {}
        for damage in self._damages:
            if not await self._from_copy(damage):
                await self._assign(damage, wards)
        for account_id, cases in wards.items():
            open_cases = list(cases)
            try:
                async with self._means.open_source(account_id) as source:
                    await self._from_source(source, open_cases)
            except (LoginNeeded, Incomplete) as refused:
                self._leave(cases, str(refused))
        return [self._outcomes[damage.sha256] for damage in self._damages]

    def _settle(self, outcome: Outcome) -> None:
        self._outcomes[outcome.damage.sha256] = outcome
        repaired = sum(one.repaired for one in self._outcomes.values())
        failed = len(self._outcomes) - repaired
        message = f"{repaired} of {len(self._damages)} repaired"
        self._means.report(
            Progress(checked=len(self._outcomes), to_check=len(self._damages), failed=failed, message=message)
        )

    def _leave(self, cases: Sequence[_Case], why: str) -> None:
        for case in cases:
            if case.damage.sha256 not in self._outcomes:
                self._settle(Outcome(case.damage, False, why))

    # -- equal bytes under another name ------------------------------------------------------------------------

    async def _find_copies(self) -> None:
        """Where in the archive the recorded bytes lie under other names: below keys of other damaged files (somebody
        swapped them), in quarantine, or in files that no row names."""
        wanted = {damage.sha256 for damage in self._damages}
        sizes = {damage.bytes for damage in self._damages}
        with Readers(self._stock.store) as readers:
            await self._search(readers, [(d.key, d.bytes) for d in self._damages], wanted)
            keys = self._stock.store.keys("", OWN_FOLDERS - {QUARANTINE.rstrip("/")})
            while chunk := await asyncio.to_thread(lambda: list(islice(keys, CHUNK))):
                alike = {key: size for key, size in chunk if size in sizes}
                unknown = await self._stock.catalog.read(downloads.unknown_keys, list(alike))
                await self._search(readers, [(key, alike[key]) for key in unknown], wanted)

    async def _search(self, readers: Readers, files: Sequence[tuple[str, int]], wanted: set[str]) -> None:
        readings = await readers.read_all(files)
        for (key, _), reading in zip(files, readings, strict=True):
            if reading and reading.sha256 in wanted:
                self._copies.setdefault(reading.sha256, key)
                self._copied.setdefault(key, reading.sha256)

    async def _from_copy(self, damage: Damage) -> bool:
        copy = self._copies.get(damage.sha256)
        if copy is None:
            return False
        try:
            if copy != RESTORING + damage.sha256:
                staged = await self._stock.store.stage(self._stock.store.read(copy))
                if staged.sha256 != damage.sha256:
                    await self._stock.store.discard(staged)
                    return False
                await self._take(staged)
            await self._put_back(damage)
        except (ItemError, KeyError):
            # Somebody moves files about meanwhile: the source is asked instead.
            return False
        self._settle(Outcome(damage, True, f"the same bytes were found in {copy}"))
        return True

    # -- from where they came from -----------------------------------------------------------------------------

    async def _assign(self, damage: Damage, wards: dict[int, list[_Case]]) -> None:
        owners = await self._stock.catalog.read(fixity.owners, damage.sha256)
        if not owners:
            self._settle(Outcome(damage, False, "it belongs to no photo, so nobody can be asked for it"))
            return
        account_id = owners[0].account_id
        mine = deque(owner for owner in owners if owner.account_id == account_id)
        wards.setdefault(account_id, []).append(_Case(damage, mine))

    async def _from_source(self, source: Source, cases: list[_Case]) -> None:
        """A few photos at a time, so that their addresses are fresh when they are read."""
        while cases:
            group = cases[:ASKED]
            del cases[:ASKED]
            asked = {case.owners[0].photo_id: case.owners[0].kind for case in group}
            answers = await source.photos_by_id(list(asked), {id_ for id_ in asked if asked[id_] is Kind.VIDEO})
            told = {one.id: f"Facebook does not give it: {one.evidence}" for one in (*answers.absent, *answers.unclear)}
            photos = {photo.id: photo for photo in answers.photos}
            for case in group:
                photo_id = case.owners[0].photo_id
                why = told.get(photo_id, "Facebook gave no answer for it")
                if photo_id in photos:
                    why = await self._from_photo(source, case, photos[photo_id])
                if why and len(case.owners) > 1:
                    case.owners.popleft()
                    cases.append(case)
                elif why:
                    self._settle(Outcome(case.damage, False, why))

    async def _from_photo(self, source: Source, case: _Case, photo: Photo) -> str:
        """The largest variant is what was stored, or the first that leads to a picture where only trying tells.

        Returns why nothing came of it, or nothing when something did.
        """
        why = "Facebook hands out no file for it"
        for variant in photo.variants:
            try:
                return await self._from_variant(source, case, variant)
            except ItemError as error:
                why = f"it could not be fetched: {error}"
            if not variant.is_guess:
                break
        return why

    async def _from_variant(self, source: Source, case: _Case, variant: Variant) -> str:
        fetched = await self._fetch_twice(source, case, variant)
        try:
            if fetched.staged.sha256 == case.damage.sha256:
                await self._take(fetched.staged)
                await self._put_back(case.damage)
                self._settle(Outcome(case.damage, True, "fetched again, the same bytes"))
            else:
                await self._keep_beside(source.name, case, variant, fetched)
        finally:
            await self._stock.store.discard(fetched.staged)
        return ""

    async def _fetch_twice(self, source: Source, case: _Case, variant: Variant) -> _Fetched:
        """Other bytes than recorded are believed only when they come a second time. Raises ItemError."""
        first = await self._fetch(source, case.owners[0], variant)
        if first.staged.sha256 == case.damage.sha256:
            return first
        await self._stock.store.discard(first.staged)
        again = await self._fetch(source, case.owners[0], variant)
        if again.staged.sha256 not in (first.staged.sha256, case.damage.sha256):
            await self._stock.store.discard(again.staged)
            raise BadPicture("other bytes each time")
        return again

    async def _fetch(self, source: Source, owner: Owner, variant: Variant) -> _Fetched:
        store = self._stock.store
        for attempt in range(1, ATTEMPTS + 1):
            try:
                if owner.kind is Kind.VIDEO:
                    return _Fetched(await store.stage(source.stream(variant)))
                body = await source.read(variant)
                return _Fetched(await store.stage(_once(body)), body)
            except DownloadError as error:
                if error.final or attempt == ATTEMPTS:
                    raise
        raise DownloadError("it was not tried")

    # -- on the disk -------------------------------------------------------------------------------------------

    async def _take(self, staged: Staged) -> None:
        """Good bytes are durable under a name of their own before anything is moved for them."""
        good = RESTORING + staged.sha256
        await self._stock.store.keep(staged, good)
        await self._stock.store.settle([good])

    async def _put_back(self, damage: Damage) -> None:
        store, good = self._stock.store, RESTORING + damage.sha256
        await self._set_aside(damage.key)
        await store.move(good, damage.key)
        await store.settle([good, damage.key])
        await self._stock.catalog.write(fixity.record_healed, {damage.sha256: damage.key}, self._stock.now())

    async def _set_aside(self, key: str) -> None:
        for number in count(1):
            aside = set_aside_key(key, number)
            try:
                await self._stock.store.move(key, aside)
            except KeyTaken:
                continue
            except KeyError:
                return
            await self._stock.store.settle([key, aside])
            if digest := self._copied.pop(key, None):
                self._copies[digest] = aside
            return

    async def _keep_beside(self, source: str, case: _Case, variant: Variant, fetched: _Fetched) -> None:
        """Bytes that differ from the recorded ones become a second file of the photo; what is damaged stays."""
        stock, owner, staged = self._stock, case.owners[0], fetched.staged
        picture = await self._examined(owner, variant, fetched)
        wanted = f"{owner.key_stem}.{picture.extension}"
        slot = await stock.catalog.read(downloads.slot, staged.sha256, wanted)
        file = StoredFile(slot.key, staged.sha256, staged.size)
        if not slot.stored:
            file = await at_free_key(stock.catalog, slot, wanted, lambda key: stock.store.keep(staged, key))
            await stock.store.settle([file.key])
        kept = Kept(owner.photo_id, file, picture, source, None)
        await stock.catalog.write(downloads.record_files, [kept], stock.now())
        words = f"Facebook has other bytes by now: they are kept as {file.key}, and the damaged file stays"
        self._settle(Outcome(case.damage, False, words, file.key))

    async def _examined(self, owner: Owner, variant: Variant, fetched: _Fetched) -> Picture:
        """Raises BadPicture."""
        if owner.kind is not Kind.VIDEO:
            return await asyncio.to_thread(self._means.examine, fetched.body, (variant.width, variant.height), None)
        picture = self._means.examine(fetched.staged.head, (None, None), None)
        if not picture.content_type.startswith("video/"):
            raise BadPicture(f"{picture.content_type} instead of a video")
        return replace(picture, width=variant.width, height=variant.height)


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body
