"""What only a real disk can show: full and unmounted disks, planted links, shared settling."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from fbbackup.errors import ArchiveBusy, ArchiveUnusable, KeyTaken
from fbbackup.stores import disk
from fbbackup.stores.directory import DirectoryStore
from tests import canary

KEY = "photos/2014/07/a.jpg"
MIB = 1 << 20
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")


async def chunks(chunk: bytes, count: int = 1) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield chunk


async def test_short_writes_go_on(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, body: write(descriptor, body[:777]))
    await store.put(KEY, bytes(range(256)) * 40)
    assert store.path(KEY).read_bytes() == bytes(range(256)) * 40


class Rounds:
    """Stands in for the tree's `settle`: notes every round and lets none end before the gate opens."""

    def __init__(self) -> None:
        self.folders: list[set[tuple[str, ...]]] = []
        self.started = threading.Event()
        self.gate = threading.Event()

    def settle(self, folders: set[tuple[str, ...]]) -> None:
        self.folders.append(set(folders))
        self.started.set()
        self.gate.wait()


async def test_callers_of_settle_share_rounds(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = Rounds()
    monkeypatch.setattr(store._tree, "settle", rounds.settle)
    leader = asyncio.create_task(store.settle(["a/1"]))
    await asyncio.to_thread(rounds.started.wait)
    later = [asyncio.create_task(store.settle([f"{letter}/1"])) for letter in "abcabc"]
    await asyncio.sleep(0)
    rounds.gate.set()
    await asyncio.gather(leader, *later)
    assert rounds.folders == [{("a",)}, {("a",), ("b",), ("c",)}]


async def test_a_cancelled_settle_leaves_the_others_settled(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = Rounds()
    monkeypatch.setattr(store._tree, "settle", rounds.settle)
    async with store._settling:
        leader, follower = (asyncio.create_task(store.settle([f"{letter}/1"])) for letter in "ab")
        await asyncio.sleep(0)
    await asyncio.to_thread(rounds.started.wait)
    leader.cancel()
    await asyncio.wait([leader])
    rounds.gate.set()
    await follower
    assert rounds.folders == [{("a",), ("b",)}] * 2


async def test_a_failed_settle_fails_for_its_whole_group(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = [ArchiveUnusable("the disk fails")]

    def fail_once(folders: object) -> None:
        if faults:
            raise faults.pop()

    monkeypatch.setattr(store._tree, "settle", fail_once)
    async with store._settling:
        tasks = [asyncio.create_task(store.settle(["photos/a"])) for _ in range(4)]
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ArchiveUnusable] * 4
    await store.settle(["photos/a"])


async def test_a_claim_of_another_process_is_respected(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "_move_by_rename", lambda *_: False)
    monkeypatch.setattr(disk, "_move_by_link", lambda *_: False)
    claims: list[str] = []

    def look(name: str, folder: int) -> bool:
        claims.extend(os.listdir(store.root / "staging"))
        return False

    monkeypatch.setattr(disk, "exists", look)
    await store.put(KEY, b"x")
    (claim,) = [name for name in claims if name.endswith(".claim")]
    store.path(KEY).unlink()
    with (store.root / "staging" / claim).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ArchiveBusy, match=r"a\.jpg"):
            await store.put(KEY, b"x")
        assert not store.path(KEY).exists()
    assert (store.root / "staging" / claim).exists()
    await store.put(KEY, b"x")
    assert os.listdir(store.root / "staging") == []


def test_staging_is_cleaned_of_what_interrupted_runs_left(store: DirectoryStore) -> None:
    assert store.clean_staging() == 0
    staging = store.root / "staging"
    staging.mkdir()
    for name in ("a.part", "b.claim", "notes.txt"):
        (staging / name).touch()
    assert store.clean_staging() == 2
    assert os.listdir(staging) == ["notes.txt"]


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def make_read_only(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)


@needs_root
async def test_a_disk_with_no_room_for_further_files_is_not_said_to_have_room(root: Path) -> None:
    with small_disk(root, "1m,nr_inodes=6"):
        store = DirectoryStore(root)
        for number in range(2):
            await store.put(f"photos/{number}", b"x")
        with pytest.raises(ArchiveUnusable, match="disk full: no further file can be made at"):
            await store.put("photos/2014/07/3", b"x")
        store.close()


@needs_root
async def test_a_full_disk_keeps_what_is_whole_and_goes_on_when_there_is_room(root: Path) -> None:
    with small_disk(root, "1m"):
        store = DirectoryStore(root)
        kept: list[str] = []

        async def fill() -> None:
            for number in range(20):
                await store.put(f"photos/{number}", os.urandom(100_000))
                kept.append(f"photos/{number}")

        with pytest.raises(ArchiveUnusable, match=r"disk full: 0 MB free at .*archive; free some space"):
            await fill()
        with pytest.raises(ArchiveUnusable, match="disk full"):
            await store.stage(chunks(os.urandom(100_000), 20))
        with pytest.raises(ArchiveUnusable, match="disk full"):
            await store.put_derived("thumbnails/a", os.urandom(200_000))
        assert kept
        assert list(store.keys("")) == sorted((key, 100_000) for key in kept)
        assert list(store.keys("staging")) == []
        assert store.free_bytes() < 200_000
        await store.delete(kept.pop())
        await store.put("photos/again", os.urandom(100_000))
        store.close()


@needs_root
async def test_an_unmounted_disk_gets_nothing_written_under_its_mount_point(root: Path) -> None:
    with small_disk(root, "1m"):
        store = DirectoryStore(root)
        await store.put("photos/a", b"x")
    await store.put("photos/b", b"x")
    await store.settle(["photos/b"])
    assert os.listdir(root) == []
    assert [key for key, _ in store.keys("photos")] == ["photos/a", "photos/b"]
    store.close()


@needs_root
async def test_a_disk_that_turned_read_only_is_told(root: Path) -> None:
    with small_disk(root, "1m"):
        store = DirectoryStore(root)
        await store.put(KEY, b"x")
        make_read_only(root)
        with pytest.raises(ArchiveUnusable, match="read-only; mount it writable"):
            await store.put("photos/b", b"x")
        assert [piece async for piece in store.read(KEY)] == [b"x"]
        store.close()


def test_an_absent_root_is_told_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnusable, match="is the disk mounted"):
        DirectoryStore(tmp_path / "absent")
    assert os.listdir(tmp_path) == []


