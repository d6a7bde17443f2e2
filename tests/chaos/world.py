"""One account over its whole life: the library, runs of the real program, and what has to hold after each of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from fbbackup.backup import RunResult
from fbbackup.catalog import Catalog
from fbbackup.errors import MassVanish
from fbbackup.models import Kind
from tests.chaos.library import VIRTUAL, Library
from tests.chaos.mortal import Inline, Killed, Life, MortalCatalog, MortalStore, looked_at
from tests.chaos.source import ChaosSource, Login
from tests.jobs import Bench

Event = tuple[int, Callable[[ChaosSource], None]]
"""What happens before a call of a run, and before which."""

HARMLESS = {
    "short", "empty", "repeat", "overlap", "reorder", "reject", "strict", "no-probe", "expired", "cut-body", "loop",
    "sick",
}  # fmt: skip
"""Faults after which a run that calls itself complete has to be so."""


@dataclass
class Ending:
    """The death of a run's process, after so many steps."""

    steps: int
    kill: bool


@dataclass
class Figures:
    """What a sweep prints."""

    steps: int = 0
    histories: int = 0
    runs: int = 0
    cut_short: int = 0
    exact: int = 0
    photos: int = 0
    tombstones: int = 0

    def line(self, what: str) -> str:
        """Failures are no part of it: the first one fails the test."""
        return (
            f"chaos, {what}: {self.steps} steps in {self.histories} histories, {self.runs} runs ({self.cut_short} cut "
            f"short, {self.exact} compared exactly), {self.photos} photos, {self.tombstones} tombstones; 0 duplicates, "
            "0 false tombstones, 0 lost files"
        )


@dataclass
class Account(Bench):
    """The bench with bodies of the library's making."""

    def job(self, **settings: Any) -> Any:
        return replace(super().job(**settings), examine=looked_at, make_thumbnail=lambda body, size: b"small")


