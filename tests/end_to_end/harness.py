"""One account at home: a pretend Facebook, an archive beside it, and runs of the real main job between them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from fbbackup import accounts, app
from fbbackup.app import SyncOptions, sync_accounts
from fbbackup.backup import RunResult
from fbbackup.catalog import open_reader
from fbbackup.config import Account, Config, Download, Limits, Thumbnails
from fbbackup.errors import FbbackupError
from fbbackup.oracle import oracle
from fbbackup.simulator import FAULTS, Library, Simulator
from fbbackup.simulator.faults import Armed
from fbbackup.stores.directory import DirectoryStore

NAME = "ada"
PATIENT = Download(workers=4, timeout_seconds=20, deadline_seconds=60, attempts=2)
STUBBORN = replace(PATIENT, attempts=5)
HASTY = Download(workers=24, timeout_seconds=0.25, deadline_seconds=0.5, attempts=1)
"""Gives stalled servers up quickly. Only for runs in which stalling is the point."""

Row = tuple[Any, ...]


def sampled(every: Iterable[Any], *normal: Any) -> list[Any]:
    """All of them as parameters of a test; those that are not `normal` run in sweeps only."""
    return [one if one in normal else pytest.param(one, marks=pytest.mark.sweep) for one in every]


def small(**options: Any) -> Library:
    """Some 45 photos and two videos in every situation that the library knows, as little pictures."""
    given = {"photos": 40, "albums": 8, "loose": 3, "tagged": 2, "videos": 2, "shared": 2, "largest": 96}
    if "album_sizes" in options:
        given = {"largest": 96}
    return Library(**{**given, **options})


@dataclass
class Trigger(Armed):
    """Calls `act` at the `number`-th matching request, in the pretend Facebook's thread; harms nothing itself."""

    number: int = 1
    act: Callable[[], None] = lambda: None

    def strikes(self, text: str) -> bool:
        if self.match in text:
            self.seen += 1
            if self.seen == self.number:
                self.act()
        return False


@dataclass
class Where(Armed):
    """A fault that strikes where a pattern is found."""

    pattern: str = ""

    def strikes(self, text: str) -> bool:
        return re.search(self.pattern, text) is not None and super().strikes(text)