async def test_foreign_names_are_not_listed_as_keys(store: DirectoryStore) -> None:
    await store.put(KEY, b"x")
    (store.root / ".fbbackup").touch()
    (store.root / "photos/.DS_Store").touch()
    (store.root / "photos/a:b").touch()
    (store.root / os.fsdecode(b"photos/\xff.jpg")).touch()
    assert list(store.keys("")) == [(KEY, 1)]


async def test_a_folder_removed_by_hand_is_made_and_settled_again(store: DirectoryStore) -> None:
    await store.put(KEY, b"x")
    await store.settle([KEY])
    shutil.rmtree(store.root / "photos")
    shutil.rmtree(store.root / "staging")
    with pytest.raises(ArchiveUnusable, match="is gone"):
        await store.settle([KEY])
    await store.put(KEY, b"x")
    assert not {("photos",), ("photos", "2014"), ("photos", "2014", "07")} & store._tree._anchored
    await store.settle([KEY])


async def test_files_are_private_to_their_owner(store: DirectoryStore) -> None:
    before = os.umask(0)
    try:
        await store.put(KEY, b"x")
        await store.keep(await store.stage(chunks(b"video")), "videos/a.mp4")
        await store.put_derived("thumbnails/a", b"x")
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in store.root.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert {path.stat().st_mode & 0o777 for path in store.root.rglob("*") if path.is_dir()} == {0o700}


@pytest.mark.skipif(canary.is_wanted(), reason="the search at work opens files in this process")
async def test_nothing_stays_open(store: DirectoryStore) -> None:
    open_before = sorted(os.listdir("/proc/self/fd"))
    await store.put(KEY, b"x")
    for attempt in (store.put(KEY, b"y"), store.put("staging/a", b""), store.put(f"{KEY}/a", b"")):
        with pytest.raises((KeyTaken, ValueError, ArchiveUnusable)):
            await attempt
    async for _ in store.read(KEY):
        break
    next(iter(store.keys("")))
    assert sorted(os.listdir("/proc/self/fd")) == open_before


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk full: .* MB free at .*; free some space, the next run goes on"),
        (errno.EDQUOT, "disk full"),
        (errno.EROFS, "read-only; mount it writable"),
        (errno.EIO, "check the disk and its cable"),
        (errno.ESTALE, "check the disk and its cable"),
        (errno.ENOENT, "is the disk mounted"),
        (errno.EACCES, "change its owner or permissions"),
        (errno.EFBIG, "raise the limit"),
        (errno.EXDEV, "can't be used: Invalid cross-device link; check the disk"),
    ],
)
def test_every_fault_names_its_remedy_in_one_line(tmp_path: Path, number: int, words: str) -> None:
    blamed: AbstractContextManager[None] = disk.blaming(tmp_path)
    with pytest.raises(ArchiveUnusable, match=words) as caught, blamed:
        raise OSError(number, os.strerror(number))
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 7


def test_without_syncfs_everything_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(disk, "_syncfs", None)
    monkeypatch.setattr(os, "sync", lambda: synced.append(True))
    disk.sync_everything(0)
    assert synced == [True]
