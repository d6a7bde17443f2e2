"""Links and other things that someone planted in the archive: nothing outside is written or served."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from fbbackup.errors import ArchiveUnusable, KeyTaken
from fbbackup.stores.directory import DirectoryStore

KEY = "photos/2014/07/a.jpg"


async def chunks(chunk: bytes, count: int = 1) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield chunk


@pytest.mark.parametrize("where", ["photos", "photos/2014", "photos/2014/07"])
async def test_a_link_in_place_of_a_folder_is_not_followed(
    store: DirectoryStore, tmp_path_factory: pytest.TempPathFactory, where: str
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    for folder in ("2014/07", "07"):
        (outside / folder).mkdir(parents=True)
    (outside / "a.jpg").write_bytes(b"secret")
    (outside / "07/a.jpg").write_bytes(b"secret")
    (outside / "2014/07/a.jpg").write_bytes(b"secret")
    before = sorted(outside.rglob("*"))
    link = store.root / where
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside)
    for attempt in (store.put(KEY, b"x"), store.put_derived(KEY, b"x"), store.settle([KEY]), store.delete(KEY)):
        with pytest.raises(ArchiveUnusable, match="no plain folder"):
            await attempt
    with pytest.raises(KeyError):
        await anext(aiter(store.read(KEY)))
    assert store.sizes([KEY]) == [None]
    assert list(store.keys("")) == []
    assert sorted(outside.rglob("*")) == before
    assert (outside / "07/a.jpg").read_bytes() == b"secret"


async def test_a_link_in_place_of_staging_is_not_followed(
    store: DirectoryStore, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "precious.part").touch()
    (store.root / "staging").symlink_to(outside)
    for attempt in (store.put(KEY, b"x"), store.put_derived(KEY, b"x"), store.stage(chunks(b"video"))):
        with pytest.raises(ArchiveUnusable, match="no plain folder"):
            await attempt
    with pytest.raises(ArchiveUnusable, match="no plain folder"):
        store.clean_staging()
    assert os.listdir(outside) == ["precious.part"]


@pytest.mark.parametrize("target", ["file", "nothing"])
async def test_a_link_in_place_of_a_file_is_neither_read_nor_written_through(
    store: DirectoryStore, tmp_path_factory: pytest.TempPathFactory, target: str
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "file"
    if target == "file":
        outside.write_bytes(b"outside")
    link = store.path(KEY)
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    with pytest.raises(KeyTaken):
        await store.put(KEY, b"outside")
    with pytest.raises(KeyError):
        await anext(aiter(store.read(KEY)))
    assert list(store.keys("")) == []
    await store.put_derived(KEY, b"instead of the link")
    assert not link.is_symlink()
    assert not outside.exists() or outside.read_bytes() == b"outside"
    await store.delete(KEY)
    assert list(store.keys("")) == []


async def test_a_hard_link_to_the_outside_is_not_written_through(
    store: DirectoryStore, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "file"
    outside.write_bytes(b"outside")
    store.path(KEY).parent.mkdir(parents=True)
    os.link(outside, store.path(KEY))
    with pytest.raises(KeyTaken):
        await store.put(KEY, b"x")
    await store.put_derived(KEY, b"x")
    assert outside.read_bytes() == b"outside"


@pytest.mark.parametrize("plant", [os.mkfifo, os.mkdir])
async def test_what_is_no_file_takes_its_key_and_blocks_nobody(
    store: DirectoryStore, plant: Callable[[Path], None]
) -> None:
    store.path(KEY).parent.mkdir(parents=True)
    plant(store.path(KEY))
    with pytest.raises(KeyTaken):
        await store.put(KEY, b"x")
    with pytest.raises(KeyError):
        await anext(aiter(store.read(KEY)))
    assert store.sizes([KEY]) == [None]
    assert list(store.keys("")) == []
