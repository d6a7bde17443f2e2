"""What every store promises, whatever it is made of; the directory store goes through it once for each way to move."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import string
import tracemalloc
import unicodedata
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fbbackup.errors import ArchiveUnusable, DownloadError, KeyTaken
from fbbackup.models import Reading, StoredFile
from fbbackup.protocols import Store
from fbbackup.stores import disk
from fbbackup.stores.directory import DirectoryStore
from fbbackup.stores.memory import MemoryStore

KEY = "photos/2014/07/2014-07-05_10152345678901234.jpg"
MIB = 1 << 20
AnyStore = MemoryStore | DirectoryStore
fresh = itertools.count()
anew = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def without_rename(part: str, staging: int, name: str, folder: int) -> bool:
    return False


def refusing_link(*arguments: object, **options: object) -> None:
    raise PermissionError(1, "Operation not permitted")


@pytest.fixture(params=["memory", "rename", "link", "claim"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AnyStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    if request.param in {"link", "claim"}:
        monkeypatch.setattr(disk, "_move_by_rename", without_rename)
    if request.param == "claim":
        monkeypatch.setattr(os, "link", refusing_link)
    directory = DirectoryStore(tmp_path)
    yield directory
    directory.close()
    assert not [path for path in tmp_path.rglob("*.claim")]


def staged_count(store: AnyStore) -> int:
    return len(list(store.keys("staging/")))


async def whole(store: Store, key: str) -> bytes:
    return b"".join([piece async for piece in store.read(key)])


async def stream(*chunks: bytes, fault: BaseException | None = None) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    if fault:
        raise fault


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


async def test_keys_are_sorted_as_strings_with_their_sizes(store: AnyStore) -> None:
    keys = ["a/b", "a-b", "a.b", "a0", "a/c/d", "a/c-d", "é/x", "z", "A"]
    for size, key in enumerate(keys):
        await store.put(key, b"x" * size)
    assert list(store.keys("")) == sorted((key, size) for size, key in enumerate(keys))


@anew
@given(st.sets(st.lists(st.sampled_from(["a", "b-", "b", "b+c", "é", "Z"]), min_size=1, max_size=3).map("/".join)))
async def test_keys_are_sorted_whatever_they_are(store: AnyStore, keys: set[str]) -> None:
    top = f"top{next(fresh)}"
    kept = []
    for key in sorted(keys):
        with suppress(KeyTaken, ArchiveUnusable):
            await store.put(f"{top}/{key}", b"")
            kept.append(f"{top}/{key}")
    assert [key for key, _ in store.keys(top)] == sorted(kept)


async def test_a_prefix_is_a_folder(store: AnyStore) -> None:
    for key in ("photos/2014/a", "photos/2014-x/a", "photos/2014/07/b", "videos/a"):
        await store.put(key, b"")
    assert [key for key, _ in store.keys("photos/2014")] == ["photos/2014/07/b", "photos/2014/a"]
    assert list(store.keys("photos/2014/")) == list(store.keys("photos/2014"))
    assert list(store.keys("nothing/here")) == list(store.keys("videos/a")) == []


async def test_sizes_come_in_the_order_of_the_question(store: AnyStore) -> None:
    for size, key in enumerate(("b/1", "a/2", "b/3", "top")):
        await store.put(key, b"x" * size)
    asked = ["b/3", "a/none", "b/1", "none/at/all", "top", "a", "a/2", "a/2/below", "b/3"]
    assert store.sizes(asked) == [2, None, 0, None, 3, None, 1, None, 2]
    assert store.sizes([]) == []
    with pytest.raises(ValueError, match="the key"):
        store.sizes(["a/2", "../a"])


async def test_folders_right_below_the_prefix_may_be_left_out(store: AnyStore) -> None:
    for key in ("a/x", "b", "b2/x", "c/b/x", "d"):
        await store.put(key, b"")
    assert [key for key, _ in store.keys("", {"a", "b2", "b"})] == ["c/b/x", "d"]
    assert [key for key, _ in store.keys("c", {"b"})] == []


@pytest.mark.parametrize("size", [0, 1, 4096, MIB - 1, MIB, MIB + 1, 3 * MIB + 7])
async def test_digests_are_of_the_whole_file(store: AnyStore, size: int) -> None:
    body = os.urandom(size)
    await store.put(KEY, body)
    assert store.digests([KEY]) == [Reading(hashlib.sha256(body).hexdigest(), size)]


async def test_digests_come_in_the_order_of_the_question(store: AnyStore) -> None:
    for key in ("b/1", "a/2", "b/3"):
        await store.put(key, key.encode())
    asked = ["b/3", "a/none", "b/1", "none/at/all", "a", "a/2", "a/2/below", "b/3"]
    found = [Reading(hashlib.sha256(key.encode()).hexdigest(), 3) if key in ("b/1", "a/2", "b/3") else None
             for key in asked]  # fmt: skip
    assert store.digests(asked) == found
    assert store.digests([]) == []
    with pytest.raises(ValueError, match="the key"):
        store.digests(["a/2", "../a"])


async def test_move_gives_a_file_another_key(store: AnyStore) -> None:
    await store.put(KEY, b"x")
    await store.move(KEY, "quarantine/a.jpg")
    await store.settle([KEY, "quarantine/a.jpg"])
    assert list(store.keys("")) == [("quarantine/a.jpg", 1)]
    await store.put(KEY, b"other")
    assert [await whole(store, key) for key in (KEY, "quarantine/a.jpg")] == [b"other", b"x"]
    await store.move("quarantine/a.jpg", "photos/back.jpg")
    assert [key for key, _ in store.keys("")] == [KEY, "photos/back.jpg"]


async def test_move_replaces_nothing(store: AnyStore) -> None:
    await store.put(KEY, b"x")
    await store.put("quarantine/taken", b"y")
    with pytest.raises(KeyTaken):
        await store.move(KEY, "quarantine/taken")
    for nothing in ("nothing/here", "nothing"):
        with pytest.raises(KeyError):
            await store.move(nothing, "quarantine/free")
    assert list(store.keys("")) == [(KEY, 1), ("quarantine/taken", 1)]
    assert staged_count(store) == 0


async def test_move_goes_only_into_quarantine_or_out_of_it(store: AnyStore) -> None:
    await store.put(KEY, b"x")
    for key, to in ((KEY, "photos/other.jpg"), (KEY, "albums/a.jpg"), ("quarantine/a", "quarantine/b")):
        with pytest.raises(ValueError, match="quarantine"):
            await store.move(key, to)
    assert list(store.keys("")) == [(KEY, 1)]


async def test_delete_removes_one_file_and_may_come_twice(store: AnyStore) -> None:
    await store.put(KEY, b"x")
    await store.put("photos/b", b"y")
    await store.delete(KEY)
    await store.delete(KEY)
    await store.delete("never/there")
    assert [key for key, _ in store.keys("")] == ["photos/b"]
    await store.put(KEY, b"now free for others")


async def test_derived_files_are_replaced(store: AnyStore) -> None:
    await store.put_derived("thumbnails/320/ab/x.webp", b"old and longer")
    await store.put_derived("thumbnails/320/ab/x.webp", b"new")
    await store.sync_derived()
    assert await whole(store, "thumbnails/320/ab/x.webp") == b"new"
    assert list(store.keys("thumbnails")) == [("thumbnails/320/ab/x.webp", 3)]
    assert staged_count(store) == 0


async def test_derived_files_are_whole_at_every_moment(store: AnyStore) -> None:
    bodies = {bytes([number]) * 100_000 for number in range(20)}
    await store.put_derived("thumbnails/x", b"\0" * 100_000)

    async def look() -> None:
        for _ in range(40):
            assert await whole(store, "thumbnails/x") in bodies

    await asyncio.gather(look(), *(store.put_derived("thumbnails/x", body) for body in bodies))


BAD = [
    "", "/", "/etc/passwd", "a//b", "a/", "./a", "a/./b", "..", "../a", "a/../../b", ".fbbackup", "photos/.hidden",
    "staging/x.part", "STAGING/x", "staging", "a\\b", "a\0b", "a\nb", "a\x7fb", "c:x", "a?", "a*", "<a>", 'a"b', "a|b",
    "a.", "a ", "a./b", "CON", "con.jpg", "photos/aux.tar.gz", "NUL ", "nul .txt", "com1", "LPT9.jpg", "conin$", "com¹",
    "x" * 256, "é" * 128, "a/" * 600 + "a", "\ud800", unicodedata.normalize("NFD", "é"),
]  # fmt: skip


@pytest.mark.parametrize("key", BAD, ids=ascii)
async def test_a_bad_key_is_refused_everywhere(store: AnyStore, key: str) -> None:
    staged = await store.stage(stream(b"x"))
    for attempt in (
        store.put(key, b"x"), store.keep(staged, key), store.settle([key]), store.put_derived(key, b"x"),
        store.delete(key), whole(store, key), store.move(key, "quarantine/free"), store.move("quarantine/free", key),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="the key"):
            await attempt
    assert list(store.keys("")) == []


@pytest.mark.parametrize(
    "key",
    ["-rf", "x" * 255, "é" * 127, "a..b", "console.jpg", "com10", "😀/👨\u200d👩\u200d👧.jpg", "\u202ea", "staging2/a"],
)
async def test_an_unusual_key_round_trips(store: AnyStore, key: str) -> None:
    await store.put(key, b"x")
    await store.settle([key])
    assert list(store.keys("")) == [(key, 1)]
    assert await whole(store, key) == b"x"


hostile = st.text(st.sampled_from("./\\~\0\n:éE\u0301 -%*" + string.ascii_letters[:4]), max_size=12) | st.text(
    max_size=80
)


@anew
@given(hostile, st.binary(max_size=10))
@example("a/../../../x", b"")
async def test_any_string_is_a_key_or_a_value_error(store: AnyStore, key: str, body: bytes) -> None:
    key = f"top{next(fresh)}/{key}"
    try:
        await store.put(key, body)
    except ValueError:
        assert not list(store.keys(key.split("/")[0]))
    else:
        assert list(store.keys(key.split("/")[0])) == [(key, len(body))]
        assert await whole(store, key) == body


async def test_what_survives_a_power_cut_is_what_was_settled() -> None:
    store = MemoryStore()
    await store.put("photos/a", b"a")
    await store.keep(await store.stage(stream(b"b")), "photos/b")
    await store.put_derived("thumbnails/c", b"c")
    assert store.survivors() == {}
    await store.settle(["photos/b", "photos/never"])
    assert store.survivors() == {"photos/b": b"b"}
    await store.sync_derived()
    assert store.survivors() == {"photos/b": b"b", "thumbnails/c": b"c"}
    await store.put_derived("thumbnails/c", b"newer")
    await store.delete("photos/b")
    assert store.survivors() == {}