@dataclass
class Home:
    """The archive of one account; `sync` is what `fbbackup sync` does behind its command line."""

    sim: Simulator
    folder: Path
    app_secret: str | None = None
    account: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    waited: list[float] = field(default_factory=list)
    served: bool = False
    """Whether a daemon of this home serves the gallery, on any free port."""

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    @property
    def environ(self) -> dict[str, str]:
        found = {
            "FBBACKUP_TOKEN_ADA": self.sim.token,
            "XDG_STATE_HOME": str(self.folder / "state"),
            "HOME": str(self.folder),
        }
        return found | ({"FBBACKUP_APP_SECRET_ADA": self.app_secret} if self.app_secret else {})

    def config(self, download: Download = PATIENT) -> Config:
        return Config(
            archive=self.archive,
            accounts=(Account(**{"name": NAME, "api_url": self.sim.url, **self.account}),),
            download=download,
            thumbnails=Thumbnails(size=32),
            limits=Limits(**{"keep_free_bytes": 0, **self.limits}),
        )

    def sync(self, download: Download = PATIENT, **options: Any) -> RunResult:
        """One run. Raises what would end the command."""
        config = self.config(download)
        return sync_accounts(config, self.archive, SyncOptions(**options), quiet=True, environ=self.environ)[0].run

    def exit_code(self, **options: Any) -> int:
        """What the command would end with."""
        try:
            return self.sync(**options).exit_code
        except FbbackupError as error:
            return error.exit_code

    def complete(self, **options: Any) -> RunResult:
        """A run that has to leave nothing open, and to have stored what the pretend Facebook holds now."""
        result = self.sync(**options)
        assert (result.exit_code, result.outcome) == (0, "complete"), (result.line, result.notes)
        assert self.current() == self.expected()
        assert self.members() == self.expected_members()
        return result

    # -- the program in a process of its own -----------------------------------------------------------------

    def start(
        self,
        *arguments: str,
        prefix: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        stdin: str | None = None,
    ) -> subprocess.Popen[str]:
        """`python -m fbbackup …` with the same account and archive, behind another program if wanted."""
        config = self.folder / "config.toml"
        if not config.exists():
            self._write_config(config)
        process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "fbbackup", "--config", str(config), *arguments],
            env={**os.environ, **self.environ, **(environ or {})},
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if stdin is not None and process.stdin is not None:
            process.stdin.write(stdin)
            process.stdin.flush()
        return process

    def _write_config(self, config: Path) -> None:
        config.write_text(
            f"archive = {json.dumps(str(self.archive))}\n[limits]\nkeep_free_bytes = 0\n"
            "[thumbnails]\nsize = 32\n[download]\nworkers = 4\nattempts = 2\n"
            + ("[web]\nport = 0\n" if self.served else "[web]\nenabled = false\n")
            + f'[[accounts]]\nname = "{NAME}"\napi_url = "{self.sim.url}"\n'
            + "".join(f"{key} = {json.dumps(value)}\n" for key, value in self.account.items())
        )

    def command(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of a command."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    # -- what there is -----------------------------------------------------------------------------------------

    def rows(self, sql: str, *values: Any) -> list[Row]:
        db = open_reader(self.archive / "catalog.sqlite")
        try:
            return [tuple(row) for row in db.execute(sql, values)]
        finally:
            db.close()

    def run_count(self) -> int:
        """Runs that ended, however."""
        if not (self.archive / "catalog.sqlite").exists():
            return 0
        return int(self.value("SELECT count(*) FROM runs WHERE finished_at IS NOT NULL"))

    def value(self, sql: str, *values: Any) -> Any:
        return self.rows(sql, *values)[0][0]

    def expected(self) -> dict[str, str]:
        """What the account shows now, videos too: id and digest of the largest rendition."""
        videos = self.sim.library.video_list()
        wanted = {one: sha256(self.sim.largest_bytes(one)).hexdigest() for one in videos}
        return dict(self.sim.expected()) | wanted

    def members(self) -> dict[str, set[str]]:
        """The photos of each album that the catalog has as living."""
        found: dict[str, set[str]] = {one: set() for (one,) in self.rows(
            "SELECT remote_id FROM albums WHERE gone_at IS NULL")}  # fmt: skip
        for album, photo in self.rows(
            "SELECT a.remote_id, m.photo_id FROM album_photos m JOIN albums a ON a.id = m.album_id "
            "JOIN photos p ON p.id = m.photo_id "
            "WHERE m.removed_at IS NULL AND a.gone_at IS NULL AND p.gone_at IS NULL"
        ):
            found[album].add(photo)
        return found

    def expected_members(self) -> dict[str, set[str]]:
        """The same as the pretend Facebook shows it."""
        library = self.sim.library
        found = {one: set(library.album_photos(one)) for one in library.album_list()}
        inside = set().union(*found.values())
        loose = {one for one in library.own_photos("uploaded") if one not in inside}
        own = {"uploads": loose, "tagged": set(library.own_photos("tagged")), "videos": set(library.video_list())}
        return found | {one: members for one, members in own.items() if self._wants(one)}

    def _wants(self, album: str) -> bool:
        return bool(self.account.get(album, True))

    def current(self) -> dict[str, str]:
        """Digests of the bytes on disk of all photos that are stored and not gone, read anew."""
        return self._digests("gone_at IS NULL")

    def kept(self) -> dict[str, str]:
        """The same with photos that are gone upstream."""
        return self._digests("1")

    def _digests(self, condition: str) -> dict[str, str]:
        found = self.rows(
            "SELECT p.id, f.key FROM photos p JOIN files f ON f.sha256 = p.sha256 "
            f"WHERE p.state = 'stored' AND {condition}"
        )
        return {id_: sha256((self.archive / key).read_bytes()).hexdigest() for id_, key in found}

    def files(self) -> dict[str, bytes]:
        """Every file that is never to change, by its path below the archive."""
        found = (path for top in ("photos", "videos") for path in (self.archive / top).rglob("*") if path.is_file())
        kept = (path for path in found if path.name != "manifest.jsonl")
        return {str(path.relative_to(self.archive)): path.read_bytes() for path in kept}

    def tombstones(self) -> dict[str, str]:
        return dict(self.rows("SELECT id, gone_evidence FROM photos WHERE gone_at IS NOT NULL"))  # type: ignore[arg-type]

    def findings(self) -> list[str]:
        """What `doctor --strict` would complain about."""
        if not (self.archive / "catalog.sqlite").exists():
            return []
        store = DirectoryStore(self.archive, threads=1)
        db = open_reader(self.archive / "catalog.sqlite")
        try:
            return [finding.line() for finding in oracle(db, store, read_all=True)]
        finally:
            db.close()
            store.close()

    def snapshot(self) -> dict[str, list[Row]]:
        """Everything that two archives of the same account must agree on: all but times, tries and run records."""
        return {
            name: self.rows(sql)
            for name, sql in {
                "photos": "SELECT id, kind, caption, title, alt_text, link, file_date, file_date_source, "
                "file_date_precision, content_type, width, height, from_id, from_name, place_id, created_at, "
                "updated_at, backdated_at, state, attempts, last_error, gone_at, sha256, key_stem, raw "
                "FROM photos ORDER BY id",
                "albums": "SELECT remote_id, title, kind, remote_count, cover_photo_id, updated_at, virtual, position, "
                "gone_at, iif(virtual, NULL, listed_sign) FROM albums ORDER BY remote_id",
                "album_photos": "SELECT a.remote_id, m.photo_id, m.position, m.removed_at FROM album_photos m "
                "JOIN albums a ON a.id = m.album_id ORDER BY a.remote_id, m.photo_id",
                "files": "SELECT sha256, key, bytes, content_type, width, height, orientation, color, damaged_at, "
                "thumbnail_size FROM files ORDER BY sha256",
                "photo_files": "SELECT photo_id, sha256, is_current, source FROM photo_files ORDER BY 1, 2",
                "people": "SELECT photo_id, person_id, name, x, y FROM photo_people ORDER BY 1, 2, 3, 4, 5",
                "comments": "SELECT id, photo_id, message FROM comments ORDER BY id",
                "unsettled": "SELECT album_id FROM listings",
            }.items()
        }

    def secrets_on_disk(self) -> list[str]:
        """Files in archive and state that hold a token, a proof or an app's secret, besides the one for them."""
        secrets = [text.encode() for text in (*self.sim.access.tokens, self.app_secret) if text]
        paths = (path for top in (self.archive, self.folder / "state") for path in top.rglob("*") if path.is_file())
        paths = (path for path in paths if path.name != "credentials.toml")
        return [str(path) for path in paths if any(secret in path.read_bytes() for secret in secrets)]

    # -- what the pretend Facebook saw -------------------------------------------------------------------------

    @property
    def calls(self) -> int:
        return self.sim.world.ledger.graph_calls

    @property
    def downloads(self) -> int:
        return self.sim.world.ledger.cdn_requests

    def forget(self) -> None:
        """Start counting calls and downloads again."""
        leaks = self.sim.leaks
        self.sim.world.ledger.forget()
        self.sim.world.ledger.leaks.extend(leaks)

    def fault(self, name: str, pattern: str, times: int | None = None, **options: Any) -> None:
        """Arms a fault for the requests in which a pattern is found."""
        kind = FAULTS[name]
        self.sim.faults.armed.append(Where(kind, kind.on, times, options=options, pattern=pattern))

    def at(self, number: int, act: Callable[[], None], *, on: str = "cdn", match: str = "") -> None:
        """Has something happen at the `number`-th request of a kind (cdn, graph, page)."""
        kind = FAULTS["cut" if on == "cdn" else "graph-unknown" if on == "graph" else "page-short"]
        self.sim.faults.armed.append(Trigger(kind, on, match=match, number=number, act=act))


def without_waiting(monkeypatch: pytest.MonkeyPatch, home: Home) -> None:
    """Lets the job's waits pass at once, and its clock be that of the pretend Facebook. Nothing else differs."""

    async def pass_at_once(seconds: float) -> None:
        home.waited.append(seconds)
        await asyncio.sleep(0)

    def now() -> datetime:
        return datetime.fromtimestamp(home.sim.clock.now(), UTC)

    monkeypatch.setattr(app, "Job", partial(app.Job, now=now, sleep=pass_at_once))
    patient = partial(accounts.GraphSettings, clock=home.sim.clock.now, sleep=pass_at_once)
    monkeypatch.setattr(accounts, "GraphSettings", patient)
