"""The instrument itself: what the power-cut disk says of writers whose faults are known."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.sweeps.power.cuts import power_disk, why_not
from tests.sweeps.power.disk import MODELS, PAGE, Disk, File, Folder
from tests.sweeps.power.record import images, paths

WRITER = """
import hashlib, os, sqlite3, sys
os.chdir(sys.argv[1])
careful = sys.argv[2] == "careful"
def sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
os.mkdir("archive")
if careful:
    sync(".")
db = sqlite3.connect("archive/catalog.sqlite", isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA synchronous = FULL")
db.execute("CREATE TABLE photos (id TEXT, sha256 TEXT, state TEXT)")
for number in range(4):
    body = bytes([number + 1]) * 5000
    with open("archive/part", "wb") as file:
        file.write(body)
        file.flush()
        if careful:
            os.fsync(file.fileno())
    os.rename("archive/part", f"archive/{number}.jpg")
    if careful:
        sync("archive")
    db.execute("INSERT INTO photos VALUES (?, ?, 'stored')", (str(number), hashlib.sha256(body).hexdigest()))
db.close()
"""


def left(disk: Disk, model: str) -> dict[str, bytes | None]:
    return {path: file.left(model)[1] if file else None for path, file in disk.left(model)}


@pytest.fixture
def disk() -> Disk:
    """A folder that is there for good, with an unsynced file of one and a half pages in it."""
    made = Disk()
    made.add("/photos", Folder())
    made.settle()
    made.add("/photos/a", File())
    made.file("/photos/a").write(b"x" * (PAGE + PAGE // 2), 0)
    return made


def test_what_was_never_synced(disk: Disk) -> None:
    size = PAGE + PAGE // 2
    assert left(disk, "kill")["photos/a"] == b"x" * size
    assert left(disk, "short")["photos/a"] == b""
    assert left(disk, "zeros")["photos/a"] == bytes(size)
    assert left(disk, "strict") == {"photos": None}


def test_a_synced_file_keeps_its_bytes_and_a_synced_folder_its_names(disk: Disk) -> None:
    disk.file("/photos/a").sync()
    assert left(disk, "strict") == {"photos": None}
    disk.folder("/photos").sync()
    assert all(left(disk, model) == left(disk, "kill") for model in MODELS)


def test_a_move_that_was_not_synced_is_undone(disk: Disk) -> None:
    disk.settle()
    disk.rename("/photos/a", "/photos/b")
    assert left(disk, "strict").keys() == {"photos", "photos/a"}
    assert left(disk, "short").keys() == {"photos", "photos/b"}
    disk.remove("/photos/b")
    assert left(disk, "kill").keys() == {"photos"}
    assert left(disk, "strict").keys() == {"photos", "photos/a"}


def test_torn_pages_are_old_or_new(disk: Disk) -> None:
    disk.settle()
    file = disk.file("/photos/a")
    seen = set()
    for _ in range(50):
        file.write(b"y" * 2 * PAGE, 0)
        body = file.left("torn")[1]
        seen.add((body[:PAGE], body[PAGE:]))
    old, new, half = b"x" * PAGE, b"y" * PAGE, b"x" * (PAGE // 2) + bytes(PAGE // 2)
    assert seen == {(first, second) for first in (old, new) for second in (half, new)}


def test_moving_without_replacing_and_the_errors_of_the_system(disk: Disk) -> None:
    disk.add("/photos/b", File())
    with pytest.raises(FileExistsError):
        disk.rename("/photos/a", "/photos/b", replace=False)
    with pytest.raises(OSError, match="not empty"):
        disk.remove("/photos")
    with pytest.raises(FileNotFoundError):
        disk.find("/photos/c")
    disk.rename("/photos/a", "/photos/b")
    assert left(disk, "kill").keys() == {"photos", "photos/b"}


@pytest.mark.skipif(why_not() is not None, reason=f"no FUSE here: {why_not()}")
@pytest.mark.parametrize(("writer", "loses"), [("careless", {"short", "zeros", "torn", "strict"}), ("careful", set())])
def test_who_loses_what_they_called_stored(scratch: Path, writer: str, loses: set[str]) -> None:
    with power_disk(scratch) as power:
        power.record()
        subprocess.run([sys.executable, "-c", WRITER, power.mount, writer], check=True, timeout=60)
        power.stop()
    taken, found = images(power.images)
    assert taken > 200
    assert any(len(image.stored) == 4 for image in found)
    lost = {i.model for i in found if set(i.stored.values()) - {digest for _, digest in paths(power.images, i.tree)}}
    assert lost == loses
