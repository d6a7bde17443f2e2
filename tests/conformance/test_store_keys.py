"""What every store promises of its keys: listed, moved, removed, refused."""

from __future__ import annotations

import asyncio
import hashlib
import os
import string
import unicodedata
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fbbackup.errors import ArchiveUnusable, KeyTaken
from fbbackup.models import Reading
from fbbackup.stores.memory import MemoryStore
from tests.conformance.stores import KEY, MIB, AnyStore, anew, fresh, staged_count, stream, whole


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
