"""What every store promises of the bytes that it is given, whatever it is made of."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from fbbackup.errors import ArchiveUnusable, DownloadError, KeyTaken
from fbbackup.models import StoredFile
from fbbackup.stores.memory import MemoryStore
from tests.conformance.stores import KEY, MIB, AnyStore, staged_count, stream, whole


async def test_put_tells_digest_and_size(store: AnyStore) -> None:
    body = os.urandom(300_000)
    assert await store.put(KEY, body) == StoredFile(KEY, hashlib.sha256(body).hexdigest(), 300_000)


@pytest.mark.parametrize("size", [0, 1, 4096, MIB - 1, MIB, MIB + 1, 3 * MIB + 7])
async def test_read_gives_what_was_put(store: AnyStore, size: int) -> None:
    body = os.urandom(size)
    await store.put(KEY, body)
    assert await whole(store, KEY) == body
    assert b"".join(store.chunks(KEY)) == body


async def test_reading_an_absent_key_is_a_key_error(store: AnyStore) -> None:
    with pytest.raises(KeyError):
        await whole(store, KEY)
    with pytest.raises(KeyError):
        list(store.chunks(KEY))


async def test_reading_a_folder_or_below_a_file_is_a_key_error(store: AnyStore) -> None:
    await store.put(KEY, b"x")
    with pytest.raises(KeyError):
        await whole(store, "photos/2014/07")
    with pytest.raises(KeyError):
        await whole(store, f"{KEY}/below")


async def test_the_same_bytes_are_accepted_again(store: AnyStore) -> None:
    assert await store.put(KEY, b"same") == await store.put(KEY, b"same")
    assert list(store.keys("")) == [(KEY, 4)]


@pytest.mark.parametrize("other", [b"four", b"longer than before", b""])
async def test_other_bytes_are_refused_and_change_nothing(store: AnyStore, other: bytes) -> None:
    await store.put(KEY, b"kept")
    with pytest.raises(KeyTaken):
        await store.put(KEY, other)
    assert await whole(store, KEY) == b"kept"
    assert staged_count(store) == 0


async def test_an_empty_file_is_a_kept_file_too(store: AnyStore) -> None:
    await store.put(KEY, b"")
    with pytest.raises(KeyTaken):
        await store.put(KEY, b"x")


async def test_one_of_many_wins_a_key(store: AnyStore) -> None:
    bodies = [bytes([number]) * 50_000 for number in range(12)]
    outcomes = await asyncio.gather(*(store.put(KEY, body) for body in bodies), return_exceptions=True)
    won = [outcome for outcome in outcomes if isinstance(outcome, StoredFile)]
    assert len(won) == 1
    assert sum(isinstance(outcome, KeyTaken) for outcome in outcomes) == 11
    assert hashlib.sha256(await whole(store, KEY)).hexdigest() == won[0].sha256
    assert staged_count(store) == 0


async def test_all_win_a_key_with_the_same_bytes(store: AnyStore) -> None:
    files = await asyncio.gather(*(store.put(KEY, b"same" * 20_000) for _ in range(12)))
    assert set(files) == {StoredFile(KEY, hashlib.sha256(b"same" * 20_000).hexdigest(), 80_000)}
    assert staged_count(store) == 0


async def test_a_put_and_a_keep_may_race_for_a_key(store: AnyStore) -> None:
    staged = await store.stage(stream(b"video" * 1000))
    outcomes = await asyncio.gather(store.keep(staged, KEY), store.put(KEY, b"photo"), return_exceptions=True)
    won = [outcome for outcome in outcomes if isinstance(outcome, StoredFile)]
    assert sum(isinstance(outcome, KeyTaken) for outcome in outcomes) == len(won) == 1
    assert hashlib.sha256(await whole(store, KEY)).hexdigest() == won[0].sha256


async def test_a_file_and_a_folder_never_share_a_name(store: AnyStore) -> None:
    await store.put("photos/2014", b"file")
    with pytest.raises(ArchiveUnusable):
        await store.put("photos/2014/07.jpg", b"below it")
    await store.put("videos/2014/a.mp4", b"below it")
    with pytest.raises(KeyTaken):
        await store.put("videos/2014", b"file")


async def test_staged_bytes_are_told_and_not_listed(store: AnyStore) -> None:
    body = os.urandom(2 * MIB + 5)
    staged = await store.stage(stream(body[:5], body[5:MIB], body[MIB:]))
    assert (staged.sha256, staged.size) == (hashlib.sha256(body).hexdigest(), len(body))
    assert staged.head == body[:4096]
    assert list(store.keys("")) == []
    assert list(store.keys("staging/")) == [(f"staging/{staged.name}", len(body))]


async def test_the_head_of_a_short_stream_is_all_of_it(store: AnyStore) -> None:
    assert (await store.stage(stream(b"ab", b"", b"c"))).head == b"abc"
    assert (await store.stage(stream())).head == b""


async def test_keep_gives_staged_bytes_their_key(store: AnyStore) -> None:
    staged = await store.stage(stream(b"vid", b"eo"))
    assert await store.keep(staged, KEY) == StoredFile(KEY, hashlib.sha256(b"video").hexdigest(), 5)
    assert await whole(store, KEY) == b"video"
    assert staged_count(store) == 0


async def test_keep_accepts_the_same_bytes_again(store: AnyStore) -> None:
    await store.put(KEY, b"video")
    await store.keep(await store.stage(stream(b"video")), KEY)
    assert staged_count(store) == 0


async def test_keep_refuses_a_taken_key_and_leaves_the_bytes_staged(store: AnyStore) -> None:
    await store.put(KEY, b"other")
    staged = await store.stage(stream(b"video"))
    with pytest.raises(KeyTaken):
        await store.keep(staged, KEY)
    assert await whole(store, KEY) == b"other"
    await store.keep(staged, "videos/b.mp4")
    assert await whole(store, "videos/b.mp4") == b"video"


async def test_keeping_what_is_no_longer_staged_fails(store: AnyStore) -> None:
    staged = await store.stage(stream(b"video"))
    await store.discard(staged)
    with pytest.raises(ArchiveUnusable):
        await store.keep(staged, KEY)
    assert list(store.keys("")) == []


MANIFESTS = ["photos/2014/07/manifest.jsonl", "manifest-sha256.txt"]


@pytest.mark.parametrize("key", MANIFESTS)
async def test_replace_takes_the_place_of_what_was_there(store: AnyStore, key: str) -> None:
    for body in (b"old", b"newer"):
        staged = await store.stage(stream(body))
        assert await store.replace(staged, key) == StoredFile(key, hashlib.sha256(body).hexdigest(), len(body))
        assert await whole(store, key) == body
    assert list(store.keys("")) == [(key, 5)]
    assert staged_count(store) == 0


async def test_a_replaced_file_is_durable_once_settled(store: AnyStore) -> None:
    await store.replace(await store.stage(stream(b"body")), MANIFESTS[0])
    await store.settle(MANIFESTS[:1])
    if isinstance(store, MemoryStore):
        assert store.survivors() == {MANIFESTS[0]: b"body"}


@pytest.mark.parametrize("key", [KEY, "videos/undated/undated_1.mp4", "photos/a.jpg", "Photos/b.jpg"])
async def test_a_picture_is_never_replaced(store: AnyStore, key: str) -> None:
    await store.put(KEY, b"picture")
    staged = await store.stage(stream(b"other"))
    with pytest.raises(ValueError, match="never replaced"):
        await store.replace(staged, key)
    assert await whole(store, KEY) == b"picture"
    await store.discard(staged)


async def test_replacing_by_what_is_no_longer_staged_fails(store: AnyStore) -> None:
    staged = await store.stage(stream(b"body"))
    await store.discard(staged)
    with pytest.raises(ArchiveUnusable):
        await store.replace(staged, MANIFESTS[1])


async def test_discard_forgets_and_may_come_twice(store: AnyStore) -> None:
    staged = await store.stage(stream(b"video"))
    assert staged_count(store) == 1
    await store.discard(staged)
    await store.discard(staged)
    assert staged_count(store) == 0


@pytest.mark.parametrize("fault", [DownloadError("cut"), ConnectionResetError("reset"), asyncio.CancelledError()])
@pytest.mark.parametrize("before", [b"", b"x" * 10, b"x" * (3 * MIB)])
async def test_an_error_of_the_stream_leaves_nothing_and_keeps_its_kind(
    store: AnyStore, fault: BaseException, before: bytes
) -> None:
    with pytest.raises(type(fault)):
        await store.stage(stream(before, fault=fault))
    assert staged_count(store) == 0


async def test_a_cancelled_stream_leaves_nothing(store: AnyStore) -> None:
    started = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"x" * MIB
        yield b"x"
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(store.stage(endless()))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert staged_count(store) == 0


async def test_many_streams_at_once_do_not_mix(store: AnyStore) -> None:
    bodies = [os.urandom(200_000 + number) for number in range(20)]
    staged = await asyncio.gather(*(store.stage(stream(body[:99], body[99:])) for body in bodies))
    await asyncio.gather(*(store.keep(part, f"videos/{part.sha256}") for part in staged))
    for body in bodies:
        assert await whole(store, f"videos/{hashlib.sha256(body).hexdigest()}") == body


async def test_a_long_stream_takes_little_memory(store: AnyStore) -> None:
    if isinstance(store, MemoryStore):
        pytest.skip("a dict holds what it is given")
    chunk = os.urandom(64 * 1024)

    async def long() -> AsyncIterator[bytes]:
        for _ in range(64 * 16):
            yield chunk

    tracemalloc.start()
    staged = await store.stage(long())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert staged.size == 64 * MIB
    assert peak < 6 * MIB


async def test_a_long_file_is_read_in_pieces(store: AnyStore) -> None:
    if isinstance(store, MemoryStore):
        pytest.skip("a dict holds what it is given")
    await store.put(KEY, os.urandom(5 * MIB))
    assert max([len(piece) async for piece in store.read(KEY)]) <= MIB


async def test_a_reader_may_stop_early(store: AnyStore) -> None:
    await store.put(KEY, os.urandom(3 * MIB))
    async for _ in store.read(KEY):
        break
    await store.delete(KEY)
    assert list(store.keys("")) == []


async def test_settle_takes_any_keys_at_once(store: AnyStore) -> None:
    keys = [f"photos/2014/{month:02}/{number}.jpg" for month in range(1, 13) for number in range(3)]
    await asyncio.gather(*(store.put(key, key.encode()) for key in keys))
    await store.settle([])
    await asyncio.gather(*(store.settle(keys[start::4]) for start in range(4)))
    assert [key for key, _ in store.keys("photos")] == sorted(keys)


async def test_secure_takes_keys_that_are_there_and_keys_that_are_not(store: AnyStore) -> None:
    await store.put(KEY, b"x")
    await store.secure([KEY, "photos/2014/07/never.jpg", "videos/1999/01/neither.mp4"])
    await store.secure([])
    assert list(store.keys("")) == [(KEY, 1)]
