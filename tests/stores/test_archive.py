"""The folder of an archive: made only where nothing can be lost, recognised, locked, and missed when unmounted."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from fbbackup.errors import ArchiveUnusable
from fbbackup.stores.archive import Archive, create_or_open, open_existing
from fbbackup.stores.directory import DirectoryStore

PROJECT = Path(__file__).parents[2]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def make(root: Path, state: Path, keep_free_bytes: int = 0) -> Archive:
    return create_or_open(root, state_folder=state, keep_free_bytes=keep_free_bytes)


def everything(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def test_an_absent_folder_becomes_an_archive(tmp_path: Path, state: Path) -> None:
    archive = make(tmp_path / "archive", state)
    marker = json.loads((archive.root / ".fbbackup").read_bytes())
    assert marker == {"archive_id": archive.archive_id, "format": 1, "created_at": archive.created_at.isoformat()}
    assert re.fullmatch("[0-9a-f]{32}", archive.archive_id)
    assert archive.created_at.tzinfo
    assert os.listdir(archive.root) == [".fbbackup"]
    assert archive.root.stat().st_mode & 0o777 == 0o700
    assert archive.catalog_path == archive.root / "catalog.sqlite"


def test_an_archive_is_found_again(tmp_path: Path, state: Path) -> None:
    archive = make(tmp_path / "archive", state)
    before = everything(tmp_path)
    assert make(tmp_path / "archive", state) == archive
    assert open_existing(tmp_path / "archive") == archive
    assert everything(tmp_path) == before


def test_junk_of_operating_systems_and_of_a_crash_does_not_count(root: Path, state: Path) -> None:
    for name in ("lost+found", ".Trash-1000"):
        (root / name).mkdir()
    for name in (".DS_Store", "._x", ".fbbackup.0123.part"):
        (root / name).touch()
    assert make(root, state).archive_id


@needs_strace
def test_a_claim_that_a_crash_left_stops_nobody(root: Path, state: Path) -> None:
    make_it = "import sys; from pathlib import Path; from fbbackup.stores.archive import create_or_open; "
    make_it += "create_or_open(Path(sys.argv[1]), state_folder=Path(sys.argv[2]), keep_free_bytes=0)"
    faults = ["renameat2:error=EINVAL", "linkat:error=EPERM", "rename,renameat:signal=KILL"]
    injections = [option for fault in faults for option in ("-e", f"inject={fault}")]
    crashed = ["strace", "-f", "-qq", "-o", os.devnull, *injections, sys.executable, "-c", make_it, root, state]
    assert subprocess.run(crashed, cwd=PROJECT, timeout=60, check=False).returncode != 0
    assert sorted(path.suffix for path in root.iterdir()) == [".claim", ".part"]
    for moves in (faults[:2], []):
        again = [option for fault in moves for option in ("-e", f"inject={fault}")]
        command = ["strace", "-f", "-qq", "-o", os.devnull, *again, sys.executable, "-c", make_it, root, state]
        subprocess.run(command, cwd=PROJECT, timeout=60, check=True)
    store = DirectoryStore(root, threads=1)
    store.clean_staging()
    store.close()
    assert os.listdir(root) == [".fbbackup"]


@pytest.mark.parametrize("name", ["photo.jpg", ".hidden", "photos/"])
def test_a_folder_with_foreign_files_is_left_alone(root: Path, state: Path, name: str) -> None:
    (root / name).mkdir() if name.endswith("/") else (root / name).touch()
    before = everything(root.parent)
    with pytest.raises(ArchiveUnusable, match="not an fbbackup archive and not empty .*name an empty folder"):
        make(root, state)
    assert everything(root.parent) == before


def test_a_file_or_a_dangling_link_is_no_place(tmp_path: Path, state: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link"):
        with pytest.raises(ArchiveUnusable, match="is not a folder"):
            make(tmp_path / name, state)
    assert sorted(os.listdir(tmp_path)) == ["file", "link"]


def test_a_new_archive_may_lie_in_new_folders_but_a_known_one_is_not_made_anew(tmp_path: Path, state: Path) -> None:
    make(tmp_path / "disk/folder/archive", state)
    os.rename(tmp_path / "disk", tmp_path / "unplugged")
    with pytest.raises(ArchiveUnusable, match="is the disk mounted"):
        make(tmp_path / "disk/folder/archive", state)
    assert "disk" not in os.listdir(tmp_path)


def test_reading_commands_make_nothing(tmp_path: Path, root: Path) -> None:
    for place in (root, tmp_path / "absent"):
        with pytest.raises(ArchiveUnusable, match="no archive at .*; `fbbackup sync` makes one"):
            open_existing(place)
    assert everything(tmp_path) == {str(root): None}


@pytest.mark.parametrize(
    ("loss", "words"), [("absent", "is not there"), ("empty", "is empty"), ("no marker", "has no marker")]
)
def test_a_known_archive_that_is_gone_is_an_unmounted_disk(root: Path, state: Path, loss: str, words: str) -> None:
    archive = make(root, state)
    (root / ".fbbackup").unlink()
    if loss == "absent":
        root.rmdir()
    elif loss == "no marker":
        (root / "photos").mkdir()
    before = everything(root.parent)
    with pytest.raises(ArchiveUnusable) as caught:
        make(root, state)
    assert str(caught.value) == (
        f"{root} should hold archive {archive.archive_id[:8]} but {words}: is the disk mounted?"
    )
    assert caught.value.exit_code == 7
    assert everything(root.parent) == before


def test_a_known_place_with_another_archive_is_refused_until_it_is_forgotten(root: Path, state: Path) -> None:
    make(root, state)
    other = make(root.parent / "other", state)
    shutil.copy(other.root / ".fbbackup", root / ".fbbackup")
    with pytest.raises(ArchiveUnusable, match=r"mount the right disk, or remove the line of .* from .*archives\.json"):
        make(root, state)
    known = json.loads((state / "archives.json").read_bytes())
    del known[str(root)]
    (state / "archives.json").write_text(json.dumps(known))
    assert make(root, state).archive_id == other.archive_id


def test_a_moved_archive_is_remembered_at_both_places(root: Path, state: Path) -> None:
    archive = make(root, state)
    moved = root.rename(root.parent / "moved")
    assert make(moved, state).archive_id == archive.archive_id
    known = json.loads((state / "archives.json").read_bytes())
    assert known == {str(root): archive.archive_id, str(moved): archive.archive_id}
    assert (state / "archives.json").stat().st_mode & 0o777 == 0o600
    assert state.stat().st_mode & 0o777 == 0o700
    with pytest.raises(ArchiveUnusable, match="is the disk mounted"):
        make(root, state)


def test_a_place_is_known_by_every_path_that_leads_there(root: Path, state: Path) -> None:
    make(root, state)
    link = root.parent / "link"
    link.symlink_to(root)
    (root / ".fbbackup").unlink()
    with pytest.raises(ArchiveUnusable, match="is the disk mounted"):
        make(link, state)


MARKER = {"archive_id": "0" * 32, "format": 1, "created_at": "2026-01-01T00:00:00+00:00"}


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"\xff", b"[" * 60_000, b'{"format": 1}', json.dumps({**MARKER, "archive_id": "x"}).encode(),
     json.dumps({**MARKER, "created_at": "then"}).encode(), json.dumps({**MARKER, "format": None}).encode()],
    ids=range(9),
)  # fmt: skip
def test_a_garbled_marker_is_told_and_left(root: Path, state: Path, text: bytes) -> None:
    (root / ".fbbackup").write_bytes(text)
    before = everything(root.parent)
    with pytest.raises(ArchiveUnusable, match="marker .* can't be read .*restore it"):
        make(root, state)
    with pytest.raises(ArchiveUnusable, match="marker .* can't be read .*restore it"):
        open_existing(root)
    assert everything(root.parent) == before


def test_a_newer_format_is_told(root: Path, state: Path) -> None:
    (root / ".fbbackup").write_text(json.dumps({"format": 2}))
    with pytest.raises(ArchiveUnusable, match="newer fbbackup .*; update fbbackup"):
        make(root, state)


def test_a_linked_marker_is_no_marker(root: Path, state: Path) -> None:
    (root.parent / "elsewhere").write_text(json.dumps(MARKER))
    (root / ".fbbackup").symlink_to(root.parent / "elsewhere")
    with pytest.raises(ArchiveUnusable):
        make(root, state)


@pytest.mark.parametrize("text", ["", "[1]", "{", "null"])
def test_a_garbled_memory_is_never_taken_for_an_empty_one(root: Path, state: Path, text: str) -> None:
    state.mkdir()
    (state / "archives.json").write_text(text)
    with pytest.raises(ArchiveUnusable, match=r"archives\.json can't be read; remove it"):
        make(root, state)
    assert os.listdir(root) == []


def test_too_little_space_is_told_with_need_and_have(tmp_path: Path, state: Path) -> None:
    with pytest.raises(ArchiveUnusable, match=r"disk full: [\d,]+ MB free .*, 1,000,000,000,000 MB have to stay free"):
        make(tmp_path / "archive", state, 10**18)
    assert os.listdir(tmp_path) == []
    archive = make(tmp_path / "archive", state)
    archive.check_free()
    with pytest.raises(ArchiveUnusable, match="disk full"):
        Archive(archive.root, archive.archive_id, archive.created_at, 10**18).check_free()


def test_many_that_make_the_same_archive_at_once_agree(root: Path, state: Path) -> None:
    for _ in range(20):
        with ThreadPoolExecutor(8) as pool:
            ids = set(pool.map(lambda number: make(root, state / str(number)).archive_id, range(8)))
        assert len(ids) == 1
        assert os.listdir(root) == [".fbbackup"]
        shutil.rmtree(state)
        (root / ".fbbackup").unlink()


@needs_strace
def test_the_marker_is_durable_before_the_archive_is_remembered(tmp_path: Path, state: Path) -> None:
    root, log = tmp_path / "archive", tmp_path / "log"
    work = (
        "from pathlib import Path; from fbbackup.stores.archive import create_or_open; "
        f"create_or_open(Path({str(root)!r}), state_folder=Path({str(state)!r}), keep_free_bytes=0)"
    )
    calls = "trace=write,fsync,renameat2,rename,renameat"
    subprocess.run(["strace", "-y", "-o", log, "-e", calls, sys.executable, "-c", work], cwd=PROJECT, check=True)
    lines = [line.replace(str(tmp_path), "TMP") for line in log.read_text().splitlines() if str(tmp_path) in line]
    expected = [
        r"write\(\d+<TMP/archive/\.fbbackup\.\w+\.part>",
        r"fsync\(\d+<TMP/archive/\.fbbackup\.\w+\.part>\)",
        r"renameat2\(.*\"\.fbbackup\", RENAME_NOREPLACE",
        r"fsync\(\d+<TMP/archive>\)",
        r"fsync\(\d+<TMP>\)",
        r"write\(\d+<TMP/state/",
        r"fsync\(\d+<TMP/state/.*part>\)",
        r"rename(at)?\(.*archives\.json",
        r"fsync\(\d+<TMP/state>\)",
    ]
    assert len(lines) == len(expected)
    for line, pattern in zip(lines, expected, strict=True):
        assert re.match(pattern, line), line


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@needs_root
def test_an_archive_on_a_disk_that_is_not_mounted_stays_untouched(root: Path, state: Path) -> None:
    with mounted(root):
        make(root, state)
    with pytest.raises(ArchiveUnusable, match="is empty: is the disk mounted"):
        make(root, state)
    assert os.listdir(root) == []


@needs_root
def test_a_read_only_disk_is_told_before_anything_is_written(root: Path, state: Path) -> None:
    with mounted(root):
        subprocess.run(["mount", "-o", "remount,ro", root], check=True)
        with pytest.raises(ArchiveUnusable, match="read-only; mount it writable"):
            make(root, state)
        assert not state.exists()
        subprocess.run(["mount", "-o", "remount,rw", root], check=True)
        archive = make(root, state)
        subprocess.run(["mount", "-o", "remount,ro", root], check=True)
        assert open_existing(root) == archive
        with pytest.raises(ArchiveUnusable, match="read-only"):
            make(root, state)
