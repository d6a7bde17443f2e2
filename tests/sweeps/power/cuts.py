"""Runs of the real program whose power is cut, and what becomes of them when it comes back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from fbbackup.doctor import examine_setup
from fbbackup.errors import FbbackupError
from fbbackup.simulator import Simulator
from tests.end_to_end.harness import Home
from tests.sweeps.power.record import Image, images, lay_out
from tests.sweeps.power.witness import Stored

PROJECT = Path(__file__).parents[3]
ARCHIVE = "archive"
CATALOG = f"{ARCHIVE}/catalog.sqlite"
LONGEST_RUN_SECONDS = 900


@dataclass
class DiskHome(Home):
    """A home whose archive and state lie on a disk of their own."""

    disk: Path = Path()

    @property
    def archive(self) -> Path:
        return self.disk / ARCHIVE

    @property
    def environ(self) -> dict[str, str]:
        return super().environ | {"XDG_STATE_HOME": str(self.disk / "state")}

    def run(self, *arguments: str) -> None:
        """A command that has to succeed, however slow the disk is."""
        process = self.start("--quiet", *arguments)
        out, err = process.communicate(timeout=LONGEST_RUN_SECONDS)
        assert process.returncode == 0, out + err

    def complaints(self) -> list[str]:
        """What `fbbackup doctor --strict` says when it is not content."""
        record = examine_setup(self.config(), None, strict=True, environ=self.environ)
        if not record["exit_code"]:
            return []
        return [line for line in record["lines"] if not line.startswith("ok ")]

    def outcome(self) -> dict[str, Any]:
        """What two archives of the same account must agree on: that something is gone, but not since when."""
        when = {value for (value,) in self.rows(
            "SELECT gone_at FROM photos UNION SELECT gone_at FROM albums UNION SELECT removed_at FROM album_photos"
        )} - {None}  # fmt: skip
        return {
            table: [tuple("gone" if value in when else value for value in row) for row in rows]
            for table, rows in self.snapshot().items()
        }


def why_not() -> str | None:
    """Why there can be no file system of our own here."""
    if not os.access("/dev/fuse", os.W_OK):
        return "/dev/fuse is not there or not for this user"
    try:
        import mfusepy  # noqa: F401
    except (ImportError, OSError) as error:
        return f"libfuse is not installed ({error})"
    if os.geteuid() != 0 and not shutil.which("fusermount3"):
        return "fusermount3 is not installed"
    return None


@dataclass
class PowerDisk:
    """A mounted power-cut disk and the process that is it. Images come to the folder `images`."""

    mount: Path
    images: Path
    process: subprocess.Popen[str]

    def record(self) -> None:
        """All that is there becomes durable; from now on every operation is a moment of its own."""
        self._say("record")

    def stop(self) -> None:
        self._say("stop")

    def answered(self) -> None:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line == "ok\n", (self.images.parent / "filesystem.log").read_text()

    def _say(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        self.answered()


@contextmanager
def power_disk(folder: Path, moves: str = "rename", every: int = 1) -> Iterator[PowerDisk]:
    """Mounted while the block runs. `moves` and `every` as in `filesystem` and `record`."""
    mount, taken = folder / "disk", folder / "images"
    mount.mkdir()
    taken.mkdir()
    program = [sys.executable, "-m", "tests.sweeps.power.filesystem", mount, taken, CATALOG]
    with (
        (folder / "filesystem.log").open("w") as log,
        subprocess.Popen(
            [*program, moves, str(every)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=PROJECT,
        ) as process,
    ):
        disk = PowerDisk(mount, taken, process)
        try:
            disk.answered()
            yield disk
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()


def edits(sim: Simulator) -> None:
    """New photos, a new album, another caption, a photo moved and one deleted."""
    library = sim.library
    first, second = list(library.album_list())[:2]
    sim.clock.advance(3600)
    for number in range(3):
        library.add_photo(first, f"New {number}")
    library.add_photo(library.add_album("Later"), "in it")
    moved, gone, renamed = list(library.album_photos(first))[:3]
    library.move_photo(moved, second)
    library.delete_photo(gone)
    library.recaption(renamed, "Said differently")


@dataclass(frozen=True)
class Work:
    """What is cut: a command, what is done before it after a first run (without it the archive is new), and the
    commands that a person gives again when the power is back, before the next run."""

    command: tuple[str, ...] = ("sync",)
    before: Callable[[DiskHome], None] | None = None
    again: tuple[tuple[str, ...], ...] = ()


FIRST_RUN = Work()
EDITED = Work(before=lambda home: edits(home.sim))


def rebuilding() -> Work:
    """A catalog that is made anew from the archive; without a hand, the next run makes it."""

    def lose(home: DiskHome) -> None:
        for path in home.archive.glob("catalog.sqlite*"):
            path.unlink()

    return Work(("rebuild",), lose)


def importing(export: Path) -> Work:
    """An export that comes into an archive with photos of the API."""
    return Work(("import", str(export)), lambda home: None, (("import", str(export)),))


@dataclass(frozen=True)
class Recorded:
    """A command of which every moment was kept: how many images, those that differ, what had been stored before it,
    what it and the run that follows led to undisturbed, and the commands to give again after a cut."""

    mount: Path
    images: Path
    taken: int
    differing: list[Image]
    stored: Stored
    end: dict[str, Any]
    again: tuple[tuple[str, ...], ...]


def record(sim: Simulator, folder: Path, *, moves: str, every: int, work: Work = FIRST_RUN) -> Recorded:
    """A piece of work on a power-cut disk."""
    stored: Stored = {}
    with power_disk(folder, moves, every) as disk:
        home = DiskHome(sim, folder, disk=disk.mount)
        if work.before is not None:
            home.run("sync")
            stored = home.kept()
            work.before(home)
        disk.record()
        home.run(*work.command)
        disk.stop()
        if work.command != ("sync",):
            home.run("sync")
        end = home.outcome()
    taken, differing = images(disk.images)
    return Recorded(disk.mount, disk.images, taken, differing, stored, end, work.again)


@dataclass(frozen=True)
class Verdict:
    """What became of a cut: photos that had been stored and are lost, and what a person would have to mend."""

    cut: str
    stored: int
    lost: tuple[str, ...]
    trouble: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.cut}: lost {', '.join(self.lost) or 'nothing'}; {'; '.join(self.trouble) or 'no trouble'}"


def recover_image(sim: Simulator, folder: Path, recorded: Recorded, image: Image) -> Verdict:
    """What becomes of an image when the power comes back."""
    home = DiskHome(sim, folder, disk=folder / "disk")
    home.disk.mkdir(parents=True)
    lay_out(recorded.images, image.tree, home.disk)
    _know_the_new_place(home.disk, recorded.mount)
    return recover(home, str(image), recorded.stored | image.stored, recorded.end, recorded.again)


def recover(
    home: DiskHome, cut: str, stored: Stored, end: dict[str, Any], again: tuple[tuple[str, ...], ...] = ()
) -> Verdict:
    """Runs the program on what a cut left; `stored` is what had been stored, `end` what an undisturbed run leads to."""
    digests = {sha256(body).hexdigest() for body in home.files().values()}
    lost = [f"{id_} right after the cut" for id_, digest in stored.items() if digest not in digests]
    trouble = [f"{name} was torn" for name in torn_manifests(home.archive)]
    home.forget()
    for command in again:
        code, out, err = home.command(*command)
        trouble += [f"{command[0]} ended with {code}: {out}{err}"] if code else []
    try:
        result = home.sync()
    except FbbackupError as error:
        return Verdict(cut, len(stored), tuple(lost), (*trouble, f"sync ended with {error.exit_code}: {error}"))
    kept = home.kept()
    lost += [f"{id_} after recovery" for id_, digest in stored.items() if kept.get(id_) != digest]
    trouble += [f"sync ended with {result.exit_code}: {result.line}"] if result.exit_code else []
    return Verdict(cut, len(stored), tuple(lost), (*trouble, *_troubles(home, stored, end, own=not again)))


def _troubles(home: DiskHome, stored: Stored, end: dict[str, Any], *, own: bool) -> Iterator[str]:
    """`own` tells that there is nothing else in the archive than what the account shows."""
    yield from home.complaints()
    if own and (home.current() != home.expected() or home.members() != home.expected_members()):
        yield "the archive does not hold what the account shows"
    found = home.outcome()
    yield from (f"other {table} than after an undisturbed run" for table in end if found[table] != end[table])
    again = home.sim.world.ledger.pictures.keys() & stored.keys()
    yield from (f"{id_} was downloaded again" for id_ in sorted(again))
    yield from (f"{path.name} is left in staging" for path in (home.archive / "staging").glob("*"))


def judged(what: str, verdicts: list[Verdict], figure: Callable[[str], None]) -> None:
    """Tells the figure, and fails with the cuts that went wrong."""
    wrong = [verdict for verdict in verdicts if verdict.lost or verdict.trouble]
    stored, lost = sum(one.stored for one in verdicts), sum(len(one.lost) for one in verdicts)
    figure(f"{what}: {stored} stored photos, {lost} lost, {sum(bool(one.trouble) for one in wrong)} needing a hand")
    assert stored > 0
    assert not wrong, "\n".join(str(verdict) for verdict in wrong[:10])


def torn_manifests(archive: Path) -> Iterator[str]:
    """Manifests that are no whole lines of JSON."""
    for path in sorted(archive.rglob("*.jsonl")):
        *lines, rest = path.read_bytes().split(b"\n")
        if rest or not all(_is_json(line) for line in lines):
            yield str(path.relative_to(archive))


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _know_the_new_place(disk: Path, recorded_at: Path) -> None:
    """The state folder names archives by path, and an image lies elsewhere than the disk that it was taken of."""
    known = disk / "state" / "fbbackup" / "archives.json"
    with suppress(FileNotFoundError):
        known.write_bytes(known.read_bytes().replace(json.dumps(str(recorded_at))[1:-1].encode(), str(disk).encode()))