class World:
    """Steps that a test takes; every run is followed by all checks that apply to it."""

    def __init__(self, catalog: Catalog, figures: Figures) -> None:
        self.figures = figures
        self.library, self.login = Library(), Login()
        self.catalog, self.store = MortalCatalog(catalog), MortalStore()
        self.account = Account(None, self.catalog, self.store, decoder=None)  # type: ignore[arg-type]
        self.loop = Inline()
        self.interrupted = False
        self.signs: dict[str, object] = {}
        self.due: set[str] = set()
        self.sweep_calls = 20
        self.homeless: set[str] = set()
        self.kept: dict[str, bytes] = {}
        self.words: dict[str, str | None] = {}
        self.log: list[str] = []

    # -- runs --------------------------------------------------------------------------------------------------------

    def run(
        self,
        *,
        deep: bool = False,
        accept: bool = False,
        sweep_calls: int = 20,
        faults: Sequence[str] = (),
        events: Sequence[Event] = (),
        ending: Ending | None = None,
    ) -> RunResult | None:
        """One run in a process of its own; None when the process did not come to the end of it."""
        source = ChaosSource(self.library, self.login, Counter(faults))
        self.sweep_calls, self.homeless = sweep_calls, self._homeless()
        sound, moves = self.login.sound, self.library.moves.copy()
        self.due = {key for key in self.library.lists() if self.library.sign(key) != self.signs.get(key)}
        life = self._born(ending)
        waiting = sorted(events, key=lambda event: event[0])
        happened: list[int] = []

        def on_call(number: int) -> None:
            life.step()
            while waiting and waiting[0][0] <= number:
                happened.append(waiting[0][0])
                waiting.pop(0)[1](source)

        source.on_call, source.on_read = on_call, life.step
        self.account.source = source
        self.figures.runs += 1
        result = self.loop.run_until_complete(
            self._live(life, deep=deep, accept_vanished=accept, sweep_calls=sweep_calls)
        )
        self.catalog.life, self.store.life = Life(), Life()
        self.log.append(f"{'deep' if deep else 'quick'}: {result.line if result else 'died'} {sorted(source.struck)}")
        # A virtual album's sign is its head: it may change while it is read, and then be again as it was before.
        changed = {key for key in VIRTUAL if self.library.moves[key] != moves[key]}
        self.library.unseen_lists |= changed & (source.begun | source.ended)
        self._check(source, result, deep, quiet=sound and not happened, vanished=accept)
        return result

    def _born(self, ending: Ending | None) -> Life:
        life = Life(ending.steps if ending else None)
        self.catalog.life = self.store.life = life

        def ends() -> None:
            life.dead = ending is not None and ending.kill
            self._task.cancel()

        life.ends = ends
        return life

    async def _live(self, life: Life, **settings: Any) -> RunResult | None:
        self._task = asyncio.ensure_future(self.account.run(attempts=2, **settings))
        try:
            return await self._task
        except (asyncio.CancelledError, Killed):
            return None
        except BaseExceptionGroup as group:
            _, others = group.split((Killed, asyncio.CancelledError))
            if others is not None:
                raise
            return None

    # -- checks ------------------------------------------------------------------------------------------------------

    def _check(self, source: ChaosSource, result: RunResult | None, deep: bool, *, quiet: bool, vanished: bool) -> None:
        self._check_safety()
        struck = {fault for fault, _ in source.struck}
        calm = quiet and result is not None and not struck
        honest = quiet and result is not None and result.outcome == "complete" and struck <= HARMLESS
        braked = calm and isinstance(result.error, MassVanish) and not vanished  # type: ignore[union-attr]
        if calm and not braked:
            assert result is not None
            assert (result.outcome, result.exit_code) == ("complete", 0), (result.line, result.notes)
        self._widen_latitude(source, result, quiet)
        if (calm or honest) and not braked:
            self._check_exact(source, deep)
            self.figures.exact += 1
            self.interrupted = False
        else:
            self.interrupted = True
            self.figures.cut_short += result is None or result.error is not None

    def _widen_latitude(self, source: ChaosSource, result: RunResult | None, quiet: bool) -> None:
        """What this run may have got wrong in a way that only a deep run looks for again."""
        library = self.library
        for fault, where in source.struck:
            if fault == "reorder":
                library.unseen_order.add(where)
            elif fault == "broken":
                library.unseen_lists |= {where, "uploads"}
            elif fault == "unclear":
                library.unseen_lists |= self.due

    def _check_safety(self) -> None:
        """What holds after every run, whatever happened in it."""
        library, rows = self.library, self.account.rows
        gone = {id_ for (id_,) in rows("SELECT id FROM photos WHERE gone_at IS NOT NULL")}
        assert gone <= library.ever_deleted, f"living photos were buried: {gone - library.ever_deleted}"
        albums = {id_ for (id_,) in rows("SELECT remote_id FROM albums WHERE gone_at IS NOT NULL")}
        assert not albums & library.albums.keys(), "living albums were buried"
        survivors = self.store.survivors()
        assert self.kept.items() <= survivors.items(), "a file was lost or changed"
        self.kept = {key: body for key, body in survivors.items() if key.endswith((".jpg", ".mp4"))}
        for id_, key in rows("SELECT p.id, f.key FROM photos p JOIN files f ON f.sha256 = p.sha256"):
            item = library.items.get(id_) or library.deleted[id_]
            assert self.kept[key] in {item.body(size) for size in library.sizes[id_]}, f"{id_} has a wrong file"
        bodies = list(self.kept.values())
        assert len(set(bodies)) == len(bodies), "the same bytes were stored twice"
        assert rows("SELECT album_id FROM album_photos WHERE removed_at IS NULL GROUP BY album_id, photo_id "
                    "HAVING count(*) > 1") == []  # fmt: skip
        self._check_words_kept()

    def _check_words_kept(self) -> None:
        """No caption that was ever recorded is forgotten."""
        rows = self.account.rows
        current = dict(rows("SELECT id, caption FROM photos"))
        chains: dict[str, list[tuple[str | None, str | None]]] = {}
        for id_, old, new in rows("SELECT photo_id, old, new FROM revisions WHERE field = 'caption' ORDER BY id"):
            chains.setdefault(id_, []).append((old, new))
        for id_, caption in current.items():
            chain = chains.get(id_, [])
            assert all(a[1] == b[0] for a, b in zip(chain, chain[1:], strict=False)), f"a gap in {id_}'s revisions"
            assert not chain or chain[-1][1] == caption
            if id_ in self.words and self.words[id_] != caption:
                assert self.words[id_] in [old for old, _ in chain], f"{id_}: {self.words[id_]!r} was forgotten"
        self.words = current

    def _check_exact(self, source: ChaosSource, deep: bool) -> None:
        """The catalog is the library, apart from what moves no sign and was not read in this run."""
        library = self.library
        read, deferred = source.begun & source.ended, self._deferred(source)
        if not self.interrupted:
            due = (set(library.lists()) if deep else self.due) - deferred
            assert due <= read, f"not read: {due - read}"
        members = self._catalog_members()
        assert members.keys() - VIRTUAL == library.albums.keys(), "the albums differ"
        loose = {key for key in library.lists() if key in deferred or (key in library.unseen_lists and key not in read)}
        for key in set(library.lists()) - loose:
            wanted, found = library.members(key), members[key]
            assert sorted(found) == sorted(wanted), f"{key}: {found} instead of {wanted}"
            if key in read - self._struck(source, "reorder") or key not in library.unseen_order:
                assert found == wanted, f"{key} in another order: {found} instead of {wanted}"
        whole = deep and not self.interrupted
        latitude = self.homeless if not whole else set()
        for key in loose & members.keys():
            latitude |= set(members[key])
        buried_late = self._living() - library.items.keys() - latitude
        assert not buried_late, f"deleted and not noticed: {buried_late}"
        self._check_words(read, whole)
        self._forget_latitude(source, whole)

    def _check_words(self, read: set[str], whole: bool) -> None:
        """Captions, titles and files of the living are those of the library."""
        library = self.library
        seen = self._seen(read, whole)
        titles = dict(self.account.rows("SELECT remote_id, title FROM albums WHERE gone_at IS NULL AND virtual = 0"))
        assert titles == {album.id: album.title for album in library.albums.values()}
        for id_, caption, title, state, width, error in self.account.rows(
            "SELECT p.id, p.caption, p.title, p.state, f.width, p.last_error FROM photos p "
            "LEFT JOIN files f ON f.sha256 = p.sha256 WHERE p.gone_at IS NULL"
        ):
            item = library.items.get(id_)
            if item is None or (id_ in library.unseen_words and id_ not in seen):
                continue
            assert (caption, title) == (item.caption, item.title), f"{id_} says other words"
            if item.file:
                assert state == "stored", f"{id_} is {state}: {error}"
                assert item.kind is Kind.VIDEO or width == item.size, f"{id_} has an older file"

    def _seen(self, read: set[str], whole: bool) -> set[str]:
        """Photos about which this run was told everything; albums don't tell where a video's file is."""
        library = self.library
        if whole:
            return set(library.items)
        shown = {id_ for key in read for id_ in library.shown(key)}
        return {id_ for id_ in shown if library.items[id_].kind is Kind.PHOTO}

    def _forget_latitude(self, source: ChaosSource, whole: bool) -> None:
        library, read = self.library, source.begun & source.ended
        library.unseen_lists -= read - self._garbled(source)
        library.unseen_lists &= set(library.lists())
        library.unseen_order -= read - self._struck(source, "reorder")
        library.unseen_words = set() if whole else library.unseen_words - self._seen(read, whole)
        waiting = set() if self.interrupted else self._deferred(source)
        self.signs |= {key: library.sign(key) for key in library.lists() if key not in waiting}

    def _garbled(self, source: ChaosSource) -> set[str]:
        """Lists with an item that could not be understood; what leaves an album seems to be outside of all."""
        struck = self._struck(source, "broken")
        return struck | {"uploads"} if struck else set()

    def _struck(self, source: ChaosSource, fault: str) -> set[str]:
        return {where for name, where in source.struck if name == fault}

    def _deferred(self, source: ChaosSource) -> set[str]:
        """The list of uploads is read only when that is cheap."""
        return set() if self.sweep_calls or "uploads" in source.ended else {"uploads"}

    def _living(self) -> set[str]:
        return {id_ for (id_,) in self.account.rows("SELECT id FROM photos WHERE gone_at IS NULL")}

    def _homeless(self) -> set[str]:
        """Living photos that are in no album any more: no list shows or lacks them."""
        return self._living() - {id_ for ids in self._catalog_members().values() for id_ in ids}

    def _catalog_members(self) -> dict[str, list[str]]:
        albums = self.account.rows("SELECT remote_id FROM albums WHERE gone_at IS NULL")
        found: dict[str, list[str]] = {key: [] for (key,) in albums}
        for key, id_ in self.account.rows(
            "SELECT a.remote_id, m.photo_id FROM album_photos m JOIN albums a ON a.id = m.album_id JOIN photos p "
            "ON p.id = m.photo_id WHERE m.removed_at IS NULL AND p.gone_at IS NULL AND a.gone_at IS NULL "
            "ORDER BY m.position"
        ):
            found[key].append(id_)
        return found

    # -- between runs ------------------------------------------------------------------------------------------------

    def wait(self, hours: int) -> None:
        """Time passes; addresses of pictures expire."""
        self.account.now += timedelta(hours=hours)
        self.login.epoch += hours > 24

    def lose(self, what: str) -> None:
        """The token or a permission goes, maybe in the middle of a run."""
        setattr(self.login, what, False)
        self.login.noticed = self.login.noticed and what != "videos"

    def log_in(self, without: str) -> None:
        """Everything is well with the login again, except for one thing maybe.

        What a run missed because it may not read videos any more shows only when a run begins without them.
        """
        if not self.login.noticed and without != "videos":
            self.library.unseen_lists.update(self.library.lists())
            self.library.unseen_words.update(self.library.items)
            self.login.noticed = True
        self.login.photos = self.login.videos = self.login.token = True
        if without != "sound":
            setattr(self.login, without, False)

    def heal(self) -> None:
        """Ends the history: with everything well again two deep runs have to make the catalog exact."""
        self.log_in("sound")
        self.run(deep=True, accept=True)
        result = self.run(deep=True, accept=True)
        assert result is not None
        assert not self.interrupted
        assert (self.library.unseen_lists, self.library.unseen_words) == (set(), set())
        self.figures.photos += len(self.account.rows("SELECT 1 FROM photos"))
        self.figures.tombstones += len(self.account.rows("SELECT 1 FROM photos WHERE gone_at IS NOT NULL"))
